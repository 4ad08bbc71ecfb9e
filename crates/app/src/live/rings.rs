//! The tick thread's ends of the two rings: every trace, and a snapshot now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::probe::{Disturbances, Filed, Meter, Probe, Record, Stage, Stamps};
use engine::tick_path::Frames;
use engine::tick_path::broker::{Arrivals, Tick};
use engine::units::Money;
use rtrb::Producer;

use crate::clock::Cycles;
use crate::measured::Metering;

/// No snapshot follows another sooner.
const PAUSE_NS: u64 = 50_000_000;

/// What the tick thread shows of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// When the frame behind it was read, on the run's counter.
    pub(crate) read_ns: u64,
    pub(crate) frames: Frames,
    pub(crate) arrivals: Arrivals,
    /// The last accepted tick.
    pub(crate) last: Option<Tick>,
    pub(crate) is_open: bool,
    /// Sales so far.
    pub(crate) trades: u64,
    /// Cash and the position at the last price.
    pub(crate) worth: Money,
    /// What has fallen on the tick thread since it began.
    pub(crate) disturbances: Option<Disturbances>,
}

/// The ring of snapshots: neither waits nor allocates; a full one drops, and counts.
pub(crate) struct Window {
    ring: Producer<Snapshot>,
    next_ns: u64,
    dropped: Arc<AtomicU64>,
}

impl Window {
    pub(super) const fn new(ring: Producer<Snapshot>, dropped: Arc<AtomicU64>) -> Self {
        Self { ring, next_ns: 0, dropped }
    }

    /// Whether it is time for another snapshot.
    #[inline]
    pub(crate) const fn is_due(&self, read_ns: u64) -> bool {
        read_ns >= self.next_ns
    }

    /// Shows a snapshot.
    #[cold]
    pub(crate) fn show(&mut self, snapshot: Snapshot) {
        self.next_ns = snapshot.read_ns + PAUSE_NS;
        if self.ring.push(snapshot).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A meter whose filed traces also leave through a ring, where somebody wants them.
pub struct Traced {
    meter: Meter<Cycles>,
    outflow: Option<Outflow>,
}

/// The ring of traces: as [`Window`].
pub(crate) struct Outflow {
    pub(super) ring: Producer<Record>,
    pub(super) dropped: Arc<AtomicU64>,
}

impl Traced {
    pub(crate) const fn new(meter: Meter<Cycles>, outflow: Option<Outflow>) -> Self {
        Self { meter, outflow }
    }

    /// Every further trace leaves through this ring.
    pub(crate) fn flow_into(&mut self, outflow: Outflow) {
        self.outflow = Some(outflow);
    }

    /// Where the traces go.
    #[must_use]
    pub const fn meter(&self) -> &Meter<Cycles> {
        &self.meter
    }
}

impl Metering for Traced {
    #[inline]
    fn meter(&self) -> &Meter<Cycles> {
        &self.meter
    }

    #[inline]
    fn meter_mut(&mut self) -> &mut Meter<Cycles> {
        &mut self.meter
    }
}

impl Probe for Traced {
    type Trace = Stamps;

    #[inline]
    fn mark(&mut self, trace: &mut Stamps, stage: Stage) {
        self.meter.mark(trace, stage);
    }

    #[inline]
    fn file(&mut self, trace: Stamps, filed: &Filed) {
        if let Some(outflow) = &mut self.outflow
            && outflow.ring.push(Record { stamps: trace, filed: *filed }).is_err()
        {
            outflow.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.meter.file(trace, filed);
    }

    /// Ends the outflow too: whoever reads it sees its end.
    fn conclude(&mut self) {
        self.outflow = None;
        self.meter.conclude();
    }
}

#[cfg(test)]
mod tests {
    use rtrb::RingBuffer;

    use super::*;

    fn shown(window: &mut Window, seconds: u64) {
        // A tick each millisecond.
        for read_ns in (0..seconds * 1000).map(|ms| ms * 1_000_000) {
            if window.is_due(read_ns) {
                window.show(Snapshot { read_ns, ..Snapshot::default() });
            }
        }
    }

    #[test]
    fn a_reader_that_looks_away_for_a_minute_loses_no_snapshot() {
        let (ring, mut reader) = RingBuffer::new(super::super::side::SNAPSHOTS);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut window = Window::new(ring, Arc::clone(&dropped));
        shown(&mut window, 60);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        assert_eq!(reader.slots(), 60 * 20);
        assert_eq!(reader.pop().map(|snapshot| snapshot.read_ns), Ok(0));
    }

    #[test]
    fn a_reader_that_is_gone_costs_nothing_but_counted_drops() {
        let (ring, _reader) = RingBuffer::new(10);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut window = Window::new(ring, Arc::clone(&dropped));
        shown(&mut window, 1);
        assert_eq!(dropped.load(Ordering::Relaxed), 10);
    }
}
