//! What is played, in which order, and when.

use std::time::Duration;

use sandbox::{Options, Pacing, Row, Sandbox, Tape, now_ns};
use serde_json::{Value, json};

use crate::client::{Seen, Stream, call, login, market, plain, rows, tls};

const FAST: Pacing = Pacing::FixedRate { per_second: 2_000 };

fn control(sandbox: &Sandbox, what: &str) -> Value {
    let reply = call(sandbox.address(), "GET", &format!("/control/{what}"), &[], "");
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Subscribes in mode 3 and reads to the last row.
fn read_all(stream: &mut Stream, count: usize) -> Vec<Seen> {
    stream.subscribe(3);
    (0..count).map(|_| stream.packet()).collect()
}

fn expected(count: usize) -> Vec<Seen> {
    rows(count).iter().enumerate().map(|(index, row)| Seen::row(index, row)).collect()
}

#[test]
fn the_market_moves_without_a_subscriber_if_it_is_told_to() {
    for start_now in [true, false] {
        let (clock, mock) = quanta::Clock::mock();
        mock.increment(Duration::from_secs(1));
        let paced = plain(100, Pacing::FixedRate { per_second: 1 });
        let sandbox = Sandbox::start(Options { clock, start_now, ..paced }).unwrap();
        let control = |method: &str, path: &str| {
            call(sandbox.address(), method, &format!("/control/{path}"), &[], "").json()
        };
        mock.increment(Duration::from_secs(5));
        let state = control("GET", "state");
        assert_eq!(
            (&state["started"], &state["due"]),
            (&json!(start_now), &json!(1 + 5 * u8::from(start_now)))
        );
        let started = control("POST", "start");
        assert_eq!(started["started"], json!(true));
        mock.increment(Duration::from_secs(10));
        let state = control("GET", "state");
        assert_eq!(state["due"], json!(if start_now { 16 } else { 11 }));
        assert_eq!(state["instrument"]["symbol"], json!("NIFTY28NOV2526000CE"));
        assert_eq!(state["first_exchange_time"], json!("2025-10-01T09:36:00+05:30"));
        // Who subscribes later sees the row that is due.
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        stream.subscribe(3);
        assert_eq!(json!(stream.packet().sequence), state["due"]);
        mock.increment(Duration::from_secs(100));
        assert_eq!(control("GET", "state")["due"], json!(100));
    }
}

#[test]
fn plays_every_row_in_order_and_says_when_it_is_over() {
    for (options, pacing) in [(plain as fn(_, _) -> Options, FAST), (tls, Pacing::FullSpeed)] {
        let sandbox = Sandbox::start(options(500, pacing)).unwrap();
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        let before = control(&sandbox, "state");
        assert_eq!((&before["started"], &before["over"]), (&false.into(), &false.into()));
        assert_eq!((&before["connections"], &before["skipped_rows"]), (&1.into(), &3.into()));
        assert_eq!(read_all(&mut stream, 500), expected(500));
        assert_eq!(control(&sandbox, "over")["over"], true);
        let after = control(&sandbox, "state");
        assert_eq!((&after["rows"], &after["sent"]), (&500.into(), &500.into()));
        assert!(sandbox.is_over() && after["over"] == true);
    }
}

#[test]
fn a_recording_keeps_its_pace_times_the_speed() {
    let sandbox = Sandbox::start(plain(9, Pacing::Recorded { speed: 40.0 })).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    assert_eq!(read_all(&mut stream, 9), expected(9));
    let schedule = sandbox.schedule();
    let span = schedule.scheduled_ns(9).unwrap() - schedule.scheduled_ns(1).unwrap();
    assert_eq!(span, 100_000_000, "nine rows at two a second, forty times as fast");
}

#[test]
fn the_first_subscriber_gets_rows_that_are_due_at_once() {
    let first = 1_759_291_560_250;
    // Five share the first stamp, one lies before it, and the rest follows.
    let stamps = [0, 0, 0, 0, 0, -40, 20, 30];
    let row = |(place, after): (usize, &i64)| Row {
        exchange_ts_ms: first + after,
        price_paise: 10_000 + 5 * place as i64,
        qty: 75,
    };
    let rows: Vec<Row> = stamps.iter().enumerate().map(row).collect();
    let expected: Vec<Seen> =
        rows.iter().enumerate().map(|(index, row)| Seen::row(index, row)).collect();
    for speed in [1.0, 1e6] {
        let tape = Tape::new(rows.clone(), 0);
        let options = Options { tape, ..plain(1, Pacing::Recorded { speed }) };
        let sandbox = Sandbox::start(options).unwrap();
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        assert_eq!(read_all(&mut stream, rows.len()), expected);
    }
}

#[test]
fn row_one_comes_first_at_any_rate() {
    for _ in 0..20 {
        let options = plain(300, Pacing::FixedRate { per_second: u32::MAX });
        let sandbox = Sandbox::start(options).unwrap();
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        assert_eq!(read_all(&mut stream, 300), expected(300));
    }
}

#[test]
fn a_reconnect_repeats_the_last_due_row_and_goes_on() {
    let sandbox = Sandbox::start(tls(400, FAST)).unwrap();
    let tokens = login(&sandbox);
    let mut first = market(&sandbox, &tokens).ok().unwrap();
    first.subscribe(3);
    while first.packet().sequence < 50 {}
    drop(first);
    let mut second = market(&sandbox, &tokens).ok().unwrap();
    second.subscribe(3);
    let snapshot = second.packet();
    assert!(snapshot.sequence >= 50);
    let all = expected(400);
    let rest = &all[snapshot.sequence as usize - 1..];
    assert_eq!(snapshot, rest[0]);
    assert_eq!((1..rest.len()).map(|_| second.packet()).collect::<Vec<_>>(), rest[1..]);
    control(&sandbox, "over");
    let mut late = market(&sandbox, &tokens).ok().unwrap();
    late.subscribe(3);
    assert_eq!(late.packet(), all[399], "also after the end there is a snapshot");
    assert!(sandbox.is_over());
}

#[test]
fn the_recording_ends_by_the_clock_when_nobody_listens() {
    let sandbox = Sandbox::start(plain(200, FAST)).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.subscribe(1);
    assert_eq!(stream.packet().sequence, 1);
    drop(stream);
    assert_eq!(control(&sandbox, "over")["over"], true);
    assert!(control(&sandbox, "state")["sent"].as_u64() < Some(200));
}

#[test]
fn each_mode_sends_its_own_packet() {
    let sandbox = Sandbox::start(plain(50, FAST)).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.subscribe(1);
    stream.subscribe(2);
    let mut seen = [Vec::new(), Vec::new()];
    while seen.iter().any(|mode| mode.last() != Some(&50)) {
        let packet = stream.packet();
        seen[usize::from(packet.mode) - 1].push(packet.sequence);
    }
    assert!(seen.iter().all(|mode| mode.is_sorted()));
    assert_eq!(seen[0].len(), 50);
}

#[test]
fn an_unsubscribed_stream_falls_silent_and_begins_again_with_a_snapshot() {
    let sandbox = Sandbox::start(plain(1_000_000, FAST)).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.subscribe(3);
    let before = stream.packet().sequence;
    stream.ask(0, 3, &["47338"]);
    stream.say("ping");
    assert_eq!(stream.text(), "pong");
    stream.subscribe(3);
    assert!(stream.packet().sequence > before);
}

#[test]
fn packets_of_a_fixed_rate_leave_when_they_are_due() {
    let options = plain(600, Pacing::FixedRate { per_second: 1_000 });
    let clock = options.clock.clone();
    let sandbox = Sandbox::start(options).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.subscribe(3);
    let schedule = sandbox.schedule();
    for sequence in 1..=600 {
        assert_eq!(stream.packet().sequence, sequence);
        let (due, left) = (schedule.scheduled_ns(sequence), schedule.handed_over_ns(sequence));
        assert!(due <= left, "packet {sequence} left before it was due");
        assert!(left <= Some(now_ns(&clock)), "packet {sequence} came before it left");
    }
    let gaps =
        (1..600).map(|s| schedule.scheduled_ns(s + 1).zip(schedule.scheduled_ns(s)).unwrap());
    assert!(gaps.map(|(next, this)| next - this).all(|gap| gap == 1_000_000));
}

#[test]
fn the_control_addresss_schedule_is_the_embedded_one_on_the_monotonic_clock() {
    let options = plain(300, FAST);
    let clock = options.clock.clone();
    let sandbox = Sandbox::start(options).unwrap();
    assert!(control(&sandbox, "schedule?from=1&count=1")["scheduled_ns"][0].is_null());
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    read_all(&mut stream, 300);
    let asked = control(&sandbox, "schedule?from=299&count=3");
    let times = asked["scheduled_ns"].as_array().unwrap();
    let schedule = sandbox.schedule();
    let age_here = || now_ns(&clock) - schedule.scheduled_ns(300).unwrap();
    let before = age_here();
    let age_there =
        control(&sandbox, "clock")["monotonic_ns"].as_u64().unwrap() - times[1].as_u64().unwrap();
    // The two clocks run at one pace, but for what their calibration leaves.
    let calibration = 1_000_000;
    assert!((before..age_here() + calibration).contains(&age_there), "{before} to {age_there}");
    assert!((times[1].as_u64().unwrap() - times[0].as_u64().unwrap()).abs_diff(500_000) < 5_000);
    assert!(times[2].is_null(), "the tape has 300 rows");
    let left = asked["handed_over_ns"].as_array().unwrap();
    assert!((0..2).all(|row| left[row].as_u64() >= times[row].as_u64()), "none leaves too early");
    assert!(left[2].is_null());
}

#[test]
fn a_slow_reader_gets_every_row_of_a_full_speed_tape() {
    let count = 200_000;
    for options in [plain(count, Pacing::FullSpeed), tls(count, Pacing::FullSpeed)] {
        let sandbox = Sandbox::start(options).unwrap();
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        stream.subscribe(3);
        let schedule = sandbox.schedule();
        let mut last_due = 0;
        for (index, row) in rows(count).iter().enumerate() {
            let seen = stream.packet();
            assert_eq!(seen, Seen::row(index, row));
            let due = schedule.scheduled_ns(seen.sequence).unwrap();
            assert!(due >= last_due);
            last_due = due;
            if index == 1_000 {
                // Long enough for every buffer on the way to fill up.
                stalled(&sandbox, count as u64);
            }
        }
        assert_eq!(control(&sandbox, "over")["over"], true);
    }
}

/// Waits until the sandbox has stopped to send because nobody reads: many questions in a row, each a
/// round trip, find the same number.
fn stalled(sandbox: &Sandbox, rows: u64) {
    let mut sent = 0;
    let mut unchanged = 0;
    while unchanged < 20 {
        let now = control(sandbox, "state")["sent"].as_u64().unwrap();
        unchanged = if now == sent { unchanged + 1 } else { 0 };
        sent = now;
    }
    assert!(sent < rows, "{sent} rows were held somewhere");
}
