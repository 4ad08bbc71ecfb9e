//! Tests of the upgrade: the bytes we send, the answers we take and refuse.

use proptest::prelude::*;

use super::*;

/// RFC 6455 section 1.3: the key of its example is the base64 of these bytes.
const NONCE: [u8; 16] = *b"the sample nonce";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const AUTH: Auth<'_> =
    Auth { api_key: "KEY1", client_code: "A123", jwt: "JJJ.WWW.TTT", feed_token: "FEED2" };
const TARGET: Target<'_> = Target { host: "localhost:8080", path: "/smart-stream" };

fn upgraded(extra: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, \
         Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n{extra}\r\n"
    )
}

#[test]
fn sends_the_four_headers() {
    let bytes = request(TARGET, AUTH, NONCE).expect("plain values");
    let text = String::from_utf8(bytes).expect("ASCII");
    let expected = "GET /smart-stream HTTP/1.1\r\nHost: localhost:8080\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer JJJ.WWW.TTT\r\n\
        x-api-key: KEY1\r\nx-client-code: A123\r\nx-feed-token: FEED2\r\n\r\n";
    assert_eq!(text, expected);
}

#[test]
fn a_line_break_in_a_token_is_refused_without_showing_it() {
    let auth = Auth { feed_token: "FEED\r\nX: 1", ..AUTH };
    let error = request(TARGET, auth, NONCE).expect_err("a header cannot carry it");
    assert_eq!(error, UpgradeError::Unsendable { header: "x-feed-token" });
    assert!(!error.to_string().contains("FEED"));
}

#[test]
fn gives_the_length_of_the_head_so_that_frames_after_it_are_kept() {
    let head = upgraded("");
    let bytes = [head.as_bytes(), b"\x82\x00"].concat();
    assert_eq!(answer(&bytes, NONCE), Ok(Some(head.len())));
    for cut in 0..head.len() {
        assert_eq!(answer(&bytes[..cut], NONCE), Ok(None), "cut at {cut}");
    }
}

#[test]
fn a_refusal_carries_status_and_the_servers_words() {
    let words = "Invalid Header - Invalid Auth token";
    let head = format!("HTTP/1.1 401 Unauthorized\r\nX-Error-Message:  {words} \r\n\r\n");
    let Err(UpgradeError::Refused(refusal)) = answer(head.as_bytes(), NONCE) else {
        panic!("401 is a refusal")
    };
    assert_eq!(refusal, Refusal { status: 401, message: Some(words.to_owned()) });
    assert!(refusal.to_string().contains("401") && refusal.to_string().contains(words));
    let long = format!("HTTP/1.1 429 Too\r\nx-error-message: {}\r\n\r\n", "w".repeat(5000));
    let Err(UpgradeError::Refused(refusal)) = answer(long.as_bytes(), NONCE) else {
        panic!("429 is a refusal")
    };
    assert_eq!(refusal.message.map(|message| message.len()), Some(MAX_MESSAGE));
}

#[test]
fn a_list_may_be_spread_over_several_headers() {
    let head = upgraded("").replace("keep-alive, Upgrade", "keep-alive\r\nConnection: Upgrade");
    assert_eq!(answer(head.as_bytes(), NONCE), Ok(Some(head.len())));
    let extended = upgraded("Sec-WebSocket-Protocol: \r\nSec-WebSocket-Protocol: x\r\n");
    assert!(answer(extended.as_bytes(), NONCE).is_err(), "the second is looked at too");
}

#[test]
fn a_wrong_or_missing_header_is_named() {
    let cases = [
        (upgraded("").replace("WebSocket\r", "h2c\r"), "Upgrade"),
        (upgraded("").replace(", Upgrade", ""), "Connection"),
        (upgraded("").replace("s3pP", "s3pQ"), "Sec-WebSocket-Accept"),
        (upgraded("Sec-WebSocket-Extensions: permessage-deflate\r\n"), "Sec-WebSocket-Extensions"),
        (upgraded("Sec-WebSocket-Protocol: chat\r\n"), "Sec-WebSocket-Protocol"),
    ];
    for (head, header) in cases {
        assert_eq!(answer(head.as_bytes(), NONCE), Err(UpgradeError::Header { header }));
    }
}

#[test]
fn a_head_without_an_end_is_given_up() {
    let head = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD));
    assert_eq!(answer(head.as_bytes(), NONCE), Err(UpgradeError::Endless { was: head.len() }));
}

#[test]
fn every_error_has_a_hint_and_its_value() {
    let refused = |status| UpgradeError::Refused(Refusal { status, message: None });
    let errors = [
        (UpgradeError::Unsendable { header: "x-api-key" }, "x-api-key"),
        (UpgradeError::NotHttp(httparse::Error::Version), "version"),
        (UpgradeError::Endless { was: 17_000 }, "17000"),
        (UpgradeError::Header { header: "Upgrade" }, "Upgrade"),
        (refused(200), "200"),
        (refused(401), "401"),
        (refused(403), "403"),
        (refused(404), "404"),
        (refused(429), "429"),
        (refused(502), "502"),
    ];
    for (error, value) in errors {
        assert!(error.to_string().to_lowercase().contains(&value.to_lowercase()), "{error}");
        assert!(!error.hint().is_empty(), "{error}");
    }
}

proptest! {
    #[test]
    fn arbitrary_answers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = answer(&bytes, NONCE);
    }
}
