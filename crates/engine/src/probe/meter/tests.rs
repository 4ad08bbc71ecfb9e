//! What the meter's tests know.

use std::cell::Cell;

use super::*;
use crate::tick_path::broker::Tick;
use crate::tick_path::trader::Decision;

/// A clock that a test turns by hand; one count is two nanoseconds.
#[derive(Clone, Default)]
struct Hand(Cell<u64>);

impl Counter for Hand {
    fn raw(&self) -> u64 {
        self.0.get()
    }

    fn nanos(&self, from: u64, till: u64) -> u64 {
        (till - from) * 2
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
        meter.counter.0.set(meter.counter.0.get() + wait);
        meter.mark(&mut trace, *stage);
    }
    meter.file(trace, &FILED);
}

fn from_feed(wait: u64) -> Vec<(Stage, u64)> {
    Stage::ALL.into_iter().filter(|stage| *stage >= Stage::Feed).map(|s| (s, wait)).collect()
}

#[test]
fn stages_are_contiguous_and_add_up_to_the_total() {
    let mut meter = Meter::new(Hand(Cell::new(130)), Stage::Framing, 10);
    walk(&mut meter, Stamps::read(100, 130), &from_feed(5));
    let stages: Vec<u64> =
        meter.source_stages().filter_map(|stage| meter.stage(stage).max()).collect();
    assert_eq!(stages, [60, 10, 10, 10, 10, 10, 10]);
    assert_eq!(meter.total().max(), Some(120));
    let groups = [Group::Pre, Group::Post].map(|group| meter.group(group).max());
    assert_eq!(groups, [Some(90), Some(30)]);
    let stamps = meter.records()[0].stamps;
    let parts: u64 = meter.source_stages().filter_map(|s| meter.stage_ns(&stamps, s)).sum();
    assert_eq!(parts, meter.total_ns(&stamps));
}

#[test]
fn a_stage_that_was_not_marked_holds_fewer_samples_than_were_filed() {
    let mut meter = Meter::new(Hand(Cell::new(130)), Stage::Framing, 10);
    let without: Vec<_> =
        from_feed(5).into_iter().filter(|(stage, _)| *stage != Stage::Signal).collect();
    walk(&mut meter, Stamps::read(100, 130), &without);
    assert_eq!(meter.filed(), 1);
    assert_eq!(meter.stage(Stage::Signal).count(), 0);
    assert_eq!(meter.stage(Stage::Indicators).count(), 1);
}

#[test]
fn keeps_no_more_records_than_were_reserved_and_counts_all() {
    let mut meter = Meter::new(Hand(Cell::new(1)), Stage::Broker, 3);
    let room = meter.records.capacity();
    for _ in 0..room + 5 {
        let start = Stamps::tick(meter.counter.raw());
        walk(&mut meter, start, &from_feed(1)[1..]);
    }
    assert_eq!(meter.records().len(), room);
    assert_eq!(meter.records.capacity(), room, "never grows");
    assert_eq!(meter.filed(), room as u64 + 5);
    assert_eq!(meter.stage(Stage::Position).count(), room as u64 + 5);
}

#[test]
fn keeps_the_slowest_ticks_whole() {
    let mut meter = Meter::new(Hand(Cell::new(1)), Stage::Broker, 0);
    for wait in (1..=100).rev().chain(101..=200) {
        let start = Stamps::tick(meter.counter.raw());
        walk(&mut meter, start, &[(Stage::Broker, wait), (Stage::Position, 0)]);
    }
    let totals: Vec<u64> = meter.worst().iter().map(|(total, _)| *total).collect();
    assert_eq!(totals, (169..=200).rev().map(|wait| wait * 2).collect::<Vec<_>>());
}
