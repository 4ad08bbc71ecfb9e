//! Where in its day a tick lies, told by comparing instants: the day's bounds are computed once.

use crate::config::{Block, Session, Window};
use crate::units::{EventTime, Micros, Zone};

/// What a tick's time allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the start, or from the close on.
    Outside,
    /// In the session, but without entries.
    NoEntries,
    /// Entries are possible.
    Entries,
}

/// The session's bounds as instants of the current day.
#[derive(Clone, Debug)]
pub struct SessionClock {
    zone: Zone,
    window: Window,
    blocks: Vec<Block>,
    midnight: EventTime,
    day_end: EventTime,
}

impl SessionClock {
    /// A clock before its first day.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self {
            zone: session.zone,
            window: session.window,
            blocks: session.blocks.clone(),
            midnight: EventTime::MIN,
            day_end: EventTime::MIN,
        }
    }

    /// The phase of an instant; `None` if it lies in no day that was begun.
    #[must_use]
    #[inline]
    pub fn phase(&self, time: EventTime) -> Option<Phase> {
        if time < self.midnight || time >= self.day_end {
            return None;
        }
        let of_day = time - self.midnight;
        let window = &self.window;
        if of_day < window.start || of_day >= window.close_from {
            return Some(Phase::Outside);
        }
        let open = of_day >= window.entry_from && of_day < window.entry_until;
        let blocked = self.blocks.iter().any(|block| of_day >= block.from && of_day < block.till);
        Some(if open && !blocked { Phase::Entries } else { Phase::NoEntries })
    }

    /// Begins the exchange day of this instant and returns its session start.
    pub const fn begin_day(&mut self, time: EventTime) -> EventTime {
        self.midnight = self.zone.day_start(time);
        self.day_end = EventTime(self.midnight.0 + Micros::DAY.0);
        EventTime(self.midnight.0 + self.window.start.0)
    }
}
