//! Words by which our orders are found again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smartapi::rest::{LONGEST_TAG, PlaceOrder};

use crate::clock::Wall;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Milliseconds since 1970 until the year 3084.
const TIME_DIGITS: usize = 9;
const PROCESS_DIGITS: usize = 2;
/// A million orders.
const COUNT_DIGITS: usize = 4;

const _: () = assert!(TIME_DIGITS + PROCESS_DIGITS + COUNT_DIGITS <= LONGEST_TAG);

/// Makes tags that no other order of the account has: the start of the run, a part of the process's
/// number, and a count.
#[derive(Debug)]
pub(super) struct Tags {
    run: String,
    made: AtomicU32,
    /// The orders that were sent, by their tags.
    given: Mutex<BTreeMap<String, Arc<PlaceOrder>>>,
}

impl Tags {
    pub(super) fn new(started: Wall, process: u32) -> Self {
        let run = base_32(started.0, TIME_DIGITS) + &base_32(u64::from(process), PROCESS_DIGITS);
        Self { run, made: AtomicU32::new(0), given: Mutex::default() }
    }

    pub(super) fn next(&self) -> String {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{}{}", self.run, base_32(u64::from(count), COUNT_DIGITS))
    }

    /// Notes an order down under its tag, unless another has that tag already.
    pub(super) fn note(&self, tag: &str, order: &PlaceOrder) -> bool {
        match self.given().entry(tag.to_owned()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Arc::new(order.clone()));
                true
            }
        }
    }

    /// Of an order that certainly does not exist: its tag may be used again.
    pub(super) fn forget(&self, tag: &str) {
        self.given().remove(tag);
    }

    /// The order that was sent with this tag.
    pub(super) fn order(&self, tag: &str) -> Option<Arc<PlaceOrder>> {
        self.given().get(tag).cloned()
    }

    fn given(&self) -> MutexGuard<'_, BTreeMap<String, Arc<PlaceOrder>>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last so many digits of `number`.
fn base_32(number: u64, digits: usize) -> String {
    let digit = |place: usize| (number >> (5 * place)) as usize % DIGITS.len();
    (0..digits).rev().map(|place| char::from(DIGITS[digit(place)])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_tag_is_another_and_fits() {
        let one = Tags::new(Wall(1_795_147_202_000), 7);
        let later = Tags::new(Wall(1_795_147_202_001), 7);
        let beside = Tags::new(Wall(1_795_147_202_000), 8);
        let tags: BTreeSet<String> =
            [&one, &later, &beside].iter().flat_map(|run| (0..100).map(|_| run.next())).collect();
        assert_eq!(tags.len(), 300);
        let fits = |tag: &String| {
            tag.len() <= LONGEST_TAG && tag.bytes().all(|letter| letter.is_ascii_alphanumeric())
        };
        assert!(tags.iter().all(fits), "{tags:?}");
    }

    #[test]
    fn tags_of_a_run_count_up() {
        let run = Tags::new(Wall(0), 0);
        assert_eq!([run.next(), run.next()], ["000000000000000", "000000000000001"]);
    }
}
