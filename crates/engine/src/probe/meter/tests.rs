//! What the meter's tests know.

use std::cell::Cell;

use super::*;
use crate::tick_path::broker::Tick;
use crate::tick_path::trader::Decision;

/// A clock that a test turns by hand; one count is two nanoseconds. Its thread loses the processor
/// when the test says so, and each look costs a page fault.
#[derive(Clone, Default)]
struct Hand {
    now: Cell<u64>,
    switches: Cell<u64>,
    faults: Cell<u64>,
}

impl Hand {
    fn at(now: u64) -> Self {
        Self { now: Cell::new(now), ..Self::default() }
    }
}

impl Counter for Hand {
    fn raw(&self) -> u64 {
        self.now.get()
    }

    fn nanos(&self, from: u64, till: u64) -> u64 {
        (till - from) * 2
    }

    fn disturbances(&self) -> Option<Disturbances> {
        self.faults.set(self.faults.get() + 1);
        let (page_faults, involuntary_switches) = (self.faults.get(), self.switches.get());
        Some(Disturbances { page_faults, involuntary_switches })
    }
}

const FILED: Filed = Filed {
    sequence: 7,
    tick: Tick {
        time: crate::units::EventTime(1),
        price: crate::units::Paise(100),
        volume: crate::units::Qty(75),
        touch: None,
    },
    decision: Decision::Held,
};

fn walk(meter: &mut Meter<Hand>, mut trace: Stamps, ticks: &[(Stage, u64)]) {
    for (stage, wait) in ticks {
        meter.counter.now.set(meter.counter.now.get() + wait);
        meter.mark(&mut trace, *stage);
    }
    meter.file(trace, &FILED);
}

fn from_feed(wait: u64) -> Vec<(Stage, u64)> {
    Stage::ALL.into_iter().filter(|stage| *stage >= Stage::Feed).map(|s| (s, wait)).collect()
}

#[test]
fn stages_are_contiguous_and_add_up_to_the_total() {
    let mut meter = Meter::new(Hand::at(130), Stage::Framing, 10);
    walk(&mut meter, Stamps::read(None, 100, 130), &from_feed(5));
    meter.conclude();
    let stages: Vec<u64> =
        meter.source_stages().filter_map(|stage| meter.stage(stage).max()).collect();
    assert_eq!(stages, [60, 10, 10, 10, 10, 10, 10]);
    assert_eq!(meter.total().max(), Some(120));
    let groups = [Group::Pre, Group::Post].map(|group| meter.group(group).max());
    assert_eq!(groups, [Some(90), Some(30)]);
    let stamps = meter.records()[0].stamps;
    let parts: u64 = meter.source_stages().filter_map(|s| meter.stage_ns(&stamps, s)).sum();
    assert_eq!(Some(parts), meter.total_ns(&stamps));
}

#[test]
fn a_stage_that_was_not_marked_holds_fewer_samples_than_were_filed() {
    let mut meter = Meter::new(Hand::at(130), Stage::Framing, 10);
    let without: Vec<_> =
        from_feed(5).into_iter().filter(|(stage, _)| *stage != Stage::Signal).collect();
    walk(&mut meter, Stamps::read(None, 100, 130), &without);
    meter.conclude();
    assert_eq!(meter.filed(), 1);
    assert_eq!(meter.stage(Stage::Signal).count(), 0);
    assert_eq!(meter.stage(Stage::Indicators).count(), 1);
}

#[test]
fn keeps_no_more_records_than_were_reserved_and_counts_all() {
    let mut meter = Meter::new(Hand::at(1), Stage::Broker, 3);
    let room = meter.records.capacity();
    for _ in 0..room + 5 {
        let start = Stamps::tick(meter.counter.raw());
        walk(&mut meter, start, &from_feed(1)[1..]);
    }
    meter.conclude();
    assert_eq!(meter.records().len(), room);
    assert_eq!(meter.records.capacity(), room, "never grows");
    assert_eq!(meter.filed(), room as u64 + 5);
    assert_eq!(meter.stage(Stage::Position).count(), room as u64 + 5);
}

#[test]
fn a_trace_is_counted_once_whether_it_was_kept_or_not() {
    let counted = |keep| {
        let mut meter = Meter::new(Hand::at(130), Stage::KernelWait, keep);
        for wait in 1..=20 {
            meter.counter.now.set(130);
            let kernel = (wait % 3 > 0).then_some(70);
            walk(&mut meter, Stamps::read(kernel, 100, 130), &from_feed(wait));
        }
        meter.conclude();
        meter.conclude();
        let all = Stage::ALL.map(|stage| meter.stage(stage)).into_iter();
        let all = all.chain([Group::Pre, Group::Post].map(|group| meter.group(group)));
        let steps = |ladder: &Ladder| ladder.steps().collect::<Vec<_>>();
        let steps: Vec<_> = all.chain([meter.total()]).map(steps).collect();
        let shares = Stage::ALL.map(|stage| meter.share(stage));
        let worst: Vec<u64> = meter.worst().iter().map(|worst| worst.total_ns).collect();
        (meter.filed(), steps, shares, worst)
    };
    let [none, some, all] = [0, 7, 20].map(counted);
    assert_eq!(none.0, 20);
    assert!(none == some && some == all);
}

#[test]
fn keeps_the_slowest_ticks_whole() {
    let mut meter = Meter::new(Hand::at(1), Stage::Broker, 0);
    for wait in (1..=100).rev().chain(101..=200) {
        let start = Stamps::tick(meter.counter.raw());
        walk(&mut meter, start, &[(Stage::Broker, wait), (Stage::Position, 0)]);
    }
    let totals: Vec<u64> = meter.worst().iter().map(|worst| worst.total_ns).collect();
    assert_eq!(totals, (169..=200).rev().map(|wait| wait * 2).collect::<Vec<_>>());
}

#[test]
fn a_tick_whose_first_stamp_is_not_known_is_in_its_stages_and_in_no_total() {
    let mut meter = Meter::new(Hand::at(130), Stage::KernelWait, 10);
    walk(&mut meter, Stamps::read(Some(70), 100, 130), &from_feed(5));
    meter.counter.now.set(130);
    walk(&mut meter, Stamps::read(None, 100, 130), &from_feed(5));
    meter.conclude();
    assert_eq!((meter.stage(Stage::KernelWait).count(), meter.filed()), (1, 2));
    assert_eq!(meter.stage(Stage::KernelWait).max(), Some(60));
    assert_eq!(meter.stage(Stage::Framing).count(), 2);
    assert_eq!((meter.total().count(), meter.total().max()), (1, Some(180)));
    let groups = [Group::Pre, Group::Post].map(|group| meter.group(group).count());
    assert_eq!(groups, [1, 2], "what follows does not depend on where a total begins");
    assert_eq!(meter.worst().len(), 1);
    let shares: f64 = meter.source_stages().filter_map(|stage| meter.share(stage)).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    for (record, (whole, total)) in meter.records().iter().zip([(8, Some(180)), (7, None)]) {
        let stages = meter.source_stages();
        let parts: Vec<u64> =
            stages.filter_map(|stage| meter.stage_ns(&record.stamps, stage)).collect();
        assert_eq!((parts.len(), meter.total_ns(&record.stamps)), (whole, total));
        assert!(total.is_none_or(|total| total == parts.iter().sum::<u64>()));
    }
    assert_eq!(meter.source_stages().count(), 8, "the source has that stamp");
}

#[test]
fn the_slowest_ticks_all_count_from_the_same_stamp() {
    let mut meter = Meter::new(Hand::at(130), Stage::KernelWait, 0);
    for (kernel, wait) in [(None, 500), (Some(70), 5), (None, 900), (Some(70), 6)] {
        meter.counter.now.set(130);
        walk(&mut meter, Stamps::read(kernel, 100, 130), &from_feed(wait));
    }
    let totals: Vec<u64> = meter.worst().iter().map(|worst| worst.total_ns).collect();
    assert_eq!(totals, [192, 180]);
}

#[test]
fn where_no_tick_has_the_first_stamp_totals_count_from_the_next() {
    let mut meter = Meter::new(Hand::at(130), Stage::KernelWait, 10);
    for wait in [5, 6] {
        meter.counter.now.set(130);
        walk(&mut meter, Stamps::read(None, 100, 130), &from_feed(wait));
    }
    meter.conclude();
    let stages: Vec<Stage> = meter.source_stages().collect();
    assert_eq!(stages.first(), Some(&Stage::Framing));
    assert!(stages.iter().all(|stage| meter.stage(*stage).count() == 2));
    assert_eq!((meter.total().max(), meter.total().min()), (Some(132), Some(120)));
    assert_eq!(meter.group(Group::Pre).count(), 2);
    assert_eq!(meter.worst().first().map(|worst| worst.total_ns), Some(132));
    let shares: f64 = stages.iter().filter_map(|stage| meter.share(*stage)).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    assert_eq!(meter.total_ns(&meter.records()[0].stamps), Some(120));
}

/// What a tick that begins at `kernel` and ends at once is told of.
fn told(meter: &mut Meter<Hand>, kernel: u64) -> Option<Disturbances> {
    let now = meter.counter.raw();
    walk(meter, Stamps::read(Some(kernel), now, now), &from_feed(0));
    let last = meter.worst.last().expect("the first ticks are all kept");
    last.disturbances
}

#[test]
fn a_slow_tick_knows_what_happened_since_the_look_before_its_first_stamp() {
    let mut meter = Meter::new(Hand::at(1_000_000), Stage::KernelWait, 0);
    assert_eq!(told(&mut meter, 1_000_000), None, "nobody has looked yet");
    assert_eq!(meter.counter.faults.get(), 0, "and a replay never does");
    meter.before_read(1_000_000);
    meter.counter.switches.set(1);
    let one = Some(Disturbances { page_faults: 1, involuntary_switches: 1 });
    assert_eq!(told(&mut meter, 1_000_000), one);
    meter.before_read(1_000_000 + LOOK_EVERY_NS / 2 - 1);
    assert_eq!(meter.counter.faults.get(), 2, "it is too early for another look");
    meter.before_read(1_000_000 + LOOK_EVERY_NS / 2);
    assert_eq!(meter.counter.faults.get(), 3);
    meter.counter.now.set(1_100_000);
    let none = Some(Disturbances { page_faults: 1, involuntary_switches: 0 });
    assert_eq!(told(&mut meter, 1_000_000 + LOOK_EVERY_NS / 2), none);
    let waited = told(&mut meter, 1_000_000 + LOOK_EVERY_NS / 2 - 1);
    assert_eq!(waited.map(|fell| fell.involuntary_switches), Some(1), "it came before the look");
}
