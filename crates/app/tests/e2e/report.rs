//! `report`: the page and the trace of a run made again from its folder, and folders it cannot use.

use serde_json::Value;

use crate::common::{WIDE_TARGETS, World, fixture};

/// Runs a command into `run`, and takes away what `report` can make again.
fn ran(world: &World, command: &str, page: &str) -> [Vec<u8>; 2] {
    let args = command.split(' ').chain(["--quiet", "--out", "run"]);
    world.run(args.chain(WIDE_TARGETS)).assert_status(0);
    [page, "trace.json"].map(|name| {
        let path = world.path(&format!("run/{name}"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        std::fs::remove_file(path).expect("removed");
        bytes
    })
}

fn check_made_again(command: &str, page: &str) -> World {
    let world = World::new();
    let before = ran(&world, command, page);
    let ended = world.run(["report", "run"]);
    ended.assert_status(0);
    for (name, before) in [page, "trace.json"].into_iter().zip(before) {
        let path = world.path(&format!("run/{name}"));
        assert!(std::fs::read(path).expect(name) == before, "{name} of {command} differs");
        assert!(ended.err.contains(&format!("wrote run/{name}")), "{}", ended.err);
    }
    world
}

#[test]
fn the_page_of_perf_is_made_again_to_the_byte() {
    let world = check_made_again("perf --ticks 1500 --settle 20 --rate max", "report.html");
    let trace: Value = world.json("run/trace.json");
    let events = trace["traceEvents"].as_array().expect("events");
    let number = |event: &Value, name: &str| event[name].as_f64().expect("a number");
    let slices: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    let ticks: Vec<&&Value> =
        slices.iter().filter(|slice| slice["args"]["total_ns"].is_u64()).collect();
    assert_eq!(ticks.len(), 1500);
    assert!(slices.is_sorted_by(|a, b| number(a, "ts") <= number(b, "ts")), "time runs backwards");
    for tick in &ticks {
        let slice = (number(tick, "dur") * 1000.0).round() as u64;
        let waited = tick["args"]["waited_ns"].as_u64().expect("ns");
        assert_eq!(Some(slice + waited), tick["args"]["total_ns"].as_u64(), "{tick}");
    }
    // The thread does one thing at a time, whatever came with one read.
    let ends = |tick: &Value| number(tick, "ts") + number(tick, "dur");
    assert!(ticks.is_sorted_by(|a, b| ends(a) <= number(b, "ts") + 1e-6), "slices overlap");
    let worst = slices.iter().filter(|slice| slice["args"]["worst"].is_u64()).count();
    assert_eq!(worst, 32);
}

#[test]
fn with_json_the_files_that_were_made_are_named_on_stdout() {
    let world = World::new();
    let _ = ran(&world, "perf --ticks 120 --settle 0 --rate max", "report.html");
    let ended = world.run(["report", "run", "--json", "--quiet"]);
    ended.assert_status(0);
    let printed: Value = serde_json::from_str(&ended.out).expect("one JSON document");
    let written = ["run/report.html", "run/trace.json"];
    assert_eq!(printed, serde_json::json!({ "schema": 1, "written": written }));
    assert_eq!(ended.err, "");
}

#[test]
fn the_page_of_trade_lies_beside_its_results() {
    let world = check_made_again("trade --rate max", "latency.html");
    assert!(world.text("run/report.html").contains("Key figures"));
    let side = &world.json("run/report.json")["side"];
    assert_eq!(side["recorder"]["dropped"], 0);
    let units = ["recorder", "traces", "snapshots"].map(|ring| side[ring]["unit"].as_str());
    assert_eq!(units, ["bytes", "ticks", "snapshots"].map(Some));
    assert!(world.text("run/latency.html").contains("<td>recorder</td>"));
}

#[test]
fn the_page_of_a_traced_replay_lies_beside_its_results() {
    let file = fixture("ticks/rw_calm.csv");
    let command = format!("replay {} --trace", file.to_str().expect("a name"));
    let world = check_made_again(&command, "latency.html");
    assert!(world.text("run/latency.html").contains("a replay has no socket"));
}

#[test]
fn a_folder_that_cannot_be_reported_is_told_with_what_to_do() {
    let world = World::new();
    let failed = |words: &[&str]| {
        let ended = world.run(["report", "run"]);
        ended.assert_failure(5, words);
        ended.assert_failure(5, &["error: ", "hint: "]);
    };
    failed(&["cannot read run/report.json: No such file"]);
    let _ = ran(&world, "perf --ticks 120 --settle 0 --rate max", "report.html");
    let report = world.text("run/report.json");
    world.write("run/report.json", &report.replacen("\"schema\": ", "\"schema\": 9", 1));
    failed(&["run/report.json: it has the form 9"]);
    world.write("run/report.json", &report[..report.len() / 2]);
    failed(&["cannot read run/report.json"]);
    world.write("run/report.json", &report);
    world.write("run/ticks.parquet", "PAR1 and nothing else");
    failed(&["cannot read run/ticks.parquet"]);
    assert!(!world.path("run/report.html").exists(), "nothing is written");
}
