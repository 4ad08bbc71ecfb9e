//! The product's pilot over the same ticks with a probe that measures and with one that vanishes.

use std::cell::RefCell;

use app::rig::{LiveProbe, Rig};
use client::market::{KernelStamp, NotBefore, Sink as _, Stamps};
use engine::config::Config;
use engine::probe::{self, Counter as _, Meter, Off, Probe, Stage};
use engine::tick_path::feed::{Feed, RawTick};
use engine::tick_path::strategy::{Momentum, Strategy as _};
use engine::tick_path::{Frames, TickPath};
use engine::units::EventTime;
use engine::venue::FillModel;
use smartapi::packet::{IntoBytes as _, SnapQuote};

use crate::clock::time;
use crate::fault::Fault;
use crate::live::{config, path};
use crate::session::subscription;
use crate::ticks;

/// The ticks, as frames and as rows; the first half settles caches and branches.
pub(super) struct Course<'a> {
    config: Config,
    frames: Vec<SnapQuote>,
    rows: Vec<RawTick>,
    rig: &'a RefCell<Rig>,
}

impl<'a> Course<'a> {
    pub(super) fn new(ticks: usize, rig: &'a RefCell<Rig>) -> Self {
        let frames = ticks::packets(2 * ticks);
        let feed = Feed::new(subscription());
        let row = |frame: &SnapQuote| feed.read(frame.as_bytes(), EventTime::END).ok();
        let rows = frames.iter().filter_map(row).map(|received| received.raw).collect();
        Self { config: config(), frames, rows, rig }
    }

    pub(super) fn live_off(&self) -> Result<f64, Fault> {
        let rig = self.rig.borrow();
        self.live(&rig, Off, || rig.stamps())
    }

    /// As [`Self::live_off`] on a stream that takes no stamp but that of its read, which is needed for
    /// the exchange's time and the recorder.
    pub(super) fn live_bare(&self) -> Result<f64, Fault> {
        let rig = self.rig.borrow();
        let stamps = || {
            let raw = rig.cycles().raw();
            let (kernel, after) = (KernelStamp::Missing, NotBefore { raw, wall_ns: 0 });
            Stamps { kernel, after, read: raw, framed: raw }
        };
        self.live(&rig, Off, stamps)
    }

    pub(super) fn live_traced(&self) -> Result<f64, Fault> {
        // What the kernel's stamps are converted with is known for a second.
        self.rig.borrow_mut().look();
        let rig = self.rig.borrow();
        self.live(&rig, rig.tracing(self.frames.len()), || rig.stamps())
    }

    pub(super) fn replay_off(&self) -> Result<f64, Fault> {
        self.replay(Off, || ())
    }

    pub(super) fn replay_traced(&self) -> Result<f64, Fault> {
        let cycles = self.rig.borrow().cycles().clone();
        let meter = Meter::new(cycles.clone(), Stage::Broker, self.rows.len());
        self.replay(meter, || probe::Stamps::tick(cycles.raw()))
    }

    /// Nanoseconds a tick of the live path, a tick a read.
    fn live<P: LiveProbe>(
        &self,
        rig: &Rig,
        probe: P,
        stamps: impl Fn() -> Stamps,
    ) -> Result<f64, Fault> {
        let mut pilot = rig.pilot(path(&self.config, probe, 0), u64::MAX);
        let took = self.walk(&self.frames, |frame| {
            let stamps = stamps();
            pilot.before_read(stamps.read);
            let _ = pilot.on_payload(frame.as_bytes(), stamps);
        });
        self.checked(took, pilot.path().frames())
    }

    /// Nanoseconds a tick of a replay.
    fn replay<P: Probe>(&self, probe: P, begin: impl Fn() -> P::Trace) -> Result<f64, Fault> {
        let strategy = Momentum::new(&self.config);
        let mut path = TickPath::replay(&self.config, strategy, FillModel::default(), probe);
        let took = self.walk(&self.rows, |row| path.on_row(*row, begin()));
        self.checked(took, path.frames())
    }

    #[inline]
    fn walk<T>(&self, ticks: &[T], mut step: impl FnMut(&T)) -> f64 {
        let (settling, steady) = ticks.split_at(ticks.len() / 2);
        settling.iter().for_each(&mut step);
        let cycles = self.rig.borrow().cycles().clone();
        let took = time(&cycles, || steady.iter().for_each(&mut step));
        took as f64 / steady.len() as f64
    }

    /// What was taken, if every tick came to its decision.
    fn checked(&self, took: f64, frames: &Frames) -> Result<f64, Fault> {
        if frames.traced == self.frames.len() as u64 {
            return Ok(took);
        }
        let what = format!("not every tick came to a decision: {frames:?}");
        Err(Fault::new(what, "look at the ticks of ticks.rs"))
    }
}

#[test]
fn all_walks_bring_every_tick_to_its_decision() {
    let rig = RefCell::new(Rig::new());
    let course = Course::new(2_000, &rig);
    let live = [Course::live_off, Course::live_bare, Course::live_traced];
    for walk in live.into_iter().chain([Course::replay_off, Course::replay_traced]) {
        let nanos = walk(&course).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(nanos > 0.0);
    }
}
