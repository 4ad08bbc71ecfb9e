//! What happened to the stream, kept on the tick thread in lists reserved beforehand.

use client::market::ConnectionState;
use engine::probe::Counter;
use smartapi::clock::{Mono, Wall};

use crate::report::timeline::{Event, Kind};

/// A bounded list of rare things, each with a reading of the counter.
#[derive(Clone, Debug)]
pub(super) struct Log<T> {
    entries: Vec<(u64, T)>,
    /// How many came when it was full.
    left_out: u64,
}

impl<T> Log<T> {
    /// Keeps the first `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { entries: Vec::with_capacity(most), left_out: 0 }
    }

    /// Keeps one more, or counts it.
    pub(super) fn push(&mut self, at: u64, entry: T) {
        if self.entries.len() < self.entries.capacity() {
            self.entries.push((at, entry));
        } else {
            self.left_out += 1;
        }
    }
}

/// Sequence numbers that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) skipped: u64,
    /// The number that came instead of the next one.
    pub(super) before: i64,
}

/// What turns readings of the counter into the times that states speak of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    /// The reading at the zero of the stream's times.
    pub(super) origin: u64,
    /// A reading, and the date at it.
    pub(super) now: u64,
    pub(super) date: Wall,
}

impl Dates {
    /// A state in words, with its times as of the reading `at`.
    fn told(&self, state: &ConnectionState, at: u64, counter: &impl Counter) -> String {
        let ago_s = counter.nanos(at, self.now) / 1_000_000_000;
        let date = Wall(self.date.0 - ago_s as i64);
        state.told(Mono(counter.nanos(self.origin, at)), date).to_string()
    }
}

/// Both lists as events in the order of their times, and how many had no room.
pub(super) fn events(
    states: Log<ConnectionState>,
    gaps: Log<Gap>,
    counter: &impl Counter,
    begin: u64,
    dates: Dates,
) -> (Vec<Event>, u64) {
    let left_out = states.left_out + gaps.left_out;
    let event = |at, kind, text| Event { at_ns: counter.nanos(begin, at), kind, text };
    let states = states.entries.into_iter();
    let states = states.map(|(at, state)| event(at, kind(&state), dates.told(&state, at, counter)));
    let gaps = gaps.entries.into_iter().map(|(at, Gap { skipped, before })| {
        let numbers = if skipped == 1 { "number was" } else { "numbers were" };
        event(at, Kind::Gap, format!("{skipped} sequence {numbers} skipped before {before}"))
    });
    let mut events: Vec<Event> = states.chain(gaps).collect();
    events.sort_by_key(|event| event.at_ns);
    (events, left_out)
}

const fn kind(state: &ConnectionState) -> Kind {
    match state {
        ConnectionState::Connecting { .. } => Kind::Connecting,
        ConnectionState::Live => Kind::Live,
        ConnectionState::Stale { .. } => Kind::Stale,
        ConnectionState::BackingOff { .. } => Kind::BackingOff,
        ConnectionState::Renewing => Kind::Renewing,
        ConnectionState::Failed(_) => Kind::Failed,
        ConnectionState::Stopped => Kind::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATES: Dates = Dates { origin: 90, now: 200, date: Wall(1_795_113_000) };

    struct Plain;

    impl Counter for Plain {
        fn raw(&self) -> u64 {
            0
        }

        fn nanos(&self, from: u64, till: u64) -> u64 {
            till - from
        }

        fn disturbances(&self) -> Option<engine::probe::Disturbances> {
            None
        }
    }

    #[test]
    fn states_and_gaps_become_one_line_of_events() {
        let (mut states, mut gaps) = (Log::new(3), Log::new(2));
        states.push(105, ConnectionState::Connecting { attempt: 1 });
        states.push(110, ConnectionState::Stale { since: Mono(5) });
        states.push(190, ConnectionState::Stopped);
        gaps.push(120, Gap { skipped: 1, before: 9 });
        gaps.push(130, Gap { skipped: 4, before: 14 });
        let (events, left_out) = events(states, gaps, &Plain, 100, DATES);
        let told: Vec<(u64, Kind, &str)> =
            events.iter().map(|it| (it.at_ns, it.kind, it.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (5, Kind::Connecting, "connecting, attempt 1"),
                (10, Kind::Stale, "stale for 0 s"),
                (20, Kind::Gap, "1 sequence number was skipped before 9"),
                (30, Kind::Gap, "4 sequence numbers were skipped before 14"),
                (90, Kind::Stopped, "stopped"),
            ]
        );
        assert_eq!(left_out, 0);
    }

    #[test]
    fn what_has_no_room_is_counted_and_the_list_never_grows() {
        let mut gaps = Log::new(2);
        let capacity = gaps.entries.capacity();
        for before in 0..capacity as i64 + 5 {
            gaps.push(100, Gap { skipped: 1, before });
        }
        assert_eq!((gaps.entries.capacity(), gaps.left_out), (capacity, 5));
        let (events, left_out) = events(Log::new(0), gaps, &Plain, 100, DATES);
        assert_eq!((events.len(), left_out), (capacity, 5));
    }
}
