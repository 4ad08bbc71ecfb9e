//! What happens to connections of the streams: at their door, and once they are open.

use std::time::Duration;

use sandbox::{Options, Pacing, Sandbox, now_ns};
use serde_json::Value;
use tungstenite::{Bytes, Message};

use super::{ALONE, FAST, faulty, subscribed, with};
use crate::client::{Stream, Tokens, call, login, market, open, plain, tls};

const PACED: Pacing = Pacing::FixedRate { per_second: 1_000 };

fn orders(sandbox: &Sandbox, tokens: &Tokens) -> Result<Stream, u16> {
    let address = sandbox.address();
    let bearer = [("Authorization", format!("Bearer {}", tokens.jwt))];
    open(address, &address.order_stream_url, &bearer).map_err(|refused| refused.0)
}

/// Whether the stream ended without a close frame.
fn ends_abruptly(stream: &mut Stream) -> bool {
    match stream.0.read() {
        Ok(message) => panic!("{message:?}"),
        Err(error) => !matches!(error, tungstenite::Error::ConnectionClosed),
    }
}

#[test]
fn a_refused_stream_gets_its_status_and_the_next_attempt_is_let_in() {
    let faults = ["refuse", "refuse@connection3:429", "refuse:403,stream=order"];
    let sandbox = faulty(5, ALONE, &faults);
    let tokens = login(&sandbox);
    let reason = Some("Invalid Header - Invalid Feed Token".to_owned());
    assert_eq!(market(&sandbox, &tokens).err(), Some((401, reason)));
    let held = market(&sandbox, &tokens).ok();
    assert!(held.is_some());
    assert_eq!(market(&sandbox, &tokens).err(), Some((429, None)));
    assert!(market(&sandbox, &tokens).is_ok());
    assert_eq!(orders(&sandbox, &tokens).err(), Some(403));
    assert!(orders(&sandbox, &tokens).is_ok());
}

#[test]
fn a_dropped_stream_ends_after_its_packets_without_a_close_frame() {
    for options in [plain(20, FAST), tls(20, FAST)] {
        let sandbox = Sandbox::start(with(options, &["drop@5"])).unwrap();
        let mut stream = subscribed(&sandbox);
        assert_eq!(stream.sequences(5), [1, 2, 3, 4, 5]);
        assert!(ends_abruptly(&mut stream));
    }
}

#[test]
fn a_closed_stream_says_goodbye_and_the_next_goes_on() {
    for options in [plain(50, FAST), tls(50, FAST)] {
        let sandbox = Sandbox::start(with(options, &["close@5"])).unwrap();
        let tokens = login(&sandbox);
        let mut stream = market(&sandbox, &tokens).ok().unwrap();
        stream.subscribe(3);
        assert_eq!(stream.sequences(5), [1, 2, 3, 4, 5]);
        assert!(matches!(stream.0.read().unwrap(), Message::Close(_)));
        assert!(matches!(stream.0.read(), Err(tungstenite::Error::ConnectionClosed)));
        let mut next = market(&sandbox, &tokens).ok().unwrap();
        next.subscribe(3);
        while next.packet().sequence < 50 {}
    }
}

#[test]
fn packets_that_were_scheduled_in_a_stall_come_late_by_their_share_of_it() {
    const STALL: u64 = 200_000_000;
    for options in [plain(400, PACED), tls(400, PACED)] {
        let clock = options.clock.clone();
        let sandbox = Sandbox::start(with(options, &["stall@50:200ms"])).unwrap();
        let schedule = sandbox.schedule();
        let mut stream = subscribed(&sandbox);
        let mut late = 0;
        for sequence in 1..=400 {
            assert_eq!(stream.packet().sequence, sequence);
            let came = now_ns(&clock);
            let due = schedule.scheduled_ns(sequence).unwrap();
            // It begins once packet 50 has left.
            let end = schedule.scheduled_ns(50).unwrap() + STALL;
            if sequence > 50 && due < end {
                assert!(came >= end, "packet {sequence} came {} ns early", end - came);
                late += 1;
            }
        }
        assert_eq!(late, 199, "one each millisecond");
    }
}

#[test]
fn a_stall_for_ever_answers_pings_until_it_is_called_off() {
    let sandbox = faulty(2_000, FAST, &["stall@5"]);
    let mut stream = subscribed(&sandbox);
    assert_eq!(stream.sequences(5), [1, 2, 3, 4, 5]);
    stream.say("ping");
    assert_eq!(stream.0.read().unwrap(), Message::text("pong"));
    stream.0.send(Message::Ping(Bytes::from_static(b"x"))).unwrap();
    assert_eq!(stream.0.read().unwrap(), Message::Pong(Bytes::from_static(b"x")));
    call(sandbox.address(), "DELETE", "/control/faults", &[], "");
    assert_eq!(stream.sequences(3), [6, 7, 8]);
}

#[test]
fn a_request_that_comes_in_a_stall_is_carried_out_after_it() {
    let sandbox = faulty(5, FAST, &["stall"]);
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.say("what?");
    stream.subscribe(3);
    stream.say("ping");
    assert_eq!(stream.0.read().unwrap(), Message::text("pong"));
    call(sandbox.address(), "DELETE", "/control/faults", &[], "");
    assert!(stream.text().contains("E1001"));
    assert_eq!(stream.sequences(5), [1, 2, 3, 4, 5]);
}

#[test]
fn a_frozen_stream_does_not_even_answer_pings() {
    const FREEZE: u64 = 150_000_000;
    let options = plain(400, PACED);
    let clock = options.clock.clone();
    let sandbox = Sandbox::start(with(options, &["freeze@5:150ms"])).unwrap();
    let mut stream = subscribed(&sandbox);
    assert_eq!(stream.sequences(5), [1, 2, 3, 4, 5]);
    stream.say("ping");
    let first = stream.0.read().unwrap();
    let (came, end) = (now_ns(&clock), sandbox.schedule().scheduled_ns(5).unwrap() + FREEZE);
    assert!(came >= end, "{first:?} came {} ns early", end - came);
    assert!(first == Message::text("pong") || stream.text() == "pong");
    while stream.packet().sequence < 400 {}
}

#[test]
fn a_frozen_stream_gives_its_place_back_when_its_client_goes() {
    let options = Options { idle_timeout: Duration::from_secs(3600), ..plain(5, ALONE) };
    let sandbox = Sandbox::start(with(options, &["freeze"])).unwrap();
    let stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    let held = || {
        let state = call(sandbox.address(), "GET", "/control/state", &[], "").json();
        state["connections"].as_u64().unwrap()
    };
    assert_eq!(held(), 1);
    drop(stream);
    let mut answers = std::iter::repeat_with(held).take(100_000);
    assert!(answers.any(|held| held == 0), "the place was not given back");
}

#[test]
fn one_byte_frames_and_errors_as_text_come_between_the_packets() {
    let sandbox = faulty(6, FAST, &["one-byte-frame@3", "text-error@3", "text-error@4:E1002"]);
    let mut stream = subscribed(&sandbox);
    assert_eq!(stream.sequences(3), [1, 2, 3]);
    assert_eq!(stream.0.read().unwrap(), Message::Binary(Bytes::from_static(&[0])));
    let error: Value = serde_json::from_str(&stream.text()).unwrap();
    assert_eq!((&error["errorCode"], &error["correlationID"]), (&"E1001".into(), &Value::Null));
    assert_eq!(stream.packet().sequence, 4);
    assert!(stream.text().contains("E1002"));
    assert_eq!(stream.sequences(2), [5, 6]);
}

#[test]
fn a_time_wakes_a_stream_that_has_nothing_to_send() {
    let sandbox = faulty(9, ALONE, &["drop@150ms"]);
    let mut stream = subscribed(&sandbox);
    assert_eq!(stream.packet().sequence, 1);
    assert!(ends_abruptly(&mut stream), "before the second packet");
}

#[test]
fn faults_meet_the_connection_that_they_name() {
    let sandbox = faulty(3_000, FAST, &["drop@connection2", "close@connection3"]);
    let tokens = login(&sandbox);
    let mut first = market(&sandbox, &tokens).ok().unwrap();
    first.subscribe(3);
    let mut second = market(&sandbox, &tokens).ok().unwrap();
    assert!(ends_abruptly(&mut second));
    let mut third = market(&sandbox, &tokens).ok().unwrap();
    assert!(matches!(third.0.read().unwrap(), Message::Close(_)));
    assert_eq!(first.sequences(3), [1, 2, 3]);
}

#[test]
fn the_order_stream_has_the_same_faults() {
    let faults = ["one-byte-frame:stream=order", "drop@20:stream=order", "stall@25:stream=order"];
    let sandbox = faulty(40, FAST, &faults);
    let tokens = login(&sandbox);
    let mut updates = orders(&sandbox, &tokens).ok().unwrap();
    assert!(updates.text().contains("AB00"));
    assert_eq!(updates.bytes().len(), 1);
    let mut stream = market(&sandbox, &tokens).ok().unwrap();
    stream.subscribe(3);
    assert!(ends_abruptly(&mut updates), "once 20 packets of the market stream were sent");
    stream.sequences(40);
    let mut updates = orders(&sandbox, &tokens).ok().unwrap();
    updates.say("ping");
    // The greeting may have left before the silence began.
    while updates.text() != "pong" {}
}

#[test]
fn the_sandbox_ends_whatever_its_streams_are_held_by() {
    for fault in ["stall@3", "freeze@3"] {
        let sandbox = faulty(50, FAST, &[fault]);
        let mut stream = subscribed(&sandbox);
        assert_eq!(stream.sequences(3), [1, 2, 3]);
        sandbox.stop();
        while stream.0.read().is_ok() {}
    }
}
