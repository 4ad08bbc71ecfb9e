//! The broker's desk: what comes in from the user, refused at once or given a number.

use super::account::needs_margin;
use super::checks;
use super::hours::Phase;
use super::instrument::{Instrument, Key};
use super::order::{
    Duration, Modification, Note, Order, OrderId, OrderRequest, OrderType, Product, Side, Status,
    Terms, Variety,
};
use super::protection::market_price;
use super::refusal::{Refusal, Rejection};
use super::ticket::{Ticket, Trip};
use super::{Charges, MOST_LIVE, MOST_ORDERS, Receipt, Venue};
use crate::units::{EventTime, Money, Qty};

/// Characters of a tag.
const LONGEST_TAG: usize = 19;

impl Venue {
    /// Takes an order; what becomes of it, rejections included, is told by events.
    ///
    /// Errors: [`Refusal`] for what the broker answers with an error code; the order has no number then.
    pub fn place(&mut self, request: OrderRequest, now: EventTime) -> Result<Receipt, Refusal> {
        let now = self.catch_up(now);
        let OrderRequest { instrument: key, variety, side, terms, disclosed, tag } = request;
        let instrument = *self.instrument(key).ok_or(Refusal::Instrument(key))?;
        checks::form(self.rules.market_and_ioc, &instrument, variety, &terms)?;
        checks::disclosed(disclosed, terms.qty)?;
        let length = tag.chars().count();
        if length > LONGEST_TAG {
            return Err(Refusal::Tag(length));
        }
        for (count, most) in [(self.live.len(), MOST_LIVE), (self.tickets.len(), MOST_ORDERS)] {
            if count >= most {
                return Err(Refusal::Full(most));
            }
        }
        let phase = self.rules.phase(&instrument, now);
        if phase == Phase::AfterMarket && terms.duration == Duration::Ioc {
            return Err(Refusal::Duration(Duration::Ioc));
        }
        if phase == Phase::Open && terms.order_type == OrderType::Limit {
            checks::range(&instrument, side, terms.price, self.fresh_last(&instrument))?;
        }
        let (id, unique_id) = self.ids.order(self.rules.zone, now);
        let (opens, expires) = self.rules.session(&instrument, now);
        let checked_at = match phase {
            Phase::AfterMarket => opens,
            Phase::Open | Phase::Shut => now + self.draw_checking(),
        };
        let order = Order {
            id,
            unique_id,
            exchange_id: None,
            instrument: key,
            variety,
            side,
            terms,
            disclosed,
            tag,
            status: Status::Received,
            note: Note::None,
            filled: Qty::ZERO,
            value: Money::ZERO,
            cancelled: Qty::ZERO,
            charges: Charges::default(),
            last_fill: None,
            placed_at: now,
            arrived_at: None,
            updated_at: now,
        };
        self.tickets.insert(id, Ticket::new(order, Trip::ToChecks(checked_at), expires));
        self.live.push(id);
        self.record(id, Status::Received, now);
        match phase {
            Phase::AfterMarket => self.record(id, Status::AfterMarket, now),
            Phase::Open | Phase::Shut => self.record(id, Status::Validating, now),
        }
        self.catch_up(now);
        Ok(Receipt { id, unique_id })
    }

    /// Gives an order other terms.
    ///
    /// Errors: [`Refusal`]; also what would reject a new order refuses a modification at once, and the
    ///         order stays as it was.
    pub fn modify(&mut self, change: Modification, now: EventTime) -> Result<Receipt, Refusal> {
        let now = self.catch_up(now);
        let (receipt, instrument) = self.known(change.id, change.variety)?;
        let ticket = self.tickets.get(&change.id).ok_or(Refusal::Unknown(change.id))?;
        let Order { status, side, filled, disclosed: shown, .. } = ticket.order;
        let (in_book, old) = (ticket.in_book, ticket.order.terms);
        let resting = matches!(status, Status::Open | Status::TriggerPending);
        if !(resting || status.is_after_market()) || ticket.cancel_at.is_some() {
            return Err(Refusal::State(change.id, status));
        }
        let mut terms = change.terms;
        if terms.product != old.product {
            return Err(Refusal::Fixed("product type"));
        }
        if terms.duration != old.duration {
            return Err(Refusal::Fixed("duration"));
        }
        checks::form(self.rules.market_and_ioc, &instrument, change.variety, &terms)?;
        checks::leaves_something(terms.qty, filled)?;
        let disclosed = change.disclosed.unwrap_or(shown.min(terms.qty));
        checks::disclosed(disclosed, terms.qty)?;
        if status.is_after_market() {
            self.change(change.id, |order| (order.terms, order.disclosed) = (terms, disclosed));
            self.record(change.id, Status::AfterMarketModified, now);
            return Ok(receipt);
        }
        let last = self.fresh_last(&instrument);
        let waits = terms.order_type.is_stop() && !in_book;
        checks::flaw(&instrument, side, &terms, waits, last)?;
        self.price(&instrument, side, &mut terms, in_book)?;
        let arrives = now + self.draw_travel();
        self.try_trip(change.id, Trip::Modification(arrives, terms, disclosed), &instrument)?;
        self.record(change.id, Status::ModifyPending, now);
        self.catch_up(now);
        Ok(receipt)
    }

    /// Withdraws what has not traded of an order.
    ///
    /// Errors: [`Refusal`] for an order that is unknown, final, or being withdrawn already.
    pub fn cancel(
        &mut self,
        id: OrderId,
        variety: Variety,
        now: EventTime,
    ) -> Result<Receipt, Refusal> {
        let now = self.catch_up(now);
        let (receipt, _) = self.known(id, variety)?;
        let arrives = now + self.draw_travel();
        let ticket = self.tickets.get_mut(&id).ok_or(Refusal::Unknown(id))?;
        let status = ticket.order.status;
        if status.is_final() || ticket.cancel_at.is_some() {
            return Err(Refusal::State(id, status));
        }
        if status.is_after_market() {
            self.end(id, Status::AfterMarketCancelled, Note::Withdrawn, now);
        } else {
            ticket.cancel_at = Some(arrives);
            self.catch_up(now);
        }
        Ok(receipt)
    }

    /// Moves an open quantity of one side to another product, at its average price.
    ///
    /// Errors: [`Refusal`] for a product that is not for the instrument, for more than is held, and for
    ///         what leaves open orders or short positions without their deposit.
    pub fn convert(&mut self, conversion: Conversion, now: EventTime) -> Result<(), Refusal> {
        self.catch_up(now);
        let Conversion { instrument: key, from, to, side, qty } = conversion;
        let instrument = *self.instrument(key).ok_or(Refusal::Instrument(key))?;
        if !checks::fits(to, instrument.kind) || from == to {
            return Err(Refusal::Product { product: to, segment: key.segment });
        }
        if qty <= Qty::ZERO {
            return Err(Refusal::Qty(qty));
        }
        let net = self.account.net(key, from);
        if net == Qty::ZERO {
            return Err(Refusal::Position(key, from));
        }
        let held = Qty(side.signed(net.0).max(0));
        if qty > held {
            return Err(Refusal::Conversion { qty, held });
        }
        self.try_conversion(conversion, &instrument)
    }

    /// Converts if what stays behind, and what comes about, has its deposit.
    fn try_conversion(
        &mut self,
        Conversion { instrument: key, from, to, side, qty }: Conversion,
        instrument: &Instrument,
    ) -> Result<(), Refusal> {
        let workings = self.workings();
        let before = self.funds_with(&workings).available();
        let old = self.account.clone();
        self.account.convert(key, from, to, side, qty);
        let after = self.funds_with(&workings).available();
        let is_short = |product| {
            let working = workings.get(&(key, product)).copied().unwrap_or_default();
            needs_margin(instrument, self.account.net(key, product), &working)
        };
        let required = before - after;
        let refusal = if instrument.margin.is_none() && (is_short(from) || is_short(to)) {
            Refusal::ConversionMargin(qty)
        } else if after < Money::ZERO && required > Money::ZERO {
            Refusal::ConversionFunds { available: before, required }
        } else {
            return Ok(());
        };
        self.account = old;
        Err(refusal)
    }

    /// The receipt and the instrument of an order of this variety.
    fn known(&self, id: OrderId, variety: Variety) -> Result<(Receipt, Instrument), Refusal> {
        let order = self.order(id).ok_or(Refusal::Unknown(id))?;
        if order.variety != variety {
            return Err(Refusal::OtherVariety { asked: variety, of_order: order.variety });
        }
        let key = order.instrument;
        let instrument = *self.instrument(key).ok_or(Refusal::Instrument(key))?;
        Ok((Receipt { id, unique_id: order.unique_id }, instrument))
    }

    /// Makes a market order a limit order at its protection price, and holds limits to the range.
    pub(super) fn price(
        &self,
        instrument: &Instrument,
        side: Side,
        terms: &mut Terms,
        in_book: bool,
    ) -> Result<(), Rejection> {
        let last = self.fresh_last(instrument);
        let without_price = match terms.order_type {
            OrderType::Market => Some(OrderType::Limit),
            OrderType::StopMarket if in_book => Some(OrderType::StopLimit),
            OrderType::Limit | OrderType::StopLimit | OrderType::StopMarket => None,
        };
        if let Some(order_type) = without_price {
            terms.price = market_price(instrument, side, last.ok_or(Rejection::NoPrice)?);
            terms.order_type = order_type;
        } else if terms.order_type == OrderType::Limit || in_book {
            checks::range(instrument, side, terms.price, last)?;
        }
        Ok(())
    }

    /// Sends an order or a modification on its way if the account can afford it.
    pub(super) fn try_trip(
        &mut self,
        id: OrderId,
        trip: Trip,
        instrument: &Instrument,
    ) -> Result<(), Rejection> {
        let before = self.funds().available();
        let Some(ticket) = self.tickets.get_mut(&id) else { return Ok(()) };
        let (old_trip, old_status) = (ticket.trip, ticket.order.status);
        let place = (ticket.order.instrument, ticket.order.terms.product);
        ticket.trip = trip;
        if !ticket.works() {
            ticket.order.status = Status::OpenPending;
        }
        let workings = self.workings();
        let after = self.funds_with(&workings).available();
        let required = before - after;
        let working = workings.get(&place).copied().unwrap_or_default();
        let net = self.account.net(place.0, place.1);
        let rejection = if needs_margin(instrument, net, &working) && instrument.margin.is_none() {
            Some(Rejection::Margin)
        } else if after < Money::ZERO && required > Money::ZERO {
            Some(Rejection::Funds { available: before, required })
        } else {
            None
        };
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.order.status = old_status;
            if rejection.is_some() {
                ticket.trip = old_trip;
            }
        }
        rejection.map_or(Ok(()), Err)
    }
}

/// A quantity that is to change its product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Of what.
    pub instrument: Key,
    /// The product that it has.
    pub from: Product,
    /// The product that it is to have.
    pub to: Product,
    /// Whether it was bought or sold.
    pub side: Side,
    /// How much.
    pub qty: Qty,
}
