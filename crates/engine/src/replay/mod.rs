//! Recordings fed back through the same path, and what a run came to.

mod csv;
mod result;

pub use csv::{CsvColumns, CsvError, CsvRows, RowFault, TickColumn, price_of, time_of, volume_of};
pub use result::{Counts, Outcome, TradeRow};

use crate::config::Config;
use crate::probe::Off;
use crate::tick_path::TickPath;
use crate::tick_path::feed::RawTick;
use crate::tick_path::position::ExitReason;
use crate::tick_path::strategy::Strategy;
use crate::venue::FillModel;

/// Runs a strategy over rows, without tracing, to the end of the data.
pub fn run<S: Strategy>(
    config: &Config,
    strategy: S,
    fills: FillModel,
    rows: impl IntoIterator<Item = RawTick>,
) -> Outcome {
    let mut path = TickPath::replay(config, strategy, fills, Off);
    for row in rows {
        path.on_row(row, ());
    }
    path.finish(ExitReason::EndOfData);
    Outcome::of(config, &path)
}
