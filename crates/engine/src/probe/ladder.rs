//! A histogram of nanoseconds with three significant digits in fixed memory.

/// Buckets below this value are one nanosecond wide; above, each power of two has half as many.
const FINE: u64 = 2048;
const HALF: u64 = FINE / 2;
/// Values from here on (about 73 minutes) fall into the last bucket; `max` stays exact.
const TOP: u64 = 1 << 42;
const BUCKETS: usize = bucket_of(TOP - 1) + 1;

/// A log-linear histogram: the width of a bucket is at most a thousandth of its values.
#[derive(Clone, Debug)]
pub struct Ladder {
    buckets: Vec<u64>,
    sum: u128,
    /// Above `max` while empty.
    min: u64,
    max: u64,
}

const fn bucket_of(value: u64) -> usize {
    if value < FINE {
        return value as usize;
    }
    let shift = (value / FINE).ilog2() as u64 + 1;
    (shift * HALF + (value >> shift)) as usize
}

/// The highest value that falls into a bucket.
const fn highest_in(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < FINE {
        return bucket;
    }
    let shift = bucket / HALF - 1;
    ((bucket - shift * HALF + 1) << shift) - 1
}

impl Default for Ladder {
    fn default() -> Self {
        Self::new()
    }
}

impl Ladder {
    /// An empty histogram; all its memory is taken and touched here.
    #[must_use]
    pub fn new() -> Self {
        // Zeroed memory would be a promise that the system keeps page by page, on the first record.
        let mut buckets = vec![1; BUCKETS];
        std::hint::black_box(&mut buckets).fill(0);
        Self { buckets, sum: 0, min: u64::MAX, max: 0 }
    }

    /// Counts one value in nanoseconds.
    #[inline]
    pub fn record(&mut self, value: u64) {
        let bucket = bucket_of(value.min(TOP - 1));
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// How many values were counted; it adds up all buckets.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    const fn is_empty(&self) -> bool {
        self.min > self.max
    }

    /// The sum of all values, exact.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The steps that hold values, lowest first: the highest value of each and how many fell into it.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counted = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        counted.map(|(bucket, count)| (highest_in(bucket), *count))
    }

    /// The smallest value, exact; `None` while empty.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.min)
    }

    /// The largest value, exact; `None` while empty.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.max)
    }

    /// The value that `parts` of `whole` counted values do not exceed, to three significant digits.
    ///
    /// `None` where the sample is too small for it: a percentile needs at least one value above it, so
    /// p99 needs 100 values and p99.99 needs 10,000.
    #[must_use]
    pub fn percentile(&self, parts: u64, whole: u64) -> Option<u64> {
        let above = whole.checked_sub(parts).filter(|above| *above > 0)?;
        let count = self.count();
        if count.saturating_mul(above) < whole {
            return None;
        }
        let rank = (u128::from(count) * u128::from(parts)).div_ceil(u128::from(whole)).max(1);
        let mut seen = 0u128;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return Some(highest_in(bucket).clamp(self.min, self.max));
            }
        }
        Some(self.max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentiles_agree_with_sorting_to_three_digits(
            mut values in prop::collection::vec(prop_oneof![0u64..5000, 0u64..10_000_000_000], 1..600)
        ) {
            let mut ladder = Ladder::new();
            values.iter().for_each(|value| ladder.record(*value));
            values.sort_unstable();
            for (parts, whole) in [(50, 100), (90, 100), (99, 100), (999, 1000)] {
                let enough = values.len() as u64 * (whole - parts) >= whole;
                let rank = (values.len() as u64 * parts).div_ceil(whole).max(1);
                let exact = values[rank as usize - 1];
                match ladder.percentile(parts, whole) {
                    None => prop_assert!(!enough),
                    Some(found) => {
                        prop_assert!(enough);
                        prop_assert!(found >= exact && found - exact <= exact / 1000, "{} {}", found, exact);
                    }
                }
            }
            prop_assert_eq!(ladder.min(), values.first().copied());
            prop_assert_eq!(ladder.max(), values.last().copied());
            prop_assert_eq!(ladder.steps().map(|(_, count)| count).sum::<u64>(), ladder.count());
            prop_assert!(ladder.steps().is_sorted_by(|one, two| one.0 < two.0));
            prop_assert_eq!(ladder.sum(), values.iter().map(|v| u128::from(*v)).sum::<u128>());
        }
    }

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        let mut value = 0;
        while value < 1 << 30 {
            let bucket = bucket_of(value);
            let highest = highest_in(bucket);
            assert!(highest >= value && highest - value <= value / 1000);
            assert_eq!(bucket_of(highest), bucket);
            assert_eq!(bucket_of(highest + 1), bucket + 1);
            value = highest + 1;
        }
        assert_eq!(bucket_of(TOP - 1), BUCKETS - 1);
    }

    #[test]
    fn a_value_beyond_the_top_is_counted_and_kept_as_the_maximum() {
        let mut ladder = Ladder::new();
        ladder.record(u64::MAX);
        assert_eq!((ladder.count(), ladder.max()), (1, Some(u64::MAX)));
    }

    #[test]
    fn a_small_sample_has_no_high_percentile() {
        let mut ladder = Ladder::new();
        (0..99).for_each(|value| ladder.record(value));
        assert_eq!(ladder.percentile(99, 100), None);
        ladder.record(99);
        assert_eq!(ladder.percentile(99, 100), Some(98));
        assert_eq!(ladder.percentile(999, 1000), None);
    }
}
