//! Which row is better than the first one, if the rounds say so at all.

/// What one row came to in one figure, lower being better.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    least: u64,
    median: u64,
    most: u64,
    rounds: usize,
    /// How many settings differ from the defaults.
    settings: usize,
}

impl Candidate {
    pub(super) fn new(mut values: Vec<u64>, settings: usize) -> Self {
        values.sort_unstable();
        let (least, most) = (values.first(), values.last());
        Self {
            least: least.copied().unwrap_or_default(),
            median: values.get(values.len() / 2).copied().unwrap_or_default(),
            most: most.copied().unwrap_or_default(),
            rounds: values.len(),
            settings,
        }
    }

    /// Whether all of its rounds were better than each round of another row.
    const fn beats(&self, other: &Self) -> bool {
        self.most < other.least
    }
}

/// The place of the best row, if it beats the first one; of those that it does not beat itself the
/// one with the fewest settings.
pub(super) fn best(rows: &[Candidate]) -> Option<usize> {
    let first = rows.first().filter(|first| first.rounds > 1)?;
    let better = || rows.iter().enumerate().filter(|(_, row)| row.beats(first));
    let (_, leader) = better().min_by_key(|(_, row)| row.median)?;
    let as_good = better().filter(|(_, row)| !leader.beats(row));
    as_good.min_by_key(|(_, row)| (row.settings, row.median)).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(&[u64], usize)]) -> Option<usize> {
        let rows: Vec<_> = rows
            .iter()
            .map(|(values, settings)| Candidate::new(values.to_vec(), *settings))
            .collect();
        best(&rows)
    }

    #[test]
    fn rows_whose_rounds_overlap_with_the_defaults_are_not_better() {
        assert_eq!(of(&[(&[20, 25, 22], 0), (&[10, 21, 11], 1), (&[19, 20, 18], 2)]), None);
        assert_eq!(of(&[(&[20, 25, 22], 0)]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_best_is_the_one_that_beats_the_defaults_in_every_round() {
        assert_eq!(of(&[(&[20, 25, 22], 0), (&[19, 10, 11], 1), (&[30, 31, 32], 1)]), Some(1));
    }

    #[test]
    fn of_rows_that_do_not_differ_the_simplest_is_the_best() {
        let (defaults, pin, both): (&[u64], &[u64], &[u64]) =
            (&[20, 25, 22], &[12, 14, 13], &[10, 12, 11]);
        assert_eq!(of(&[(defaults, 0), (pin, 1), (both, 2)]), Some(1));
        assert_eq!(of(&[(defaults, 0), (&[13, 14, 15], 1), (both, 2)]), Some(2), "it is beaten");
        assert_eq!(of(&[(defaults, 0), (&[12, 20, 13], 1), (both, 2)]), Some(2), "no better");
    }

    #[test]
    fn one_round_shows_no_difference() {
        assert_eq!(of(&[(&[20], 0), (&[10], 1)]), None);
    }
}
