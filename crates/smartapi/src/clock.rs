//! The monotonic time that sessions are given by whoever drives them.

use std::time::Duration;

/// A point on one monotonic clock, in nanoseconds since an arbitrary start.
///
/// It has no relation to a date: wall-clock time is another type and the two never subtract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// The point `wait` later; stops at the end of the scale.
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        Self(
            self.0
                .saturating_add(wait.as_secs().saturating_mul(1_000_000_000))
                .saturating_add(wait.subsec_nanos() as u64),
        )
    }

    /// The time from `earlier` to here; zero if `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}
