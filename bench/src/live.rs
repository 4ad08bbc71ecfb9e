//! Our whole path, from the socket to the decision, over one connection: the product's own pilot.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use app::rig::{LiveProbe, Pilot, Rig, SideWork, Traced};
use client::market::{
    ConnectionState, ControlFrame, Ended, Flow, MarketStream, Sink, Stamps, Tuning,
};
use engine::config::{Config, load};
use engine::probe::{Counter as _, Meter, Probe};
use engine::tick_path::TickPath;
use engine::tick_path::feed::Feed;
use engine::tick_path::strategy::{Momentum, Strategy as _};
use engine::venue::FillModel;

use crate::clock::{Cycles, thread_cpu_ns};
use crate::fault::Fault;
use crate::session::{Session, subscription};

/// First frames that are left out, as `perf` does: caches and branches settle.
pub const SETTLE: u64 = 200;
/// Rows beyond those that are walked, so that the last wanted tick is never the last row.
pub const SPARE: usize = 100;

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

/// What a flight took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Ticks between the two looks at the clocks.
    pub ticks: u64,
    /// Between them, by the counter.
    pub wall_ns: u64,
    /// The tick thread's CPU time between them.
    pub cpu_ns: u64,
}

impl Took {
    /// Ticks in a second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.ticks as f64 * 1e9 / self.wall_ns as f64
    }

    /// The tick thread's CPU time for a tick, in nanoseconds.
    #[must_use]
    pub fn cpu_per_tick(self) -> f64 {
        self.cpu_ns as f64 / self.ticks as f64
    }
}

/// What a flight brought home.
pub struct Flight<P> {
    pub pilot: Pilot<Momentum, P>,
    pub took: Took,
}

impl Flight<Traced> {
    /// Where the traces went.
    #[must_use]
    pub const fn meter(&self) -> &Meter<Cycles> {
        self.pilot.path().trader().probe().meter()
    }
}

/// A stream and a pilot that are ready to fly.
pub struct Ready<P> {
    stream: MarketStream,
    watched: Watched<P>,
}

/// The product's pilot, with a look at the clocks at its first traced tick and at its last.
struct Watched<P> {
    pilot: Pilot<Momentum, P>,
    cycles: Cycles,
    wanted: u64,
    /// The counter, and the tick thread's CPU time.
    first: Option<(u64, u64)>,
    last: (u64, u64),
    give_up_ns: u64,
}

impl<P: LiveProbe + Send + 'static> Ready<P> {
    /// A run over `wanted` traced ticks, which may take `limit`.
    ///
    /// Errors: as [`Session::stream`].
    pub fn new(
        session: &Session,
        rig: &Rig,
        probe: P,
        wanted: u64,
        limit: Duration,
    ) -> Result<Self, Fault> {
        Self::tuned(session, rig, Tuning::default(), probe, (wanted, limit))
    }

    /// As [`Self::new`], with a socket that is treated otherwise than by default.
    ///
    /// Errors: as [`Session::stream`].
    pub fn tuned(
        session: &Session,
        rig: &Rig,
        tuning: Tuning,
        probe: P,
        (wanted, limit): (u64, Duration),
    ) -> Result<Self, Fault> {
        let cycles = rig.cycles().clone();
        let watched = Watched {
            pilot: rig.pilot(path(&config(), probe, SETTLE), wanted),
            wanted,
            first: None,
            last: (0, 0),
            give_up_ns: cycles.now_ns() + limit.as_nanos() as u64,
            cycles,
        };
        Ok(Self { stream: session.stream(&watched.cycles, tuning)?, watched })
    }

    /// Flies on a thread of its own, as the product does.
    ///
    /// Errors: [`Fault`] if fewer ticks than wanted came to their decision.
    pub fn fly(self, rig: &mut Rig) -> Result<Flight<P>, Fault> {
        on_own_thread(move || self.fly_here(), || rig.look())
    }

    /// Flies on this thread, while another one calls [`Rig::look`].
    ///
    /// Errors: as [`Ready::fly`].
    pub fn fly_here(mut self) -> Result<Flight<P>, Fault> {
        let ended = self.stream.run(&mut self.watched);
        let Watched { mut pilot, cycles, wanted, first, last, .. } = self.watched;
        pilot.finish();
        if let Ended::Failed(error) = ended {
            return Err(Fault::new(&error, error.hint()));
        }
        let frames = *pilot.path().frames();
        let Some(first) = first.filter(|_| frames.traced == wanted && frames.complete()) else {
            let what = format!("{} of {wanted} ticks were walked: {frames:?}", frames.traced);
            return Err(Fault::new(what, "run it again on a machine that has less to do"));
        };
        let wall_ns = cycles.nanos(first.0, last.0);
        let took = Took { ticks: wanted - 1, wall_ns, cpu_ns: last.1 - first.1 };
        Ok(Flight { pilot, took })
    }
}

impl Ready<Traced> {
    /// Attaches the recorder and both rings, which write into this folder.
    ///
    /// Errors: [`Fault`] if their threads cannot start, or the folder cannot be written.
    pub fn attach(&mut self, rig: &Rig, folder: &Path) -> Result<SideWork, Fault> {
        let attached = rig.attach(&mut self.watched.pilot, folder);
        attached.map_err(|failure| Fault::new(failure, "set TMPDIR to a folder with room"))
    }
}

/// How often the waiting thread looks after the run, as the product's does.
const LOOK: Duration = Duration::from_millis(20);

/// Runs `work` on a thread named as the product's, and waits for it without a spin; `look` is called
/// again and again meanwhile.
///
/// Errors: the work's own, and [`Fault`] if its thread cannot start or breaks off.
pub fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    mut look: impl FnMut(),
) -> Result<T, Fault> {
    let (done, end) = sync_channel::<()>(0);
    let work = move || {
        let _until_the_end = done;
        work()
    };
    let thread = thread::Builder::new().name("tick-path".to_owned()).spawn(work);
    let thread = thread.map_err(Fault::doing("starting a thread", "raise `ulimit -u`"))?;
    while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        look();
    }
    let broke_off = || Fault::new("a reader broke off", "read what it said above");
    thread.join().unwrap_or_else(|_| Err(broke_off()))
}

impl<P: LiveProbe> Sink for Watched<P> {
    #[inline]
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        let flow = self.pilot.on_payload(payload, stamps);
        if self.first.is_none() && self.pilot.path().frames().traced > 0 {
            self.first = Some((self.cycles.raw(), thread_cpu_ns()));
        } else if flow == Flow::Stop {
            self.last = (self.cycles.raw(), thread_cpu_ns());
        }
        flow
    }

    fn on_control(&mut self, kind: ControlFrame) {
        self.pilot.on_control(kind);
    }

    #[inline]
    fn before_read(&mut self, now: u64) {
        self.pilot.before_read(now);
    }

    fn on_text(&mut self, text: &str) {
        self.pilot.on_text(text);
    }

    fn on_state(&mut self, state: &ConnectionState) {
        self.pilot.on_state(state);
    }

    fn on_idle(&mut self) -> Flow {
        let flow = self.pilot.on_idle();
        if self.cycles.now_ns() < self.give_up_ns { flow } else { Flow::Stop }
    }

    fn is_stopping(&self) -> bool {
        self.pilot.is_stopping()
    }
}

#[cfg(test)]
mod tests {
    use engine::probe::{Off, Stage};
    use sandbox::{Pacing, Transport};

    use super::*;
    use crate::session::play;
    use crate::ticks::tape;

    const LIMIT: Duration = Duration::from_secs(60);

    fn flight<P: LiveProbe + Send + 'static>(
        transport: Transport,
        probe: P,
        rig: &mut Rig,
    ) -> Flight<P> {
        let tape = tape(1000 + SETTLE as usize + SPARE);
        let playing = play(tape, transport, Pacing::FullSpeed, rig.cycles()).expect("a sandbox");
        let ready = Ready::new(&playing.session, rig, probe, 1000, LIMIT).expect("a stream");
        ready.fly(rig).unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn every_wanted_tick_comes_to_its_decision_with_tracing_and_without() {
        let mut rig = Rig::new();
        let probe = rig.tracing(1000);
        let traced = flight(Transport::Plain, probe, &mut rig);
        assert_eq!((traced.took.ticks, traced.meter().filed()), (999, 1000));
        assert_eq!(traced.meter().records().len(), 1000);
        // The kernel's stamps are converted, as in the product: the date was measured meanwhile.
        assert_eq!(traced.meter().stage(Stage::KernelWait).count(), 1000);
        let Took { wall_ns, cpu_ns, .. } = traced.took;
        assert!(wall_ns > 0 && cpu_ns > 0 && traced.took.per_second() > 0.0);
        let untraced = flight(Transport::Tls { folder: None }, Off, &mut rig);
        assert!(untraced.took.ticks == 999 && untraced.took.cpu_per_tick() > 0.0);
    }

    #[test]
    fn a_run_with_too_few_ticks_is_a_fault() {
        let mut rig = Rig::new();
        let tape = tape(SETTLE as usize + 10);
        let playing = play(tape, Transport::Plain, Pacing::FullSpeed, rig.cycles());
        let playing = playing.expect("a sandbox");
        let ready = Ready::new(&playing.session, &rig, Off, 11, Duration::from_millis(1));
        let fault = ready.expect("a stream").fly(&mut rig).err().expect("a fault").to_string();
        assert!(fault.contains("of 11 ticks were walked"), "{fault}");
    }
}
