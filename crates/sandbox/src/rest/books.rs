//! The day's orders and trades.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::get;
use smartapi::rest::{OrderRow, TradeRow, routes};
use smartapi::wire::Rows;

use super::{Answer, Refusal, success, under};
use crate::exchange::rows;
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([
        (routes::ORDER_BOOK, get(order_book)),
        (routes::TRADE_BOOK, get(trade_book)),
        (routes::ORDER_DETAILS, get(one_order)),
    ])
}

async fn order_book(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::ORDER_BOOK, &headers)?;
    let listing = &twin.exchange.listing;
    let book: Vec<OrderRow> = twin.at_exchange(|floor| {
        floor.venue.orders().map(|order| rows::order(listing, order)).collect()
    });
    Ok(success(Rows(book)))
}

async fn trade_book(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::TRADE_BOOK, &headers)?;
    let listing = &twin.exchange.listing;
    let book: Vec<TradeRow> = twin.at_exchange(|floor| {
        floor.venue.trades().iter().map(|trade| rows::trade(listing, trade)).collect()
    });
    Ok(success(Rows(book)))
}

/// One order by its second name, with prices as numbers.
async fn one_order(
    State(twin): State<Arc<Twin>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    twin.pass_logged_in(routes::ORDER_DETAILS, &headers)?;
    // A name that is not even text is none of an order.
    let name = name.map(|Path(name)| name.replace('-', "")).unwrap_or_default();
    let named = u128::from_str_radix(&name, 16).ok();
    let found = twin.at_exchange(|floor| {
        let order = floor.venue.orders().find(|order| Some(order.unique_id.0) == named)?;
        Some(rows::order(&twin.exchange.listing, order))
    });
    let row = found.ok_or(Refusal::Broker("AB1013", "Order Not Found".into()))?;
    Ok(success(row.numbered()))
}
