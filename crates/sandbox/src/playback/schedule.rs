//! When each packet is due, and when it was handed to a socket, on the clock that sandbox and run share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

use super::tape::Row;

const SECOND: u64 = 1_000_000_000;
/// A time that has not come yet. It is not zero, so that filling the list touches its memory and a
/// run does not grow.
const NEVER: u64 = u64::MAX;

/// How fast the tape is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pacing {
    /// By the rows' stamps, `speed` times as fast; rows of one whole-second stamp share that second.
    Recorded {
        /// 1 is the recorded pace.
        speed: f64,
    },
    /// Evenly, whatever the stamps say.
    FixedRate {
        /// Packets in a second.
        per_second: u32,
    },
    /// As fast as the reader takes them.
    FullSpeed,
}

/// The reading of `clock` in nanoseconds, as every time of a [`Schedule`] is.
#[must_use]
pub fn now_ns(clock: &quanta::Clock) -> u64 {
    clock.delta_as_nanos(0, clock.raw())
}

/// One instant on the shared clock and on the system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    pub(crate) clock_ns: u64,
    pub(crate) monotonic_ns: u64,
}

impl Anchor {
    pub(crate) fn now(clock: &quanta::Clock) -> Self {
        let before = now_ns(clock);
        let monotonic = clock_gettime(ClockId::Monotonic);
        let after = now_ns(clock);
        Self {
            clock_ns: before + (after - before) / 2,
            monotonic_ns: monotonic.tv_sec as u64 * SECOND + monotonic.tv_nsec as u64,
        }
    }
}

enum Offsets {
    Listed(Vec<u64>),
    Every { per_second: u64 },
    AsRead,
}

/// When each packet is due, and when it left, for the figures of a run.
///
/// Units: nanoseconds as [`now_ns`] gives them. At full speed a packet is due when it is handed to
///        the first socket that takes it.
pub struct Schedule {
    rows: usize,
    offsets: Offsets,
    handed_over: Vec<AtomicU64>,
    start: OnceLock<Anchor>,
}

impl Schedule {
    pub(crate) fn new(rows: &[Row], pacing: Pacing) -> Self {
        let offsets = match pacing {
            Pacing::Recorded { speed } => Offsets::Listed(recorded_offsets(rows, speed)),
            Pacing::FixedRate { per_second } => Offsets::Every { per_second: per_second.into() },
            Pacing::FullSpeed => Offsets::AsRead,
        };
        let handed_over = rows.iter().map(|_| AtomicU64::new(NEVER)).collect();
        Self { rows: rows.len(), offsets, handed_over, start: OnceLock::new() }
    }

    /// When the packet with this sequence number was due; `None` before the first subscription, for a
    /// number that is not on the tape, and at full speed before it was sent.
    #[must_use]
    pub fn scheduled_ns(&self, sequence: i64) -> Option<u64> {
        match &self.offsets {
            Offsets::AsRead => self.handed_over_ns(sequence),
            _ => self.due_ns(index_of(sequence)?),
        }
    }

    /// When the packet with this sequence number was handed to the first socket that took it: the
    /// reading right before it was written. `None` before that.
    #[must_use]
    pub fn handed_over_ns(&self, sequence: i64) -> Option<u64> {
        let time = self.handed_over.get(index_of(sequence)?)?.load(Ordering::Relaxed);
        (time != NEVER).then_some(time)
    }

    /// How many packets the tape has.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Fixes the start, unless it is fixed; says whether this call did it.
    pub(crate) fn begin(&self, clock: &quanta::Clock) -> bool {
        self.start.set(Anchor::now(clock)).is_ok()
    }

    /// Whether packets are due at times: at full speed they are not.
    pub(crate) const fn has_times(&self) -> bool {
        !matches!(self.offsets, Offsets::AsRead)
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.start.get().is_some()
    }

    /// When the first subscription came.
    pub(crate) fn begun_ns(&self) -> Option<u64> {
        self.start.get().map(|start| start.clock_ns)
    }

    /// When row `index` is due: at once at full speed; `None` past the end or before the start.
    pub(crate) fn due_ns(&self, index: usize) -> Option<u64> {
        let start = self.start.get()?.clock_ns;
        if index >= self.rows {
            return None;
        }
        let offset = match &self.offsets {
            Offsets::Listed(offsets) => *offsets.get(index)?,
            Offsets::Every { per_second } => {
                (index as u128 * u128::from(SECOND) / u128::from(*per_second)) as u64
            }
            Offsets::AsRead => return Some(0),
        };
        Some(start.saturating_add(offset))
    }

    /// How many rows are due at `now`; `None` at full speed, where the readers decide.
    pub(crate) fn due_rows(&self, now: u64) -> Option<usize> {
        if matches!(self.offsets, Offsets::AsRead) {
            return None;
        }
        let (mut due, mut end) = (0, self.rows);
        while due < end {
            let middle = due + (end - due) / 2;
            if self.due_ns(middle).is_some_and(|time| time <= now) {
                due = middle + 1;
            } else {
                end = middle;
            }
        }
        Some(due)
    }

    /// Notes `now` for the rows from `start` to before `end` that nobody had before.
    pub(crate) fn hand_over(&self, start: usize, end: usize, now: u64) {
        for time in self.handed_over.get(start..end).unwrap_or_default() {
            let _ = time.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// `time` on the system's monotonic clock, for a reader in another process.
    ///
    /// Two processes calibrate the cycle counter apart, so the times between are interpolated.
    pub(crate) fn monotonic_ns(&self, time: u64, now: Anchor) -> Option<u64> {
        let start = self.start.get()?;
        let (clock, monotonic) =
            (now.clock_ns.checked_sub(start.clock_ns)?, now.monotonic_ns - start.monotonic_ns);
        let passed = i128::from(time) - i128::from(start.clock_ns);
        let scaled = if clock < SECOND / 1000 {
            passed
        } else {
            passed * i128::from(monotonic) / i128::from(clock)
        };
        u64::try_from(i128::from(start.monotonic_ns) + scaled).ok()
    }
}

/// The row that has this sequence number; they begin at 1.
fn index_of(sequence: i64) -> Option<usize> {
    usize::try_from(sequence).ok()?.checked_sub(1)
}

/// Nanoseconds from the first row to each; they never go back, though stamps may.
fn recorded_offsets(rows: &[Row], speed: f64) -> Vec<u64> {
    let first = rows.first().map_or(0, |row| row.exchange_ts_ms);
    let mut offsets = Vec::with_capacity(rows.len());
    let mut latest = 0;
    for group in rows.chunk_by(|a, b| a.exchange_ts_ms == b.exchange_ts_ms) {
        let Some(stamp) = group.first().map(|row| row.exchange_ts_ms) else { continue };
        let base =
            u64::try_from(stamp.saturating_sub(first)).unwrap_or(0).saturating_mul(1_000_000);
        let step = if stamp % 1000 == 0 { SECOND / group.len() as u64 } else { 0 };
        for place in 0..group.len() as u64 {
            let offset = (base.saturating_add(place * step) as f64 / speed) as u64;
            latest = offset.max(latest);
            offsets.push(latest);
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(stamps: &[i64]) -> Vec<Row> {
        let row = |&exchange_ts_ms| Row { exchange_ts_ms, price_paise: 100, qty: 75 };
        stamps.iter().map(row).collect()
    }

    #[test]
    fn rows_of_one_second_share_it() {
        let rows = rows(&[5_000, 5_000, 6_000, 8_000, 8_000, 8_000, 8_000]);
        let millis: Vec<u64> =
            recorded_offsets(&rows, 2.0).iter().map(|offset| offset / 1_000_000).collect();
        assert_eq!(millis, [0, 250, 500, 1500, 1625, 1750, 1875]);
    }

    #[test]
    fn a_stamp_that_goes_back_does_not_turn_time_back() {
        let rows = rows(&[5_000, 9_000, 7_000, 9_500]);
        assert_eq!(recorded_offsets(&rows, 1.0).last(), Some(&(4_500_000_000)));
        assert!(recorded_offsets(&rows, 1.0).is_sorted());
    }

    #[test]
    fn counts_what_is_due_by_the_clock() {
        let (clock, mock) = quanta::Clock::mock();
        mock.increment(7_000);
        let schedule = Schedule::new(&rows(&[0; 10]), Pacing::FixedRate { per_second: 1_000_000 });
        assert_eq!(schedule.scheduled_ns(1), None);
        assert!(schedule.begin(&clock));
        mock.increment(1_000);
        assert!(!schedule.begin(&clock), "the start is fixed once");
        assert_eq!(schedule.due_rows(7_000), Some(1));
        assert_eq!(schedule.due_rows(9_999), Some(3));
        assert_eq!(schedule.due_rows(1_000_000), Some(10));
        assert_eq!(schedule.scheduled_ns(1), Some(7_000));
        assert_eq!(schedule.scheduled_ns(10), Some(16_000));
        assert_eq!((schedule.scheduled_ns(0), schedule.scheduled_ns(11)), (None, None));
    }

    #[test]
    fn the_first_hand_over_counts_and_is_when_a_packet_is_due_at_full_speed() {
        let (clock, mock) = quanta::Clock::mock();
        mock.increment(1_000);
        for (pacing, due) in [
            (Pacing::FullSpeed, [Some(5), Some(5), Some(9), None]),
            (Pacing::FixedRate { per_second: 1_000_000_000 }, [1000, 1001, 1002, 1003].map(Some)),
        ] {
            let schedule = Schedule::new(&rows(&[0; 4]), pacing);
            schedule.begin(&clock);
            schedule.hand_over(0, 2, 5);
            schedule.hand_over(1, 3, 9);
            let handed_over = [1, 2, 3, 4].map(|sequence| schedule.handed_over_ns(sequence));
            assert_eq!(handed_over, [Some(5), Some(5), Some(9), None]);
            assert_eq!([1, 2, 3, 4].map(|sequence| schedule.scheduled_ns(sequence)), due);
            assert_eq!(schedule.due_rows(100).is_none(), pacing == Pacing::FullSpeed);
            assert_eq!([0, 5, -1].map(|sequence| schedule.handed_over_ns(sequence)), [None; 3]);
        }
    }
}
