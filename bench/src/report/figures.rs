//! Figures as text: few digits, but always enough to see on which side of its limit a figure lies.

use crate::stats::Spread;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Nanos,
    PerSecond,
    Percent,
    Times,
    Count,
}

/// What a figure has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Limit {
    /// Whether a figure keeps to it; nothing is rounded.
    #[must_use]
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

/// The digits of a figure where no limit is near; a whole count needs none behind its point.
const fn digits(unit: Unit, value: f64) -> i32 {
    if matches!(unit, Unit::Count) && value % 1.0 == 0.0 { 1 } else { 3 }
}

/// More than a double has.
const MOST_DIGITS: i32 = 17;

/// The unit's name at the size of `value`, and how many of the row's unit it holds.
fn scale(unit: Unit, value: f64) -> (&'static str, f64) {
    let steps: &[(&str, f64)] = match unit {
        Unit::Nanos => &[(" s", 1e9), (" ms", 1e6), (" µs", 1e3), (" ns", 1.0)],
        Unit::PerSecond => &[(" M/s", 1e6), ("/s", 1.0)],
        Unit::Percent => &[(" %", 1.0)],
        Unit::Times => &[(" ×", 1.0)],
        Unit::Count => &[("", 1.0)],
    };
    let fits = steps.iter().find(|(_, size)| value.abs() >= *size);
    fits.or(steps.last()).copied().unwrap_or(("", 1.0))
}

/// Places behind the point that so many digits take; negative ones round whole tens.
fn places(value: f64, digits: i32) -> i32 {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    digits - 1 - magnitude
}

/// The number in so many digits; whole numbers keep all of theirs.
fn number(value: f64, digits: i32) -> String {
    let places = places(value, digits).max(0) as usize;
    let text = format!("{value:.places$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

/// The digits with which the shown number lies on the same side of the limit as the figure.
fn honest_digits(value: f64, size: f64, unit: Unit, limit: Option<Limit>) -> i32 {
    let shown = |digits: i32| {
        let places = places(value / size, digits).max(0) as usize;
        format!("{:.places$}", value / size).parse().map_or(value, |shown: f64| shown * size)
    };
    let honest = |digits: &i32| {
        limit.is_none_or(|limit| limit.is_met(shown(*digits)) == limit.is_met(value))
    };
    (digits(unit, value)..=MOST_DIGITS).find(honest).unwrap_or(MOST_DIGITS)
}

/// A median and its range, in the unit that fits the median.
pub(super) fn spread(spread: Spread, unit: Unit, limit: Option<Limit>) -> String {
    let Spread { median, min, max } = spread;
    let (name, size) = scale(unit, median);
    let middle = number(median / size, honest_digits(median, size, unit, limit));
    if min == max {
        return format!("{middle}{name}");
    }
    let [min, max] = [min, max].map(|end| number(end / size, digits(unit, end)));
    format!("{middle}{name} ({min} – {max})")
}

/// A limit as it was set.
pub(super) fn limit(limit: Limit, unit: Unit) -> String {
    let (sign, value) = match limit {
        Limit::AtMost(value) => ('≤', value),
        Limit::AtLeast(value) => ('≥', value),
    };
    let (name, size) = scale(unit, value);
    let text = number(value / size, digits(unit, value));
    let text = match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
        None => &text,
    };
    format!("{sign} {text}{name}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_have_three_digits_in_the_unit_that_fits() {
        let text =
            |value, unit| spread(Spread { median: value, min: value, max: value }, unit, None);
        assert_eq!(text(14.25, Unit::Nanos), "14.2 ns");
        assert_eq!(text(30_644.0, Unit::Nanos), "30.6 µs");
        assert_eq!(text(2_345_678.0, Unit::PerSecond), "2.35 M/s");
        assert_eq!(text(49_998.4, Unit::PerSecond), "49,998/s");
        assert_eq!(text(0.61, Unit::Percent), "0.610 %");
        assert_eq!(text(1_532.4, Unit::Times), "1,532 ×");
        assert_eq!(text(0.0, Unit::Count), "0");
        assert_eq!(text(-3.21, Unit::Nanos), "-3.21 ns");
    }

    #[test]
    fn limits_are_shown_as_they_were_set() {
        assert_eq!(limit(Limit::AtMost(20.0), Unit::Nanos), "≤ 20 ns");
        assert_eq!(limit(Limit::AtLeast(2e6), Unit::PerSecond), "≥ 2 M/s");
        assert_eq!(limit(Limit::AtMost(1.3), Unit::Times), "≤ 1.3 ×");
        assert_eq!(limit(Limit::AtLeast(1000.0), Unit::Times), "≥ 1,000 ×");
        assert_eq!(limit(Limit::AtMost(0.0), Unit::Count), "≤ 0");
    }

    #[test]
    fn a_miss_is_never_rounded_into_a_hit() {
        let text = |value, limit| {
            spread(Spread { median: value, min: value, max: value }, Unit::Nanos, Some(limit))
        };
        assert_eq!(text(20.004, Limit::AtMost(20.0)), "20.004 ns");
        assert_eq!(text(20.0, Limit::AtMost(20.0)), "20.0 ns");
        assert_eq!(text(999.96, Limit::AtLeast(1000.0)), "999.96 ns");
    }

    proptest! {
        #[test]
        fn the_shown_figure_lies_on_the_side_of_the_true_one(
            most in 0.5f64..5e6, off in -1e-3f64..1e-3,
        ) {
            let (value, limit) = (most * (1.0 + off), Limit::AtMost(most));
            let (_, size) = scale(Unit::Times, value);
            let text = number(value / size, honest_digits(value, size, Unit::Times, Some(limit)));
            let shown: f64 = text.replace(',', "").parse().expect("a number");
            prop_assert_eq!(limit.is_met(shown), limit.is_met(value), "{}", text);
        }
    }
}
