//! How many ticks in a row were green.

use crate::config;
use crate::units::Paise;

/// Counts rising ticks, with or without a band of noise around the reference.
#[derive(Clone, Copy, Debug)]
pub struct GreenCounter {
    band: Option<Band>,
    reference: Option<Paise>,
    count: i64,
}

/// Moves within it neither count nor reset.
#[derive(Clone, Copy, Debug)]
struct Band {
    least: f64,
    fraction: f64,
}

impl GreenCounter {
    /// A counter after the `noise_filter_*` keys.
    #[must_use]
    pub fn new(strategy: &config::Strategy, tick_size: Paise) -> Self {
        let band = Band {
            least: tick_size.as_f64() * strategy.noise_filter_min_ticks,
            fraction: strategy.noise_filter_percentage,
        };
        let band = strategy.noise_filter_enabled.then_some(band);
        Self { band, reference: None, count: 0 }
    }

    /// Takes a price; the first of the day is the reference.
    #[inline]
    pub fn update(&mut self, price: Paise) {
        let Some(reference) = self.reference else {
            self.reference = Some(price);
            return;
        };
        let (up, down) = match self.band {
            None => (price > reference, price <= reference),
            Some(band) => {
                let center = reference.as_f64();
                let width = band.least.max(center * band.fraction);
                (price.as_f64() > center + width, price.as_f64() < center - width)
            }
        };
        if up {
            self.count += 1;
        } else if down {
            self.count = 0;
        }
        if up || down {
            self.reference = Some(price);
        }
    }

    /// Green ticks in a row.
    #[must_use]
    #[inline]
    pub const fn count(&self) -> i64 {
        self.count
    }

    /// Forgets all prices.
    pub const fn restart(&mut self) {
        self.reference = None;
        self.count = 0;
    }
}
