//! The two kinds of time: a monotonic clock for waits, which callers hand over, and dates.

use std::time::Duration;

/// A point on one monotonic clock, in nanoseconds since an arbitrary start.
///
/// It has no relation to a date: that is a [`Wall`], and the two never subtract.
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

/// A date and time, in seconds since 1970 UTC, as the broker or our own clock tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub i64);
