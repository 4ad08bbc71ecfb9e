//! The broker's lists: greeks, gainers and losers, ratios, open interest, shares with a mark.
//!
//! They are of what is played, so that most of them have one row or none.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use engine::units::Paise;
use smartapi::packet::SnapQuote;
use smartapi::rest::{
    BuildUp, BuildUpRequest, BuildUpRow, CautionaryRow, Exchange, ExpiryMonth, GreeksRequest,
    GreeksRow, IntradayRow, MoverRow, Movers, MoversRequest, PutCallRow, routes,
};
use smartapi::wire::{Decimal, Rows};

use super::quotes::percent;
use super::{Answer, success, under};
use crate::exchange::greeks::greeks;
use crate::exchange::words::rupees;
use crate::playback::packets::opening_interest;
use crate::twin::Twin;

/// Microseconds of a year of 365 days.
const YEAR_US: f64 = 365.0 * 86_400e6;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([
        (routes::OPTION_GREEKS, post(option_greeks)),
        (routes::GAINERS_LOSERS, post(movers)),
        (routes::PUT_CALL_RATIO, get(put_call_ratio)),
        (routes::OI_BUILDUP, post(build_up)),
        (routes::NSE_INTRADAY, get(nse_intraday)),
        (routes::BSE_INTRADAY, get(bse_intraday)),
        (routes::CAUTIONARY, get(cautionary)),
    ])
}

/// The row of the played option, if it was asked for.
async fn option_greeks(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: GreeksRequest = twin.admit(routes::OPTION_GREEKS, &headers, &body)?;
    let listing = &twin.exchange.listing;
    let is_it = listing.name.eq_ignore_ascii_case(&asked.name)
        && listing.expiry.eq_ignore_ascii_case(&asked.expirydate)
        && !listing.option.is_empty();
    let (packet, now) = twin.at_exchange(|floor| (*floor.packet(), floor.now));
    let years = listing.expires.map_or(0.0, |expires| (expires - now).0 as f64 / YEAR_US);
    let premium = packet.quote.head.ltp.get() as f64 / 100.0;
    let told = greeks(premium, listing.strike.to_f64(), years, listing.option == "CE");
    let decimal = |value: f64| Some(Decimal::from_raw((value * 1e6).round() as i64));
    let row = told.filter(|_| is_it).map(|told| GreeksRow {
        name: listing.name.clone(),
        expiry: listing.expiry.clone(),
        strike_price: listing.strike,
        option_type: listing.option.to_owned(),
        delta: decimal(told.delta),
        gamma: decimal(told.gamma),
        theta: decimal(told.theta),
        vega: decimal(told.vega),
        implied_volatility: decimal(told.volatility),
        trade_volume: decimal(packet.quote.day_volume.get() as f64),
    });
    Ok(success(Rows(Vec::from_iter(row))))
}

/// How the played derivative stands against the day before.
struct Change {
    last: i64,
    /// In paise.
    price: i64,
    price_percent: Decimal,
    interest: i64,
    interest_change: i64,
    interest_percent: Decimal,
}

impl Change {
    fn of(packet: &SnapQuote, lot: i64) -> Self {
        let (last, before) = (packet.quote.head.ltp.get(), packet.quote.previous_close.get());
        let price = last.saturating_sub(before);
        let (interest, opening) = (packet.open_interest.get(), opening_interest(lot));
        let interest_change = interest.saturating_sub(opening);
        Self {
            last,
            price,
            price_percent: percent(price, before),
            interest,
            interest_change,
            interest_percent: percent(interest_change, opening),
        }
    }
}

/// A whole number where the broker counts with halves.
const fn whole(units: i64) -> Option<Decimal> {
    Some(Decimal::from_raw(units.saturating_mul(1_000_000)))
}

impl Twin {
    /// The change of the played instrument, if it is a derivative of the month: the only one that has one.
    fn change(&self, month: ExpiryMonth) -> Option<Change> {
        let listing = &self.exchange.listing;
        let is_near = month == ExpiryMonth::Near && !listing.is_share();
        let change = || self.at_exchange(|floor| Change::of(floor.packet(), listing.lot));
        is_near.then(change)
    }
}

async fn movers(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: MoversRequest = twin.admit(routes::GAINERS_LOSERS, &headers, &body)?;
    let listing = &twin.exchange.listing;
    let row = twin.change(asked.expirytype).and_then(|change| {
        let (by, percent) = match asked.datatype {
            Movers::OiGainers => (change.interest_change, change.interest_percent),
            Movers::OiLosers => (-change.interest_change, change.interest_percent),
            Movers::PriceGainers => (change.price, change.price_percent),
            Movers::PriceLosers => (-change.price, change.price_percent),
        };
        let row = MoverRow {
            trading_symbol: listing.symbol.clone(),
            percent_change: Some(percent),
            symbol_token: listing.token.parse().ok()?,
            opn_interest: whole(change.interest),
            net_change_opn_interest: whole(change.interest_change),
        };
        (by > 0).then_some(row)
    });
    Ok(success(Rows(Vec::from_iter(row))))
}

/// Of a call that is played alone the ratio is 0; of a put there is none.
async fn put_call_ratio(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::PUT_CALL_RATIO, &headers)?;
    let listing = &twin.exchange.listing;
    let row = (listing.option == "CE")
        .then(|| PutCallRow { pcr: Some(Decimal::ZERO), trading_symbol: listing.symbol.clone() });
    Ok(success(Rows(Vec::from_iter(row))))
}

async fn build_up(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: BuildUpRequest = twin.admit(routes::OI_BUILDUP, &headers, &body)?;
    let listing = &twin.exchange.listing;
    let row = twin.change(asked.expirytype).and_then(|change| {
        let found = match (change.price.signum(), change.interest_change.signum()) {
            (1, 1) => BuildUp::Long,
            (-1, 1) => BuildUp::Short,
            (1, -1) => BuildUp::ShortCovering,
            (-1, -1) => BuildUp::LongUnwinding,
            _ => return None,
        };
        (found == asked.datatype).then(|| BuildUpRow {
            symbol_token: listing.token.clone(),
            ltp: Some(rupees(Paise(change.last))),
            net_change: Some(rupees(Paise(change.price))),
            percent_change: Some(change.price_percent),
            opn_interest: whole(change.interest),
            net_change_opn_interest: whole(change.interest_change),
            trading_symbol: listing.symbol.clone(),
        })
    });
    Ok(success(Rows(Vec::from_iter(row))))
}

async fn nse_intraday(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::NSE_INTRADAY, &headers)?;
    Ok(success(intraday(&twin, Exchange::Nse)))
}

async fn bse_intraday(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::BSE_INTRADAY, &headers)?;
    Ok(success(intraday(&twin, Exchange::Bse)))
}

/// The played share, of which no more may be traded than is paid.
fn intraday(twin: &Twin, exchange: Exchange) -> Rows<IntradayRow> {
    let listing = &twin.exchange.listing;
    let row = (listing.exchange == Some(exchange) && listing.is_share()).then(|| IntradayRow {
        exchange: exchange.into(),
        symbol_name: listing.name.clone(),
        multiplier: whole(1),
    });
    Rows(Vec::from_iter(row))
}

/// No share is under surveillance.
async fn cautionary(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::CAUTIONARY, &headers)?;
    Ok(success(Rows::<CautionaryRow>::default()))
}
