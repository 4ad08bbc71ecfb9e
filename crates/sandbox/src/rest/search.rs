//! Instruments by words.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use smartapi::rest::{Scrip, SearchRequest, routes};

use super::{Answer, parse, success};
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    Router::new().route(routes::SEARCH_SCRIP, post(search_scrip))
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
