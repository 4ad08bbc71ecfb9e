//! `myquant replay`: the strategy over recordings, with the results in a new folder.

mod explain;

use std::io::Write as _;

use engine::config::Config;
use engine::probe::{Meter, Off, Probe, Stage, Stamps};
use engine::replay::{CsvError, CsvRows, Outcome};
use engine::tick_path::TickPath;
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::Strategy;

use crate::cli::ReplayArgs;
use crate::clock::Cycles;
use crate::failure::{Failure, Status};
use crate::report::table;
use crate::results::RunResult;
use crate::run_folder::RunFolder;
use crate::{fills, playback};
use explain::Question;

/// Runs the command.
pub(crate) fn run<S: Strategy>(args: &ReplayArgs, config: &Config) -> Result<Status, Failure> {
    RunFolder::refuse_existing(args.run.out.as_deref())?;
    let fill_model = fills::model(config)?;
    let mut question = args.explain.as_deref().map(Question::at).transpose()?;
    let files: Vec<(String, Vec<u8>)> = args
        .files
        .iter()
        .map(|path| Ok((path.display().to_string(), playback::read(path)?)))
        .collect::<Result<_, Failure>>()?;
    let strategy = S::new(config);
    let (outcome, table) = if args.trace {
        let cycles = Cycles::new();
        let meter = Meter::new(cycles.clone(), Stage::Broker, 0);
        let mut path = TickPath::replay(config, strategy, fill_model, meter);
        let begin = || Stamps::tick(cycles.0.raw());
        walk(config, &mut path, &files, question.as_mut(), begin)?;
        (Outcome::of(config, &path), Some(table::stages(path.trader().probe())))
    } else {
        let mut path = TickPath::replay(config, strategy, fill_model, Off);
        walk(config, &mut path, &files, question.as_mut(), || ())?;
        (Outcome::of(config, &path), None)
    };
    if let Some(question) = question {
        return question.answer(args.run.json);
    }
    let folder = RunFolder::create(args.run.out.as_deref(), "replay", &config.instrument.symbol)?;
    let result = RunResult::new(config, &outcome);
    result.write(&folder, config)?;
    show(args, &result, &outcome, table, &folder);
    Ok(Status::Done)
}

/// Feeds all rows of all files through the path, then closes what is open.
fn walk<S: Strategy, P: Probe>(
    config: &Config,
    path: &mut TickPath<S, P>,
    files: &[(String, Vec<u8>)],
    mut question: Option<&mut Question>,
    begin: impl Fn() -> P::Trace,
) -> Result<(), Failure> {
    for (name, file) in files {
        let unreadable =
            |error: CsvError| Failure::new(Status::Data, format!("{name}: {error}"), error.hint());
        for row in CsvRows::new(file, config.session.zone).map_err(unreadable)? {
            if let Some(question) = &mut question {
                question.look(path, row, config.session.zone);
            }
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
    if let Some(table) = table {
        let _ = writeln!(out, "{table}");
    }
    let counts = &outcome.counts;
    let _ =
        writeln!(out, "{} ticks, {} days, {}", counts.ticks, counts.days, table::outcome(outcome));
    for line in table::reasons(outcome) {
        let _ = writeln!(out, "{line}");
    }
    if !args.run.quiet {
        let _ = writeln!(std::io::stderr(), "results in {}", folder.path().display());
    }
}
