//! Bollinger bands in exact integers: no drift, and a flat window never passes.

use super::EntryFilter;
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::{EventTime, Paise};

/// `S1 = Σx`, `S2 = Σx²`, `V = n × S2 − S1²` over the last n prices.
#[derive(Clone, Debug)]
pub struct Bollinger {
    window: Vec<i64>,
    period: usize,
    next: usize,
    width: f64,
    sum: i128,
    squares: i128,
}

impl Bollinger {
    /// A window of `period` ticks and a half width of `width` standard deviations.
    #[must_use]
    pub fn new(period: i64, width: f64) -> Self {
        let period = period as usize;
        Self { window: Vec::with_capacity(period), period, next: 0, width, sum: 0, squares: 0 }
    }

    /// Takes a price.
    #[inline]
    pub fn update(&mut self, price: Paise) {
        if self.window.len() < self.period {
            self.window.push(price.0);
        } else if let Some(oldest) = self.window.get_mut(self.next) {
            let left = i128::from(std::mem::replace(oldest, price.0));
            self.sum -= left;
            self.squares -= left * left;
            self.next = if self.next + 1 == self.period { 0 } else { self.next + 1 };
        }
        let entered = i128::from(price.0);
        self.sum += entered;
        self.squares += entered * entered;
    }

    /// Lower band < price < upper band; never before the window is full.
    #[must_use]
    #[inline]
    pub fn passes(&self, price: Paise) -> bool {
        let Some(spread) = self.spread() else { return false };
        let distance = (self.period as i128 * i128::from(price.0) - self.sum).abs();
        (distance as f64) < self.width * spread
    }

    /// `√V`; `None` before the window is full.
    #[inline]
    fn spread(&self) -> Option<f64> {
        (self.window.len() == self.period).then(|| {
            let variance = self.period as i128 * self.squares - self.sum * self.sum;
            (variance as f64).sqrt()
        })
    }

    /// Lower band, middle and upper band in paise; `None` before the window is full.
    #[must_use]
    pub fn values(&self) -> Option<(f64, f64, f64)> {
        let spread = self.spread()?;
        let length = self.period as f64;
        let middle = self.sum as f64 / length;
        let half = self.width * spread / length;
        Some((middle - half, middle, middle + half))
    }

    /// Forgets all inputs.
    pub fn restart(&mut self) {
        self.window.clear();
        self.next = 0;
        self.sum = 0;
        self.squares = 0;
    }
}

/// Requires the price between the bands.
#[derive(Clone, Debug)]
pub struct BollingerFilter(Bollinger);

impl EntryFilter for BollingerFilter {
    const NAME: &'static str = "bollinger";
    const READINGS: &'static [(&'static str, Unit)] =
        &[("bb_lower", Unit::Paise), ("bb_mid", Unit::Paise), ("bb_upper", Unit::Paise)];

    fn new(config: &Config) -> Self {
        Self(Bollinger::new(config.strategy.bb_period, config.strategy.bb_std_dev))
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_bollinger_bands
    }

    fn restart(&mut self, _session_start: EventTime) {
        self.0.restart();
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.0.update(tick.price);
    }

    #[inline]
    fn passes(&self, tick: &Tick) -> bool {
        self.0.passes(tick.price)
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        let bands = self.0.values();
        show(bands.map(|(lower, ..)| lower));
        show(bands.map(|(_, middle, _)| middle));
        show(bands.map(|(.., upper)| upper));
    }

    fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check)) {
        let (bands, price) = (self.0.values(), Some(tick.price.as_f64()));
        let (lower, upper) = (bands.map(|(lower, ..)| lower), bands.map(|(.., upper)| upper));
        say(Check::new(Self::NAME, price, Comparison::Above, lower, Unit::Paise));
        say(Check::new(Self::NAME, price, Comparison::Below, upper, Unit::Paise));
    }
}
