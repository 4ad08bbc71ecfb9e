//! The entry conditions that hold for every strategy, before its own.

use super::session::Phase;
use crate::tick_path::strategy::{Check, Comparison, Reason, Unit};

/// A condition that every strategy is subject to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Gate {
    /// The day was ended by the loss limit.
    Halted,
    /// Too few ticks of the day yet.
    WarmUp,
    /// The day's number of entries is used up.
    MaxPositions,
    /// Outside the entry window, or in a trade block.
    Window,
}

impl Gate {
    /// Every gate in the order in which they are checked.
    pub const ALL: [Self; 4] = [Self::Halted, Self::WarmUp, Self::MaxPositions, Self::Window];

    /// The gate's name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Halted => "halted",
            Self::WarmUp => "warm_up",
            Self::MaxPositions => "max_positions",
            Self::Window => "window",
        }
    }
}

/// The first entry condition that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// One that holds for every strategy.
    Gate(Gate),
    /// One of the strategy's own.
    Strategy(Reason),
}

/// What the gates look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates {
    pub(super) halted: bool,
    pub(super) warmup: u64,
    pub(super) min_warmup: u64,
    pub(super) entries: i64,
    pub(super) max_entries: i64,
    pub(super) phase: Phase,
}

impl Gates {
    /// The first gate that is closed.
    #[inline]
    pub(super) fn closed(&self) -> Option<Gate> {
        if self.halted {
            Some(Gate::Halted)
        } else if self.warmup < self.min_warmup {
            Some(Gate::WarmUp)
        } else if self.entries >= self.max_entries {
            Some(Gate::MaxPositions)
        } else if self.phase != Phase::Entries {
            Some(Gate::Window)
        } else {
            None
        }
    }

    /// Says each gate with its value against its threshold.
    pub(super) fn explain(&self, say: &mut dyn FnMut(Check)) {
        let flag = |flag: bool| Some(f64::from(u8::from(flag)));
        let window = self.phase == Phase::Entries;
        say(Check {
            name: Gate::Halted.name(),
            value: flag(self.halted),
            comparison: Comparison::Equal,
            threshold: flag(false),
            unit: Unit::Flag,
            passed: !self.halted,
        });
        say(Check {
            name: Gate::WarmUp.name(),
            value: Some(self.warmup as f64),
            comparison: Comparison::AtLeast,
            threshold: Some(self.min_warmup as f64),
            unit: Unit::Count,
            passed: self.warmup >= self.min_warmup,
        });
        say(Check {
            name: Gate::MaxPositions.name(),
            value: Some(self.entries as f64),
            comparison: Comparison::Below,
            threshold: Some(self.max_entries as f64),
            unit: Unit::Count,
            passed: self.entries < self.max_entries,
        });
        say(Check {
            name: Gate::Window.name(),
            value: flag(window),
            comparison: Comparison::Equal,
            threshold: flag(true),
            unit: Unit::Flag,
            passed: window,
        });
    }
}

/// Entries are only thought of while there is no position and no order on its way.
pub(super) fn explain_flat(flat: bool, say: &mut dyn FnMut(Check)) {
    let flag = |flag: bool| Some(f64::from(u8::from(flag)));
    say(Check {
        name: "flat",
        value: flag(flat),
        comparison: Comparison::Equal,
        threshold: flag(true),
        unit: Unit::Flag,
        passed: flat,
    });
}
