//! The sequence numbers of many tokens on one connection: gaps, repeats and late packets, counted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::limits::MAX_SUBSCRIPTIONS;
use super::request::Subscription;
use crate::packet::{Packet, token_field, token_text};

/// Numbers up to so far behind the newest are told apart exactly.
const WINDOW: u64 = 64;
/// India's days, in milliseconds: numbers begin anew with each.
const DAY_MS: i64 = 86_400_000;
const IST_MS: i64 = (5 * 60 + 30) * 60_000;
/// Tokens beyond so many are counted together: leftovers of what was unsubscribed.
const MOST_TOKENS: usize = 2 * MAX_SUBSCRIPTIONS;

/// What arrived of one token, or of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// All packets with a sequence number, those of another day too.
    pub packets: u64,
    /// How often numbers were skipped.
    pub gaps: u64,
    /// Numbers that were skipped and have not come later either.
    pub missing: u64,
    /// Packets whose number had come before.
    pub duplicates: u64,
    /// Packets that came after one with a higher number.
    pub out_of_order: u64,
}

impl Arrivals {
    fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.gaps += other.gaps;
        self.missing += other.missing;
        self.duplicates += other.duplicates;
        self.out_of_order += other.out_of_order;
    }
}

/// A subscription as a packet names it: mode, segment, token.
type Key = (u8, u8, [u8; 25]);

/// One token's day.
#[derive(Clone, Copy, Debug)]
struct Day {
    number: i64,
    newest: i64,
    /// Bit n: the number n + 1 below the newest has come, or was before the first.
    seen: u64,
    /// Day and number of the packet before, if it was of another day.
    other: Option<(i64, i64)>,
    arrivals: Arrivals,
}

/// Checks the numbers of each token in each mode; holds at most 2,000 of them.
///
/// A number more than 64 behind counts as out of order, whether or not it had come before. Indices
/// have no numbers: their packets are counted by themselves. Numbers begin anew with each day, which
/// two packets in a row have to show: one with a wrong time, or one of an older day, is not judged.
///
/// Source: SmartAPI "WebSocket Streaming 2.0", sequence number; 0 for indices as seen live.
#[derive(Clone, Debug, Default)]
pub struct Sequences {
    days: BTreeMap<Key, Day>,
    /// What arrived of tokens that were forgotten.
    forgotten: Arrivals,
    untracked: u64,
    unnumbered: u64,
}

impl Sequences {
    /// Checks one packet.
    pub fn note(&mut self, packet: &Packet<'_>) {
        let Some(head) = packet.head() else { return };
        let sequence = head.sequence.get();
        if sequence <= 0 {
            self.unnumbered += 1;
            return;
        }
        let number = (head.exchange_ts_ms.get().saturating_add(IST_MS)).div_euclid(DAY_MS);
        let mut token = [0; 25];
        let text = token_text(&head.token);
        token[..text.len()].copy_from_slice(text);
        let key = (head.mode, head.exchange_type, token);
        if self.days.len() >= MOST_TOKENS && !self.days.contains_key(&key) {
            self.untracked += 1;
            return;
        }
        let day = match self.days.entry(key) {
            Entry::Vacant(place) => place.insert(Day::begin(number, sequence)),
            Entry::Occupied(place) => {
                let day = place.into_mut();
                day.note_of(number, sequence);
                day
            }
        };
        day.arrivals.packets += 1;
    }

    /// A subscription ends or begins: whatever number comes next is no gap.
    pub fn forget(&mut self, one: &Subscription) {
        let Some(token) = token_field(&one.token) else { return };
        if let Some(day) = self.days.remove(&(one.mode as u8, one.exchange_type.0, token)) {
            self.forgotten.add(&day.arrivals);
        }
    }

    /// What arrived of all tokens.
    #[must_use]
    pub fn total(&self) -> Arrivals {
        let mut total = self.forgotten;
        self.days.values().for_each(|day| total.add(&day.arrivals));
        total
    }

    /// What arrived of each token: mode, segment and token as on the wire.
    pub fn each(&self) -> impl Iterator<Item = (u8, u8, &[u8], Arrivals)> {
        self.days
            .iter()
            .map(|((mode, segment, token), day)| (*mode, *segment, token_text(token), day.arrivals))
    }

    /// Packets without a number, as those of indices are.
    #[must_use]
    pub const fn unnumbered(&self) -> u64 {
        self.unnumbered
    }

    /// Packets of tokens beyond the 2,000 that are held.
    #[must_use]
    pub const fn untracked(&self) -> u64 {
        self.untracked
    }
}

impl Day {
    /// The first number of a day: what was before it is nobody's loss.
    fn begin(number: i64, newest: i64) -> Self {
        let arrivals = Arrivals::default();
        Self { number, newest, seen: u64::MAX, other: None, arrivals }
    }

    /// Notes a number of some day, and takes up that day if the packet before was of it as well.
    fn note_of(&mut self, number: i64, sequence: i64) {
        if number == self.number {
            self.other = None;
            return self.note(sequence);
        }
        match self.other {
            Some((other, first)) if other == number => {
                *self = Self { arrivals: self.arrivals, ..Self::begin(number, first) };
                self.note(sequence);
            }
            _ => self.other = Some((number, sequence)),
        }
    }

    fn note(&mut self, sequence: i64) {
        let ahead = sequence.wrapping_sub(self.newest);
        if sequence > self.newest {
            let step = ahead.unsigned_abs();
            let skipped = step - 1;
            self.arrivals.gaps += u64::from(skipped > 0);
            self.arrivals.missing = self.arrivals.missing.saturating_add(skipped);
            // The former newest moves into the window, behind the numbers that were skipped.
            let shifted = if step < WINDOW { self.seen << step } else { 0 };
            let former = if step <= WINDOW { 1 << (step - 1) } else { 0 };
            (self.seen, self.newest) = (shifted | former, sequence);
            return;
        }
        let behind = ahead.unsigned_abs();
        if behind == 0 {
            self.arrivals.duplicates += 1;
        } else if behind > WINDOW {
            self.arrivals.out_of_order += 1;
        } else if self.seen & (1 << (behind - 1)) != 0 {
            self.arrivals.duplicates += 1;
        } else {
            self.seen |= 1 << (behind - 1);
            self.arrivals.out_of_order += 1;
            self.arrivals.missing = self.arrivals.missing.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::{ExchangeType, FromZeros as _, IntoBytes as _, Ltp, Mode, decode};

    fn note(sequences: &mut Sequences, token: &str, sequence: i64, day: i64) {
        let mut packet = Ltp::new_zeroed();
        packet.mode = 1;
        packet.exchange_type = 2;
        packet.token = token_field(token).expect("short");
        packet.sequence.set(sequence);
        packet.exchange_ts_ms.set(day * DAY_MS);
        sequences.note(&decode(packet.as_bytes()).expect("a packet"));
    }

    fn after(numbers: &[i64]) -> Arrivals {
        let mut sequences = Sequences::default();
        numbers.iter().for_each(|&number| note(&mut sequences, "7", number, 3));
        sequences.total()
    }

    #[test]
    fn gaps_repeats_and_late_packets_are_told_apart() {
        let clean = Arrivals { packets: 3, ..Arrivals::default() };
        assert_eq!(after(&[5, 6, 7]), clean);
        assert_eq!(after(&[5, 8]), Arrivals { packets: 2, gaps: 1, missing: 2, ..clean });
        assert_eq!(after(&[5, 6, 6]), Arrivals { duplicates: 1, ..clean });
        let late = Arrivals { gaps: 1, out_of_order: 1, ..clean };
        assert_eq!(after(&[5, 7, 6]), late);
        assert_eq!(after(&[5, 7, 6, 6]), Arrivals { packets: 4, duplicates: 1, ..late });
        assert_eq!(after(&[1, 200, 1]).out_of_order, 1, "beyond the window");
    }

    #[test]
    fn each_token_has_its_own_numbers_and_an_index_has_none() {
        let mut sequences = Sequences::default();
        for number in 1..=3 {
            note(&mut sequences, "1", number, 3);
            note(&mut sequences, "2", number * 100, 3);
            note(&mut sequences, "26000", 0, 3);
        }
        assert_eq!((sequences.total().packets, sequences.unnumbered()), (6, 3));
        let gaps: Vec<_> =
            sequences.each().map(|(.., token, found)| (token.to_vec(), found.gaps)).collect();
        assert_eq!(gaps, [(b"1".to_vec(), 0), (b"2".to_vec(), 2)]);
    }

    #[test]
    fn numbers_begin_anew_each_day_and_counts_go_on() {
        let mut sequences = Sequences::default();
        for (number, day) in [(900, 3), (902, 3), (1, 4), (2, 4)] {
            note(&mut sequences, "1", number, day);
        }
        let expected = Arrivals { packets: 4, gaps: 1, missing: 1, ..Arrivals::default() };
        assert_eq!(sequences.total(), expected);
    }

    #[test]
    fn a_packet_of_an_older_day_is_not_judged_against_todays_numbers() {
        let mut sequences = Sequences::default();
        for (number, day) in [(10, 4), (900, 3), (11, 4), (901, 3), (12, 4)] {
            note(&mut sequences, "1", number, day);
        }
        assert_eq!(sequences.total(), Arrivals { packets: 5, ..Arrivals::default() });
    }

    #[test]
    fn one_packet_of_the_far_future_does_not_end_the_checks() {
        for noise in [0, 1] {
            let mut sequences = Sequences::default();
            let days = [(10, 3), (11, 30_000), (12, 3), (1, 4), (2, 4), (4, 4)];
            for &(number, day) in &days[noise..] {
                note(&mut sequences, "1", number, day);
            }
            let found = sequences.total();
            assert_eq!(found.gaps, 2 - noise as u64, "of today, and over the packet of no day");
            assert_eq!(found.out_of_order + found.duplicates, 0);
        }
    }

    #[test]
    fn what_is_subscribed_again_begins_anew_and_counts_go_on() {
        let mut sequences = Sequences::default();
        let exchange_type = ExchangeType::NSE_FO;
        let one = Subscription { mode: Mode::Ltp, exchange_type, token: "1".to_owned() };
        [5, 7].iter().for_each(|&number| note(&mut sequences, "1", number, 3));
        sequences.forget(&one);
        assert_eq!(sequences.each().count(), 0);
        [500, 501].iter().for_each(|&number| note(&mut sequences, "1", number, 3));
        let expected = Arrivals { packets: 4, gaps: 1, missing: 1, ..Arrivals::default() };
        assert_eq!(sequences.total(), expected);
    }

    #[test]
    fn tokens_beyond_the_limit_are_counted_and_take_no_memory() {
        let mut sequences = Sequences::default();
        for token in 0..MOST_TOKENS + 5 {
            note(&mut sequences, &token.to_string(), 1, 3);
        }
        assert_eq!(sequences.each().count(), MOST_TOKENS);
        assert_eq!(sequences.untracked(), 5);
    }

    proptest! {
        #[test]
        fn counts_agree_with_a_set_of_all_numbers(numbers in prop::collection::vec(1_i64..60, 1..200)) {
            let (mut seen, mut newest) = (std::collections::BTreeSet::new(), 0);
            let mut expected = Arrivals { packets: numbers.len() as u64, ..Arrivals::default() };
            for &number in &numbers {
                let first = seen.is_empty();
                if first {
                    // What was before the first is taken as seen.
                    seen.extend(1..number);
                } else if number > newest + 1 {
                    expected.gaps += 1;
                }
                if !seen.insert(number) {
                    expected.duplicates += 1;
                } else if number < newest {
                    expected.out_of_order += 1;
                }
                newest = newest.max(number);
            }
            expected.missing = newest as u64 - seen.len() as u64;
            prop_assert_eq!(after(&numbers), expected);
        }
    }
}
