//! `perf` on the embedded sandbox: the table, the files, and what must add up in them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::common::{Ended, WIDE_TARGETS, World};

/// Every stage of a source that reads sockets.
const STAGES: [(&str, &str); 8] = [
    ("kernel_wait", "pre"),
    ("framing", "pre"),
    ("feed", "pre"),
    ("broker", "pre"),
    ("trader", "pre"),
    ("indicators", "post"),
    ("signal", "post"),
    ("position", "post"),
];
const TICKS: u64 = 300;

fn measured(world: &World, more: &[&str]) -> Ended {
    let args = "perf --ticks 300 --settle 50 --rate 2000 --out run".split(' ');
    world.run(args.chain(WIDE_TARGETS).chain(more.iter().copied()))
}

fn check_everything(more: &[&str]) {
    let world = World::new();
    let ended = measured(&world, more);
    ended.assert_status(0);
    check_table(&ended.out);
    let report = world.json("run/report.json");
    check_fields(&report);
    check_sums(&report);
    assert_eq!(report["environment"]["tls"], more.is_empty());
    check_timeline(&report);
    check_ticks(&world.text("run/ticks.csv"), &report);
    check_results(&world, &report);
}

#[test]
fn three_hundred_ticks_over_tls_are_measured_and_everything_adds_up() {
    check_everything(&[]);
}

#[test]
fn three_hundred_ticks_without_tls_are_measured_and_everything_adds_up() {
    check_everything(&["--plain"]);
}

#[test]
fn every_tick_that_was_scheduled_in_a_stall_shows_its_share_of_it_as_age() {
    const MS: u64 = 1_000_000;
    let world = World::new();
    let scenario = "[[fault]]\nafter_packets = 150\ndo = \"stall\"\nfor = \"200ms\"\n";
    world.write("stall.toml", scenario);
    let args = "perf --ticks 300 --settle 50 --rate 1000 --out run --scenario stall.toml";
    world.run(args.split(' ').chain(WIDE_TARGETS)).assert_status(0);
    let text = world.text("run/ticks.csv");
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().expect("a header");
    let column = |name| header.iter().position(|column| *column == name).expect(name);
    let (sequence, age) = (column("seq"), column("age_ns"));
    let (mut young, mut stalled) = (Vec::new(), Vec::new());
    for row in rows {
        let [sequence, age] = [sequence, age].map(|at| row[at].parse::<u64>().expect("a number"));
        // Packet 150 left when it was due or later, and one follows each millisecond.
        if (151..350).contains(&sequence) {
            let share = (350 - sequence) * MS;
            assert!(age >= share, "tick {sequence} is {age} ns old, its share is {share}");
            stalled.push(age);
        } else if sequence < 150 {
            young.push(age);
        }
    }
    assert_eq!((young.len(), stalled.len()), (99, 199));
    // They leave together: most are about a millisecond younger than the one before, and no more.
    let falls = stalled.windows(2).map(|pair| pair[0].saturating_sub(pair[1]));
    let fallen = falls.filter(|fall| (MS / 2..=MS).contains(fall)).count();
    assert!(fallen > 150, "{fallen} of 198 ages fall with the share: {stalled:?}");
    let median = |ages: &mut Vec<u64>| {
        ages.sort_unstable();
        ages[ages.len() / 2]
    };
    let (young, stalled) = (median(&mut young), median(&mut stalled));
    assert!(young < stalled, "{young} ns before the stall, {stalled} ns in it");
    assert!(world.json("run/report.json")["age"]["max_ns"].as_u64() >= Some(199 * MS));
}

fn check_table(text: &str) {
    let header = text.lines().find(|line| line.starts_with("stage")).expect("a header");
    let columns: Vec<&str> = header.split_whitespace().collect();
    for wanted in ["min", "p50", "p90", "p99", "p99.9", "p99.99", "max"] {
        assert!(columns.contains(&wanted), "{header}");
    }
    for (name, group) in STAGES {
        let line = text.lines().find(|line| line.starts_with(name)).expect(name);
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells[..3], [name, group, "300"], "{line}");
        let times = cells.iter().filter(|cell| ["ns", "µs", "ms", "s"].contains(cell)).count();
        assert!(times >= 5, "min, p50, p90, p99 and max: {line}");
    }
    let line = text.lines().find(|line| line.starts_with("frames ")).expect("the frames");
    let (frames, parts) = line.split_once(" = ").expect("a sum");
    let frames: u64 = frames["frames ".len()..].parse().expect("a number");
    let parts: Vec<(u64, &str)> = parts
        .split(" + ")
        .map(|part| part.split_once(' ').expect("a number and a reason"))
        .map(|(number, reason)| (number.parse().expect("a number"), reason))
        .collect();
    assert_eq!(parts[..2], [(TICKS, "traced"), (50, "settling")], "{line}");
    assert_eq!(parts.iter().map(|part| part.0).sum::<u64>(), frames, "{line}");
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() >= 25 && text.as_bytes()[10] == b'T')
}

fn check_fields(report: &Value) {
    type Rule = fn(&Value) -> bool;
    let fields: [(&str, Rule); 44] = [
        ("schema", Value::is_u64),
        ("command", |value| value == "perf"),
        ("source", |value| value == "sandbox"),
        ("symbol", |value| value.as_str().is_some_and(|symbol| !symbol.is_empty())),
        ("started", is_time),
        ("duration_ns", |value| value.as_u64() > Some(0)),
        ("frames", Value::is_u64),
        ("traced", |value| *value == TICKS),
        ("counted", Value::is_object),
        ("incomplete", |value| *value == false),
        ("total_from", |value| value == "kernel"),
        ("offset_to_wall_ns", Value::is_i64),
        ("offset_bracket_ns", Value::is_u64),
        ("offset_bracket_widest_ns", Value::is_u64),
        ("offset_measured", |value| value.as_u64() > Some(1)),
        ("offset_steps", |value| *value == 0),
        ("/kernel_stamps/available", |value| *value == true),
        ("/kernel_stamps/exact", |value| value.as_u64() > Some(0)),
        ("/worst/0/page_faults", Value::is_u64),
        ("/worst/0/involuntary_switches", Value::is_u64),
        ("stages", Value::is_array),
        ("total", Value::is_object),
        ("age", Value::is_object),
        ("traces_written", |value| *value == TICKS),
        ("traces_dropped", |value| *value == 0),
        ("throughput_per_s", |value| value.as_f64() > Some(0.0)),
        ("stamp_cost_ns", |value| value.as_f64() > Some(0.0)),
        ("side", Value::is_object),
        ("process", Value::is_object),
        ("environment", Value::is_object),
        ("config_hash", |value| value.as_str().is_some_and(|hash| hash.len() == 64)),
        ("targets", |value| value.as_array().is_some_and(|targets| targets.len() == 3)),
        ("advice", Value::is_array),
        ("worst", |value| value.as_array().is_some_and(|worst| worst.len() == 32)),
        ("/ladders/percentiles", |value| value.as_array().is_some_and(|all| all.len() > 20)),
        ("/ladders/ns/total", Value::is_array),
        ("/timeline/bucket_ns", |value| value.as_u64() > Some(0)),
        ("/timeline/events_left_out", |value| *value == 0),
        ("/timeline/gaps", |value| *value == 0),
        ("/timeline/missing", |value| *value == 0),
        ("/process/rss_max_bytes", Value::is_u64),
        ("/process/page_faults", Value::is_u64),
        ("/process/involuntary_switches", Value::is_u64),
        ("/process/tick_thread_cpu_seconds", |value| value.as_f64() > Some(0.0)),
    ];
    for (name, rule) in fields {
        let value = if name.starts_with('/') { report.pointer(name) } else { report.get(name) };
        assert!(value.is_some_and(rule), "{name}: {value:?}");
    }
    assert!(report["process"].get("allocations_per_tick").is_some_and(Value::is_null));
    for target in report["targets"].as_array().expect("targets") {
        assert!(target["name"].is_string() && target["limit_ns"] == 1_000_000_000, "{target}");
        assert!(target["measured_ns"].is_u64() && target["met"] == true, "{target}");
    }
    for advice in report["advice"].as_array().expect("advice") {
        assert!(["stage", "evidence", "advice"].iter().all(|name| advice[name].is_string()));
    }
}

/// The figures of one histogram in their order, and null where 300 ticks are too few.
fn check_figures(figures: &Value) {
    assert_eq!(figures["count"], TICKS, "{figures}");
    let ladder: Vec<u64> = ["min_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns"]
        .iter()
        .map(|name| figures[name].as_u64().expect(name))
        .collect();
    assert!(ladder.is_sorted(), "{figures}");
    for name in ["p999_ns", "p9999_ns"] {
        assert!(figures.get(name).is_some_and(Value::is_null), "{name} of {figures}");
    }
}

fn check_sums(report: &Value) {
    let stages = report["stages"].as_array().expect("stages");
    let named: Vec<(&str, &str)> = stages
        .iter()
        .map(|stage| {
            (stage["name"].as_str().expect("a name"), stage["group"].as_str().expect("one"))
        })
        .collect();
    assert_eq!(named, STAGES);
    stages.iter().for_each(check_figures);
    check_figures(&report["total"]);
    check_figures(&report["age"]);
    let shares: f64 = stages.iter().map(|stage| stage["share"].as_f64().expect("a share")).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    let counted = report["counted"].as_object().expect("reasons");
    let counted: u64 = counted.values().map(|number| number.as_u64().expect("a number")).sum();
    assert_eq!(report["frames"], TICKS + counted);
    let stamps = &report["kernel_stamps"];
    let arrived = ["exact", "bounded", "missing", "unplaced"].map(|name| stamps[name].as_u64());
    assert_eq!(arrived.iter().flatten().sum::<u64>(), TICKS, "{stamps}");
    assert_eq!(arrived[2..], [Some(0), Some(0)], "each tick has a kernel_wait: {stamps}");
    let worst = report["worst"].as_array().expect("worst");
    let totals: Vec<u64> =
        worst.iter().map(|tick| tick["total_ns"].as_u64().expect("ns")).collect();
    assert!(totals.is_sorted_by(|a, b| a >= b), "{totals:?}");
    assert_eq!(report["total"]["max_ns"].as_u64(), totals.first().copied());
}

fn check_timeline(report: &Value) {
    let list = |name: &str| report["timeline"][name].as_array().expect(name).clone();
    let number = |value: &Value| value.as_u64().expect("a number");
    let buckets = list("buckets");
    assert_eq!(buckets.iter().map(|bucket| number(&bucket["ticks"])).sum::<u64>(), TICKS);
    let slowest = buckets.iter().map(|bucket| number(&bucket["max_ns"])).max();
    assert_eq!(slowest, report["total"]["max_ns"].as_u64());
    let oldest = buckets.iter().map(|bucket| number(&bucket["age_max_ns"])).max();
    assert_eq!(oldest, report["age"]["max_ns"].as_u64());
    let events = list("events");
    let kinds: Vec<&str> =
        events.iter().map(|event| event["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["connecting", "live", "stopped"]);
    let times: Vec<u64> = events.iter().map(|event| number(&event["at_ns"])).collect();
    assert!(times.is_sorted() && times[2] <= number(&report["duration_ns"]), "{times:?}");
}

fn check_ticks(csv: &str, report: &Value) {
    let mut lines = csv.lines();
    let stages: Vec<String> = STAGES.iter().map(|(name, _)| format!("{name}_ns")).collect();
    let header = format!("seq,token,exchange_time,{},total_ns,age_ns", stages.join(","));
    assert_eq!(lines.next(), Some(header.as_str()));
    let mut slowest = 0;
    let mut last_seq = 0;
    let mut rows = 0;
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |cell: &str| cell.parse::<u64>().unwrap_or_else(|_| panic!("{line}"));
        let times: Vec<u64> = cells[3..].iter().map(|cell| number(cell)).collect();
        let [stages @ .., total, age] = &times[..] else { panic!("{line}") };
        assert_eq!(stages.len(), STAGES.len(), "{line}");
        assert_eq!(stages.iter().sum::<u64>(), *total, "{line}");
        // Where the wait in the kernel is an upper bound, it may begin before the packet was sent.
        assert!(age >= &(total - stages[0]), "a packet is read after it was due: {line}");
        assert!(number(cells[0]) > last_seq && cells[1] == "47338", "{line}");
        last_seq = number(cells[0]);
        slowest = slowest.max(*total);
        rows += 1;
    }
    assert_eq!(rows, TICKS);
    assert_eq!(report["total"]["max_ns"], slowest);
}

fn check_results(world: &World, report: &Value) {
    let names = [
        "config.toml",
        "report.html",
        "report.json",
        "result.json",
        "ticks.csv",
        "ticks.parquet",
        "trace.json",
        "trades.csv",
        "trades.parquet",
    ];
    assert_eq!(world.names("run"), names);
    let result = world.json("run/result.json");
    assert_eq!(result["counts"]["ticks"], report["frames"], "settling ticks are traded as well");
    let trades = world.text("run/trades.csv");
    assert_eq!(
        trades.lines().next(),
        Some(
            "entry_time,exit_time,entry_price,exit_price,quantity,gross_pnl,costs,net_pnl,exit_reason"
        )
    );
    assert_eq!(trades.lines().count() - 1, result["trades"].as_array().expect("trades").len());
    let digest = Sha256::digest(world.text("run/config.toml"));
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (&report["config_hash"], &result["config_hash"]),
        (&hash.into(), &report["config_hash"])
    );
    assert_eq!(result["config"]["performance"]["total_p99_us"], 1e6);
}

#[test]
fn with_json_stdout_is_the_report_and_nothing_else() {
    let world = World::new();
    let ended = measured(&world, &["--json"]);
    ended.assert_status(0);
    let printed: Value = serde_json::from_str(&ended.out).expect("one JSON document");
    assert_eq!(printed, world.json("run/report.json"));
    assert!(ended.err.contains("stream live"), "people are told on stderr: {}", ended.err);
    check_table(&ended.err);
    let quiet = World::new();
    let ended = measured(&quiet, &["--json", "--quiet"]);
    ended.assert_status(0);
    assert_eq!(ended.err, "");
}

#[test]
fn with_quiet_only_the_results_are_printed() {
    let world = World::new();
    let ended = measured(&world, &["--quiet"]);
    ended.assert_status(0);
    assert_eq!(ended.err, "");
    check_table(&ended.out);
}

#[test]
fn no_secret_is_in_any_file_or_line_of_a_run() {
    let world = World::new();
    let ended = measured(&world, &["--json"]);
    ended.assert_status(0);
    let files =
        world.names("run").into_iter().map(|name| (world.lossy_text(&format!("run/{name}")), name));
    let printed = [(ended.out, "stdout".to_owned()), (ended.err, "stderr".to_owned())];
    for (text, name) in files.chain(printed) {
        let text = text.to_lowercase();
        for sign in ["eyj", "bearer", "totp", "api_key", "apikey", "password", "feedtoken", "jwt"] {
            // Three letters come about by chance among compressed bytes.
            if sign.len() == 3 && name.ends_with(".parquet") {
                continue;
            }
            assert!(!text.contains(sign), "{name} holds {sign}");
        }
    }
}

#[test]
fn a_missed_target_is_shown_and_ends_with_status_1() {
    let world = World::new();
    let ended = measured(&world, &["--set", "performance.total_p99_us=0.001"]);
    ended.assert_status(1);
    let line = ended.out.lines().find(|line| line.starts_with("target total_p99")).expect("it");
    assert!(line.contains("  FAIL"), "{line}");
    let report = world.json("run/report.json");
    let met: Vec<&Value> = report["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|target| &target["met"])
        .collect();
    assert_eq!(met, [true, true, false]);
    assert_eq!(report["incomplete"], false);
}

#[test]
fn targets_that_too_few_ticks_leave_open_are_named_and_are_no_failure() {
    let world = World::new();
    let args = |ticks, out| ["perf", "--ticks", ticks, "--settle", "0", "--out", out];
    let ended = world.run(args("99", "few").iter().chain(&WIDE_TARGETS));
    ended.assert_status(0);
    let told =
        "99 ticks were traced, too few to judge pre_p99, post_p99, total_p99: a p99 needs 100";
    assert!(ended.err.contains(told), "{}", ended.err);
    let report = world.json("few/report.json");
    assert_eq!((&report["traced"], &report["incomplete"]), (&99.into(), &false.into()));
    let enough = world.run(args("120", "enough").iter().chain(&WIDE_TARGETS));
    enough.assert_status(0);
    assert!(!enough.err.contains("too few"), "{}", enough.err);
}

#[test]
fn a_feed_or_a_broker_that_refuses_ends_with_status_4() {
    let world = World::new();
    for command in [&["perf", "--ticks", "10"][..], &["trade", "--sandbox"]] {
        let run = |fault| {
            let args = ["--plain", "--out", "run", "--fault", fault];
            world.run(command.iter().chain(&args))
        };
        let words = ["error: stream refused with status 401", "hint: "];
        run("refuse:401,times=5").assert_failure(4, &words);
        let report = world.json("run/report.json");
        assert_eq!((&report["incomplete"], &report["traced"]), (&true.into(), &0.into()));
        std::fs::remove_dir_all(world.path("run")).expect("removed");
        let first_call = run("failure@#1:AB1001");
        first_call.assert_failure(4, &["error: the broker refused: AB1001", "hint: "]);
        assert!(!world.path("run").exists(), "nothing was measured");
    }
}

#[test]
fn an_unreadable_recording_ends_with_status_5() {
    let world = World::new();
    world.write("bad.csv", "nonsense\n1,2\n");
    for command in [&["perf", "--ticks", "10"][..], &["trade", "--sandbox"]] {
        let run = |file| {
            let args = ["--ticks-file", file, "--out", "run"];
            world.run(command.iter().chain(&args))
        };
        run("bad.csv").assert_failure(5, &["error: bad.csv: line 1: the header was", "hint: "]);
        run("gone.csv").assert_failure(5, &["error: cannot read the recording gone.csv", "hint: "]);
        assert!(!world.path("run").exists());
    }
}

#[test]
fn the_usual_day_begins_at_09_36_and_perf_leaves_its_first_200_frames_out() {
    let world = World::new();
    let usual = ["--plain", "--rate", "max", "--quiet", "--out"];
    let first = |run: &str| -> Vec<String> {
        let text = world.text(&format!("{run}/ticks.csv"));
        text.lines().nth(1).expect("a tick").split(',').map(str::to_owned).collect()
    };
    let args = ["perf", "--ticks", "10"].into_iter().chain(usual).chain(["perf"]);
    world.run(args.chain(WIDE_TARGETS)).assert_status(0);
    assert_eq!(world.json("perf/report.json")["counted"]["settling"], 200);
    assert_eq!(first("perf")[0], "201");
    let args = ["perf", "--ticks", "10", "--settle", "0"].into_iter().chain(usual);
    world.run(args.chain(["whole"]).chain(WIDE_TARGETS)).assert_status(0);
    let [sequence, _, time, ..] = &first("whole")[..] else { panic!("columns") };
    assert_eq!((sequence.as_str(), &time[..19]), ("1", "2025-10-06T09:36:00"));
}

#[test]
fn a_run_outside_the_session_traces_nothing_and_ends_with_status_3() {
    let world = World::new();
    let file = crate::common::fixture("ticks/edge_utc_timestamps.csv");
    let file = file.to_str().expect("a name");
    let ended = world.run(["perf", "--settle", "0", "--ticks-file", file, "--out", "run"]);
    ended.assert_failure(3, &["error: nothing was traced", "hint: "]);
    assert!(ended.out.contains("frames 64 = 0 traced + 64 outside_session   INCOMPLETE"));
    let report = world.json("run/report.json");
    assert_eq!((&report["traced"], &report["incomplete"]), (&0.into(), &true.into()));
    assert_eq!(report["counted"], serde_json::json!({ "outside_session": 64 }));
    assert_eq!(report["total"]["p50_ns"], Value::Null);
    assert_eq!(world.text("run/ticks.csv").lines().count(), 1, "the header alone");
}

#[test]
fn at_the_timeout_a_run_says_how_many_were_traced_and_ends_with_status_3() {
    let world = World::new();
    let args = "perf --timeout 1s --rate 200 --ticks 1000 --settle 0 --out run";
    // A missed target counts less than an incomplete measurement.
    let missed = ["--set", "performance.total_p99_us=0.001"];
    let ended = world.run(args.split(' ').chain(missed));
    let report = world.json("run/report.json");
    let said = format!("error: only {} of 1000 ticks were traced within 1 s", report["traced"]);
    ended.assert_failure(3, &[&said, "hint: raise --timeout"]);
    assert_eq!(report["incomplete"], true);
    let last = report["timeline"]["events"].as_array().expect("events").last().expect("one");
    assert_eq!((&last["kind"], &last["at_ns"]), (&"timeout".into(), &report["duration_ns"]));
    assert!(world.text("run/report.html").contains("INCOMPLETE"));
    assert_eq!(world.json("run/result.json")["open_position"], Value::Null);
}

#[test]
fn without_out_each_run_makes_a_folder_of_its_own() {
    let world = World::new();
    for _ in 0..2 {
        let args = ["perf", "--ticks", "120", "--settle", "0", "--quiet"];
        world.run(args.iter().chain(&WIDE_TARGETS)).assert_status(0);
    }
    let names = world.names("runs");
    assert_eq!(names.len(), 2);
    for name in names {
        let (stamp, rest) = name.split_at("20251001T034518.123Z".len());
        assert!(stamp.ends_with('Z') && stamp.as_bytes()[15] == b'.', "{name}");
        assert!(rest.starts_with("-perf-NIFTY28NOV2526000CE"), "{name}");
    }
}
