//! What is looked at before an order may go to the exchange.

use super::MOST_QTY;
use super::instrument::{Instrument, Kind};
use super::order::{Duration, OrderType, Product, Side, Terms, Variety};
use super::protection;
use super::refusal::{Refusal, Rejection};
use super::rules::MarketAndIoc;
use crate::units::{Paise, Qty};

/// Refuses what the broker refuses by the look of it, without asking the exchange.
pub(super) fn form(
    rule: MarketAndIoc,
    instrument: &Instrument,
    variety: Variety,
    terms: &Terms,
) -> Result<(), Refusal> {
    let Terms { order_type, product, duration, qty, price, trigger } = *terms;
    if variety == Variety::Robo || product == Product::Bracket {
        return Err(Refusal::Robo);
    }
    if order_type.is_stop() != (variety == Variety::StopLoss) {
        return Err(Refusal::Variety { variety, order_type });
    }
    if !fits(product, instrument.kind) {
        return Err(Refusal::Product { product, segment: instrument.key.segment });
    }
    if duration == Duration::Ioc && (instrument.kind.is_commodity() || order_type.is_stop()) {
        return Err(Refusal::Duration(duration));
    }
    if rule == MarketAndIoc::Refuse {
        if !order_type.is_priced() {
            return Err(Refusal::Prohibited("MARKET"));
        }
        if duration == Duration::Ioc {
            return Err(Refusal::Prohibited("IOC"));
        }
    }
    if !(Qty(1)..=MOST_QTY).contains(&qty) {
        return Err(Refusal::Qty(qty));
    }
    let named = [(order_type.is_priced(), price), (order_type.is_stop(), trigger)];
    let least = |named| Paise(i64::from(named));
    let sound = |named, price| (least(named)..=Paise::MAX_PRICE).contains(&price);
    match named.into_iter().find(|&(named, price)| !sound(named, price)) {
        Some((_, price)) => Err(Refusal::Price(price)),
        None => Ok(()),
    }
}

/// Refuses to show less than nothing, or more than there is.
pub(super) fn disclosed(disclosed: Qty, qty: Qty) -> Result<(), Refusal> {
    let fits = (Qty::ZERO..=qty).contains(&disclosed);
    if fits { Ok(()) } else { Err(Refusal::Disclosed { disclosed, qty }) }
}

/// Whether an instrument may be held as a product.
pub(super) const fn fits(product: Product, kind: Kind) -> bool {
    match product {
        Product::Intraday => true,
        Product::Delivery | Product::Margin => matches!(kind, Kind::Cash),
        Product::Carryforward => !matches!(kind, Kind::Cash),
        Product::Bracket => false,
    }
}

/// What the exchange finds wrong with the figures of an order; `waits` says that its trigger is ahead.
pub(super) fn flaw(
    instrument: &Instrument,
    side: Side,
    terms: &Terms,
    waits: bool,
    last: Option<Paise>,
) -> Result<(), Rejection> {
    let Terms { order_type, qty, price, trigger, .. } = *terms;
    let &Instrument { lot, tick, freeze, lower_circuit, upper_circuit, .. } = instrument;
    if qty.0 % lot.0 != 0 {
        return Err(Rejection::Lot { qty, lot });
    }
    if qty > freeze {
        return Err(Rejection::Freeze { qty, most: freeze });
    }
    let named = [(order_type.is_priced(), price), (waits, trigger)];
    for (_, price) in named.into_iter().filter(|(named, _)| *named) {
        if price.0 % tick.0 != 0 {
            return Err(Rejection::Tick { price, tick });
        }
        if !(lower_circuit..=upper_circuit).contains(&price) {
            return Err(Rejection::Circuit { price, lower: lower_circuit, upper: upper_circuit });
        }
    }
    if waits && order_type == OrderType::StopLimit && !side.reaches(price, trigger) {
        return Err(Rejection::TriggerBeyondPrice { trigger, price });
    }
    match last {
        Some(last) if waits && reached(side, trigger, last) => {
            Err(Rejection::TriggerReached { trigger, last })
        }
        _ => Ok(()),
    }
}

/// Whether the last price sets a stop order off.
pub(super) fn reached(side: Side, trigger: Paise, last: Paise) -> bool {
    side.other().reaches(trigger, last)
}

/// The exchange's range for limit prices: a buy not above it, a sale not below.
pub(super) fn range(
    instrument: &Instrument,
    side: Side,
    price: Paise,
    last: Option<Paise>,
) -> Result<(), Rejection> {
    let Some((lower, upper)) = last.and_then(|last| protection::limit_range(instrument.kind, last))
    else {
        return Ok(());
    };
    let within = match side {
        Side::Buy => price <= upper,
        Side::Sell => price >= lower,
    };
    if within { Ok(()) } else { Err(Rejection::Range { price, lower, upper }) }
}

/// Whether a modification asks for more than has traded.
pub(super) fn leaves_something(qty: Qty, filled: Qty) -> Result<(), Refusal> {
    if qty > filled { Ok(()) } else { Err(Refusal::Filled { qty, filled }) }
}
