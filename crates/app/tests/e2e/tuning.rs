//! `[tuning]`: what is asked of the system is in force, or the run is refused before it begins.

use rustix::thread::{CpuSet, sched_getaffinity};

use crate::common::{Ended, WIDE_TARGETS, World};

const MEASURE: &str = "perf --ticks 100 --settle 20 --rate 2000 --out run";

fn tuned(world: &World, command: &str, sets: &[&str]) -> Ended {
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    world.run(command.split(' ').chain(WIDE_TARGETS).chain(sets))
}

/// The processors on which this test may run, and so the program.
fn processors() -> Vec<usize> {
    let allowed = sched_getaffinity(None).expect("Linux says");
    (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor)).collect()
}

#[test]
fn the_report_says_what_is_in_force() {
    let world = World::new();
    let last = processors().pop().expect("one at least");
    let pin = format!("tuning.pin={last}");
    tuned(&world, MEASURE, &[&pin, "tuning.busy_poll=true", "tuning.no_delay=false"])
        .assert_status(0);
    let report = world.json("run/report.json");
    let environment = &report["environment"];
    assert_eq!(environment["pinning"], last.to_string());
    assert_eq!(environment["busy_poll"], true);
    assert_eq!(environment["no_delay"], false);
    assert_eq!(environment["locked_bytes"], 0);
    assert_eq!(report["config"]["tuning"]["pin"], last);
    assert_eq!((&report["traced"], &report["incomplete"]), (&100.into(), &false.into()));
}

#[test]
fn nothing_is_asked_of_the_system_by_default() {
    let world = World::new();
    tuned(&world, MEASURE, &[]).assert_status(0);
    let report = world.json("run/report.json");
    let environment = &report["environment"];
    let alone = matches!(processors()[..], [_]);
    assert_eq!(environment["pinning"].is_null(), !alone, "it may run wherever this test may");
    assert_eq!(environment["busy_poll"], false);
    assert_eq!(environment["no_delay"], true);
    assert_eq!(environment["locked_bytes"], 0);
}

#[test]
fn trading_spins_as_well() {
    let world = World::new();
    let file = crate::common::fixture("ticks/edge_gap_all_tps.csv");
    let file = file.to_str().expect("a name");
    let command = format!("trade --ticks-file {file} --rate max --out run");
    tuned(&world, &command, &["tuning.busy_poll=true"]).assert_status(0);
    assert_eq!(world.json("run/report.json")["environment"]["busy_poll"], true);
}

#[test]
fn a_processor_that_is_not_there_is_refused_before_anything_begins() {
    let world = World::new();
    let ended = tuned(&world, MEASURE, &["tuning.pin=1023"]);
    ended.assert_failure(2, &["error: tuning.pin = 1023", "hint: choose one of "]);
    assert!(!ended.err.contains("stream") && !world.path("run").exists(), "{}", ended.err);
}

#[test]
fn memory_is_locked_or_the_run_is_refused_with_the_limit_to_raise() {
    let world = World::new();
    let ended = tuned(&world, MEASURE, &["tuning.lock_memory=true"]);
    if ended.status == Some(0) {
        let locked = &world.json("run/report.json")["environment"]["locked_bytes"];
        assert!(locked.as_u64() > Some(1 << 20), "{locked}");
    } else {
        ended.assert_failure(2, &["error: tuning.lock_memory = true", "ulimit -l"]);
        assert!(!ended.err.contains("stream") && !world.path("run").exists(), "{}", ended.err);
    }
}
