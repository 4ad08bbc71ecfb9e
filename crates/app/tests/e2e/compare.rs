//! `compare` of real runs of `perf`: what it says, its document, and its statuses.

use serde_json::{Value, json};

use crate::common::{WIDE_TARGETS, World};

/// A world with one measured run in it.
fn measured() -> World {
    let world = World::new();
    let args = "perf --ticks 600 --settle 50 --rate 5000 --quiet --out a".split(' ');
    world.run(args.chain(WIDE_TARGETS)).assert_status(0);
    world
}

/// The ticks of a run, each time as `change` makes it from the row's number and what it was.
fn with_times(ticks: &str, change: impl Fn(u64, u64) -> u64) -> String {
    let (header, rows) = ticks.split_once('\n').expect("a header");
    let mut changed = format!("{header}\n");
    for (number, row) in (0..).zip(rows.lines()) {
        let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
        for cell in &mut cells[3..] {
            *cell = change(number, cell.parse().expect("a time")).to_string();
        }
        changed += &cells.join(",");
        changed.push('\n');
    }
    changed
}

/// Copies the run `a` to `b`: its report as `change` leaves it, its ticks with all times multiplied.
fn copy(world: &World, factor: u64, change: impl FnOnce(&mut Value)) {
    let mut report = world.json("a/report.json");
    change(&mut report);
    std::fs::create_dir_all(world.path("b")).expect("made");
    world.write("b/report.json", &report.to_string());
    world.write("b/ticks.csv", &with_times(&world.text("a/ticks.csv"), |_, time| time * factor));
}

/// Gives the run `a` times that no busy machine has touched.
fn calm(world: &World) {
    let ticks = with_times(&world.text("a/ticks.csv"), |number, _| 1_000 + number % 7);
    world.write("a/ticks.csv", &ticks);
    std::fs::remove_file(world.path("a/ticks.parquet")).expect("it was there");
}

const COMPARE: [&str; 5] = ["compare", "a", "b", "--resamples", "200"];

#[test]
fn a_run_does_not_differ_from_itself() {
    let world = measured();
    let ended = world.run(["compare", "a", "a", "--resamples", "200"]);
    ended.assert_status(0);
    let answer = ended.out.lines().last().expect("an answer");
    assert!(answer.starts_with("no difference seen"), "{}", ended.out);
    assert!(ended.err.contains("warning: A holds 600 ticks"), "{}", ended.err);
    for name in ["framing", "feed", "indicators", "position", "total", "age"] {
        let line = ended.out.lines().find(|line| line.starts_with(name)).expect(name);
        assert!(line.contains("p50") && line.ends_with("no difference seen"), "{line}");
    }
}

#[test]
fn ten_times_the_time_is_a_regression_and_a_tenth_is_none() {
    let world = measured();
    calm(&world);
    copy(&world, 10, |_| {});
    let slower = world.run(COMPARE.into_iter().chain(["--json"]));
    slower.assert_status(1);
    assert!(slower.err.contains("B is slower: "), "people are told on stderr: {}", slower.err);
    let document: Value = serde_json::from_str(&slower.out).expect("one JSON document");
    assert_eq!(document["verdict"], "slower");
    assert_eq!(document["a"]["ticks"], 600);
    assert_eq!(document["method"]["resamples"], 200);
    let comparisons = document["comparisons"].as_array().expect("comparisons");
    let total = comparisons.iter().find(|one| one["name"] == "total" && one["percentile"] == "p50");
    let total = total.expect("the total's median");
    assert_eq!(total["shift_ns"].as_u64(), total["a_ns"].as_u64().map(|ns| ns * 9));
    assert_eq!((&total["shift_percent"], &total["regression"]), (&json!(900.0), &json!(true)));
    let [low, high] = ["low_ns", "high_ns"].map(|name| total[name].as_i64().expect(name));
    assert!(0 < low && low <= high, "{total}");
    world.run(COMPARE.into_iter().chain(["--tolerance", "901"])).assert_status(0);
    world.run(COMPARE.into_iter().chain(["--only", "total"])).assert_status(1);
    world.run(["compare", "b", "a", "--resamples", "200"]).assert_status(0);
}

#[test]
fn more_upper_bounds_are_no_slow_down() {
    let world = measured();
    calm(&world);
    let ticks = world.text("a/ticks.csv");
    copy(&world, 1, |report| {
        let bounded = report["kernel_stamps"]["bounded"].as_u64().expect("a number");
        let more = if bounded > 300 { bounded - 300 } else { bounded + 300 };
        report["kernel_stamps"]["bounded"] = json!(more);
    });
    // The wait of every tick of B is one that it may have had at most, and so is its total.
    let header = ticks.lines().next().expect("a header");
    let of = |name| header.split(',').position(|column| column == name).expect(name);
    let bounds = [of("kernel_wait_ns"), of("total_ns")];
    let row = |row: &str| {
        let mut cells: Vec<&str> = row.split(',').collect();
        bounds.iter().for_each(|place| cells[*place] = "900000");
        cells.join(",")
    };
    let rows: Vec<String> = ticks.lines().skip(1).map(row).collect();
    world.write("b/ticks.csv", &format!("{header}\n{}\n", rows.join("\n")));
    let ended = world.run(COMPARE);
    ended.assert_failure(0, &["warning: kernel_wait is an upper bound on "]);
    assert_eq!(ended.out.matches("unlike shares of upper bounds").count(), 4, "{}", ended.out);
    let only = COMPARE.into_iter().chain(["--only", "total"]);
    world.run(only).assert_failure(3, &["error: nothing could be judged"]);
}

#[test]
fn the_same_seed_prints_the_same_document() {
    let world = measured();
    copy(&world, 2, |_| {});
    let printed = |seed| world.run(COMPARE.into_iter().chain(["--json", "--seed", seed])).out;
    let figures = |printed: &str| {
        let document: Value = serde_json::from_str(printed).expect("one JSON document");
        document["comparisons"].clone()
    };
    let first = printed("5");
    assert_eq!(first, printed("5"));
    assert_ne!(figures(&first), figures(&printed("6")));
}

#[test]
fn what_cannot_be_compared_is_refused_with_status_2() {
    let world = measured();
    copy(&world, 1, |report| report["total_from"] = json!("read"));
    let words = ["error: the runs cannot be compared", "kernel in A and read in B", "hint: "];
    world.run(COMPARE).assert_failure(2, &words);
    copy(&world, 1, |_| {});
    let only = COMPARE.into_iter().chain(["--only", "wings"]);
    world.run(only).assert_failure(2, &["--only wings", "framing, feed", "total"]);
    for (flag, value) in [("--confidence", "100"), ("--resamples", "9"), ("--tolerance", "-1")] {
        let argument = format!("{flag}={value}");
        world.run(["compare", "a", "b", &argument]).assert_failure(2, &[flag, "must be a"]);
    }
}

#[test]
fn a_folder_that_cannot_be_read_ends_with_status_5() {
    let world = measured();
    world.run(["compare", "a", "gone"]).assert_failure(5, &["gone/report.json", "hint: "]);
    copy(&world, 1, |report| report["schema"] = json!(999));
    world.run(COMPARE).assert_failure(5, &["b/report.json: it has the form 999", "hint: "]);
    copy(&world, 1, |report| report["traces_written"] = json!(700));
    world.run(COMPARE).assert_failure(5, &["600 rows", "report.json says 700"]);
    world.write("b/ticks.csv", "seq\n");
    world
        .run(COMPARE)
        .assert_failure(5, &["b/ticks.csv: it has no column kernel_wait_ns", "hint: "]);
}

#[test]
fn too_few_ticks_are_no_pass() {
    let world = World::new();
    let args = "perf --ticks 50 --settle 0 --quiet --out a".split(' ');
    world.run(args.chain(WIDE_TARGETS)).assert_status(0);
    let ended = world.run(["compare", "a", "a"]);
    ended.assert_failure(3, &["error: nothing could be judged", "hint: measure again"]);
    assert!(ended.out.ends_with("\nnothing was judged\n"), "{}", ended.out);
}
