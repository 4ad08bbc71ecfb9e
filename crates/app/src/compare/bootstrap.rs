//! The block bootstrap: how much a percentile would have moved, had the run fallen out otherwise.
//!
//! Ticks are not independent: bursts, the scheduler and the processor's pace hold neighbours together.
//! So whole stretches of the run are drawn, not ticks: circular moving blocks of a twelfth of the run
//! (Politis and Romano 1992). Few long blocks hold slow noise too, and Student's t pays for their small
//! number (Schmeiser 1982 advises 10 to 30 batches; Ibragimov and Müller 2010 for t over few blocks).

use super::series::{Percentile, Series};
use super::student;

/// Blocks of a run.
pub(super) const BLOCKS: usize = 12;
/// Ticks without which no interval is given.
const LEAST_TICKS: u64 = 100;
/// In so many blocks there have to be ticks that reach a percentile: with fewer, a handful of events
/// would speak for the whole run.
const LEAST_BLOCKS: usize = 5;

/// Why a percentile has no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unjudged {
    TooFewTicks,
    TooFewBlocks,
    UnlikeBounds,
}

impl Unjudged {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::TooFewTicks => "not judged, too few ticks",
            Self::TooFewBlocks => "not judged, too few stretches of the run reach it",
            Self::UnlikeBounds => "not judged, the runs have unlike shares of upper bounds",
        }
    }
}

/// SplitMix64: numbers that a seed fixes for all time, on every machine.
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The resamples of one run: where each of their blocks begins. All stages of the run share them.
#[derive(Debug)]
pub(super) struct Resamples(Vec<[u32; BLOCKS]>);

/// What a percentile of a run was in each resample, in order of size.
#[derive(Debug)]
pub(super) struct Estimate(Vec<u64>);

impl Resamples {
    /// Those of two runs, which are independent of each other.
    pub(super) fn of_two_runs(number: usize, seed: u64) -> [Self; 2] {
        let mut random = Random(seed);
        let mut start = || (random.draw() >> 32) as u32;
        let mut starts = || std::array::from_fn(|_| start());
        let mut one = || Self((0..number).map(|_| starts()).collect());
        [one(), one()]
    }

    /// Both percentiles of a series with their resamples.
    pub(super) fn estimates(&self, series: &Series) -> [Result<Estimate, Unjudged>; 2] {
        let mut estimates = Percentile::ALL.map(|percentile| {
            judged(series, percentile)?;
            Ok((percentile, Vec::with_capacity(self.0.len())))
        });
        let mut weights = vec![0; series.tiles()];
        for starts in &self.0 {
            weigh(starts, &mut weights);
            for (percentile, redrawn) in estimates.iter_mut().flatten() {
                redrawn.push(series.redrawn(*percentile, &weights));
            }
        }
        estimates.map(|estimate| {
            let (_, mut redrawn) = estimate?;
            redrawn.sort_unstable();
            Ok(Estimate(redrawn))
        })
    }
}

/// Whether the run holds enough for an interval.
fn judged(series: &Series, percentile: Percentile) -> Result<(), Unjudged> {
    let enough = series.percentile(percentile).filter(|_| series.count() >= LEAST_TICKS);
    let time = enough.ok_or(Unjudged::TooFewTicks)?;
    let spread = series.blocks_reaching(time) >= LEAST_BLOCKS;
    if spread { Ok(()) } else { Err(Unjudged::TooFewBlocks) }
}

/// How often each tile is drawn when blocks begin at these places, as parts of 2³² of the run; behind
/// the end a block goes on at the beginning.
fn weigh(starts: &[u32; BLOCKS], weights: &mut [u32]) {
    let tiles = weights.len();
    let length = tiles / BLOCKS;
    weights.fill(0);
    for start in starts {
        let start = ((u64::from(*start) * tiles as u64) >> 32) as usize;
        let end = start + length;
        for weight in &mut weights[start..end.min(tiles)] {
            *weight += 1;
        }
        for weight in &mut weights[..end.saturating_sub(tiles)] {
            *weight += 1;
        }
    }
}

/// The interval of the shift from `a` to `b` that is wrong with probability `error`.
///
/// The percentiles of all pairs of resamples, widened for the small number of blocks: the tail beyond
/// each end is what the normal distribution leaves beyond Student's t (Hesterberg 2015, "expanded
/// percentile interval"), with the degrees of freedom of Welch.
pub(super) fn interval(a: &Estimate, b: &Estimate, error: f64) -> (i64, i64) {
    let blocks = BLOCKS as f64;
    let t = student::reach(error, degrees(variance(&a.0), variance(&b.0)));
    let tail = student::beyond(t * (blocks / (blocks - 1.0)).sqrt());
    let pairs = a.0.len() as u64 * b.0.len() as u64;
    let outside = (tail * pairs as f64) as u64;
    (shift_of_rank(a, b, outside + 1), shift_of_rank(a, b, pairs - outside))
}

/// Degrees of freedom of the difference of two means over `BLOCKS` blocks each.
fn degrees(a: f64, b: f64) -> u32 {
    let each = (BLOCKS - 1) as f64;
    let both = a * a + b * b;
    if both == 0.0 { 2 * (BLOCKS as u32 - 1) } else { ((a + b) * (a + b) * each / both) as u32 }
}

fn variance(values: &[u64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| *value as f64).sum::<f64>() / count;
    values.iter().map(|value| (*value as f64 - mean).powi(2)).sum::<f64>() / count
}

/// The shift at this rank, from 1, among those of all pairs of a resample of `a` and one of `b`.
fn shift_of_rank(a: &Estimate, b: &Estimate, rank: u64) -> i64 {
    let ends = |sorted: &[u64]| {
        let end = |value: Option<&u64>| value.map_or(0, |value| *value as i64);
        (end(sorted.first()), end(sorted.last()))
    };
    let ((a_low, a_high), (b_low, b_high)) = (ends(&a.0), ends(&b.0));
    let (mut low, mut high) = (b_low - a_high, b_high - a_low);
    while low < high {
        let middle = low + (high - low) / 2;
        if pairs_up_to(a, b, middle) < rank {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    high
}

/// How many pairs shift by at most so much.
fn pairs_up_to(a: &Estimate, b: &Estimate, shift: i64) -> u64 {
    let mut within = 0;
    let count = |from: &u64| {
        let most = *from as i64 + shift;
        within += b.0.iter().skip(within).take_while(|till| **till as i64 <= most).count();
        within as u64
    };
    a.0.iter().map(count).sum()
}
