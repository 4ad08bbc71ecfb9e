//! Orders against quotes: who trades, with whom, at which price, and how much.

use super::book::{Quote, Resting};
use super::charges::Charges;
use super::instrument::{Instrument, Key};
use super::order::{OrderId, Status, Trade};
use super::refusal::Refusal;
use super::ticket::Trip;
use super::{Queue, Venue};
use crate::units::{EventTime, Paise, Qty};

impl Venue {
    /// Takes a packet of the stream: fills resting orders, then sets off stops and GTT rules.
    ///
    /// Errors: [`Refusal::Instrument`] for an instrument that is not listed.
    pub fn on_quote(&mut self, key: Key, quote: &Quote, now: EventTime) -> Result<(), Refusal> {
        let now = self.catch_up(now);
        let market = self.markets.get_mut(&key).ok_or(Refusal::Instrument(key))?;
        let instrument = market.instrument;
        if !market.book.on_quote(quote, now) {
            return Ok(());
        }
        for id in self.of(key, |ticket| ticket.in_book) {
            self.meet(id, &instrument, now);
        }
        for id in self.of(key, super::Ticket::waits) {
            self.trigger_if_reached(id, now);
        }
        self.fire_rules(key, quote.last, now);
        for id in self.of(key, |ticket| ticket.trip == Trip::ToFirstPrice) {
            self.check(id, now);
        }
        self.catch_up(now);
        Ok(())
    }

    /// Live orders of an instrument that are so, buys first, better prices and earlier orders first.
    fn of(&self, key: Key, so: impl Fn(&super::Ticket) -> bool) -> Vec<OrderId> {
        let live = self.live.iter().filter_map(|id| self.tickets.get(id));
        let mut found: Vec<_> = live
            .filter(|ticket| ticket.order.instrument == key && so(ticket))
            .map(|ticket| (ticket.priority(), ticket.order.id))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether the book is of the session that runs now, and not of an earlier one.
    pub(super) fn is_fresh(&self, instrument: &Instrument, now: EventTime) -> bool {
        let (opened, _) = self.rules.session(instrument, now);
        let market = self.markets.get(&instrument.key);
        market.is_some_and(|market| now >= opened && market.book.quoted_at >= opened)
    }

    /// The last price, if it is of the session that runs now.
    pub(super) fn fresh_last(&self, instrument: &Instrument) -> Option<Paise> {
        self.last(instrument.key).filter(|_| self.is_fresh(instrument, self.now))
    }

    /// An order that comes to the book takes what reaches its price, at the prices offered there.
    pub(super) fn sweep(&mut self, id: OrderId, at: EventTime) {
        let Some((ticket, instrument)) = self.ticket(id) else { return };
        let (side, price, want) =
            (ticket.order.side, ticket.order.terms.price, ticket.order.unfilled());
        if !self.is_fresh(&instrument, at) {
            return;
        }
        let Some(market) = self.markets.get_mut(&instrument.key) else { return };
        let taken = market.book.take(side, price, want, instrument.lot);
        let ahead = market.book.ahead(side, price);
        self.with_ticket(id, |ticket| (ticket.met_book, ticket.ahead) = (true, ahead));
        for level in taken {
            self.fill(id, level.price, level.qty, at);
        }
    }

    /// An order that rests trades at its own price: with levels that have come to reach it, and with
    /// prints as the rule of the queue allows.
    fn meet(&mut self, id: OrderId, instrument: &Instrument, at: EventTime) {
        let Some((ticket, _)) = self.ticket(id) else { return };
        if !ticket.met_book {
            return self.sweep(id, at);
        }
        let (side, limit, mut ahead) = (ticket.order.side, ticket.order.terms.price, ticket.ahead);
        let want = ticket.order.unfilled();
        let queue = self.rules.queue;
        let Some(market) = self.markets.get_mut(&instrument.key) else { return };
        let taken = market.book.take(side, limit, want, instrument.lot);
        let crossed = Qty(taken.iter().map(|level| level.qty.0).sum());
        let order = Resting { side, limit, want: want - crossed, lot: instrument.lot };
        let at_price = (queue == Queue::Behind).then_some(&mut ahead);
        let printed = market.book.take_print(order, at_price);
        if let Some(displayed) = market.book.displayed(side, limit) {
            ahead = ahead.min(displayed);
        }
        self.with_ticket(id, |ticket| ticket.ahead = ahead);
        if crossed + printed > Qty::ZERO {
            self.fill(id, limit, crossed + printed, at);
        }
    }

    /// Books one trade of an order.
    fn fill(&mut self, id: OrderId, price: Paise, qty: Qty, at: EventTime) {
        let number = self.ids.trade();
        let Some((ticket, instrument)) = self.ticket(id) else { return };
        let order = &ticket.order;
        assert!(
            qty > Qty::ZERO
                && qty <= order.unfilled()
                && order.side.reaches(order.terms.price, price),
            "invariant: {order:?} does not trade {qty:?} at {price:?}",
        );
        let trade = Trade {
            id: number,
            order: id,
            instrument: order.instrument,
            product: order.terms.product,
            side: order.side,
            price,
            qty,
            at,
        };
        let (before, value) = (order.charges, order.value + trade.value());
        let rates = self.rules.rates.of(&instrument, trade.product);
        let charges = Charges::of(rates, trade.side, value);
        self.account.on_trade(&trade, charges, before);
        self.trades.push(trade);
        self.change(id, |order| {
            order.filled = order.filled + qty;
            (order.value, order.charges) = (value, charges);
            (order.last_fill, order.updated_at) = (Some((number, at)), at);
            if order.unfilled() == Qty::ZERO {
                order.status = Status::Complete;
            }
        });
        self.tell(id, Some(trade), at);
        if self.order(id).is_some_and(|order| order.status.is_final()) {
            self.live.retain(|live| *live != id);
        }
    }
}
