//! Wilder's average.

/// W(n): the first n inputs are averaged, then `w = (w × (n − 1) + x) / n`.
#[derive(Clone, Copy, Debug)]
pub struct Wilder {
    length: i64,
    seen: i64,
    /// The sum until `length` inputs came, the average from then on.
    held: f64,
}

impl Wilder {
    /// An average over `length` inputs.
    #[must_use]
    pub const fn new(length: i64) -> Self {
        Self { length, seen: 0, held: 0.0 }
    }

    /// Takes an input.
    #[inline]
    pub fn update(&mut self, input: f64) {
        let length = self.length as f64;
        if self.seen == self.length {
            self.held = (self.held * (length - 1.0) + input) / length;
            return;
        }
        self.held += input;
        self.seen += 1;
        if self.seen == self.length {
            self.held /= length;
        }
    }

    /// The average; `None` before `length` inputs.
    #[must_use]
    #[inline]
    pub fn value(&self) -> Option<f64> {
        (self.seen == self.length).then_some(self.held)
    }

    /// Forgets all inputs.
    pub const fn restart(&mut self) {
        self.seen = 0;
        self.held = 0.0;
    }
}
