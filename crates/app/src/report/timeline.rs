//! The time line of a run: its ticks in buckets of time, and what happened to the stream.

use engine::probe::Counter;
use serde::{Deserialize, Serialize};

use super::ticks::{Kept, TickRow};
use crate::results::round_step;

/// The most buckets of a time line.
const MOST_BUCKETS: usize = 600;
/// So many ticks a bucket has on average at least, so that most have a p99.
const TICKS_PER_BUCKET: usize = 120;

/// `timeline` of the report. Times count from the run's begin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    /// How long a bucket lasts.
    pub(crate) bucket_ns: u64,
    /// Those in which a tick was decided, of the ticks that were kept whole.
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) events: Vec<Event>,
    /// What happened besides, when there was no room for it.
    pub(crate) events_left_out: u64,
    /// How often a packet did not have the next sequence number.
    pub(crate) gaps: u64,
    /// The numbers that were skipped then.
    pub(crate) missing: u64,
}

/// The totals of the ticks of one stretch of time that have one; null where there are too few.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    /// Its begin.
    pub(crate) at_ns: u64,
    pub(crate) ticks: u64,
    pub(crate) p50_ns: Option<u64>,
    pub(crate) p99_ns: Option<u64>,
    pub(crate) max_ns: Option<u64>,
    pub(crate) age_max_ns: Option<u64>,
}

/// Something that happened to the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) at_ns: u64,
    pub(crate) kind: Kind,
    /// For people; free of secrets.
    pub(crate) text: String,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A connection was being opened.
    Connecting,
    /// Connected and subscribed, for the first time or again.
    Live,
    /// Connected, but nothing came.
    Stale,
    /// The connection was lost or refused; a pause followed.
    BackingOff,
    /// Fresh tokens were fetched.
    Renewing,
    /// The stream ended for good.
    Failed,
    /// The stream was ended by this program.
    Stopped,
    /// Sequence numbers were skipped.
    Gap,
    /// The time was up.
    Timeout,
    /// SIGINT or SIGTERM came.
    Interrupted,
}

impl Kind {
    /// The kind as people read it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::BackingOff => "lost",
            Self::Renewing => "renewing",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Gap => "gap",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The length of a bucket and the buckets, without those that are empty.
pub(crate) fn buckets<C: Counter>(kept: &Kept<'_, C>) -> (u64, Vec<Bucket>) {
    let length = bucket_ns(kept.len(), kept.last_at_ns());
    (length, filled(length, kept.rows()))
}

/// A round length, such that there are neither too many buckets nor too few ticks in them.
fn bucket_ns(ticks: usize, span_ns: u64) -> u64 {
    let wanted = (ticks / TICKS_PER_BUCKET).clamp(1, MOST_BUCKETS) as u64;
    round_step(i128::from(span_ns / wanted + 1)) as u64
}

fn filled(length: u64, rows: impl Iterator<Item = TickRow>) -> Vec<Bucket> {
    let mut buckets = Vec::new();
    let (mut at_ns, mut ticks, mut totals, mut age_max_ns) = (0, 0, Vec::new(), None);
    for row in rows {
        let begin = row.at_ns - row.at_ns % length;
        if begin != at_ns {
            let ticks = std::mem::take(&mut ticks);
            buckets.extend(Bucket::of((at_ns, ticks), &mut totals, age_max_ns.take()));
            at_ns = begin;
        }
        ticks += 1;
        totals.extend(row.total_ns);
        age_max_ns = age_max_ns.max(row.age_ns);
    }
    buckets.extend(Bucket::of((at_ns, ticks), &mut totals, age_max_ns));
    buckets
}

impl Bucket {
    /// A bucket of so many ticks and these totals, of which none are left; `None` without a tick.
    fn of(
        (at_ns, ticks): (u64, u64),
        totals: &mut Vec<u64>,
        age_max_ns: Option<u64>,
    ) -> Option<Self> {
        totals.sort_unstable();
        let bucket = Self {
            at_ns,
            ticks,
            p50_ns: percentile(totals, 50),
            p99_ns: percentile(totals, 99),
            max_ns: totals.last().copied(),
            age_max_ns,
        };
        totals.clear();
        (ticks > 0).then_some(bucket)
    }
}

/// As [`engine::probe::Ladder::percentile`] has it, of sorted values and without its rounding.
fn percentile(sorted: &[u64], per_cent: usize) -> Option<u64> {
    let enough = sorted.len() * (100 - per_cent) >= 100;
    let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().filter(|_| enough)
}

#[cfg(test)]
mod tests {
    use engine::probe::{Ladder, Stage};
    use engine::units::EventTime;

    use super::*;

    fn row(at_ns: u64, total_ns: u64, age_ns: Option<u64>) -> TickRow {
        let stages_ns = [None; Stage::ALL.len()];
        let total_ns = Some(total_ns);
        TickRow { seq: 1, exchange_time: EventTime(0), stages_ns, total_ns, age_ns, at_ns }
    }

    #[test]
    fn every_tick_is_in_the_bucket_of_its_decision() {
        let rows = [row(5, 7, None), row(99, 3, Some(9)), row(100, 2, None), row(950, 8, Some(1))];
        let buckets = filled(100, rows.into_iter());
        let told: Vec<_> =
            buckets.iter().map(|it| (it.at_ns, it.ticks, it.max_ns, it.age_max_ns)).collect();
        let most = [7, 2, 8].map(Some);
        assert_eq!(
            told,
            [(0, 2, most[0], Some(9)), (100, 1, most[1], None), (900, 1, most[2], Some(1))]
        );
        let unstamped = filled(100, [TickRow { total_ns: None, ..rows[0] }].into_iter());
        assert_eq!(unstamped.first().map(|it| (it.ticks, it.max_ns)), Some((1, None)));
        assert_eq!(filled(100, [].into_iter()), []);
    }

    #[test]
    fn percentiles_are_those_of_the_histogram_and_null_for_small_samples() {
        for count in [1, 2, 99, 100, 101, 1999] {
            let values: Vec<u64> = (0..count).collect();
            let mut ladder = Ladder::new();
            values.iter().for_each(|value| ladder.record(*value));
            for per_cent in [50, 99] {
                let expected = ladder.percentile(per_cent, 100);
                assert_eq!(percentile(&values, per_cent as usize), expected, "{count} {per_cent}");
            }
        }
    }

    #[test]
    fn there_are_at_most_600_buckets_and_enough_ticks_in_them() {
        for ticks in [0, 1, 300, 5000, 100_000, 2_000_000] {
            for span in [0, 1, 999, 1_234_567_890, 22_500_000_000_000] {
                let length = bucket_ns(ticks, span);
                let number = span / length + 1;
                assert!(number <= MOST_BUCKETS as u64, "{ticks} ticks in {span} ns");
                let average = ticks as u64 / number;
                assert!(number == 1 || average >= TICKS_PER_BUCKET as u64, "{ticks} in {span}");
            }
        }
    }
}
