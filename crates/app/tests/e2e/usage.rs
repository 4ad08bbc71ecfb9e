//! Wrong usage: status 2, what is wrong, and what to do about it.

use crate::common::World;

/// Values that must never be shown.
const PIN: &str = "7391";
const KEY: &str = "kx2Secret";

#[test]
fn all_problems_of_a_configuration_are_told_at_once() {
    let world = World::new();
    let wrong = ["no.such=1", "risk.base_sl_points=-1", "strategy.fast_ema=x"];
    let sets = wrong.iter().flat_map(|set| ["--set", set]);
    // The recording is missing as well, which counts less.
    let args = ["perf", "--ticks-file", "missing.csv", "--out", "run"].into_iter().chain(sets);
    let ended = world.run(args);
    let keys = ["no.such = 1", "risk.base_sl_points = -1", "strategy.fast_ema = x"];
    ended.assert_failure(2, &keys);
    ended.assert_failure(2, &["error: the configuration has 3 problems", "Fix: ", "hint: "]);
    assert!(!world.path("run").exists());
    let ended = world.run(["replay", "missing.csv", "--set", "strategy.fast_ema"]);
    ended.assert_failure(2, &["error: --set strategy.fast_ema: must be KEY=VALUE", "hint: "]);
}

#[test]
fn a_folder_that_exists_is_refused_and_left_alone() {
    let world = World::new();
    std::fs::create_dir(world.path("run")).expect("made");
    world.write("run/mine.txt", "precious");
    let file = crate::common::fixture("ticks/edge_sl_equal.csv");
    let file = file.to_str().expect("a name");
    for command in [["perf", "--ticks", "10"], ["replay", file, "--quiet"]] {
        let ended = world.run(command.into_iter().chain(["--out", "run"]));
        ended.assert_failure(2, &["error: the folder run exists already", "hint: give --out"]);
        assert_eq!(ended.out, "");
    }
    assert_eq!(world.names("run"), ["mine.txt"]);
}

#[test]
fn live_without_credentials_names_all_places_and_names() {
    let world = World::new();
    let ended = world.run(["perf", "--live", "--token", "2:47338", "--out", "run"]);
    let names = ["API_KEY", "CLIENT_ID", "PASSWORD", "SMARTAPI_TOTP_SECRET"];
    let places = ["--env-file", "MYQUANT_ENV_FILE", "environment", ".env.trading", ".env "];
    ended.assert_failure(2, &names);
    ended.assert_failure(2, &places);
    ended.assert_failure(2, &["error: ", "hint: "]);
    assert!(!world.path("run").exists());
}

#[test]
fn live_with_half_the_credentials_names_the_missing_ones_and_shows_no_value() {
    let world = World::new();
    let held = format!("API_KEY={KEY}\nPASSWORD={PIN}\n");
    world.write(".env.trading", &held);
    world.write("other.env", &held);
    // A later place is not mixed in.
    world.write(".env", "CLIENT_ID=A123\nSMARTAPI_TOTP_SECRET=JBSWY3DPEHPK3PXP\n");
    let live = ["perf", "--live", "--token", "2:47338", "--out", "run"];
    for (more, file) in [(vec![], ".env.trading"), (vec!["--env-file", "other.env"], "other.env")] {
        let ended = world.run(live.iter().copied().chain(more));
        ended.assert_failure(2, &[file, "CLIENT_ID, SMARTAPI_TOTP_SECRET", "error: ", "hint: add"]);
        for secret in [PIN, KEY, "JBSWY3DPEHPK3PXP"] {
            assert!(!ended.err.contains(secret) && !ended.out.contains(secret), "{}", ended.err);
        }
        assert!(
            !ended.err.contains("API_KEY") && !ended.err.contains("PASSWORD"),
            "they are there"
        );
    }
}

#[test]
fn options_of_the_sandbox_and_the_broker_exclude_each_other() {
    let world = World::new();
    let sandboxed = [
        ["--rate", "5"],
        ["--ticks-file", "x.csv"],
        ["--seed", "5"],
        ["--scenario", "x.toml"],
        ["--fault", "drop"],
    ];
    for more in sandboxed {
        let ended = world.run(["perf", "--live", "--token", "2:1"].into_iter().chain(more));
        ended.assert_failure(2, &["--live", more[0]]);
    }
    world.run(["perf", "--symbol", "X"]).assert_failure(2, &["--live"]);
    world.run(["perf", "--rate", "0.5"]).assert_failure(2, &["--rate", "whole number", "max"]);
    world.run(["perf", "--timeout", "soon"]).assert_failure(2, &["--timeout", "90s"]);
    world.run(["perf", "--speed", "0"]).assert_failure(2, &["error: ", "hint: give --speed 1"]);
}

#[test]
fn the_sandboxs_account_takes_what_makes_sense() {
    let world = World::new();
    for wrong in [
        ["--funds", "much"],
        ["--deposit", "0"],
        ["--market-hours", "noon"],
        ["--static-ip", "somewhere"],
    ] {
        world.run(["sandbox"].into_iter().chain(wrong)).assert_failure(2, &wrong);
    }
}

#[test]
fn the_help_lists_all_statuses_and_the_version_its_revision() {
    let world = World::new();
    let help = world.run(["--help"]);
    help.assert_status(0);
    for status in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "130 "] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(status)), "{status}");
    }
    let version = world.run(["--version"]);
    version.assert_status(0);
    let (number, revision) = version.out.trim().split_once(" (").expect("a revision");
    assert_eq!(number, concat!("myquant ", env!("CARGO_PKG_VERSION")));
    assert!(revision.len() > 1, "{revision}");
}

#[test]
fn the_configuration_of_a_run_can_be_checked_and_run_again() {
    let world = World::new();
    let file = crate::common::fixture("ticks/edge_sl_equal.csv");
    let file = file.to_str().expect("a name");
    let set = ["--set", "risk.base_sl_points=12.5"];
    world.run(["replay", file, "--out", "run"].into_iter().chain(set)).assert_status(0);
    let hash = world.json("run/result.json")["config_hash"].as_str().expect("a hash").to_owned();
    let checked = world.run(["config", "check", "run/config.toml"]);
    checked.assert_status(0);
    assert!(checked.out.contains(&hash), "{}", checked.out);
    world.run(["replay", file, "--out", "again", "--config", "run/config.toml"]).assert_status(0);
    assert_eq!(world.text("again/result.json"), world.text("run/result.json"));
    let shown = world.run(["config", "show", "--config", "run/config.toml"]);
    shown.assert_status(0);
    let line = shown.out.lines().find(|line| line.starts_with("risk.base_sl_points")).expect("it");
    assert!(line.contains("12.5") && line.contains("# run/config.toml:"), "{line}");
}
