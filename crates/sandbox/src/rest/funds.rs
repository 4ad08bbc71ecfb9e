//! The account's money, and what positions and orders would take of it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use engine::units::{Money, Paise, Qty};
use engine::venue::{self, Charges, Instrument, MOST_QTY, Rejection, Segment, Side};
use smartapi::rest::{
    self, Charge, ChargesEstimate, ChargesRequest, Exchange, Funds, MOST_MARGIN_POSITIONS, Margin,
    MarginComponents, MarginPosition, MarginRequest, Product, routes,
};
use smartapi::wire::Rupees;

use super::{Answer, Refusal, paise, success, under, unknown};
use crate::exchange::words::{self, amount};
use crate::twin::Twin;

/// The code of a price or quantity that nothing can have.
const BAD_FIGURE: &str = "AB1007";
/// Orders of one estimate: as many as a margin has positions, for charges the broker documents nothing.
const MOST_ESTIMATED: usize = MOST_MARGIN_POSITIONS;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([
        (routes::FUNDS, get(funds)),
        (routes::MARGIN, post(margin)),
        (routes::CHARGES, post(charges)),
    ])
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

/// What positions would block, each for itself: nothing is netted.
async fn margin(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: MarginRequest = twin.admit(routes::MARGIN, &headers, &body)?;
    let count = asked.positions.len();
    if !(1..=MOST_MARGIN_POSITIONS).contains(&count) {
        let what = format!("{count} positions asked, 1 to {MOST_MARGIN_POSITIONS} are allowed");
        return Err(Refusal::Broker("AB1004", what.into()));
    }
    let last = twin.at_exchange(|floor| Paise(floor.packet().quote.head.ltp.get()));
    let mut needs = Needs::default();
    for position in &asked.positions {
        let instrument = twin.listed(position.exchange, &position.token)?;
        needs.add(&instrument, position, last)?;
    }
    let money = |money: Money| Some(amount(money));
    Ok(success(Margin {
        total_margin_required: amount(needs.bought + needs.deposit + needs.delivery + needs.other),
        margin_components: Some(MarginComponents {
            net_premium: money(needs.bought - needs.sold),
            span_margin: money(needs.deposit),
            margin_benefit: money(Money::ZERO),
            delivery_margin: money(needs.delivery),
            non_nfo_margin: money(needs.other),
            tot_options_premium: money(needs.bought),
        }),
    }))
}

/// What positions need, by what it is for.
#[derive(Default)]
struct Needs {
    /// Premiums to pay.
    bought: Money,
    /// Premiums to get.
    sold: Money,
    /// For futures, and for what is sold short.
    deposit: Money,
    /// For shares to keep.
    delivery: Money,
    /// For shares within the day, and outside of NSE's derivatives.
    other: Money,
}

impl Needs {
    fn add(
        &mut self,
        instrument: &Instrument,
        position: &MarginPosition,
        last: Paise,
    ) -> Result<(), Refusal> {
        let qty = quantity(position.qty)?;
        let price = if position.price.is_zero() { last } else { price(position.price)? };
        let is_buy = words::side(position.trade_type) == Side::Buy;
        if instrument.kind.is_future() || !is_buy {
            let deposit = instrument.margin.ok_or(Rejection::Margin);
            let deposit = deposit.map_err(venue::Refusal::from)? * qty;
            *self.of(instrument, position.product_type, true) += deposit;
        }
        match (instrument.kind.is_option(), is_buy) {
            (true, true) => self.bought += price * qty,
            (true, false) => self.sold += price * qty,
            (false, true) if !instrument.kind.is_future() => {
                *self.of(instrument, position.product_type, false) += price * qty;
            }
            (false, _) => {}
        }
        Ok(())
    }

    /// Where a position's need is counted.
    fn of(&mut self, instrument: &Instrument, product: Product, is_deposit: bool) -> &mut Money {
        match (instrument.key.segment, product) {
            (Segment::Nfo, _) => &mut self.deposit,
            (_, Product::Delivery) if !is_deposit => &mut self.delivery,
            _ => &mut self.other,
        }
    }
}

/// What orders would cost by the venue's rates.
async fn charges(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: ChargesRequest = twin.admit(routes::CHARGES, &headers, &body)?;
    let count = asked.orders.len();
    if count > MOST_ESTIMATED {
        let what = format!("{count} orders asked, at most {MOST_ESTIMATED} are allowed");
        return Err(Refusal::Broker("AB1004", what.into()));
    }
    let rates = twin.at_exchange(|floor| floor.venue.rules().rates);
    let (mut all, mut total, mut each) = (Charges::default(), Money::ZERO, Vec::new());
    for order in &asked.orders {
        let instrument = twin.listed(order.exchange, &order.token)?;
        let value = price(order.price)? * quantity(order.quantity)?;
        let rates = rates.of(&instrument, words::product(order.product_type));
        let charges = Charges::of(rates, words::side(order.transaction_type), value);
        all += charges;
        total += value;
        each.push(told(&charges, value));
    }
    Ok(success(ChargesEstimate { summary: told(&all, total), charges: each }))
}

impl Twin {
    /// The instrument that a calculator is asked for.
    fn listed(&self, exchange: Exchange, token: &str) -> Result<Instrument, Refusal> {
        let listing = &self.exchange.listing;
        let instrument = listing.instrument.filter(|_| listing.is(exchange, token));
        instrument.ok_or_else(|| unknown(exchange, token))
    }
}

/// A quantity that is one.
fn quantity(units: i64) -> Result<Qty, Refusal> {
    let refusal = || venue::Refusal::Qty(Qty(units));
    Ok(Some(Qty(units)).filter(|qty| (Qty(1)..=MOST_QTY).contains(qty)).ok_or_else(refusal)?)
}

/// A price that an order may have, or nothing.
fn price(price: Rupees) -> Result<Paise, Refusal> {
    let price = paise(BAD_FIGURE, price)?;
    let fits = (Paise(0)..=Paise::MAX_PRICE).contains(&price);
    Ok(Some(price).filter(|_| fits).ok_or(venue::Refusal::Price(price))?)
}

/// Source: SmartAPI documentation (July 2026), brokerage calculator, for the names and their order.
fn told(charges: &Charges, value: Money) -> rest::Charges {
    let Charges { brokerage, stt, exchange, sebi, stamp, gst } = *charges;
    let charge = |name: &str, parts: &[(&str, Money)]| {
        let part = |&(name, money): &(&str, Money)| Charge {
            name: name.to_owned(),
            amount: amount(money),
            ..Charge::default()
        };
        let sum = parts.iter().map(|(_, money)| *money).sum();
        let breakup = parts.iter().map(part).collect();
        Charge { name: name.to_owned(), amount: amount(sum), msg: String::new(), breakup }
    };
    let external =
        [("Exchange Transaction Charges", exchange), ("Stamp Duty", stamp), ("SEBI Fees", sebi)];
    let taxes = [("Security Transaction Tax", stt), ("GST", gst)];
    let own = Charge { amount: amount(brokerage), ..charge("Angel One Brokerage", &[]) };
    rest::Charges {
        total_charges: amount(charges.total()),
        trade_value: Some(amount(value)),
        breakup: vec![own, charge("External Charges", &external), charge("Taxes", &taxes)],
    }
}
