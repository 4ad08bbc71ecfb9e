//! The recorder's thread: out of the ring, into rows, and part by part to the disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::label::Label;
use super::parts::Parts;
use super::ring::{Drained, Outlet};
use super::rows::{Rows, Seen};
use super::{Gauges, Options};

/// How long the thread sleeps where the ring was emptied; nobody wakes it.
const PAUSE: Duration = Duration::from_millis(4);

/// What the thread owns.
pub(super) struct Side {
    outlet: Outlet,
    reels: Reels,
}

/// The recordings of the run: one an exchange day.
struct Reels {
    folder: PathBuf,
    label: Label,
    options: Options,
    gauges: Arc<Gauges>,
    /// The exchange day of the rows.
    day: Option<i64>,
    rows: Rows,
    /// When the first of the rows was taken, on the run's counter.
    rows_since_ns: u64,
    /// Where the rows go; made with the first part.
    parts: Option<Parts>,
    /// Recordings of days that are over.
    closed: Vec<Parts>,
}

impl Side {
    pub(super) fn new(
        outlet: Outlet,
        folder: PathBuf,
        label: Label,
        options: Options,
        gauges: Arc<Gauges>,
    ) -> Self {
        let reels = Reels {
            folder,
            label,
            options,
            gauges,
            day: None,
            rows: Rows::default(),
            rows_since_ns: 0,
            parts: None,
            closed: Vec::new(),
        };
        Self { outlet, reels }
    }

    /// Records until the tap is closed and the ring is empty; gives the recordings.
    pub(super) fn run(self) -> Vec<PathBuf> {
        let Self { mut outlet, mut reels } = self;
        loop {
            let drained = outlet.drain(|read_ns, frame| reels.take(read_ns, frame));
            reels.gauges.max_depth.store(outlet.max_depth as u64, Ordering::Relaxed);
            match drained {
                Drained::Part => {}
                Drained::Everything => {
                    reels.write_if_due();
                    std::thread::sleep(PAUSE);
                }
                Drained::End => return reels.finish(),
            }
        }
    }
}

impl Reels {
    fn take(&mut self, read_ns: u64, frame: &[u8]) {
        if self.has_stopped() {
            self.gauges.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let wall_us = (read_ns as i64 + self.options.offset.offset_ns).div_euclid(1000);
        let seen = Seen::of(frame);
        let day = self.day_of(wall_us, &seen);
        if self.day.is_some_and(|before| before != day) {
            self.write();
            self.closed.extend(self.parts.take());
        }
        self.day = Some(day);
        if self.rows.is_empty() {
            self.rows_since_ns = self.options.clock.now_ns();
        }
        self.rows.push(wall_us, read_ns, frame, &seen);
        if self.rows.is_full() {
            self.write();
        }
    }

    /// The exchange day that a packet is filed under.
    ///
    /// Days only go forward, and not beyond the day of reading: neither the last tick of an earlier day
    /// nor a wrong stamp opens a file. What has no stamp belongs to the day there is.
    fn day_of(&self, wall_us: i64, seen: &Seen<'_>) -> i64 {
        let received = self.label.day(wall_us);
        let stamped = seen.exchange_ts.map(|time| self.label.day(time.0));
        let stamped = stamped.filter(|day| *day <= received);
        match (self.day, stamped) {
            (Some(day), Some(stamped)) => day.max(stamped),
            (Some(day), None) => day,
            (None, stamped) => stamped.unwrap_or(received),
        }
    }

    fn has_stopped(&self) -> bool {
        self.gauges.alarm.get().is_some()
    }

    fn write_if_due(&mut self) {
        let waited = self.options.clock.now_ns().saturating_sub(self.rows_since_ns);
        if !self.rows.is_empty() && u128::from(waited) >= self.options.interval.as_nanos() {
            self.write();
        }
    }

    /// Writes the rows as a part; where that fails, the recording stops.
    fn write(&mut self) {
        let packets = self.rows.len() as u64;
        match self.write_part() {
            Ok(bytes) => {
                self.gauges.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.gauges.written.fetch_add(packets, Ordering::Relaxed);
            }
            Err(error) => {
                self.gauges.raise(format!(
                    "the recording stopped, cannot write into {}: {error}; \
                     free space there and start again",
                    self.folder.display()
                ));
                self.gauges.dropped.fetch_add(packets, Ordering::Relaxed);
                self.rows = Rows::default();
            }
        }
    }

    fn write_part(&mut self) -> io::Result<u64> {
        let Some(day) = self.day.filter(|_| !self.rows.is_empty()) else { return Ok(0) };
        if self.parts.is_none() {
            self.parts = Some(Parts::create(&self.folder, &self.label.file_stem(day))?);
        }
        let Some(parts) = &mut self.parts else { return Ok(0) };
        parts.write(&mut self.rows, &self.label)
    }

    /// Writes what is left and joins the parts; they stay where that fails, or the recording stopped.
    fn finish(mut self) -> Vec<PathBuf> {
        self.write();
        self.closed.extend(self.parts.take());
        let mut files = Vec::new();
        for parts in std::mem::take(&mut self.closed) {
            let folder = parts.folder.clone();
            if parts.is_empty() {
                let _ = std::fs::remove_dir(&folder);
            } else if self.has_stopped() {
                files.push(folder);
            } else {
                files.push(self.join(parts).unwrap_or(folder));
            }
        }
        files
    }

    fn join(&self, parts: Parts) -> Option<PathBuf> {
        let folder = parts.folder.clone();
        let joined = parts.join(&self.label);
        let told = joined.inspect_err(|error| {
            self.gauges.raise(format!(
                "the recording is complete but in parts, cannot join those of {}: {error}; \
                 replay the folder as it is",
                folder.display()
            ));
        });
        told.ok()
    }
}
