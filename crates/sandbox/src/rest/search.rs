//! Instruments by words: those of the list, the played one first.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use smartapi::instruments::Row;
use smartapi::rest::{Scrip, SearchRequest, routes};

use super::{Answer, parse, success};
use crate::scrip_master::{USUAL_ROWS, listed_rows};
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    Router::new().route(routes::SEARCH_SCRIP, post(search_scrip))
}

async fn search_scrip(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    twin.pass_logged_in(routes::SEARCH_SCRIP, &headers)?;
    let request: SearchRequest = parse(&body)?;
    let words = request.searchscrip.to_uppercase();
    let is_meant = |symbol: &str| {
        let symbol = symbol.to_uppercase();
        words.split_whitespace().all(|word| symbol.contains(word))
    };
    let rows = listed_rows(&twin, USUAL_ROWS);
    let found = rows.iter().filter(|row| request.exchange == row.exch_seg && is_meant(&row.symbol));
    let scrip = |row: &Row<'_>| Scrip {
        exchange: request.exchange.clone(),
        tradingsymbol: row.symbol.to_string(),
        symboltoken: row.token.to_string(),
    };
    Ok(success(found.map(scrip).collect::<Vec<_>>()))
}
