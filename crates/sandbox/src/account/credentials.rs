//! Credentials that are made at each start and are worthless anywhere else.

use serde::{Deserialize, Serialize};

use crate::Error;

/// What a client logs in with. It holds secrets, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    pub api_key: String,
    pub client_id: String,
    /// The PIN: four digits.
    pub password: String,
    /// Base32.
    pub totp_secret: String,
}

/// Digits and capitals that cannot be mistaken for each other.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

impl Credentials {
    /// Random ones from the operating system.
    ///
    /// Errors: [`Error::Random`] if it gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        let [key, client, pin] = [random_bytes::<8>()?, random_bytes()?, random_bytes()?];
        let secret = totp_rs::Secret::from(random_bytes::<20>()?);
        Ok(Self {
            api_key: text(key, LETTERS),
            client_id: format!("S{}", text(client, b"0123456789").split_at(6).0),
            password: text(pin, b"0123456789").split_at(4).0.to_owned(),
            totp_secret: secret.to_base32(),
        })
    }
}

/// One letter of `alphabet` for each byte.
fn text(bytes: [u8; 8], alphabet: &[u8]) -> String {
    let letters = bytes.iter().filter_map(|&byte| alphabet.get(byte as usize % alphabet.len()));
    letters.map(|&letter| char::from(letter)).collect()
}

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}
