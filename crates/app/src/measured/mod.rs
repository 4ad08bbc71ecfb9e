//! A run over a stream whose every tick is traced: what `perf` and `trade` share.

mod arrival;
mod flight;
mod log;
mod pilot;
mod source;

use std::io::Write as _;
use std::sync::mpsc::sync_channel;

use client::market::KernelStamps;
use engine::config::Config;
use engine::probe::{Meter, Record, Stage};
use engine::replay::Outcome;
use engine::tick_path::TickPath;
use engine::tick_path::broker;
use engine::tick_path::feed::Feed;
use engine::tick_path::strategy::Strategy;

use crate::background::Background;
use crate::cli::{RunArgs, SourceArgs};
use crate::clock::{Cycles, OffsetWatch};
use crate::failure::{Failure, Status};
use crate::recorder::{self, Label, Recorder, RecorderReport, Tap};
use crate::report::environment::Environment;
use crate::report::ticks::Kept;
use crate::report::{Ground, Report, complete, table, ticks_csv};
use crate::results::{PriceSampler, PriceSeries, RunResult, Scene};
use crate::run_folder::RunFolder;
use crate::signals::Signals;
use crate::tuning::Granted;
use crate::{fills, settings};
pub(crate) use arrival::ArrivalCounts;
use arrival::Arrivals;
use flight::{End, Flight, Watch};
use log::Log;
pub(crate) use pilot::Metering;
use pilot::{Landing, Orders, Pilot};
use source::{Prepared, Source};

/// Words about the stream that may wait to be printed.
const NEWS: usize = 64;
/// States of the connection that the time line holds, and gaps besides.
const EVENTS: usize = 256;

/// What a command wants of its run.
pub(crate) struct Plan<'a> {
    /// The command's name, for the folder.
    pub(crate) command: &'static str,
    /// Ticks to trace; `None` runs to the end of the recording, of the session, or until told.
    pub(crate) ticks: Option<u64>,
    /// First frames that are not traced.
    pub(crate) settle: u64,
    /// Traces that are kept whole; beyond it only the histograms are complete.
    pub(crate) keep: usize,
    /// Whether every packet is recorded into the run's folder.
    pub(crate) record: bool,
    pub(crate) source: &'a SourceArgs,
    pub(crate) run: &'a RunArgs,
}

/// What a run stands on besides its source.
struct Stand {
    background: Background,
    signals: Signals,
    cycles: Cycles,
    offsets: OffsetWatch,
    /// Keeps the kernel's receive stamps switched on; where there are none, why.
    stamping: std::io::Result<KernelStamps>,
}

impl Stand {
    fn new() -> Result<Self, Failure> {
        let background = Background::start()?;
        let signals = Signals::listen(background.handle())?;
        let cycles = Cycles::new();
        let offsets = OffsetWatch::new(&cycles);
        let stamping = KernelStamps::switch_on(&cycles.0);
        Ok(Self { background, signals, cycles, offsets, stamping })
    }

    /// A meter for a stream.
    fn meter(&self, keep: usize) -> Meter<Cycles> {
        let first = if self.stamping.is_ok() { Stage::KernelWait } else { Stage::Framing };
        Meter::new(self.cycles.clone(), first, keep)
    }

    /// What is known before the stream is opened.
    fn ground(&self, plan: &Plan<'_>, prepared: &Prepared, config: &Config) -> Ground {
        Ground {
            command: plan.command,
            source: prepared.name().to_owned(),
            symbol: prepared.symbol().to_owned(),
            started_ns: crate::run_folder::since_epoch().as_nanos() as u64,
            why_unstamped: self.stamping.as_ref().err().map(ToString::to_string),
            stamp_cost_ns: self.cycles.stamp_cost_ns(),
            environment: Environment::read(prepared.is_encrypted(), &self.cycles, &config.tuning),
            config_hash: settings::hash(config),
        }
    }

    /// Flies from the first packet to the end of the plan.
    fn fly<S: Strategy + Send + 'static>(
        &mut self,
        plan: &Plan<'_>,
        config: &Config,
        source: &Source,
        (tap, recorder): (Option<Tap>, Option<&Recorder>),
    ) -> Result<Flight<S, Meter<Cycles>>, Failure> {
        let (feed, strategy) = (Feed::new(source.subscription), S::new(config));
        let (fills, meter) = (fills::model(config)?, self.meter(plan.keep));
        let path = TickPath::live(config, feed, strategy, fills, meter, plan.settle);
        let arrivals = || Arrivals::new(&self.cycles, self.offsets.clock());
        let (news, heard) = sync_channel(NEWS);
        let pilot = Pilot {
            path,
            arrivals: self.stamping.is_ok().then(arrivals),
            arrived: ArrivalCounts::default(),
            wanted: plan.ticks.unwrap_or(u64::MAX),
            orders: Orders::default(),
            latest: source.latest(config, self.offsets.report().first),
            landing: Landing::Stopped,
            tap,
            news,
            news_dropped: 0,
            states: Log::new(EVENTS),
            gaps: Log::new(EVENTS),
            known: broker::Arrivals::default(),
        };
        let quiet = plan.run.quiet;
        let watch = Watch {
            source,
            signals: &self.signals,
            cycles: &self.cycles,
            tuning: config.tuning,
            limit: source.time_limit(plan, config),
            recorder,
            heard: &heard,
            print: &|news: &str| {
                if !quiet {
                    let _ = writeln!(std::io::stderr(), "{news}");
                }
            },
        };
        flight::fly(pilot, self.background.handle(), &watch, &mut self.offsets)
    }
}

/// Runs the plan with one strategy.
pub(crate) fn run<S: Strategy + Send + 'static>(
    plan: &Plan<'_>,
    config: &Config,
) -> Result<Status, Failure> {
    let fills = fills::model(config)?;
    let mut stand = Stand::new()?;
    RunFolder::refuse_existing(plan.run.out.as_deref())?;
    let _granted = Granted::ask(&config.tuning)?;
    let prepared = source::prepare(plan, config, &stand.cycles)?;
    if let Some(note) = prepared.note().filter(|_| !plan.run.quiet) {
        let _ = writeln!(std::io::stderr(), "{note}");
    }
    let ground = stand.ground(plan, &prepared, config);
    let source = source::connect(prepared, config, stand.background.handle(), &stand.signals)?;
    let folder = RunFolder::create(plan.run.out.as_deref(), plan.command, &ground.symbol)?;
    let Some(source) = source else {
        let path = TickPath::replay(config, S::new(config), fills, stand.meter(0));
        let flight = Flight::not_begun(path);
        return report(plan, config, None, &folder, ground, (flight, &stand.offsets), None);
    };
    let (tap, recorder) = if plan.record {
        let label = label(config, &source, &ground);
        let options = recorder::Options::new(stand.cycles.clone(), stand.offsets.report().first);
        let (tap, recorder) = Recorder::start(folder.path(), label, options)?;
        (Some(tap), Some(recorder))
    } else {
        (None, None)
    };
    let flight = stand.fly::<S>(plan, config, &source, (tap, recorder.as_ref()))?;
    report(plan, config, Some(&source), &folder, ground, (flight, &stand.offsets), recorder)
}

/// What a recording of this run says of itself.
fn label(config: &Config, source: &Source, ground: &Ground) -> Label {
    Label {
        source: ground.source.clone(),
        symbol: ground.symbol.clone(),
        exchange_type: source.subscription.segment,
        token: source.token_text(),
        mode: source.subscription.mode,
        lot_size: config.instrument.lot_size.0,
        zone: config.session.zone,
        config_hash: ground.config_hash.clone(),
    }
}

/// Writes the run's files, prints its table, and judges it.
fn report<S: Strategy, P: Metering>(
    plan: &Plan<'_>,
    config: &Config,
    source: Option<&Source>,
    folder: &RunFolder,
    mut ground: Ground,
    (flight, offsets): (Flight<S, P>, &OffsetWatch),
    recorder: Option<Recorder>,
) -> Result<Status, Failure> {
    let Flight { path, end, course, processors, tap, news_dropped } = flight;
    let recorded = recorder.zip(tap).map(|(recorder, tap)| recorder.finish(tap));
    let complaints = complaints(&path, &end, plan, &course.arrived);
    let meter = path.trader().probe().meter();
    let ages = source
        .and_then(Source::schedule)
        .map(|schedule| ticks_csv::ages(meter, |sequence| schedule.scheduled_ns(sequence)));
    ground.environment.in_force(&processors);
    let incomplete = end.is_interrupted() || !complaints.is_empty();
    let kept = Kept { meter, begin: course.begin, ages: ages.as_deref() };
    let offsets = offsets.report();
    let report = Report::new(config, ground, &path, &kept, (course, offsets), incomplete)
        .with_recorder(recorded.as_ref());
    let outcome = Outcome::of(config, &path);
    let result = RunResult::new(config, &outcome).incomplete(end.is_interrupted());
    result.write(folder, config)?;
    if plan.record {
        let prices = prices(config, meter.records());
        let scene = Scene { command: plan.command, source: &report.source, prices: &prices };
        result.write_reports(folder, config, &scene)?;
    }
    let token = source.map(Source::token_text).unwrap_or_default();
    report.write(folder, &kept, &token, config.session.zone)?;
    if plan.run.json {
        let text = serde_json::to_string(&report).unwrap_or_default();
        let _ = writeln!(std::io::stdout(), "{text}");
    } else {
        let _ = write!(std::io::stdout(), "{}", table::report(&report));
        let _ = writeln!(std::io::stdout(), "paper: {}", table::outcome(&outcome));
    }
    let mut err = std::io::stderr().lock();
    if !plan.run.quiet {
        let _ = writeln!(err, "report in {}", folder.path().display());
    }
    if let Some(recorded) = &recorded {
        say_recorded(&mut err, recorded, plan.run.quiet);
    }
    let mut status = if report.targets_met() { Status::Done } else { Status::TargetMissed };
    for complaint in complaints {
        let _ = writeln!(err, "{complaint}");
        status = status.or(complaint.status);
    }
    if let (End::Landed, Some(ticks)) = (&end, plan.ticks.filter(|ticks| report.traced < *ticks)) {
        let _ = writeln!(err, "the recording ended after {} of {ticks} ticks", report.traced);
    }
    if let Some(unsaved) = source.and_then(|source| source.broker.unsaved()) {
        let _ = writeln!(err, "the session is not kept: {unsaved}\nhint: {}", unsaved.hint());
    }
    if news_dropped > 0 {
        let _ = writeln!(err, "{news_dropped} messages about the stream were not printed");
    }
    if end.is_interrupted() {
        let _ = writeln!(err, "interrupted: the report holds what was seen");
        status = status.or(Status::Interrupted);
    }
    Ok(status)
}

/// The prices of the ticks that were kept whole.
fn prices(config: &Config, records: &[Record]) -> PriceSeries {
    let mut sampler = PriceSampler::new(config.session.zone);
    records.iter().for_each(|record| sampler.push(record.filed.tick.time, record.filed.tick.price));
    sampler.finish()
}

/// Where the recording is, and what went wrong with it.
fn say_recorded(err: &mut dyn std::io::Write, recorded: &RecorderReport, quiet: bool) {
    if let Some(alarm) = &recorded.alarm {
        let _ = writeln!(err, "{alarm}");
    }
    if recorded.dropped > 0 {
        let _ =
            writeln!(err, "{} of {} packets were not recorded", recorded.dropped, recorded.packets);
    }
    for file in recorded.files.iter().filter(|_| !quiet) {
        let _ = writeln!(err, "recorded {} packets in {}", recorded.written, file.display());
    }
}

/// Everything that keeps the run from being what was asked for.
fn complaints<S: Strategy, P: Metering>(
    path: &TickPath<S, P>,
    end: &End,
    plan: &Plan<'_>,
    arrived: &ArrivalCounts,
) -> Vec<Failure> {
    let frames = path.frames();
    let mut complaints = Vec::new();
    match (end, plan.ticks) {
        (End::Failed(error), _) => {
            complaints.push(Failure::new(Status::Feed, error, error.hint()));
        }
        (End::TimeUp(after), Some(ticks)) => complaints.push(Failure::new(
            Status::Incomplete,
            format!(
                "only {} of {ticks} ticks were traced within {} s",
                frames.traced,
                after.as_secs_f64()
            ),
            "raise --timeout, ask for fewer --ticks, or play faster with --rate",
        )),
        (End::TimeUp(_) | End::Landed | End::Interrupted, _) => {}
    }
    complaints.extend(complete::complaints(
        frames,
        path.trader().probe().meter(),
        arrived.unknown(),
    ));
    complaints
}
