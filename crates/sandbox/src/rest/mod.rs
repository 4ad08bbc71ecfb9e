//! The REST routes: what they share here, and one file for each of the broker's subjects.

mod search;
mod session;

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smartapi::rest::{Envelope, GatewayFailure, RATE_LIMIT_TEXT, headers as names};

use crate::Error;
use crate::account::sessions::TokenRefusal;
use crate::twin::Twin;

/// All REST routes; queries and bodies that a route does not need are ignored.
pub(crate) fn routes() -> Router<Arc<Twin>> {
    session::routes().merge(search::routes()).fallback(|| async {
        let body = Refusal::Broker("AB2000", "no route matched with those values");
        (StatusCode::NOT_FOUND, body)
    })
}

/// The answer to a known route with a method that it does not have.
pub(crate) async fn wrong_method() -> impl IntoResponse {
    let body = Refusal::Gateway("AB2000", "this route has another method");
    (StatusCode::METHOD_NOT_ALLOWED, body)
}

/// Why a call is refused.
enum Refusal {
    /// Too many calls: HTTP 403 and plain text.
    Rate,
    /// The gateway before the broker does not know the caller: code and message.
    Gateway(&'static str, &'static str),
    /// The broker says no: code and message. HTTP 200, since the official SDKs drop other answers.
    Broker(&'static str, &'static str),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Rate => (StatusCode::FORBIDDEN, RATE_LIMIT_TEXT).into_response(),
            Self::Gateway(code, message) => {
                Json(GatewayFailure::new(code, message)).into_response()
            }
            Self::Broker(code, message) => Json(Envelope::failure(code, message)).into_response(),
        }
    }
}

/// The system gave no random bytes for a token.
impl From<Error> for Refusal {
    fn from(_: Error) -> Self {
        Self::Broker("AB2001", "Internal Error, Please Try After Sometime")
    }
}

/// What a route gives.
type Answer = Result<Response, Refusal>;

impl Twin {
    /// Lets a call through that is within its rate limit and brings no wrong API key; in strict mode
    /// all the headers that the broker documents.
    fn pass(&self, route: &'static str, headers: &HeaderMap) -> Result<(), Refusal> {
        if !self.admits(route) {
            return Err(Refusal::Rate);
        }
        let key = headers.get(names::PRIVATE_KEY).map(HeaderValue::as_bytes);
        if key.map_or(self.strict, |key| key != self.credentials.api_key.as_bytes()) {
            return Err(Refusal::Gateway("AG8004", "Invalid API Key"));
        }
        let said = [(names::USER_TYPE, names::USER), (names::SOURCE_ID, names::WEB)];
        if self.strict && said.iter().any(|&(name, value)| text(headers, name) != Some(value)) {
            return Err(Refusal::Broker("AB1005", "Invalid user type"));
        }
        Ok(())
    }

    /// As [`Twin::pass`], and the call must bring a live jwt, which is returned.
    fn pass_logged_in<'h>(
        &self,
        route: &'static str,
        headers: &'h HeaderMap,
    ) -> Result<&'h str, Refusal> {
        self.pass(route, headers)?;
        let authorization = text(headers, header::AUTHORIZATION.as_str());
        let checked = self.sessions().check_bearer(authorization, self.wall_s());
        match checked {
            Ok(jwt) => Ok(jwt),
            Err(TokenRefusal::Missing) => Err(Refusal::Gateway("AG8003", "Token missing")),
            Err(TokenRefusal::Invalid) => Err(Refusal::Gateway("AG8001", "Invalid Token")),
            Err(TokenRefusal::Expired) => Err(Refusal::Gateway("AG8002", "Token Expired")),
        }
    }
}

/// A header's value, if it is there and readable.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The body as a `T`; the broker answers AB1004 to anything that it cannot read.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|_| Refusal::Broker("AB1004", "Something Went Wrong, Please Try After Sometime"))
}

fn success<T: Serialize>(data: T) -> Response {
    Json(Envelope::success(data)).into_response()
}
