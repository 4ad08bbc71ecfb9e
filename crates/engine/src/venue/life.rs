//! An order's steps after it was taken: checks, travel, trigger, modification, withdrawal, the day's end.

use super::checks;
use super::hours::Phase;
use super::instrument::Instrument;
use super::order::{Duration, Note, Order, OrderEvent, OrderId, OrderType, Status, Trade};
use super::refusal::Rejection;
use super::ticket::{Step, Ticket, Trip};
use super::{MOST_EVENTS, Venue};
use crate::units::{EventTime, Micros};

impl Venue {
    /// Carries out what is due until `now`: arrivals, the session's opening and close, a new day.
    pub fn on_time(&mut self, now: EventTime) {
        self.catch_up(now);
    }

    /// Does that, and says what time it is: never earlier than it was.
    pub(super) fn catch_up(&mut self, now: EventTime) -> EventTime {
        let now = now.min(EventTime::END).max(self.now);
        while let Some((at, id, step)) = self.next_due(now) {
            self.now = at.max(self.now);
            self.carry_out(id, step, self.now);
        }
        self.now = now;
        let day = self.rules.zone.day_start(now);
        if day > self.day {
            self.begin_day(day);
        }
        now
    }

    /// The first step that is due until `now`; of several at one time that of the oldest order.
    fn next_due(&self, now: EventTime) -> Option<(EventTime, OrderId, Step)> {
        let due = self.live.iter().filter_map(|id| {
            let (at, step) = self.tickets.get(id)?.due();
            (at <= now).then_some((at, *id, step))
        });
        due.min_by_key(|(at, id, _)| (*at, *id))
    }

    fn carry_out(&mut self, id: OrderId, step: Step, at: EventTime) {
        match step {
            Step::Expire => self.end(id, Status::Cancelled, Note::DayOver, at),
            Step::Cancel => self.end(id, Status::Cancelled, Note::Withdrawn, at),
            Step::Check => self.check(id, at),
            Step::Arrive => self.arrive(id, at),
            Step::Modify => self.modification_arrives(id, at),
        }
    }

    /// Forgets the orders and trades of earlier days, and carries positions over.
    fn begin_day(&mut self, day: EventTime) {
        self.day = day;
        self.tickets
            .retain(|_, ticket| ticket.order.placed_at >= day || !ticket.order.status.is_final());
        self.trades.retain(|trade| trade.at >= day);
        self.account.carry_over();
        self.expire_rules(day);
    }

    /// The broker's checks: rejected, or sent on to the exchange.
    pub(super) fn check(&mut self, id: OrderId, at: EventTime) {
        let Some((ticket, instrument)) = self.ticket(id) else { return };
        let mut order = ticket.order.clone();
        if self.lacks_a_price(&instrument, &order, at) {
            return self.with_ticket(id, |ticket| ticket.trip = Trip::ToFirstPrice);
        }
        if order.status.is_after_market() {
            self.record(id, Status::Validating, at);
        }
        let travel = self.draw_travel();
        let outcome = self.examine(&instrument, &mut order, at).and_then(|()| {
            self.change(id, |kept| kept.terms = order.terms);
            self.try_trip(id, Trip::ToExchange(at + travel), &instrument)
        });
        match outcome {
            Ok(()) => self.record(id, Status::OpenPending, at),
            Err(flaw) => self.end(id, Status::Rejected, Note::Rejected(flaw), at),
        }
    }

    /// Whether a market order of after hours has come into a session that has no price yet.
    fn lacks_a_price(&self, instrument: &Instrument, order: &Order, at: EventTime) -> bool {
        order.terms.order_type == OrderType::Market
            && order.status.is_after_market()
            && self.rules.phase(instrument, at) == Phase::Open
            && self.fresh_last(instrument).is_none()
    }

    fn examine(
        &self,
        instrument: &Instrument,
        order: &mut Order,
        at: EventTime,
    ) -> Result<(), Rejection> {
        if self.rules.phase(instrument, at) != Phase::Open {
            return Err(Rejection::LoggedOff);
        }
        let waits = order.terms.order_type.is_stop();
        checks::flaw(instrument, order.side, &order.terms, waits, self.fresh_last(instrument))?;
        self.price(instrument, order.side, &mut order.terms, false)
    }

    fn arrive(&mut self, id: OrderId, at: EventTime) {
        let exchange_id = self.ids.arrival();
        let rank = self.next_rank();
        let Some(ticket) = self.tickets.get_mut(&id) else { return };
        ticket.trip = Trip::None;
        ticket.rank = rank;
        ticket.order.exchange_id = Some(exchange_id);
        ticket.order.arrived_at = Some(at);
        if ticket.order.terms.order_type.is_stop() {
            self.record(id, Status::TriggerPending, at);
            self.trigger_if_reached(id, at);
        } else {
            self.enter_book(id, at);
        }
    }

    /// Puts an order into the book, where it takes what it can; of an IOC order nothing rests.
    fn enter_book(&mut self, id: OrderId, at: EventTime) {
        self.with_ticket(id, |ticket| ticket.in_book = true);
        self.record(id, Status::Open, at);
        self.sweep(id, at);
        let rests = |ticket: &&Ticket| {
            !ticket.order.status.is_final() && ticket.order.terms.duration == Duration::Ioc
        };
        if self.tickets.get(&id).filter(rests).is_some() {
            self.end(id, Status::Cancelled, Note::Immediate, at);
        }
    }

    /// Sets a waiting order off if the last price of this session has reached its trigger.
    pub(super) fn trigger_if_reached(&mut self, id: OrderId, at: EventTime) {
        let Some((ticket, instrument)) = self.ticket(id) else { return };
        let Order { side, mut terms, .. } = ticket.order;
        let waits = ticket.waits();
        let last = self.fresh_last(&instrument);
        let reached = |last| checks::reached(side, terms.trigger, last);
        if !waits || !last.is_some_and(reached) {
            return;
        }
        match self.price(&instrument, side, &mut terms, true) {
            Ok(()) => {
                self.change(id, |order| order.terms = terms);
                self.enter_book_quietly(id, at);
            }
            Err(flaw) => self.end(id, Status::Rejected, Note::Rejected(flaw), at),
        }
    }

    /// As [`Self::enter_book`], but a modification on its way keeps its status.
    fn enter_book_quietly(&mut self, id: OrderId, at: EventTime) {
        if self.order(id).is_some_and(|order| order.status == Status::ModifyPending) {
            self.with_ticket(id, |ticket| ticket.in_book = true);
            self.record(id, Status::ModifyPending, at);
            self.sweep(id, at);
        } else {
            self.enter_book(id, at);
        }
    }

    fn modification_arrives(&mut self, id: OrderId, at: EventTime) {
        let rank = self.next_rank();
        let Some((ticket, instrument)) = self.ticket(id) else { return };
        let Trip::Modification(_, mut terms, disclosed) = ticket.trip else { return };
        let Order { side, filled, terms: old, .. } = ticket.order;
        let in_book = ticket.in_book;
        // The trigger may have been reached since the modification was checked.
        let priced = self.price(&instrument, side, &mut terms, in_book);
        let standing = if in_book { Status::Open } else { Status::TriggerPending };
        let applies = priced.is_ok() && checks::leaves_something(terms.qty, filled).is_ok();
        self.with_ticket(id, |ticket| ticket.trip = Trip::None);
        if !applies {
            let note = priced.map_or_else(Note::Rejected, |()| Note::ModifiedTooLate);
            self.change(id, |order| order.note = note);
            self.record(id, standing, at);
            return;
        }
        let loses_place = terms.price != old.price || terms.qty > old.qty;
        self.with_ticket(id, |ticket| {
            (ticket.order.terms, ticket.order.note) = (terms, Note::None);
            ticket.order.disclosed = disclosed;
            if loses_place {
                (ticket.rank, ticket.met_book) = (rank, false);
            }
        });
        self.record(id, Status::Modified, at);
        self.record(id, standing, at);
        if !in_book {
            self.trigger_if_reached(id, at);
        } else if loses_place {
            self.sweep(id, at);
        }
    }

    /// Ends an order; what has not traded of one that was cancelled is counted so.
    pub(super) fn end(&mut self, id: OrderId, status: Status, note: Note, at: EventTime) {
        self.with_ticket(id, |ticket| {
            ticket.trip = Trip::None;
            ticket.order.note = note;
            if status != Status::Rejected {
                ticket.order.cancelled = ticket.order.unfilled();
            }
        });
        self.record(id, status, at);
        self.live.retain(|live| *live != id);
    }

    /// Gives an order a status, and tells of it.
    pub(super) fn record(&mut self, id: OrderId, status: Status, at: EventTime) {
        self.change(id, |order| (order.status, order.updated_at) = (status, at));
        self.tell(id, None, at);
    }

    pub(super) fn tell(&mut self, id: OrderId, trade: Option<Trade>, at: EventTime) {
        let Some(order) = self.order(id).cloned() else { return };
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(OrderEvent { order, trade, at });
    }

    pub(super) fn change(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) {
        self.with_ticket(id, |ticket| change(&mut ticket.order));
    }

    pub(super) fn with_ticket(&mut self, id: OrderId, change: impl FnOnce(&mut Ticket)) {
        if let Some(ticket) = self.tickets.get_mut(&id) {
            change(ticket);
        }
    }

    /// An order's ticket and its instrument.
    pub(super) fn ticket(&self, id: OrderId) -> Option<(&Ticket, Instrument)> {
        let ticket = self.tickets.get(&id)?;
        Some((ticket, *self.instrument(ticket.order.instrument)?))
    }

    const fn next_rank(&mut self) -> u64 {
        self.ranks += 1;
        self.ranks
    }

    pub(super) fn draw_checking(&mut self) -> Micros {
        self.delays_drawn += 1;
        self.rules.delays.checking.draw(self.delays_drawn).unwrap_or_default()
    }

    pub(super) fn draw_travel(&mut self) -> Micros {
        self.delays_drawn += 1;
        self.rules.delays.travel.draw(self.delays_drawn).unwrap_or_default()
    }
}
