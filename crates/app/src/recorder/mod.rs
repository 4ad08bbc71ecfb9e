//! The recorder: every packet that a run saw, written to Parquet beside the run and read back by replay.
//!
//! The tick thread's [`Tap`] copies each packet into a bounded ring; a side thread takes it out, and writes
//! parts (see [`parts`]). Neither waits for the other: a full ring drops, and a disk that refuses stops
//! the recording with an alarm. Every drop is counted.

mod error;
mod label;
mod parts;
mod recording;
mod ring;
mod rows;
mod side;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use smartapi::packet::Mode;

use crate::clock::{Cycles, WallOffset};
use crate::failure::Failure;
pub(crate) use label::Label;
pub(crate) use recording::{Recording, is_recording};
pub(crate) use ring::Tap;
use side::Side;

/// How the recorder works.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The run's counter.
    pub(crate) clock: Cycles,
    /// Where the counter stands against the date.
    pub(crate) offset: WallOffset,
    /// The ring's size in bytes.
    pub(crate) capacity: usize,
    /// No packet waits longer than this to be written and synced, disk permitting.
    pub(crate) interval: Duration,
}

impl Options {
    /// A ring for two seconds of the fastest feed, and parts every five seconds.
    pub(crate) const fn new(clock: Cycles, offset: WallOffset) -> Self {
        /// Two seconds of 50,000 packets a second.
        const PACKETS: usize = 100_000;
        let capacity = ring::room_for(PACKETS, Mode::SnapQuote.packet_len());
        Self { clock, offset, capacity, interval: Duration::from_secs(5) }
    }
}

/// What the recorder's thread shares with whoever looks at it.
#[derive(Debug, Default)]
struct Gauges {
    written: AtomicU64,
    dropped: Arc<AtomicU64>,
    bytes: AtomicU64,
    max_depth: AtomicU64,
    alarm: OnceLock<String>,
}

/// The recorder's figures at one moment, or at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecorderReport {
    /// Packets that were handed over; while the run lasts, those that are known of.
    pub(crate) packets: u64,
    /// Packets that have reached the disk.
    pub(crate) written: u64,
    /// Packets that have not and will not: the ring was full, or the recording had stopped.
    pub(crate) dropped: u64,
    /// The most that was in the ring, in bytes.
    pub(crate) max_depth: u64,
    /// The ring's size, in bytes.
    pub(crate) capacity: u64,
    /// Written to parts, in bytes.
    pub(crate) bytes: u64,
    /// The recordings: files, or folders of parts where they could not be joined; none before the end.
    pub(crate) files: Vec<PathBuf>,
    /// Why the recording stopped early, and what to do.
    pub(crate) alarm: Option<String>,
}

/// The recorder as its owner sees it; the tick thread has the [`Tap`].
pub(crate) struct Recorder {
    gauges: Arc<Gauges>,
    capacity: usize,
    thread: JoinHandle<Vec<PathBuf>>,
}

impl Recorder {
    /// Starts the recorder's thread; recordings appear in the folder, beside what is there.
    ///
    /// Errors: status 2 if the folder cannot be made or the thread cannot start.
    pub(crate) fn start(
        folder: &Path,
        label: Label,
        options: Options,
    ) -> Result<(Tap, Self), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            let what = format!("cannot make the folder {}: {error}", folder.display());
            Failure::usage(what, "check the rights and the free space there")
        })?;
        let gauges = Arc::new(Gauges::default());
        let capacity = options.capacity;
        let (tap, outlet) = ring::ring(capacity, Arc::clone(&gauges.dropped));
        let side = Side::new(outlet, folder.to_owned(), label, options, Arc::clone(&gauges));
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        let thread = thread.spawn(move || side.run()).map_err(|error| {
            Failure::usage(format!("cannot start the recorder: {error}"), "raise `ulimit -u`")
        })?;
        Ok((tap, Self { gauges, capacity, thread }))
    }

    /// The figures now.
    pub(crate) fn status(&self) -> RecorderReport {
        self.gauges.report(self.capacity)
    }

    /// For somebody else to look at the figures while the recorder runs.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher { gauges: Arc::clone(&self.gauges), capacity: self.capacity }
    }

    /// Ends the recording behind its last packet, joins the parts, and gives the final figures.
    ///
    /// It takes the tap, so that nothing is handed over any more.
    pub(crate) fn finish(self, tap: Tap) -> RecorderReport {
        drop(tap);
        let Self { gauges, capacity, thread } = self;
        let files = thread.join().unwrap_or_else(|_| {
            gauges.raise("the recorder's thread broke off; report this as a bug".to_owned());
            Vec::new()
        });
        RecorderReport { files, ..gauges.report(capacity) }
    }
}

/// A look at a recorder that belongs to somebody else.
#[derive(Clone, Debug)]
pub(crate) struct Watcher {
    gauges: Arc<Gauges>,
    capacity: usize,
}

impl Watcher {
    /// The figures now.
    pub(crate) fn status(&self) -> RecorderReport {
        self.gauges.report(self.capacity)
    }
}

impl Gauges {
    fn report(&self, capacity: usize) -> RecorderReport {
        let read = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        let (written, dropped) = (read(&self.written), read(&self.dropped));
        RecorderReport {
            packets: written + dropped,
            written,
            dropped,
            max_depth: read(&self.max_depth),
            capacity: capacity as u64,
            bytes: read(&self.bytes),
            files: Vec::new(),
            alarm: self.alarm.get().cloned(),
        }
    }

    /// The first alarm stays: it says how it began.
    fn raise(&self, alarm: String) {
        let _ = self.alarm.set(alarm);
    }
}
