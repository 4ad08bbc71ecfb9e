//! Moving average convergence and divergence.

use super::Ema;

/// `m = EMA(fast) − EMA(slow)`, its signal `s = EMA(signal)` of m, and the histogram `m − s`.
#[derive(Clone, Copy, Debug)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    line: f64,
}

impl Macd {
    /// Lengths in ticks.
    #[must_use]
    pub fn new(fast: i64, slow: i64, signal: i64) -> Self {
        Self { fast: Ema::new(fast), slow: Ema::new(slow), signal: Ema::new(signal), line: 0.0 }
    }

    /// Takes a price in paise.
    #[inline]
    pub fn update(&mut self, price: f64) {
        self.line = self.fast.update(price) - self.slow.update(price);
        self.signal.update(self.line);
    }

    /// MACD above its signal and a positive histogram.
    #[must_use]
    #[inline]
    pub fn passes(&self) -> bool {
        self.values().is_some_and(|(line, signal, histogram)| line > signal && histogram > 0.0)
    }

    /// Line, signal and histogram in paise; `None` before the first price.
    #[must_use]
    #[inline]
    pub fn values(&self) -> Option<(f64, f64, f64)> {
        self.signal.value().map(|signal| (self.line, signal, self.line - signal))
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.fast.restart();
        self.slow.restart();
        self.signal.restart();
    }
}
