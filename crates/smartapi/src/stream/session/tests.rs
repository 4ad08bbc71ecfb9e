//! Tests of the session's rules, one by one, with a clock in the test's hand.

mod changes;

use super::*;
use crate::packet::{ExchangeType, Mode};
use crate::stream::request::ServerText;

fn at(seconds: f64) -> Mono {
    Mono((seconds * 1e9) as u64)
}

fn wanted() -> Vec<Subscription> {
    let one = |mode, segment, token: &str| Subscription {
        mode,
        exchange_type: ExchangeType(segment),
        token: token.to_owned(),
    };
    vec![
        one(Mode::SnapQuote, 2, "43854"),
        one(Mode::Ltp, 1, "26000"),
        one(Mode::SnapQuote, 1, "2885"),
        one(Mode::SnapQuote, 2, "43855"),
    ]
}

fn session() -> Session {
    Session::new(&wanted(), Limits::default(), 7).expect("few subscriptions")
}

/// Polls until the session has nothing to send, and gives what it said with the next action.
fn said(session: &mut Session, now: Mono) -> (Vec<String>, Action<'static>) {
    let mut bytes = Vec::new();
    loop {
        let action = match session.poll(now) {
            Action::Send(frames) => {
                bytes.extend_from_slice(frames);
                continue;
            }
            Action::Read { until } => Action::Read { until },
            Action::Disconnect => Action::Disconnect,
            other => panic!("not from an open connection: {other:?}"),
        };
        return (client_frames(&bytes), action);
    }
}

/// Client frames as text: the payload, behind the opcode where it is not text.
pub(super) fn client_frames(mut bytes: &[u8]) -> Vec<String> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        let (len, rest) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            short => (usize::from(short), rest),
        };
        let (mask, rest) = rest.split_at(4);
        let (payload, rest) = rest.split_at(len);
        let plain = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
        let plain: Vec<u8> = plain.collect();
        frames.push(match first & 0x0f {
            1 => String::from_utf8(plain).expect("text"),
            opcode => format!("{opcode}:{}", String::from_utf8_lossy(&plain)),
        });
        bytes = rest;
    }
    frames
}

fn live(now: Mono) -> Session {
    let mut session = session();
    assert_eq!(session.poll(now), Action::Connect);
    session.on_connected(now);
    let _ = said(&mut session, now);
    session
}

fn refusal(status: u16) -> Refusal {
    Refusal { status, message: None }
}

fn pause_until(session: &mut Session, now: Mono) -> f64 {
    match session.poll(now) {
        Action::Wait { until } => until.since(now).as_secs_f64(),
        other => panic!("expected a pause, was {other:?}"),
    }
}

#[test]
fn subscribes_once_for_each_mode_after_connecting() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    assert_eq!(session.take_state_change(), Some(ConnectionState::Connecting { attempt: 1 }));
    session.on_connected(at(1.0));
    assert_eq!(session.take_state_change(), Some(ConnectionState::Live));
    let (frames, action) = said(&mut session, at(1.0));
    assert_eq!(action, Action::Read { until: at(11.0) });
    let expected = [
        r#"{"correlationID":"s1n1","action":1,"params":{"mode":1,"tokenList":[{"exchangeType":1,"tokens":["26000"]}]}}"#,
        r#"{"correlationID":"s3n2","action":1,"params":{"mode":3,"tokenList":[{"exchangeType":1,"tokens":["2885"]},{"exchangeType":2,"tokens":["43854","43855"]}]}}"#,
    ];
    assert_eq!(frames, expected);
}

#[test]
fn refuses_more_subscriptions_than_a_connection_carries() {
    let many: Vec<Subscription> = (0..1001)
        .map(|token| Subscription { token: token.to_string(), ..wanted()[0].clone() })
        .collect();
    let repeated = vec![many[0].clone(); 1001];
    assert!(Session::new(&repeated, Limits::default(), 0).is_ok(), "a repeated pair is free");
    let error = Session::new(&many, Limits::default(), 0).err();
    assert_eq!(error, Some(SubscriptionFault::TooMany { was: 1001 }));
}

#[test]
fn sends_a_text_ping_every_ten_seconds() {
    let mut session = live(at(0.0));
    for beat in 1..=5 {
        let now = at(f64::from(beat) * 10.0);
        let before = at(f64::from(beat) * 10.0 - 0.1);
        session.on_data(before);
        assert_eq!(said(&mut session, before), (vec![], Action::Read { until: now }));
        assert!(session.wants_poll(now) && !session.wants_poll(before));
        assert_eq!(said(&mut session, now).0, ["ping"]);
    }
}

#[test]
fn answers_the_newest_ping_with_its_payload() {
    let mut session = live(at(0.0));
    session.on_ping(b"old");
    session.on_ping(b"new");
    session.on_control(at(1.0));
    assert!(session.wants_poll(at(1.0)));
    assert_eq!(said(&mut session, at(1.0)).0, ["10:new"]);
    assert!(!session.wants_poll(at(1.0)));
}

#[test]
fn a_silent_socket_is_stale_then_dead() {
    let mut session = live(at(0.0));
    session.on_data(at(1.0));
    let _ = said(&mut session, at(12.9));
    assert_eq!(session.take_state_change(), Some(ConnectionState::Live));
    let (_, action) = said(&mut session, at(13.0));
    assert_eq!(action, Action::Read { until: at(21.0) });
    assert_eq!(session.take_state_change(), Some(ConnectionState::Stale { since: at(1.0) }));
    let (frames, action) = said(&mut session, at(21.0));
    assert_eq!(frames, ["8:\u{3}\u{fffd}"], "says good-bye with code 1000");
    assert_eq!(action, Action::Disconnect);
    let Some(ConnectionState::BackingOff { because, .. }) = session.take_state_change() else {
        panic!("backs off")
    };
    assert_eq!(because, Because::Silent(Duration::from_secs(20)));
}

#[test]
fn pongs_without_data_are_stale_then_dead() {
    let mut session = live(at(0.0));
    for second in 1..=89 {
        session.on_control(at(f64::from(second)));
        let _ = said(&mut session, at(f64::from(second)));
        let is_stale = matches!(session.state(), ConnectionState::Stale { .. });
        assert_eq!(is_stale, second >= 30, "second {second}");
    }
    let _ = said(&mut session, at(90.0));
    let ConnectionState::BackingOff { because, .. } = session.state() else { panic!("backs off") };
    assert_eq!(*because, Because::NoData(Duration::from_secs(90)));
}

#[test]
fn data_ends_staleness() {
    let mut session = live(at(0.0));
    let _ = said(&mut session, at(13.0));
    assert_eq!(session.take_state_change(), Some(ConnectionState::Stale { since: at(0.0) }));
    session.on_data(at(14.0));
    assert_eq!(session.take_state_change(), Some(ConnectionState::Live));
}

#[test]
fn pauses_double_up_to_a_minute_and_begin_anew_after_data() {
    let mut session = session();
    let mut now = at(0.0);
    for least in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
        assert_eq!(session.poll(now), Action::Connect);
        session.on_lost(now, Because::Unreachable { detail: "refused".to_owned(), tls: false });
        let pause = pause_until(&mut session, now);
        assert!((least..=2.0 * least).contains(&pause), "{pause} s, expected {least} s and more");
        now = now.after(Duration::from_secs(60));
    }
    assert_eq!(session.poll(now), Action::Connect);
    assert_eq!(session.state(), &ConnectionState::Connecting { attempt: 9 });
    session.on_connected(now);
    session.on_data(now);
    now = now.after(Duration::from_secs(5));
    session.on_lost(now, Because::Lost { detail: "reset".to_owned() });
    assert!(pause_until(&mut session, now) < 1.0);
}

#[test]
fn a_server_that_sends_a_packet_and_closes_is_tried_less_and_less_often() {
    let limits = Limits { max_attempts: Some(4), ..Limits::default() };
    let mut session = Session::new(&wanted(), limits, 1).expect("few subscriptions");
    let mut now = at(0.0);
    for least in [0.5, 1.0, 2.0] {
        assert_eq!(session.poll(now), Action::Connect);
        session.on_connected(now);
        session.on_data(now);
        session.on_lost(now.after(Duration::from_secs(4)), Because::Silent(Duration::ZERO));
        now = now.after(Duration::from_secs(4));
        assert!(pause_until(&mut session, now) >= least);
        now = now.after(Duration::from_secs(60));
    }
    assert_eq!(session.poll(now), Action::Connect);
    session.on_connected(now);
    session.on_data(now);
    session.on_lost(now, Because::Silent(Duration::ZERO));
    let end = session.poll(now);
    assert!(matches!(end, Action::Ended(End::Failed(Failure::GaveUp { attempts: 4, .. }))));
}

#[test]
fn limits_of_zero_neither_storm_nor_spin() {
    let zero = Duration::ZERO;
    let limits = Limits { first_pause: zero, heartbeat: zero, ..Limits::default() };
    let mut session = Session::new(&wanted(), limits, 1).expect("few subscriptions");
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_lost(at(0.0), Because::Silent(zero));
    assert!(pause_until(&mut session, at(0.0)) >= 0.001);
    assert_eq!(session.poll(at(1.0)), Action::Connect);
    session.on_connected(at(1.0));
    let (_, action) = said(&mut session, at(1.0));
    assert!(matches!(action, Action::Read { until } if until > at(1.0)), "{action:?}");
}

#[test]
fn a_pause_can_be_cut_short_but_not_a_renewal() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_refused(at(0.0), refusal(429));
    session.hurry(at(5.0));
    assert!(pause_until(&mut session, at(5.0)) <= 1.0);
    let Some(ConnectionState::BackingOff { until, because }) = session.take_state_change() else {
        panic!("the new end is shown")
    };
    assert!(until <= at(6.0) && because == Because::Refused(refusal(429)));
    for (now, most) in [(6.0, 2.0), (8.0, 4.0), (12.0, 8.0)] {
        assert_eq!(session.poll(at(now)), Action::Connect);
        session.on_refused(at(now), refusal(429));
        assert!(pause_until(&mut session, at(now)) <= most, "the server may be late to notice");
    }
    assert_eq!(session.poll(at(20.0)), Action::Connect);
    session.on_refused(at(20.0), refusal(429));
    assert!(pause_until(&mut session, at(20.0)) >= 60.0);
    assert_eq!(session.poll(at(100.0)), Action::Connect);
    session.on_refused(at(100.0), refusal(401));
    session.on_renewal_failed(at(100.0), fault(true));
    let pause = pause_until(&mut session, at(100.0));
    session.hurry(at(100.0));
    assert_eq!(pause_until(&mut session, at(100.0)), pause);
}

#[test]
fn an_ended_session_can_begin_again() {
    let mut session = live(at(0.0));
    session.on_stop();
    let _ = said(&mut session, at(0.0));
    assert_eq!(session.poll(at(0.0)), Action::Ended(End::Stopped));
    session.restart();
    assert_eq!(session.poll(at(1.0)), Action::Connect);
    session.on_connected(at(1.0));
    assert_eq!(said(&mut session, at(1.0)).0.len(), 2, "with all subscriptions");
}

#[test]
fn an_accepted_connection_that_is_closed_at_once_counts_as_a_failure() {
    let mut session = session();
    let mut now = at(0.0);
    for least in [0.5, 1.0, 2.0] {
        assert_eq!(session.poll(now), Action::Connect);
        session.on_connected(now);
        session.on_close(now, Some(1008), "limit\u{7}");
        assert_eq!(said(&mut session, now).1, Action::Disconnect);
        assert!(pause_until(&mut session, now) >= least);
        now = now.after(Duration::from_secs(60));
    }
    let ConnectionState::BackingOff { because, .. } = session.state() else { panic!("backs off") };
    assert_eq!(*because, Because::Closed { code: Some(1008), reason: "limit".to_owned() });
}

#[test]
fn status_429_cools_down_for_a_minute() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_refused(at(0.0), refusal(429));
    assert!((60.0..68.0).contains(&pause_until(&mut session, at(0.0))));
}

#[test]
fn refused_tokens_are_renewed_once() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_refused(at(0.0), refusal(401));
    assert_eq!(session.poll(at(0.0)), Action::Renew);
    assert_eq!(session.take_state_change(), Some(ConnectionState::Renewing));
    session.on_renewed();
    assert_eq!(session.poll(at(1.0)), Action::Connect);
    session.on_refused(at(1.0), refusal(403));
    let end = End::Failed(Failure::Refused(refusal(403)));
    assert_eq!(session.poll(at(1.0)), Action::Ended(end));
}

#[test]
fn tokens_that_were_accepted_may_be_renewed_again() {
    let mut session = session();
    for day in 0..3 {
        let now = at(f64::from(day) * 86_400.0);
        assert_eq!(session.poll(now), Action::Connect);
        session.on_refused(now, refusal(401));
        assert_eq!(session.poll(now), Action::Renew);
        session.on_renewed();
        assert_eq!(session.poll(now), Action::Connect);
        session.on_connected(now);
        session.on_data(now);
        session.on_lost(now, Because::Lost { detail: "reset".to_owned() });
        assert!(pause_until(&mut session, now) > 0.0);
    }
}

#[test]
fn a_failed_renewal_ends_the_session() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_refused(at(0.0), refusal(401));
    session.on_renewal_failed(at(0.0), fault(false));
    let failure =
        Failure::Renewal { tokens: TokenFault::Refused(refusal(401)), reason: "why".to_owned() };
    assert_eq!(session.poll(at(0.0)), Action::Ended(End::Failed(failure)));
}

fn fault(retryable: bool) -> RenewalFault {
    RenewalFault { text: "why".to_owned(), retryable }
}

#[test]
fn a_renewal_that_may_succeed_later_is_made_again_after_growing_pauses() {
    let mut session = session();
    let mut now = at(0.0);
    assert_eq!(session.poll(now), Action::Connect);
    session.on_refused(now, refusal(401));
    for least in [0.5, 1.0, 2.0, 4.0] {
        assert_eq!(session.poll(now), Action::Renew);
        assert_eq!(session.take_state_change(), Some(ConnectionState::Renewing));
        session.on_renewal_failed(now, fault(true));
        let pause = pause_until(&mut session, now);
        assert!((least..=2.0 * least).contains(&pause), "{pause} s, expected {least} s and more");
        let Some(ConnectionState::BackingOff { because, .. }) = session.take_state_change() else {
            panic!("backs off")
        };
        let reason = "why".to_owned();
        assert_eq!(because, Because::Renewal { tokens: TokenFault::Refused(refusal(401)), reason });
        now = now.after(Duration::from_secs(60));
    }
    assert_eq!(session.poll(now), Action::Renew);
    session.on_renewed();
    assert_eq!(session.poll(now), Action::Connect);
    session.on_connected(now);
    assert_eq!(session.state(), &ConnectionState::Live);
}

#[test]
fn renewals_that_fail_count_as_attempts() {
    let limits = Limits { max_attempts: Some(2), ..Limits::default() };
    let mut session = Session::new(&wanted(), limits, 1).expect("few subscriptions");
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_refused(at(0.0), refusal(403));
    for now in [at(0.0), at(60.0)] {
        assert_eq!(session.poll(now), Action::Renew);
        session.on_renewal_failed(now, fault(true));
    }
    let last =
        Because::Renewal { tokens: TokenFault::Refused(refusal(403)), reason: "why".to_owned() };
    let end = End::Failed(Failure::GaveUp { attempts: 2, last });
    assert_eq!(session.poll(at(60.0)), Action::Ended(end));
}

#[test]
fn a_stop_between_two_renewals_ends_at_once() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_refused(at(0.0), refusal(401));
    session.on_renewal_failed(at(0.0), fault(true));
    session.on_stop();
    assert_eq!(session.poll(at(0.0)), Action::Ended(End::Stopped));
}

#[test]
fn gives_up_after_the_attempts_it_was_allowed() {
    let limits = Limits { max_attempts: Some(2), ..Limits::default() };
    let mut session = Session::new(&wanted(), limits, 1).expect("few subscriptions");
    for now in [0.0, 60.0] {
        assert_eq!(session.poll(at(now)), Action::Connect);
        session.on_refused(at(now), refusal(503));
    }
    let last = Because::Refused(refusal(503));
    let end = End::Failed(Failure::GaveUp { attempts: 2, last });
    assert_eq!(session.poll(at(60.0)), Action::Ended(end));
}

#[test]
fn stopping_says_goodbye_and_ends() {
    let mut session = live(at(0.0));
    session.on_stop();
    let (frames, action) = said(&mut session, at(1.0));
    assert_eq!(
        (frames.as_slice(), action),
        (&["8:\u{3}\u{fffd}".to_owned()][..], Action::Disconnect)
    );
    assert_eq!(session.poll(at(1.0)), Action::Ended(End::Stopped));
    assert_eq!(session.take_state_change(), Some(ConnectionState::Stopped));
}

#[test]
fn stopping_ends_at_once_where_no_connection_is_open() {
    let mut connecting = session();
    assert_eq!(connecting.poll(at(0.0)), Action::Connect);
    connecting.on_stop();
    assert_eq!(connecting.poll(at(0.0)), Action::Ended(End::Stopped));
    let mut pausing = session();
    assert_eq!(pausing.poll(at(0.0)), Action::Connect);
    pausing.on_refused(at(0.0), refusal(500));
    pausing.on_stop();
    assert_eq!(pausing.poll(at(0.0)), Action::Ended(End::Stopped));
}

#[test]
fn broken_frames_are_answered_with_the_code_that_names_them() {
    let mut session = live(at(0.0));
    session.on_protocol_error(at(1.0), WsError::TooLong { was: 2 << 20 });
    let (frames, action) = said(&mut session, at(1.0));
    assert_eq!((frames[0].as_bytes()[2..].first(), action), (Some(&3), Action::Disconnect));
}

#[test]
fn every_cause_and_failure_has_a_hint_and_its_value() {
    let lost = |detail: &str| Because::Lost { detail: detail.to_owned() };
    let causes = [
        (Because::Refused(refusal(429)), "429"),
        (Because::Unreachable { detail: "no route".to_owned(), tls: false }, "no route"),
        (Because::Unreachable { detail: "expired".to_owned(), tls: true }, "expired"),
        (lost("reset"), "reset"),
        (
            Because::Renewal {
                tokens: TokenFault::Refused(refusal(401)),
                reason: "no answer".to_owned(),
            },
            "no answer",
        ),
        (Because::Renewal { tokens: TokenFault::Expired, reason: "x".to_owned() }, "day is over"),
        (Because::Protocol(WsError::Opcode(5)), "5"),
        (Because::Closed { code: Some(1001), reason: "bye".to_owned() }, "1001"),
        (Because::Silent(Duration::from_secs(20)), "20"),
        (Because::NoData(Duration::from_secs(90)), "90"),
        (Because::NoGreeting(Duration::from_secs(10)), "10"),
    ];
    for (cause, value) in causes {
        assert!(cause.to_string().contains(value) && !cause.hint().is_empty(), "{cause}");
    }
    let failures = [
        (Failure::Refused(refusal(401)), "401"),
        (
            Failure::Renewal {
                tokens: TokenFault::Refused(refusal(403)),
                reason: "why".to_owned(),
            },
            "why",
        ),
        (Failure::GaveUp { attempts: 3, last: lost("reset") }, "3"),
        (Failure::BrokeOff, "broke off"),
    ];
    for (failure, value) in failures {
        assert!(failure.to_string().contains(value) && !failure.hint().is_empty(), "{failure}");
    }
}

#[test]
fn text_frames_are_pongs_errors_or_unknown() {
    assert_eq!(ServerText::read("pong"), ServerText::Pong);
    let text = r#"{"correlationID":"s3","errorCode":"E1002","errorMessage":"Limit Exceeded."}"#;
    let ServerText::Error(error) = ServerText::read(text) else { panic!("an error") };
    assert!(error.to_string().contains("E1002") && error.to_string().contains("s3"));
    assert!(!error.hint().is_empty());
    assert_eq!(ServerText::read(""), ServerText::Unknown(String::new()));
}
