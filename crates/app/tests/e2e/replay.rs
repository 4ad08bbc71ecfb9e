//! `replay`: the golden results from the command line, and unreadable files.

use serde_json::Value;

use crate::common::{World, fixture, json, sets, text};

fn replay_args(name: &str, configuration: &str, more: &[&str]) -> (Vec<String>, Value) {
    let golden = json(&fixture(&format!("golden/{name}__{configuration}.json")));
    let file = fixture(&format!("ticks/{name}.csv"));
    let start = ["replay", file.to_str().expect("a name"), "--out", "run"];
    let mut args: Vec<String> =
        start.into_iter().chain(more.iter().copied()).map(str::to_owned).collect();
    args.extend(sets(golden["overrides"].as_object().expect("overrides")));
    (args, golden)
}

fn assert_golden(result: &Value, golden: &Value) {
    for field in ["counts", "trades", "ending_capital"] {
        assert_eq!(result[field], golden[field], "{field}");
    }
}

#[test]
fn a_replay_gives_the_golden_result() {
    for (name, configuration) in [
        ("edge_gap_two_tps", "default"),
        ("edge_nan_price", "default"),
        ("edge_filter_180s_plus1us", "default"),
        ("rw_calm", "new_combined"),
    ] {
        let world = World::new();
        let (args, golden) = replay_args(name, configuration, &[]);
        let ended = world.run(args);
        ended.assert_status(0);
        assert!(ended.out.contains(&format!("{} trades", golden["counts"]["trades"])));
        assert_golden(&world.json("run/result.json"), &golden);
        let names = [
            "config.toml",
            "report.html",
            "result.json",
            "results.xlsx",
            "trades.csv",
            "trades.parquet",
        ];
        assert_eq!(world.names("run"), names);
    }
}

#[test]
fn with_json_stdout_is_the_result_and_nothing_else() {
    let world = World::new();
    let (args, golden) = replay_args("rw_calm", "default", &["--json"]);
    let ended = world.run(args);
    ended.assert_status(0);
    let printed: Value = serde_json::from_str(&ended.out).expect("one JSON document");
    assert_eq!(printed, world.json("run/result.json"));
    assert_golden(&printed, &golden);
    assert!(ended.err.contains("20000 ticks"), "people are told on stderr: {}", ended.err);
}

#[test]
fn tracing_changes_no_trade_and_shows_the_stages() {
    let world = World::new();
    let (args, golden) = replay_args("rw_calm", "default", &["--trace"]);
    let ended = world.run(args);
    ended.assert_status(0);
    assert_golden(&world.json("run/result.json"), &golden);
    for stage in ["broker", "trader", "indicators", "signal", "position"] {
        let line = ended.out.lines().find(|line| line.starts_with(stage)).expect(stage);
        assert!(line.contains(" 20000 "), "{line}");
    }
    assert!(!ended.out.contains("framing"), "a replay has no socket");
    let report = world.json("run/report.json");
    assert_eq!((&report["command"], &report["traced"]), (&"replay".into(), &20_000.into()));
    assert_eq!((&report["total_from"], &report["age"]), (&"tick".into(), &Value::Null));
    assert_eq!(report["source"], "rw_calm.csv");
    assert_eq!(world.text("run/ticks.csv").lines().count(), 20_001);
}

#[test]
fn a_missed_target_of_a_traced_replay_ends_with_status_1() {
    let world = World::new();
    let missed = ["--trace", "--set", "performance.total_p99_us=0.001"];
    let (args, golden) = replay_args("rw_calm", "default", &missed);
    world.run(args).assert_status(1);
    assert_golden(&world.json("run/result.json"), &golden);
}

#[test]
fn an_unreadable_recording_ends_with_status_5_and_makes_no_folder() {
    let world = World::new();
    world.write("priceless.csv", "timestamp,volume\n2025-10-06 10:00:00,75\n");
    for command in
        [["replay", "priceless.csv"].as_slice(), &["perf", "--ticks-file", "priceless.csv"]]
    {
        let ended = world.run(command.iter().copied().chain(["--json", "--out", "run"]));
        let words = ["error: priceless.csv: line 1", "price", "`timestamp,volume`", "hint: write"];
        ended.assert_failure(5, &words);
        assert_eq!(ended.out, "");
    }
    let ended = world.run(["replay", "missing.csv", "--out", "run"]);
    ended.assert_failure(5, &["error: cannot read the recording missing.csv", "hint: "]);
    assert!(!world.path("run").exists());
}

#[test]
fn files_are_taken_in_the_order_of_their_times_whatever_order_they_are_named_in() {
    let world = World::new();
    let csv = text(&fixture("ticks/rw_calm.csv"));
    let first: String = csv.lines().take(8000).map(|line| format!("{line}\n")).collect();
    let second = first.replace("2025-10-06", "2025-10-07");
    world.write("a.csv", &second);
    world.write("b.csv", &first);
    for (out, files) in [("one", ["a.csv", "b.csv"]), ("two", ["b.csv", "a.csv"])] {
        let args = ["replay", "--quiet", "--out", out].into_iter().chain(files);
        world.run(args).assert_status(0);
    }
    let [one, two] = ["one", "two"].map(|out| world.json(&format!("{out}/result.json")));
    assert_eq!(one["counts"]["days"], 2);
    assert_ne!(one["trades"], serde_json::json!([]));
    assert_eq!(one, two);
    for name in world.names("one") {
        let [one, two] = ["one", "two"].map(|out| world.lossy_text(&format!("{out}/{name}")));
        assert!(one == two, "{name} differs");
    }
}

#[test]
fn the_indicators_of_every_processed_tick_can_be_written() {
    let world = World::new();
    let file = fixture("ticks/rw_calm.csv");
    let file = file.to_str().expect("a name");
    let replay = ["replay", file, "--quiet", "--indicators", "--out", "run"];
    world.run(replay).assert_status(0);
    world.run(["replay", file, "--quiet", "--out", "plain"]).assert_status(0);
    let [with, without] = ["run", "plain"].map(|out| world.json(&format!("{out}/result.json")));
    assert_eq!(with, without, "recording indicators changes nothing");
    let ours = world.text("run/indicators.csv");
    let golden = text(&fixture("golden/indicators/rw_calm.csv"));
    assert_eq!(ours.lines().next(), golden.lines().next());
    assert_eq!(
        ours.lines().count() as u64 - 1,
        with["counts"]["processed"].as_u64().expect("a number")
    );
    let rows: std::collections::BTreeMap<&str, &str> =
        ours.lines().filter_map(|line| line.split_once(',')).collect();
    for line in golden.lines().skip(1) {
        let (index, golden) = line.split_once(',').expect("an index");
        let ours = rows.get(index).unwrap_or_else(|| panic!("no row {index}"));
        for (ours, golden) in ours.split(',').zip(golden.split(',')) {
            match (ours.parse::<f64>(), golden.parse::<f64>()) {
                (Ok(a), Ok(b)) => {
                    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{index}: {a} {b}")
                }
                _ => assert_eq!(ours, golden, "{index}"),
            }
        }
    }
}
