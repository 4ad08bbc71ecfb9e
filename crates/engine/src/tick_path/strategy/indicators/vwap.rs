//! The volume-weighted average price of the day, in exact integers.

use crate::units::{Paise, Qty};

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
