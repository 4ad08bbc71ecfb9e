//! Third room and the loop body: session rules, then strategy, risk and position, once a tick.

mod session;

pub use session::{Phase, SessionClock};

use super::broker::Tick;
use super::position::{Account, ExitReason, Refused};
use super::risk::{DayLimits, DayLoss};
use super::strategy::{Blocked, Strategy, Wish};
use crate::config::Config;
use crate::probe::{Probe, Stage};

/// What came of a processed tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Flat, and it stays so because of this.
    Blocked(Blocked),
    /// A signal that was not carried out.
    Refused(Refused),
    /// A position was opened.
    Entered,
    /// The position stays as it was.
    Held,
    /// The position, or a part of it, was sold; the last reason on this tick.
    Exited(ExitReason),
}

/// An accepted tick outside the session; if a position was open, it has been closed.
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
    /// Flat ticks without a signal by the first failing condition, in the order of [`Blocked::ALL`].
    pub blocked: [u64; Blocked::ALL.len()],
}

/// Owns everything that decides, on one thread.
#[derive(Clone, Debug)]
pub struct Trader<S, P> {
    session: SessionClock,
    strategy: S,
    limits: DayLimits,
    account: Account,
    probe: P,
    warmup: u64,
    min_warmup: u64,
    last: Option<Tick>,
    tally: Tally,
}

impl<S: Strategy, P: Probe> Trader<S, P> {
    /// A trader before its first tick.
    #[must_use]
    pub fn new(config: &Config, strategy: S, probe: P) -> Self {
        Self {
            session: SessionClock::new(&config.session),
            strategy,
            limits: DayLimits::new(&config.risk),
            account: Account::new(config),
            probe,
            warmup: 0,
            min_warmup: config.strategy.min_warmup_ticks as u64,
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
            self.account.close(tick, ExitReason::SessionEnd);
            return Err(OutsideSession);
        }
        self.tally.processed += 1;
        self.warmup += 1;
        self.probe.mark(trace, Stage::Trader);
        self.strategy.update(tick);
        self.probe.mark(trace, Stage::Indicators);
        let was_open = self.account.is_open();
        let loss = self.limits.on_worth(self.account.worth(tick.price));
        let signal = if was_open { None } else { Some(self.signal(tick, phase)) };
        self.probe.mark(trace, Stage::Signal);
        if loss == DayLoss::Reached {
            self.tally.daily_loss_halts += 1;
            self.account.close(tick, ExitReason::DailyLossLimit);
        }
        let decision = match signal {
            None if loss == DayLoss::Reached => Decision::Exited(ExitReason::DailyLossLimit),
            None => self.account.manage(tick).map_or(Decision::Held, Decision::Exited),
            Some(Err(blocked)) => Decision::Blocked(blocked),
            Some(Ok(Wish::Buy)) => self.enter(tick),
        };
        self.probe.mark(trace, Stage::Position);
        Ok(decision)
    }

    /// Brings session and day up to this tick; a position left from an older day is closed first.
    #[inline]
    fn enter_phase(&mut self, tick: &Tick) -> Phase {
        if let Some(phase) = self.session.phase(tick.time) {
            return phase;
        }
        if let Some(last) = self.last {
            self.account.close(&last, ExitReason::SessionEnd);
        }
        self.tally.days += 1;
        self.warmup = 0;
        let session_start = self.session.begin_day(tick.time);
        self.strategy.on_day(session_start);
        self.account.on_day();
        self.limits.on_day(self.account.cash());
        self.session.phase(tick.time).unwrap_or(Phase::Outside)
    }

    /// The gates that hold for every strategy, then the strategy's own conditions.
    #[inline]
    fn signal(&mut self, tick: &Tick, phase: Phase) -> Result<Wish, Blocked> {
        let gate = if self.limits.halted() {
            Some(Blocked::Halted)
        } else if self.warmup < self.min_warmup {
            Some(Blocked::WarmUp)
        } else if self.limits.full() {
            Some(Blocked::MaxPositions)
        } else if phase != Phase::Entries {
            Some(Blocked::Window)
        } else {
            None
        };
        let verdict = gate.map_or_else(|| self.strategy.signal(tick, &self.account), Err);
        match verdict {
            Ok(_) => self.tally.signals += 1,
            Err(blocked) => {
                if let Some(count) = self.tally.blocked.get_mut(blocked as usize) {
                    *count += 1;
                }
            }
        }
        verdict
    }

    fn enter(&mut self, tick: &Tick) -> Decision {
        match self.account.enter(tick) {
            Ok(()) => {
                self.limits.on_entry();
                self.tally.entries += 1;
                Decision::Entered
            }
            Err(refused) => {
                match refused {
                    Refused::EntryPrice => self.tally.refused_entry_price += 1,
                    Refused::NoLot => self.tally.refused_no_lot += 1,
                }
                Decision::Refused(refused)
            }
        }
    }

    /// No tick comes any more: closes what is open at the last accepted tick.
    pub fn finish(&mut self, reason: ExitReason) {
        if let Some(last) = self.last {
            self.account.close(&last, reason);
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
