//! Medians, percentiles and ratios of what the rounds measured.

/// The middle and the ends of what was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the values are not above it.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl Spread {
    /// The spread of `values`; `None` if there are none, or one is no number.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        if values.iter().any(|value| value.is_nan()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = match middle.checked_sub(1).filter(|_| values.len().is_multiple_of(2)) {
            Some(below) => f64::midpoint(*values.get(below)?, upper),
            None => upper,
        };
        Some(Self { median, min: *values.first()?, max: *values.last()? })
    }
}

/// The value that `parts` of `whole` values do not exceed, by the nearest rank.
///
/// `None` where the sample is too small: a percentile needs at least one value above it.
#[must_use]
pub fn percentile(values: &[u64], parts: usize, whole: usize) -> Option<u64> {
    let above = whole.checked_sub(parts).filter(|above| *above > 0)?;
    if values.len() * above < whole {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * parts).div_ceil(whole).max(1) - 1).copied()
}

/// Measures both sides in turn, A B A B …, `rounds` times each.
///
/// Errors: the first that a side gives.
pub fn alternate<A, B, E>(
    rounds: usize,
    mut a: impl FnMut() -> Result<A, E>,
    mut b: impl FnMut() -> Result<B, E>,
) -> Result<Vec<(A, B)>, E> {
    (0..rounds).map(|_| Ok((a()?, b()?))).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middles() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 8.0]).map(|spread| spread.median), Some(3.0));
        assert_eq!(spread(&[7.0]).map(|spread| spread.median), Some(7.0));
    }

    #[test]
    fn nothing_and_no_number_have_no_spread() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([1.0, f64::NAN]), None);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(percentile(&values, 50, 100), Some(100));
        assert_eq!(percentile(&values, 99, 100), Some(198));
        assert_eq!(percentile(&[5], 50, 100), None);
        assert_eq!(percentile(&[9, 5], 50, 100), Some(5));
    }

    #[test]
    fn a_small_sample_has_no_high_percentile() {
        let values: Vec<u64> = (0..99).collect();
        assert_eq!(percentile(&values, 99, 100), None);
        assert_eq!(percentile(&values, 100, 100), None);
    }

    #[test]
    fn the_sides_take_turns() {
        let order = RefCell::new(String::new());
        let side = |name: char| {
            order.borrow_mut().push(name);
            Ok::<_, ()>(order.borrow().len())
        };
        assert_eq!(alternate(3, || side('A'), || side('B')), Ok(vec![(1, 2), (3, 4), (5, 6)]));
        assert_eq!(order.into_inner(), "ABABAB");
    }

    #[test]
    fn a_side_that_fails_ends_the_rounds() {
        let failed: Result<Vec<((), ())>, &str> = alternate(2, || Ok(()), || Err("no"));
        assert_eq!(failed, Err("no"));
    }
}
