//! One time stamp, recorded: the standard library's clock and the usual histogram against ours.

use std::hint::black_box;

use engine::probe::{Counter as _, Ladder};
use hdrhistogram::Histogram;

use crate::clock::{Cycles, time};
use crate::fault::Fault;
use crate::plan::Plan;
use crate::report::{Comparison, Row, Table, Unit};
use crate::stats::alternate;

/// The longest time that both histograms hold apart: about 73 minutes.
const LONGEST_NS: u64 = 1 << 42;
/// Their digits.
const DIGITS: u8 = 3;
/// Values that are recorded again and again.
const VALUES: usize = 4096;

pub(super) fn run(plan: Plan) -> Result<Table, Fault> {
    // Short rounds and many of them, so that few are interrupted.
    let course = Course::new(10);
    let rounds = plan.of(201, 5);
    let (mut theirs, mut ladder) = (histogram()?, Ladder::new());
    let both = alternate(
        rounds,
        || Ok::<_, Fault>(course.std_stamp_and_record(&mut theirs)),
        || Ok(course.our_stamp_and_record(&mut ladder)),
    )?;
    let stamps = alternate(
        rounds,
        || Ok::<_, Fault>(course.stamp(std_now)),
        || Ok(course.stamp(|| course.cycles.raw())),
    )?;
    let records = alternate(
        rounds,
        || Ok::<_, Fault>(course.per_step(|value| theirs.saturating_record(value))),
        || Ok(course.per_step(|value| ladder.record(value))),
    )?;
    if theirs.len() != ladder.count() {
        let what = format!("{} and {} values were recorded", theirs.len(), ladder.count());
        return Err(Fault::new(what, "both sides have to do the same work"));
    }
    Ok(Table {
        title: "A stamp",
        a: "`std::time::Instant::now` and the crate `hdrhistogram`",
        b: "our calibrated counter and our ladder",
        comparison: Comparison::AOverB,
        rows: vec![
            Row::pairs("stamp and record", Unit::Nanos, both),
            Row::pairs("stamp alone", Unit::Nanos, stamps),
            Row::pairs("record alone", Unit::Nanos, records),
        ],
        notes: Vec::new(),
    })
}

/// A histogram of the same range and digits as the ladder.
fn histogram() -> Result<Histogram<u64>, Fault> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS)
        .map_err(Fault::doing("making a histogram", "correct its bounds"))
}

#[allow(clippy::disallowed_methods, reason = "it is what is compared with")]
#[inline]
fn std_now() -> std::time::Instant {
    std::time::Instant::now()
}

struct Course {
    cycles: Cycles,
    /// Values as stages have them: from tens of nanoseconds to some microseconds.
    values: Vec<u64>,
    /// How often a round goes over the values, with one stamp for each.
    passes: u64,
}

impl Course {
    fn new(passes: u64) -> Self {
        let values = std::iter::successors(Some(1u64), |value| Some(value * 75 % 65_537));
        let values = values.take(VALUES).map(|value| 10 + value % 4096).collect();
        Self { cycles: Cycles::new(), values, passes }
    }

    /// Nanoseconds for one of a round's steps.
    fn per_step(&self, mut step: impl FnMut(u64)) -> f64 {
        let took = time(&self.cycles, || {
            for _ in 0..self.passes {
                self.values.iter().for_each(|value| step(black_box(*value)));
            }
        });
        took as f64 / (self.passes * self.values.len() as u64) as f64
    }

    fn std_stamp_and_record(&self, histogram: &mut Histogram<u64>) -> f64 {
        let mut last = std_now();
        self.per_step(|_| {
            let now = std_now();
            histogram.saturating_record(now.duration_since(last).as_nanos() as u64);
            last = now;
        })
    }

    fn our_stamp_and_record(&self, ladder: &mut Ladder) -> f64 {
        let mut last = self.cycles.raw();
        self.per_step(|_| {
            let now = self.cycles.raw();
            ladder.record(self.cycles.nanos(last, now));
            last = now;
        })
    }

    fn stamp<T>(&self, stamp: impl Fn() -> T) -> f64 {
        self.per_step(|_| {
            black_box(stamp());
        })
    }
}
