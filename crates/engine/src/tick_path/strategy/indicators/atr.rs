//! The average true range, where the range of a tick is its absolute change.

use super::Wilder;
use crate::units::Paise;

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
