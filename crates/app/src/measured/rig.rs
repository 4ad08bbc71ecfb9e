//! What every measured run stands on: the counter, the date beside it, the kernel's stamps.

use std::path::Path;

use client::market::{KernelStamp, KernelStamps, NotBefore, Stamps};
use engine::probe::{Counter as _, Meter, Probe as _, Stage};
use engine::tick_path::TickPath;
use engine::tick_path::strategy::Strategy;
use engine::units::Zone;
use smartapi::packet::{ExchangeType, Mode};

use super::arrival::Arrivals;
use super::pilot::{LiveProbe, Pilot};
use crate::clock::{Cycles, OffsetWatch};
use crate::failure::Failure;
use crate::live::{Board, Live, Store, Traced};
use crate::recorder::{self, Label, Recorder};

/// The recorder's ring of [`Rig::attach`]: twenty thousand packets. To touch the usual one takes a
/// debug build seconds.
const RING: usize = 8 << 20;

/// The counter of a run, and what its stamps are converted with.
pub struct Rig {
    pub(super) cycles: Cycles,
    pub(super) offsets: OffsetWatch,
    /// Keeps the kernel's receive stamps switched on; where there are none, why.
    stamping: std::io::Result<KernelStamps>,
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}

impl Rig {
    /// Calibrates the clock, and switches on the kernel's stamps where it has them.
    #[must_use]
    pub fn new() -> Self {
        let cycles = Cycles::new();
        let offsets = OffsetWatch::new(&cycles);
        let stamping = KernelStamps::switch_on(&cycles.clock());
        Self { cycles, offsets, stamping }
    }

    /// The run's counter.
    #[must_use]
    pub const fn cycles(&self) -> &Cycles {
        &self.cycles
    }

    /// Measures the date once more; a pilot's `kernel_wait` needs it twice a second at least.
    pub fn look(&mut self) {
        self.offsets.look(&self.cycles);
    }

    /// The stamps of a frame that arrives, is read and framed now, as a stream takes them.
    #[must_use]
    #[inline]
    pub fn stamps(&self) -> Stamps {
        let raw = self.cycles.raw();
        let wall_ns = self.cycles.nanos(0, raw) as i64 + self.offsets.last().offset_ns;
        Stamps {
            kernel: KernelStamp::Own(wall_ns as u64),
            after: NotBefore { raw, wall_ns: 0 },
            read: self.cycles.raw(),
            framed: self.cycles.raw(),
        }
    }

    /// A probe that measures, and keeps so many traces whole, as `perf` does.
    #[must_use]
    pub fn tracing(&self, keep: usize) -> Traced {
        Traced::new(self.meter(keep), None)
    }

    /// The pilot of a run over this path; it lands when so many ticks were traced.
    #[must_use]
    pub fn pilot<S: Strategy, P: LiveProbe>(
        &self,
        path: TickPath<S, P>,
        wanted: u64,
    ) -> Pilot<S, P> {
        let is_stamped = P::STAMPED && self.stamping.is_ok();
        let arrivals = || Arrivals::new(&self.cycles, self.offsets.clock());
        let arrivals = is_stamped.then(arrivals);
        Pilot { arrivals, ..Pilot::new(path, &self.cycles, wanted) }
    }

    /// Attaches all side work to a pilot: the recorder, the ring of traces, the ring of snapshots.
    /// What they write goes into the folder.
    ///
    /// Errors: [`Failure`] if one of their threads cannot start, or the folder cannot be written.
    pub fn attach<S: Strategy>(
        &self,
        pilot: &mut Pilot<S, Traced>,
        folder: &Path,
    ) -> Result<SideWork, Failure> {
        let label = Label {
            source: "sandbox".to_owned(),
            symbol: String::new(),
            exchange_type: ExchangeType::NSE_FO,
            token: String::new(),
            mode: Mode::SnapQuote,
            lot_size: 1,
            zone: Zone::INDIA,
            config_hash: String::new(),
        };
        let usual = recorder::Options::new(self.cycles.clone(), self.offsets.report().first);
        let options = recorder::Options { capacity: RING, ..usual };
        let (tap, recorder) = Recorder::start(folder, label, options)?;
        let store = Store { folder: folder.to_owned(), token: String::new() };
        let (first, looks) = (self.first_stage(), (Some(recorder.watcher()), None));
        let begin = self.cycles.raw();
        let clock = (&self.cycles, &Board::default());
        let (outflow, window, live) = Live::start(clock, begin, first, looks, Some(store))?;
        pilot.path.probe_mut().flow_into(outflow);
        (pilot.tap, pilot.window) = (Some(tap), Some(window));
        Ok(SideWork { recorder, live })
    }

    /// Why the kernel gives no stamps, where it does not.
    pub(super) fn unstamped(&self) -> Option<&std::io::Error> {
        self.stamping.as_ref().err()
    }

    /// The first stage of a stream.
    pub(super) const fn first_stage(&self) -> Stage {
        if self.stamping.is_ok() { Stage::KernelWait } else { Stage::Framing }
    }

    /// A meter for a stream.
    pub(super) fn meter(&self, keep: usize) -> Meter<Cycles> {
        Meter::new(self.cycles.clone(), self.first_stage(), keep)
    }
}

/// The side work of a pilot, on threads of its own.
pub struct SideWork {
    recorder: Recorder,
    live: Live,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideReport {
    /// Packets that the recorder has written.
    pub recorded: u64,
    /// Traces that came through their ring and were written.
    pub traced: u64,
    /// Packets, traces and snapshots that found a full ring.
    pub dropped: u64,
}

impl SideWork {
    /// Detaches all of it from its pilot, and waits until everything is written.
    pub fn finish<S: Strategy>(self, pilot: &mut Pilot<S, Traced>) -> SideReport {
        pilot.path.probe_mut().conclude();
        pilot.window = None;
        let live = self.live.finish();
        let recorded = pilot.tap.take().map(|tap| self.recorder.finish(tap).written);
        SideReport {
            recorded: recorded.unwrap_or_default(),
            traced: live.written.unwrap_or_default(),
            dropped: live.rings.iter().map(|ring| ring.dropped).sum(),
        }
    }
}
