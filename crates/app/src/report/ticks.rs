//! The traced ticks that were kept whole, as rows for files and pages.

use engine::probe::{Counter, Meter, Record, Stage};
use engine::units::EventTime;

/// One traced tick in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TickRow {
    /// 0 where the source has none.
    pub(crate) seq: i64,
    pub(crate) exchange_time: EventTime,
    /// By [`Stage`]; `None` where the source has no such stage or this tick lacks a stamp of it.
    pub(crate) stages_ns: [Option<u64>; Stage::ALL.len()],
    /// `None` where its first stamp is not known.
    pub(crate) total_ns: Option<u64>,
    /// `None` where the scheduled time is not known.
    pub(crate) age_ns: Option<u64>,
    /// From the run's begin to the decision.
    pub(crate) at_ns: u64,
}

impl TickRow {
    /// A record of a meter in a run that began at `begin`, without its age.
    pub(crate) fn of<C: Counter>(meter: &Meter<C>, begin: u64, record: &Record) -> Self {
        let mut stages_ns = [None; Stage::ALL.len()];
        for (stage, ns) in Stage::ALL.into_iter().zip(&mut stages_ns) {
            *ns = meter.stage_ns(&record.stamps, stage);
        }
        Self {
            seq: record.filed.sequence,
            exchange_time: record.filed.tick.time,
            stages_ns,
            total_ns: meter.total_ns(&record.stamps),
            age_ns: None,
            at_ns: meter.counter().nanos(begin, record.stamps.end(Stage::Position)),
        }
    }

    /// The stages that this tick has, in order.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (Stage, u64)> + use<> {
        let stages = Stage::ALL.into_iter().zip(self.stages_ns);
        stages.filter_map(|(stage, ns)| Some((stage, ns?)))
    }
}

/// What a finished meter kept, and what is known of its ticks besides.
#[derive(Debug)]
pub(crate) struct Kept<'a, C> {
    pub(crate) meter: &'a Meter<C>,
    /// The counter's reading at the run's begin.
    pub(crate) begin: u64,
    /// In the order of the records; `None` where the source has no schedule.
    pub(crate) ages: Option<&'a [Option<u64>]>,
}

impl<'a, C: Counter> Kept<'a, C> {
    /// From the run's begin to a record's decision.
    pub(crate) fn at_ns(&self, record: &Record) -> u64 {
        self.meter.counter().nanos(self.begin, record.stamps.end(Stage::Position))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.meter.records().len()
    }

    /// When the last one was decided; 0 without one.
    pub(crate) fn last_at_ns(&self) -> u64 {
        self.meter.records().last().map_or(0, |record| self.at_ns(record))
    }

    /// All in the order of their decisions.
    pub(crate) fn rows(&self) -> impl Iterator<Item = TickRow> {
        self.meter.records().iter().enumerate().map(|(place, record)| self.row(place, record))
    }

    fn row(&self, place: usize, record: &Record) -> TickRow {
        let age_ns = self.ages.and_then(|ages| ages.get(place).copied().flatten());
        TickRow { age_ns, ..TickRow::of(self.meter, self.begin, record) }
    }
}
