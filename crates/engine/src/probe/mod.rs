//! Instrumentation as a type parameter: timing is recorded on the way and no decision can read it.

mod ladder;
mod meter;

pub use ladder::Ladder;
pub use meter::{Counter, Disturbances, Meter, Record, Stamps, Worst};

use crate::tick_path::broker::Tick;
use crate::tick_path::trader::Decision;

/// The stages of a tick, in order. A stage ends where it is marked and begins where the one before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// From the kernel's receive stamp to the return of the read call.
    KernelWait = 0,
    /// TLS and WebSocket framing, and the wait behind frames of the same read.
    Framing = 1,
    /// Decode and validate.
    Feed = 2,
    /// Sequence check and instrument state.
    Broker = 3,
    /// Session rules.
    Trader = 4,
    /// Indicators and green counter.
    Indicators = 5,
    /// Gates and entry checks.
    Signal = 6,
    /// Stops, targets, limits and sizing: the decision exists.
    Position = 7,
}

/// Where a stage lies in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Before live, paper and replay converge.
    Pre,
    /// The strategy's own work.
    Post,
}

impl Stage {
    /// Every stage in the order of the path.
    pub const ALL: [Self; 8] = [
        Self::KernelWait,
        Self::Framing,
        Self::Feed,
        Self::Broker,
        Self::Trader,
        Self::Indicators,
        Self::Signal,
        Self::Position,
    ];

    /// The stage's identifier in code, files and on pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KernelWait => "kernel_wait",
            Self::Framing => "framing",
            Self::Feed => "feed",
            Self::Broker => "broker",
            Self::Trader => "trader",
            Self::Indicators => "indicators",
            Self::Signal => "signal",
            Self::Position => "position",
        }
    }

    /// Before or after the point where all sources converge.
    #[must_use]
    pub const fn group(self) -> Group {
        if (self as u8) <= Self::Trader as u8 { Group::Pre } else { Group::Post }
    }
}

impl Group {
    /// The group's identifier.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pre => "pre",
            Self::Post => "post",
        }
    }
}

/// What a filed trace belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Filed {
    /// The packet's sequence number; 0 where the source has none.
    pub sequence: i64,
    /// The tick.
    pub tick: Tick,
    /// What came of it.
    pub decision: Decision,
}

/// Times a tick on its way. The trace is begun where the bytes were read and travels with the tick, by value.
///
/// `Trace` is opaque on purpose: the engine can carry one but cannot compare, print or branch on it, so
/// timing can never change a trading decision. Called by the tick path on its thread.
pub trait Probe {
    /// What travels with a tick.
    type Trace: Copy;

    /// The stage ends here.
    fn mark(&mut self, trace: &mut Self::Trace, stage: Stage);

    /// The tick passed every stage.
    fn file(&mut self, trace: Self::Trace, filed: &Filed);

    /// No trace comes any more.
    fn conclude(&mut self);
}

/// No instrumentation: the trace is `()` and all calls vanish.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off;

impl Probe for Off {
    type Trace = ();

    #[inline]
    fn mark(&mut self, _trace: &mut (), _stage: Stage) {}

    #[inline]
    fn file(&mut self, _trace: (), _filed: &Filed) {}

    fn conclude(&mut self) {}
}
