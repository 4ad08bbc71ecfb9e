//! The board: the newest view of a run, for any number of readers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use engine::probe::{Counter, Group, Ladder, Meter};

use super::rings::Snapshot;
use crate::measured::Words;
use crate::report::{Figures, StageFigures, stages};

/// The highest value of each bucket that is shown: one below each power of two from 16 ns to 8.6 s,
/// since there the histogram's own steps end.
pub(super) fn edges() -> impl Iterator<Item = u64> {
    (4..=33).map(|power| (1 << power) - 1)
}

/// How a ring between the tick thread and side work does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RingView {
    pub(crate) name: &'static str,
    pub(crate) capacity: u64,
    pub(crate) max_depth: u64,
    pub(crate) dropped: u64,
}

/// One histogram, cumulative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buckets {
    /// How many values do not exceed each of [`edges`].
    pub(crate) at_most: Vec<u64>,
    pub(crate) count: u64,
    pub(crate) sum_ns: u128,
}

impl Buckets {
    pub(super) fn of(ladder: &Ladder) -> Self {
        let mut steps = ladder.steps().peekable();
        let mut seen = 0;
        let at_most = edges().map(|edge| {
            while let Some((_, count)) = steps.next_if(|(highest, _)| *highest <= edge) {
                seen += count;
            }
            seen
        });
        Self { at_most: at_most.collect(), count: ladder.count(), sum_ns: ladder.sum() }
    }
}

/// A run at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// Since the run began.
    pub(crate) elapsed_ns: u64,
    pub(crate) snapshot: Snapshot,
    pub(crate) stages: Vec<StageFigures>,
    pub(crate) total: Option<Figures>,
    /// From the scheduled leaving of a packet to its decision; of the sandbox only.
    pub(crate) age: Option<Figures>,
    pub(crate) age_buckets: Option<Buckets>,
    /// Since the last frame was read, when the view was made.
    pub(crate) since_last_ns: Option<u64>,
    /// Each stage's name and histogram; every tick is in all of them.
    pub(crate) stage_buckets: Vec<(&'static str, Buckets)>,
    /// `pre` and `post`: sums of stages.
    pub(crate) group_buckets: Vec<(&'static str, Buckets)>,
    pub(crate) total_buckets: Option<Buckets>,
    pub(crate) rings: Vec<RingView>,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) cpu_seconds: Option<f64>,
}

impl View {
    /// The figures of a meter; the rest is the caller's.
    pub(super) fn of<C: Counter>(meter: &Meter<C>) -> Self {
        let one = |stage| (engine::probe::Stage::name(stage), Buckets::of(meter.stage(stage)));
        let group = |group: Group| (group.name(), Buckets::of(meter.group(group)));
        Self {
            stages: stages(meter),
            total: Some(Figures::of(meter.total())),
            stage_buckets: meter.source_stages().map(one).collect(),
            group_buckets: [Group::Pre, Group::Post].map(group).into(),
            total_buckets: Some(Buckets::of(meter.total())),
            ..Self::default()
        }
    }
}

/// So many messages are kept.
const MESSAGES: usize = 20;

/// The newest view; cheap to copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    view: Arc<Mutex<Arc<View>>>,
    heard: Arc<Mutex<Heard>>,
}

/// What the stream had to say.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// The newest state of the connection; empty before the first.
    pub(super) connection: String,
    /// The newest messages, oldest first.
    pub(super) messages: VecDeque<String>,
}

impl Board {
    pub(super) fn put_up(&self, view: View) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// Keeps what the stream had to say for whoever looks.
    pub(crate) fn hear(&self, words: &Words) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = &words.connection {
            heard.connection.clone_from(connection);
        }
        if heard.messages.len() == MESSAGES {
            heard.messages.pop_front();
        }
        heard.messages.push_back(words.message.clone());
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_exact_at_their_edges() {
        let mut ladder = Ladder::new();
        for value in [1, 15, 16, 31, 2047, 2048, 4095, 4096, 1 << 40] {
            ladder.record(value);
        }
        let buckets = Buckets::of(&ladder);
        let at = |edge: u64| {
            let place = edges().position(|one| one == edge).expect("an edge");
            buckets.at_most[place]
        };
        assert_eq!([at(15), at(31), at(63), at(2047), at(4095), at(8191)], [2, 4, 4, 5, 7, 8]);
        assert_eq!((buckets.at_most.last(), buckets.count), (Some(&8), 9), "beyond all edges");
    }
}
