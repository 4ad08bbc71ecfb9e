//! How many lots an entry buys.

use super::costs::{Costs, Side};
use crate::config::Config;
use crate::units::{Money, Paise, Qty};

/// The sizing rules of a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizing {
    pub(super) lot: Qty,
    value_percent: f64,
    risk_percent: Option<f64>,
}

impl Sizing {
    pub(super) fn new(config: &Config) -> Self {
        let risk = &config.risk;
        Self {
            lot: config.instrument.lot_size,
            value_percent: risk.max_position_value_percent,
            risk_percent: risk.use_base_sl.then_some(risk.risk_per_trade_percent),
        }
    }

    /// The most lots that value, risk and cash allow at this price and stop distance; 0 = refused.
    pub(super) fn lots(&self, cash: Money, entry: Paise, stop: Paise, costs: &Costs) -> i64 {
        let per_lot = |price: Paise| (price * self.lot).as_f64();
        let limit = |percent: f64, one: f64| ((cash.as_f64() * percent) / 100.0 / one).floor();
        let by_value = limit(self.value_percent, per_lot(entry));
        let by_risk = self.risk_percent.map(|percent| limit(percent, per_lot(stop)));
        let most = by_risk.map_or(by_value, |by_risk| by_value.min(by_risk)) as i64;
        // So that the quantity stays a number of 64 bits, whatever the cash.
        let most = most.min(i64::MAX / self.lot.0.max(1));
        let affordable = |lots: i64| {
            let turnover = Money((entry * self.lot).0 * i128::from(lots));
            turnover + costs.of(Side::Buy, turnover) <= cash
        };
        largest(most, affordable)
    }
}

/// The largest number from 0 to `most` that fits, where fitting ends once and for all as numbers grow.
///
/// The rule takes one lot away at a time; this finds the same number in a few steps however far it is.
fn largest(most: i64, fits: impl Fn(i64) -> bool) -> i64 {
    if most <= 0 || fits(most) {
        return most.max(0);
    }
    let (mut fitting, mut too_many) = (0, most);
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn finds_what_counting_down_would_find() {
        for most in 0..40 {
            for limit in -1..45 {
                let mut counted = most;
                while counted > 0 && counted > limit {
                    counted -= 1;
                }
                assert_eq!(largest(most, |lots| lots <= limit), counted, "{most} {limit}");
            }
        }
    }

    #[test]
    fn a_far_limit_takes_few_steps() {
        let steps = std::cell::Cell::new(0);
        let found = largest(100_000_000_000_000, |lots| {
            steps.set(steps.get() + 1);
            lots <= 99_000_000_000_000
        });
        assert_eq!(found, 99_000_000_000_000);
        assert!(steps.get() < 60, "{} steps", steps.get());
    }
}
