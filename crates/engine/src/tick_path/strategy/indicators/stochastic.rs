//! The stochastic oscillator.

use std::collections::VecDeque;

use super::EntryFilter;
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::{EventTime, Paise};

/// %K over the last k prices, and %D, the mean of the last d values of %K.
#[derive(Clone, Debug)]
pub struct Stochastic {
    k: usize,
    d: usize,
    seen: usize,
    /// Candidates for the low: positions and rising prices.
    lows: VecDeque<(usize, i64)>,
    /// Candidates for the high: positions and falling prices.
    highs: VecDeque<(usize, i64)>,
    recent: VecDeque<f64>,
}

impl Stochastic {
    /// A window of `k` ticks and a mean of `d` values.
    #[must_use]
    pub fn new(k: i64, d: i64) -> Self {
        let (k, d) = (k as usize, d as usize);
        Self {
            k,
            d,
            seen: 0,
            lows: VecDeque::with_capacity(k + 1),
            highs: VecDeque::with_capacity(k + 1),
            recent: VecDeque::with_capacity(d + 1),
        }
    }

    /// Takes a price.
    #[inline]
    pub fn update(&mut self, price: Paise) {
        let expired = self.seen.checked_sub(self.k);
        keep(&mut self.lows, expired, (self.seen, price.0), |old, new| old >= new);
        keep(&mut self.highs, expired, (self.seen, price.0), |old, new| old <= new);
        self.seen += 1;
        let (Some(&(_, low)), Some(&(_, high))) = (self.lows.front(), self.highs.front()) else {
            return;
        };
        if self.seen < self.k {
            return;
        }
        let percent =
            if high == low { 50.0 } else { 100.0 * (price.0 - low) as f64 / (high - low) as f64 };
        if self.recent.len() == self.d {
            self.recent.pop_front();
        }
        self.recent.push_back(percent);
    }

    /// %K above %D and below `overbought`; never before %D exists.
    #[must_use]
    #[inline]
    pub fn passes(&self, overbought: f64) -> bool {
        let (Some(k), Some(d)) = self.values() else { return false };
        k > d && k < overbought
    }

    /// %K and %D, 0 to 100; each `None` before it exists.
    #[must_use]
    #[inline]
    pub fn values(&self) -> (Option<f64>, Option<f64>) {
        let full = self.recent.len() == self.d;
        let mean = || self.recent.iter().fold(0.0, |sum, k| sum + k) / self.d as f64;
        (self.recent.back().copied(), full.then(mean))
    }

    /// Forgets all inputs.
    pub fn restart(&mut self) {
        self.seen = 0;
        self.lows.clear();
        self.highs.clear();
        self.recent.clear();
    }
}

/// Drops the expired candidate and those that `new` makes useless, then adds it.
#[inline]
fn keep(
    candidates: &mut VecDeque<(usize, i64)>,
    expired: Option<usize>,
    new: (usize, i64),
    useless: impl Fn(i64, i64) -> bool,
) {
    if candidates.front().map(|(position, _)| *position) == expired && expired.is_some() {
        candidates.pop_front();
    }
    while candidates.back().is_some_and(|(_, price)| useless(*price, new.1)) {
        candidates.pop_back();
    }
    candidates.push_back(new);
}

/// Requires %K above %D and below overbought.
#[derive(Clone, Debug)]
pub struct StochasticFilter {
    stochastic: Stochastic,
    overbought: f64,
}

impl EntryFilter for StochasticFilter {
    const NAME: &'static str = "stochastic";
    const READINGS: &'static [(&'static str, Unit)] =
        &[("stoch_k", Unit::Number), ("stoch_d", Unit::Number)];

    fn new(config: &Config) -> Self {
        let rules = &config.strategy;
        let stochastic = Stochastic::new(rules.stoch_k, rules.stoch_d);
        Self { stochastic, overbought: rules.stoch_overbought }
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_stochastic
    }

    fn restart(&mut self, _session_start: EventTime) {
        self.stochastic.restart();
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.stochastic.update(tick.price);
    }

    #[inline]
    fn passes(&self, _tick: &Tick) -> bool {
        self.stochastic.passes(self.overbought)
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        let (k, d) = self.stochastic.values();
        show(k);
        show(d);
    }

    fn explain(&self, _tick: &Tick, say: &mut dyn FnMut(Check)) {
        let ((k, d), name) = (self.stochastic.values(), Self::NAME);
        say(Check::new(name, k, Comparison::Above, d, Unit::Number));
        say(Check::new(name, k, Comparison::Below, Some(self.overbought), Unit::Number));
    }
}
