//! The one loader of credentials: four names, from one place, chosen once.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use thiserror::Error;

use crate::totp::Codes;
use env_file::Held;

mod env_file;

/// The four names, in the order in which they are shown.
const NAMES: [&str; 4] = ["API_KEY", "CLIENT_ID", "PASSWORD", "SMARTAPI_TOTP_SECRET"];
/// Names an env file, if no flag does.
const ENV_FILE: &str = "MYQUANT_ENV_FILE";
/// Looked for in the current folder, in this order.
const FILES: [&str; 2] = [".env.trading", ".env"];

/// Where [`Credentials::load`] may look.
pub struct Places<'a> {
    /// The file that a flag names; nothing else is then looked at.
    pub env_file: Option<&'a Path>,
    /// Looks a variable up; [`process_environment`] in a program.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The folder of `.env.trading` and `.env`.
    pub folder: &'a Path,
}

/// The place that the credentials came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    EnvFile(PathBuf),
    Environment,
    /// Handed over by the program, as the sandbox's are.
    Given,
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnvFile(path) => write!(out, "the file {}", path.display()),
            Self::Environment => out.write_str("the environment"),
            Self::Given => out.write_str("what the program was given"),
        }
    }
}

/// Four credentials as plain text, on their way into [`Credentials`]; cannot be printed.
pub struct PlainCredentials {
    pub api_key: String,
    pub client_id: String,
    pub pin: String,
    /// Base32, as shown with the QR code.
    pub totp_secret: String,
}

/// What a login needs; its secrets print as redacted.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) api_key: SecretString,
    pub(crate) client_id: String,
    pub(crate) pin: SecretString,
    pub(crate) codes: Codes,
    source: CredentialSource,
}

impl Credentials {
    /// Finds the credentials: in the file of the flag or of `MYQUANT_ENV_FILE` if either is given,
    /// else in the environment, else in `.env.trading`, else in `.env`.
    ///
    /// The first place that holds any of the four names must hold all; places are never mixed.
    ///
    /// Errors: [`CredentialsError`], which names what is missing and where it was looked for.
    pub fn load(places: &Places<'_>) -> Result<Self, CredentialsError> {
        let named = (places.environment)(ENV_FILE).filter(|path| !path.trim().is_empty());
        let named = places.env_file.map(Path::to_path_buf).or_else(|| named.map(PathBuf::from));
        if let Some(path) = named {
            let held = env_file::read(&path)
                .map_err(|cause| CredentialsError::Unreadable { path: path.clone(), cause })?;
            return Self::from_held(
                env_file::parse(&path, &held)?,
                CredentialSource::EnvFile(path),
            );
        }
        let held = Held::from_lookup(places.environment);
        if !held.is_empty() {
            return Self::from_held(held, CredentialSource::Environment);
        }
        for path in FILES.map(|name| places.folder.join(name)) {
            let text = match env_file::read(&path) {
                Ok(text) => text,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                Err(cause) => return Err(CredentialsError::Unreadable { path, cause }),
            };
            let held = env_file::parse(&path, &text)?;
            if !held.is_empty() {
                return Self::from_held(held, CredentialSource::EnvFile(path));
            }
        }
        Err(CredentialsError::Nowhere { folder: places.folder.to_path_buf() })
    }

    /// Takes the credentials that a program made, such as the sandbox's; nothing else is read.
    ///
    /// Errors: [`CredentialsError::Unfit`] for one that could never work.
    pub fn given(plain: PlainCredentials) -> Result<Self, CredentialsError> {
        Self::checked(plain, CredentialSource::Given)
    }

    /// Where they came from.
    #[must_use]
    pub const fn source(&self) -> &CredentialSource {
        &self.source
    }

    /// The client code, which is no secret.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    fn from_held(held: Held, source: CredentialSource) -> Result<Self, CredentialsError> {
        match held.values {
            [Some(api_key), Some(client_id), Some(pin), Some(totp_secret)] => {
                Self::checked(PlainCredentials { api_key, client_id, pin, totp_secret }, source)
            }
            values => {
                let missing = NAMES.into_iter().zip(&values).filter(|(_, value)| value.is_none());
                let missing: Vec<_> = missing.map(|(name, _)| name).collect();
                Err(CredentialsError::Incomplete { place: source, missing: missing.join(", ") })
            }
        }
    }

    fn checked(
        plain: PlainCredentials,
        source: CredentialSource,
    ) -> Result<Self, CredentialsError> {
        let unfit = |name, rule| CredentialsError::Unfit { name, place: source.clone(), rule };
        let [api_key, client_id, pin] = [&plain.api_key, &plain.client_id, &plain.pin]
            .map(|value| Some(value.trim()).filter(|text| is_one_word(text)));
        let word = "it must be one word of ASCII letters, digits and signs";
        let api_key = api_key.ok_or_else(|| unfit(NAMES[0], word))?;
        let client_id = client_id.ok_or_else(|| unfit(NAMES[1], word))?;
        let pin = pin.ok_or_else(|| unfit(NAMES[2], word))?;
        let codes = Codes::from_base32(&plain.totp_secret).ok_or_else(|| {
            unfit(NAMES[3], "it must be base32: letters A to Z and digits 2 to 7")
        })?;
        Ok(Self {
            api_key: api_key.into(),
            client_id: client_id.to_owned(),
            pin: pin.into(),
            codes,
            source: source.clone(),
        })
    }
}

/// Looks a variable up in the environment of the process; absent if it is not Unicode.
#[must_use]
pub fn process_environment(name: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "the one reader of the environment")]
    std::env::var(name).ok()
}

/// Fit for an HTTP header.
fn is_one_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why there are no credentials; never holds a value of one.
#[derive(Debug, Error)]
pub enum CredentialsError {
    #[error(
        "there are no credentials: the environment, .env.trading and .env in {} hold none of \
         API_KEY, CLIENT_ID, PASSWORD, SMARTAPI_TOTP_SECRET",
        folder.display()
    )]
    Nowhere { folder: PathBuf },
    #[error("{place} lacks {missing}; one place must hold all four credentials")]
    Incomplete { place: CredentialSource, missing: String },
    #[error("the credentials file {} cannot be read: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("line {line} of {} cannot be read: {rule}", path.display())]
    Line { path: PathBuf, line: usize, rule: &'static str },
    #[error("{name} in {place} cannot be right: {rule}")]
    Unfit { name: &'static str, place: CredentialSource, rule: &'static str },
}

impl CredentialsError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Nowhere { .. } => "write API_KEY, CLIENT_ID, PASSWORD (the PIN) and \
                 SMARTAPI_TOTP_SECRET as NAME=value lines into .env.trading, or name another file \
                 with --env-file or MYQUANT_ENV_FILE"
                .to_owned(),
            Self::Incomplete { place: CredentialSource::Environment, missing } => format!(
                "set {missing} in the environment too, or put all four into a file and name it \
                 with --env-file"
            ),
            Self::Incomplete { missing, .. } => format!("add {missing} there as NAME=value lines"),
            Self::Unreadable { path, .. } => format!(
                "check that {} exists and that you may read it, or name another with --env-file",
                path.display()
            ),
            Self::Line { .. } => {
                "write each line as NAME=value, with the value in quotes if it has spaces"
                    .to_owned()
            }
            Self::Unfit { name: "API_KEY", .. } => {
                "copy the API key of your app from smartapi.angelone.in".to_owned()
            }
            Self::Unfit { name: "SMARTAPI_TOTP_SECRET", .. } => {
                "copy the text that smartapi.angelone.in/enable-totp shows with the QR code; it is \
                 neither a six-digit code nor the secret of the API key"
                    .to_owned()
            }
            Self::Unfit { name: "PASSWORD", .. } => {
                "give the PIN of the Angel One app, not the web password".to_owned()
            }
            Self::Unfit { .. } => "give the client code that the Angel One app shows".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
