//! A recording through sandbox, socket and trader gives the trades that an independent program computed.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{WIDE_TARGETS, World, fixture, json as read, sets, shared, text};

/// Configurations that the recording and all small files are played with.
const CONFIGURATIONS: [&str; 5] =
    ["default", "new_combined", "tight_trail_slip_fee", "blocks_multi", "all_indicators"];
/// Orders on paper that arrive at once, and later.
const LATENCIES: [&str; 2] = ["fill.latency_us=0", "fill.latency_us=1500000"];

/// Plays the ticks of a golden result through the sandbox and compares what came of it.
fn check_parity(data: &Path, folder: &str, name: &str, configuration: &str) {
    let golden = read(&data.join(format!("golden/{name}__{configuration}.json")));
    let file = data.join(format!("{folder}/{name}.csv"));
    assert!(file.is_file(), "{}: there is no such file", file.display());
    let world = World::new();
    // More ticks than there are, so that the end of the recording ends the run.
    let mut args: Vec<String> = ["perf", "--ticks", "1000000", "--settle", "0", "--rate", "max"]
        .into_iter()
        .chain(["--quiet", "--out", "run", "--ticks-file", file.to_str().expect("a name")])
        .chain(WIDE_TARGETS)
        .map(str::to_owned)
        .collect();
    args.extend(sets(golden["overrides"].as_object().expect("overrides")));
    let ended = world.run(args);
    let counts = as_carried(&golden["counts"]);
    // What lies outside the session is counted, and not traced.
    ended.assert_status(if counts["processed"] == 0 { 3 } else { 0 });
    let result = world.json("run/result.json");
    let what = format!("{name} with {configuration}");
    assert_eq!(result["trades"], golden["trades"], "{what}");
    assert_eq!(result["ending_capital"], golden["ending_capital"], "{what}");
    assert_eq!(result["open_position"], Value::Null, "{what}");
    assert_eq!(result["counts"], counts, "{what}");
    let report = world.json("run/report.json");
    assert_eq!(report["traced"], counts["processed"], "{what}");
    assert_eq!(report["incomplete"], counts["processed"] == 0, "{what}");
}

/// Golden counts without what no packet carries: rows without a time or a price stay behind, and an
/// absent volume travels as none.
fn as_carried(golden: &Value) -> Value {
    let number = |name: &str| golden[name].as_u64().expect("a number");
    let lost = number("rejected_time") + number("rejected_price");
    let mut counts = golden.clone();
    counts["ticks"] = json!(number("ticks") - lost);
    counts["rejected_ticks"] = json!(number("rejected_ticks") - lost);
    for name in ["rejected_time", "rejected_price", "volume_zeroed"] {
        counts[name] = json!(0);
    }
    counts
}

/// Whether all stamps are whole milliseconds, which is what a packet carries.
fn fits_packets(csv: &str) -> bool {
    let stamps = csv.lines().skip(1).filter_map(|line| line.split(',').next());
    let mut fractions = stamps.filter_map(|stamp| Some(stamp.split_once('.')?.1));
    fractions.all(|fraction| {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit);
        digits.skip(3).all(|digit| digit == b'0')
    })
}

/// The names of the small tick files around one boundary each.
fn edges() -> Vec<String> {
    let entries = std::fs::read_dir(fixture("ticks")).expect("the small tick files");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| fits_packets(&text(path)))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name.starts_with("edge_"))
        .collect();
    names.sort();
    assert!(names.len() >= 20, "only {names:?}");
    names
}

fn check_edges(configuration: &str) {
    for name in edges() {
        check_parity(&fixture(""), "ticks", &name, configuration);
    }
}

#[test]
fn the_small_files_through_the_sandbox_give_the_golden_trades() {
    check_edges(CONFIGURATIONS[0]);
}

#[test]
fn the_small_files_give_the_golden_trades_with_all_filters() {
    check_edges(CONFIGURATIONS[1]);
}

#[test]
fn the_small_files_give_the_golden_trades_with_slippage_and_fees() {
    check_edges(CONFIGURATIONS[2]);
}

#[test]
fn the_small_files_give_the_golden_trades_with_blocks_and_all_indicators() {
    check_edges(CONFIGURATIONS[3]);
    check_edges(CONFIGURATIONS[4]);
}

/// The file with its stamps cut to the milliseconds that a packet carries.
fn cut_to_packets(csv: &str) -> String {
    let cut = |line: &str| match line.split_once('.') {
        Some((second, rest)) if rest.find(['+', 'Z']) == Some(6) => {
            format!("{second}.{}{}\n", &rest[..3], &rest[6..])
        }
        _ => format!("{line}\n"),
    };
    csv.lines().map(cut).collect()
}

#[test]
fn twenty_thousand_ticks_through_the_sandbox_give_what_a_replay_gives() {
    let world = World::new();
    let csv = cut_to_packets(&text(&fixture("ticks/rw_calm.csv")));
    assert!(fits_packets(&csv) && csv.lines().count() == 20_001);
    world.write("ticks.csv", &csv);
    for (configuration, latency) in
        CONFIGURATIONS.iter().flat_map(|name| LATENCIES.map(|latency| (name, latency)))
    {
        let what = format!("{configuration} with {latency}");
        // The overrides of a configuration are the same beside every file.
        let golden = read(&fixture(&format!("golden/edge_sl_equal__{configuration}.json")));
        let mut sets = sets(golden["overrides"].as_object().expect("overrides"));
        sets.extend(["--set".to_owned(), latency.to_owned()]);
        let [live, replayed] =
            ["live", "replayed"].map(|name| format!("{configuration}-{latency}-{name}"));
        let perf =
            "perf --ticks 1000000 --settle 0 --rate max --ticks-file ticks.csv --quiet --out";
        let perf = perf.split(' ').chain([live.as_str()]).chain(WIDE_TARGETS);
        world.run(perf.chain(sets.iter().map(String::as_str))).assert_status(0);
        let replay = ["replay", "ticks.csv", "--out", &replayed].into_iter().chain(WIDE_TARGETS);
        world.run(replay.chain(sets.iter().map(String::as_str))).assert_status(0);
        let [live, replayed] =
            [live, replayed].map(|name| world.json(&format!("{name}/result.json")));
        assert_eq!(live["counts"]["processed"], 20_000, "{what}");
        assert_ne!(live["trades"], json!([]), "{what}");
        assert_eq!(live, replayed, "{what}");
    }
}

/// A replay begins with the decoded tick, also where it decodes packets.
#[track_caller]
fn assert_from_tick(report: &Value) {
    let stages = report["stages"].as_array().expect("stages");
    let names: Vec<&str> = stages.iter().filter_map(|stage| stage["name"].as_str()).collect();
    assert_eq!(names, ["broker", "trader", "indicators", "signal", "position"]);
    assert_eq!((&report["total_from"], &report["incomplete"]), (&json!("tick"), &json!(false)));
}

#[test]
fn the_recording_of_a_run_replays_to_its_trades() {
    let world = World::new();
    let csv = cut_to_packets(&text(&fixture("ticks/rw_calm.csv")));
    world.write("ticks.csv", &csv);
    for (number, set) in
        ["fill.price=last", "fill.price=touch", "fill.latency_us=1500000"].iter().enumerate()
    {
        let [live, replayed] = [format!("live{number}"), format!("replayed{number}")];
        let trade = ["trade", "--rate", "max", "--ticks-file", "ticks.csv", "--quiet"];
        let own = ["--set", set];
        let args = |out| ["--out", out].into_iter().chain(own).chain(WIDE_TARGETS);
        world.run(trade.into_iter().chain(args(live.as_str()))).assert_status(0);
        let names = world.names(&live);
        let is_packets = |name: &&String| name.ends_with("-47338.parquet");
        let recording = format!("{live}/{}", names.iter().find(is_packets).expect("recorded"));
        let replay = ["replay", recording.as_str(), "--quiet", "--trace"];
        world.run(replay.into_iter().chain(args(&replayed))).assert_status(0);
        assert_from_tick(&world.json(&format!("{replayed}/report.json")));
        let [live, replayed] =
            [live, replayed].map(|name| world.json(&format!("{name}/result.json")));
        assert_eq!(live["counts"]["processed"], 20_000, "{set}");
        assert_ne!(live["trades"], json!([]), "{set}");
        assert_eq!(live, replayed, "{set}");
    }
}

#[test]
fn with_shared_data_a_day_of_the_market_through_the_sandbox_gives_the_golden_trades() {
    let data =
        shared().expect("MYQUANT_TESTDATA is not set: `./check` skips this test and says so");
    for configuration in CONFIGURATIONS {
        check_parity(&data, "recordings", "2025-10-01_nifty-option", configuration);
    }
}
