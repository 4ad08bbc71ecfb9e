//! `sandbox`: the one line that programs wait for, what it serves, and how it ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Running, World};

const SECRETS: [&str; 3] = ["api_key", "password", "totp_secret"];
const URLS: [&str; 5] =
    ["rest_url", "stream_url", "order_stream_url", "scrip_master_url", "control_url"];

fn started(world: &World, more: &[&str]) -> (Running, Value) {
    let args = ["sandbox", "--port", "0"].into_iter().chain(more.iter().copied());
    let mut running = world.start(args);
    let line = running.wait_for_line("{");
    let address: Value = serde_json::from_str(&line).expect("one line of JSON");
    let mut names: Vec<&String> = address.as_object().expect("an object").keys().collect();
    let mut wanted = [&URLS[..], &SECRETS, &["client_id", "ca_file"]].concat();
    names.sort();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    (running, address)
}

fn host(url: &Value) -> &str {
    let rest = url.as_str().and_then(|url| url.split_once("://")).expect("a URL").1;
    rest.split('/').next().expect("a host")
}

/// The sandbox's end, and that it told nobody but stdout its secrets.
fn end(world: &World, running: Running, address: &Value, signal: Signal) {
    let ended = running.end_by(signal);
    ended.assert_status(130);
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    for name in SECRETS {
        let secret = address[name].as_str().expect("text");
        assert!(!secret.is_empty() && !ended.err.contains(secret), "{name} on stderr");
    }
    TcpStream::connect(host(&address["rest_url"])).expect_err("nobody listens any more");
    world.assert_tidy();
}

#[test]
fn over_tls_it_listens_with_a_certificate_until_it_is_interrupted() {
    let world = World::new();
    let (running, address) = started(&world, &[]);
    for (name, scheme) in URLS.iter().zip(["https", "wss", "wss", "https", "https"]) {
        let url = address[name].as_str().expect("a URL");
        assert!(url.starts_with(&format!("{scheme}://127.0.0.1:")), "{url}");
        TcpStream::connect(host(&address[name])).expect("somebody listens");
    }
    let authority = Path::new(address["ca_file"].as_str().expect("a file"));
    let authority = std::fs::read_to_string(authority).expect("readable");
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"));
    end(&world, running, &address, Signal::INT);
}

#[test]
fn without_tls_it_serves_until_it_is_terminated() {
    let world = World::new();
    let file = crate::common::fixture("ticks/edge_nan_price.csv");
    let file = file.to_str().expect("a name");
    let (running, address) = started(&world, &["--plain", "--ticks-file", file]);
    assert_eq!(address["ca_file"], Value::Null);
    let mut socket = TcpStream::connect(host(&address["control_url"])).expect("listens");
    let request = b"GET /control/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    socket.write_all(request).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let state: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&state["rows"], &state["skipped_rows"]), (&76.into(), &5.into()));
    assert_eq!((&state["started"], &state["over"]), (&false.into(), &false.into()));
    end(&world, running, &address, Signal::TERM);
}

#[test]
fn orders_from_another_address_than_the_registered_one_are_refused() {
    let world = World::new();
    let flags = ["--plain", "--static-ip", "127.0.0.2", "--market-hours", "wall", "--deposit", "9"];
    let (running, address) = started(&world, &flags);
    let mut socket = TcpStream::connect(host(&address["rest_url"])).expect("listens");
    let request =
        b"POST /rest/secure/angelbroking/order/v1/placeOrder HTTP/1.1\r\nHost: localhost\r\n\
        Content-Length: 0\r\nConnection: close\r\n\r\n";
    socket.write_all(request).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("AG7002"), "{answer}");
    end(&world, running, &address, Signal::INT);
}

#[test]
fn the_nearest_contract_of_its_list_is_the_one_that_it_plays() {
    let world = World::new();
    for (flags, words) in [
        (&["--plain"][..], ["nifty", "26000", "ce"]),
        (&["--plain", "--exchange", "MCX", "--symbol", "CRUDEOIL"], ["crudeoil", "5300", "ce"]),
    ] {
        let (running, address) = started(&world, flags);
        let played = control(&address, "GET", "/state", "")["instrument"].clone();
        let url = address["scrip_master_url"].as_str().expect("a URL");
        let find = ["instruments", "find", "--json", "--limit", "1", "--url", url];
        let found = world.start(find.iter().chain(&words)).end();
        found.assert_status(0);
        let document: Value = serde_json::from_str(&found.out).expect("one document");
        let nearest = &document["results"][0];
        for key in ["exchange", "exchange_type", "symbol", "token", "lot_size"] {
            assert_eq!(nearest[key], played[key], "{key}");
        }
        running.end_by(Signal::INT).assert_status(130);
    }
}

#[test]
fn flags_choose_instrument_day_credentials_and_start() {
    let world = World::new();
    let flags = [
        "--plain",
        "--exchange",
        "NSE",
        "--symbol",
        "SBIN",
        "--day",
        "2025-10-06",
        "--start-now",
        "--client-id",
        "A1",
        "--password",
        "0042",
        "--api-key",
        "K",
        "--totp-secret",
        "GEZDGNBVGY3TQOJQ",
        "--rest-latency",
        "1ms..2ms",
        "--holding",
        "TCS-EQ:10:3000",
        "--tokens-end",
        "05:00",
        "--rate-refusal",
        "json",
        "--depth-20",
        "--idle-timeout",
        "5m",
    ];
    let (running, address) = started(&world, &flags);
    let told = ["client_id", "password", "api_key", "totp_secret"].map(|key| address[key].clone());
    assert_eq!(told, ["A1", "0042", "K", "GEZDGNBVGY3TQOJQ"]);
    let state = control(&address, "GET", "/state", "");
    assert_eq!(state["instrument"]["symbol"], "SBIN-EQ");
    assert_eq!(state["first_exchange_time"], "2025-10-06T09:36:00+05:30");
    assert_eq!(state["started"], true);
    let ended = running.end_by(Signal::INT);
    ended.assert_failure(130, &["plays NSE SBIN-EQ, token ", "the market moves"]);
    for (flags, words) in [
        (["--day", "2025-10-05"], ["weekend", "--day"]),
        (["--password", "123"], ["four digits", "--password"]),
        (["--set", "instrument.exchange=CDS"], ["instrument.exchange", "hint: "]),
        (["--totp-secret", "1"], ["TOTP secret", "hint: "]),
        (["--holding", "NONE:1:1"], ["no such share", "hint: "]),
    ] {
        world.run(["sandbox"].iter().chain(&flags)).assert_failure(2, &words);
    }
}

#[test]
fn each_start_makes_other_credentials() {
    let world = World::new();
    let (first, one) = started(&world, &["--plain"]);
    let (second, two) = started(&world, &["--plain"]);
    for name in ["api_key", "totp_secret"] {
        assert_ne!(one[name], two[name], "{name}");
    }
    for running in [first, second] {
        running.end_by(Signal::INT).assert_status(130);
    }
}

/// Asks the control address of a sandbox without TLS.
fn control(address: &Value, method: &str, path: &str, body: &str) -> Value {
    let mut socket = TcpStream::connect(host(&address["control_url"])).expect("listens");
    let length = body.len();
    let head = format!(
        "{method} /control{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn faults_come_from_a_file_the_command_line_and_the_control_address() {
    let world = World::new();
    world.write("bad_day.toml", "[[fault]]\nat = \"2s\"\ndo = \"drop\"\n");
    let faults =
        ["--plain", "--scenario", "bad_day.toml", "--fault", "gap@500", "--fault", "close"];
    let (running, address) = started(&world, &faults);
    let added = control(&address, "POST", "/faults", r#"{ "do": "stall", "for": "200ms" }"#);
    let names: Vec<&str> = added["faults"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| fault["do"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["drop", "gap", "close", "stall"]);
    assert_eq!(control(&address, "DELETE", "/faults", "")["faults"], Value::Array(vec![]));
    end(&world, running, &address, Signal::INT);
}

#[test]
fn a_wrong_scenario_or_fault_is_refused_with_what_is_allowed_and_where() {
    let world = World::new();
    world.write("bad.toml", "seed = 1\n[[fault]]\ndo = \"stal\"\n");
    let ended = world.run(["sandbox", "--scenario", "bad.toml"]);
    ended.assert_failure(2, &["error: scenario bad.toml: line 3, column 6: ", "\"stal\"", "stall"]);
    ended.assert_failure(2, &["hint: `myquant sandbox --help`"]);
    let ended = world.run(["perf", "--scenario", "none.toml", "--out", "run"]);
    ended.assert_failure(2, &["cannot read the scenario none.toml", "hint: "]);
    let ended = world.run(["sandbox", "--fault", "stall@500:soon"]);
    ended.assert_failure(2, &["--fault", "\"soon\" is no time", "allowed"]);
    world.write("full.toml", "[latency.stream]\nconstant = \"1ms\"\n");
    let ended = world.run(["sandbox", "--scenario", "full.toml", "--rate", "max"]);
    ended.assert_failure(2, &["latency of the stream", "hint: give a --rate"]);
}

#[test]
fn its_help_is_enough_to_use_it_with_any_program() {
    let world = World::new();
    let help = world.run(["sandbox", "--help"]);
    help.assert_status(0);
    let words = [
        "SmartConnect(api_key, root=rest_url)",
        "SmartWebSocketV2.ROOT_URI",
        "CONSTANTS.websocketURL",
        "REQUESTS_CA_BUNDLE",
        "totp_secret",
        "POST   /faults",
        "lost-answer",
        "[latency.rest]",
        "--fault stall@500:200ms",
        "token 47338, lot 75",
        "exchangeType 2",
        "09:36:00",
        "until anybody subscribes",
        "--start-now",
        "?answer=null",
        "?rows=N",
        "POST   /start",
        "PUT    /latency",
    ];
    for word in words {
        assert!(help.out.contains(word), "{word}");
    }
}
