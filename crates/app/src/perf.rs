//! `myquant perf`: where every microsecond between the socket and the decision went.

use engine::config::Config;
use engine::tick_path::strategy::Strategy;

use crate::cli::PerfArgs;
use crate::failure::{Failure, Status};
use crate::measured::{self, Plan};
use crate::tune;

/// Traces that are kept whole and written.
const MOST_KEPT: u64 = 2_000_000;

/// Runs the command.
pub(crate) fn run<S: Strategy + Send + 'static>(
    args: &PerfArgs,
    config: &Config,
) -> Result<Status, Failure> {
    let plan = Plan {
        command: "perf",
        ticks: Some(args.ticks),
        settle: args.settle,
        keep: args.ticks.min(MOST_KEPT) as usize,
        record: false,
        source: &args.source,
        live: &args.live,
        run: &args.run,
    };
    if args.tune {
        return tune::run::<S>(args, config, &plan);
    }
    measured::run::<S>(&plan, config)
}
