//! `myquant trade`: the strategy on the live stream, on paper, until the session ends.

use engine::config::Config;
use engine::tick_path::strategy::Strategy;

use crate::cli::TradeArgs;
use crate::failure::{Failure, Status};
use crate::measured::{self, Plan};

/// Traces that are kept whole and written; the histograms hold all.
const KEPT: usize = 200_000;

/// Runs the command.
pub(crate) fn run<S: Strategy + Send + 'static>(
    args: &TradeArgs,
    config: &Config,
) -> Result<Status, Failure> {
    let plan = Plan {
        command: "trade",
        ticks: None,
        settle: 0,
        keep: KEPT,
        record: true,
        source: &args.source,
        live: &args.live,
        run: &args.run,
    };
    measured::run::<S>(&plan, config)
}
