//! The relative strength index.

use super::{EntryFilter, Wilder};
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::{EventTime, Paise};

/// `100 − 100 / (1 + G / L)` with Wilder averages of gains and losses; 100 without losses, 50 without change.
#[derive(Clone, Copy, Debug)]
pub struct Rsi {
    gains: Wilder,
    losses: Wilder,
    previous: Option<Paise>,
}

impl Rsi {
    /// Length in changes.
    #[must_use]
    pub const fn new(length: i64) -> Self {
        Self { gains: Wilder::new(length), losses: Wilder::new(length), previous: None }
    }

    /// Takes a price.
    #[inline]
    pub fn update(&mut self, price: Paise) {
        if let Some(previous) = self.previous {
            let change = (price - previous).as_f64();
            self.gains.update(if change > 0.0 { change } else { 0.0 });
            self.losses.update(if change < 0.0 { -change } else { 0.0 });
        }
        self.previous = Some(price);
    }

    /// `oversold < RSI < overbought`; never before `length` changes.
    #[must_use]
    #[inline]
    pub fn passes(&self, oversold: f64, overbought: f64) -> bool {
        self.value().is_some_and(|rsi| oversold < rsi && rsi < overbought)
    }

    /// 0 to 100; `None` before `length` changes.
    #[must_use]
    #[inline]
    pub fn value(&self) -> Option<f64> {
        let (gain, loss) = (self.gains.value()?, self.losses.value()?);
        Some(match loss {
            0.0 if gain == 0.0 => 50.0,
            0.0 => 100.0,
            loss => 100.0 - 100.0 / (1.0 + gain / loss),
        })
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.gains.restart();
        self.losses.restart();
        self.previous = None;
    }
}

/// Requires the RSI between oversold and overbought.
#[derive(Clone, Copy, Debug)]
pub struct RsiFilter {
    rsi: Rsi,
    oversold: f64,
    overbought: f64,
}

impl EntryFilter for RsiFilter {
    const NAME: &'static str = "rsi";
    const READINGS: &'static [(&'static str, Unit)] = &[("rsi", Unit::Number)];

    fn new(config: &Config) -> Self {
        let rules = &config.strategy;
        let (oversold, overbought) = (rules.rsi_oversold, rules.rsi_overbought);
        Self { rsi: Rsi::new(rules.rsi_length), oversold, overbought }
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_rsi_filter
    }

    fn restart(&mut self, _session_start: EventTime) {
        self.rsi.restart();
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.rsi.update(tick.price);
    }

    #[inline]
    fn passes(&self, _tick: &Tick) -> bool {
        self.rsi.passes(self.oversold, self.overbought)
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        show(self.rsi.value());
    }

    fn explain(&self, _tick: &Tick, say: &mut dyn FnMut(Check)) {
        let (rsi, name) = (self.rsi.value(), Self::NAME);
        say(Check::new(name, rsi, Comparison::Above, Some(self.oversold), Unit::Number));
        say(Check::new(name, rsi, Comparison::Below, Some(self.overbought), Unit::Number));
    }
}
