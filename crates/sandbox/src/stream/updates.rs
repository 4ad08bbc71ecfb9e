//! Order updates on their way to the connections of the order stream.
//!
//! Every update is kept for a while in one list; each connection has an inbox with its place in it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use tungstenite::Utf8Bytes;

use crate::lock;

/// Updates that are kept for connections that are behind; one that misses some has read too slowly.
const MOST_KEPT: usize = 10_000;

/// An update and when it leaves.
#[derive(Clone)]
struct Update {
    due: u64,
    text: Utf8Bytes,
}

/// All updates that are kept.
#[derive(Default)]
pub(crate) struct Updates(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The number of the first one that is kept.
    first: u64,
    updates: VecDeque<Update>,
    /// When the last one leaves that keeps the order.
    last_due: u64,
}

/// One connection's updates.
pub(crate) struct Inbox {
    /// The number of the next update to fetch.
    next: u64,
    /// Fetched, by when they leave and in their order.
    waiting: BTreeMap<(u64, u64), Utf8Bytes>,
}

impl Updates {
    /// Adds an update that leaves at `due`, but not before those ahead of it.
    pub(crate) fn push(&self, text: Utf8Bytes, due: u64) {
        let mut kept = lock(&self.0);
        kept.last_due = kept.last_due.max(due);
        let due = kept.last_due;
        kept.push(Update { due, text });
    }

    /// Adds an update that later ones may overtake.
    pub(crate) fn push_late(&self, text: Utf8Bytes, due: u64) {
        lock(&self.0).push(Update { due, text });
    }

    /// How many there have been.
    pub(crate) fn pushed(&self) -> u64 {
        lock(&self.0).end()
    }

    /// An inbox for all updates from now on.
    pub(crate) fn inbox(&self) -> Inbox {
        Inbox { next: lock(&self.0).end(), waiting: BTreeMap::new() }
    }

    /// Moves what is new into the inbox.
    pub(crate) fn fetch(&self, inbox: &mut Inbox) {
        let kept = lock(&self.0);
        let known = inbox.next.saturating_sub(kept.first) as usize;
        for (number, update) in (kept.first..).zip(&kept.updates).skip(known) {
            inbox.waiting.insert((update.due, number), update.text.clone());
        }
        inbox.next = kept.end();
    }
}

impl Kept {
    fn push(&mut self, update: Update) {
        if self.updates.len() == MOST_KEPT {
            self.updates.pop_front();
            self.first += 1;
        }
        self.updates.push_back(update);
    }

    /// The number after the last one.
    fn end(&self) -> u64 {
        self.first + self.updates.len() as u64
    }
}

impl Inbox {
    /// The next update that is due at `now`.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<Utf8Bytes> {
        let first = self.waiting.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// When the next update is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(inbox: &mut Inbox, now: u64) -> Vec<String> {
        std::iter::from_fn(|| inbox.take_due(now)).map(|text| text.to_string()).collect()
    }

    #[test]
    fn an_inbox_gets_what_comes_after_it_in_the_order_of_the_due_times() {
        let updates = Updates::default();
        updates.push("before".into(), 0);
        let mut inbox = updates.inbox();
        updates.push_late("late".into(), 90);
        updates.push("first".into(), 50);
        updates.push("second".into(), 10);
        updates.fetch(&mut inbox);
        assert_eq!(inbox.next_due(), Some(50));
        assert_eq!(taken(&mut inbox, 49), [""; 0]);
        assert_eq!(taken(&mut inbox, 50), ["first", "second"], "a quicker one does not overtake");
        updates.push("third".into(), 60);
        updates.fetch(&mut inbox);
        assert_eq!(taken(&mut inbox, 100), ["third", "late"]);
        assert_eq!(inbox.next_due(), None);
    }

    #[test]
    fn a_connection_that_is_too_far_behind_misses_the_oldest() {
        let updates = Updates::default();
        let mut inbox = updates.inbox();
        for number in 0..MOST_KEPT + 3 {
            updates.push(number.to_string().into(), 0);
        }
        updates.fetch(&mut inbox);
        let all = taken(&mut inbox, 0);
        assert_eq!((all.len(), all[0].as_str()), (MOST_KEPT, "3"));
    }
}
