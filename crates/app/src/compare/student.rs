//! Two distributions: how far Student's t reaches, and what is left of the normal one beyond a point.

use std::f64::consts::{FRAC_2_PI, PI};

/// The t that a variable of Student's distribution leaves on either side with probability `error`
/// in all.
pub(super) fn reach(error: f64, degrees: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if 1.0 - within(middle, degrees) > error {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability between `-t` and `t`: Abramowitz and Stegun 26.7.3 and 26.7.4, exact for whole
/// degrees of freedom.
fn within(t: f64, degrees: u32) -> f64 {
    let angle = (t / f64::from(degrees).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = degrees % 2 == 1;
    let (mut term, first) = if odd { (cosine, 3) } else { (1.0, 2) };
    let mut sum = if degrees == 1 { 0.0 } else { term };
    for factor in (first..degrees.saturating_sub(1)).step_by(2) {
        term *= cosine * cosine * f64::from(factor - 1) / f64::from(factor);
        sum += term;
    }
    if odd { FRAC_2_PI * (angle + sine * sum) } else { sine * sum }
}

/// The probability of a normal variable beyond `z`, which is above 0: Abramowitz and Stegun 26.2.14.
pub(super) fn beyond(z: f64) -> f64 {
    let fraction = (1..200).rev().fold(0.0, |rest, term| f64::from(term) / (z + rest));
    (-z * z / 2.0).exp() / (2.0 * PI).sqrt() / (z + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_agrees_with_the_printed_tables() {
        let table = [
            (0.05, 1, 12.706),
            (0.05, 2, 4.303),
            (0.05, 11, 2.201),
            (0.01, 12, 3.055),
            (0.05, 22, 2.074),
            (0.01, 22, 2.819),
            (0.001, 21, 3.819),
        ];
        for (error, degrees, printed) in table {
            let found = reach(error, degrees);
            assert!((found - printed).abs() < 6e-4, "{error} {degrees}: {found}");
        }
    }

    #[test]
    fn the_normal_tail_agrees_with_the_printed_tables() {
        for (z, printed) in
            [(0.5, 0.308_538), (1.0, 0.158_655), (1.959_964, 0.025), (4.0, 3.167e-5)]
        {
            let found = beyond(z);
            assert!((found / printed - 1.0).abs() < 1e-4, "{z}: {found}");
        }
    }
}
