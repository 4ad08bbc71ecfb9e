//! The doors of the streams, requests and heartbeats.

use std::time::Duration;

use sandbox::{Options, Pacing, Sandbox};
use serde_json::{Value, json};
use tungstenite::{Bytes, Message};

use crate::client::{Tokens, login, market, open, plain, stream_headers, tls};

const SLOW: Pacing = Pacing::FixedRate { per_second: 1 };

#[test]
fn a_stream_with_wrong_credentials_is_refused_with_the_reason() {
    let sandbox = Sandbox::start(plain(5, SLOW)).unwrap();
    let tokens = login(&sandbox);
    let address = sandbox.address();
    let wrong = [
        ("Authorization", "Invalid Auth token"),
        ("x-client-code", "Invalid Client Code"),
        ("x-api-key", "Invalid API Key"),
        ("x-feed-token", "Invalid Feed Token"),
    ];
    for (name, reason) in wrong {
        let mut headers = stream_headers(address, &tokens);
        headers.retain(|(other, _)| *other != name);
        headers.push((name, "wrong".into()));
        let refused = open(address, &address.stream_url, &headers).err();
        assert_eq!(refused, Some((401, Some(format!("Invalid Header - {reason}")))));
    }
    assert_eq!(open(address, &address.stream_url, &[]).err().map(|refused| refused.0), Some(401));
}

#[test]
fn every_sdks_way_to_name_itself_is_accepted() {
    let sandbox = Sandbox::start(plain(5, SLOW)).unwrap();
    let Tokens { jwt, feed, .. } = &login(&sandbox);
    let address = sandbox.address();
    let client = &address.credentials.client_id;
    let bare = [
        ("Authorization", jwt.clone()),
        ("x-client-code", client.clone()),
        ("x-feed-token", feed.clone()),
    ];
    let java = [
        ("x-client-code", client.clone()),
        ("x-feed-token", feed.clone()),
        ("x-client-lib", "JAVA".into()),
    ];
    let key = &address.credentials.api_key;
    let query = format!("{}?clientCode={client}&feedToken={feed}&apiKey={key}", address.stream_url);
    assert!(open(address, &address.stream_url, &bare).is_ok());
    assert!(open(address, &address.stream_url, &java).is_ok());
    assert!(open(address, &query, &[]).is_ok());
}

#[test]
fn a_fourth_connection_is_one_too_many_until_another_ends() {
    let sandbox = Sandbox::start(plain(5, SLOW)).unwrap();
    let tokens = login(&sandbox);
    let mut held: Vec<_> = (0..3).map(|_| market(&sandbox, &tokens).ok().unwrap()).collect();
    assert_eq!(market(&sandbox, &tokens).err(), Some((429, None)));
    drop(held.pop());
    let mut attempts = std::iter::repeat_with(|| market(&sandbox, &tokens)).take(100_000);
    assert!(attempts.any(|attempt| attempt.is_ok()), "the place was not given back");
}

#[test]
fn answers_both_kinds_of_ping() {
    for options in [plain(5, SLOW), tls(5, SLOW)] {
        let sandbox = Sandbox::start(options).unwrap();
        let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
        stream.say("ping");
        assert_eq!(stream.0.read().unwrap(), Message::text("pong"));
        for payload in [Bytes::new(), Bytes::from_static(b"ping")] {
            stream.0.send(Message::Ping(payload.clone())).unwrap();
            assert_eq!(stream.0.read().unwrap(), Message::Pong(payload));
        }
    }
}

#[test]
fn refused_requests_are_named_and_leave_the_rest_alone() {
    let sandbox = Sandbox::start(plain(5, Pacing::FixedRate { per_second: 20 })).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    let tokens: Vec<String> = (0..999).map(|token| token.to_string()).collect();
    let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    tokens.push("47338");
    tokens.push("47338");
    stream.ask(1, 3, &tokens);
    assert_eq!(stream.packet().sequence, 1);
    stream.ask(1, 1, &["1"]);
    let refused: Value = serde_json::from_str(&stream.text()).unwrap();
    assert_eq!(
        (&refused["errorCode"], &refused["correlationID"]),
        (&"E1002".into(), &"abc".into())
    );
    stream.say("what?");
    let refused: Value = serde_json::from_str(&stream.text()).unwrap();
    assert_eq!((&refused["errorCode"], &refused["correlationID"]), (&"E1001".into(), &Value::Null));
    stream.ask(1, 4, &["47338"]);
    assert!(stream.text().contains("E1001"));
    while stream.packet().sequence < 5 {}
}

#[test]
fn a_list_of_tokens_that_has_doubled_often_is_read() {
    let sandbox = Sandbox::start(plain(5, Pacing::FixedRate { per_second: 20 })).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    // 400 KB: the Python SDK's list after some reconnections.
    stream.ask(1, 3, &["47338"; 50_000]);
    assert_eq!(stream.packet().sequence, 1);
}

#[test]
fn a_number_for_a_correlation_id_is_repeated_as_text() {
    let sandbox = Sandbox::start(plain(5, SLOW)).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    for (mode, code) in [(4, "E1001"), (1, "E1002")] {
        let tokens: Vec<String> = (0..1_001).map(|token| token.to_string()).collect();
        let list = json!([{ "exchangeType": 2, "tokens": tokens }]);
        let params = json!({ "mode": mode, "tokenList": list });
        let request = json!({ "correlationID": 1234567890, "action": 1, "params": params });
        stream.say(&request.to_string());
        let refused: Value = serde_json::from_str(&stream.text()).unwrap();
        assert_eq!(refused["errorCode"], code);
        assert_eq!(refused["correlationID"], "1234567890");
    }
}

#[test]
fn an_unknown_token_is_met_with_silence() {
    let sandbox = Sandbox::start(plain(5, Pacing::FullSpeed)).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    stream.ask(1, 3, &["99926000"]);
    stream.ask(0, 2, &["47338"]);
    stream.say("ping");
    assert_eq!(stream.0.read().unwrap(), Message::text("pong"));
}

#[test]
fn a_silent_client_is_sent_away() {
    let idle_timeout = Duration::from_millis(50);
    let sandbox = Sandbox::start(Options { idle_timeout, ..tls(5, SLOW) }).unwrap();
    let mut stream = market(&sandbox, &login(&sandbox)).ok().unwrap();
    assert!(matches!(stream.0.read().unwrap(), Message::Close(_)));
    assert!(stream.0.read().is_err());
}

#[test]
fn the_order_stream_greets_and_keeps_alive() {
    let sandbox = Sandbox::start(tls(5, SLOW)).unwrap();
    let address = sandbox.address();
    let tokens = login(&sandbox);
    let bad = [("Authorization", "Bearer x".to_owned())];
    assert_eq!(open(address, &address.order_stream_url, &bad).err(), Some((401, None)));
    let bearer = [("Authorization", format!("Bearer {}", tokens.jwt))];
    let mut orders = open(address, &address.order_stream_url, &bearer).ok().unwrap();
    let greeting: Value = serde_json::from_str(&orders.text()).unwrap();
    assert_eq!(greeting["order-status"], "AB00");
    assert_eq!(greeting["user-id"], address.credentials.client_id.as_str());
    assert_eq!(greeting["orderData"]["averageprice"], 0.0);
    orders.say("ping");
    assert_eq!(orders.text(), "pong");
}

#[test]
fn stops_promptly_in_the_midst_of_everything() {
    // On a clock that stands still, whatever waited for a time would wait for ever.
    for pacing in [SLOW, Pacing::FullSpeed] {
        let (clock, mock) = quanta::Clock::mock();
        mock.increment(Duration::from_secs(10));
        let sandbox = Sandbox::start(Options { clock, ..tls(200_000, pacing) }).unwrap();
        let tokens = login(&sandbox);
        let mut streams: Vec<_> = (0..3).map(|_| market(&sandbox, &tokens).ok().unwrap()).collect();
        for stream in &mut streams {
            stream.subscribe(3);
            assert!(stream.packet().sequence >= 1);
        }
        sandbox.stop();
    }
}
