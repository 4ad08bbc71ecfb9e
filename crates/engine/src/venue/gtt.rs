//! Good-till-triggered rules: they wait for a price for days, and then place an order.
//!
//! Source: SmartAPI documentation, GTT (July 2026), for the statuses and the error codes; forum threads
//!         4832 and 5155 for OCO. Which way a trigger has to be crossed is documented nowhere: here
//!         it is the way from the last price when the rule was made, or else from the first one since.

use std::fmt;

use super::instrument::{Instrument, Key};
use super::order::{Duration, OrderId, OrderRequest, OrderType, Product, Side, Terms, Variety};
use super::refusal::{Refusal, Rejection};
use super::words::words;
use super::{Venue, checks};
use crate::units::{EventTime, Micros, Paise, Qty};

/// Rules of an account; above it the oldest that are over are forgotten.
pub const MOST_RULES: usize = 500;

/// Days that a rule waits unless it names others, and the most that it may name.
const MOST_DAYS: u32 = 365;

words! {
    /// Where a rule stands.
    pub enum RuleStatus {
        /// Made; no price has come since.
        New = "NEW",
        /// It watches the price.
        Active = "ACTIVE",
        /// It has placed its order.
        Sent = "SENTTOEXCHANGE",
        /// Withdrawn, expired, or its order was refused.
        Cancelled = "CANCELLED",
    }
}

impl RuleStatus {
    /// Whether it still waits for its price.
    #[must_use]
    pub const fn waits(self) -> bool {
        matches!(self, Self::New | Self::Active)
    }
}

/// The broker's number of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(pub u64);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A trigger and the limit of the order that it places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The limit.
    pub price: Paise,
    /// The last price that sets it off.
    pub trigger: Paise,
}

/// A rule that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleRequest {
    /// Of what.
    pub instrument: Key,
    /// Which side.
    pub side: Side,
    /// For which product.
    pub product: Product,
    /// How much.
    pub qty: Qty,
    /// Shown in the book.
    pub disclosed: Qty,
    /// The leg; of an OCO rule the target.
    pub leg: Leg,
    /// The stop of an OCO rule: whichever leg comes first places the only order.
    pub stop: Option<Leg>,
    /// Days to wait.
    pub days: Option<u32>,
}

/// Other figures for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// Which.
    pub id: RuleId,
    /// Must be the rule's.
    pub instrument: Key,
    /// How much.
    pub qty: Qty,
    /// Shown in the book.
    pub disclosed: Qty,
    /// The leg; of an OCO rule the target.
    pub leg: Leg,
    /// The other leg, if the rule has one; `None` leaves it.
    pub stop: Option<Leg>,
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The broker's number.
    pub id: RuleId,
    /// What it does when.
    pub request: RuleRequest,
    /// Where it stands.
    pub status: RuleStatus,
    /// The last price from which the way to the trigger is judged.
    pub from: Option<Paise>,
    /// The order that it placed.
    pub order: Option<OrderId>,
    /// Why its order was refused.
    pub refusal: Option<Refusal>,
    /// When it was made.
    pub created_at: EventTime,
    /// When it last changed.
    pub updated_at: EventTime,
    /// When it ends.
    pub expires_at: EventTime,
}

impl Rule {
    /// The leg that `last` sets off: the target of an OCO rule is reached from its side's good end and
    /// the stop from the bad one, a single leg from where the price was at first.
    fn set_off(&self, last: Paise) -> Option<Leg> {
        let RuleRequest { side, leg, stop, .. } = self.request;
        let Some(stop) = stop else {
            let falls = self.from.is_some_and(|from| leg.trigger < from);
            let crossed = if falls { last <= leg.trigger } else { last >= leg.trigger };
            return crossed.then_some(leg);
        };
        let target = side.reaches(leg.trigger, last).then_some(leg);
        target.or_else(|| side.other().reaches(stop.trigger, last).then_some(stop))
    }
}

/// Why the broker refuses a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleRefusal {
    /// As many rules as the broker takes are waiting.
    Full(usize),
    /// The rule has been sent or cancelled.
    State(RuleId, RuleStatus),
    /// Not above zero, no multiple of the lot, or too large.
    Qty(Qty),
    /// Below zero, or above the quantity.
    Disclosed(Qty),
    /// Not above zero, off the tick, or outside the circuits.
    Price(Paise),
    /// The same of a trigger; or a target and a stop that lie the wrong way round.
    Trigger(Paise),
    /// No such instrument, or not the rule's.
    Token(Key),
    /// No such rule.
    Unknown(RuleId),
    /// The product is not for the instrument.
    Product(Product),
    /// More days than a rule may wait, or none.
    Days(u32),
}

impl RuleRefusal {
    /// The broker's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Full(_) | Self::State(..) => "AB9001",
            Self::Qty(_) => "AB9006",
            Self::Disclosed(_) => "AB9007",
            Self::Price(_) => "AB9008",
            Self::Trigger(_) => "AB9009",
            Self::Token(_) => "AB9011",
            Self::Unknown(_) => "AB9013",
            Self::Product(_) => "AB9015",
            Self::Days(_) => "AB9016",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Full(_) => "withdraw rules that are no longer wanted",
            Self::State(..) | Self::Unknown(_) => "look the rule up in the list of rules",
            Self::Qty(_) => "send a multiple of the lot size, within the freeze quantity",
            Self::Disclosed(_) => "send 0, or a part of the quantity",
            Self::Price(_) | Self::Trigger(_) => {
                "send multiples of the tick size within the circuits; the target of a sale lies above \
                 its stop, that of a buy below"
            }
            Self::Token(_) => "look the token up in today's scrip master",
            Self::Product(_) => "DELIVERY or MARGIN for shares, CARRYFORWARD for the others",
            Self::Days(_) => "send from 1 to 365 days",
        }
    }
}

impl fmt::Display for RuleRefusal {
    /// The message of the answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(most) => write!(f, "Too many rules: at most {most} may wait"),
            Self::State(id, status) => write!(f, "Rule {id} is {status}"),
            Self::Qty(qty) => write!(f, "Invalid quantity {}", qty.0),
            Self::Disclosed(qty) => write!(f, "Invalid disclosed quantity {}", qty.0),
            Self::Price(price) => write!(f, "Invalid price {price}"),
            Self::Trigger(trigger) => write!(f, "Invalid trigger price {trigger}"),
            Self::Token(key) => write!(f, "Invalid symbol token: {key}"),
            Self::Unknown(id) => write!(f, "Invalid rule id {id}"),
            Self::Product(product) => write!(f, "Invalid product type {product}"),
            Self::Days(days) => write!(f, "Invalid time period of {days} days"),
        }
    }
}

impl std::error::Error for RuleRefusal {}

fn sound(instrument: &Instrument, request: &RuleRequest) -> Result<(), RuleRefusal> {
    let RuleRequest { side, product, qty, disclosed, leg, stop, .. } = *request;
    if product == Product::Intraday || !checks::fits(product, instrument.kind) {
        return Err(RuleRefusal::Product(product));
    }
    if qty <= Qty::ZERO {
        return Err(RuleRefusal::Qty(qty));
    }
    if disclosed < Qty::ZERO || disclosed > qty {
        return Err(RuleRefusal::Disclosed(disclosed));
    }
    for Leg { price, trigger } in [Some(leg), stop].into_iter().flatten() {
        let terms = limit(product, qty, price);
        for (figure, refusal) in
            [(price, RuleRefusal::Price as fn(Paise) -> _), (trigger, RuleRefusal::Trigger)]
        {
            let flaw =
                checks::flaw(instrument, side, &Terms { price: figure, ..terms }, false, None);
            match flaw {
                Err(Rejection::Lot { .. } | Rejection::Freeze { .. }) => {
                    return Err(RuleRefusal::Qty(qty));
                }
                Ok(()) if figure > Paise(0) => {}
                Ok(()) | Err(_) => return Err(refusal(figure)),
            }
        }
    }
    match stop {
        Some(stop) if side.reaches(leg.trigger, stop.trigger) => {
            Err(RuleRefusal::Trigger(stop.trigger))
        }
        _ => Ok(()),
    }
}

const fn limit(product: Product, qty: Qty, price: Paise) -> Terms {
    let (order_type, duration) = (OrderType::Limit, Duration::Day);
    Terms { order_type, product, duration, qty, price, trigger: Paise(0) }
}

impl Venue {
    /// Makes a rule.
    ///
    /// Errors: [`RuleRefusal`] with the broker's code.
    pub fn create_rule(
        &mut self,
        request: RuleRequest,
        now: EventTime,
    ) -> Result<RuleId, RuleRefusal> {
        let now = self.catch_up(now);
        let key = request.instrument;
        let instrument = *self.instrument(key).ok_or(RuleRefusal::Token(key))?;
        sound(&instrument, &request)?;
        let days = request.days.unwrap_or(MOST_DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(RuleRefusal::Days(days));
        }
        if self.gtt.len() >= MOST_RULES {
            let over = self.gtt.values().find(|rule| !rule.status.waits()).map(|rule| rule.id);
            self.gtt.remove(&over.ok_or(RuleRefusal::Full(MOST_RULES))?);
        }
        let id = RuleId(self.ids.rule());
        let rule = Rule {
            id,
            request,
            status: RuleStatus::New,
            from: self.last(key),
            order: None,
            refusal: None,
            created_at: now,
            updated_at: now,
            expires_at: self.rules.zone.day_start(now) + Micros(Micros::DAY.0 * i64::from(days)),
        };
        self.gtt.insert(id, rule);
        Ok(id)
    }

    /// Gives a rule other figures; the way to its trigger is judged anew.
    ///
    /// Errors: [`RuleRefusal`] with the broker's code; the rule stays as it was.
    pub fn change_rule(&mut self, change: RuleChange, now: EventTime) -> Result<(), RuleRefusal> {
        let now = self.catch_up(now);
        let instrument = self.waiting_rule(change.id, change.instrument)?;
        let last = self.last(change.instrument);
        let rule = self.gtt.get_mut(&change.id).ok_or(RuleRefusal::Unknown(change.id))?;
        let RuleChange { qty, disclosed, leg, stop, .. } = change;
        let stop = stop.or(rule.request.stop);
        let request = RuleRequest { qty, disclosed, leg, stop, ..rule.request };
        sound(&instrument, &request)?;
        (rule.request, rule.from, rule.updated_at) = (request, last.or(rule.from), now);
        Ok(())
    }

    /// Withdraws a rule.
    ///
    /// Errors: [`RuleRefusal`] for a rule that is unknown or waits no more.
    pub fn cancel_rule(
        &mut self,
        id: RuleId,
        instrument: Key,
        now: EventTime,
    ) -> Result<(), RuleRefusal> {
        let now = self.catch_up(now);
        self.waiting_rule(id, instrument)?;
        let rule = self.gtt.get_mut(&id).ok_or(RuleRefusal::Unknown(id))?;
        (rule.status, rule.updated_at) = (RuleStatus::Cancelled, now);
        Ok(())
    }

    /// One rule.
    #[must_use]
    pub fn gtt_rule(&self, id: RuleId) -> Option<&Rule> {
        self.gtt.get(&id)
    }

    /// All rules, oldest first.
    pub fn gtt_rules(&self) -> impl Iterator<Item = &Rule> {
        self.gtt.values()
    }

    fn waiting_rule(&self, id: RuleId, key: Key) -> Result<Instrument, RuleRefusal> {
        let rule = self.gtt.get(&id).ok_or(RuleRefusal::Unknown(id))?;
        if rule.request.instrument != key {
            return Err(RuleRefusal::Token(key));
        }
        if !rule.status.waits() {
            return Err(RuleRefusal::State(id, rule.status));
        }
        self.instrument(key).copied().ok_or(RuleRefusal::Token(key))
    }

    /// Places the orders of the rules that a price sets off.
    pub(super) fn fire_rules(&mut self, key: Key, last: Paise, now: EventTime) {
        let waiting = |rule: &&Rule| rule.status.waits() && rule.request.instrument == key;
        let ids: Vec<RuleId> = self.gtt.values().filter(waiting).map(|rule| rule.id).collect();
        for id in ids {
            let Some(rule) = self.gtt.get_mut(&id) else { continue };
            rule.from = rule.from.or(Some(last));
            rule.status = RuleStatus::Active;
            let rule = *rule;
            if let Some(leg) = rule.set_off(last) {
                self.send(rule, leg, now);
            }
        }
    }

    fn send(&mut self, mut rule: Rule, leg: Leg, now: EventTime) {
        let RuleRequest { instrument, side, product, qty, disclosed, .. } = rule.request;
        let terms = limit(product, qty, leg.price);
        let variety = Variety::Normal;
        let tag = String::new();
        let order = OrderRequest { instrument, variety, side, terms, disclosed, tag };
        rule.updated_at = now;
        match self.place(order, now) {
            Ok(receipt) => (rule.status, rule.order) = (RuleStatus::Sent, Some(receipt.id)),
            Err(refusal) => {
                (rule.status, rule.refusal) = (RuleStatus::Cancelled, Some(refusal));
            }
        }
        self.gtt.insert(rule.id, rule);
    }

    /// Ends the rules whose days are over.
    pub(super) fn expire_rules(&mut self, today: EventTime) {
        for rule in self.gtt.values_mut().filter(|rule| rule.status.waits()) {
            if rule.expires_at <= today {
                (rule.status, rule.updated_at) = (RuleStatus::Cancelled, today);
            }
        }
    }
}
