//! An order as the broker shows it: what was asked for, and how far it has come.

use std::fmt;

use super::charges::Charges;
use super::instrument::Key;
use super::refusal::Rejection;
use super::words::words;
use crate::units::{EventTime, Money, Paise, Qty};

words! {
    /// The side of an order.
    pub enum Side {
        /// Takes from the asks.
        Buy = "BUY",
        /// Takes from the bids.
        Sell = "SELL",
    }
}

impl Side {
    /// Whether a price of this side is as good as `limit`, or better for the other party.
    #[must_use]
    pub fn reaches(self, limit: Paise, price: Paise) -> bool {
        match self {
            Self::Buy => price <= limit,
            Self::Sell => price >= limit,
        }
    }

    /// A quantity as it changes a position: sales are negative.
    pub(super) const fn signed(self, amount: i64) -> i64 {
        match self {
            Self::Buy => amount,
            Self::Sell => -amount,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

words! {
    /// Which book of the broker an order goes to.
    ///
    /// Source: SmartAPI documentation, Orders (July 2026); orders after hours are sent as NORMAL.
    pub enum Variety {
        /// Limit and market orders.
        Normal = "NORMAL",
        /// Orders that wait for a trigger.
        StopLoss = "STOPLOSS",
        /// Orders with a target and a stop of their own; blocked.
        Robo = "ROBO",
    }
}

words! {
    /// How an order is priced.
    pub enum OrderType {
        /// At the limit price or better.
        Limit = "LIMIT",
        /// At the protection price or better.
        Market = "MARKET",
        /// A limit order once the trigger is reached.
        StopLimit = "STOPLOSS_LIMIT",
        /// A market order once the trigger is reached.
        StopMarket = "STOPLOSS_MARKET",
    }
}

impl OrderType {
    /// Whether it waits for a trigger.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::StopLimit | Self::StopMarket)
    }

    /// Whether its sender names the price.
    #[must_use]
    pub const fn is_priced(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }
}

words! {
    /// What becomes of the position at the end of the day, and who may hold it.
    pub enum Product {
        /// Shares to keep.
        Delivery = "DELIVERY",
        /// Futures and options to keep.
        Carryforward = "CARRYFORWARD",
        /// Shares on credit.
        Margin = "MARGIN",
        /// Closed the same day.
        Intraday = "INTRADAY",
        /// Of variety ROBO.
        Bracket = "BO",
    }
}

words! {
    /// How long an order rests.
    pub enum Duration {
        /// Until the session closes.
        Day = "DAY",
        /// Not at all: what does not trade at once is cancelled.
        Ioc = "IOC",
    }
}

words! {
    /// Where an order stands.
    ///
    /// Source: SmartAPI documentation, Orders and Order status (July 2026).
    pub enum Status {
        /// The broker has it.
        Received = "put order req received",
        /// The broker examines it.
        Validating = "validation pending",
        /// It is on its way to the exchange.
        OpenPending = "open pending",
        /// It stands in the book, whole or what is left of it.
        Open = "open",
        /// It waits at the exchange for its trigger.
        TriggerPending = "trigger pending",
        /// A modification is on its way to the exchange.
        ModifyPending = "modify pending",
        /// The modification has arrived.
        Modified = "modified",
        /// All of it has traded.
        Complete = "complete",
        /// Nothing of it came to the book.
        Rejected = "rejected",
        /// What had not traded was withdrawn.
        Cancelled = "cancelled",
        /// It waits at the broker for the next session.
        AfterMarket = "after market order req received",
        /// It waits as before, with other terms.
        AfterMarketModified = "modify after market order req received",
        /// It was withdrawn before its session.
        AfterMarketCancelled = "cancelled after market order",
    }
}

impl Status {
    /// Whether nothing can happen to the order any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::Rejected | Self::Cancelled | Self::AfterMarketCancelled
        )
    }

    /// Whether it waits at the broker for a session.
    #[must_use]
    pub const fn is_after_market(self) -> bool {
        matches!(self, Self::AfterMarket | Self::AfterMarketModified)
    }

    /// Whether an order can go from here to `next` in one step; a partial fill keeps the status.
    #[must_use]
    pub fn leads_to(self, next: Self) -> bool {
        use Status as S;
        let steps: &[Self] = match self {
            S::Received => &[S::Validating, S::AfterMarket],
            S::AfterMarket | S::AfterMarketModified => {
                &[S::AfterMarketModified, S::AfterMarketCancelled, S::Validating, S::Cancelled]
            }
            S::Validating => &[S::OpenPending, S::Rejected, S::Cancelled],
            S::OpenPending => &[S::Open, S::TriggerPending, S::Cancelled],
            S::Open => &[S::Open, S::Complete, S::Cancelled, S::ModifyPending],
            S::TriggerPending => &[S::Open, S::Rejected, S::Cancelled, S::ModifyPending],
            S::ModifyPending => &[
                S::ModifyPending,
                S::Modified,
                S::Open,
                S::TriggerPending,
                S::Complete,
                S::Rejected,
                S::Cancelled,
            ],
            S::Modified => &[S::Open, S::TriggerPending],
            S::Complete | S::Rejected | S::Cancelled | S::AfterMarketCancelled => &[],
        };
        steps.contains(&next)
    }
}

/// The broker's number of an order: YYMMDD of its day, then nine digits.
///
/// Source: SmartAPI documentation, Orders (July 2026), e.g. 251020000000111.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:015}", self.0)
    }
}

/// The broker's second name of an order; prints as a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UniqueId(pub u128);

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |shift: u32, digits: u32| (self.0 >> shift) & ((1 << (4 * digits)) - 1);
        let (a, b, c) = (hex(96, 8), hex(80, 4), hex(64, 4));
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", hex(48, 4), hex(0, 12))
    }
}

/// What can be changed of an order by a modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How it is priced.
    pub order_type: OrderType,
    /// For which product.
    pub product: Product,
    /// How long it rests.
    pub duration: Duration,
    /// In units, not lots; what has traded already included.
    pub qty: Qty,
    /// The limit; where the type names no price 0, or any other price.
    pub price: Paise,
    /// The trigger; where the type has none 0, or any other price.
    pub trigger: Paise,
}

/// An order that is to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Of what.
    pub instrument: Key,
    /// Which book.
    pub variety: Variety,
    /// Which side.
    pub side: Side,
    /// At which terms.
    pub terms: Terms,
    /// Shown in the book; nothing here depends on it.
    pub disclosed: Qty,
    /// The sender's mark, shorter than 20 characters.
    pub tag: String,
}

/// Other terms for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modification {
    /// Which order.
    pub id: OrderId,
    /// Must be the order's.
    pub variety: Variety,
    /// All of them, also those that stay.
    pub terms: Terms,
    /// Shown in the book; `None` leaves it, as far as the quantity allows.
    pub disclosed: Option<Qty>,
}

/// Why an order stands where it stands; [`fmt::Display`] gives the text of the order book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Note {
    /// Nothing to say.
    #[default]
    None,
    /// The broker or the exchange rejected it.
    Rejected(Rejection),
    /// Its owner withdrew it.
    Withdrawn,
    /// What an IOC order could not trade at once.
    Immediate,
    /// The session closed.
    DayOver,
    /// A modification arrived when as much or more had traded.
    ModifiedTooLate,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::Withdrawn => f.write_str("Order cancelled by user"),
            Self::Immediate => f.write_str("Unmatched quantity of the IOC order cancelled"),
            Self::DayOver => f.write_str("Order cancelled at the end of the session"),
            Self::ModifiedTooLate => f.write_str("Modification refused: quantity already traded"),
        }
    }
}

/// An order as the order book shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The broker's number.
    pub id: OrderId,
    /// The broker's second name.
    pub unique_id: UniqueId,
    /// The exchange's number, once it has arrived there.
    pub exchange_id: Option<u64>,
    /// Of what.
    pub instrument: Key,
    /// Which book.
    pub variety: Variety,
    /// Which side.
    pub side: Side,
    /// The terms; a market order shows as the limit order that it became.
    pub terms: Terms,
    /// Shown in the book.
    pub disclosed: Qty,
    /// The sender's mark.
    pub tag: String,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub note: Note,
    /// Traded so far.
    pub filled: Qty,
    /// What the trades came to, exactly.
    pub value: Money,
    /// Withdrawn without having traded.
    pub cancelled: Qty,
    /// What the trades cost so far.
    pub charges: Charges,
    /// The last trade's number and time.
    pub last_fill: Option<(u64, EventTime)>,
    /// When the broker got it.
    pub placed_at: EventTime,
    /// When the exchange got it.
    pub arrived_at: Option<EventTime>,
    /// When it last changed.
    pub updated_at: EventTime,
}

impl Order {
    /// What may still trade: nothing once the order is final.
    #[must_use]
    pub fn unfilled(&self) -> Qty {
        self.terms.qty - self.filled - self.cancelled
    }

    /// The average price of the trades, rounded half up to a paisa; 0 without one.
    #[must_use]
    pub fn average(&self) -> Paise {
        average(self.value, self.filled)
    }
}

/// An amount per unit, rounded half up to a paisa; 0 for no units.
#[must_use]
pub fn average(amount: Money, qty: Qty) -> Paise {
    let units = i128::from(qty.0);
    if units == 0 { Paise(0) } else { Paise(((2 * amount.0 + units).div_euclid(2 * units)) as i64) }
}

/// One trade of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub order: OrderId,
    /// Of what.
    pub instrument: Key,
    /// For which product.
    pub product: Product,
    /// Which side.
    pub side: Side,
    /// At which price.
    pub price: Paise,
    /// How much.
    pub qty: Qty,
    /// When.
    pub at: EventTime,
}

impl Trade {
    /// Price times quantity.
    #[must_use]
    pub fn value(&self) -> Money {
        self.price * self.qty
    }
}

/// One step of an order's life: the order after it, and the trade if it was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEvent {
    /// The order after the step.
    pub order: Order,
    /// The trade that was the step.
    pub trade: Option<Trade>,
    /// When, by the venue's time.
    pub at: EventTime,
}
