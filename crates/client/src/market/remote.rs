//! Subscriptions that are changed from other threads while a stream runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use smartapi::stream::limits::MAX_SUBSCRIPTIONS;
use smartapi::stream::request::SubscriptionFault;
use smartapi::stream::session::Change;

use super::{MarketError, Subscription};

/// Subscribes and unsubscribes on a stream that runs; clones act on the same stream.
///
/// A change is carried out between two reads, at most a tenth of a second late while nothing comes,
/// and with the next connection where none is open. What the stream has not yet heard of is kept as
/// the difference alone, which no caller can make grow beyond two connections' worth.
#[derive(Clone)]
pub struct Remote(Arc<Post>);

struct Post {
    /// All that a stream looks at after each read.
    has_changes: AtomicBool,
    orders: Mutex<Orders>,
    /// A pause is to be cut short.
    hurries: AtomicBool,
}

#[derive(Default)]
struct Orders {
    wanted: BTreeSet<Subscription>,
    /// What the stream has not heard of: to begin, or to end.
    changes: BTreeMap<Subscription, bool>,
}

impl Orders {
    fn want(&mut self, one: &Subscription, begins: bool) {
        let is_change =
            if begins { self.wanted.insert(one.clone()) } else { self.wanted.remove(one) };
        if is_change && self.changes.remove(one).is_none() {
            self.changes.insert(one.clone(), begins);
        }
    }
}

impl Remote {
    pub(super) fn new(wanted: Vec<Subscription>) -> Self {
        let orders = Orders { wanted: wanted.into_iter().collect(), ..Orders::default() };
        let (has_changes, hurries) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Post { has_changes, orders: Mutex::new(orders), hurries }))
    }

    /// Begins subscriptions; those that are there already are free.
    ///
    /// Errors: [`MarketError::Subscriptions`], and then nothing has changed.
    pub fn subscribe(&self, wanted: &[Subscription]) -> Result<(), MarketError> {
        self.change(&Change { subscribe: wanted.to_vec(), ..Change::default() })
    }

    /// Ends subscriptions; unknown ones are ignored.
    pub fn unsubscribe(&self, unwanted: &[Subscription]) {
        let change = Change { unsubscribe: unwanted.to_vec(), ..Change::default() };
        // Only what begins can be too much.
        let _ = self.change(&change);
    }

    pub(super) fn change(&self, change: &Change) -> Result<(), MarketError> {
        change.subscribe.iter().try_for_each(Subscription::check)?;
        let mut orders = self.0.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: BTreeSet<_> =
            change.unsubscribe.iter().filter(|one| orders.wanted.contains(*one)).collect();
        let is_new = |one: &&Subscription| !orders.wanted.contains(*one) || gone.contains(*one);
        let fresh: BTreeSet<_> = change.subscribe.iter().filter(is_new).collect();
        let was = orders.wanted.len() - gone.len() + fresh.len();
        if was > MAX_SUBSCRIPTIONS {
            return Err(SubscriptionFault::TooMany { was }.into());
        }
        gone.iter().for_each(|one| orders.want(one, false));
        fresh.iter().for_each(|one| orders.want(one, true));
        self.0.has_changes.store(true, Ordering::Release);
        Ok(())
    }

    /// Cuts the pause short in which the stream is, see [`smartapi::stream::session::Session::hurry`].
    pub(super) fn hurry(&self) {
        self.0.hurries.store(true, Ordering::Relaxed);
    }

    pub(super) fn takes_hurry(&self) -> bool {
        self.0.hurries.swap(false, Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn has_changes(&self) -> bool {
        self.0.has_changes.load(Ordering::Relaxed)
    }

    /// What the stream has not heard of; none either while somebody is writing, who is not waited for.
    pub(super) fn take(&self) -> Option<Change> {
        if !self.has_changes() {
            return None;
        }
        let mut orders = self.0.orders.try_lock().ok()?;
        self.0.has_changes.store(false, Ordering::Relaxed);
        let (begin, end): (Vec<_>, Vec<_>) =
            std::mem::take(&mut orders.changes).into_iter().partition(|(_, begins)| *begins);
        let names =
            |some: Vec<(Subscription, bool)>| some.into_iter().map(|(one, _)| one).collect();
        Some(Change { unsubscribe: names(end), subscribe: names(begin) })
    }
}

#[cfg(test)]
mod tests {
    use smartapi::packet::{ExchangeType, Mode};

    use super::*;

    fn some(numbers: std::ops::Range<usize>) -> Vec<Subscription> {
        numbers
            .map(|number| Subscription {
                mode: Mode::Ltp,
                exchange_type: ExchangeType::NSE_CM,
                token: format!("{number:04}"),
            })
            .collect()
    }

    #[test]
    fn the_stream_hears_of_the_difference_alone() {
        let remote = Remote::new(some(0..2));
        assert_eq!(remote.take(), None);
        remote.subscribe(&some(0..4)).expect("few");
        remote.unsubscribe(&some(1..3));
        remote.unsubscribe(&some(7..9));
        let expected = Change { unsubscribe: some(1..2), subscribe: some(3..4) };
        assert_eq!(remote.take(), Some(expected));
        assert_eq!(remote.take(), None);
    }

    #[test]
    fn changes_that_nobody_hears_of_do_not_pile_up() {
        let remote = Remote::new(some(0..1000));
        for round in 1..20 {
            remote.unsubscribe(&some((round - 1) * 1000..round * 1000));
            remote.subscribe(&some(round * 1000..(round + 1) * 1000)).expect("fits");
        }
        assert_eq!(remote.0.orders.lock().expect("whole").changes.len(), 2000);
        let refused = remote.subscribe(&some(0..1)).expect_err("full");
        assert!(refused.to_string().contains("1001"), "{refused}");
    }
}
