//! An order with what only the venue knows of it: where it is on its way, and what is due next.

use super::instrument::Instrument;
use super::order::{Order, OrderType, Side, Status, Terms};
use super::protection::market_price;
use crate::units::{EventTime, Paise, Qty};

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trip {
    /// Nothing.
    None,
    /// The order waits for its session, or is being checked, until then.
    ToChecks(EventTime),
    /// The order travels to the exchange, until then.
    ToExchange(EventTime),
    /// A market order of after hours waits for the first price of its session.
    ToFirstPrice,
    /// Other terms travel to the exchange, until then, with what is to be shown of them.
    Modification(EventTime, Terms, Qty),
}

/// What happens to an order next, in the order in which it happens at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Expire,
    Check,
    Arrive,
    Modify,
    Cancel,
}

/// An order and its way.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) order: Order,
    pub(super) trip: Trip,
    /// When the cancellation arrives that was asked for.
    pub(super) cancel_at: Option<EventTime>,
    /// When its session closes.
    pub(super) expires: EventTime,
    /// Whether it stands in the book: it has arrived, and needs no trigger any more.
    pub(super) in_book: bool,
    /// Whether it has met the book yet at its price; until then it takes other people's prices.
    pub(super) met_book: bool,
    /// Its place among orders of the same price.
    pub(super) rank: u64,
    /// What was displayed before it at its price and has not traded since.
    pub(super) ahead: Qty,
}

impl Ticket {
    pub(super) const fn new(order: Order, trip: Trip, expires: EventTime) -> Self {
        Self {
            order,
            trip,
            cancel_at: None,
            expires,
            in_book: false,
            met_book: false,
            rank: 0,
            ahead: Qty::ZERO,
        }
    }

    /// What is due next, and when.
    pub(super) fn due(&self) -> (EventTime, Step) {
        let trip = match self.trip {
            Trip::None | Trip::ToFirstPrice => None,
            Trip::ToChecks(at) => Some((at, Step::Check)),
            Trip::ToExchange(at) => Some((at, Step::Arrive)),
            Trip::Modification(at, ..) => Some((at, Step::Modify)),
        };
        // A cancellation cannot overtake its order.
        let on_its_way = matches!(self.trip, Trip::ToChecks(_) | Trip::ToExchange(_));
        let cancel = self.cancel_at.filter(|_| !on_its_way).map(|at| (at, Step::Cancel));
        let expire = (self.expires, Step::Expire);
        let later = trip.into_iter().chain(cancel);
        later.fold(expire, |first, next| if next.0 < first.0 { next } else { first })
    }

    /// Whether it may trade, so that its money is blocked.
    pub(super) const fn works(&self) -> bool {
        use Status as S;
        matches!(
            self.order.status,
            S::OpenPending | S::Open | S::TriggerPending | S::ModifyPending | S::Modified
        )
    }

    /// Whether it waits for its trigger at the exchange.
    pub(super) const fn waits(&self) -> bool {
        self.works() && self.order.arrived_at.is_some() && !self.in_book
    }

    /// The worst price and the largest quantity at which it may still trade.
    pub(super) fn exposure(&self, instrument: &Instrument) -> (Paise, Qty) {
        let Order { side, terms, filled, .. } = self.order;
        let worst = |terms: &Terms| match terms.order_type {
            OrderType::StopMarket if !self.in_book => market_price(instrument, side, terms.trigger),
            _ => terms.price,
        };
        let (price, qty) = (worst(&terms), self.order.unfilled());
        match self.trip {
            Trip::Modification(_, to, _) => (price.max(worst(&to)), qty.max(to.qty - filled)),
            _ => (price, qty),
        }
    }

    /// Sorts orders of one side as a book does: better prices first, then earlier ones.
    pub(super) const fn priority(&self) -> (Side, i64, u64) {
        let price = self.order.terms.price.0;
        let key = match self.order.side {
            Side::Buy => -price,
            Side::Sell => price,
        };
        (self.order.side, key, self.rank)
    }
}
