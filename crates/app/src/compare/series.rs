//! The times of one stage in one run, prepared so that their percentiles can be drawn again by counts.

use super::bootstrap::BLOCKS;

/// Where a run can be cut: blocks begin and end at tiles only.
const TILES_PER_BLOCK: usize = 20;
/// The sorted times between two checkpoints are a part of this size, or at least so many.
const PARTS: usize = 256;
const LEAST_STRIDE: usize = 16;

/// A percentile that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Percentile {
    P50,
    P99,
}

impl Percentile {
    pub(super) const ALL: [Self; 2] = [Self::P50, Self::P99];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
        }
    }

    const fn parts(self) -> u64 {
        match self {
            Self::P50 => 50,
            Self::P99 => 99,
        }
    }

    /// Which of `count` sorted values it is, from 1.
    fn rank(self, count: u64) -> u64 {
        (count * self.parts()).div_ceil(100).max(1)
    }
}

/// Times in the order of the run, cut into tiles of equal length.
///
/// A resample weighs each tile by how often it was drawn. Its percentile is the first sorted time at
/// which the weights of the ticks so far reach the rank; checkpoints hold the ticks per tile up to there,
/// so that only a small part of the times is walked and nothing is sorted again.
#[derive(Debug)]
pub(super) struct Series {
    /// Each time with its tile, shortest first.
    sorted: Vec<(u64, u16)>,
    /// Ticks per tile before every `stride`-th of the sorted times.
    checkpoints: Vec<Vec<u32>>,
    stride: usize,
    /// Ticks per tile.
    sizes: Vec<u32>,
}

impl Series {
    /// Sorts the times of a run, given in its order.
    pub(super) fn new(times: &[u64]) -> Self {
        let count = times.len();
        // A multiple of the blocks, so that all blocks have the same number of tiles.
        let tiles = BLOCKS * (count / BLOCKS).clamp(1, TILES_PER_BLOCK);
        let tile = |place: usize| (place * tiles / count) as u16;
        let mut sorted: Vec<(u64, u16)> =
            times.iter().enumerate().map(|(place, time)| (*time, tile(place))).collect();
        sorted.sort_unstable();
        let stride = (count / PARTS).max(LEAST_STRIDE);
        let mut checkpoints = Vec::with_capacity(count / stride + 1);
        let mut sizes = vec![0; tiles];
        for (place, (_, tile)) in sorted.iter().enumerate() {
            if place % stride == 0 {
                checkpoints.push(sizes.clone());
            }
            sizes[usize::from(*tile)] += 1;
        }
        Self { sorted, checkpoints, stride, sizes }
    }

    pub(super) fn count(&self) -> u64 {
        self.sorted.len() as u64
    }

    pub(super) fn tiles(&self) -> usize {
        self.sizes.len()
    }

    /// The percentile as the report defines it; `None` where the sample is too small for it.
    pub(super) fn percentile(&self, percentile: Percentile) -> Option<u64> {
        let above = self.count() * (100 - percentile.parts());
        let rank = percentile.rank(self.count()) as usize;
        self.sorted.get(rank - 1).filter(|_| above >= 100).map(|(time, _)| *time)
    }

    /// The percentile of a resample that took each tile as often as its weight says.
    pub(super) fn redrawn(&self, percentile: Percentile, weights: &[u32]) -> u64 {
        let weighed = |ticks: &[u32]| -> u64 {
            u64::from(ticks.iter().zip(weights).map(|(ticks, weight)| ticks * weight).sum::<u32>())
        };
        let rank = percentile.rank(weighed(&self.sizes));
        let after = self.checkpoints.partition_point(|checkpoint| weighed(checkpoint) < rank);
        let part = after.saturating_sub(1);
        let mut reached = self.checkpoints.get(part).map_or(0, |checkpoint| weighed(checkpoint));
        let mut last = 0;
        for (time, tile) in self.sorted.iter().skip(part * self.stride) {
            last = *time;
            reached += u64::from(weights[usize::from(*tile)]);
            if reached >= rank {
                break;
            }
        }
        last
    }

    /// In how many blocks there are ticks of at least this time.
    pub(super) fn blocks_reaching(&self, time: u64) -> usize {
        let from = self.sorted.partition_point(|(shorter, _)| *shorter < time);
        let mut reached = [false; BLOCKS];
        for (_, tile) in self.sorted.iter().skip(from) {
            reached[usize::from(*tile) * BLOCKS / self.tiles()] = true;
        }
        reached.into_iter().filter(|reached| *reached).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted_percentile(mut times: Vec<u64>, percentile: Percentile) -> u64 {
        times.sort_unstable();
        times[percentile.rank(times.len() as u64) as usize - 1]
    }

    proptest! {
        #[test]
        fn drawing_by_counts_is_drawing_and_sorting(
            times in prop::collection::vec(0u64..300, 12..3000),
            seed in prop::collection::vec(0u32..4, BLOCKS * TILES_PER_BLOCK),
        ) {
            let series = Series::new(&times);
            let mut weights = seed[..series.tiles()].to_vec();
            weights[0] = weights[0].max(1);
            let mut drawn = Vec::new();
            for (place, time) in times.iter().enumerate() {
                let weight = weights[place * series.tiles() / times.len()];
                drawn.extend((0..weight).map(|_| *time));
            }
            for percentile in Percentile::ALL {
                let expected = sorted_percentile(drawn.clone(), percentile);
                prop_assert_eq!(series.redrawn(percentile, &weights), expected);
            }
        }

        #[test]
        fn without_a_second_draw_it_is_the_percentile_of_the_report(
            times in prop::collection::vec(0u64..2000, 1..600)
        ) {
            let mut ladder = engine::probe::Ladder::new();
            times.iter().for_each(|time| ladder.record(*time));
            let series = Series::new(&times);
            prop_assert_eq!(series.percentile(Percentile::P50), ladder.percentile(50, 100));
            prop_assert_eq!(series.percentile(Percentile::P99), ladder.percentile(99, 100));
        }
    }

    #[test]
    fn ticks_beyond_a_time_are_counted_by_blocks() {
        let mut times = vec![5; 1200];
        times[0] = 9;
        times[99] = 9;
        times[100] = 9;
        times[1199] = 10;
        let series = Series::new(&times);
        let reached = [5, 9, 10, 11].map(|time| series.blocks_reaching(time));
        assert_eq!(reached, [BLOCKS, 3, 1, 0]);
    }
}
