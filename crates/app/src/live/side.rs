//! The side thread: takes traces and snapshots out of the rings, and puts up the view.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use engine::probe::{Counter as _, Ladder, Meter, Probe as _, Record, Stage};
use rtrb::{Consumer, RingBuffer};

use super::board::{Board, Buckets, RingView, View};
use super::rings::{Outflow, Snapshot, Window};
use crate::clock::Cycles;
use crate::failure::Failure;
use crate::recorder::Watcher;
use crate::report::ticks::TickRow;
use crate::report::{Figures, threads, ticks_parquet};

/// Traces that the ring holds: more than a second of 50,000 a second.
const TRACES: usize = 1 << 16;
/// Snapshots that the ring holds: more than a minute and a half of them.
pub(super) const SNAPSHOTS: usize = 1 << 11;
/// How long the thread sleeps when there is nothing to take out.
const REST: Duration = Duration::from_millis(5);
/// How often the view is renewed.
const RENEWAL_NS: u64 = 250_000_000;

/// When a packet was to leave, by its sequence number, on the run's counter; of the sandbox only.
pub(crate) type Scheduled = Box<dyn Fn(i64) -> Option<u64> + Send>;

/// Where the ticks are written while the run lasts.
pub(crate) struct Store {
    pub(crate) folder: PathBuf,
    pub(crate) token: String,
}

/// What became of the rings of this thread; the recorder gives its final figures itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveReport {
    pub(crate) rings: Vec<RingView>,
    /// Traces that came through the ring.
    pub(crate) filed: u64,
    /// How old their ticks were, where the source has a schedule.
    pub(crate) age: Option<Figures>,
    /// Ticks that are in the store's file; `None` where there is none, or it could not be written.
    pub(crate) written: Option<u64>,
    /// Why it could not.
    pub(crate) alarm: Option<String>,
}

/// The side thread as its owner sees it.
pub(crate) struct Live(JoinHandle<LiveReport>);

/// One ring's reading end and its counts.
struct Outlet<T> {
    ring: Consumer<T>,
    name: &'static str,
    max_depth: usize,
    dropped: Arc<AtomicU64>,
}

impl<T: Copy> Outlet<T> {
    /// Sees how full the ring is.
    fn note_depth(&mut self) {
        self.max_depth = self.max_depth.max(self.ring.slots());
    }

    /// Takes out all there is now.
    fn drain(&mut self, mut each: impl FnMut(&T)) {
        self.note_depth();
        while let Ok(entry) = self.ring.pop() {
            each(&entry);
        }
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

/// So many traces are taken out between two looks at the rest.
const BETWEEN_LOOKS: u32 = 256;

/// The thread's own things.
struct Side {
    traces: Outlet<Record>,
    snapshots: Outlet<Snapshot>,
    meter: Meter<Cycles>,
    board: Board,
    /// The counter's reading at the run's begin.
    begin: u64,
    renewed_ns: u64,
    since_look: u32,
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
    /// Starts the thread for a run that begins at `begin` and whose source's first stage is `first`.
    /// Its views are put up on the board.
    ///
    /// Errors: status 2 if the thread cannot start, or the store's file cannot be made.
    pub(crate) fn start(
        (clock, board): (&Cycles, &Board),
        begin: u64,
        first: Stage,
        (recorder, scheduled): (Option<Watcher>, Option<Scheduled>),
        store: Option<Store>,
    ) -> Result<(Outflow, Window, Self), Failure> {
        let store = store.map(OpenStore::create).transpose()?;
        let (traces, traces_dropped, traces_out) = ring("traces", TRACES);
        let (snapshots, snapshots_dropped, snapshots_out) = ring("snapshots", SNAPSHOTS);
        let side = Side {
            traces: traces_out,
            snapshots: snapshots_out,
            meter: Meter::new(clock.clone(), first, 0),
            board: board.clone(),
            begin,
            renewed_ns: 0,
            since_look: 0,
            latest: Snapshot::default(),
            recorder,
            scheduled,
            age: Ladder::new(),
        };
        let thread = thread::Builder::new().name("live".to_owned()).spawn(move || side.run(store));
        let thread = thread.map_err(|error| {
            let what = format!("cannot start the thread for live figures: {error}");
            Failure::usage(what, "raise `ulimit -u`")
        })?;
        let outflow = Outflow { ring: traces, dropped: traces_dropped };
        Ok((outflow, Window::new(snapshots, snapshots_dropped), Self(thread)))
    }

    /// Waits until all is taken out; both other ends of the rings must be gone.
    pub(crate) fn finish(self) -> LiveReport {
        self.0.join().unwrap_or_default()
    }
}

/// The store with its file, which is made before the run begins.
struct OpenStore {
    store: Store,
    file: BufWriter<File>,
}

impl OpenStore {
    fn create(store: Store) -> Result<Self, Failure> {
        let path = store.folder.join(ticks_parquet::NAME);
        let file = File::create_new(&path).map_err(|error| {
            let what = format!("cannot make {}: {error}", path.display());
            Failure::usage(what, "check the rights and the free space there")
        })?;
        Ok(Self { store, file: BufWriter::new(file) })
    }

    /// Writes all rows; of a file that could not be finished nothing stays.
    fn write(self, stages: &[Stage], rows: impl Iterator<Item = TickRow>) -> Result<(), String> {
        let Self { store, file } = self;
        ticks_parquet::write(file, stages, &store.token, rows).map_err(|error| {
            let path = store.folder.join(ticks_parquet::NAME);
            let _ = std::fs::remove_file(&path);
            format!(
                "cannot write {}: {error}; the first ticks are kept in memory and written at the end",
                path.display()
            )
        })
    }
}

impl Side {
    fn run(mut self, store: Option<OpenStore>) -> LiveReport {
        let stages: Vec<Stage> = self.meter.source_stages().collect();
        let mut count = 0;
        let stored = store.map(|store| {
            let rows = std::iter::from_fn(|| {
                let row = self.next_row();
                count += u64::from(row.is_some());
                row
            });
            store.write(&stages, rows)
        });
        // Without a store, or with one that failed, the rings are emptied all the same.
        while self.next_row().is_some() {}
        let written = matches!(stored, Some(Ok(()))).then_some(count);
        LiveReport {
            rings: self.own_rings().to_vec(),
            filed: self.meter.filed(),
            age: self.scheduled.as_ref().map(|_| Figures::of(&self.age)),
            written,
            alarm: stored.and_then(Result::err),
        }
    }

    /// The next trace as a row, waiting for it; `None` when no more will come.
    fn next_row(&mut self) -> Option<TickRow> {
        loop {
            if self.since_look >= BETWEEN_LOOKS {
                self.look();
            }
            if let Ok(record) = self.traces.ring.pop() {
                self.since_look += 1;
                return Some(self.file(&record));
            }
            // Asked before the last look: what the other ends pushed last is then seen.
            let over = self.traces.ring.is_abandoned() && self.snapshots.ring.is_abandoned();
            self.look();
            if over && self.traces.ring.is_empty() {
                self.put_up(self.meter.counter().now_ns());
                return None;
            }
            if self.traces.ring.is_empty() {
                thread::sleep(REST);
            }
        }
    }

    /// Counts a trace, and makes it a row.
    fn file(&mut self, record: &Record) -> TickRow {
        self.meter.file(record.stamps, &record.filed);
        let due = self.scheduled.as_ref().and_then(|due| due(record.filed.sequence));
        let decided = self.meter.counter().nanos(0, record.stamps.end(Stage::Position));
        let age_ns = due.map(|due| decided.saturating_sub(due));
        age_ns.into_iter().for_each(|age| self.age.record(age));
        TickRow { age_ns, ..TickRow::of(&self.meter, self.begin, record) }
    }

    /// Looks at everything but the traces.
    fn look(&mut self) {
        self.since_look = 0;
        self.traces.note_depth();
        let latest = &mut self.latest;
        self.snapshots.drain(|snapshot| *latest = *snapshot);
        let now = self.meter.counter().now_ns();
        if now - self.renewed_ns >= RENEWAL_NS {
            self.renewed_ns = now;
            self.put_up(now);
        }
    }

    fn own_rings(&self) -> [RingView; 2] {
        [self.traces.view(), self.snapshots.view()]
    }

    /// Those of this thread, and the recorder's as it is now.
    fn rings(&self) -> Vec<RingView> {
        let recorder = self.recorder.as_ref().map(|recorder| {
            let report = recorder.status();
            let (capacity, max_depth) = (report.capacity, report.max_depth);
            RingView { name: "recorder", capacity, max_depth, dropped: report.dropped }
        });
        self.own_rings().into_iter().chain(recorder).collect()
    }

    fn put_up(&self, now: u64) {
        let (rss_bytes, cpu_seconds) = threads::memory_and_cpu();
        self.board.put_up(View {
            elapsed_ns: now.saturating_sub(self.meter.counter().nanos(0, self.begin)),
            snapshot: self.latest,
            age: self.scheduled.as_ref().map(|_| Figures::of(&self.age)),
            age_buckets: self.scheduled.as_ref().map(|_| Buckets::of(&self.age)),
            since_last_ns: (self.latest.read_ns > 0)
                .then(|| now.saturating_sub(self.latest.read_ns)),
            rings: self.rings(),
            rss_bytes,
            cpu_seconds,
            ..View::of(&self.meter)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Label, Options, Recorder};

    fn names(rings: &[RingView]) -> Vec<&'static str> {
        rings.iter().map(|ring| ring.name).collect()
    }

    #[test]
    fn at_the_end_the_recorder_speaks_for_itself() {
        let cycles = Cycles::new();
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options::new(cycles.clone(), cycles.wall_offset());
        let (tap, recorder) =
            Recorder::start(folder.path(), Label::example(), options).expect("started");
        let looks = (Some(recorder.watcher()), None);
        let board = Board::default();
        let at = (&cycles, &board);
        let started = Live::start(at, cycles.raw(), Stage::KernelWait, looks, None);
        let (outflow, window, live) = started.expect("a thread");
        drop((outflow, window));
        let report = live.finish();
        assert_eq!(names(&board.view().rings), ["traces", "snapshots", "recorder"]);
        assert_eq!(names(&report.rings), ["traces", "snapshots"], "it may still drop");
        assert_eq!(recorder.finish(tap).dropped, 0);
    }
}
