//! A stand-in for the broker, such as the sandbox, by the line of JSON that it prints when it is ready.

use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

use crate::credentials::{Credentials, CredentialsError, PlainCredentials};
use crate::servers::{Addresses, Servers, ServersError};

/// Where a stand-in serves what, and its credentials, which are worthless elsewhere.
///
/// Shape:  the line that `myquant sandbox` prints; keys that are not needed here are passed over. It
///         holds secrets, so there is no `Debug`.
#[derive(Deserialize)]
pub struct StandIn {
    rest_url: String,
    stream_url: String,
    scrip_master_url: String,
    api_key: String,
    client_id: String,
    password: String,
    totp_secret: String,
    /// The authority to trust, in PEM; none without TLS.
    ca_file: Option<PathBuf>,
}

/// Why a stand-in cannot be used.
#[derive(Debug, Error)]
pub enum StandInError {
    /// Not the line of a stand-in; what it holds is not shown, for it may be a secret.
    #[error("the stand-in's line cannot be read at column {column}: it lacks a key, or is no JSON")]
    Line { column: usize },
    /// Its certificate is not there.
    #[error("the stand-in's certificate {} cannot be read: {cause}", path.display())]
    Certificate { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Servers(#[from] ServersError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl StandInError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Line { .. } => {
                "give the whole line that the sandbox prints when it is ready".to_owned()
            }
            Self::Certificate { .. } => {
                "start the sandbox again and give the line of that run: the \
                 certificate ends with it"
                    .to_owned()
            }
            Self::Servers(error) => error.hint().to_owned(),
            Self::Credentials(error) => error.hint(),
        }
    }
}

impl StandIn {
    /// Reads the line.
    ///
    /// Errors: [`StandInError::Line`].
    pub fn read(line: &str) -> Result<Self, StandInError> {
        let column = |error: serde_json::Error| StandInError::Line { column: error.column() };
        serde_json::from_str(line).map_err(column)
    }

    /// Its servers, which are believed by its own authority alone.
    ///
    /// Errors: all but those of the line and of the credentials.
    pub fn servers(&self) -> Result<Servers, StandInError> {
        let authority = self.ca_file.as_ref().map(|path| {
            let failed = |cause| StandInError::Certificate { path: path.clone(), cause };
            std::fs::read(path).map_err(failed)
        });
        let addresses = Addresses {
            rest: &self.rest_url,
            market_stream: &self.stream_url,
            scrip_master: &self.scrip_master_url,
        };
        Ok(Servers::local(&addresses, authority.transpose()?.as_deref())?)
    }

    /// Its credentials.
    ///
    /// Errors: [`StandInError::Credentials`].
    pub fn credentials(&self) -> Result<Credentials, StandInError> {
        Ok(Credentials::given(PlainCredentials {
            api_key: self.api_key.clone(),
            client_id: self.client_id.clone(),
            pin: self.password.clone(),
            totp_secret: self.totp_secret.clone(),
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"rest_url":"http://127.0.0.1:1","stream_url":"ws://127.0.0.1:1/s",
        "scrip_master_url":"http://127.0.0.1:1/m","control_url":"http://127.0.0.1:1/control",
        "api_key":"KEY","client_id":"A1","password":"4711","totp_secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "ca_file":null}"#;

    #[test]
    fn a_line_gives_servers_and_credentials() {
        let stand_in = StandIn::read(LINE).expect("a line");
        assert_eq!(stand_in.servers().expect("local").rest().port(), Some(1));
        assert_eq!(stand_in.credentials().expect("they fit").client_id(), "A1");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_without_what_it_holds() {
        let half = LINE.replace("\"api_key\":\"KEY\",", "");
        let gone = LINE.replace("\"ca_file\":null", "\"ca_file\":\"nowhere/ca.pem\"");
        let abroad = LINE.replace("127.0.0.1:1/m", "example.com/m");
        let refusals = [
            StandIn::read(&half).map(|_| ()),
            StandIn::read(&gone).expect("a line").servers().map(|_| ()),
            StandIn::read(&abroad).expect("a line").servers().map(|_| ()),
        ];
        for refusal in refusals {
            let error = refusal.expect_err("refused");
            assert!(!error.hint().is_empty());
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("4711") && !shown.contains("GEZD"), "{shown}");
        }
    }
}
