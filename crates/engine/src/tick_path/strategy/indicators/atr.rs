//! The average true range, where the range of a tick is its absolute change.

use super::{EntryFilter, Wilder};
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::{EventTime, Paise};

/// Wilder's average of `|change|`; the first tick of a day has none.
#[derive(Clone, Copy, Debug)]
pub struct Atr {
    average: Wilder,
    previous: Option<Paise>,
}

impl Atr {
    /// Length in changes.
    #[must_use]
    pub const fn new(length: i64) -> Self {
        Self { average: Wilder::new(length), previous: None }
    }

    /// Takes a price.
    #[inline]
    pub fn update(&mut self, price: Paise) {
        if let Some(previous) = self.previous {
            self.average.update((price - previous).as_f64().abs());
        }
        self.previous = Some(price);
    }

    /// At least `least` paise; never before `length` changes.
    #[must_use]
    #[inline]
    pub fn passes(&self, least: Paise) -> bool {
        self.value().is_some_and(|atr| atr >= least.as_f64())
    }

    /// The range in paise; `None` before `length` changes.
    #[must_use]
    #[inline]
    pub fn value(&self) -> Option<f64> {
        self.average.value()
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.average.restart();
        self.previous = None;
    }
}

/// Requires an ATR of at least so many points.
#[derive(Clone, Copy, Debug)]
pub struct AtrFilter {
    atr: Atr,
    least: Paise,
}

impl EntryFilter for AtrFilter {
    const NAME: &'static str = "atr";
    const READINGS: &'static [(&'static str, Unit)] = &[("atr", Unit::Paise)];

    fn new(config: &Config) -> Self {
        let rules = &config.strategy;
        Self { atr: Atr::new(rules.atr_len), least: rules.atr_min_points }
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_atr
    }

    fn restart(&mut self, _session_start: EventTime) {
        self.atr.restart();
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.atr.update(tick.price);
    }

    #[inline]
    fn passes(&self, _tick: &Tick) -> bool {
        self.atr.passes(self.least)
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        show(self.atr.value());
    }

    fn explain(&self, _tick: &Tick, say: &mut dyn FnMut(Check)) {
        let least = Some(self.least.as_f64());
        say(Check::new(Self::NAME, self.atr.value(), Comparison::AtLeast, least, Unit::Paise));
    }
}
