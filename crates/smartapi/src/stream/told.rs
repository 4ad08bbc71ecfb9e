//! A connection's state in words, with the times in it.

use std::fmt;

use super::state::ConnectionState;
use crate::clock::{Mono, Wall};
use crate::wire::TimeOfDay;

/// Indian time is this far ahead of UTC, all year.
const IST_S: i64 = 5 * 3600 + 30 * 60;

/// A state as it is to be shown at one moment.
struct Told<'a> {
    state: &'a ConnectionState,
    now: Mono,
    date: Wall,
}

impl ConnectionState {
    /// The state in words: for how long nothing has come, or until when there is a pause.
    ///
    /// `now` and `date` are the same moment on the stream's clock and on the wall.
    pub fn told(&self, now: Mono, date: Wall) -> impl fmt::Display + '_ {
        Told { state: self, now, date }
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            ConnectionState::Stale { since } => {
                write!(f, "stale for {} s", self.now.since(*since).as_secs())
            }
            ConnectionState::BackingOff { until, because } => {
                let left = until.since(self.now);
                let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                let end = self.date.0 + i64::try_from(seconds).unwrap_or(i64::MAX / 2);
                let clock = TimeOfDay((end + IST_S).rem_euclid(86_400) as u32);
                write!(f, "backing off until {clock} IST: {because}")
            }
            other => other.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stream::state::Because;
    use crate::stream::upgrade::Refusal;

    #[test]
    fn says_for_how_long_and_until_when() {
        // 2026-11-20 09:15:00 IST.
        let date = Wall(1_795_113_000 + 9 * 3600 + 15 * 60);
        let now = Mono(0).after(Duration::from_secs(100));
        let stale = ConnectionState::Stale { since: Mono(0).after(Duration::from_secs(70)) };
        assert_eq!(stale.told(now, date).to_string(), "stale for 30 s");
        let because = Because::Refused(Refusal { status: 429, message: None });
        let until = now.after(Duration::from_millis(62_500));
        let text = ConnectionState::BackingOff { until, because }.told(now, date).to_string();
        assert!(text.starts_with("backing off until 09:16:03 IST: "), "{text}");
        assert!(text.contains("429") && text.contains("3"), "{text}");
        assert_eq!(ConnectionState::Live.told(now, date).to_string(), "live");
    }
}
