//! The trend of a higher time frame: an EMA of the closes of completed buckets.

use super::Ema;
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
