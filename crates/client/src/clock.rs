//! The wall clock of sessions, and waiting by it.

use std::fmt;
use std::time::{Duration, SystemTime};

use smartapi::instruments::Day;

const IST_MS: u64 = (5 * 60 + 30) * 60_000;
const DAY_MS: u64 = 24 * 60 * 60_000;

/// A date by the wall clock, in milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wall(pub(crate) u64);

impl Wall {
    /// Whole seconds, as TOTP and tokens count them.
    pub(crate) const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The last moment up to now at which a trading day's list of instruments is due: 08:30 IST on a
    /// weekday. Holidays are not known here; asking once more on one does no harm.
    pub(crate) fn last_list_due(self) -> Self {
        const DUE_MS: u64 = (8 * 60 + 30) * 60_000;
        let due = |day: u64| Self((day * DAY_MS + DUE_MS).saturating_sub(IST_MS));
        let is_weekday = |day: u64| u16::try_from(day).is_ok_and(|day| Day(day).since_monday() < 5);
        let mut day = self.ist_day();
        while day > 0 && (!is_weekday(day) || due(day) > self) {
            day -= 1;
        }
        due(day)
    }

    /// The same as streams count it.
    pub(crate) fn date(self) -> smartapi::clock::Wall {
        smartapi::clock::Wall(i64::try_from(self.seconds()).unwrap_or(i64::MAX))
    }

    /// The day in India.
    pub(crate) fn day(self) -> Day {
        Day::in_india(self.seconds())
    }

    /// The number of the day in India, which changes at 00:00 IST (UTC+05:30, no summer time).
    pub(crate) const fn ist_day(self) -> u64 {
        self.0.saturating_add(IST_MS) / DAY_MS
    }
}

impl fmt::Display for Wall {
    /// `28 Nov 2025 08:31 IST`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.saturating_add(IST_MS) % DAY_MS / 60_000;
        let day = Day::in_india(self.seconds());
        write!(out, "{day} {:02}:{:02} IST", minutes / 60, minutes % 60)
    }
}

/// Tells the date and waits for one.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The clock of this machine.
    System,
    /// Stands still, and jumps to the end of every wait.
    #[cfg(test)]
    Jumping(std::sync::Arc<std::sync::atomic::AtomicU64>),
}

impl Clock {
    pub(crate) fn now(&self) -> Wall {
        match self {
            // A clock before 1970 reads as 1970: every saved session is then of another day.
            #[allow(clippy::disallowed_methods, reason = "the one reader of the wall clock here")]
            Self::System => Wall(
                SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .map_or(0, |since| since.as_millis() as u64),
            ),
            #[cfg(test)]
            Self::Jumping(now) => Wall(now.load(std::sync::atomic::Ordering::Relaxed)),
        }
    }

    /// The date as streams count it.
    pub(crate) fn date(&self) -> smartapi::clock::Wall {
        self.now().date()
    }

    /// Returns at `due` or later; at once if it has passed.
    pub(crate) async fn wait_for(&self, due: Wall) {
        #[cfg(test)]
        if let Self::Jumping(now) = self {
            now.fetch_max(due.0, std::sync::atomic::Ordering::Relaxed);
            return;
        }
        loop {
            let left = due.0.saturating_sub(self.now().0);
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_india_begins_at_half_past_six_in_the_evening_utc() {
        // 2026-11-19 18:30:00 UTC is 2026-11-20 00:00:00 IST.
        let midnight = Wall(1_795_113_000_000);
        assert_eq!(Wall(midnight.0 - 1).ist_day() + 1, midnight.ist_day());
        assert_eq!(Wall(midnight.0 + 86_399_999).ist_day(), midnight.ist_day());
    }

    #[test]
    fn a_list_is_due_at_half_past_eight_on_weekdays() {
        // Monday, 24 Nov 2025, 00:00 in India.
        let monday = 1_763_922_600_000;
        let (day, minute) = (DAY_MS as i64, 60_000);
        let due = |after: i64| Wall(monday + after as u64).last_list_due().to_string();
        let eight_thirty = (8 * 60 + 30) * minute;
        assert_eq!(due(eight_thirty), "24 Nov 2025 08:30 IST");
        assert_eq!(due(eight_thirty - 1), "21 Nov 2025 08:30 IST", "the Friday before");
        assert_eq!(due(4 * day + eight_thirty - 1), "27 Nov 2025 08:30 IST");
        assert_eq!(due(6 * day + 12 * 60 * minute), "28 Nov 2025 08:30 IST", "on Sunday");
        assert_eq!(Wall(0).last_list_due(), Wall(3 * 60 * 60_000));
    }

    #[tokio::test]
    async fn the_system_clock_does_not_return_from_a_wait_early() {
        let clock = Clock::System;
        let due = Wall(clock.now().0 + 20);
        clock.wait_for(due).await;
        assert!(clock.now() >= due);
    }
}
