//! `[tuning]`: what is asked of the system is in force, or the run is refused before it begins.

use rustix::process::Signal;
use rustix::thread::{CpuSet, sched_getaffinity};
use serde_json::Value;

use crate::common::{Ended, WIDE_TARGETS, World};

const MEASURE: &str = "perf --ticks 120 --settle 20 --rate 2000 --out run";

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
    assert_eq!((&report["traced"], &report["incomplete"]), (&120.into(), &false.into()));
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

const TUNE: &str = "perf --tune --ticks 120 --settle 10 --rate 5000 --out run";

#[test]
fn tune_measures_every_row_as_often_and_marks_only_what_differs() {
    let world = World::new();
    let ended = world.run(TUNE.split(' '));
    ended.assert_status(0);
    assert_eq!(world.names("run"), ["tune.json"]);
    let tune = world.json("run/tune.json");
    let rows = tune["rows"].as_array().expect("rows");
    assert!((2..=8).contains(&rows.len()), "{rows:?}");
    assert_eq!(
        (&rows[0]["name"], &rows[0]["settings"]),
        (&"defaults".into(), &Value::Array(vec![]))
    );
    for row in rows {
        let rounds = row["rounds"].as_array().expect("rounds");
        assert_eq!((rounds.len(), &tune["rounds"]), (5, &5.into()));
        for name in ["total_p50_ns", "total_p99_ns", "age_p50_ns", "age_p99_ns"] {
            assert!(rounds.iter().all(|round| round[name].as_u64() > Some(0)), "{row}");
        }
        let name = row["name"].as_str().expect("a name");
        assert!(ended.out.lines().any(|line| line.starts_with(name)), "{}", ended.out);
    }
    let best = tune["best"].as_array().expect("one a figure");
    assert_eq!(best.len(), 4);
    let none = best.iter().filter(|best| best["row"].is_null()).count();
    assert_eq!(ended.out.matches("no difference seen").count(), none, "{}", ended.out);
}

#[test]
fn tune_with_json_prints_its_file() {
    let world = World::new();
    let ended = world.run(TUNE.split(' ').chain(["--json"]));
    ended.assert_status(0);
    assert!(ended.err.contains("\ntotal p50: "), "people are told on stderr: {}", ended.err);
    assert!(ended.err.contains("\ntuning.no_delay stays true: "), "{}", ended.err);
    let printed: Value = serde_json::from_str(&ended.out).expect("one JSON document");
    assert_eq!(printed, world.json("run/tune.json"));
}

#[test]
fn an_interrupted_tune_compares_the_whole_rounds_that_it_has() {
    let world = World::new();
    let mut running = world.start("perf --tune --ticks 1000 --out run".split(' '));
    running.wait_for_line("round 1 of 5");
    let ended = running.end_by(Signal::INT);
    ended.assert_failure(130, &["interrupted: 0 whole rounds"]);
    world.assert_tidy();
    let tune = world.json("run/tune.json");
    assert_eq!((&tune["interrupted"], &tune["rounds"]), (&true.into(), &0.into()));
}

#[test]
fn a_tune_whose_trial_fails_leaves_no_folder() {
    let world = World::new();
    let file = crate::common::fixture("ticks/edge_utc_timestamps.csv");
    let file = file.to_str().expect("a name");
    let ended = world.run(TUNE.split(' ').chain(["--ticks-file", file]));
    ended.assert_failure(3, &["error: nothing was traced", "hint: "]);
    assert!(!world.path("run").exists(), "the same command is not refused for its folder");
}

#[test]
fn tune_is_not_for_the_brokers_feed_and_shows_nothing_while_it_lasts() {
    let world = World::new();
    let ended = world.run(["perf", "--tune", "--live", "--token", "2:1"]);
    ended.assert_failure(2, &["--tune", "--live"]);
    for shown in [["--watch"].as_slice(), &["--metrics", "0"]] {
        let ended = world.run(["perf", "--tune"].iter().chain(shown));
        ended.assert_failure(2, &["--tune", shown[0]]);
    }
}
