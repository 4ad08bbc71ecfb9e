//! The greeks of the played option, for an underlying that stands at its strike.
//!
//! A tape has the option's price alone. With the underlying at the strike and without interest the
//! model of Black and Scholes has one volatility that gives this price, and the greeks follow from it.

use std::f64::consts::PI;

/// What an option's price changes with.
///
/// Units:  `theta` in rupees a day, `vega` in rupees for a percent of volatility, `volatility` in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Greeks {
    pub(crate) delta: f64,
    pub(crate) gamma: f64,
    pub(crate) theta: f64,
    pub(crate) vega: f64,
    pub(crate) volatility: f64,
}

/// The greeks of an option; `None` where no volatility gives its price, or its days are over.
///
/// Units:  `premium` and `strike` in rupees.
pub(crate) fn greeks(premium: f64, strike: f64, years: f64, is_call: bool) -> Option<Greeks> {
    let share = premium / strike;
    if !(share > 0.0 && share < 1.0 && years > 0.0) {
        return None;
    }
    // Over the whole time left: premium / strike = 2 N(deviation / 2) - 1.
    let deviation = 2.0 * quantile(f64::midpoint(1.0, share));
    let d1 = deviation / 2.0;
    let density = (-d1 * d1 / 2.0).exp() / (2.0 * PI).sqrt();
    let volatility = deviation / years.sqrt();
    Some(Greeks {
        delta: if is_call { normal(d1) } else { normal(d1) - 1.0 },
        gamma: density / (strike * deviation),
        theta: -strike * density * volatility / (2.0 * years.sqrt()) / 365.0,
        vega: strike * density * years.sqrt() / 100.0,
        volatility: volatility * 100.0,
    })
}

/// The normal distribution, to seven decimals.
///
/// Source: Abramowitz and Stegun, 26.2.17.
fn normal(x: f64) -> f64 {
    const TERMS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    if x < 0.0 {
        return 1.0 - normal(-x);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let tail = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    1.0 - (-x * x / 2.0).exp() / (2.0 * PI).sqrt() * tail
}

/// Where the distribution reaches a share of 0.5 or more.
fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < share { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_has_its_known_values() {
        for (x, share) in
            [(0.0, 0.5), (1.0, 0.841_344_75), (1.96, 0.975_002_1), (-1.0, 0.158_655_25)]
        {
            assert!((normal(x) - share).abs() < 1e-6, "{x}");
        }
        assert!((quantile(0.975_002_1) - 1.96).abs() < 1e-5);
    }

    #[test]
    fn the_volatility_gives_the_price_back() {
        let (strike, years) = (26_000.0, 0.1);
        let call = greeks(320.0, strike, years, true).unwrap();
        let deviation = call.volatility / 100.0 * f64::sqrt(years);
        let price = strike * (2.0 * normal(deviation / 2.0) - 1.0);
        assert!((price - 320.0).abs() < 0.01, "{price}");
        // At the strike a price is about 0.4 times strike, volatility and root of the time.
        assert!((call.volatility - 9.76).abs() < 0.05, "{}", call.volatility);
    }

    #[test]
    fn call_and_put_differ_in_delta_alone() {
        let [call, put] =
            [true, false].map(|is_call| greeks(150.0, 26_000.0, 0.05, is_call).unwrap());
        assert!((call.delta - put.delta - 1.0).abs() < 1e-12);
        assert_eq!(Greeks { delta: 0.0, ..call }, Greeks { delta: 0.0, ..put });
        assert!(call.gamma > 0.0 && call.vega > 0.0 && call.theta < 0.0);
    }

    #[test]
    fn a_bump_of_the_volatility_moves_the_price_by_vega() {
        let (strike, years) = (26_000.0, 0.1);
        let price =
            |volatility: f64| strike * (2.0 * normal(volatility * f64::sqrt(years) / 2.0) - 1.0);
        let call = greeks(price(0.12), strike, years, true).unwrap();
        let moved = price(0.13) - price(0.12);
        assert!((call.vega - moved).abs() < 0.01, "{} {moved}", call.vega);
    }

    #[test]
    fn without_a_price_or_time_there_are_none() {
        assert!(greeks(0.0, 100.0, 0.1, true).is_none());
        assert!(greeks(100.0, 100.0, 0.1, true).is_none());
        assert!(greeks(10.0, 100.0, 0.0, true).is_none());
        assert!(greeks(10.0, -1.0, 0.1, true).is_none());
    }
}
