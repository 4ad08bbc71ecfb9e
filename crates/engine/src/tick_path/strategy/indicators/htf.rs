//! The trend of a higher time frame: an EMA of the closes of completed buckets.

use super::{Ema, EntryFilter};
use crate::config::Config;
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::{Check, Comparison, Unit};
use crate::units::{EventTime, Micros};

/// Buckets of event time counted from the session start; the first tick of a later bucket completes one.
#[derive(Clone, Copy, Debug)]
pub struct Htf {
    ema: Ema,
    length: Micros,
    session_start: EventTime,
    bucket_end: EventTime,
    close: Option<f64>,
}

impl Htf {
    /// Buckets of `seconds`, an EMA of `period` closes.
    #[must_use]
    pub fn new(seconds: i64, period: i64) -> Self {
        Self {
            ema: Ema::new(period),
            length: Micros::seconds(seconds),
            session_start: EventTime::MIN,
            bucket_end: EventTime::MIN,
            close: None,
        }
    }

    /// Takes a price in paise at its time, which is never before an earlier one.
    #[inline]
    pub fn update(&mut self, time: EventTime, price: f64) {
        if time >= self.bucket_end {
            if let Some(close) = self.close {
                self.ema.update(close);
            }
            let number = (time - self.session_start).0.div_euclid(self.length.0);
            self.bucket_end = self.session_start + Micros((number + 1) * self.length.0);
        }
        self.close = Some(price);
    }

    /// Price above the EMA; never before the first completed bucket.
    #[must_use]
    #[inline]
    pub fn passes(&self, price: f64) -> bool {
        self.ema.value().is_some_and(|ema| price > ema)
    }

    /// The EMA in paise; `None` before the first completed bucket.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        self.ema.value()
    }

    /// Forgets all inputs; buckets count from `session_start`.
    pub const fn restart(&mut self, session_start: EventTime) {
        self.ema.restart();
        self.session_start = session_start;
        self.bucket_end = EventTime::MIN;
        self.close = None;
    }
}

/// Requires the price above the EMA of bucket closes.
#[derive(Clone, Copy, Debug)]
pub struct HtfFilter(Htf);

impl EntryFilter for HtfFilter {
    const NAME: &'static str = "htf_trend";
    const READINGS: &'static [(&'static str, Unit)] = &[("htf_ema", Unit::Paise)];

    fn new(config: &Config) -> Self {
        Self(Htf::new(config.strategy.htf_seconds, config.strategy.htf_period))
    }

    fn enabled(config: &Config) -> bool {
        config.strategy.use_htf_trend
    }

    fn restart(&mut self, session_start: EventTime) {
        self.0.restart(session_start);
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.0.update(tick.time, tick.price.as_f64());
    }

    #[inline]
    fn passes(&self, tick: &Tick) -> bool {
        self.0.passes(tick.price.as_f64())
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        show(self.0.value());
    }

    fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check)) {
        let price = Some(tick.price.as_f64());
        say(Check::new(Self::NAME, price, Comparison::Above, self.0.value(), Unit::Paise));
    }
}
