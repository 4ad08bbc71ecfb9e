//! When the tokens of a day end, and when a stream replaces them.

use std::time::Duration;

use crate::clock::Wall;
use crate::wire::TimeOfDay;

/// Indian time is this far ahead of UTC, all year.
const IST_S: i64 = 5 * 3600 + 30 * 60;
const DAY_S: i64 = 86_400;
/// Tokens are replaced so long after their end, because two clocks never agree. 10 s.
const GRACE_S: i64 = 10;
/// Each further stream of an account waits so much longer, so that they come back in order. 5 s.
const STAGGER_S: i64 = 5;

/// The time of the day at which the broker ends tokens.
///
/// Source: SmartAPI documentation (July 2026) has midnight; the broker's posts of 2022 and 2023 have
///         05:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayEnd(pub TimeOfDay);

impl Default for DayEnd {
    fn default() -> Self {
        Self::MIDNIGHT
    }
}

impl DayEnd {
    /// 00:00 IST, which is usual.
    pub const MIDNIGHT: Self = Self(TimeOfDay(0));
    /// 05:00 IST.
    pub const FIVE_IN_THE_MORNING: Self = Self(TimeOfDay(5 * 3600));

    /// The end of tokens that were given out at `given`.
    #[must_use]
    pub const fn after(self, given: Wall) -> Wall {
        let shift = IST_S - self.0.0 as i64;
        Wall(((given.0 + shift).div_euclid(DAY_S) + 1) * DAY_S - shift)
    }
}

/// Says how long a stream's tokens are still of use; the time is always an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    end: DayEnd,
    extra_s: i64,
    due: Wall,
}

impl Expiry {
    /// The timer of the stream at `position`, 0 for the first, whose tokens were given out at `given`.
    #[must_use]
    pub const fn new(end: DayEnd, given: Wall, position: u8) -> Self {
        let extra_s = GRACE_S + STAGGER_S * position as i64;
        Self { end, extra_s, due: Wall(end.after(given).0 + extra_s) }
    }

    /// The time until fresh tokens are to be fetched; zero once it has passed.
    #[must_use]
    pub fn left(&self, now: Wall) -> Duration {
        Duration::from_secs(u64::try_from(self.due.0.saturating_sub(now.0)).unwrap_or(0))
    }

    /// Fresh tokens were given out at `given`.
    pub const fn renewed(&mut self, given: Wall) {
        self.due = Wall(self.end.after(given).0 + self.extra_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 00:00:00 IST.
    const MIDNIGHT: i64 = 1_795_113_000;

    #[test]
    fn tokens_end_at_the_next_midnight_or_five_in_india() {
        let ends = |end: DayEnd, at: i64| end.after(Wall(MIDNIGHT + at)).0 - MIDNIGHT;
        assert_eq!(ends(DayEnd::MIDNIGHT, -1), 0);
        assert_eq!(ends(DayEnd::MIDNIGHT, 0), DAY_S);
        assert_eq!(ends(DayEnd::FIVE_IN_THE_MORNING, -1), 5 * 3600);
        assert_eq!(ends(DayEnd::FIVE_IN_THE_MORNING, 5 * 3600 - 1), 5 * 3600);
        assert_eq!(ends(DayEnd::FIVE_IN_THE_MORNING, 5 * 3600), DAY_S + 5 * 3600);
    }

    #[test]
    fn a_stream_renews_a_little_after_the_end_and_then_a_day_later() {
        let mut expiry = Expiry::new(DayEnd::MIDNIGHT, Wall(MIDNIGHT - 3600), 0);
        assert_eq!(expiry.left(Wall(MIDNIGHT - 3600)), Duration::from_secs(3610));
        assert_eq!(expiry.left(Wall(MIDNIGHT + 10)), Duration::ZERO);
        assert_eq!(expiry.left(Wall(MIDNIGHT + 99)), Duration::ZERO);
        expiry.renewed(Wall(MIDNIGHT + 11));
        assert_eq!(expiry.left(Wall(MIDNIGHT + 11)), Duration::from_secs(86_399));
    }

    #[test]
    fn the_streams_of_an_account_renew_one_after_the_other() {
        let left = |position| {
            Expiry::new(DayEnd::MIDNIGHT, Wall(MIDNIGHT - 60), position).left(Wall(MIDNIGHT))
        };
        assert_eq!([left(0), left(1), left(2)], [10, 15, 20].map(Duration::from_secs));
    }
}
