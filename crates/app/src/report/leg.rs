//! The way from the exchange to our read, as far as its coarse stamp and another clock can tell: an
//! interval, never a number.

use engine::probe::{Counter, Stage};
use serde::{Deserialize, Serialize};

use super::ticks::Kept;
use crate::clock::OffsetReport;

/// A stamp of whole seconds may be this much younger than what it stamps, in nanoseconds.
const SECOND: i64 = 1_000_000_000;
/// The finest that a packet can carry.
const MILLISECOND: i64 = 1_000_000;

/// What the way took of the ticks that were kept whole; against the broker's feed only.
///
/// Units:  nanoseconds by our date less the exchange's stamp; where the clocks differ by more than the
///         way takes, a bound may be below zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExchangeLeg {
    /// What the stamps leave open: a second or a millisecond, how well our date is known, and how far
    /// it moved against the counter while the run lasted.
    pub(crate) uncertain_ns: i64,
    pub(crate) ticks: u64,
    /// Half of the ticks took no more than something between these two.
    pub(crate) p50_ns: [i64; 2],
    /// Ninety-nine in a hundred; null below 100 ticks.
    pub(crate) p99_ns: Option<[i64; 2]>,
}

impl ExchangeLeg {
    /// From the exchange's stamps to the reads, by the offsets of the run; `None` without ticks.
    pub(crate) fn of<C: Counter>(kept: &Kept<'_, C>, offsets: OffsetReport) -> Option<Self> {
        let (lowest, highest) = offsets.range_ns;
        let counter = kept.meter.counter();
        let records = kept.meter.records();
        let stamp_ns = |micros: i64| micros.saturating_mul(1000);
        let mut most: Vec<i64> = records
            .iter()
            .map(|record| {
                let read = counter.nanos(0, record.stamps.end(Stage::KernelWait)) as i64;
                read + highest - stamp_ns(record.filed.tick.time.0)
            })
            .collect();
        let whole = records.iter().all(|record| record.filed.tick.time.0 % 1_000_000 == 0);
        let bracket = offsets.widest_bracket_ns as i64;
        let coarse = if whole { SECOND } else { MILLISECOND };
        let uncertain_ns = coarse + bracket + (highest - lowest);
        most.sort_unstable();
        let bounds = |most: i64| [most - uncertain_ns, most + bracket];
        let at = |parts: usize| most.get((most.len() * parts).div_ceil(100).max(1) - 1).copied();
        Some(Self {
            uncertain_ns,
            ticks: most.len() as u64,
            p50_ns: bounds(at(50)?),
            p99_ns: at(99).filter(|_| most.len() >= 100).map(bounds),
        })
    }
}

#[cfg(test)]
mod tests {
    use engine::probe::{Disturbances, Filed, Meter, Probe as _, Stamps};
    use engine::tick_path::broker::Tick;
    use engine::units::EventTime;

    use super::*;
    use crate::clock::WallOffset;

    struct Plain;

    impl Counter for Plain {
        fn raw(&self) -> u64 {
            0
        }

        fn nanos(&self, from: u64, till: u64) -> u64 {
            till - from
        }

        fn disturbances(&self) -> Option<Disturbances> {
            None
        }
    }

    /// Reads at these nanoseconds of ticks with these stamps in microseconds; the offset moved so far
    /// in both directions.
    fn leg(ticks: impl Iterator<Item = (u64, i64)>, moved: i64) -> Option<ExchangeLeg> {
        let mut meter = Meter::new(Plain, Stage::Framing, 1000);
        for (read, time) in ticks {
            let tick = Tick { time: EventTime(time), ..Tick::default() };
            meter.file(Stamps::read(None, read, read), &Filed { tick, ..Filed::default() });
        }
        let first = WallOffset { offset_ns: 5_000_000_000, bracket_ns: 40 };
        let once = OffsetReport::once(first);
        let range_ns = (first.offset_ns - moved, first.offset_ns + moved);
        let offsets = OffsetReport { range_ns, ..once };
        ExchangeLeg::of(&Kept { meter: &meter, begin: 0, ages: None }, offsets)
    }

    #[test]
    fn what_our_date_moved_by_is_open_as_well() {
        let leg = leg([(0, 5_000_000)].into_iter(), 300).expect("a tick");
        assert_eq!(leg.p50_ns, [-SECOND - 340, 340]);
    }

    #[test]
    fn whole_seconds_leave_a_second_open() {
        let leg = leg((0..200).map(|tick| (1 + tick, 4_000_000)), 0).expect("ticks");
        assert_eq!((leg.uncertain_ns, leg.ticks), (1_000_000_040, 200));
        assert_eq!(leg.p50_ns, [100 + SECOND - 1_000_000_040, 100 + SECOND + 40]);
        assert_eq!(leg.p99_ns.map(|[_, most]| most), Some(198 + SECOND + 40));
    }

    #[test]
    fn milliseconds_leave_a_millisecond_open_and_another_clock_may_be_ahead() {
        let leg = leg([(0, 5_001_000), (0, 5_000_000)].into_iter(), 0).expect("ticks");
        assert_eq!(leg.p50_ns, [-2_000_040, -999_960]);
        assert_eq!(leg.p99_ns, None, "two ticks have no p99");
    }

    #[test]
    fn without_ticks_there_is_none() {
        assert_eq!(leg(std::iter::empty(), 0), None);
    }
}
