//! The states of all connections as a stream of events that any number of people can watch.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use smartapi::clock::{Mono, Wall};
use smartapi::stream::spread::MAX_CONNECTIONS;
use smartapi::stream::state::Because;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::ConnectionState;
use crate::clock::Clock as WallClock;

/// Which stream an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamName {
    /// A connection of the market stream: 1 is the traded instruments', 2 and 3 the others'.
    Market(u8),
    /// The order stream.
    Orders,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Market(number) => write!(f, "market stream {number}"),
            Self::Orders => f.write_str("order stream"),
        }
    }
}

/// A connection's state has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionEvent {
    /// Whose.
    pub stream: StreamName,
    /// To what.
    pub state: ConnectionState,
    /// When, on the clock of the state's own times.
    pub at: Mono,
    /// When, on the wall.
    pub date: Wall,
    /// How many connections of this kind this program had open then.
    pub held: usize,
}

impl fmt::Display for ConnectionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stream, self.state.told(self.at, self.date))?;
        if is_too_many(&self.state) {
            write!(f, "; this program holds {} of the {MAX_CONNECTIONS}", self.held)?;
        }
        Ok(())
    }
}

impl ConnectionEvent {
    /// What to do about it, if anything is to be done.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match &self.state {
            ConnectionState::BackingOff { because, .. } => Some(because.hint()),
            ConnectionState::Failed(failure) => Some(failure.hint()),
            _ => None,
        }
    }
}

/// Whether a connection waits because the account has too many.
pub(super) const fn is_too_many(state: &ConnectionState) -> bool {
    matches!(state, ConnectionState::BackingOff { because: Because::Refused(refusal), .. }
        if refusal.is_too_many())
}

/// Where all streams of an account say how they are; clones are the same place.
///
/// Nobody who says something waits for those who watch.
#[derive(Clone)]
pub struct ConnectionEvents(Arc<Board>);

struct Board {
    sender: broadcast::Sender<ConnectionEvent>,
    newest: Mutex<BTreeMap<StreamName, ConnectionEvent>>,
}

/// What a watcher sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The next change.
    Event(Box<ConnectionEvent>),
    /// It was too slow: so many events were lost, the oldest ones.
    Missed(u64),
}

/// One who watches, from when [`ConnectionEvents::watch`] was called.
pub struct Watcher(broadcast::Receiver<ConnectionEvent>);

impl ConnectionEvents {
    /// A place that keeps `room` events for slow watchers, at least one.
    #[must_use]
    pub fn new(room: usize) -> Self {
        let (sender, _) = broadcast::channel(room.max(1));
        Self(Arc::new(Board { sender, newest: Mutex::default() }))
    }

    /// A new watcher, which sees what comes from now on.
    #[must_use]
    pub fn watch(&self) -> Watcher {
        Watcher(self.0.sender.subscribe())
    }

    /// The newest event of each stream: all states together.
    #[must_use]
    pub fn newest(&self) -> Vec<ConnectionEvent> {
        let newest = self.0.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.values().cloned().collect()
    }

    /// Says that a stream's state has changed at `at`, which is now.
    pub fn publish(&self, stream: StreamName, state: &ConnectionState, at: Mono) {
        let date = WallClock::System.date();
        let mut newest = self.0.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kin = |other: &StreamName| {
            matches!(other, StreamName::Orders) == matches!(stream, StreamName::Orders)
        };
        let others = newest.values().filter(|one| one.stream != stream && is_kin(&one.stream));
        let held = others.filter(|one| is_open(&one.state)).count() + usize::from(is_open(state));
        let event = ConnectionEvent { stream, state: state.clone(), at, date, held };
        newest.insert(stream, event.clone());
        // Nobody need be watching.
        let _ = self.0.sender.send(event);
    }
}

const fn is_open(state: &ConnectionState) -> bool {
    matches!(state, ConnectionState::Live | ConnectionState::Stale { .. })
}

impl Watcher {
    /// Waits for the next event; none once all streams and the place itself are gone.
    pub async fn next(&mut self) -> Option<Watched> {
        watched(self.0.recv().await)
    }

    /// As [`Self::next`], on a thread of its own, which must not be one of an async runtime.
    pub fn wait(&mut self) -> Option<Watched> {
        watched(self.0.blocking_recv())
    }

    /// The next event, if there is one already.
    pub fn look(&mut self) -> Option<Watched> {
        match self.0.try_recv() {
            Ok(event) => Some(Watched::Event(Box::new(event))),
            Err(TryRecvError::Lagged(missed)) => Some(Watched::Missed(missed)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

fn watched(received: Result<ConnectionEvent, RecvError>) -> Option<Watched> {
    match received {
        Ok(event) => Some(Watched::Event(Box::new(event))),
        Err(RecvError::Lagged(missed)) => Some(Watched::Missed(missed)),
        Err(RecvError::Closed) => None,
    }
}

#[cfg(test)]
mod tests {
    use smartapi::stream::upgrade::Refusal;

    use super::*;

    fn attempt(watched: Option<Watched>) -> u32 {
        match watched {
            Some(Watched::Event(event)) => match event.state {
                ConnectionState::Connecting { attempt } => attempt,
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_slow_watcher_loses_the_oldest_and_is_told_how_many() {
        let events = ConnectionEvents::new(4);
        let (mut slow, mut quick) = (events.watch(), events.watch());
        for number in 1..=10 {
            let state = ConnectionState::Connecting { attempt: number };
            events.publish(StreamName::Orders, &state, Mono(0));
            assert_eq!(attempt(quick.wait()), number, "a quick one loses nothing");
        }
        assert_eq!(slow.look(), Some(Watched::Missed(6)));
        assert_eq!([7, 8, 9, 10].map(|_| attempt(slow.look())), [7, 8, 9, 10]);
        assert_eq!(slow.look(), None);
        drop(events);
        assert_eq!(slow.wait(), None);
    }

    #[test]
    fn status_429_says_how_many_places_are_our_own_and_what_to_do() {
        let events = ConnectionEvents::new(8);
        let mut watcher = events.watch();
        events.publish(StreamName::Market(1), &ConnectionState::Live, Mono(0));
        events.publish(StreamName::Orders, &ConnectionState::Live, Mono(0));
        let because = Because::Refused(Refusal { status: 429, message: None });
        let state = ConnectionState::BackingOff { until: Mono(60_000_000_000), because };
        events.publish(StreamName::Market(2), &state, Mono(0));
        let last = std::iter::from_fn(|| watcher.look()).last();
        let Some(Watched::Event(event)) = last else { panic!("an event") };
        let text = event.to_string();
        let words =
            ["market stream 2", "backing off until", "IST", "429", "stale", "holds 1 of the 3"];
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(event.hint().is_some_and(|hint| hint.contains("close other programs")));
        assert_eq!(events.newest().len(), 3);
    }
}
