//! The volume-weighted average price of the day, in exact integers.

use super::EntryFilter;
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::{EventTime, Paise, Qty};

/// `A = Σ price × volume`, `B = Σ volume`; the average is `A / B`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vwap {
    turnover: i128,
    volume: i128,
}

impl Vwap {
    /// Takes a price and its quantity.
    #[inline]
    pub fn update(&mut self, price: Paise, volume: Qty) {
        self.turnover += (price * volume).0;
        self.volume += i128::from(volume.0);
    }

    /// `price × B > A`; never while nothing was traded.
    #[must_use]
    #[inline]
    pub fn passes(&self, price: Paise) -> bool {
        self.volume > 0 && i128::from(price.0) * self.volume > self.turnover
    }

    /// The average in paise; `None` while nothing was traded.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.volume > 0).then(|| self.turnover as f64 / self.volume as f64)
    }

    /// Forgets all inputs.
    pub fn restart(&mut self) {
        *self = Self::default();
    }
}

/// Requires the price above the VWAP.
#[derive(Clone, Copy, Debug)]
pub struct VwapFilter(Vwap);

impl EntryFilter for VwapFilter {
    const NAME: &'static str = "vwap";
    const READINGS: &'static [(&'static str, Unit)] = &[("vwap", Unit::Paise)];

    fn new(_config: &Config) -> Self {
        Self(Vwap::default())
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_vwap
    }

    fn restart(&mut self, _session_start: EventTime) {
        self.0.restart();
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.0.update(tick.price, tick.volume);
    }

    #[inline]
    fn passes(&self, tick: &Tick) -> bool {
        self.0.passes(tick.price)
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        show(self.0.value());
    }

    fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check)) {
        let price = Some(tick.price.as_f64());
        // The exact comparison decides; the average that is shown is rounded.
        let check = Check::new(Self::NAME, price, Comparison::Above, self.0.value(), Unit::Paise);
        say(Check { passed: self.passes(tick), ..check });
    }
}
