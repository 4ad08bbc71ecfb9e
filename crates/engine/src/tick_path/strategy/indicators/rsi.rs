//! The relative strength index.

use super::Wilder;
use crate::units::Paise;

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
