//! How much is measured: a full run for the figures, or a quick one that shows that all of it works.

use clap::ValueEnum;

/// The parts of a run, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The official SDK's packet parser against our decoder
    Parser,
    /// The official SDK's client, from socket to callback, against ours to the decision
    Chain,
    /// A bare socket reader against our whole path
    Floor,
    /// As many packets a second as go through one connection
    Saturated,
    /// One time stamp, recorded
    Stamp,
    /// The trace of a tick against spans of others, and what it costs
    Trace,
    /// Allocations a tick, and drops over a minute with the recorder
    Steady,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whether only to show that everything works.
    pub quick: bool,
}

impl Plan {
    /// The amount for a full run, or the one for a quick one.
    #[must_use]
    pub fn of<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}
