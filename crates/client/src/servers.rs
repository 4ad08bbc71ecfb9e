//! Which servers to talk to, and whose certificates to believe.

use std::sync::Arc;

use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// The order stream's path, the same at the broker and at a stand-in.
const ORDER_PATH: &str = "/smart-order-update";

/// The broker's servers or a local stand-in, with one TLS set-up for REST and streams.
///
/// Certificates are always checked; there is no way to turn that off.
#[derive(Clone, Debug)]
pub struct Servers {
    rest: Url,
    market_stream: Url,
    scrip_master: Url,
    order_stream: Url,
    tls: Arc<ClientConfig>,
}

/// Where a stand-in serves what.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'a> {
    /// The root of the REST routes.
    pub rest: &'a str,
    pub market_stream: &'a str,
    /// The list of instruments.
    pub scrip_master: &'a str,
}

impl Servers {
    /// Angel One's own, certified by the public authorities.
    ///
    /// Errors: [`ServersError::Tls`] if this build lacks the usual TLS versions.
    /// Source: SmartAPI documentation (July 2026).
    pub fn angel_one() -> Result<Self, ServersError> {
        Ok(Self {
            rest: parse("https://apiconnect.angelone.in")?,
            market_stream: parse("wss://smartapisocket.angelone.in/smart-stream")?,
            order_stream: parse("wss://tns.angelone.in/smart-order-update")?,
            scrip_master: parse(
                "https://margincalculator.angelone.in/OpenAPI_File/files/OpenAPIScripMaster.json",
            )?,
            tls: tls(public_authorities())?,
        })
    }

    /// A stand-in such as the sandbox: plain on this machine, or by TLS with its own authority.
    ///
    /// Errors: [`ServersError`] for a malformed address, a plain one of another machine, and for
    ///         an `authority` that is missing for TLS or is not a PEM certificate.
    pub fn local(
        addresses: &Addresses<'_>,
        authority_pem: Option<&[u8]>,
    ) -> Result<Self, ServersError> {
        let (rest, market_stream) = (parse(addresses.rest)?, parse(addresses.market_stream)?);
        let scrip_master = parse(addresses.scrip_master)?;
        allow(&rest, ["http", "https"], authority_pem.is_some())?;
        allow(&market_stream, ["ws", "wss"], authority_pem.is_some())?;
        allow(&scrip_master, ["http", "https"], authority_pem.is_some())?;
        let mut order_stream = market_stream.clone();
        order_stream.set_path(ORDER_PATH);
        let tls = tls(authority(authority_pem)?)?;
        Ok(Self { rest, market_stream, order_stream, scrip_master, tls })
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

    /// The address of the order stream; a stand-in has it beside the market stream.
    #[must_use]
    pub const fn order_stream(&self) -> &Url {
        &self.order_stream
    }

    /// Where the list of instruments is served.
    #[must_use]
    pub fn list(&self) -> ListServer {
        let is_brokers = self.scrip_master.host_str().is_some_and(is_of_broker);
        ListServer { url: self.scrip_master.clone(), tls: Arc::clone(&self.tls), is_brokers }
    }

    /// The TLS set-up that REST and streams share.
    #[must_use]
    pub const fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// Host and port of the REST server, which name it to people and in the session's key.
    pub(crate) fn name(&self) -> String {
        host_and_port(&self.rest)
    }
}

/// The address of a list of instruments, which needs no login.
#[derive(Clone, Debug)]
pub struct ListServer {
    url: Url,
    tls: Arc<ClientConfig>,
    is_brokers: bool,
}

impl ListServer {
    /// A list at an address of the user's: plain on this machine, or by TLS with the given authority,
    /// else with the public ones.
    ///
    /// Errors: [`ServersError`] for a malformed address, a plain one of another machine, and an
    ///         authority that is not a PEM certificate.
    pub fn at(url: &str, authority_pem: Option<&[u8]>) -> Result<Self, ServersError> {
        let url = parse(url)?;
        allow(&url, ["http", "https"], true)?;
        let roots = match authority_pem {
            Some(_) => authority(authority_pem)?,
            None => public_authorities(),
        };
        let is_brokers = url.host_str().is_some_and(is_of_broker);
        Ok(Self { url, tls: tls(roots)?, is_brokers })
    }

    /// Whether it is the broker's own, which serves a whole list or none.
    pub(crate) const fn is_brokers(&self) -> bool {
        self.is_brokers
    }

    /// The same, held for the broker's own.
    #[cfg(test)]
    pub(crate) fn into_brokers(self) -> Self {
        Self { is_brokers: true, ..self }
    }

    /// The address.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) const fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// Host and port, which name it to people and in the name of the kept file.
    pub(crate) fn name(&self) -> String {
        host_and_port(&self.url)
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

/// Source: SmartAPI documentation (July 2026) has the list on both names.
fn is_of_broker(host: &str) -> bool {
    ["angelone.in", "angelbroking.com"].iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
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

fn public_authorities() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
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

    const HTTP: &str = "http://127.0.0.1";
    const WS: &str = "ws://127.0.0.1";

    #[test]
    fn the_brokers_own_servers_are_secured() {
        let servers = Servers::angel_one().expect("servers");
        assert_eq!(servers.rest().scheme(), "https");
        assert_eq!(servers.market_stream().scheme(), "wss");
        assert_eq!(servers.list().url().scheme(), "https");
        assert_eq!(servers.order_stream().path(), ORDER_PATH);
        assert_eq!(servers.name(), "apiconnect.angelone.in");
        assert_eq!(servers.list().name(), "margincalculator.angelone.in");
    }

    fn local(
        [rest, market_stream, scrip_master]: [&str; 3],
        authority_pem: Option<&[u8]>,
    ) -> Result<Servers, ServersError> {
        Servers::local(&Addresses { rest, market_stream, scrip_master }, authority_pem)
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        let plain = |host: &str| {
            let http = format!("http://{host}:80");
            let list = ListServer::at(&http, None).map(|_| ());
            list.and(local([HTTP, &format!("ws://{host}:8080/x"), &http], None))
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
            local(["nowhere", WS, HTTP], None),
            local(["ftp://127.0.0.1", WS, HTTP], None),
            local([HTTP, "ws://example.com", HTTP], None),
            local([HTTP, WS, "http://example.com"], None),
            local(["https://127.0.0.1", "wss://127.0.0.1", "https://127.0.0.1"], None),
            local([HTTP, WS, HTTP], Some(b"")),
        ];
        for refusal in refusals {
            assert!(!refusal.expect_err("refused").hint().is_empty());
        }
        assert!(ListServer::at("ws://127.0.0.1", None).is_err());
        assert!(ListServer::at("https://example.com", Some(b"")).is_err());
        assert!(ListServer::at("https://example.com", None).is_ok());
    }
}
