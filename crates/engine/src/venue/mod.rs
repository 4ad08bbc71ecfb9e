//! The simulated exchange: how paper and replay fill, and the broker's account behind the sandbox.
//!
//! [`FillModel`] fills a strategy's decisions; [`Venue`] is an account at a broker with orders, trades,
//! positions, funds and charges, matched against a tape's quotes. `docs/venue.md` has its rules.

mod fill_model;
mod words;
mod instrument;
mod order;
mod refusal;
mod charges;
mod protection;
mod hours;
mod rules;
mod book;
mod account;
mod checks;
mod ids;
mod ticket;
mod desk;
mod life;
mod matching;
mod gtt;

use std::collections::{BTreeMap, VecDeque};

use account::{Account, Workings};
use book::Book;
use ids::Ids;
use ticket::Ticket;

pub use crate::config::FillPrice;
use crate::units::{EventTime, Paise, Qty};
pub use account::{Blocked, Funds, Position};
pub use book::{Level, Queue, Quote};
pub use charges::{Brokerage, Charges, Rate, RateCard, Rates};
pub use desk::Conversion;
pub use fill_model::{FillModel, Latency};
pub use gtt::{Leg, MOST_RULES, Rule, RuleChange, RuleId, RuleRefusal, RuleRequest, RuleStatus};
pub use hours::{Days, Hours, Phase};
pub use instrument::{Instrument, Key, Kind, Segment};
pub use order::{
    Duration, Modification, Note, Order, OrderEvent, OrderId, OrderRequest, OrderType, Product,
    Side, Status, Terms, Trade, UniqueId, Variety, average,
};
pub use protection::{limit_range, market_price};
pub use refusal::{Refusal, Rejection};
pub use rules::{Delays, MarketAndIoc, Rules};

/// The largest quantity that is read as one.
pub const MOST_QTY: Qty = Qty(1_000_000_000);
/// Orders that may be alive at a time.
pub const MOST_LIVE: usize = 500;
/// Orders of one day.
pub const MOST_ORDERS: usize = 20_000;
/// Instruments of one venue.
pub const MOST_INSTRUMENTS: usize = 4_096;
/// Events that wait to be taken; above it the oldest are dropped and counted.
pub const MOST_EVENTS: usize = 100_000;

/// What the broker answers to an order that he takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The order's number.
    pub id: OrderId,
    /// Its second name.
    pub unique_id: UniqueId,
}

/// An instrument and its book.
#[derive(Clone, Debug)]
struct Market {
    instrument: Instrument,
    book: Book,
}

/// An account at a broker, and the exchange behind it.
///
/// Manual: [`Venue::list`] the instruments; then call [`Venue::on_quote`] for every packet of the
/// stream, [`Venue::on_time`] now and then, and [`Venue::place`], [`Venue::modify`] and
/// [`Venue::cancel`] as the user does. Each call first carries out what was due until `now`, so time
/// must not step back; if it does, the latest time counts. After any call, also a refused one,
/// [`Venue::take_events`] has what happened, in order.
///
/// It has no clock and no randomness: the same calls give the same ids, events and figures.
#[derive(Clone, Debug)]
pub struct Venue {
    rules: Rules,
    markets: BTreeMap<Key, Market>,
    tickets: BTreeMap<OrderId, Ticket>,
    /// Orders that are not final, in the order of their placement.
    live: Vec<OrderId>,
    trades: Vec<Trade>,
    account: Account,
    gtt: BTreeMap<RuleId, Rule>,
    ids: Ids,
    events: VecDeque<OrderEvent>,
    dropped: u64,
    now: EventTime,
    /// The midnight with which the current day began.
    day: EventTime,
    ranks: u64,
    delays_drawn: u64,
}

impl Venue {
    /// An account with nothing but its opening balance.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            account: Account::new(rules.opening),
            ids: Ids::new(rules.seed),
            rules,
            markets: BTreeMap::new(),
            tickets: BTreeMap::new(),
            live: Vec::new(),
            trades: Vec::new(),
            gtt: BTreeMap::new(),
            events: VecDeque::new(),
            dropped: 0,
            now: EventTime::MIN,
            day: EventTime::MIN,
            ranks: 0,
            delays_drawn: 0,
        }
    }

    /// Makes an instrument known, or gives a known one other figures, such as a new day's circuits.
    ///
    /// Errors: [`Refusal::Listing`] for figures that cannot be traded with, such as a lot of 0, and
    ///         [`Refusal::Full`] above [`MOST_INSTRUMENTS`].
    pub fn list(&mut self, instrument: Instrument) -> Result<(), Refusal> {
        if !instrument.is_sound() {
            return Err(Refusal::Listing(instrument.key));
        }
        if let Some(market) = self.markets.get_mut(&instrument.key) {
            market.instrument = instrument;
            return Ok(());
        }
        if self.markets.len() >= MOST_INSTRUMENTS {
            return Err(Refusal::Full(MOST_INSTRUMENTS));
        }
        self.markets.insert(instrument.key, Market { instrument, book: Book::default() });
        Ok(())
    }

    /// The rules by which it was made.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// An instrument as it was listed.
    #[must_use]
    pub fn instrument(&self, key: Key) -> Option<&Instrument> {
        self.markets.get(&key).map(|market| &market.instrument)
    }

    /// The last price of an instrument.
    #[must_use]
    pub fn last(&self, key: Key) -> Option<Paise> {
        self.markets.get(&key)?.book.last()
    }

    /// Whether the next quote may bring something about: an order is alive, or a GTT rule waits.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        !self.live.is_empty() || self.gtt.values().any(|rule| rule.status.waits())
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<OrderEvent> {
        self.events.drain(..).collect()
    }

    /// Events that nobody took in time.
    #[must_use]
    pub const fn dropped_events(&self) -> u64 {
        self.dropped
    }

    /// The day's orders and those still alive, oldest first.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.tickets.values().map(|ticket| &ticket.order)
    }

    /// One of them.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.tickets.get(&id).map(|ticket| &ticket.order)
    }

    /// The day's trades, oldest first.
    #[must_use]
    pub fn trades(&self) -> &[Trade] {
        &self.trades
    }

    /// What is or was held today, by instrument and product.
    pub fn positions(&self) -> impl Iterator<Item = (Key, Product, &Position)> {
        self.account.positions.iter().map(|(&(key, product), position)| (key, product, position))
    }

    /// The account's money as of the last call.
    #[must_use]
    pub fn funds(&self) -> Funds {
        self.funds_with(&self.workings())
    }

    /// What all trades cost, part by part.
    #[must_use]
    pub const fn charges(&self) -> &Charges {
        &self.account.charges
    }

    fn funds_with(&self, workings: &Workings) -> Funds {
        self.account.funds(workings, |key| {
            self.markets.get(&key).map(|market| (market.instrument, market.book.last()))
        })
    }

    fn workings(&self) -> Workings {
        let mut workings = Workings::new();
        for ticket in self.live.iter().filter_map(|id| self.tickets.get(id)) {
            let order = &ticket.order;
            let market = self.markets.get(&order.instrument).filter(|_| ticket.works());
            if let Some(market) = market {
                let (price, qty) = ticket.exposure(&market.instrument);
                let place = (order.instrument, order.terms.product);
                workings.entry(place).or_default().add(order.side, price, qty);
            }
        }
        workings
    }
}
