//! Candles and open interest.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use smartapi::rest::{HistoryRequest, OpenInterestRow, routes};

use super::{Answer, Refusal, success, under};
use crate::exchange::candles;
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([(routes::CANDLES, post(prices)), (routes::OPEN_INTEREST, post(interest))])
}

async fn prices(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: HistoryRequest = twin.admit(routes::CANDLES, &headers, &body)?;
    check(&twin, &asked)?;
    let prints = twin.playback.prints.first(twin.playback.present());
    Ok(success(candles::candles(prints, &asked)))
}

/// Shares have none.
async fn interest(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: HistoryRequest = twin.admit(routes::OPEN_INTEREST, &headers, &body)?;
    check(&twin, &asked)?;
    let listing = &twin.exchange.listing;
    if listing.is_share() {
        return Ok(success(Vec::<OpenInterestRow>::new()));
    }
    let prints = twin.playback.prints.first(twin.playback.present());
    Ok(success(candles::interest(prints, listing.lot, &asked)))
}

/// The broker has one code for everything that is wrong here.
fn check(twin: &Twin, asked: &HistoryRequest) -> Result<(), Refusal> {
    let refused = |what: String| Refusal::Broker("AB1004", what.into());
    asked.check().map_err(|fault| refused(fault.to_string()))?;
    if twin.exchange.listing.is(asked.exchange, &asked.symboltoken) {
        Ok(())
    } else {
        Err(refused(format!("no history of {} {}", asked.exchange, asked.symboltoken)))
    }
}
