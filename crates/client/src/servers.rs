//! Which servers to talk to, and whose certificates to believe.

use std::sync::Arc;

use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// The broker's servers or a local stand-in, with one TLS set-up for REST and streams.
///
/// Certificates are always checked; there is no way to turn that off.
#[derive(Clone, Debug)]
pub struct Servers {
    rest: Url,
    market_stream: Url,
    tls: Arc<ClientConfig>,
}

impl Servers {
    /// Angel One's own, certified by the public authorities.
    ///
    /// Errors: [`ServersError::Tls`] if this build lacks the usual TLS versions.
    /// Source: SmartAPI documentation (July 2026).
    pub fn angel_one() -> Result<Self, ServersError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Ok(Self {
            rest: parse("https://apiconnect.angelone.in")?,
            market_stream: parse("wss://smartapisocket.angelone.in/smart-stream")?,
            tls: tls(roots)?,
        })
    }

    /// A stand-in such as the sandbox: plain on this machine, or by TLS with its own authority.
    ///
    /// Errors: [`ServersError`] for a malformed address, a plain one of another machine, and for
    ///         an `authority` that is missing for TLS or is not a PEM certificate.
    pub fn local(
        rest_url: &str,
        market_stream_url: &str,
        authority_pem: Option<&[u8]>,
    ) -> Result<Self, ServersError> {
        let (rest, market_stream) = (parse(rest_url)?, parse(market_stream_url)?);
        allow(&rest, ["http", "https"], authority_pem.is_some())?;
        allow(&market_stream, ["ws", "wss"], authority_pem.is_some())?;
        Ok(Self { rest, market_stream, tls: tls(authority(authority_pem)?)? })
    }

    /// The root of the REST routes.
    #[must_use]
    pub const fn rest(&self) -> &Url {
        &self.rest
    }

    /// The address of the market stream.
    #[must_use]
    pub const fn market_stream(&self) -> &Url {
        &self.market_stream
    }

    /// The TLS set-up that REST and streams share.
    #[must_use]
    pub const fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// Host and port of the REST server, which name it to people and in the session's key.
    pub(crate) fn name(&self) -> String {
        let host = self.rest.host_str().unwrap_or_default();
        match self.rest.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

/// Why a set of servers cannot be used.
#[derive(Debug, Error)]
pub enum ServersError {
    #[error("the server address {url:?} cannot be read: {rule}")]
    Address { url: String, rule: String },
    #[error(
        "the server address {url} is plain text to another machine, which would show the login"
    )]
    PlainAbroad { url: String },
    #[error("the server address {url} needs the certificate of its authority, and none was given")]
    NoAuthority { url: String },
    #[error("the authority's certificate cannot be used: {rule}")]
    Authority { rule: String },
    #[error("TLS cannot be set up: {rule}")]
    Tls { rule: String },
}

impl ServersError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => "write it as http://127.0.0.1:PORT, https://, ws:// or wss://",
            Self::PlainAbroad { .. } => "use https:// and wss://, or a server on this machine",
            Self::NoAuthority { .. } => {
                "give the `ca_file` that the sandbox names when it is ready"
            }
            Self::Authority { .. } => {
                "give a PEM file with a BEGIN CERTIFICATE block, such as the sandbox's `ca_file`"
            }
            Self::Tls { .. } => "report this as a bug of this program",
        }
    }
}

fn parse(url: &str) -> Result<Url, ServersError> {
    Url::parse(url)
        .map_err(|rule| ServersError::Address { url: url.to_owned(), rule: rule.to_string() })
}

/// Lets `[plain, secured]` schemes through: plain on this machine, secured with an authority.
fn allow(url: &Url, [plain, secured]: [&str; 2], has_authority: bool) -> Result<(), ServersError> {
    let shown = || url.to_string();
    if url.scheme() == secured {
        return if has_authority {
            Ok(())
        } else {
            Err(ServersError::NoAuthority { url: shown() })
        };
    }
    if url.scheme() != plain {
        let rule = format!("its scheme was {} and must be {plain} or {secured}", url.scheme());
        return Err(ServersError::Address { url: shown(), rule });
    }
    if is_this_machine(url) { Ok(()) } else { Err(ServersError::PlainAbroad { url: shown() }) }
}

fn is_this_machine(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn authority(pem: Option<&[u8]>) -> Result<RootCertStore, ServersError> {
    let unusable = |rule: String| ServersError::Authority { rule };
    let mut roots = RootCertStore::empty();
    let Some(pem) = pem else { return Ok(roots) };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

/// Names its provider, since a process-wide default is global state.
fn tls(roots: RootCertStore) -> Result<Arc<ClientConfig>, ServersError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ServersError::Tls { rule: error.to_string() })?;
    Ok(Arc::new(versions.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brokers_own_servers_are_secured() {
        let servers = Servers::angel_one().expect("servers");
        assert_eq!(servers.rest().scheme(), "https");
        assert_eq!(servers.market_stream().scheme(), "wss");
        assert_eq!(servers.name(), "apiconnect.angelone.in");
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        let plain = |host: &str| {
            Servers::local(&format!("http://{host}:80"), &format!("ws://{host}:8080/x"), None)
        };
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            assert!(plain(host).is_ok(), "{host}");
        }
        for host in ["192.168.1.5", "example.com", "127.0.0.1.example.com", "[2001:db8::1]"] {
            assert!(matches!(plain(host), Err(ServersError::PlainAbroad { .. })), "{host}");
        }
    }

    #[test]
    fn every_refusal_has_a_hint() {
        let refusals = [
            Servers::local("nowhere", "ws://127.0.0.1", None),
            Servers::local("ftp://127.0.0.1", "ws://127.0.0.1", None),
            Servers::local("http://127.0.0.1", "ws://example.com", None),
            Servers::local("https://127.0.0.1", "wss://127.0.0.1", None),
            Servers::local("https://127.0.0.1", "wss://127.0.0.1", Some(b"")),
        ];
        for refusal in refusals {
            assert!(!refusal.expect_err("refused").hint().is_empty());
        }
    }
}
