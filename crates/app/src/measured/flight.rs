//! One run of the stream thread, watched from the main thread.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use client::market::{
    Ended, Expiry, MarketError, MarketStream, StreamAuth, StreamSetup, Subscription,
};
use engine::config::Tuning;
use engine::probe::{Counter as _, Disturbances};
use engine::tick_path::TickPath;
use engine::tick_path::strategy::Strategy;
use smartapi::clock::Wall;
use tokio::runtime::Handle;

use super::arrival::ArrivalCounts;
use super::log;
use super::news::{News, Words};
use super::pilot::{Landing, Metering, Order, Orders, Pilot};
use super::source::Source;
use crate::clock::{Cycles, OffsetWatch};
use crate::failure::{Failure, Status};
use crate::recorder::{Recorder, Tap};
use crate::report::Course;
use crate::report::timeline::{Event, Kind};
use crate::signals::Signals;
use crate::thread::{cpu_seconds, processors};
use crate::tuning::{keep_to, no_thread, of_stream};

/// How often the main thread looks at signals, the timeout and the end of the recording.
const LOOK: Duration = Duration::from_millis(20);

/// How a run ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// As it was meant to: all ticks were traced, or the recording was over.
    Landed,
    /// The stream failed for good.
    Failed(MarketError),
    /// The time was up first.
    TimeUp(Duration),
    /// SIGINT or SIGTERM.
    Interrupted,
}

impl End {
    pub(super) const fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }

    /// What the stream's own states do not tell of it.
    fn event(&self, at_ns: u64) -> Option<Event> {
        let (kind, text) = match self {
            Self::TimeUp(after) => {
                (Kind::Timeout, format!("the time was up after {} s", after.as_secs_f64()))
            }
            Self::Interrupted => (Kind::Interrupted, "a signal ended the run".to_owned()),
            Self::Landed | Self::Failed(_) => return None,
        };
        Some(Event { at_ns, kind, text })
    }
}

/// What a run brought home.
pub(super) struct Flight<S, P> {
    pub(super) path: TickPath<S, P>,
    pub(super) end: End,
    pub(super) course: Course,
    /// Where the tick thread was allowed to run.
    pub(super) processors: Vec<usize>,
    /// The recorder's end, to finish with.
    pub(super) tap: Option<Tap>,
    /// Words about the stream that nobody was quick enough to print.
    pub(super) news_dropped: u64,
}

impl<S, P> Flight<S, P> {
    /// A signal came before the stream was opened.
    pub(super) fn not_begun(path: TickPath<S, P>) -> Self {
        let end = End::Interrupted;
        let course = Course {
            begin: 0,
            duration_ns: 0,
            disturbances: None,
            cpu_seconds: None,
            arrived: ArrivalCounts::default(),
            events: end.event(0).into_iter().collect(),
            events_left_out: 0,
        };
        Self { path, end, course, processors: Vec::new(), tap: None, news_dropped: 0 }
    }
}

/// What the tick thread hands back.
struct Landed<S, P> {
    pilot: Pilot<S, P>,
    ended: Ended,
    processors: Vec<usize>,
    disturbances: Option<Disturbances>,
    cpu_seconds: Option<f64>,
    duration_ns: u64,
}

/// What the main thread looks at while the stream runs.
pub(super) struct Watched<'a> {
    pub(super) source: &'a Source,
    pub(super) signals: &'a Signals,
    pub(super) cycles: &'a Cycles,
    pub(super) tuning: Tuning,
    /// When to stop; `None` = only for other reasons.
    pub(super) limit: Option<Duration>,
    /// Its alarm is said as soon as it is seen.
    pub(super) recorder: Option<&'a Recorder>,
    pub(super) heard: &'a Receiver<News>,
    /// The counter's reading at the run's begin.
    pub(super) begin: u64,
    pub(super) tell: &'a dyn Fn(Words),
}

impl Watched<'_> {
    fn alarm(&self) -> Option<String> {
        self.recorder?.status().alarm
    }

    /// Says in words what has come since the last time.
    fn say(&self) {
        self.heard.try_iter().for_each(|news| (self.tell)(news.words(date())));
    }
}

/// Runs the stream on a thread of its own until the pilot lands, time is up, or a signal comes.
///
/// Errors: status 4 if the stream cannot even be set up, 2 if the thread cannot be pinned.
pub(super) fn fly<S, P>(
    mut pilot: Pilot<S, P>,
    background: &Handle,
    watch: &Watched<'_>,
    offsets: &mut OffsetWatch,
) -> Result<Flight<S, P>, Failure>
where
    S: Strategy + Send + 'static,
    P: Metering + Send + 'static,
{
    let cycles = watch.cycles;
    let tuning = watch.tuning;
    let mut stream = stream(watch.source, background, cycles, &tuning)?;
    let orders = pilot.orders.clone();
    let origin = stream.origin();
    pilot.origin = origin;
    let (clock, begin) = (cycles.clone(), watch.begin);
    let (landed, landing) = sync_channel(1);
    let run = move || {
        if let Err(refused) = tuning.pin.map_or(Ok(()), keep_to) {
            let _ = landed.send(Err(refused));
            return;
        }
        let processors = processors();
        let (before, cpu_before) = (clock.disturbances(), cpu_seconds());
        let ended = stream.run(&mut pilot);
        let duration_ns = clock.nanos(begin, clock.raw());
        let (after, cpu_after) = (clock.disturbances(), cpu_seconds());
        pilot.finish();
        let disturbances = after.zip(before).map(|(after, before)| after.since(before));
        let cpu_seconds = cpu_after.zip(cpu_before).map(|(after, before)| after - before);
        let landing = Landed { pilot, ended, processors, disturbances, cpu_seconds, duration_ns };
        let _ = landed.send(Ok(landing));
    };
    let thread = launch(run, cycles, offsets)?;
    let (landed, early) = wait(&landing, &orders, watch, offsets)?;
    let _ = thread.join();
    watch.say();
    let Landed { pilot, ended, processors, disturbances, cpu_seconds, duration_ns } = landed?;
    let end = match (ended, early) {
        (_, Some(End::Interrupted)) if pilot.landing == Landing::Stopped => End::Interrupted,
        (Ended::Failed(error), _) => End::Failed(error),
        (Ended::Stopped, Some(early)) if pilot.landing == Landing::Stopped => early,
        (Ended::Stopped, _) => End::Landed,
    };
    let Pilot { path, arrived, tap, news_dropped, states, gaps, .. } = pilot;
    let dates = log::Dates { origin, now: cycles.raw(), date: date() };
    let (mut events, events_left_out) = log::events(states, gaps, cycles, begin, dates);
    events.extend(end.event(duration_ns));
    let course =
        Course { begin, duration_ns, disturbances, cpu_seconds, arrived, events, events_left_out };
    Ok(Flight { path, end, course, processors, tap, news_dropped })
}

/// Starts the tick thread, which finds the offset of the date just measured: to prepare the run may
/// have taken longer than an offset is good for.
///
/// Errors: status 2 if there is no thread to be had.
fn launch<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
    cycles: &Cycles,
    offsets: &mut OffsetWatch,
) -> Result<JoinHandle<T>, Failure> {
    offsets.look(cycles);
    let thread = thread::Builder::new().name("tick-path".to_owned());
    thread.spawn(run).map_err(|error| no_thread(&error))
}

/// This machine's date.
fn date() -> Wall {
    Wall(crate::run_folder::since_epoch().as_secs() as i64)
}

/// Looks after the run until the tick thread hands back what it has; why it was told to stop.
fn wait<T>(
    landing: &Receiver<T>,
    orders: &Orders,
    watch: &Watched<'_>,
    offsets: &mut OffsetWatch,
) -> Result<(T, Option<End>), Failure> {
    let begin_ns = watch.cycles.now_ns();
    let mut early = None;
    let mut alarmed = false;
    loop {
        watch.say();
        match landing.recv_timeout(LOOK) {
            Ok(landed) => return Ok((landed, early)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(
                    Status::Feed,
                    "the tick thread broke off",
                    "report this as a bug with what was printed above",
                ));
            }
        }
        offsets.look(watch.cycles);
        let passed = Duration::from_nanos(watch.cycles.now_ns() - begin_ns);
        early = early.or_else(|| look(orders, watch, passed));
        if let Some(alarm) = watch.alarm().filter(|_| !alarmed) {
            alarmed = true;
            (watch.tell)(News::Alarm(alarm).words(date()));
        }
    }
}

/// Gives the order that the moment asks for; why, if it is to stop.
fn look(orders: &Orders, watch: &Watched<'_>, passed: Duration) -> Option<End> {
    if watch.signals.came() {
        orders.give(Order::Stop);
        return Some(End::Interrupted);
    }
    if let Some(limit) = watch.limit.filter(|limit| passed >= *limit) {
        orders.give(Order::Stop);
        return Some(End::TimeUp(limit));
    }
    if watch.source.is_over() {
        orders.give(Order::DrainAndEnd);
    }
    None
}

/// The market stream of the source's one session.
fn stream(
    source: &Source,
    background: &Handle,
    cycles: &Cycles,
    tuning: &Tuning,
) -> Result<MarketStream, Failure> {
    let failed = |error: MarketError| Failure::new(Status::Feed, &error, error.hint());
    let broker = &source.broker;
    let renewing = Arc::clone(broker);
    let handle = background.clone();
    let renew = move |refused: &StreamAuth| {
        handle.block_on(renewing.renew(refused))?;
        Ok(renewing.stream_auth()?)
    };
    let subscription = Subscription {
        mode: source.subscription.mode,
        exchange_type: source.subscription.segment,
        token: source.token_text(),
    };
    let mut stream = MarketStream::new(StreamSetup {
        url: broker.servers().market_stream().to_string(),
        tls: Arc::clone(broker.servers().tls()),
        auth: broker.stream_auth().map_err(failed)?,
        renew: Box::new(renew),
        subscriptions: vec![subscription],
        limits: source.limits,
        tuning: of_stream(tuning),
        clock: cycles.clock(),
        entropy: crate::run_folder::since_epoch().as_nanos() as u64,
    })
    .map_err(failed)?;
    stream.set_expiry(Expiry::new(source.day_end, date(), 0));
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tick_finds_an_offset_however_long_the_run_was_prepared() {
        let cycles = Cycles::new();
        let mut offsets = OffsetWatch::begin(0, cycles.wall_offset());
        let clock = offsets.clock();
        assert_eq!(clock.offset(cycles.now_ns()), None, "the machine runs for more than a second");
        let ticks = cycles.clone();
        let run = move || clock.offset(ticks.now_ns());
        let found = launch(run, &cycles, &mut offsets).expect("a thread").join();
        assert!(found.expect("no panic").is_some());
    }
}
