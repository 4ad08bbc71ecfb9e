//! The account's money.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use engine::units::Money;
use smartapi::rest::{Funds, routes};
use smartapi::wire::Rupees;

use super::{Answer, success, under};
use crate::exchange::words::amount;
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([(routes::FUNDS, get(funds))])
}

/// Nothing is pledged, paid in or paid out; `utiliseddebits` is what orders, positions, losses and
/// charges have taken of the opening balance.
async fn funds(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::FUNDS, &headers)?;
    let funds = twin.at_exchange(|floor| floor.venue.funds());
    let money = |money: Money| Some(amount(money));
    let none = Some(Rupees::ZERO);
    let available = funds.available();
    Ok(success(Funds {
        net: money(available),
        availablecash: money(available),
        availableintradaypayin: none,
        availablelimitmargin: none,
        collateral: none,
        m2munrealized: money(funds.unrealised),
        m2mrealized: money(funds.realised),
        utiliseddebits: money((funds.opening - available).max(Money::ZERO)),
        utilisedspan: money(funds.blocked.margin),
        utilisedoptionpremium: money(funds.blocked.premium),
        utilisedholdingsales: none,
        utilisedexposure: none,
        utilisedturnover: none,
        utilisedpayout: none,
    }))
}
