//! The strategy of one's own in replay and on paper over a real stream, with nothing changed elsewhere.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A day in whole seconds: it opens in a range, breaks out, and falls back.
fn day() -> String {
    let mut csv = String::from("timestamp,price,volume\n");
    for second in 0..7200 {
        let (minute, of_minute) = (15 + second / 60, second % 60);
        let price = match second {
            0..2000 => 10_000 + second % 40 * 5,
            2000..4000 => 10_300 + second % 60 * 5,
            _ => 9_000,
        };
        let (hour, minute) = (9 + minute / 60, minute % 60);
        csv += &format!(
            "2025-10-06 {hour:02}:{minute:02}:{of_minute:02},{}.{:02},75\n",
            price / 100,
            price % 100
        );
    }
    csv
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let own = ["--set", "strategy.name=opening_range", "--quiet"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_opening-range"));
    command.current_dir(folder).args(args).args(own).output().expect("the program starts")
}

fn result(folder: &Path, run: &str) -> Value {
    let text = std::fs::read(folder.join(run).join("result.json")).expect("a result");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn replay_and_paper_make_the_same_trades() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("day.csv"), day()).expect("written");
    let replay = run(folder.path(), &["replay", "day.csv", "--out", "replayed"]);
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
    let trade = ["trade", "--ticks-file", "day.csv", "--rate", "max", "--out", "traded"];
    let traded = run(folder.path(), &trade);
    assert!(traded.status.code().is_some_and(|code| code <= 1), "{:?}", traded.status);
    let [replayed, traded] = ["replayed", "traded"].map(|name| result(folder.path(), name));
    assert!(replayed["counts"]["entries"].as_u64() > Some(0), "{}", replayed["counts"]);
    assert!(replayed["blocked"]["inside_range"].as_u64() > Some(0), "{}", replayed["blocked"]);
    assert_eq!(replayed["trades"], traded["trades"]);
    assert_eq!(replayed["config"]["opening_range"]["minutes"], 30);
}

#[test]
fn a_name_that_no_strategy_has_is_refused_with_those_that_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = ["replay", "day.csv", "--set", "strategy.name=nothing"];
    let output = Command::new(env!("CARGO_BIN_EXE_opening-range"))
        .current_dir(folder.path())
        .args(wrong)
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("momentum, opening_range"), "{told}");
}
