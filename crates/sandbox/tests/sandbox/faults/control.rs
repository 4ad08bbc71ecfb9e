//! Faults by the control address.

use sandbox::Sandbox;
use serde_json::{Value, json};

use super::{ALONE, FAST, faulty, subscribed};
use crate::client::call;

fn faults(sandbox: &Sandbox, method: &str, body: &str) -> Value {
    let reply = call(sandbox.address(), method, "/control/faults", &[], body);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["faults"].clone()
}

#[test]
fn a_fault_that_is_sent_now_wakes_a_stream_that_sleeps() {
    let sandbox = faulty(9, ALONE, &[]);
    let mut stream = subscribed(&sandbox);
    assert_eq!(stream.packet().sequence, 1);
    faults(&sandbox, "POST", r#"{ "do": "text-error", "code": "E1002" }"#);
    assert!(stream.text().contains("E1002"), "before the second packet");
    faults(&sandbox, "POST", r#"{ "do": "drop" }"#);
    assert!(stream.0.read().is_err());
}

#[test]
fn what_waits_and_what_was_met_is_told_with_counts() {
    let sandbox = faulty(50, FAST, &["gap@3:times=2", "drop@9000"]);
    let added = r#"[{ "do": "duplicate", "after_packets": 9 }, { "do": "lost-answer", "route": "logout" }]"#;
    let told = faults(&sandbox, "POST", added);
    assert_eq!(told.as_array().unwrap().len(), 4);
    let mut stream = subscribed(&sandbox);
    assert_eq!(stream.sequences(10), [1, 2, 3, 6, 7, 8, 9, 10, 10, 11]);
    assert_eq!(
        faults(&sandbox, "GET", ""),
        json!([
            { "id": 1, "do": "gap", "after_packets": 3, "times": 2, "met": 2, "left": 0 },
            { "id": 2, "do": "drop", "after_packets": 9000, "met": 0, "left": 1 },
            { "id": 3, "do": "duplicate", "after_packets": 9, "met": 1, "left": 0 },
            { "id": 4, "do": "lost-answer", "route": "logout", "met": 0, "left": 1 },
        ])
    );
}

#[test]
fn deleted_faults_are_not_met() {
    let sandbox = faulty(50, FAST, &["gap@3", "drop@9"]);
    assert_eq!(faults(&sandbox, "DELETE", ""), json!([]));
    let all: Vec<i64> = (1..=50).collect();
    assert_eq!(subscribed(&sandbox).sequences(50), all);
}

#[test]
fn what_is_no_fault_is_refused_with_what_is_allowed_and_nothing_is_added() {
    let sandbox = faulty(1, ALONE, &[]);
    let wrong = [
        ("", "EOF"),
        (r#"{ "do": "stal" }"#, "allowed are refuse, drop"),
        (r#"{ "do": "stall", "until": 3 }"#, "unknown field `until`"),
        (r#"{ "do": "stall", "for": 3 }"#, "a time as text"),
        (r#"[{ "do": "drop" }, { "do": "slow-answer" }]"#, "slow-answer has no for"),
        (r#""drop""#, "invalid type"),
    ];
    for (body, what) in wrong {
        let reply = call(sandbox.address(), "POST", "/control/faults", &[], body);
        let error = reply.json();
        assert_eq!(reply.status, 400, "{body}");
        assert!(error["error"].as_str().unwrap().contains(what), "{error}");
        assert!(!error["hint"].as_str().unwrap().is_empty());
    }
    assert_eq!(faults(&sandbox, "GET", ""), json!([]));
}
