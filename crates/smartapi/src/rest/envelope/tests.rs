//! Tests of the envelope and of its errors.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;
use crate::rest::{SESSION_DEAD, Scrip, Tokens, known_code};

const JSON: Option<&str> = Some("application/json");

fn read(status: u16, body: &str) -> Result<Value, ApiError> {
    parse_reply(status, JSON, body.as_bytes())
}

fn fails(status: u16, body: &str) -> ApiError {
    read(status, body).expect_err(body)
}

#[test]
fn what_is_written_is_read_back() {
    let rows = vec![Scrip {
        exchange: "NFO".into(),
        tradingsymbol: "NIFTY28NOV2626000CE".into(),
        symboltoken: "43125".into(),
    }];
    let text = serde_json::to_vec(&Envelope::success(&rows)).expect("writes");
    assert_eq!(parse_reply::<Vec<Scrip>>(200, JSON, &text), Ok(rows));

    let text = serde_json::to_string(&Envelope::failure("AB1050", "Invalid totp")).expect("writes");
    assert_eq!(
        text,
        r#"{"status":false,"message":"Invalid totp","errorcode":"AB1050","data":null}"#
    );
    let refused = ApiError::Refused { code: "AB1050".into(), message: "Invalid totp".into() };
    assert_eq!(fails(200, &text), refused);

    let gateway = GatewayFailure::new("AG8001", "Invalid Token");
    let text = serde_json::to_string(&gateway).expect("writes");
    assert!(fails(200, &text).session_dead());
}

#[test]
fn an_unregistered_address_is_known_in_both_envelopes() {
    let gateway = GatewayFailure::new("AG7002", "Unregistered IP");
    for text in [
        serde_json::to_string(&gateway).expect("writes"),
        serde_json::to_string(&Envelope::failure("AG7002", "Unregistered IP")).expect("writes"),
    ] {
        let error = fails(200, &text);
        assert!(error.is_unregistered_address() && !error.session_dead());
        assert!(error.hint().contains("register the public IPv4 address"), "{}", error.hint());
    }
    assert!(!fails(200, "").is_unregistered_address());
}

#[test]
fn a_rate_limit_is_known_by_its_text_and_not_by_its_status() {
    let told = parse_reply::<Value>(403, Some("text/plain"), RATE_LIMIT_TEXT.as_bytes());
    let limited = ApiError::RateLimited { status: 403, code: String::new() };
    assert_eq!(told, Err(limited.clone()));
    assert!(limited.is_retryable());
    assert!(matches!(
        fails(403, "Access denied because of exceeding rate limit"),
        ApiError::RateLimited { .. }
    ));
    assert!(matches!(fails(403, "Forbidden"), ApiError::NotJson { status: 403, .. }));
    assert!(matches!(fails(429, "slow down"), ApiError::RateLimited { .. }));
    let json = r#"{"status":false,"message":"Too many requests","errorcode":"AB1021","data":null}"#;
    assert_eq!(fails(200, json).code(), Some("AB1021"));
    assert!(fails(200, json).is_retryable());
}

#[test]
fn html_of_the_firewall_and_of_others_are_told_apart() {
    let page = "<html><title>Request Rejected</title>support ID is: 123</html>";
    assert_eq!(fails(200, page), ApiError::FirewallBlocked { status: 200 });
    assert_eq!(fails(502, "<html>Bad Gateway</html>"), ApiError::Gateway { status: 502 });
    assert!(matches!(fails(200, "<html>hotel login</html>"), ApiError::NotJson { .. }));
    assert!(matches!(fails(200, "[1,2]"), ApiError::NotJson { .. }));
    assert_eq!(fails(500, " \n"), ApiError::Empty { status: 500 });
    assert!(fails(200, "").is_retryable());
}

#[test]
fn a_login_that_the_broker_failed_may_succeed_later_and_one_that_it_refused_may_not() {
    let coded = |code: &str| {
        fails(200, &format!(r#"{{"status":false,"message":"m","errorcode":"{code}","data":null}}"#))
    };
    for code in ["AB1004", "AB2000", "AB2001", "AB1021"] {
        assert!(coded(code).is_passing(), "{code}");
    }
    for code in ["AB1050", "AB1000", "AB1007", "AB1006", "AB7001", "AG8001", ""] {
        assert!(!coded(code).is_passing(), "{code}");
    }
    let page = "<html><title>Request Rejected</title>support ID is: 123</html>";
    for (status, body) in [(200, page), (404, "<html>gone</html>"), (502, "<html>"), (200, "")] {
        assert!(fails(status, body).is_passing(), "{body}");
    }
}

#[test]
fn only_json_true_is_success() {
    let text = r#"{"status":"false","message":"bad","errorcode":"AB1009","data":"null"}"#;
    assert_eq!(fails(200, text).code(), Some("AB1009"));
    assert!(read(200, r#"{"status":"true","data":1}"#).is_err());
    assert!(read(200, r#"{"status":1,"data":1}"#).is_err());
    assert!(read(200, r#"{"data":1}"#).is_err());
    assert!(read(200, "{}").is_err());
    assert!(read(200, r#"{"status":false,"success":true,"data":1}"#).is_err());
    assert_eq!(read(200, r#"{"success":true,"errorCode":"","data":7}"#), Ok(Value::from(7)));
    assert_eq!(read(200, r#"{"status":true,"data":"null"}"#), Ok(Value::Null));
    assert!(matches!(fails(500, r#"{"status":true,"data":1}"#), ApiError::Form { .. }));
}

#[test]
fn only_a_clear_no_that_names_nothing_denies() {
    for body in [
        r#"{"status":false,"message":"no","errorcode":"AB1009","data":null}"#,
        r#"{"status":"false","data":"null"}"#,
        r#"{"success":false,"errorCode":"AG8001","data":""}"#,
        r#"{"status":false,"data":{"orderid":"","script":"SBIN-EQ"}}"#,
        RATE_LIMIT_TEXT,
    ] {
        assert!(denies(body.as_bytes()), "{body}");
    }
    for body in [
        r#"{"status":"true","message":"SUCCESS","data":{"orderid":"1"}}"#,
        r#"{"message":"no","errorcode":"AB1009"}"#,
        r#"{"status":null,"data":null}"#,
        r#"{"status":false,"data":{"id":7}}"#,
        r#"{"status":false,"data":{"orders":[{"uniqueorderid":"u"}]}}"#,
        r#"{"status":false,"data":"251128000000001"}"#,
    ] {
        assert!(!denies(body.as_bytes()), "{body}");
    }
    let odd = fails(200, r#"{"status":"true","message":"SUCCESS","data":{"orderid":"1"}}"#);
    assert!(matches!(odd, ApiError::Form { .. }), "it was not refused: {odd}");
}

#[test]
fn the_text_of_a_rate_limit_counts_whatever_the_code() {
    let text = serde_json::to_string(&Envelope::failure("AB1004", RATE_LIMIT_TEXT));
    let error = fails(200, &text.expect("writes"));
    assert!(error.is_rate_limit() && error.code() == Some("AB1004"), "{error}");
}

#[test]
fn absent_data_suits_only_calls_that_need_none() {
    for body in [r#"{"status":true}"#, r#"{"status":true,"data":""}"#] {
        assert!(parse_reply::<IgnoredAny>(200, JSON, body.as_bytes()).is_ok());
        assert!(parse_reply::<Vec<Scrip>>(200, JSON, body.as_bytes()).is_err());
    }
    let none = parse_reply::<Option<Vec<Scrip>>>(200, JSON, br#"{"status":true,"data":null}"#);
    assert_eq!(none, Ok(None));
}

#[test]
fn every_dead_session_code_asks_for_a_login() {
    for code in SESSION_DEAD {
        let text = serde_json::to_string(&Envelope::failure(code, "x")).expect("writes");
        assert!(fails(200, &text).session_dead(), "{code}");
        assert!(known_code(code).is_some(), "{code}");
    }
    assert!(!fails(200, r#"{"status":false,"errorcode":"AB1007"}"#).session_dead());
}

#[test]
fn an_error_never_repeats_what_may_be_a_token() {
    let token = "eyJhbGciOiJIUzUxMiJ9.eyJ1c2VybmFtZSI6IkExIn0.c2lnbmF0dXJl";
    let bodies = [
        format!(r#"{{"status":true,"data":"{token}"}}"#),
        format!(r#"{{"status":true,"data":{{"jwtToken":["{token}"]}}}}"#),
        format!(r#"{{"status":true,"data":{{"jwtToken":"{token}"}}}}"#),
        format!(r#"{{"status":false,"message":"bad {token}","errorcode":"{token}"}}"#),
        format!("cut off {token}"),
    ];
    for body in bodies {
        let Err(error) = parse_reply::<Tokens>(200, Some(token), body.as_bytes()) else {
            panic!("{body} is no set of tokens");
        };
        assert!(!format!("{error} {error:?} {}", error.hint()).contains(&token[..20]), "{body}");
    }
}

#[test]
fn every_error_keeps_the_code_and_has_a_hint() {
    let (code, message) = ("AB1050".to_owned(), "Invalid totp".to_owned());
    let errors = [
        ApiError::RateLimited { status: 403, code: code.clone() },
        ApiError::FirewallBlocked { status: 200 },
        ApiError::SessionDead { code: "AG8001".into(), message: message.clone() },
        ApiError::Refused { code, message },
        ApiError::Refused { code: String::new(), message: "?".into() },
        ApiError::Gateway { status: 502 },
        ApiError::Empty { status: 500 },
        ApiError::NotJson { status: 200, content_type: "text/html".into(), length: 9 },
        ApiError::Form { status: 200, what: "missing field `jwtToken`".into() },
    ];
    for error in &errors {
        assert!(!error.hint().is_empty(), "{error}");
        assert!(error.code().is_none_or(|code| error.to_string().contains(code)), "{error}");
    }
    assert_eq!(
        errors[3].to_string(),
        "the broker refused: AB1050 the TOTP code is invalid (\"Invalid totp\")"
    );
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer_or_an_error(
        status in any::<u16>(),
        kind in any::<Option<String>>(),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = parse_reply::<Tokens>(status, kind.as_deref(), &body);
        let _ = crate::rest::jwt::expiry(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn any_json_near_an_envelope_gives_an_answer_or_an_error(
        key in "status|success|data|message|errorcode|errorCode",
        value in "true|false|null|\"null\"|\"\"|[0-9]{1,30}|\\[|\\{\\}|\"[a-zA-Z ]{0,60}\"",
        cut in 0_usize..80,
    ) {
        let text = format!(r#"{{"status":true,"{key}":{value},"data":[{value}]}}"#);
        let cut = cut.min(text.len());
        for body in [text.as_bytes(), &text.as_bytes()[..cut]] {
            let _ = parse_reply::<Vec<Scrip>>(200, JSON, body);
        }
    }
}
