//! The one clock of a run, what it costs to read, and where it stands against the date.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use engine::probe::{Counter, Disturbances};

use crate::run_folder::since_epoch;
use crate::thread;

/// The calibrated cycle counter.
#[derive(Clone, Debug)]
pub struct Cycles {
    clock: quanta::Clock,
    nanos_per_count: Factor,
    counts_per_nano: Factor,
}

/// A ratio as a fixed-point number, so that a conversion on the tick path is a multiplication.
#[derive(Clone, Copy, Debug)]
struct Factor {
    whole: u64,
    /// In units of 2⁻⁶⁴.
    part: u64,
}

impl Factor {
    /// `numerator ÷ denominator`; the denominator is not 0.
    const fn new(numerator: u64, denominator: u64) -> Self {
        let rest = (numerator % denominator) as u128;
        let part = ((rest << 64) / denominator as u128) as u64;
        Self { whole: numerator / denominator, part }
    }

    #[inline]
    const fn times(self, value: u64) -> u64 {
        let part = (value as u128 * self.part as u128) >> 64;
        value.wrapping_mul(self.whole).wrapping_add(part as u64)
    }
}

impl Counter for Cycles {
    #[inline]
    fn raw(&self) -> u64 {
        self.clock.raw()
    }

    #[inline]
    fn nanos(&self, from: u64, till: u64) -> u64 {
        self.nanos_per_count.times(till.saturating_sub(from))
    }

    fn disturbances(&self) -> Option<Disturbances> {
        thread::disturbances()
    }
}

/// Where the counter stands against the date: `wall = counter + offset`, both in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WallOffset {
    pub(crate) offset_ns: i64,
    /// How far apart the two readings around the date were: the offset's uncertainty.
    pub(crate) bracket_ns: u64,
}

impl Default for Cycles {
    fn default() -> Self {
        Self::new()
    }
}

impl Cycles {
    /// Calibrates the counter, which takes a moment the first time.
    #[must_use]
    pub fn new() -> Self {
        /// So many that the ratio is exact to a nanosecond in years.
        const MANY: u64 = 1 << 58;
        let clock = quanta::Clock::new();
        let nanos = clock.delta_as_nanos(0, MANY);
        let nanos_per_count = Factor::new(nanos, MANY);
        Self { clock, nanos_per_count, counts_per_nano: Factor::new(MANY, nanos.max(1)) }
    }

    /// The same for a stream or a sandbox.
    #[must_use]
    pub fn clock(&self) -> quanta::Clock {
        self.clock.clone()
    }

    /// Nanoseconds on the counter's own scale.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.nanos(0, self.raw())
    }

    /// How far the counter goes in so many nanoseconds.
    #[inline]
    pub(crate) const fn counts(&self, nanos: u64) -> u64 {
        self.counts_per_nano.times(nanos)
    }

    /// Reads the date between two readings of the counter, and takes the tightest of several tries.
    pub(crate) fn wall_offset(&self) -> WallOffset {
        let measure = |_| {
            let before = self.now_ns();
            let wall = since_epoch().as_nanos() as i64;
            let after = self.now_ns();
            let middle = before + (after - before) / 2;
            WallOffset { offset_ns: wall - middle as i64, bracket_ns: after - before }
        };
        let tries = (0..32).map(measure).min_by_key(|offset| offset.bracket_ns);
        tries.unwrap_or(WallOffset { offset_ns: 0, bracket_ns: u64::MAX })
    }

    /// The median cost of one stamp in nanoseconds, from runs of stamps.
    pub(crate) fn stamp_cost_ns(&self) -> f64 {
        const STAMPS: u64 = 1000;
        let mut costs: Vec<u64> = (0..101)
            .map(|_| {
                let begin = self.raw();
                (1..STAMPS).for_each(|_| {
                    std::hint::black_box(self.raw());
                });
                self.nanos(begin, self.raw())
            })
            .collect();
        costs.sort_unstable();
        costs.get(costs.len() / 2).map_or(0.0, |cost| *cost as f64 / STAMPS as f64)
    }
}

/// What an offset changes by in a second at most unless the date was set: twice what NTP slews by.
const MOST_DRIFT_NS_PER_S: u64 = 1_000_000;
/// So little between two measurements is noise.
const NOISE_NS: u64 = 1_000;
/// An offset that was not measured again for so long is not known any more.
const LIFETIME_NS: u64 = 1_000_000_000;

/// The offset as it is now: measured on one thread, read on another without waiting.
#[derive(Clone, Debug, Default)]
pub(crate) struct WallClock(Arc<Published>);

#[derive(Debug, Default)]
struct Published {
    offset_ns: AtomicI64,
    bracket_ns: AtomicU64,
    /// The offset is known until then, on the counter's scale.
    until_ns: AtomicU64,
}

impl WallClock {
    /// The offset; `None` where the date was just set, or nobody measures.
    #[inline]
    pub(crate) fn offset(&self, now_ns: u64) -> Option<WallOffset> {
        let Published { offset_ns, bracket_ns, until_ns } = &*self.0;
        (now_ns < until_ns.load(Ordering::Acquire)).then(|| WallOffset {
            offset_ns: offset_ns.load(Ordering::Relaxed),
            bracket_ns: bracket_ns.load(Ordering::Relaxed),
        })
    }

    /// A clock whose offset is known until then.
    pub(crate) fn known(offset: WallOffset, until_ns: u64) -> Self {
        let clock = Self::default();
        clock.publish(offset, until_ns);
        clock
    }

    fn publish(&self, offset: WallOffset, until_ns: u64) {
        self.0.offset_ns.store(offset.offset_ns, Ordering::Relaxed);
        self.0.bracket_ns.store(offset.bracket_ns, Ordering::Relaxed);
        self.0.until_ns.store(until_ns, Ordering::Release);
    }
}

/// Measures the offset again and again, and notices when the date is set.
#[derive(Debug)]
pub(crate) struct OffsetWatch {
    clock: WallClock,
    last: WallOffset,
    last_ns: u64,
    told: OffsetReport,
}

/// What became of the offset in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OffsetReport {
    pub(crate) first: WallOffset,
    /// How often it was measured.
    pub(crate) measured: u64,
    pub(crate) widest_bracket_ns: u64,
    /// How often the date was set.
    pub(crate) steps: u64,
    /// The lowest and the highest that were measured.
    pub(crate) range_ns: (i64, i64),
}

impl OffsetReport {
    /// Measured once.
    pub(crate) const fn once(first: WallOffset) -> Self {
        let WallOffset { offset_ns, bracket_ns } = first;
        let range_ns = (offset_ns, offset_ns);
        Self { first, measured: 1, widest_bracket_ns: bracket_ns, steps: 0, range_ns }
    }
}

impl OffsetWatch {
    /// Begins with a first measurement.
    pub(crate) fn new(cycles: &Cycles) -> Self {
        Self::begin(cycles.now_ns(), cycles.wall_offset())
    }

    /// Begins with what was measured at a moment on the counter's scale.
    pub(crate) fn begin(now_ns: u64, first: WallOffset) -> Self {
        let clock = WallClock::known(first, now_ns + LIFETIME_NS);
        let told = OffsetReport::once(first);
        Self { clock, last: first, last_ns: now_ns, told }
    }

    /// Where the tick thread reads the offset.
    pub(crate) fn clock(&self) -> WallClock {
        self.clock.clone()
    }

    /// Measures once more.
    pub(crate) fn look(&mut self, cycles: &Cycles) {
        self.take(cycles.now_ns(), cycles.wall_offset());
    }

    /// After a step nothing is known until two measurements in a row agree.
    fn take(&mut self, now_ns: u64, now: WallOffset) {
        self.told.measured += 1;
        self.told.widest_bracket_ns = self.told.widest_bracket_ns.max(now.bracket_ns);
        let (lowest, highest) = self.told.range_ns;
        self.told.range_ns = (lowest.min(now.offset_ns), highest.max(now.offset_ns));
        let passed_ns = now_ns.saturating_sub(self.last_ns);
        let drift = u128::from(passed_ns) * u128::from(MOST_DRIFT_NS_PER_S) / 1_000_000_000;
        let most = (drift as u64) + now.bracket_ns + self.last.bracket_ns + NOISE_NS;
        if now.offset_ns.abs_diff(self.last.offset_ns) > most {
            self.told.steps += 1;
            self.clock.publish(now, 0);
        } else {
            self.clock.publish(now, now_ns + LIFETIME_NS);
        }
        (self.last, self.last_ns) = (now, now_ns);
    }

    /// The last measurement.
    #[inline]
    pub(crate) const fn last(&self) -> WallOffset {
        self.last
    }

    /// What is to be reported.
    pub(crate) const fn report(&self) -> OffsetReport {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    const fn offset(offset_ns: i64) -> WallOffset {
        WallOffset { offset_ns, bracket_ns: 50 }
    }

    #[test]
    fn a_drifting_offset_is_followed_and_one_that_jumps_is_unknown_until_it_stays() {
        let mut watch = OffsetWatch::begin(0, offset(1000));
        let clock = watch.clock();
        assert_eq!(clock.offset(1), Some(offset(1000)));
        watch.take(SECOND, offset(901_000));
        assert_eq!(clock.offset(SECOND), Some(offset(901_000)), "900 µs in a second are drift");
        for (jump, steps) in [(3_000_000, 1), (-5 * SECOND as i64, 2)] {
            let at = SECOND + 20_000_000 * steps;
            watch.take(at, offset(jump));
            assert_eq!((clock.offset(at), watch.report().steps), (None, steps));
            watch.take(at + 10_000_000, offset(jump + 100));
            assert_eq!(clock.offset(at + 10_000_000), Some(offset(jump + 100)));
        }
        let told = watch.report();
        assert_eq!((told.first, told.measured, told.widest_bracket_ns), (offset(1000), 6, 50));
        assert_eq!(told.range_ns, (-5 * SECOND as i64, 3_000_100));
    }

    #[test]
    fn an_offset_that_nobody_measures_any_more_is_forgotten() {
        let mut watch = OffsetWatch::begin(0, offset(1000));
        let clock = watch.clock();
        assert_eq!(clock.offset(LIFETIME_NS - 1), Some(offset(1000)));
        assert_eq!(clock.offset(LIFETIME_NS), None);
        watch.take(10 * SECOND, offset(1000));
        assert_eq!(clock.offset(10 * SECOND), Some(offset(1000)), "it did not jump meanwhile");
    }

    #[test]
    fn this_machines_offset_stays_within_what_drift_explains() {
        let cycles = Cycles::new();
        let mut watch = OffsetWatch::new(&cycles);
        for _ in 0..100 {
            watch.look(&cycles);
        }
        let offset = watch.clock().offset(cycles.now_ns()).expect("nobody sets the date");
        let wall = cycles.now_ns() as i64 + offset.offset_ns;
        let date = since_epoch().as_nanos() as i64;
        assert!(date.abs_diff(wall) < SECOND, "{date} and {wall}");
    }

    #[test]
    fn a_new_meter_brings_in_no_page_while_it_is_filled() {
        use engine::probe::{Filed, Meter, Probe as _, Stage, Stamps};
        use engine::tick_path::{broker::Tick, trader::Decision};
        let filed = Filed { sequence: 1, tick: Tick::default(), decision: Decision::Held };
        let fill = || {
            let mut meter = Meter::new(Cycles::new(), Stage::KernelWait, 2000);
            let before = thread::disturbances().expect("Linux says");
            for number in 0..2000 {
                // Totals of all sizes, so that every page of a histogram is used.
                let now = meter.counter().raw();
                let mut trace = Stamps::read(Some(now - (1 << (number % 40))), now, now);
                Stage::ALL.into_iter().skip(2).for_each(|stage| meter.mark(&mut trace, stage));
                meter.file(trace, &filed);
            }
            let after = thread::disturbances().expect("Linux says");
            (after.since(before).page_faults, meter)
        };
        // The first one brings in the code as well, and must not leave its memory to the second.
        let [_first, (faults, _meter)] = [fill(), fill()];
        assert!(faults < 10, "{faults} page faults");
    }

    #[test]
    fn counts_and_nanoseconds_agree_with_each_other_and_with_the_streams_clock() {
        let cycles = Cycles::new();
        for counts in [0, 1, 999, 1_000_000_007, u64::MAX >> 12] {
            let nanos = cycles.nanos(0, counts);
            assert!(nanos.abs_diff(cycles.clock().delta_as_nanos(0, counts)) <= 1, "{counts}");
            let back = cycles.counts(nanos);
            assert!(back.abs_diff(counts) <= cycles.counts(1) + 1, "{counts} {back}");
        }
        assert_eq!(cycles.nanos(7, 6), 0, "readings of two processors may differ by a little");
    }

    proptest::proptest! {
        #[test]
        fn a_factor_multiplies_as_the_fraction_does(
            value in 0u64..1 << 50, numerator in 1u64..1 << 60, denominator in 1u64..1 << 60,
        ) {
            let exact = u128::from(value) * u128::from(numerator) / u128::from(denominator);
            proptest::prop_assume!(exact < 1 << 63);
            let found = u128::from(Factor::new(numerator, denominator).times(value));
            proptest::prop_assert!(found == exact || found + 1 == exact, "{} {}", found, exact);
        }
    }
}
