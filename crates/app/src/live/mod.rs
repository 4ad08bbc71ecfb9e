//! What a run shows while it lasts, to people and to Prometheus, off the tick thread.
//!
//! The tick thread copies each filed trace into one bounded ring and, some twenty times a second, a
//! snapshot of itself into another. A side thread takes both out, keeps histograms of its own, and
//! puts up a [`View`] four times a second. Readers look at the view and can be slow, dead or absent.

mod board;
mod metrics;
mod rings;
mod side;
mod watch;

pub(crate) use board::{Board, RingView};
pub(crate) use metrics::Metrics;
pub use rings::Traced;
pub(crate) use rings::{Outflow, Snapshot, Window};
pub(crate) use side::{Live, LiveReport, Scheduled, Store};
pub(crate) use watch::Watch;
