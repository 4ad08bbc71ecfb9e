//! The probe that measures: stamps into a trace, finished traces into histograms and a reserved list.

use super::{Filed, Group, Ladder, Probe, Stage};

/// The clock and the witness that a meter is given; the engine has none of its own.
pub trait Counter {
    /// The counter now.
    fn raw(&self) -> u64;

    /// Nanoseconds from one reading to a later one.
    fn nanos(&self, from: u64, till: u64) -> u64;

    /// What has happened to the calling thread so far; `None` where nobody knows. It may be slow.
    fn disturbances(&self) -> Option<Disturbances>;
}

/// What the system did to a thread besides running it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disturbances {
    /// Pages that had to be brought in first.
    pub page_faults: u64,
    /// Times that the processor was taken away.
    pub involuntary_switches: u64,
}

impl Disturbances {
    /// What has been added since an earlier look.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            page_faults: self.page_faults.saturating_sub(before.page_faults),
            involuntary_switches: self
                .involuntary_switches
                .saturating_sub(before.involuntary_switches),
        }
    }
}

/// Readings of the counter at the stage boundaries; 0 = not taken.
///
/// Shape: stage `i` runs from stamp `i` to stamp `i + 1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps([u64; Stage::ALL.len() + 1]);

impl Stamps {
    /// A trace begun where the bytes were read: the kernel received them, if that is known and not
    /// later than the next, the read call returned, the payload was a slice.
    #[must_use]
    #[inline]
    pub fn read(kernel: Option<u64>, read: u64, framed: u64) -> Self {
        Self([kernel.unwrap_or_default(), read, framed, 0, 0, 0, 0, 0, 0])
    }

    /// A trace begun with a decoded tick, as replay does.
    #[must_use]
    #[inline]
    pub const fn tick(now: u64) -> Self {
        Self([0, 0, 0, now, 0, 0, 0, 0, 0])
    }

    /// The reading at which a stage ended.
    #[must_use]
    #[inline]
    pub const fn end(&self, stage: Stage) -> u64 {
        let [_, ends @ ..] = &self.0;
        ends[stage as usize]
    }

    #[inline]
    fn begin(&self, stage: Stage) -> u64 {
        self.0[stage as usize]
    }
}

/// One traced tick, kept whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// Its trace.
    pub stamps: Stamps,
    /// What it was and what came of it.
    pub filed: Filed,
}

/// One of the slowest ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worst {
    /// Nanoseconds from its first stamp to the decision.
    pub total_ns: u64,
    /// The tick, whole.
    pub record: Record,
    /// What fell into it, or into the moment before: see [`Meter::before_read`].
    pub disturbances: Option<Disturbances>,
}

/// A look at what has happened to the thread.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    at: u64,
    seen: Option<Disturbances>,
}

/// How many of the slowest ticks are kept.
const WORST: usize = 32;
/// Looks are at least this far apart: one costs a system call, and reads follow each other quickly.
const LOOK_EVERY_NS: u64 = 100_000;

/// What traces come to that lack the source's first stamp: totals with another origin are not mixed
/// with the others.
#[derive(Clone, Debug)]
struct Apart {
    /// Nanoseconds of each stage.
    stages: [u128; Stage::ALL.len()],
    pre: Ladder,
    total: Ladder,
}

/// Keeps the first traces whole as far as memory was reserved, keeps the slowest, and counts all in one
/// histogram per stage and one for the total.
///
/// A trace that is kept whole is only copied while ticks come, and counted when no more come: the
/// histograms are complete from then on. The others are counted at once.
///
/// A trace without the source's first stamp is in the histograms of the stages that it has and in that
/// of `post`, and in no other; it is none of the slowest. Where no trace has that stamp, totals
/// count from the next one.
#[derive(Clone, Debug)]
pub struct Meter<C> {
    counter: C,
    first: Stage,
    stages: [Ladder; Stage::ALL.len()],
    pre: Ladder,
    post: Ladder,
    total: Ladder,
    apart: Apart,
    filed: u64,
    records: Vec<Record>,
    /// So many of the records are in the histograms.
    counted: usize,
    worst: Vec<Worst>,
    /// Counts that a trace has to exceed to be one of the slowest, once there are enough.
    worst_floor: u64,
    /// Whether a trace had the source's first stamp.
    has_whole: bool,
    /// The last two looks, the later one first.
    looks: [Look; 2],
}

impl<C: Counter> Meter<C> {
    /// A meter whose source's first stage is `first`; `keep` records are reserved and touched here.
    #[must_use]
    pub fn new(counter: C, first: Stage, keep: usize) -> Self {
        Self {
            counter,
            first,
            stages: std::array::from_fn(|_| Ladder::new()),
            pre: Ladder::new(),
            post: Ladder::new(),
            total: Ladder::new(),
            apart: Apart {
                stages: [0; Stage::ALL.len()],
                pre: Ladder::new(),
                total: Ladder::new(),
            },
            filed: 0,
            records: touched(keep),
            counted: 0,
            worst: Vec::with_capacity(WORST),
            worst_floor: 0,
            has_whole: false,
            looks: [Look::default(); 2],
        }
    }

    /// Nanoseconds of one stage of a trace; `None` if one of its ends was not stamped.
    #[must_use]
    #[inline]
    pub fn stage_ns(&self, stamps: &Stamps, stage: Stage) -> Option<u64> {
        let origin = self.origin(stamps);
        let (begin, end) = (stamps.begin(stage), stamps.end(stage));
        // Both ends are converted from the same origin, so that the stages add up to the total exactly.
        let from_origin = |stamp| self.counter.nanos(origin, stamp);
        let between = || from_origin(end).saturating_sub(from_origin(begin));
        (begin != 0 && end != 0).then(between)
    }

    /// Nanoseconds from the source's first stamp to the decision; `None` for a trace without it.
    #[must_use]
    #[inline]
    pub fn total_ns(&self, stamps: &Stamps) -> Option<u64> {
        let first = stamps.begin(self.first);
        (first != 0).then(|| self.counter.nanos(first, stamps.end(Stage::Position)))
    }

    /// The first stamp of a trace: where the source's first one is not known, the next.
    #[inline]
    fn origin(&self, stamps: &Stamps) -> u64 {
        match stamps.begin(self.first) {
            0 => stamps.end(self.first),
            first => first,
        }
    }

    /// The source is about to be read and no tick is on its way: looks at what has happened so far.
    ///
    /// What a slow tick is told of begins at the last look before its first stamp, or at the look
    /// before that one: a tenth of a millisecond early at most while reads follow each other.
    #[inline]
    pub fn before_read(&mut self, now: u64) {
        let [last, _] = self.looks;
        if self.counter.nanos(last.at, now) >= LOOK_EVERY_NS {
            self.looks = [Look { at: now, seen: self.counter.disturbances() }, last];
        }
    }

    /// What has fallen into a tick that ends now.
    fn disturbances(&self, origin: u64) -> Option<Disturbances> {
        let [last, earlier] = self.looks;
        // It may have waited in the kernel since before the last look.
        let waited = earlier.seen.filter(|_| origin < last.at);
        let before = waited.or(last.seen)?;
        Some(self.counter.disturbances()?.since(before))
    }

    /// Counts of the clock from a trace's first stamp to its decision.
    #[inline]
    fn took(&self, stamps: &Stamps) -> u64 {
        stamps.end(Stage::Position).saturating_sub(self.origin(stamps))
    }

    #[cold]
    fn keep_worst(&mut self, record: Record) {
        let origin = self.origin(&record.stamps);
        let total_ns = self.counter.nanos(origin, origin + self.took(&record.stamps));
        let worst = Worst { total_ns, record, disturbances: self.disturbances(origin) };
        if self.worst.len() < WORST {
            self.worst.push(worst);
        } else if let Some(least) = self.worst.iter_mut().min_by_key(|worst| worst.total_ns) {
            *least = worst;
        }
        if self.worst.len() == WORST {
            let floor = self.worst.iter().map(|worst| self.took(&worst.record.stamps)).min();
            self.worst_floor = floor.unwrap_or_default();
        }
    }

    /// Puts what a trace came to into the histograms.
    #[inline]
    fn count(&mut self, trace: &Stamps) {
        let origin = self.origin(trace);
        let is_whole = trace.begin(self.first) != 0;
        let (mut begin, mut is_begun) = (0, is_whole);
        let (mut pre, mut total) = (0, 0);
        for (stage, ladder) in Stage::ALL.into_iter().zip(&mut self.stages) {
            if stage < self.first {
                continue;
            }
            let stamp = trace.end(stage);
            let is_ended = stamp != 0;
            let end = if is_ended { self.counter.nanos(origin, stamp) } else { 0 };
            if is_begun && is_ended {
                ladder.record(end.saturating_sub(begin));
                total = end;
            }
            if stage == Stage::Trader {
                pre = total;
            }
            (begin, is_begun) = (end, is_ended);
        }
        self.post.record(total.saturating_sub(pre));
        if is_whole {
            self.pre.record(pre);
            self.total.record(total);
        } else {
            self.count_apart(trace, pre, total);
        }
    }

    /// Counts what a trace without the source's first stamp came to.
    #[cold]
    fn count_apart(&mut self, stamps: &Stamps, pre: u64, total: u64) {
        for stage in self.source_stages() {
            let ns = self.stage_ns(stamps, stage).unwrap_or_default();
            if let Some(sum) = self.apart.stages.get_mut(stage as usize) {
                *sum += u128::from(ns);
            }
        }
        self.apart.pre.record(pre);
        self.apart.total.record(total);
    }
}

impl<C> Meter<C> {
    /// The stages that the source has, in order.
    pub fn source_stages(&self) -> impl Iterator<Item = Stage> + use<C> {
        let first = self.first;
        Stage::ALL.into_iter().filter(move |stage| *stage >= first)
    }

    /// The histogram of a stage.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> &Ladder {
        let [kernel_wait, framing, feed, broker, trader, indicators, signal, position] =
            &self.stages;
        match stage {
            Stage::KernelWait => kernel_wait,
            Stage::Framing => framing,
            Stage::Feed => feed,
            Stage::Broker => broker,
            Stage::Trader => trader,
            Stage::Indicators => indicators,
            Stage::Signal => signal,
            Stage::Position => position,
        }
    }

    /// A stage's part of the sum of all totals, by the ticks that have a total; `None` without one.
    #[must_use]
    pub fn share(&self, stage: Stage) -> Option<f64> {
        let apart = self.apart.stages.get(stage as usize).copied().unwrap_or_default();
        let whole = self.total.sum();
        (whole > 0).then(|| (self.stage(stage).sum() - apart) as f64 / whole as f64)
    }

    /// The histogram of a group: the sum of its stages, tick by tick.
    #[must_use]
    pub const fn group(&self, group: Group) -> &Ladder {
        match group {
            Group::Pre => &self.pre,
            Group::Post => &self.post,
        }
    }

    /// The histogram of the whole way, of the traces that have the source's first stamp.
    #[must_use]
    pub const fn total(&self) -> &Ladder {
        &self.total
    }

    /// How many traces were filed.
    #[must_use]
    pub const fn filed(&self) -> u64 {
        self.filed
    }

    /// The traces that were kept whole, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The slowest ticks, slowest first.
    #[must_use]
    pub fn worst(&self) -> Vec<Worst> {
        let mut worst = self.worst.clone();
        worst.sort_by_key(|worst| std::cmp::Reverse(worst.total_ns));
        worst
    }

    /// The clock.
    #[must_use]
    pub const fn counter(&self) -> &C {
        &self.counter
    }
}

impl<C: Counter> Probe for Meter<C> {
    type Trace = Stamps;

    #[inline]
    fn mark(&mut self, trace: &mut Stamps, stage: Stage) {
        let [_, ends @ ..] = &mut trace.0;
        ends[stage as usize] = self.counter.raw();
    }

    #[inline]
    fn file(&mut self, trace: Stamps, filed: &Filed) {
        self.filed += 1;
        let record = Record { stamps: trace, filed: *filed };
        if self.records.len() < self.records.capacity() {
            self.records.push(record);
        } else {
            self.count(&trace);
        }
        let is_whole = trace.begin(self.first) != 0;
        if is_whole && !self.has_whole {
            // The slowest so far counted from elsewhere.
            self.has_whole = true;
            self.worst.clear();
            self.worst_floor = 0;
        }
        let is_slow = self.took(&trace) > self.worst_floor || self.worst.len() < WORST;
        if is_slow && is_whole == self.has_whole {
            self.keep_worst(record);
        }
    }

    /// Counts the traces that were kept whole. Where none had the source's first stamp, the source does
    /// not have it: totals then count from the next one.
    fn conclude(&mut self) {
        while let Some(Record { stamps, .. }) = self.records.get(self.counted).copied() {
            self.count(&stamps);
            self.counted += 1;
        }
        let next = Stage::ALL.get(self.first as usize + 1).copied();
        if !self.has_whole
            && self.filed > 0
            && let Some(next) = next
        {
            (self.first, self.has_whole) = (next, true);
            std::mem::swap(&mut self.pre, &mut self.apart.pre);
            std::mem::swap(&mut self.total, &mut self.apart.total);
            self.apart.stages.fill(0);
        }
    }
}

/// An empty list whose reserved pages are all in memory, so that filling it never faults.
fn touched(keep: usize) -> Vec<Record> {
    let mut records = vec![Record::default(); keep];
    records.clear();
    records
}

#[cfg(test)]
mod tests;
