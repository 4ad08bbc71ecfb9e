//! The REST routes: session, profile and search.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smartapi::rest::{
    Envelope, GatewayFailure, LoginRequest, LogoutRequest, Profile, RATE_LIMIT_TEXT,
    RefreshRequest, Scrip, SearchRequest, headers as names, routes,
};

use crate::account::sessions::{LoginRefusal, TokenRefusal};
use crate::twin::Twin;
use crate::{Error, lock};

/// All REST routes; queries and bodies that a route does not need are ignored.
pub(crate) fn routes() -> Router<Arc<Twin>> {
    Router::new()
        .route(routes::LOGIN, post(login))
        .route(routes::GENERATE_TOKENS, post(generate_tokens))
        .route(routes::PROFILE, get(profile))
        .route(routes::LOGOUT, post(logout))
        .route(routes::SEARCH_SCRIP, post(search_scrip))
        .fallback(|| async {
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

type Answer = Result<Response, Refusal>;

async fn login(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    twin.pass(routes::LOGIN, &headers)?;
    let request: LoginRequest = parse(&body)?;
    let answer = lock(&twin.sessions).login(&request, twin.wall_s());
    match answer? {
        Ok(tokens) => Ok(success(tokens)),
        Err(LoginRefusal::NotAPin) => Err(Refusal::Broker(
            "AB7001",
            "LoginbyPassword is not allowed. Please switch to Login by MPIN now",
        )),
        Err(LoginRefusal::Credentials) => {
            Err(Refusal::Broker("AB1007", "Invalid clientcode or password"))
        }
        Err(LoginRefusal::Totp) => Err(Refusal::Broker("AB1050", "Invalid totp")),
    }
}

async fn generate_tokens(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    twin.pass_logged_in(routes::GENERATE_TOKENS, &headers)?;
    let request: RefreshRequest = parse(&body)?;
    let answer = lock(&twin.sessions).refresh(&request.refresh, twin.wall_s());
    match answer? {
        Ok(tokens) => Ok(success(tokens)),
        Err(TokenRefusal::Expired) => Err(Refusal::Broker("AB8051", "Refresh Token Expired")),
        Err(_) => Err(Refusal::Broker("AB8050", "Invalid Refresh Token")),
    }
}

async fn profile(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::PROFILE, &headers)?;
    Ok(success(Profile {
        clientcode: twin.credentials.client_id.clone(),
        name: "SANDBOX".into(),
        email: String::new(),
        mobileno: String::new(),
        exchanges: ["NSE", "NFO", "BSE", "BFO", "MCX"].map(str::to_owned).to_vec(),
        products: ["DELIVERY", "INTRADAY", "MARGIN", "CARRYFORWARD"].map(str::to_owned).to_vec(),
        lastlogintime: String::new(),
        brokerid: "B2C".into(),
    }))
}

async fn logout(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let bearer = twin.pass_logged_in(routes::LOGOUT, &headers)?;
    let request: LogoutRequest = parse(&body)?;
    if request.clientcode != twin.credentials.client_id {
        return Err(Refusal::Broker("AB1007", "Invalid clientcode"));
    }
    lock(&twin.sessions).logout(bearer);
    Ok(success(""))
}

async fn search_scrip(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    twin.pass_logged_in(routes::SEARCH_SCRIP, &headers)?;
    let request: SearchRequest = parse(&body)?;
    let played = &twin.instrument;
    let symbol = played.symbol.to_uppercase();
    let words = request.searchscrip.to_uppercase();
    let found = request.exchange == played.segment()
        && words.split_whitespace().all(|word| symbol.contains(word));
    let row = found.then(|| Scrip {
        exchange: request.exchange,
        tradingsymbol: played.symbol.clone(),
        symboltoken: played.token.clone(),
    });
    Ok(success(Vec::from_iter(row)))
}

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
        let checked = lock(&self.sessions).check_bearer(authorization, self.wall_s());
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
