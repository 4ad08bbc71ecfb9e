//! `myquant perf`: where every microsecond between the socket and the decision went.

mod flight;
mod pilot;
mod source;

use std::io::Write as _;
use std::sync::mpsc::sync_channel;

use engine::config::Config;
use engine::probe::{Meter, Stage};
use engine::replay::Outcome;
use engine::tick_path::TickPath;
use engine::tick_path::feed::Feed;
use engine::tick_path::strategy::{Compute, Momentum};

use crate::cli::PerfArgs;
use crate::clock::Cycles;
use crate::failure::{Failure, Status};
use crate::report::environment::Environment;
use crate::report::{Ground, Report, table, ticks_csv};
use crate::results::RunResult;
use crate::run_folder::RunFolder;
use crate::settings;
use crate::signals::Signals;
use flight::{End, Flight};
use pilot::{Landing, Orders, Pilot};
use source::Source;

/// Traces that are kept whole and written; beyond it only the histograms are complete.
const MOST_KEPT: u64 = 2_000_000;
/// Words about the stream that may wait to be printed.
const NEWS: usize = 64;

/// Runs the command.
pub(crate) fn run(args: &PerfArgs) -> Result<Status, Failure> {
    let config = settings::load(args.run.config.as_deref(), &args.run.set)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::usage(format!("cannot start: {error}"), "raise the limit of threads")
        })?;
    let signals = Signals::listen(&runtime)?;
    let cycles = Cycles::new();
    let prepared = source::prepare(args, &config, &cycles)?;
    let source = match source::connect(prepared, &config, &runtime, &signals)? {
        Some(source) => source,
        None => return Ok(Status::Interrupted),
    };
    let folder = RunFolder::create(args.run.out.as_deref(), "perf", &source.symbol)?;
    let offset = cycles.wall_offset();
    let keep = args.ticks.min(MOST_KEPT) as usize;
    let feed = Feed::new(source.subscription);
    let strategy = Momentum::new(&config, Compute::Enabled);
    let meter = Meter::new(cycles.clone(), Stage::Framing, keep);
    let (news, heard) = sync_channel(NEWS);
    let pilot = Pilot {
        path: TickPath::live(&config, feed, strategy, meter, args.settle),
        wanted: args.ticks,
        orders: Orders::default(),
        latest: source.latest(&config, offset),
        landing: Landing::Stopped,
        news,
        news_dropped: 0,
    };
    let ground = Ground {
        source: source.name.clone(),
        symbol: source.symbol.clone(),
        started_ns: crate::run_folder::since_epoch().as_nanos() as u64,
        offset,
        stamp_cost_ns: cycles.stamp_cost_ns(),
        environment: Environment::read(source.tls, &cycles),
        config_hash: settings::hash(&config),
    };
    let timeout = args.timeout.unwrap_or_else(|| source.usual_timeout());
    let quiet = args.run.quiet;
    let flight = flight::fly(
        pilot,
        &source,
        &runtime,
        &signals,
        &cycles,
        timeout,
        |news| {
            if !quiet {
                let _ = writeln!(std::io::stderr(), "{news}");
            }
        },
        &heard,
    )?;
    report(args, &config, &source, &folder, ground, flight)
}

/// Writes the run's files, prints its table, and judges it.
fn report(
    args: &PerfArgs,
    config: &Config,
    source: &Source,
    folder: &RunFolder,
    ground: Ground,
    flight: Flight,
) -> Result<Status, Failure> {
    let Flight { path, end, threads, duration_ns } = flight;
    let complaints = complaints(&path, end.clone(), args);
    let ages = source.schedule().map(|schedule| {
        ticks_csv::ages(path.trader().probe(), |sequence| schedule.scheduled_ns(sequence))
    });
    let incomplete = end.is_interrupted() || !complaints.is_empty();
    let report =
        Report::new(config, ground, &path, ages.as_deref(), threads, duration_ns, incomplete);
    let result = RunResult::new(config, &Outcome::of(config, &path));
    result.write(folder, config)?;
    report.write(folder)?;
    let token = source.token_text();
    folder.write("ticks.csv", |file| {
        ticks_csv::write(file, path.trader().probe(), &token, config.session.zone, ages.as_deref())
    })?;
    if args.run.json {
        let text = serde_json::to_string(&report).unwrap_or_default();
        let _ = writeln!(std::io::stdout(), "{text}");
    } else {
        let _ = write!(std::io::stdout(), "{}", table::report(&report));
    }
    let mut err = std::io::stderr().lock();
    if !args.run.quiet {
        let _ = writeln!(err, "report in {}", folder.path().display());
    }
    let mut status = if report.targets_met() { Status::Done } else { Status::TargetMissed };
    for complaint in complaints {
        let _ = writeln!(err, "{complaint}");
        status = status.or(complaint.status);
    }
    if end.is_interrupted() {
        let _ = writeln!(err, "interrupted: the report holds what was seen");
        status = status.or(Status::Interrupted);
    }
    Ok(status)
}

/// Everything that keeps the measurement from being complete.
fn complaints(path: &pilot::MeasuredPath, end: End, args: &PerfArgs) -> Vec<Failure> {
    let meter = path.trader().probe();
    let frames = path.frames();
    let incomplete = |what: String, hint: &str| Failure::new(Status::Incomplete, what, hint);
    let mut complaints = Vec::new();
    match end {
        End::Failed(error) => {
            complaints.push(Failure::new(Status::Feed, &error, error.hint()));
        }
        End::TimedOut(after) => complaints.push(incomplete(
            format!(
                "only {} of {} ticks were traced within {} s",
                frames.traced,
                args.ticks,
                after.as_secs_f64()
            ),
            "raise --timeout, ask for fewer --ticks, or play faster with --rate",
        )),
        End::Landed | End::Interrupted => {}
    }
    if frames.traced == 0 {
        complaints.push(incomplete(
            "nothing was traced".to_owned(),
            "look at the counted frames: the feed sent nothing, or everything was counted away",
        ));
    }
    if !frames.complete() {
        let what = format!("{} frames came, but traced and counted do not add up", frames.frames);
        complaints.push(incomplete(what, "report this as a bug with the report's folder"));
    }
    for stage in meter.source_stages() {
        let count = meter.stage(stage).count();
        if count != frames.traced {
            complaints.push(incomplete(
                format!("stage {} holds {count} of {} traces", stage.name(), frames.traced),
                "a room does not mark its stage: report this as a bug",
            ));
        }
    }
    complaints
}
