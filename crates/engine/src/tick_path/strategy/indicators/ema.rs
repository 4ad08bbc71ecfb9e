//! The exponential moving average, and the level of a fast one against a slow one.

use super::EntryFilter;
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::EventTime;

/// EMA(n): the first value is the first input, then `ema = (x − ema) × 2/(n + 1) + ema`.
#[derive(Clone, Copy, Debug)]
pub struct Ema {
    alpha: f64,
    value: Option<f64>,
}

impl Ema {
    /// An average over `length` inputs.
    #[must_use]
    pub fn new(length: i64) -> Self {
        Self { alpha: 2.0 / (length as f64 + 1.0), value: None }
    }

    /// Takes an input and returns the new average.
    #[inline]
    pub fn update(&mut self, input: f64) -> f64 {
        let value = match self.value {
            None => input,
            Some(ema) => (input - ema) * self.alpha + ema,
        };
        self.value = Some(value);
        value
    }

    /// The average; `None` before the first input.
    #[must_use]
    #[inline]
    pub const fn value(&self) -> Option<f64> {
        self.value
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.value = None;
    }
}

/// A fast and a slow EMA of the price.
#[derive(Clone, Copy, Debug)]
pub struct EmaCross {
    fast: Ema,
    slow: Ema,
}

impl EmaCross {
    /// Lengths in ticks.
    #[must_use]
    pub fn new(fast: i64, slow: i64) -> Self {
        Self { fast: Ema::new(fast), slow: Ema::new(slow) }
    }

    /// Takes a price in paise.
    #[inline]
    pub fn update(&mut self, price: f64) {
        self.fast.update(price);
        self.slow.update(price);
    }

    /// Fast above slow: a level, not a crossing.
    #[must_use]
    #[inline]
    pub fn passes(&self) -> bool {
        matches!((self.fast.value(), self.slow.value()), (Some(fast), Some(slow)) if fast > slow)
    }

    /// Fast and slow in paise.
    #[must_use]
    pub const fn values(&self) -> (Option<f64>, Option<f64>) {
        (self.fast.value(), self.slow.value())
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.fast.restart();
        self.slow.restart();
    }
}

/// Requires the fast EMA above the slow one.
#[derive(Clone, Copy, Debug)]
pub struct EmaFilter(EmaCross);

impl EntryFilter for EmaFilter {
    const NAME: &'static str = "ema_crossover";
    const READINGS: &'static [(&'static str, Unit)] =
        &[("fast_ema", Unit::Paise), ("slow_ema", Unit::Paise)];

    fn new(config: &Config) -> Self {
        Self(EmaCross::new(config.strategy.fast_ema, config.strategy.slow_ema))
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_ema_crossover
    }

    fn restart(&mut self, _session_start: EventTime) {
        self.0.restart();
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.0.update(tick.price.as_f64());
    }

    #[inline]
    fn passes(&self, _tick: &Tick) -> bool {
        self.0.passes()
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        let (fast, slow) = self.0.values();
        show(fast);
        show(slow);
    }

    fn explain(&self, _tick: &Tick, say: &mut dyn FnMut(Check)) {
        let (fast, slow) = self.0.values();
        say(Check::new(Self::NAME, fast, Comparison::Above, slow, Unit::Paise));
    }
}
