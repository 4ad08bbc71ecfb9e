//! Third room and the loop body: session rules, then strategy, risk and position, once a tick.

mod gates;
mod session;

pub use gates::{Blocked, Gate};
pub use session::{Phase, SessionClock};

use super::broker::Tick;
use super::position::{Account, ExitReason, Refused};
use super::risk::{DayLimits, DayLoss};
use super::strategy::{Check, MOST_REASONS, Readings, Strategy, Wish};
use crate::config::Config;
use crate::probe::{Off, Probe, Stage};
use crate::units::EventTime;
use crate::venue::FillModel;
use gates::Gates;

/// What came of a processed tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Decision {
    /// Flat, and it stays so because of this.
    Blocked(Blocked),
    /// A signal that was not carried out.
    Refused(Refused),
    /// A position was opened.
    Entered,
    /// The position stays as it was.
    #[default]
    Held,
    /// The position, or a part of it, was sold; the last reason on this tick.
    Exited(ExitReason),
    /// An order is on its way, and until it arrives nothing else is decided.
    Pending,
}

/// An accepted tick outside the session; if a position was open, it is being closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideSession;

/// Counters of a run from the trader on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ticks before the start and from the close on.
    pub outside_session: u64,
    /// Ticks that reached the strategy.
    pub processed: u64,
    /// Exchange days.
    pub days: u64,
    /// Days ended by the loss limit.
    pub daily_loss_halts: u64,
    /// Ticks on which all entry conditions held.
    pub signals: u64,
    /// Signals that were filled.
    pub entries: u64,
    /// Signals refused because of `risk.max_entry_price`.
    pub refused_entry_price: u64,
    /// Signals refused because not one lot fitted.
    pub refused_no_lot: u64,
    /// Signals whose order was still on its way when the day or the data ended.
    pub unfilled: u64,
    /// Ticks that began flat with an order on its way.
    pub pending: u64,
    /// Flat ticks without a signal, by the gate that failed first.
    pub gates: [u64; Gate::ALL.len()],
    /// Flat ticks without a signal, by the strategy's condition that failed first.
    pub reasons: [u64; MOST_REASONS],
}

/// What an order on its way will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Enter,
    Exit(ExitReason),
}

/// An order on its way to the exchange.
#[derive(Clone, Copy, Debug)]
struct Pending {
    action: Action,
    due: EventTime,
    decided_on: Readings,
}

/// Owns everything that decides, on one thread.
#[derive(Clone, Debug)]
pub struct Trader<S, P> {
    session: SessionClock,
    strategy: S,
    limits: DayLimits,
    account: Account,
    fills: FillModel,
    probe: P,
    warmup: u64,
    min_warmup: u64,
    pending: Option<Pending>,
    last: Option<Tick>,
    tally: Tally,
}

impl<S: Strategy, P: Probe> Trader<S, P> {
    /// A trader before its first tick.
    #[must_use]
    pub fn new(config: &Config, strategy: S, fills: FillModel, probe: P) -> Self {
        Self {
            session: SessionClock::new(&config.session),
            strategy,
            limits: DayLimits::new(&config.risk),
            account: Account::new(config),
            fills,
            probe,
            warmup: 0,
            min_warmup: config.strategy.min_warmup_ticks as u64,
            pending: None,
            last: None,
            tally: Tally::default(),
        }
    }

    /// Takes an accepted tick and marks every stage from the trader on, also where nothing was to do.
    ///
    /// Errors: [`OutsideSession`], and then no later stage has been marked.
    #[inline]
    pub fn on_tick(
        &mut self,
        tick: &Tick,
        trace: &mut P::Trace,
    ) -> Result<Decision, OutsideSession> {
        let phase = self.enter_phase(tick);
        self.last = Some(*tick);
        if phase == Phase::Outside {
            self.tally.outside_session += 1;
            self.leave_session(tick);
            return Err(OutsideSession);
        }
        self.tally.processed += 1;
        self.warmup += 1;
        self.probe.mark(trace, Stage::Trader);
        self.strategy.update(tick);
        self.probe.mark(trace, Stage::Indicators);
        let was_open = self.account.is_open();
        let idle = self.pending.is_none();
        let loss = if idle { self.look_at_loss(tick) } else { DayLoss::Within };
        let signal = if was_open || !idle { None } else { Some(self.signal(tick, phase)) };
        self.probe.mark(trace, Stage::Signal);
        let decision = match signal {
            _ if !idle => self.arrive(tick, phase),
            None if loss == DayLoss::Reached => {
                self.order(tick, Action::Exit(ExitReason::DailyLossLimit))
            }
            None => self.manage(tick),
            Some(Err(blocked)) => Decision::Blocked(blocked),
            Some(Ok(Wish::Buy)) => self.order(tick, Action::Enter),
        };
        self.probe.mark(trace, Stage::Position);
        Ok(decision)
    }

    /// Brings session and day up to this tick; a position left from an older day is closed first.
    #[inline]
    fn enter_phase(&mut self, tick: &Tick) -> Phase {
        match self.session.phase(tick.time) {
            Some(phase) => phase,
            None => self.begin_day(tick),
        }
    }

    #[cold]
    fn begin_day(&mut self, tick: &Tick) -> Phase {
        self.finish(ExitReason::SessionEnd);
        self.tally.days += 1;
        self.warmup = 0;
        let session_start = self.session.begin_day(tick.time);
        self.strategy.on_day(session_start);
        self.account.on_day();
        self.limits.on_day(self.account.cash());
        self.session.phase(tick.time).unwrap_or(Phase::Outside)
    }

    /// A tick outside the session: what is open is closed, what is on its way arrives.
    fn leave_session(&mut self, tick: &Tick) {
        match self.pending {
            Some(Pending { action: Action::Enter, .. }) => {
                self.pending = None;
                self.tally.unfilled += 1;
            }
            Some(_) => {
                self.arrive(tick, Phase::Outside);
            }
            None => {}
        }
        if self.account.is_open() && self.pending.is_none() {
            self.order(tick, Action::Exit(ExitReason::SessionEnd));
        }
    }

    #[inline]
    fn look_at_loss(&mut self, tick: &Tick) -> DayLoss {
        let loss = self.limits.on_worth(self.account.worth(tick.price));
        if loss == DayLoss::Reached {
            self.tally.daily_loss_halts += 1;
        }
        loss
    }

    /// The gates that hold for every strategy, then the strategy's own conditions.
    #[inline]
    fn signal(&mut self, tick: &Tick, phase: Phase) -> Result<Wish, Blocked> {
        if let Some(gate) = self.gates(phase).closed() {
            self.tally.note_gate(gate);
            return Err(Blocked::Gate(gate));
        }
        match self.strategy.signal(tick, &self.account) {
            Ok(wish) => {
                self.tally.signals += 1;
                Ok(wish)
            }
            Err(reason) => {
                self.tally.note_reason(reason.0);
                Err(Blocked::Strategy(reason))
            }
        }
    }

    #[inline]
    fn gates(&self, phase: Phase) -> Gates {
        Gates {
            halted: self.limits.halted(),
            warmup: self.warmup,
            min_warmup: self.min_warmup,
            entries: self.limits.entries(),
            max_entries: self.limits.max_entries(),
            phase,
        }
    }

    /// Sends an order: it is carried out on this tick, or on its way from here on.
    #[inline]
    fn order(&mut self, tick: &Tick, action: Action) -> Decision {
        let decided_on = self.strategy.readings();
        match self.fills.delay() {
            None => self.carry_out(tick, action, decided_on),
            Some(delay) => {
                self.pending = Some(Pending { action, due: tick.time + delay, decided_on });
                Decision::Pending
            }
        }
    }

    /// Carries out the order on its way, if it is due; an entry only where entries are possible.
    #[cold]
    fn arrive(&mut self, tick: &Tick, phase: Phase) -> Decision {
        self.tally.pending += u64::from(phase != Phase::Outside && !self.account.is_open());
        // The trailing stop follows the price also while an order is on its way.
        self.account.watch(tick);
        let Some(pending) = self.pending.filter(|pending| tick.time >= pending.due) else {
            return Decision::Pending;
        };
        self.pending = None;
        if pending.action == Action::Enter && phase != Phase::Entries {
            self.tally.unfilled += 1;
            return Decision::Blocked(Blocked::Gate(Gate::Window));
        }
        self.carry_out(tick, pending.action, pending.decided_on)
    }

    fn carry_out(&mut self, tick: &Tick, action: Action, decided_on: Readings) -> Decision {
        match action {
            Action::Exit(reason) => {
                let sold = self.account.exit(tick, reason, &self.fills, decided_on);
                if sold { Decision::Exited(reason) } else { Decision::Held }
            }
            Action::Enter => match self.account.enter(tick, &self.fills, decided_on) {
                Ok(()) => {
                    self.limits.on_entry();
                    self.tally.entries += 1;
                    Decision::Entered
                }
                Err(refused) => {
                    self.tally.note_refused(refused);
                    Decision::Refused(refused)
                }
            },
        }
    }

    /// Stops and take-profit levels of the open position; several levels may be reached on one tick.
    #[inline]
    fn manage(&mut self, tick: &Tick) -> Decision {
        let Some(reason) = self.account.watch(tick) else { return Decision::Held };
        let mut decision = self.order(tick, Action::Exit(reason));
        while self.pending.is_none() {
            let Some(reason) = self.account.next_level(tick) else { break };
            decision = self.order(tick, Action::Exit(reason));
        }
        decision
    }

    /// No tick comes any more: closes what is open at the last accepted tick.
    pub fn finish(&mut self, reason: ExitReason) {
        if let Some(Pending { action: Action::Enter, .. }) = self.pending.take() {
            self.tally.unfilled += 1;
        }
        if let Some(last) = self.last.filter(|_| self.account.is_open()) {
            self.account.exit(&last, reason, &self.fills, self.strategy.readings());
        }
    }

    /// Says every gate and condition as they would be at this tick. It works on a copy of itself.
    pub fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check)) {
        let mut copy = self.without_probe();
        let phase = copy.enter_phase(tick);
        if phase != Phase::Outside {
            copy.warmup += 1;
            copy.strategy.update(tick);
            copy.look_at_loss(tick);
        }
        let idle = copy.pending.is_none() && !copy.account.is_open();
        gates::explain_flat(idle, say);
        copy.gates(phase).explain(say);
        copy.strategy.explain(tick, &copy.account, say);
        let (entry, lots) = copy.account.would_buy(tick, &copy.fills);
        gates::explain_size(entry, copy.account.max_entry_price(), lots, say);
    }

    fn without_probe(&self) -> Trader<S, Off> {
        Trader {
            session: self.session.clone(),
            strategy: self.strategy.clone(),
            limits: self.limits,
            account: self.account.clone(),
            fills: self.fills.clone(),
            probe: Off,
            warmup: self.warmup,
            min_warmup: self.min_warmup,
            pending: self.pending,
            last: self.last,
            tally: self.tally,
        }
    }

    /// Cash, position and trades.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The counters.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The strategy.
    #[must_use]
    pub const fn strategy(&self) -> &S {
        &self.strategy
    }

    /// What fills orders.
    #[must_use]
    pub const fn fills(&self) -> &FillModel {
        &self.fills
    }

    /// The probe, when the run is over.
    #[must_use]
    pub fn into_probe(self) -> P {
        self.probe
    }

    /// The probe, to file traces and to read what it measured.
    #[must_use]
    pub const fn probe_mut(&mut self) -> &mut P {
        &mut self.probe
    }

    /// The probe, to read what it measured.
    #[must_use]
    pub const fn probe(&self) -> &P {
        &self.probe
    }
}

impl Tally {
    #[inline]
    fn note_gate(&mut self, gate: Gate) {
        if let Some(count) = self.gates.get_mut(gate as usize) {
            *count += 1;
        }
    }

    #[inline]
    fn note_reason(&mut self, reason: u8) {
        if let Some(count) = self.reasons.get_mut(usize::from(reason)) {
            *count += 1;
        }
    }

    fn note_refused(&mut self, refused: Refused) {
        match refused {
            Refused::EntryPrice => self.refused_entry_price += 1,
            Refused::NoLot => self.refused_no_lot += 1,
        }
    }
}
