//! Which runs are compared, which are refused, and what is told of the others.

use serde_json::json;

use super::*;
use crate::failure::Status;
use crate::report::{SCHEMA, read};

fn report() -> Value {
    json!({
        "schema": SCHEMA, "source": "sandbox", "symbol": "NIFTY", "started": "2026-01-01",
        "traced": 5000, "incomplete": false, "total_from": "read", "age": null,
        "stages": [{ "name": "feed", "p50_ns": 1 }], "traces_written": 5000,
        "throughput_per_s": 1000.0, "stamp_cost_ns": 9.5, "config_hash": "x",
        "environment": { "version": "1", "build_profile": "release", "tls": true, "cores": 2 },
        "config": { "risk": { "lots": 1, "base_sl_points": 10.0 } },
        "later": "fields are left alone",
    })
}

fn ground(report: &Value) -> Ground {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("report.json"), report.to_string()).expect("written");
    read(folder.path()).expect("a report")
}

/// The report with another value at a path such as `/environment/tls`.
fn with(path: &str, value: Value) -> Ground {
    let mut report = report();
    *report.pointer_mut(path).expect("a field") = value;
    ground(&report)
}

#[test]
fn what_cannot_be_compared_is_refused_with_both_values() {
    let a = ground(&report());
    assert!(refuse(&a, &a).is_ok());
    let cases = [
        ("/total_from", json!("tick"), "read in A and tick in B"),
        ("/source", json!("angel one"), "sandbox in A and angel one in B"),
        ("/environment/build_profile", json!("debug"), "release in A and debug in B"),
        ("/traced", json!(0), "B traced no tick"),
    ];
    for (path, value, told) in cases {
        let refused = refuse(&a, &with(path, value)).expect_err(path);
        assert_eq!(refused.status, Status::Usage, "{path}");
        let text = refused.to_string();
        assert!(text.contains(told) && text.contains("\nhint: measure"), "{text}");
    }
}

#[test]
fn whatever_else_may_be_behind_a_difference_is_told() {
    let a = ground(&report());
    assert_eq!(warnings(&a, &a), Vec::<String>::new());
    assert_eq!(warnings(&a, &with("/environment/version", json!("2"))), Vec::<String>::new());
    assert_eq!(warnings(&a, &with("/throughput_per_s", json!(1090.0))), Vec::<String>::new());
    let cases = [
        ("/incomplete", json!(true), "B is incomplete: its run ended early or lost something"),
        ("/traced", json!(6000), "B kept 5000 of its 6000 ticks"),
        ("/symbol", json!("BANK"), "the symbols differ: NIFTY in A and BANK in B"),
        ("/throughput_per_s", json!(1200.0), "the rates differ: 1000 packets/s in A and 1200 in B"),
        (
            "/environment/tls",
            json!(false),
            "the environments differ: tls is true in A and false in B",
        ),
    ];
    for (path, value, told) in cases {
        assert_eq!(warnings(&a, &with(path, value)), [told]);
    }
    let few = with("/traces_written", json!(300));
    assert!(warnings(&few, &a).contains(&"A holds 300 ticks, 1000 would say more".to_owned()));
    let mut pinned = report();
    pinned["environment"]["pinning"] = json!("1");
    let told = ["the environments differ: pinning is null in A and \"1\" in B"];
    assert_eq!(warnings(&a, &ground(&pinned)), told);
}

/// The report of a run over sockets with so many bounded, missing and unplaced ticks.
fn arrived(bounded: u64, missing: u64, unplaced: u64) -> Ground {
    let mut report = report();
    report["total_from"] = json!("kernel");
    report["kernel_stamps"] = json!({
        "available": true, "exact": 1, "bounded": bounded, "missing": missing, "unplaced": unplaced,
    });
    ground(&report)
}

#[test]
fn unlike_shares_of_upper_bounds_and_ticks_without_a_stamp_are_told() {
    let (few, many) = (arrived(1000, 0, 0), arrived(1051, 0, 0));
    assert!(!bounds_differ(&few, &arrived(1050, 0, 0)) && bounds_differ(&few, &many));
    assert!(bounds_differ(&many, &few));
    let told = "kernel_wait is an upper bound on 20.0 % of the ticks of A and on 21.0 % of B: it and \
                total are shown and not judged";
    assert_eq!(warnings(&few, &many), [told]);
    assert_eq!(warnings(&few, &arrived(1000, 20, 30)), Vec::<String>::new());
    let told = "B has no kernel stamp on 51 of its 5000 ticks: its kernel_wait and total are those of \
                the others";
    assert_eq!(warnings(&few, &arrived(1000, 20, 31)), [told]);
}

#[test]
fn changed_configuration_keys_are_named() {
    let a = ground(&report());
    let mut changed = report();
    changed["config_hash"] = json!("y");
    assert_eq!(warnings(&a, &ground(&changed)), ["the configurations differ"]);
    changed["config"] =
        json!({ "risk": { "lots": 2, "base_sl_points": 10.0 }, "my": { "key": 1 } });
    let told = "the configurations differ: risk.lots, my.key";
    assert_eq!(warnings(&a, &ground(&changed)), [told]);
    changed["config"] = json!({ "a": { "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6 } });
    let told =
        "the configurations differ: risk.base_sl_points, risk.lots, a.1, a.2, a.3 and 3 more";
    assert_eq!(warnings(&a, &ground(&changed)), [told]);
}

#[test]
fn a_report_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let other = "\"schema\": 1".replace('1', &(SCHEMA + 1).to_string());
    let cases = [
        (None, "hint: give the folder of a run"),
        (Some("{".to_owned()), "hint: the file is damaged"),
        (Some(format!("{{\"schema\": {SCHEMA}}}")), "missing field"),
        (Some(format!("{{{other}}}")), "has the form"),
        (Some("{}".to_owned()), "missing field `schema`"),
    ];
    for (text, told) in cases {
        if let Some(text) = &text {
            std::fs::write(&path, text).expect("written");
        }
        let failure = read::<Ground>(folder.path()).expect_err(told);
        assert_eq!(failure.status, Status::Data, "{failure}");
        assert!(failure.to_string().starts_with("error: cannot read "), "{failure}");
        assert!(failure.to_string().contains(told), "{failure}");
    }
}
