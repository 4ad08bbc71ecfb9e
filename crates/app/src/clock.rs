//! The one clock of a run, and what it costs to read.

use engine::probe::Counter;

use crate::run_folder::since_epoch;

/// The calibrated cycle counter.
#[derive(Clone, Debug)]
pub(crate) struct Cycles(pub(crate) quanta::Clock);

impl Counter for Cycles {
    #[inline]
    fn raw(&self) -> u64 {
        self.0.raw()
    }

    #[inline]
    fn nanos(&self, from: u64, till: u64) -> u64 {
        self.0.delta_as_nanos(from, till)
    }
}

/// Where the counter stands against the date: `wall = counter + offset`, both in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallOffset {
    pub(crate) offset_ns: i64,
    /// How far apart the two readings around the date were: the offset's uncertainty.
    pub(crate) bracket_ns: u64,
}

impl Cycles {
    /// Calibrates the counter, which takes a moment the first time.
    pub(crate) fn new() -> Self {
        Self(quanta::Clock::new())
    }

    /// Nanoseconds on the counter's own scale.
    pub(crate) fn now_ns(&self) -> u64 {
        self.nanos(0, self.raw())
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
