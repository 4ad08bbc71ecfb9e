//! The limits of a day: loss and number of entries. Position asks them before and after it acts.

use crate::config;
use crate::units::Money;

/// What the loss limit says about a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayLoss {
    /// Within the limit, or the day was ended before.
    Within,
    /// Reached on this tick: close what is open, enter no more today.
    Reached,
}

/// The day's limits and how much of them is used.
#[derive(Clone, Copy, Debug)]
pub struct DayLimits {
    max_loss: Option<Money>,
    max_entries: i64,
    entries: i64,
    halted: bool,
    start_cash: Money,
}

impl DayLimits {
    /// The limits of a configuration, unused.
    #[must_use]
    pub const fn new(risk: &config::Risk) -> Self {
        Self {
            max_loss: risk.max_loss_per_day,
            max_entries: risk.max_positions_per_day,
            entries: 0,
            halted: false,
            start_cash: Money::ZERO,
        }
    }

    /// A new exchange day begins with this cash.
    pub const fn on_day(&mut self, cash: Money) {
        self.entries = 0;
        self.halted = false;
        self.start_cash = cash;
    }

    /// Looks at what the account is worth on this tick, before anything else is decided.
    #[inline]
    pub fn on_worth(&mut self, worth: Money) -> DayLoss {
        match self.max_loss {
            Some(limit) if !self.halted && worth - self.start_cash <= -limit => {
                self.halted = true;
                DayLoss::Reached
            }
            _ => DayLoss::Within,
        }
    }

    /// An entry was filled.
    pub const fn on_entry(&mut self) {
        self.entries += 1;
    }

    /// Whether the loss limit ended the day.
    #[must_use]
    #[inline]
    pub const fn halted(&self) -> bool {
        self.halted
    }

    /// Entries filled today.
    #[must_use]
    #[inline]
    pub const fn entries(&self) -> i64 {
        self.entries
    }

    /// How many entries a day may have.
    #[must_use]
    #[inline]
    pub const fn max_entries(&self) -> i64 {
        self.max_entries
    }
}
