//! `myquant replay`: the strategy over recordings, with the results in a new folder.

mod dump;
mod explain;
mod traced;

use std::io::Write as _;
use std::path::Path;

use engine::config::Config;
use engine::probe::{Off, Probe};
use engine::replay::Outcome;
use engine::tick_path::TickPath;
use engine::tick_path::feed::{Feed, Subscription};
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::Strategy;
use engine::units::EventTime;
use engine::venue::FillModel;
use smartapi::packet::token_field;

use crate::cli::ReplayArgs;
use crate::failure::{Failure, Status};
use crate::fills;
use crate::output::print;
use crate::recorder::{Recording, is_recording};
use crate::report::table;
use crate::results::{PriceSampler, RunResult, Scene};
use crate::run_folder::RunFolder;
use crate::signals::Signals;
use crate::tick_files::{BadRows, Plan, Progress};
use dump::Dump;
use explain::Question;
use traced::{Traced, Tracing};

/// Packets between two looks at signals and progress.
const BATCH: u64 = 2048;

/// What is replayed.
enum Input {
    /// Packets that a run of ours recorded: they enter at the feed room, with every guard of live.
    Packets(Box<Recording>),
    /// Rows of files: they enter at the broker room.
    Rows(Plan),
}

/// What goes along with the ticks.
struct Company<'a> {
    progress: Progress,
    prices: PriceSampler,
    question: Option<Question>,
    dump: Option<Dump>,
    signals: &'a Signals,
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run<S: Strategy>(args: &ReplayArgs, config: &Config) -> Result<Status, Failure> {
    RunFolder::refuse_existing(args.run.out.as_deref())?;
    let fills = fills::model(config)?;
    let question = args.explain.as_deref().map(Question::at).transpose()?;
    let input = input(args, config)?;
    let total = if let Input::Rows(plan) = &input { plan.total_bytes() } else { 0 };
    let signals = Signals::in_background()?;
    let (folder, dump) = if args.indicators {
        let folder = folder(args, config)?;
        let dump = Dump::begin::<S>(&folder, config.session.zone)?;
        (Some(folder), Some(dump))
    } else {
        (None, None)
    };
    let company = Company {
        progress: Progress::start(total, &args.run),
        prices: PriceSampler::new(config.session.zone),
        question,
        dump,
        signals: &signals,
        quiet: args.run.quiet,
    };
    if args.trace {
        let tracing = Tracing::begin(config, &input, names(args, &input));
        let path = path::<S, _>(args, config, &input, fills, tracing.meter())?;
        let begin = tracing.traces();
        fly(args, config, input, path, (company, folder), begin, |path, folder, interrupted| {
            tracing.end(config, path, folder, interrupted)
        })
    } else {
        let path = path::<S, _>(args, config, &input, fills, Off)?;
        fly(args, config, input, path, (company, folder), || (), |_, _, _| Ok(Traced::default()))
    }
}

/// Tells our recordings from files of ticks; they are not mixed in one run.
fn input(args: &ReplayArgs, config: &Config) -> Result<Input, Failure> {
    let recordings = args.files.iter().filter(|path| is_recording(path)).count();
    if recordings == 0 {
        let bad_rows = if args.strict { BadRows::Refuse } else { BadRows::Count };
        return Ok(Input::Rows(Plan::of(&args.files, config.session.zone, bad_rows)?));
    }
    if recordings < args.files.len() {
        return Err(Failure::usage(
            "recordings of packets and files of ticks are mixed",
            "replay them one after the other",
        ));
    }
    let mut files = args.files.iter().map(|path| path.as_path());
    let first = files.next().unwrap_or(Path::new(""));
    let mut recording = Recording::open(first)?;
    for file in files {
        recording.add(file)?;
    }
    Ok(Input::Packets(Box::new(recording)))
}

/// The tick path of an input.
fn path<S: Strategy, P: Probe>(
    args: &ReplayArgs,
    config: &Config,
    input: &Input,
    fills: FillModel,
    probe: P,
) -> Result<TickPath<S, P>, Failure> {
    let strategy = if args.indicators { S::showing_all(config) } else { S::new(config) };
    let Input::Packets(recording) = input else {
        return Ok(TickPath::replay(config, strategy, fills, probe));
    };
    let label = recording.label();
    let token = token_field(&label.token).ok_or_else(|| {
        let what = format!("the recording's token {} is longer than 25 bytes", label.token);
        Failure::new(Status::Data, what, "the file is damaged: take another copy of it")
    })?;
    let feed = Feed::new(Subscription { segment: label.exchange_type, token, mode: label.mode });
    Ok(TickPath::live(config, feed, strategy, fills, probe, 0))
}

/// Feeds the input through the path, then writes and shows what came of it.
fn fly<S: Strategy, P: Probe>(
    args: &ReplayArgs,
    config: &Config,
    input: Input,
    mut path: TickPath<S, P>,
    (mut company, folder): (Company<'_>, Option<RunFolder>),
    begin: impl Fn() -> P::Trace,
    traced: impl FnOnce(&TickPath<S, P>, &RunFolder, bool) -> Result<Traced, Failure>,
) -> Result<Status, Failure> {
    let source = names(args, &input);
    match input {
        Input::Packets(recording) => packets(config, &mut path, *recording, &mut company, begin)?,
        Input::Rows(plan) => rows(config, &mut path, &plan, &mut company, begin)?,
    }
    path.finish(ExitReason::EndOfData);
    let Company { progress, prices, question, dump, signals, .. } = company;
    progress.finish();
    if let Some(question) = question {
        return question.answer(args.run.json);
    }
    let outcome = Outcome::of(config, &path);
    let interrupted = signals.came();
    dump.map_or(Ok(()), Dump::finish)?;
    let folder = folder.map_or_else(|| self::folder(args, config), Ok)?;
    let traced = traced(&path, &folder, interrupted)?;
    let result = RunResult::new(config, &outcome).incomplete(interrupted);
    result.write(&folder, config)?;
    let scene = Scene { command: "replay", source: &source, prices: &prices.finish() };
    result.write_reports(&folder, config, &scene)?;
    show(args, &result, &outcome, &traced.table, &folder);
    for complaint in &traced.complaints {
        let _ = writeln!(std::io::stderr(), "{complaint}");
    }
    let status = if interrupted { Status::Interrupted } else { Status::Done };
    Ok(status.or(traced.status()))
}

/// The run's folder.
fn folder(args: &ReplayArgs, config: &Config) -> Result<RunFolder, Failure> {
    RunFolder::create(args.run.out.as_deref(), "replay", &config.instrument.symbol)
}

/// The names of the files, in the order in which they are taken.
fn names(args: &ReplayArgs, input: &Input) -> String {
    let paths: Vec<&Path> = match input {
        Input::Rows(plan) => plan.files().collect(),
        Input::Packets(_) => args.files.iter().map(|path| path.as_path()).collect(),
    };
    let names = paths.into_iter().filter_map(Path::file_name);
    names.map(|name| name.to_string_lossy()).collect::<Vec<_>>().join(", ")
}

fn rows<S: Strategy, P: Probe>(
    config: &Config,
    path: &mut TickPath<S, P>,
    plan: &Plan,
    company: &mut Company<'_>,
    begin: impl Fn() -> P::Trace,
) -> Result<(), Failure> {
    let (mut ticks, mut batch, mut count) = (plan.ticks(), Vec::new(), 0);
    while ticks.read(&mut batch)? && !company.signals.came() {
        for row in &batch {
            if let Some(question) = &mut company.question {
                question.look(path, *row, config.session.zone);
            }
            path.on_row(*row, begin());
            if let Some(dump) = &mut company.dump {
                dump.look(path)?;
            }
            if let Some(tick) = path.broker().last() {
                company.prices.push(tick.time, tick.price);
            }
        }
        count += batch.len() as u64;
        company.progress.at(ticks.bytes(), count);
    }
    Ok(())
}

fn packets<S: Strategy, P: Probe>(
    config: &Config,
    path: &mut TickPath<S, P>,
    mut recording: Recording,
    company: &mut Company<'_>,
    begin: impl Fn() -> P::Trace,
) -> Result<(), Failure> {
    if !company.quiet {
        let (number, symbol) = (recording.packets(), &recording.label().symbol);
        let _ = writeln!(std::io::stderr(), "replaying {number} packets of {symbol}");
    }
    let from_sandbox = recording.label().source == "sandbox";
    let mut count = 0u64;
    while let Some(packet) = recording.next_packet()? {
        if count.is_multiple_of(BATCH) && company.signals.came() {
            break;
        }
        count += 1;
        let received = EventTime(packet.receive_wall_us);
        let latest = if from_sandbox { EventTime::END } else { received + config.max_future };
        if let Some(question) = &mut company.question {
            question.look_at_frame(path, packet.payload, latest, config.session.zone);
        }
        path.on_frame(packet.payload, begin(), latest, || {});
        if let Some(dump) = &mut company.dump {
            dump.look(path)?;
        }
        if let Some(tick) = path.broker().last() {
            company.prices.push(tick.time, tick.price);
        }
    }
    if recording.unfinished() > 0 {
        let what = recording.unfinished();
        let _ =
            writeln!(std::io::stderr(), "{what} part of the recording was cut off and is left out");
    }
    Ok(())
}

fn show(args: &ReplayArgs, result: &RunResult, outcome: &Outcome, table: &str, folder: &RunFolder) {
    let counts = &outcome.counts;
    let mut text = if table.is_empty() { String::new() } else { format!("{table}\n") };
    text += &format!("{} ticks, {} days, {}\n", counts.ticks, counts.days, table::outcome(outcome));
    table::reasons(outcome).iter().for_each(|line| text += &format!("{line}\n"));
    print(&args.run, &text, result);
    if !args.run.quiet {
        let _ = writeln!(std::io::stderr(), "results in {}", folder.path().display());
    }
}
