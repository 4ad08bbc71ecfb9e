//! Login, fresh tokens, profile and logout.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use smartapi::rest::{LoginRequest, LogoutRequest, Profile, RefreshRequest, routes};

use super::{Answer, Refusal, parse, success};
use crate::account::sessions::{LoginRefusal, TokenRefusal};
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    Router::new()
        .route(routes::LOGIN, post(login))
        .route(routes::GENERATE_TOKENS, post(generate_tokens))
        .route(routes::PROFILE, get(profile))
        .route(routes::LOGOUT, post(logout))
}

async fn login(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    twin.pass(routes::LOGIN, &headers)?;
    let request: LoginRequest = parse(&body)?;
    let answer = twin.sessions().login(&request, twin.wall_s());
    match answer? {
        Ok(tokens) => Ok(success(tokens)),
        Err(LoginRefusal::Credentials) => {
            Err(Refusal::Broker("AB1007", "Invalid clientcode or password".into()))
        }
        Err(LoginRefusal::Totp) => Err(Refusal::Broker("AB1050", "Invalid totp".into())),
    }
}

async fn generate_tokens(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    twin.pass_logged_in(routes::GENERATE_TOKENS, &headers)?;
    let request: RefreshRequest = parse(&body)?;
    let answer = twin.sessions().refresh(&request.refresh, twin.wall_s());
    match answer? {
        Ok(tokens) => Ok(success(tokens)),
        Err(TokenRefusal::Expired) => {
            Err(Refusal::Broker("AB8051", "Refresh Token Expired".into()))
        }
        Err(_) => Err(Refusal::Broker("AB8050", "Invalid Refresh Token".into())),
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
        return Err(Refusal::Broker("AB1007", "Invalid clientcode".into()));
    }
    twin.log_out(bearer);
    Ok(success(""))
}
