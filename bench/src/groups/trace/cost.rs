//! The tick path over the same ticks with a probe that measures and with one that vanishes.

use engine::config::Config;
use engine::probe::{Counter as _, Meter, Off, Probe, Stage, Stamps};
use engine::tick_path::TickPath;
use engine::tick_path::feed::{Feed, RawTick};
use engine::tick_path::strategy::{Momentum, Strategy as _};
use engine::units::EventTime;
use engine::venue::FillModel;
use smartapi::packet::{IntoBytes as _, SnapQuote};

use crate::clock::Cycles;
use crate::fault::Fault;
use crate::live::{LiveProbe as _, config, meter, path, stamps};
use crate::session::subscription;
use crate::ticks;

/// The ticks, as frames and as rows; the first half settles caches and branches.
pub(super) struct Course {
    config: Config,
    frames: Vec<SnapQuote>,
    rows: Vec<RawTick>,
    cycles: Cycles,
}

impl Course {
    pub(super) fn new(ticks: usize, cycles: &Cycles) -> Self {
        let frames = ticks::packets(2 * ticks);
        let feed = Feed::new(subscription());
        let row = |frame: &SnapQuote| feed.read(frame.as_bytes(), EventTime::END).ok();
        let rows = frames.iter().filter_map(row).map(|received| received.raw).collect();
        Self { config: config(), frames, rows, cycles: cycles.clone() }
    }

    pub(super) fn live_off(&self) -> Result<f64, Fault> {
        self.live(Off, || ())
    }

    pub(super) fn live_traced(&self) -> Result<f64, Fault> {
        let meter = meter(&self.cycles, self.frames.len() as u64);
        self.live(meter, || Meter::begin(stamps(&self.cycles)))
    }

    pub(super) fn replay_off(&self) -> Result<f64, Fault> {
        self.replay(Off, || ())
    }

    pub(super) fn replay_traced(&self) -> Result<f64, Fault> {
        let meter = Meter::new(self.cycles.clone(), Stage::Broker, 0);
        self.replay(meter, || Stamps::tick(self.cycles.raw()))
    }

    /// Nanoseconds a tick of the live path.
    fn live<P: Probe>(&self, probe: P, begin: impl Fn() -> P::Trace) -> Result<f64, Fault> {
        let path = path(&self.config, probe, 0);
        self.walk(path, &self.frames, |path, frame| {
            path.on_frame(frame.as_bytes(), begin(), EventTime::END, || {});
        })
    }

    /// Nanoseconds a tick of a replay.
    fn replay<P: Probe>(&self, probe: P, begin: impl Fn() -> P::Trace) -> Result<f64, Fault> {
        let strategy = Momentum::new(&self.config);
        let path = TickPath::replay(&self.config, strategy, FillModel::default(), probe);
        self.walk(path, &self.rows, |path, row| path.on_row(*row, begin()))
    }

    #[inline]
    fn walk<P: Probe, T>(
        &self,
        mut path: TickPath<Momentum, P>,
        ticks: &[T],
        mut step: impl FnMut(&mut TickPath<Momentum, P>, &T),
    ) -> Result<f64, Fault> {
        let (settling, steady) = ticks.split_at(ticks.len() / 2);
        settling.iter().for_each(|tick| step(&mut path, tick));
        let took = self.cycles.time(|| steady.iter().for_each(|tick| step(&mut path, tick)));
        let frames = path.frames();
        if frames.traced != self.frames.len() as u64 {
            let what = format!("not every tick came to a decision: {frames:?}");
            return Err(Fault::new(what, "look at the ticks of ticks.rs"));
        }
        Ok(took as f64 / steady.len() as f64)
    }
}

#[test]
fn all_four_walks_bring_every_tick_to_its_decision() {
    let course = Course::new(2_000, &Cycles::new());
    let walks = [Course::live_off, Course::live_traced, Course::replay_off, Course::replay_traced];
    for walk in walks {
        let nanos = walk(&course).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(nanos > 0.0);
    }
}
