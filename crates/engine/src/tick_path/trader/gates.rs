//! The entry conditions that hold for every strategy, before its own.

use super::session::Phase;
use crate::tick_path::strategy::{Check, Comparison, Reason, Unit};
use crate::units::Paise;

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
        let (warmup, least) = (self.warmup as f64, self.min_warmup as f64);
        let (entries, most) = (self.entries as f64, self.max_entries as f64);
        let count = |name, value, comparison, threshold| {
            Check::new(name, Some(value), comparison, Some(threshold), Unit::Count)
        };
        say(flag(Gate::Halted.name(), self.halted, false));
        say(count(Gate::WarmUp.name(), warmup, Comparison::AtLeast, least));
        say(count(Gate::MaxPositions.name(), entries, Comparison::Below, most));
        say(flag(Gate::Window.name(), self.phase == Phase::Entries, true));
    }
}

/// Entries are only thought of while there is no position and no order on its way.
pub(super) fn explain_flat(flat: bool, say: &mut dyn FnMut(Check)) {
    say(flag("flat", flat, true));
}

/// What would refuse a signal.
pub(super) fn explain_size(
    entry: Paise,
    most: Option<Paise>,
    lots: i64,
    say: &mut dyn FnMut(Check),
) {
    if let Some(most) = most.map(Paise::as_f64) {
        let (name, entry) = ("max_entry_price", Some(entry.as_f64()));
        say(Check::new(name, entry, Comparison::AtMost, Some(most), Unit::Paise));
    }
    let lots = Some(lots as f64);
    say(Check::new("lots_that_fit", lots, Comparison::AtLeast, Some(1.0), Unit::Count));
}

fn flag(name: &'static str, is: bool, should: bool) -> Check {
    let number = |flag: bool| Some(f64::from(u8::from(flag)));
    Check::new(name, number(is), Comparison::Equal, number(should), Unit::Flag)
}
