//! Calls over one warm connection pool, within the broker's rate limits.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smartapi::clock::Mono;
use smartapi::rest::limits::Limiter;
use smartapi::rest::{headers, parse_reply, routes};
use tokio::time::Instant;

use super::error::BrokerError;
use crate::servers::Servers;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(7);
/// Many times the largest order book.
const LARGEST_REPLY: usize = 16 * 1024 * 1024;

/// One route, and what a call of it does in the words of an error message.
pub(super) struct Call {
    method: Method,
    route: &'static str,
    pub(super) doing: &'static str,
}

pub(super) const LOGIN: Call =
    Call { method: Method::POST, route: routes::LOGIN, doing: "logging in" };
pub(super) const REFRESH: Call =
    Call { method: Method::POST, route: routes::GENERATE_TOKENS, doing: "renewing the session" };
pub(super) const LOGOUT: Call =
    Call { method: Method::POST, route: routes::LOGOUT, doing: "logging out" };
pub(super) const PROFILE: Call =
    Call { method: Method::GET, route: routes::PROFILE, doing: "reading the profile" };
pub(super) const SEARCH: Call =
    Call { method: Method::POST, route: routes::SEARCH_SCRIP, doing: "searching for instruments" };

/// The pool, the fixed headers and the limits of one account.
pub(super) struct Rest {
    servers: Servers,
    http: Client,
    limiter: Mutex<Limiter>,
    started: Instant,
}

impl Rest {
    pub(super) fn new(servers: Servers, api_key: &SecretString) -> Result<Self, BrokerError> {
        let failed = |cause: String| BrokerError::Http { doing: "setting it up", cause };
        let http = Client::builder()
            .tls_backend_preconfigured(servers.tls().as_ref().clone())
            .default_headers(
                fixed_headers(api_key)
                    .ok_or_else(|| failed("the API key does not fit into a header".to_owned()))?,
            )
            .user_agent(concat!("myquant/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .tcp_nodelay(true)
            // Tokens go to the named server and nowhere else.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| failed(root_cause(&error)))?;
        Ok(Self { servers, http, limiter: Mutex::default(), started: Instant::now() })
    }

    pub(super) const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Makes a call, after waiting for room in its rate limit; a GET has no body.
    pub(super) async fn call<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: &Call,
        body: &B,
        jwt: Option<&SecretString>,
    ) -> Result<T, BrokerError> {
        let url = self
            .servers
            .rest()
            .join(call.route)
            .map_err(|error| BrokerError::Http { doing: call.doing, cause: error.to_string() })?;
        let mut request = self.http.request(call.method.clone(), url);
        if let Some(jwt) = jwt {
            request = request.header(AUTHORIZATION, bearer(jwt, call)?);
        }
        if call.method != Method::GET {
            request = request.json(body);
        }
        self.wait_for_room(call.route).await;
        let response = request.send().await.map_err(|error| self.no_answer(call, &error))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(CONTENT_TYPE).cloned();
        let body = self.body_of(call, response).await?;
        let content_type = content_type.as_ref().and_then(|kind| kind.to_str().ok());
        parse_reply(status, content_type, &body)
            .map_err(|cause| BrokerError::Api { doing: call.doing, cause })
    }

    async fn body_of(&self, call: &Call, mut response: Response) -> Result<Vec<u8>, BrokerError> {
        let mut body = Vec::new();
        while let Some(part) =
            response.chunk().await.map_err(|error| self.no_answer(call, &error))?
        {
            if body.len() + part.len() > LARGEST_REPLY {
                let server = self.servers.name();
                return Err(BrokerError::TooLarge {
                    doing: call.doing,
                    server,
                    limit: LARGEST_REPLY,
                });
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    async fn wait_for_room(&self, route: &str) {
        loop {
            let now = Mono(self.started.elapsed().as_nanos() as u64);
            let asked =
                self.limiter.lock().unwrap_or_else(PoisonError::into_inner).take(route, now);
            match asked {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    fn no_answer(&self, call: &Call, error: &reqwest::Error) -> BrokerError {
        no_answer(call.doing, self.servers.name(), error, [CONNECT, TOTAL])
    }
}

/// Why there was no answer; `limits` are those of connecting and of the whole call.
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
        return BrokerError::Silent { doing, server, seconds: limit.as_secs() };
    }
    BrokerError::Unreachable { doing, server, cause: root_cause(error) }
}

/// Source: SmartAPI documentation (July 2026); the addresses are free text there, and literal
///         placeholders have served other clients for years.
fn fixed_headers(api_key: &SecretString) -> Option<HeaderMap> {
    let mut key = HeaderValue::from_str(api_key.expose_secret()).ok()?;
    key.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    let mut fixed = HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]);
    for (name, value) in [
        (headers::USER_TYPE, HeaderValue::from_static(headers::USER)),
        (headers::SOURCE_ID, HeaderValue::from_static(headers::WEB)),
        (headers::CLIENT_LOCAL_IP, HeaderValue::from_static("127.0.0.1")),
        (headers::CLIENT_PUBLIC_IP, HeaderValue::from_static("127.0.0.1")),
        (headers::MAC_ADDRESS, HeaderValue::from_static("00:00:00:00:00:00")),
        (headers::PRIVATE_KEY, key),
    ] {
        fixed.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(fixed)
}

fn bearer(jwt: &SecretString, call: &Call) -> Result<HeaderValue, BrokerError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", jwt.expose_secret()));
    let mut value = value.map_err(|_| BrokerError::Http {
        doing: call.doing,
        cause: "the session token does not fit into a header".to_owned(),
    })?;
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
