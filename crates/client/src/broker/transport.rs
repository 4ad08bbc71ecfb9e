//! One HTTP exchange: the request written out, the reply's bytes, and whether anything may have left.

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::iter::successors;
use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smartapi::rest::{ApiError, denies, headers, parse_reply};

use super::calls::Call;
use super::error::BrokerError;
use super::rules::Pace;
use crate::servers::Servers;

const CONNECT: Duration = Duration::from_secs(5);
/// Many times the largest order book.
const LARGEST_REPLY: usize = 16 * 1024 * 1024;

/// A call with its body. Plain text by nature, hence without `Debug`.
pub(super) struct Request {
    pub(super) call: &'static Call,
    path: Cow<'static, str>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// The call with this body; `()` is none.
    pub(super) fn new<B: Serialize>(call: &'static Call, body: &B) -> Result<Self, BrokerError> {
        let body = serde_json::to_vec(body).map_err(|error| failed(call, error.to_string()))?;
        let body = Some(body).filter(|body| body != b"null");
        Ok(Self { call, path: Cow::Borrowed(call.route), body })
    }

    /// The call of a route whose path has a part of its own.
    pub(super) const fn at(call: &'static Call, path: String) -> Self {
        Self { call, path: Cow::Owned(path), body: None }
    }
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    content_type: Option<String>,
    body: Vec<u8>,
}

impl Reply {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        parse_reply(self.status, self.content_type.as_deref(), &self.body)
    }

    /// See [`denies`].
    pub(super) fn is_denial(&self) -> bool {
        denies(&self.body)
    }
}

/// Why nothing came back.
pub(super) struct Lost {
    pub(super) error: BrokerError,
    /// Whether a byte of the request may have reached the server.
    pub(super) may_have_left: bool,
}

impl Lost {
    const fn before(error: BrokerError) -> Self {
        Self { error, may_have_left: false }
    }
}

fn failed(call: &Call, cause: String) -> BrokerError {
    BrokerError::Http { doing: call.doing, cause }
}

/// The addresses and times of an account's exchanges.
pub(super) struct Line {
    pub(super) servers: Servers,
    pub(super) answer: Duration,
}

impl Line {
    /// A pool of connections.
    pub(super) fn pool(
        servers: &Servers,
        api_key: &SecretString,
        public_address: Option<Ipv4Addr>,
        pace: &Pace,
    ) -> Result<Client, BrokerError> {
        let failed = |cause: String| BrokerError::Http { doing: "setting it up", cause };
        let fixed = fixed_headers(api_key, public_address)
            .ok_or_else(|| failed("the API key does not fit into a header".to_owned()))?;
        Client::builder()
            .tls_backend_preconfigured(servers.tls().as_ref().clone())
            .default_headers(fixed)
            .user_agent(concat!("myquant/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(pace.answer)
            .tcp_nodelay(true)
            // The server ends connections that rest, never we.
            .pool_idle_timeout(None)
            .tcp_keepalive(Duration::from_secs(15))
            // Tokens go to the named server and nowhere else.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .build()
            .map_err(|error| failed(root_cause(&error)))
    }

    /// Sends `request` once over `pool`.
    pub(super) async fn exchange(
        &self,
        pool: &Client,
        request: &Request,
        jwt: Option<&SecretString>,
    ) -> Result<Reply, Lost> {
        let call = request.call;
        let url = self.servers.rest().join(&request.path);
        let url = url.map_err(|error| Lost::before(failed(call, error.to_string())))?;
        let method = if call.is_get() { Method::GET } else { Method::POST };
        let mut http = pool.request(method, url);
        if let Some(jwt) = jwt {
            http = http.header(AUTHORIZATION, bearer(jwt, call).map_err(Lost::before)?);
        }
        if let Some(body) = &request.body {
            http = http.body(body.clone());
        }
        let response = http.send().await.map_err(|error| self.lost(call, &error))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        Ok(Reply { status, content_type, body: self.body_of(call, response).await? })
    }

    async fn body_of(&self, call: &Call, mut response: Response) -> Result<Vec<u8>, Lost> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.lost(call, &error))? {
            if body.len() + part.len() > LARGEST_REPLY {
                let (doing, server) = (call.doing, self.servers.name());
                let error = BrokerError::TooLarge { doing, server, limit: LARGEST_REPLY };
                return Err(Lost { error, may_have_left: true });
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn lost(&self, call: &Call, error: &reqwest::Error) -> Lost {
        let may_have_left = !error.is_connect() && !error.is_builder();
        Lost { error: self.no_answer(call, error), may_have_left }
    }

    fn no_answer(&self, call: &Call, error: &reqwest::Error) -> BrokerError {
        no_answer(call.doing, self.servers.name(), error, [CONNECT, self.answer])
    }
}

/// Why there was no answer; the limits are those of connecting and of the whole call.
pub(crate) fn no_answer(
    doing: &'static str,
    server: String,
    error: &reqwest::Error,
    [connect, total]: [Duration; 2],
) -> BrokerError {
    if let Some(cause) = refused_certificate(error) {
        return BrokerError::Certificate { doing, server, cause };
    }
    if error.is_timeout() {
        let limit = if error.is_connect() { connect } else { total };
        return BrokerError::Silent { doing, server, limit };
    }
    let cause = root_cause(error);
    if error.is_connect() || error.is_builder() {
        return BrokerError::Unreachable { doing, server, cause };
    }
    BrokerError::Broken { doing, server, cause }
}

/// Source: SmartAPI documentation (July 2026); the addresses are free text there, and literal
///         placeholders have served other clients for years.
fn fixed_headers(api_key: &SecretString, public: Option<Ipv4Addr>) -> Option<HeaderMap> {
    let mut key = HeaderValue::from_str(api_key.expose_secret()).ok()?;
    key.set_sensitive(true);
    let public = public.unwrap_or(Ipv4Addr::LOCALHOST).to_string();
    let json = HeaderValue::from_static("application/json");
    let mut fixed = HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]);
    for (name, value) in [
        (headers::USER_TYPE, HeaderValue::from_static(headers::USER)),
        (headers::SOURCE_ID, HeaderValue::from_static(headers::WEB)),
        (headers::CLIENT_LOCAL_IP, HeaderValue::from_static("127.0.0.1")),
        (headers::CLIENT_PUBLIC_IP, HeaderValue::from_str(&public).ok()?),
        (headers::MAC_ADDRESS, HeaderValue::from_static("00:00:00:00:00:00")),
        (headers::PRIVATE_KEY, key),
    ] {
        fixed.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(fixed)
}

fn bearer(jwt: &SecretString, call: &Call) -> Result<HeaderValue, BrokerError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", jwt.expose_secret()));
    let mut value = value
        .map_err(|_| failed(call, "the session token does not fit into a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The innermost message, which is the one that says something; the outer ones repeat the address.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let innermost = successors(error.source(), |error| beneath(*error)).last();
    innermost.map_or_else(|| "the connection broke".to_owned(), ToString::to_string)
}

fn refused_certificate(error: &reqwest::Error) -> Option<String> {
    successors(error.source(), |error| beneath(*error)).find_map(|error| {
        match error.downcast_ref()? {
            rustls::Error::InvalidCertificate(cause) => Some(cause.to_string()),
            _ => None,
        }
    })
}

/// The next cause; an I/O error does not name the one it wraps as its source.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
