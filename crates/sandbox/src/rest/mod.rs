//! The REST routes: what they share here, and one file for each of the broker's subjects.

mod books;
mod edis;
mod funds;
mod gtt;
mod history;
mod lists;
mod orders;
mod portfolio;
mod quotes;
mod search;
mod session;

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use axum::{Json, Router};
use engine::units::Paise;
use engine::venue::{self, Key};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smartapi::rest::{
    Envelope, Exchange, GatewayFailure, RATE_LIMIT_TEXT, RequestFault, headers as names,
    parse_request, routes,
};
use smartapi::wire::Rupees;

use crate::account::sessions::TokenRefusal;
use crate::twin::Twin;
use crate::{Error, RateRefusal};

/// All REST routes; queries and bodies that a route does not need are ignored.
pub(crate) fn routes(twin: &Arc<Twin>) -> Router<Arc<Twin>> {
    let writers = orders::routes().merge(gtt::writers());
    session::routes()
        .merge(search::routes())
        .merge(books::routes())
        .merge(portfolio::routes())
        .merge(funds::routes())
        .merge(quotes::routes())
        .merge(history::routes())
        .merge(lists::routes())
        .merge(edis::routes())
        .merge(gtt::readers())
        .merge(writers.route_layer(from_fn_with_state(Arc::clone(twin), by_address)))
        .fallback(|| async {
            let body = Refusal::Broker("AB2000", "no route matched with those values".into());
            (StatusCode::NOT_FOUND, body)
        })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(map_response(as_object))
}

/// More than any request has; it is held in memory while it is read.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// What is refused before it comes to a route, as the object that every client reads.
async fn as_object(response: Response) -> Response {
    let what = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => "the body of the request is too long",
        StatusCode::BAD_REQUEST => "the request cannot be read",
        _ => return response,
    };
    (response.status(), Refusal::Broker("AB1004", what.into())).into_response()
}

/// Routes of the protocol's table, each under all its spellings.
fn under<const N: usize>(
    served: [(&'static str, MethodRouter<Arc<Twin>>); N],
) -> Router<Arc<Twin>> {
    served.into_iter().fold(Router::new(), |router, (path, handler)| {
        let aliases = routes::route(path).map_or(&[][..], |route| route.aliases);
        let also = |router: Router<_>, alias: &&str| router.route(alias, handler.clone());
        aliases.iter().fold(router, also).route(path, handler)
    })
}

/// The address that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) Ipv4Addr);

/// Before the routes that place orders and rules: only the registered address may use them.
async fn by_address(State(twin): State<Arc<Twin>>, request: Request, next: Next) -> Response {
    let registered = twin.static_ip.map(Peer);
    if registered.is_some() && request.extensions().get() != registered.as_ref() {
        let what = "the request does not come from the static IP registered for the API key";
        return Refusal::Gateway("AG7002", what).into_response();
    }
    next.run(request).await
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
    Broker(&'static str, Cow<'static, str>),
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
        Self::Broker("AB2001", "Internal Error, Please Try After Sometime".into())
    }
}

impl From<venue::Refusal> for Refusal {
    fn from(refusal: venue::Refusal) -> Self {
        Self::Broker(refusal.code(), refusal.to_string().into())
    }
}

/// What a route gives.
type Answer = Result<Response, Refusal>;

impl Twin {
    /// Lets a call through that is within its rate limit and brings no wrong API key; in strict mode
    /// all the headers that the broker documents.
    fn pass(&self, route: &'static str, headers: &HeaderMap) -> Result<(), Refusal> {
        if !self.admits(route) {
            return Err(match self.rate_refusal {
                RateRefusal::Text => Refusal::Rate,
                RateRefusal::Json => Refusal::Broker("AB1021", "Too many requests".into()),
            });
        }
        let key = headers.get(names::PRIVATE_KEY).map(HeaderValue::as_bytes);
        // The JavaScript SDK sends `null` where it was given none.
        let key = key.filter(|key| self.strict || !matches!(*key, b"" | b"null"));
        if key.map_or(self.strict, |key| key != self.credentials.api_key.as_bytes()) {
            return Err(Refusal::Gateway("AG8004", "Invalid API Key"));
        }
        let said = [(names::USER_TYPE, names::USER), (names::SOURCE_ID, names::WEB)];
        if self.strict && said.iter().any(|&(name, value)| text(headers, name) != Some(value)) {
            return Err(Refusal::Broker("AB1005", "Invalid user type".into()));
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

    /// As [`Twin::pass_logged_in`], and gives the body.
    fn admit<T: DeserializeOwned>(
        &self,
        route: &'static str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<T, Refusal> {
        self.pass_logged_in(route, headers)?;
        parse(body)
    }

    /// The instrument that an order names by token and symbol.
    fn traded(&self, exchange: Exchange, token: &str, symbol: &str) -> Result<Key, Refusal> {
        let listing = &self.exchange.listing;
        let is_it = listing.is(exchange, token) && listing.symbol.eq_ignore_ascii_case(symbol);
        let instrument = listing.instrument.filter(|_| is_it);
        instrument.map(|instrument| instrument.key).ok_or_else(|| unknown(exchange, token))
    }
}

/// No such instrument.
fn unknown(exchange: Exchange, token: &str) -> Refusal {
    let token: String = token.chars().take(40).collect();
    Refusal::Broker("AB1009", format!("Symbol Not Found: {exchange} {token}").into())
}

/// A price in whole paise; finer ones are refused under `code`.
fn paise(code: &'static str, price: Rupees) -> Result<Paise, Refusal> {
    let refusal =
        || Refusal::Broker(code, format!("Invalid price {price}: not a whole paisa").into());
    price.paise().map(Paise).ok_or_else(refusal)
}

/// A header's value, if it is there and readable.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The body as a `T`.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    parse_request(body).map_err(|fault| wrong(code_of(&fault), &fault))
}

/// What is wrong with a body, under a code.
fn wrong(code: &'static str, fault: &RequestFault) -> Refusal {
    Refusal::Broker(code, fault.to_string().into())
}

/// The code for a field; for all those that have none the broker says AB1004.
fn code_of(fault: &RequestFault) -> &'static str {
    match fault.field.as_str() {
        "variety" => "AB1008",
        "tradingsymbol" | "symboltoken" => "AB1009",
        "producttype" | "oldproducttype" | "newproducttype" => "AB1012",
        "orderid" => "AB1013",
        _ => "AB1004",
    }
}

fn success<T: Serialize>(data: T) -> Response {
    Json(Envelope::success(data)).into_response()
}
