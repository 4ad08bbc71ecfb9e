//! Answers and packets that take their time.

use std::time::Duration;

use quanta::Instant;
use sandbox::{Error, Options, Pacing, Sandbox, Scenario, now_ns};
use smartapi::rest::routes;

use super::{ALONE, FAST, subscribed};
use crate::client::{call, login, open, plain};

fn slow(options: Options, latency: &str) -> Options {
    Options { scenario: Scenario::from_toml(latency).unwrap(), ..options }
}

#[test]
fn every_answer_of_rest_takes_at_least_its_latency() {
    let latency = "[latency.rest]\nuniform = [\"80ms\", \"90ms\"]\n";
    let sandbox = Sandbox::start(slow(plain(1, ALONE), latency)).unwrap();
    let alias = routes::route(routes::GTT_CREATE).unwrap().aliases[0];
    for (method, path) in [("GET", routes::PROFILE), ("GET", routes::PROFILE), ("POST", alias)] {
        let asked = Instant::now();
        call(sandbox.address(), method, path, &[], "{}");
        assert!(asked.elapsed() >= Duration::from_millis(80));
    }
}

#[test]
fn the_control_address_and_the_scrip_master_answer_at_once() {
    let latency = "[latency.rest]\nconstant = \"1h\"\n";
    let sandbox = Sandbox::start(slow(plain(1, ALONE), latency)).unwrap();
    for path in ["/control/state", "/OpenAPI_File/files/OpenAPIScripMaster.json"] {
        assert_eq!(call(sandbox.address(), "GET", path, &[], "").status, 200);
    }
}

#[test]
fn packets_leave_late_and_in_their_order() {
    let latency = "seed = 3\n[latency.stream]\nlist = [\"30ms\", \"60ms\"]\n";
    let options = slow(plain(300, FAST), latency);
    let clock = options.clock.clone();
    let sandbox = Sandbox::start(options).unwrap();
    let mut stream = subscribed(&sandbox);
    let schedule = sandbox.schedule();
    assert_eq!(stream.packet().sequence, 1, "the snapshot comes at once");
    for sequence in 2..=300 {
        assert_eq!(stream.packet().sequence, sequence);
        let age = now_ns(&clock) - schedule.scheduled_ns(sequence).unwrap();
        assert!(age >= 30_000_000, "packet {sequence} took {age} ns");
    }
    assert_eq!(call(sandbox.address(), "GET", "/control/over", &[], "").json()["over"], true);
}

#[test]
fn order_updates_take_the_streams_latency_too() {
    let latency = "[latency.stream]\nconstant = \"120ms\"\n";
    let sandbox = Sandbox::start(slow(plain(1, ALONE), latency)).unwrap();
    let address = sandbox.address();
    let bearer = [("Authorization", format!("Bearer {}", login(&sandbox).jwt))];
    let mut orders = open(address, &address.order_stream_url, &bearer).ok().unwrap();
    assert!(orders.text().contains("AB00"));
    let told = Instant::now();
    call(address, "POST", "/control/order-update", &[], r#"{ "order-status": "AB05" }"#);
    assert!(orders.text().contains("AB05"));
    assert!(told.elapsed() >= Duration::from_millis(120));
}

#[test]
fn at_full_speed_there_is_no_time_to_add_a_latency_to() {
    let latency = "[latency.stream]\nconstant = \"1ms\"\n";
    let refused = Sandbox::start(slow(plain(1, Pacing::FullSpeed), latency)).err();
    assert!(matches!(refused, Some(Error::LatencyAtFullSpeed)));
}
