//! SIGINT and SIGTERM at any moment: the end within a second, the report, and no open position.

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Ended, Running, WIDE_TARGETS, World, fixture, json, text};

/// A run that ends by itself after hours.
const LONG: &str = "perf --ticks 100000 --settle 0 --rate 50 --out run";

fn long_run(world: &World) -> Running {
    world.start(LONG.split(' '))
}

/// The status, and that the files tell an incomplete run without an open position.
fn check_interrupted(world: &World, ended: &Ended) -> (Value, Value) {
    ended.assert_failure(130, &["interrupted"]);
    let report = world.json("run/report.json");
    assert_eq!(report["incomplete"], true);
    let counted = report["counted"].as_object().expect("reasons").values();
    let counted: u64 = counted.map(|number| number.as_u64().expect("a number")).sum();
    assert_eq!(report["frames"], report["traced"].as_u64().expect("a number") + counted);
    let result = world.json("run/result.json");
    assert_eq!(result["open_position"], Value::Null);
    let last = report["timeline"]["events"].as_array().expect("events").last().expect("one");
    assert_eq!(last["kind"], "interrupted");
    let rows = world.text("run/ticks.csv").lines().count() as u64 - 1;
    assert_eq!(report["traced"], rows);
    world.assert_tidy();
    (report, result)
}

#[test]
fn as_soon_as_it_listens_for_signals_one_ends_it() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = World::new();
        let running = long_run(&world);
        running.wait_until_caught(Signal::TERM);
        let ended = running.end_by(signal);
        check_interrupted(&world, &ended);
    }
}

#[test]
fn while_it_connects_a_signal_ends_it() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = World::new();
        let mut running = long_run(&world);
        running.wait_for_line("stream connecting");
        let ended = running.end_by(signal);
        check_interrupted(&world, &ended);
    }
}

/// A recording that opens a position and then stands still for long.
fn standing_still(world: &World) -> String {
    let opening = text(&fixture("ticks/edge_open_at_eof.csv"));
    let last = opening.lines().last().expect("rows");
    let still = format!("{last}\n").repeat(20_000);
    let path = world.write("still.csv", &format!("{}\n{still}", opening.trim_end()));
    path.to_str().expect("a name").to_owned()
}

fn check_in_the_middle(signal: Signal) {
    let world = World::new();
    let file = standing_still(&world);
    let args = "perf --ticks 100000 --settle 0 --rate 500 --out run --ticks-file";
    // A missed target counts less than the interruption.
    let missed = ["--set", "performance.total_p99_us=0.001"];
    let running = world.start(args.split(' ').chain([file.as_str()]).chain(missed));
    // The position is open after the first 68 ticks.
    running.wait_until_woken(200);
    let ended = running.end_by(signal);
    let (report, result) = check_interrupted(&world, &ended);
    assert!(report["traced"].as_u64() > Some(68), "{}", report["traced"]);
    let mut golden = json(&fixture("golden/edge_open_at_eof__default.json"));
    let trades = golden["trades"].as_array_mut().expect("trades");
    let last = trades.last_mut().expect("the open one");
    assert_eq!(last["exit_reason"], "End Of Data");
    last["exit_reason"] = "Stop Requested".into();
    assert_eq!(result["trades"], golden["trades"]);
    assert_eq!(result["ending_capital"], golden["ending_capital"]);
    assert_eq!(result["counts"]["exit_reasons"]["Stop Requested"], 1);
}

#[test]
fn in_the_middle_sigint_closes_the_position_and_writes_what_was_seen() {
    check_in_the_middle(Signal::INT);
}

#[test]
fn in_the_middle_sigterm_closes_the_position_and_writes_what_was_seen() {
    check_in_the_middle(Signal::TERM);
}

#[test]
fn near_the_end_a_run_is_either_complete_or_interrupted() {
    let world = World::new();
    let args = "perf --ticks 60 --settle 0 --rate 40 --out run";
    let running = world.start(args.split(' ').chain(WIDE_TARGETS));
    running.wait_until_woken(58);
    let ended = running.end_by(Signal::INT);
    if ended.status == Some(0) {
        let report = world.json("run/report.json");
        assert_eq!((&report["traced"], &report["incomplete"]), (&60.into(), &false.into()));
    } else {
        check_interrupted(&world, &ended);
    }
}
