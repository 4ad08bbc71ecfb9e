//! Which sequence numbers of the day were seen: duplicates are told from late packets exactly.

/// What a sequence number says about its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first one, the next one, or 0, which has no meaning.
    Fresh,
    /// Higher than all before it, and not the next one.
    Ahead {
        /// The numbers between; late packets may still bring them.
        missing: u64,
    },
    /// Lower than an earlier one, and not seen before.
    Late,
    /// Seen before.
    Duplicate,
}

/// A run of neighbouring numbers, both ends included.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: i64,
    last: i64,
}

/// The numbers of one day as sorted runs.
///
/// Numbers that rise by one extend the last run, so a clean feed needs one comparison a packet. The
/// memory is reserved at the start. When a day has more gaps than it holds, its oldest runs are
/// joined: a late packet from between them would then count as a duplicate.
#[derive(Clone, Debug)]
pub struct SequenceMemory {
    runs: Vec<Run>,
}

/// Gaps that one day can have before the oldest are joined; 2 MiB, touched only as they come.
const MOST_RUNS: usize = 131_072;
/// How many of the oldest runs are joined then.
const JOINED_RUNS: usize = MOST_RUNS / 4;

impl Default for SequenceMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl SequenceMemory {
    /// Remembers nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { runs: Vec::with_capacity(MOST_RUNS) }
    }

    /// Starts a new day.
    pub fn forget(&mut self) {
        self.runs.clear();
    }

    /// Judges a number and remembers it.
    #[inline]
    pub fn note(&mut self, sequence: i64) -> Verdict {
        if sequence == 0 {
            return Verdict::Fresh;
        }
        match self.runs.last_mut() {
            Some(run) if sequence == run.last.wrapping_add(1) && sequence > run.last => {
                run.last = sequence;
                Verdict::Fresh
            }
            Some(run) if sequence <= run.last => self.note_late(sequence),
            Some(run) => {
                let missing = sequence.abs_diff(run.last) - 1;
                self.insert(self.runs.len(), sequence);
                Verdict::Ahead { missing }
            }
            None => {
                self.insert(0, sequence);
                Verdict::Fresh
            }
        }
    }

    /// A number that is not above all others: a duplicate, or it fills a gap.
    fn note_late(&mut self, sequence: i64) -> Verdict {
        let place = self.runs.partition_point(|run| run.last < sequence);
        let before = place.checked_sub(1).and_then(|before| self.runs.get(before)).copied();
        let Some(after) = self.runs.get_mut(place) else { return Verdict::Duplicate };
        if after.first <= sequence {
            return Verdict::Duplicate;
        }
        let joins_before = before.is_some_and(|run| run.last.wrapping_add(1) == sequence);
        let joins_after = sequence.wrapping_add(1) == after.first;
        match (joins_before, joins_after) {
            (_, true) => {
                after.first = before.filter(|_| joins_before).map_or(sequence, |run| run.first);
                if joins_before {
                    self.runs.remove(place - 1);
                }
            }
            (true, false) => {
                if let Some(run) = self.runs.get_mut(place - 1) {
                    run.last = sequence;
                }
            }
            (false, false) => self.insert(place, sequence),
        }
        Verdict::Late
    }

    fn insert(&mut self, place: usize, sequence: i64) {
        let mut place = place;
        if self.runs.len() == MOST_RUNS {
            // Many at once, so that a feed full of gaps pays for it rarely.
            let joined = self.runs.drain(1..JOINED_RUNS).next_back();
            if let (Some(oldest), Some(joined)) = (self.runs.first_mut(), joined) {
                oldest.last = joined.last;
            }
            place = place.saturating_sub(JOINED_RUNS - 1);
        }
        self.runs.insert(place, Run { first: sequence, last: sequence });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn judges_like_a_set_of_all_numbers(numbers in prop::collection::vec(-3i64..60, 1..400)) {
            let mut memory = SequenceMemory::new();
            let mut seen = BTreeSet::new();
            for number in numbers {
                let expected = match seen.last() {
                    _ if number == 0 => Verdict::Fresh,
                    _ if seen.contains(&number) => Verdict::Duplicate,
                    Some(highest) if number < *highest => Verdict::Late,
                    Some(highest) if number > *highest + 1 => {
                        Verdict::Ahead { missing: (number - *highest - 1) as u64 }
                    }
                    _ => Verdict::Fresh,
                };
                prop_assert_eq!(memory.note(number), expected, "number {}", number);
                if number != 0 {
                    seen.insert(number);
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_scale_do_not_wrap() {
        let mut memory = SequenceMemory::new();
        assert_eq!(memory.note(i64::MAX), Verdict::Fresh);
        assert_eq!(memory.note(i64::MIN), Verdict::Late);
        assert_eq!(memory.note(i64::MAX), Verdict::Duplicate);
        assert_eq!(memory.note(i64::MIN), Verdict::Duplicate);
        let mut memory = SequenceMemory::new();
        assert_eq!(memory.note(i64::MIN), Verdict::Fresh);
        assert_eq!(memory.note(i64::MAX), Verdict::Ahead { missing: u64::MAX - 1 });
    }

    #[test]
    fn more_gaps_than_it_holds_join_the_oldest() {
        let mut memory = SequenceMemory::new();
        let most = MOST_RUNS as i64;
        assert_eq!(memory.note(2), Verdict::Fresh);
        for number in 2..=most + 1 {
            assert_eq!(memory.note(number * 2), Verdict::Ahead { missing: 1 });
        }
        assert_eq!(memory.runs.capacity(), MOST_RUNS, "never grows");
        assert_eq!(memory.note(3), Verdict::Duplicate, "from the joined runs");
        assert_eq!(memory.note(most * 2 + 1), Verdict::Late, "from a gap that is remembered");
    }
}
