//! Tests of what changes while a session runs: subscriptions, refused requests, greeting, tokens.

use super::*;

fn more(token: &str) -> Subscription {
    Subscription { token: token.to_owned(), ..wanted()[0].clone() }
}

#[test]
fn a_change_is_sent_at_once_and_again_after_the_next_connect() {
    let mut session = live(at(0.0));
    let change = Change {
        unsubscribe: vec![wanted()[1].clone(), more("9")],
        subscribe: vec![more("1"), more("1"), wanted()[0].clone()],
    };
    session.change(at(1.0), &change).expect("few");
    assert!(session.wants_poll(at(1.0)));
    let expected = [
        r#"{"correlationID":"u1n3","action":0,"params":{"mode":1,"tokenList":[{"exchangeType":1,"tokens":["26000"]}]}}"#,
        r#"{"correlationID":"s3n4","action":1,"params":{"mode":3,"tokenList":[{"exchangeType":2,"tokens":["1"]}]}}"#,
    ];
    assert_eq!(said(&mut session, at(1.0)).0, expected);
    session.on_lost(at(2.0), Because::Lost { detail: "reset".to_owned() });
    session
        .change(at(2.0), &Change { subscribe: vec![more("2")], ..Change::default() })
        .expect("few");
    assert_eq!(session.poll(at(60.0)), Action::Connect);
    session.on_connected(at(60.0));
    let (frames, _) = said(&mut session, at(60.0));
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert!(frames[0].contains(r#"["1","2","43854","43855"]"#), "{}", frames[0]);
}

#[test]
fn a_change_beyond_the_limit_changes_nothing() {
    let mut session = live(at(0.0));
    let subscribe = (0..997).map(|token| more(&token.to_string())).collect();
    let change = Change { unsubscribe: vec![more("9999")], subscribe };
    assert_eq!(session.change(at(1.0), &change), Err(SubscriptionFault::TooMany { was: 1001 }));
    assert_eq!(said(&mut session, at(1.0)).0, [""; 0]);
    let change = Change { unsubscribe: vec![wanted()[1].clone()], ..change };
    assert_eq!(session.change(at(1.0), &change), Ok(()), "what ends makes room");
}

#[test]
fn the_first_subscription_starts_the_watch_over_data() {
    let mut session = Session::new(&[], Limits::default(), 7).expect("none");
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_connected(at(0.0));
    for second in 1..=100 {
        session.on_control(at(f64::from(second)));
        let _ = said(&mut session, at(f64::from(second)));
        assert_eq!(session.state(), &ConnectionState::Live, "second {second}");
    }
    session.change(at(100.0), &Change { subscribe: wanted(), ..Change::default() }).expect("few");
    let _ = said(&mut session, at(100.0));
    assert_eq!(session.state(), &ConnectionState::Live);
}

#[test]
fn the_order_stream_is_live_after_its_greeting_and_may_then_be_silent() {
    let mut session = Session::orders(Limits::default(), 7);
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_connected(at(0.0));
    session.on_control(at(0.1));
    session.on_text(at(0.1), "pong");
    assert_eq!(session.state(), &ConnectionState::Connecting { attempt: 1 });
    let greeting = crate::order_update::OrderUpdate::greeting("A1");
    session.on_text(at(0.2), &serde_json::to_string(&greeting).expect("plain data"));
    assert_eq!(session.state(), &ConnectionState::Live);
    for second in 1..=300 {
        session.on_control(at(f64::from(second)));
        let _ = said(&mut session, at(f64::from(second)));
        assert_eq!(session.state(), &ConnectionState::Live, "second {second}");
    }
}

#[test]
fn the_order_stream_beats_with_a_text_and_with_a_ping_of_the_protocol() {
    let mut session = Session::orders(Limits::default(), 7);
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_connected(at(0.0));
    session.on_text(at(0.2), r#"{"status-code":"200","orderData":{"orderid":{}}}"#);
    assert_eq!(session.state(), &ConnectionState::Live, "a greeting of another form");
    assert_eq!(said(&mut session, at(0.2)).0, [""; 0]);
    assert_eq!(said(&mut session, at(10.0)).0, ["ping", "9:"]);
    session.on_control(at(10.1));
    assert_eq!(said(&mut session, at(20.0)).0, ["ping", "9:"]);
}

#[test]
fn a_refusal_is_no_greeting() {
    let mut session = Session::orders(Limits::default(), 7);
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_connected(at(0.0));
    session.on_text(at(0.2), r#"{"status-code":"401","error-message":"no","orderData":null}"#);
    assert_eq!(session.state(), &ConnectionState::Connecting { attempt: 1 });
}

#[test]
fn an_order_stream_without_a_greeting_is_given_up() {
    let mut session = Session::orders(Limits::default(), 7);
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_connected(at(0.0));
    session.on_control(at(9.0));
    let (_, action) = said(&mut session, at(9.0));
    assert_eq!(action, Action::Read { until: at(10.0) });
    let (_, action) = said(&mut session, at(10.0));
    assert_eq!(action, Action::Disconnect);
    let ConnectionState::BackingOff { because, .. } = session.state() else { panic!("backs off") };
    assert_eq!(*because, Because::NoGreeting(Duration::from_secs(10)));
}

#[test]
fn when_the_tokens_day_is_over_it_renews_and_subscribes_again_without_a_refusal() {
    let mut session = live(at(0.0));
    session.set_tokens_end(Some(at(5.0)));
    assert_eq!(said(&mut session, at(1.0)).1, Action::Read { until: at(5.0) });
    let (frames, action) = said(&mut session, at(5.0));
    assert_eq!((frames.len(), action), (1, Action::Disconnect), "says good-bye");
    assert_eq!(session.poll(at(5.0)), Action::Renew);
    assert_eq!(session.state(), &ConnectionState::Renewing);
    session.on_renewal_failed(at(5.0), fault(true));
    assert!(session.state().to_string().contains("day is over"), "{}", session.state());
    assert_eq!(session.poll(at(60.0)), Action::Renew);
    session.on_renewed();
    assert_eq!(session.poll(at(60.0)), Action::Connect);
    session.on_connected(at(60.0));
    assert_eq!(said(&mut session, at(60.0)).0.len(), 2, "all subscriptions");
}

#[test]
fn tokens_whose_day_is_over_are_not_tried() {
    let mut session = session();
    session.set_tokens_end(Some(at(5.0)));
    assert_eq!(session.poll(at(5.0)), Action::Renew);
}

#[test]
fn what_cannot_be_subscribed_is_refused_before_it_spoils_a_request() {
    let bad = Subscription { token: "NIFTY".to_owned(), ..wanted()[0].clone() };
    let refused = Session::new(&[wanted()[0].clone(), bad.clone()], Limits::default(), 0).err();
    assert!(matches!(refused, Some(SubscriptionFault::Token { .. })));
    let mut session = live(at(0.0));
    let change = Change { subscribe: vec![bad], ..Change::default() };
    assert!(session.change(at(1.0), &change).is_err());
    assert_eq!(said(&mut session, at(1.0)).0, [""; 0]);
}

/// The refusal of the request with the id in `frame`.
fn refuse_request(session: &mut Session, now: Mono, frame: &str) {
    let request: Request = serde_json::from_str(frame).expect("a request");
    let error = StreamError {
        correlation_id: request.correlation_id,
        error_code: "E1001".to_owned(),
        error_message: "Invalid Request Payload.".to_owned(),
    };
    session.on_text(now, &serde_json::to_string(&error).expect("plain data"));
}

#[test]
fn a_refused_request_is_cut_until_the_bad_subscription_is_alone_and_named() {
    let mut session = session();
    assert_eq!(session.poll(at(0.0)), Action::Connect);
    session.on_connected(at(0.0));
    let (mut frames, _) = said(&mut session, at(0.0));
    let mut asked = 0;
    while let Some(frame) = frames.pop() {
        asked += 1;
        if frame.contains("43855") {
            refuse_request(&mut session, at(1.0), &frame);
            frames.extend(said(&mut session, at(1.0)).0);
        }
    }
    let (error, refused) = session.take_refused().expect("named");
    assert_eq!((error.error_code.as_str(), refused), ("E1001", vec![wanted()[3].clone()]));
    assert_eq!(asked, 2 + 4, "three in mode 3: one and two, then one and one");
    assert_eq!(session.take_refused(), None);
}

#[test]
fn a_refusal_without_a_known_request_names_nothing() {
    let mut session = live(at(0.0));
    for id in ["null", r#""s3n77""#, "3"] {
        let text = format!(r#"{{"correlationID":{id},"errorCode":"E1001","errorMessage":"no"}}"#);
        session.on_text(at(1.0), &text);
    }
    assert_eq!(session.take_refused(), None);
    assert_eq!(said(&mut session, at(1.0)).0, [""; 0]);
}
