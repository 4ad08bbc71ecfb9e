//! Our whole path, from the socket to the decision, over one connection.

use std::thread;
use std::time::Duration;

use client::market::{
    ConnectionState, ControlFrame, Ended, Flow, KernelStamp, MarketStream, NotBefore, Sink, Stamps,
    Tuning,
};
use engine::config::{Config, load};
use engine::probe::{self, Counter as _, Meter, Off, Probe, Stage};
use engine::tick_path::TickPath;
use engine::tick_path::feed::Feed;
use engine::tick_path::strategy::{Momentum, Strategy as _};
use engine::units::EventTime;
use engine::venue::FillModel;

use crate::clock::{Cycles, thread_cpu_ns};
use crate::fault::Fault;

use crate::session::{Session, subscription};

/// First frames that are left out, as `perf` does: caches and branches settle.
pub const SETTLE: u64 = 200;
/// Rows beyond those that are walked, so that the last wanted tick is never the last row.
pub const SPARE: usize = 100;

/// A probe that can begin the trace of a frame.
pub trait LiveProbe: Probe + Send + 'static {
    /// The trace of a frame that was read and framed at these stamps.
    fn begin(stamps: Stamps) -> Self::Trace;
}

impl LiveProbe for Off {
    #[inline]
    fn begin(_: Stamps) {}
}

impl LiveProbe for Meter<Cycles> {
    #[inline]
    fn begin(stamps: Stamps) -> probe::Stamps {
        probe::Stamps::read(Some(stamps.after.raw), stamps.read, stamps.framed)
    }
}

/// The stamps of a frame that is read and framed now, as the stream takes them.
#[inline]
#[must_use]
pub fn stamps(cycles: &Cycles) -> Stamps {
    let after = NotBefore { raw: cycles.raw(), wall_ns: 0 };
    Stamps { kernel: KernelStamp::Missing, after, read: cycles.raw(), framed: cycles.raw() }
}

/// A meter for the live path that keeps so many traces whole.
#[must_use]
pub fn meter(cycles: &Cycles, keep: u64) -> Meter<Cycles> {
    Meter::new(cycles.clone(), Stage::KernelWait, keep as usize)
}

/// The product's own settings.
///
/// # Panics
/// Never: the defaults are a configuration.
#[must_use]
pub fn config() -> Config {
    load(&[]).unwrap_or_else(|problems| panic!("invariant: the defaults can run: {problems}"))
}

/// The tick path of the default strategy, live.
pub fn path<P: Probe>(config: &Config, probe: P, settle: u64) -> TickPath<Momentum, P> {
    let (feed, strategy) = (Feed::new(subscription()), Momentum::new(config));
    TickPath::live(config, feed, strategy, FillModel::default(), probe, settle)
}

/// What a flight brought home.
pub struct Flight<P> {
    pub probe: P,
    /// Ticks between the two looks at the clocks.
    pub ticks: u64,
    /// Between them, by the counter.
    pub wall_ns: u64,
    /// The tick thread's CPU time between them.
    pub cpu_ns: u64,
}

impl<P> Flight<P> {
    /// Ticks in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.ticks as f64 * 1e9 / self.wall_ns as f64
    }

    /// The figures alone: a meter with all its traces is large.
    #[must_use]
    pub fn without_probe(self) -> Flight<()> {
        let Self { ticks, wall_ns, cpu_ns, .. } = self;
        Flight { probe: (), ticks, wall_ns, cpu_ns }
    }

    /// The tick thread's CPU time for a tick, in nanoseconds.
    #[must_use]
    pub fn cpu_per_tick(&self) -> f64 {
        self.cpu_ns as f64 / self.ticks as f64
    }
}

/// A stream and a path that are ready to run.
pub struct Ready<P> {
    stream: MarketStream,
    pilot: Pilot<P>,
}

/// Carries frames into the path, as the product's own pilot does.
struct Pilot<P> {
    path: TickPath<Momentum, P>,
    cycles: Cycles,
    wanted: u64,
    /// The counter, and the tick thread's CPU time, at the first traced tick and at the last.
    looks: [(u64, u64); 2],
    give_up_ns: u64,
}

impl<P: LiveProbe> Ready<P> {
    /// A run over `wanted` traced ticks, which may take `limit`.
    ///
    /// Errors: as [`Session::stream`].
    pub fn new(
        session: &Session,
        cycles: &Cycles,
        probe: P,
        wanted: u64,
        limit: Duration,
    ) -> Result<Self, Fault> {
        Self::tuned(session, cycles, Tuning::default(), probe, (wanted, limit))
    }

    /// As [`Self::new`], with a socket that is treated otherwise than by default.
    ///
    /// Errors: as [`Session::stream`].
    pub fn tuned(
        session: &Session,
        cycles: &Cycles,
        tuning: Tuning,
        probe: P,
        (wanted, limit): (u64, Duration),
    ) -> Result<Self, Fault> {
        let pilot = Pilot {
            path: path(&config(), probe, SETTLE),
            cycles: cycles.clone(),
            wanted,
            looks: [(0, 0); 2],
            give_up_ns: cycles.now_ns() + limit.as_nanos() as u64,
        };
        Ok(Self { stream: session.stream(cycles, tuning)?, pilot })
    }

    /// Flies on this thread.
    ///
    /// Errors: [`Fault`] if fewer ticks than wanted came to their decision.
    pub fn fly_here(mut self) -> Result<Flight<P>, Fault> {
        let ended = self.stream.run(&mut self.pilot);
        let Pilot { path, cycles, wanted, looks: [first, last], .. } = self.pilot;
        let frames = *path.frames();
        if let Ended::Failed(error) = ended {
            return Err(Fault::new(&error, error.hint()));
        }
        if frames.traced < wanted || !frames.complete() {
            let what = format!("{} of {wanted} ticks were walked: {frames:?}", frames.traced);
            return Err(Fault::new(what, "run it again on a machine that has less to do"));
        }
        let wall_ns = cycles.nanos(first.0, last.0);
        let (probe, ticks) = (path.into_probe(), wanted - 1);
        Ok(Flight { probe, ticks, wall_ns, cpu_ns: last.1 - first.1 })
    }

    /// Flies on a thread of its own, as the product does.
    ///
    /// Errors: as [`Ready::fly_here`].
    pub fn fly(self) -> Result<Flight<P>, Fault> {
        on_own_thread(move || self.fly_here())
    }
}

/// Runs `work` on a thread named as the product's, and waits for it without a spin.
///
/// Errors: the work's own, and [`Fault`] if its thread cannot start or breaks off.
pub fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let thread = thread::Builder::new().name("tick-path".to_owned()).spawn(work);
    let thread = thread.map_err(Fault::doing("starting a thread", "raise `ulimit -u`"))?;
    let broke_off = || Fault::new("a reader broke off", "read what it said above");
    thread.join().unwrap_or_else(|_| Err(broke_off()))
}

impl<P: LiveProbe> Sink for Pilot<P> {
    #[inline]
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        let before = self.path.frames().traced;
        self.path.on_frame(payload, P::begin(stamps), EventTime::END, || {});
        let traced = self.path.frames().traced;
        if traced == before || (traced != 1 && traced < self.wanted) {
            return Flow::Continue;
        }
        let place = usize::from(traced != 1);
        self.looks[place] = (self.cycles.raw(), thread_cpu_ns());
        if traced < self.wanted { Flow::Continue } else { Flow::Stop }
    }

    fn on_control(&mut self, kind: ControlFrame) {
        match kind {
            ControlFrame::Broken => self.path.on_broken(),
            _ => self.path.on_control(),
        }
    }

    fn before_read(&mut self, _now: u64) {}

    fn on_text(&mut self, _text: &str) {}

    fn on_state(&mut self, _state: &ConnectionState) {}

    fn on_idle(&mut self) -> Flow {
        if self.cycles.now_ns() < self.give_up_ns { Flow::Continue } else { Flow::Stop }
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use sandbox::{Pacing, Transport};

    use super::*;
    use crate::session::play;
    use crate::ticks::tape;

    const LIMIT: Duration = Duration::from_secs(60);

    fn flight<P: LiveProbe>(transport: Transport, probe: P, cycles: &Cycles) -> Flight<P> {
        let tape = tape(1000 + SETTLE as usize + SPARE);
        let playing = play(tape, transport, Pacing::FullSpeed, cycles).expect("a sandbox");
        let ready = Ready::new(&playing.session, cycles, probe, 1000, LIMIT).expect("a stream");
        ready.fly().unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn every_wanted_tick_comes_to_its_decision_with_tracing_and_without() {
        let cycles = Cycles::new();
        let traced = flight(Transport::Plain, meter(&cycles, 1000), &cycles);
        assert_eq!((traced.ticks, traced.probe.filed()), (999, 1000));
        assert_eq!(traced.probe.records().len(), 1000);
        assert!(traced.wall_ns > 0 && traced.cpu_ns > 0 && traced.per_second() > 0.0);
        let untraced = flight(Transport::Tls { folder: None }, Off, &cycles);
        assert!(untraced.ticks == 999 && untraced.cpu_per_tick() > 0.0);
    }

    #[test]
    fn a_run_with_too_few_ticks_is_a_fault() {
        let cycles = Cycles::new();
        let tape = tape(SETTLE as usize + 10);
        let playing = play(tape, Transport::Plain, Pacing::FullSpeed, &cycles).expect("a sandbox");
        let ready = Ready::new(&playing.session, &cycles, Off, 11, Duration::from_millis(1));
        let fault = ready.expect("a stream").fly().err().expect("a fault").to_string();
        assert!(fault.contains("of 11 ticks were walked"), "{fault}");
    }
}
