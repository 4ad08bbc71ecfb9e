//! The stochastic oscillator.

use std::collections::VecDeque;

use crate::units::Paise;

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
