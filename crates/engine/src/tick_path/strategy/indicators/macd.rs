//! Moving average convergence and divergence.

use super::{Ema, EntryFilter};
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::EventTime;

/// `m = EMA(fast) − EMA(slow)`, its signal `s = EMA(signal)` of m, and the histogram `m − s`.
#[derive(Clone, Copy, Debug)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    line: f64,
}

impl Macd {
    /// Lengths in ticks.
    #[must_use]
    pub fn new(fast: i64, slow: i64, signal: i64) -> Self {
        Self { fast: Ema::new(fast), slow: Ema::new(slow), signal: Ema::new(signal), line: 0.0 }
    }

    /// Takes a price in paise.
    #[inline]
    pub fn update(&mut self, price: f64) {
        self.line = self.fast.update(price) - self.slow.update(price);
        self.signal.update(self.line);
    }

    /// MACD above its signal and a positive histogram.
    #[must_use]
    #[inline]
    pub fn passes(&self) -> bool {
        self.values().is_some_and(|(line, signal, histogram)| line > signal && histogram > 0.0)
    }

    /// Line, signal and histogram in paise; `None` before the first price.
    #[must_use]
    #[inline]
    pub fn values(&self) -> Option<(f64, f64, f64)> {
        self.signal.value().map(|signal| (self.line, signal, self.line - signal))
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.fast.restart();
        self.slow.restart();
        self.signal.restart();
    }
}

/// Requires MACD above its signal and a positive histogram.
#[derive(Clone, Copy, Debug)]
pub struct MacdFilter(Macd);

impl EntryFilter for MacdFilter {
    const NAME: &'static str = "macd";
    const READINGS: &'static [(&'static str, Unit)] =
        &[("macd", Unit::Paise), ("macd_signal", Unit::Paise), ("macd_hist", Unit::Paise)];

    fn new(config: &Config) -> Self {
        let rules = &config.strategy;
        Self(Macd::new(rules.macd_fast, rules.macd_slow, rules.macd_signal))
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_macd
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
        let values = self.0.values();
        show(values.map(|(line, ..)| line));
        show(values.map(|(_, signal, _)| signal));
        show(values.map(|(.., histogram)| histogram));
    }

    fn explain(&self, _tick: &Tick, say: &mut dyn FnMut(Check)) {
        let values = self.0.values();
        let (line, signal) = (values.map(|(line, ..)| line), values.map(|(_, signal, _)| signal));
        let histogram = values.map(|(.., histogram)| histogram);
        say(Check::new(Self::NAME, line, Comparison::Above, signal, Unit::Paise));
        say(Check::new(Self::NAME, histogram, Comparison::Above, Some(0.0), Unit::Paise));
    }
}
