//! What brokers are seen to do differently, and what the control address changes while it runs.

use std::time::Duration;

use sandbox::{Options, Pacing, RateRefusal, Sandbox, SessionRules};
use serde_json::{Value, json};
use smartapi::packet::{Packet, decode};
use smartapi::rest::routes;
use tungstenite::Message;

use crate::client::{NOON, Stream, call, login, market, open, plain, secured};

const SLOW: Pacing = Pacing::FixedRate { per_second: 1 };

fn put(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    let path = format!("/control/{path}");
    let reply = call(sandbox.address(), "PUT", &path, &[], &body.to_string());
    (reply.status, reply.json())
}

/// Whether the connection ends before anything but packets comes.
fn ends(stream: &mut Stream) -> bool {
    loop {
        match stream.0.read() {
            Ok(Message::Binary(_)) => {}
            Ok(other) => return other.is_close(),
            Err(_) => return true,
        }
    }
}

#[test]
fn a_logout_ends_the_streams_of_its_own_session_if_that_is_the_rule() {
    let (clock, mock) = quanta::Clock::mock();
    mock.increment(Duration::from_secs(10));
    let sessions = SessionRules { logout_ends_streams: true, ..SessionRules::default() };
    let sandbox = Sandbox::start(Options { clock, sessions, ..plain(9, SLOW) }).unwrap();
    let address = sandbox.address();
    let leaving = login(&sandbox);
    mock.increment(Duration::from_secs(1));
    let staying = login(&sandbox);
    let orders = |jwt: &str| {
        let bearer = [("Authorization", format!("Bearer {jwt}"))];
        let mut stream = open(address, &address.order_stream_url, &bearer).ok().unwrap();
        assert!(stream.text().contains("AB00"));
        stream
    };
    let mut left = [market(&sandbox, &leaving).ok().unwrap(), orders(&leaving.jwt)];
    let mut kept = [market(&sandbox, &staying).ok().unwrap(), orders(&staying.jwt)];
    left[0].subscribe(3);
    assert_eq!(left[0].packet().sequence, 1);
    let body = json!({ "clientcode": address.credentials.client_id }).to_string();
    let reply = secured(address, "POST", routes::LOGOUT, &leaving.jwt, &body).unwrap();
    assert_eq!(reply.json()["status"], true);
    assert!(left.iter_mut().all(ends));
    for stream in &mut kept {
        stream.say("ping");
        assert_eq!(stream.text(), "pong");
    }
}

#[test]
fn a_call_above_its_limit_may_be_refused_in_json() {
    let rate_refusal = RateRefusal::Json;
    let (clock, mock) = quanta::Clock::mock();
    mock.increment(Duration::from_secs(10));
    let sandbox = Sandbox::start(Options { clock, rate_refusal, ..plain(1, SLOW) }).unwrap();
    let jwt = login(&sandbox).jwt;
    let book = || secured(sandbox.address(), "GET", routes::ORDER_BOOK, &jwt, "").unwrap();
    assert_eq!(book().json()["status"], true);
    let refused = book();
    let told = refused.json();
    assert_eq!((refused.status, &told["status"]), (200, &json!(false)));
    assert_eq!(told["errorcode"], "AB1021");
}

#[test]
fn mode_4_is_streamed_where_it_is_offered_and_refused_elsewhere() {
    for depth_20 in [false, true] {
        let sandbox = Sandbox::start(Options { depth_20, ..plain(9, SLOW) }).unwrap();
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        stream.subscribe(4);
        if !depth_20 {
            assert!(stream.text().contains("E1001"));
            continue;
        }
        let bytes = stream.bytes();
        let Ok(Packet::Depth20(packet)) = decode(&bytes) else { panic!("another packet") };
        assert_eq!(bytes.len(), 443);
        assert!(packet.buys[0].px.get() < packet.sells[0].px.get());
    }
}

#[test]
fn the_index_streams_beside_the_instrument_or_alone() {
    let sandbox = Sandbox::start(plain(3, Pacing::FixedRate { per_second: 1_000 })).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    let ask = |action: u8, segment: u8, token: &str| {
        let list = json!([{ "exchangeType": segment, "tokens": [token] }]);
        json!({ "action": action, "params": { "mode": 3, "tokenList": list } }).to_string()
    };
    let tokens = |stream: &mut Stream, count: usize| {
        let token = |bytes: &[u8]| String::from_utf8(bytes[2..27].to_vec()).unwrap();
        let read = (0..count).map(|_| token(&stream.bytes()).trim_end_matches('\0').to_owned());
        read.collect::<Vec<_>>()
    };
    stream.say(&ask(1, 1, "99926000"));
    assert_eq!(tokens(&mut stream, 3), ["99926000"; 3], "alone it moves too");
    stream.say(&ask(1, 2, "47338"));
    assert_eq!(tokens(&mut stream, 1), ["47338"], "a snapshot of what is fresh");
    stream.say(&ask(0, 1, "99926000"));
    stream.say(&ask(1, 1, "99926000"));
    assert_eq!(tokens(&mut stream, 1), ["99926000"]);
    let both = Sandbox::start(plain(2, Pacing::FullSpeed)).unwrap();
    let mut stream = market(&both, &login(&both)).ok().unwrap();
    let list = json!([
        { "exchangeType": 1, "tokens": ["99926000"] },
        { "exchangeType": 2, "tokens": ["47338"] },
    ]);
    let request = json!({ "action": 1, "params": { "mode": 3, "tokenList": list } });
    stream.say(&request.to_string());
    assert_eq!(tokens(&mut stream, 4), ["47338", "99926000", "47338", "99926000"]);
}

#[test]
fn the_control_address_sets_the_brokers_date() {
    let sandbox = Sandbox::start(plain(1, SLOW)).unwrap();
    let address = sandbox.address();
    let jwt = login(&sandbox).jwt;
    let midnight = NOON + 12 * 3600;
    let (status, told) = put(&sandbox, "clock", &json!({ "wall_s": midnight }));
    assert_eq!((status, told["wall_s"].as_i64()), (200, Some(midnight)));
    let expired = secured(address, "GET", routes::PROFILE, &jwt, "").unwrap().json();
    assert_eq!(expired["errorCode"], "AG8002");
    let (status, told) = put(&sandbox, "clock", &json!({ "time": 1 }));
    assert_eq!(status, 400);
    assert!(told["error"].as_str().unwrap().contains("wall_s"), "{told}");
    call(address, "DELETE", "/control/faults", &[], "");
    let profile = secured(address, "GET", routes::PROFILE, &jwt, "").unwrap().json();
    assert_eq!(profile["status"], true, "the date is right again");
}

#[test]
fn the_control_address_sets_the_latencies() {
    let (clock, mock) = quanta::Clock::mock();
    mock.increment(Duration::from_secs(1));
    let sandbox = Sandbox::start(Options { clock, ..plain(100, SLOW) }).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.subscribe(3);
    assert_eq!(stream.packet().sequence, 1);
    let wanted = json!({ "stream": { "constant": "10s" } });
    assert_eq!(put(&sandbox, "latency", &wanted), (200, json!({ "rest": false, "stream": true })));
    // Rows 2 and 3 are due, and leave ten seconds later.
    mock.increment(Duration::from_secs(3));
    stream.say("ping");
    assert_eq!(stream.0.read().unwrap(), Message::text("pong"), "no packet comes before");
    mock.increment(Duration::from_secs(9));
    assert_eq!(put(&sandbox, "latency", &json!({})).1["stream"], json!(false));
    assert_eq!(stream.sequences(12), (2..14).collect::<Vec<_>>());
    let (status, told) = put(&sandbox, "latency", &json!({ "rest": { "p50": "1ms" } }));
    assert_eq!(status, 400);
    assert!(told["error"].as_str().unwrap().contains("allowed"), "{told}");
    let full = Sandbox::start(plain(1, Pacing::FullSpeed)).unwrap();
    assert_eq!(put(&full, "latency", &wanted).0, 400);
}
