//! A run over a stream whose every tick is traced: what `perf` and `trade` share.

mod arrival;
mod ended;
mod flight;
mod listing;
mod log;
mod news;
mod pilot;
mod rig;
mod source;
#[cfg(test)]
mod truth;

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::mpsc::sync_channel;

use engine::config::Config;
use engine::probe::Counter as _;
use engine::tick_path::TickPath;
use engine::tick_path::feed::Feed;
use engine::tick_path::strategy::Strategy;

use crate::background::Background;
use crate::cli::{LiveArgs, RunArgs, SourceArgs};
use crate::failure::{Failure, Status};
use crate::live::{
    Board, Live, LiveReport, Metrics, Outflow, Scheduled, Store, Traced, Watch, Window,
};
use crate::recorder::{self, Label, Recorder, Tap};
use crate::report::environment::Environment;
use crate::report::{Figures, Ground, age};
use crate::run_folder::RunFolder;
use crate::signals::Signals;
use crate::tuning::Granted;
use crate::{fills, settings};
pub(crate) use arrival::ArrivalCounts;
use ended::{Done, ages, complaints, report};
use flight::{Flight, Watched};
#[cfg(test)]
pub(crate) use news::News;
pub(crate) use news::Words;
pub(crate) use pilot::Metering;
pub use pilot::{LiveProbe, Pilot};
pub use rig::{Rig, SideReport, SideWork};
use source::{Prepared, Source};

/// Words about the stream that may wait to be printed.
const NEWS: usize = 64;

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
    pub(crate) live: &'a LiveArgs,
    pub(crate) run: &'a RunArgs,
}

impl Plan<'_> {
    /// Whether the ticks leave through a ring while the run lasts: there may be more than are kept.
    fn streams(&self) -> bool {
        self.ticks.is_none_or(|ticks| ticks > self.keep as u64)
    }
}

/// One flight of a comparison, of which nothing is written.
pub(crate) struct Trial {
    pub(crate) total: Figures,
    /// From the moment at which a packet was due to its decision.
    pub(crate) age: Option<Figures>,
}

/// What runs stand on besides their sources.
pub(crate) struct Stand {
    background: Background,
    signals: Signals,
    rig: Rig,
}

impl Stand {
    /// Begins to listen for signals, and calibrates the clock.
    ///
    /// Errors: status 2 if the system has no thread for it.
    pub(crate) fn new() -> Result<Self, Failure> {
        let background = Background::start()?;
        let signals = Signals::listen(background.handle())?;
        Ok(Self { background, signals, rig: Rig::new() })
    }

    /// What is known before the stream is opened.
    fn ground(&self, plan: &Plan<'_>, prepared: &Prepared, config: &Config) -> Ground {
        Ground {
            command: plan.command,
            source: prepared.name().to_owned(),
            symbol: prepared.symbol().to_owned(),
            started_ns: crate::run_folder::since_epoch().as_nanos() as u64,
            why_unstamped: self.rig.unstamped().map(ToString::to_string),
            stamp_cost_ns: self.rig.cycles.stamp_cost_ns(),
            environment: Environment::read(
                prepared.is_encrypted(),
                &self.rig.cycles,
                Some(&config.tuning),
            ),
            config_hash: settings::hash(config),
        }
    }

    /// Flies once, with `config.tuning`; `None` if a signal ended it.
    ///
    /// Errors: as [`run`], and status 3 if the measurement is not complete.
    pub(crate) fn trial<S: Strategy + Send + 'static>(
        &mut self,
        plan: &Plan<'_>,
        config: &Config,
    ) -> Result<Option<Trial>, Failure> {
        let _granted = Granted::ask(&config.tuning)?;
        let prepared = source::prepare(plan, config, &self.rig.cycles)?;
        let source = source::connect(prepared, config, self.background.handle(), &self.signals)?;
        let Some(source) = source else { return Ok(None) };
        let (flight, _) = self.fly::<S>(plan, config, &source, (None, None), None)?;
        if flight.end.is_interrupted() {
            return Ok(None);
        }
        let complaints = complaints(&flight.path, &flight.end, plan, &flight.course.arrived);
        if let Some(complaint) = complaints.into_iter().next() {
            return Err(complaint);
        }
        let meter = flight.path.trader().probe().meter();
        // As in a report, a figure of the first ticks only is none.
        let ages = ages(meter, Some(&source)).filter(|ages| ages.len() as u64 == meter.filed());
        Ok(Some(Trial { total: Figures::of(meter.total()), age: ages.as_deref().map(age) }))
    }

    /// Takes what is needed to show a run, before anything of it is made; where it will be shown.
    ///
    /// Errors: status 2 if there is no terminal to watch it in, or the port for metrics cannot be had.
    fn views(&self, plan: &Plan<'_>) -> Result<Board, Failure> {
        let board = Board::default();
        if plan.live.watch {
            Watch::require_terminal()?;
        }
        if let Some(port) = plan.live.metrics {
            let metrics = Metrics::serve(port, board.clone(), self.background.handle())?;
            let _ = writeln!(std::io::stderr(), "metrics at {}", metrics.url());
        }
        Ok(board)
    }

    /// Starts what shows the run while it lasts, where somebody wants it.
    fn show(
        &self,
        plan: &Plan<'_>,
        source: &Source,
        place: Option<Place<'_>>,
        recorder: Option<&Recorder>,
        begin: u64,
    ) -> Result<Option<(Outflow, Window, Shown)>, Failure> {
        let wanted = plan.streams() || plan.live.watch || plan.live.metrics.is_some();
        let Some(Place { folder, symbol, board }) = place.filter(|_| wanted) else {
            return Ok(None);
        };
        let store = plan
            .streams()
            .then(|| Store { folder: folder.path().to_owned(), token: source.token_text() });
        let scheduled = source.schedule().map(|schedule| -> Scheduled {
            Box::new(move |sequence| schedule.scheduled_ns(sequence))
        });
        let looks = (recorder.map(Recorder::watcher), scheduled);
        let (outflow, window, live) =
            Live::start((&self.rig.cycles, board), begin, self.rig.first_stage(), looks, store)?;
        let title = || format!("{} of {symbol}", plan.command);
        let watch = plan.live.watch.then(|| Watch::start(title(), board.clone())).transpose()?;
        Ok(Some((outflow, window, Shown { live, watch })))
    }

    /// Flies from the first packet to the end of the plan.
    fn fly<S: Strategy + Send + 'static>(
        &mut self,
        plan: &Plan<'_>,
        config: &Config,
        source: &Source,
        (tap, recorder): (Option<Tap>, Option<&Recorder>),
        place: Option<Place<'_>>,
    ) -> Result<(Flight<S, Traced>, Option<LiveReport>), Failure> {
        let begin = self.rig.cycles.raw();
        let shown = self.show(plan, source, place, recorder, begin)?;
        let (outflow, window, shown) = match shown {
            Some((outflow, window, shown)) => (Some(outflow), Some(window), Some(shown)),
            None => (None, None, None),
        };
        let (feed, strategy) = (Feed::new(source.subscription), S::new(config));
        let fills = fills::model(config)?;
        let probe = Traced::new(self.rig.meter(plan.keep), outflow);
        let path = TickPath::live(config, feed, strategy, fills, probe, plan.settle);
        let (news, heard) = sync_channel(NEWS);
        let wanted = plan.ticks.unwrap_or(u64::MAX);
        let latest = source.latest(config, self.rig.offsets.report().first);
        let pilot = Pilot { latest, tap, window, news, ..self.rig.pilot(path, wanted) };
        let board = place.filter(|_| shown.is_some()).map(|place| place.board);
        let prints = place.is_some() && !plan.run.quiet;
        // What came while the terminal was not free for it.
        let kept_back = RefCell::new(Vec::new());
        let watch = Watched {
            source,
            signals: &self.signals,
            cycles: &self.rig.cycles,
            tuning: config.tuning,
            limit: source.time_limit(plan, config),
            recorder,
            heard: &heard,
            begin,
            tell: &|words: Words| {
                if let Some(board) = board {
                    board.hear(&words);
                }
                if plan.live.watch && words.is_error {
                    kept_back.borrow_mut().push(words.message);
                } else if !plan.live.watch && (prints || words.is_error) {
                    let _ = writeln!(std::io::stderr(), "{}", words.message);
                }
            },
        };
        let flight = flight::fly(pilot, self.background.handle(), &watch, &mut self.rig.offsets)?;
        let live = shown.map(Shown::finish);
        for message in kept_back.take() {
            let _ = writeln!(std::io::stderr(), "{message}");
        }
        Ok((flight, live))
    }
}

/// Where a run is kept and shown.
#[derive(Clone, Copy)]
struct Place<'a> {
    folder: &'a RunFolder,
    symbol: &'a str,
    board: &'a Board,
}

/// What shows a run.
struct Shown {
    live: Live,
    watch: Option<Watch>,
}

impl Shown {
    /// Gives the terminal back, and waits for the last trace.
    fn finish(self) -> LiveReport {
        drop(self.watch);
        self.live.finish()
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
    let board = stand.views(plan)?;
    let _granted = Granted::ask(&config.tuning)?;
    let prepared = source::prepare(plan, config, &stand.rig.cycles)?;
    if let Some(note) = prepared.note().filter(|_| !plan.run.quiet) {
        let _ = writeln!(std::io::stderr(), "{note}");
    }
    let ground = stand.ground(plan, &prepared, config);
    let source = source::connect(prepared, config, stand.background.handle(), &stand.signals)?;
    let folder = RunFolder::create(plan.run.out.as_deref(), plan.command, &ground.symbol)?;
    let Some(source) = source else {
        let path = TickPath::replay(config, S::new(config), fills, stand.rig.meter(0));
        let flight = Flight::not_begun(path);
        let offsets = stand.rig.offsets.report();
        let done = Done { flight, offsets, recorder: None, live: None };
        return report(plan, config, None, &folder, ground, done);
    };
    let (tap, recorder) = if plan.record {
        let label = label(config, &source, &ground);
        let options =
            recorder::Options::new(stand.rig.cycles.clone(), stand.rig.offsets.report().first);
        let (tap, recorder) = Recorder::start(folder.path(), label, options)?;
        (Some(tap), Some(recorder))
    } else {
        (None, None)
    };
    let side = (tap, recorder.as_ref());
    let place = Place { folder: &folder, symbol: &ground.symbol, board: &board };
    let (flight, live) = stand.fly::<S>(plan, config, &source, side, Some(place))?;
    let done = Done { flight, offsets: stand.rig.offsets.report(), recorder, live };
    report(plan, config, Some(&source), &folder, ground, done)
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
