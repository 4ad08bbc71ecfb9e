//! The side thread: takes traces and snapshots out of the rings, and puts up the view.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use engine::probe::{Counter as _, Ladder, Meter, Probe as _, Record, Stage};
use rtrb::{Consumer, RingBuffer};

use super::board::{Board, RingView, View};
use super::rings::{Outflow, Snapshot, Window};
use crate::clock::Cycles;
use crate::failure::Failure;
use crate::recorder::Watcher;
use crate::report::{Figures, threads};

/// Traces that the ring holds: more than a second of 50,000 a second.
const TRACES: usize = 1 << 16;
/// Snapshots that the ring holds: more than a minute and a half of them.
const SNAPSHOTS: usize = 1 << 11;
/// How long the thread sleeps when there is nothing to take out.
const REST: Duration = Duration::from_millis(5);
/// How often the view is renewed.
const RENEWAL_NS: u64 = 250_000_000;

/// When a packet was to leave, by its sequence number, on the run's counter; of the sandbox only.
pub(crate) type Scheduled = Box<dyn Fn(i64) -> Option<u64> + Send>;

/// What became of the rings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiveReport {
    pub(crate) rings: Vec<RingView>,
}

/// The side thread as its owner sees it.
pub(crate) struct Live {
    pub(crate) board: Board,
    thread: JoinHandle<LiveReport>,
}

/// One ring's reading end and its counts.
struct Outlet<T> {
    ring: Consumer<T>,
    name: &'static str,
    max_depth: usize,
    dropped: Arc<AtomicU64>,
}

impl<T: Copy> Outlet<T> {
    /// Takes out all there is now; whether there was anything.
    fn drain(&mut self, mut each: impl FnMut(&T)) -> bool {
        let waiting = self.ring.slots();
        self.max_depth = self.max_depth.max(waiting);
        let Ok(chunk) = self.ring.read_chunk(waiting) else { return false };
        let (one, two) = chunk.as_slices();
        one.iter().chain(two).for_each(&mut each);
        chunk.commit_all();
        waiting > 0
    }

    fn view(&self) -> RingView {
        RingView {
            name: self.name,
            capacity: self.ring.buffer().capacity() as u64,
            max_depth: self.max_depth as u64,
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}

/// The thread's own things.
struct Side {
    traces: Outlet<Record>,
    snapshots: Outlet<Snapshot>,
    meter: Meter<Cycles>,
    board: Board,
    begin: u64,
    latest: Snapshot,
    recorder: Option<Watcher>,
    scheduled: Option<Scheduled>,
    age: Ladder,
}

/// A ring of so many, touched, so that the tick thread never meets a page for the first time.
fn ring<T: Copy + Default>(
    name: &'static str,
    capacity: usize,
) -> (rtrb::Producer<T>, Arc<AtomicU64>, Outlet<T>) {
    let (mut producer, mut ring) = RingBuffer::new(capacity);
    if let Ok(blanks) = producer.write_chunk(capacity) {
        blanks.commit_all();
    }
    if let Ok(blanks) = ring.read_chunk(capacity) {
        blanks.commit_all();
    }
    let dropped = Arc::new(AtomicU64::new(0));
    let outlet = Outlet { ring, name, max_depth: 0, dropped: Arc::clone(&dropped) };
    (producer, dropped, outlet)
}

impl Live {
    /// Starts the thread for a source whose first stage is `first`.
    ///
    /// Errors: status 2 if the thread cannot start.
    pub(crate) fn start(
        clock: &Cycles,
        first: Stage,
        recorder: Option<Watcher>,
        scheduled: Option<Scheduled>,
    ) -> Result<(Outflow, Window, Self), Failure> {
        let (traces, traces_dropped, traces_out) = ring("traces", TRACES);
        let (snapshots, snapshots_dropped, snapshots_out) = ring("snapshots", SNAPSHOTS);
        let board = Board::default();
        let side = Side {
            traces: traces_out,
            snapshots: snapshots_out,
            meter: Meter::new(clock.clone(), first, 0),
            board: board.clone(),
            begin: clock.now_ns(),
            latest: Snapshot::default(),
            recorder,
            scheduled,
            age: Ladder::new(),
        };
        let thread = thread::Builder::new().name("live".to_owned()).spawn(move || side.run());
        let thread = thread.map_err(|error| {
            let what = format!("cannot start the thread for live figures: {error}");
            Failure::usage(what, "raise `ulimit -u`")
        })?;
        let outflow = Outflow { ring: traces, dropped: traces_dropped };
        Ok((outflow, Window::new(snapshots, snapshots_dropped), Self { board, thread }))
    }

    /// Waits until all is taken out; both other ends of the rings must be gone.
    pub(crate) fn finish(self) -> LiveReport {
        self.thread.join().unwrap_or_default()
    }
}

impl Side {
    fn run(mut self) -> LiveReport {
        let mut renewed = 0;
        loop {
            // Asked before the look: what the other ends pushed last is then seen.
            let over = self.traces.ring.is_abandoned() && self.snapshots.ring.is_abandoned();
            let Self { traces, meter, scheduled, age, .. } = &mut self;
            let traced = traces.drain(|record| {
                meter.file(record.stamps, &record.filed);
                let due = scheduled.as_ref().and_then(|due| due(record.filed.sequence));
                let decided = meter.counter().nanos(0, record.stamps.end(Stage::Position));
                due.into_iter().for_each(|due| age.record(decided.saturating_sub(due)));
            });
            let latest = &mut self.latest;
            let shown = self.snapshots.drain(|snapshot| *latest = *snapshot);
            let now = self.meter.counter().now_ns();
            if over || now - renewed >= RENEWAL_NS {
                renewed = now;
                self.put_up(now);
            }
            if over {
                return LiveReport { rings: self.rings() };
            }
            if !traced && !shown {
                thread::sleep(REST);
            }
        }
    }

    fn rings(&self) -> Vec<RingView> {
        let recorder = self.recorder.as_ref().map(|recorder| {
            let report = recorder.status();
            let (capacity, max_depth) = (report.capacity, report.max_depth);
            RingView { name: "recorder", capacity, max_depth, dropped: report.dropped }
        });
        [self.traces.view(), self.snapshots.view()].into_iter().chain(recorder).collect()
    }

    fn put_up(&self, now: u64) {
        let (rss_bytes, cpu_seconds) = threads::memory_and_cpu();
        self.board.put_up(View {
            elapsed_ns: now - self.begin,
            snapshot: self.latest,
            age: self.scheduled.as_ref().map(|_| Figures::of(&self.age)),
            since_last_ns: (self.latest.read_ns > 0).then(|| now.saturating_sub(self.latest.read_ns)),
            rings: self.rings(),
            rss_bytes,
            cpu_seconds,
            ..View::of(&self.meter)
        });
    }
}
