//! How far from the last price an order may go: the price of a market order, and the exchange's range.
//!
//! Source: angelone.in on market price protection (December 2024) for [`market_price`]; NSE circular
//!         FAOP/54242 and brokers' pages on limit price protection for [`limit_range`]. The exchange
//!         takes the average price of the last 30 seconds as reference; here it is the last price.

use super::charges::Rate;
use super::instrument::{Instrument, Kind};
use super::order::Side;
use crate::units::{Money, Paise};

/// Percent in ten-millionths.
const PERCENT: i64 = 100_000;

/// The share of the last price that a market order may go beyond it.
const fn distance(kind: Kind, last: Paise) -> Rate {
    let step = match last.0 {
        ..1_000 => 0,
        1_000..2_000 => 1,
        2_000..=5_000 => 2,
        _ => 3,
    };
    Rate(match (kind, step) {
        (Kind::Cash | Kind::IndexFuture, _) => PERCENT / 2,
        (Kind::StockFuture | Kind::CommodityFuture, _) => PERCENT,
        (Kind::StockOption, 0) => 40 * PERCENT,
        (Kind::StockOption, 1) | (Kind::IndexOption | Kind::CommodityOption, 0) => 20 * PERCENT,
        (Kind::StockOption, 2) | (Kind::IndexOption | Kind::CommodityOption, 1) => 10 * PERCENT,
        (Kind::StockOption, _) | (Kind::IndexOption | Kind::CommodityOption, 2) => 5 * PERCENT,
        (Kind::IndexOption | Kind::CommodityOption, _) => 5 * PERCENT / 2,
    })
}

/// The limit that a market order becomes: whole ticks beyond the last price, one at least, within the
/// day's circuits.
#[must_use]
pub fn market_price(instrument: &Instrument, side: Side, last: Paise) -> Paise {
    let tick = instrument.tick.0;
    let room = part(distance(instrument.kind, last), last);
    let price = match side {
        Side::Buy => {
            let from = last.0 - last.0.rem_euclid(tick);
            let most = last.0 + room;
            (most - most.rem_euclid(tick)).max(from + tick)
        }
        Side::Sell => {
            let least = last.0 - room;
            let up = least + (tick - least.rem_euclid(tick)) % tick;
            up.min(last.0 - tick - last.0.rem_euclid(tick)).max(tick)
        }
    };
    Paise(price.clamp(instrument.lower_circuit.0, instrument.upper_circuit.0))
}

/// The lowest price of a sale and the highest of a buy, where the exchange has such a range.
#[must_use]
pub fn limit_range(kind: Kind, last: Paise) -> Option<(Paise, Paise)> {
    let (share, least) = match kind {
        Kind::IndexOption | Kind::StockOption => (40 * PERCENT, 2_000),
        Kind::IndexFuture => (2 * PERCENT, 20_000),
        Kind::StockFuture => (3 * PERCENT, 150),
        Kind::Cash | Kind::CommodityFuture | Kind::CommodityOption => return None,
    };
    let half = Paise(part(Rate(share), last).max(least));
    Some((last - half, last + half))
}

fn part(share: Rate, price: Paise) -> i64 {
    share.of(Money(i128::from(price.0))).0 as i64
}
