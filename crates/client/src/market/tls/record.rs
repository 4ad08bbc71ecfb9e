//! One TLS record at a time: cut out of the read buffer, opened in place, and sealed.

use std::io;
use std::ops::Range;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    OutboundChunks, OutboundPlainMessage,
};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, SupportedCipherSuite};

use super::hung_up;

/// Type, version and length.
const HEADER: usize = 5;
/// The longest encrypted record: RFC 5246 section 6.2.3; TLS 1.3 allows less.
const MAX_CIPHERTEXT: usize = (1 << 14) + 2048;
/// The buffer's size: several records, so that a burst takes few read calls.
const BUFFER: usize = 64 << 10;

/// Something that TLS does not allow.
pub(super) fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The bytes that were read and not yet opened.
pub(super) struct Records {
    buffer: Vec<u8>,
    filled: Range<usize>,
}

impl Records {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; BUFFER], filled: 0..0 }
    }

    /// Room for the next read: empty only if the front holds more than [`BUFFER`] unopened bytes.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.filled.is_empty() {
            self.filled = 0..0;
        } else if self.filled.start + HEADER + MAX_CIPHERTEXT > self.buffer.len() {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
        self.buffer.get_mut(self.filled.end..).unwrap_or_default()
    }

    /// Whether every byte was opened.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    pub(super) fn fill(&mut self, len: usize) {
        self.filled.end = self.buffer.len().min(self.filled.end + len);
    }

    /// All unopened bytes, for rustls during the handshake.
    pub(super) fn filled_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.filled.clone()).unwrap_or_default()
    }

    pub(super) fn discard(&mut self, len: usize) {
        self.filled.start = self.filled.end.min(self.filled.start + len);
    }

    /// Moves what is unopened to the front, so that [`Self::space`] has all the room there is.
    pub(super) fn compact(&mut self) {
        self.buffer.copy_within(self.filled.clone(), 0);
        self.filled = 0..self.filled.len();
    }

    /// The next whole record, still encrypted; it counts as opened.
    pub(super) fn next_record(&mut self) -> io::Result<Option<InboundOpaqueMessage<'_>>> {
        let waiting = self.buffer.get_mut(self.filled.clone()).unwrap_or_default();
        let Some((header, rest)) = waiting.split_first_chunk_mut::<HEADER>() else {
            return Ok(None);
        };
        let [typ, major, minor, high, low] = *header;
        let len = usize::from(u16::from_be_bytes([high, low]));
        if major != 3 || len > MAX_CIPHERTEXT {
            return Err(invalid(format!("TLS record of version {major}.{minor} and {len} bytes")));
        }
        let Some(payload) = rest.get_mut(..len) else { return Ok(None) };
        self.filled.start += HEADER + len;
        let version = ProtocolVersion::from(u16::from_be_bytes([major, minor]));
        Ok(Some(InboundOpaqueMessage::new(ContentType::from(typ), version, payload)))
    }
}

/// Decrypts the server's records.
pub(super) struct Opener {
    cipher: Box<dyn MessageDecrypter>,
    /// The number of the next record under this key.
    sequence: u64,
    is_tls13: bool,
}

impl Opener {
    pub(super) fn new(
        suite: SupportedCipherSuite,
        (sequence, secrets): (u64, ConnectionTrafficSecrets),
    ) -> io::Result<Self> {
        let (key, iv) = key_and_iv(secrets)?;
        let cipher = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.aead_alg.decrypter(key, iv),
            SupportedCipherSuite::Tls12(suite) => {
                let fixed = suite.aead_alg.key_block_shape().fixed_iv_len;
                suite.aead_alg.decrypter(key, iv.as_ref().split_at(fixed).0)
            }
        };
        Ok(Self { cipher, sequence, is_tls13: suite.tls13().is_some() })
    }

    #[inline]
    pub(super) fn open<'record>(
        &mut self,
        record: InboundOpaqueMessage<'record>,
    ) -> io::Result<InboundPlainMessage<'record>> {
        if self.is_tls13 && record.typ != ContentType::ApplicationData {
            return Err(invalid(format!("unencrypted record of type {:?}", record.typ)));
        }
        let plain = self.cipher.decrypt(record, self.sequence).map_err(invalid)?;
        self.sequence += 1;
        Ok(plain)
    }
}

/// Encrypts our records.
pub(super) struct Sealer {
    cipher: Box<dyn MessageEncrypter>,
    /// The number of the next record under this key.
    sequence: u64,
    /// So many records may be sealed with one key.
    limit: u64,
}

impl Sealer {
    pub(super) fn new(
        suite: SupportedCipherSuite,
        (sequence, secrets): (u64, ConnectionTrafficSecrets),
    ) -> io::Result<Self> {
        let (key, iv) = key_and_iv(secrets)?;
        let (cipher, common) = match suite {
            SupportedCipherSuite::Tls13(suite) => {
                (suite.aead_alg.encrypter(key, iv), &suite.common)
            }
            SupportedCipherSuite::Tls12(suite) => {
                let fixed = suite.aead_alg.key_block_shape().fixed_iv_len;
                let (fixed, explicit) = iv.as_ref().split_at(fixed);
                (suite.aead_alg.encrypter(key, fixed, explicit), &suite.common)
            }
        };
        Ok(Self { cipher, sequence, limit: common.confidentiality_limit })
    }

    pub(super) fn seal(&mut self, typ: ContentType, payload: &[u8]) -> io::Result<Vec<u8>> {
        if self.sequence >= self.limit {
            return Err(invalid("the key has sealed as many records as it may"));
        }
        // TLS 1.3 writes this version too, as its legacy one.
        let version = ProtocolVersion::TLSv1_2;
        let plain = OutboundPlainMessage { typ, version, payload: OutboundChunks::Single(payload) };
        let sealed = self.cipher.encrypt(plain, self.sequence).map_err(invalid)?;
        self.sequence += 1;
        Ok(sealed.encode())
    }
}

fn key_and_iv(secrets: ConnectionTrafficSecrets) -> io::Result<(AeadKey, Iv)> {
    match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => Ok((key, iv)),
        _ => Err(invalid("unknown TLS cipher")),
    }
}

/// `Ok` for a warning that may be passed over; all others end the connection.
///
/// Source: RFC 8446 section 6: level and description; `user_canceled` is followed by `close_notify`.
pub(super) fn check_alert(payload: &[u8]) -> io::Result<()> {
    const CLOSE_NOTIFY: u8 = 0;
    const USER_CANCELED: u8 = 90;
    const NO_RENEGOTIATION: u8 = 100;
    match payload {
        [_, CLOSE_NOTIFY] => Err(hung_up()),
        [_, USER_CANCELED | NO_RENEGOTIATION] => Ok(()),
        [_, number] => {
            let name = rustls::AlertDescription::from(*number);
            Err(invalid(format!("the server sent TLS alert {number}, {name:?}")))
        }
        _ => Err(invalid(format!("TLS alert of {} bytes, 2 were expected", payload.len()))),
    }
}
