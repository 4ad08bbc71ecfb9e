//! `myquant replay`: the strategy over recordings, with the results in a new folder.

use std::io::Write as _;

use engine::config::Config;
use engine::probe::{Meter, Off, Probe, Stage, Stamps};
use engine::replay::{CsvError, CsvRows, Outcome};
use engine::tick_path::TickPath;
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::{Compute, Momentum};

use crate::cli::ReplayArgs;
use crate::clock::Cycles;
use crate::failure::{Failure, Status};
use crate::report::table;
use crate::results::RunResult;
use crate::run_folder::RunFolder;
use crate::{playback, settings};

/// Runs the command.
pub(crate) fn run(args: &ReplayArgs) -> Result<Status, Failure> {
    let config = settings::load(args.run.config.as_deref(), &args.run.set)?;
    let files: Vec<(String, Vec<u8>)> = args
        .files
        .iter()
        .map(|path| Ok((path.display().to_string(), playback::read(path)?)))
        .collect::<Result<_, Failure>>()?;
    let strategy = Momentum::new(&config, Compute::Enabled);
    let (outcome, table) = if args.trace {
        let cycles = Cycles::new();
        let meter = Meter::new(cycles.clone(), Stage::Broker, 0);
        let mut path = TickPath::replay(&config, strategy, meter);
        walk(&config, &mut path, &files, || Stamps::tick(cycles.0.raw()))?;
        (Outcome::of(&config, &path), Some(table::stages(path.trader().probe())))
    } else {
        let mut path = TickPath::replay(&config, strategy, Off);
        walk(&config, &mut path, &files, || ())?;
        (Outcome::of(&config, &path), None)
    };
    let folder = RunFolder::create(args.run.out.as_deref(), "replay", &config.instrument.symbol)?;
    let result = RunResult::new(&config, &outcome);
    result.write(&folder, &config)?;
    show(args, &result, &outcome, table, &folder);
    Ok(Status::Done)
}

/// Feeds all rows of all files through the path, then closes what is open.
fn walk<P: Probe>(
    config: &Config,
    path: &mut TickPath<Momentum, P>,
    files: &[(String, Vec<u8>)],
    begin: impl Fn() -> P::Trace,
) -> Result<(), Failure> {
    for (name, file) in files {
        let unreadable =
            |error: CsvError| Failure::new(Status::Data, format!("{name}: {error}"), error.hint());
        for row in CsvRows::new(file, config.session.zone).map_err(unreadable)? {
            path.on_row(row, begin());
        }
    }
    path.finish(ExitReason::EndOfData);
    Ok(())
}

fn show(
    args: &ReplayArgs,
    result: &RunResult,
    outcome: &Outcome,
    table: Option<String>,
    folder: &RunFolder,
) {
    if args.run.json {
        let text = serde_json::to_string(result).unwrap_or_default();
        let _ = writeln!(std::io::stdout(), "{text}");
        return;
    }
    let mut out = std::io::stdout().lock();
    let counts = &outcome.counts;
    if let Some(table) = table {
        let _ = writeln!(out, "{table}");
    }
    let _ = writeln!(
        out,
        "ticks {}, days {}, entries {}, trades {}\nnet ₹{}, gross ₹{}, costs ₹{}, capital ₹{} → ₹{}",
        counts.ticks,
        counts.days,
        counts.entries,
        counts.trades,
        outcome.net(),
        outcome.gross(),
        outcome.costs(),
        outcome.starting_capital,
        outcome.ending_capital,
    );
    if !args.run.quiet {
        let _ = writeln!(std::io::stderr(), "results in {}", folder.path().display());
    }
}
