//! Tests of the market stream's text frames.

use proptest::prelude::*;

use super::*;

fn subscription() -> impl Strategy<Value = Subscription> {
    let mode = prop::sample::select(vec![Mode::Ltp, Mode::Quote, Mode::SnapQuote, Mode::Depth20]);
    (mode, any::<u8>(), "[0-9]{1,6}").prop_map(|(mode, segment, token)| Subscription {
        mode,
        exchange_type: ExchangeType(segment),
        token,
    })
}

#[test]
fn what_the_broker_cannot_carry_out_is_refused_with_its_value_and_the_rule() {
    let check = |token: &str, segment, mode| Subscription::new(mode, ExchangeType(segment), token);
    let long = "1".repeat(26);
    let bad = [
        (check("", 2, Mode::Quote), ["''", "1 to 25 digits"]),
        (check("NIFTY", 2, Mode::Quote), ["NIFTY", "1 to 25 digits"]),
        (check("12 3", 2, Mode::Quote), ["12 3", "1 to 25 digits"]),
        (check(&long, 2, Mode::Quote), ["26 characters", "1 to 25 digits"]),
        (check("guar", 7, Mode::Quote), ["guar", "capitals"]),
        (check("26000", 0, Mode::Quote), ["segment 0", "1 to 5, 7 and 13"]),
        (check("26000", 6, Mode::Quote), ["segment 6", "26000"]),
        (check("26000", 1, Mode::Depth20), ["mode 4", "26000"]),
        (Err(SubscriptionFault::TooMany { was: 1001 }), ["1001", "1000"]),
    ];
    for (result, values) in bad {
        let fault = result.expect_err("refused");
        let text = fault.to_string();
        assert!(values.iter().all(|value| text.contains(value)), "{text}");
        assert!(!fault.hint().is_empty());
    }
    for (token, segment) in [("26000", 1), ("43854", 2), ("GUARSEED20DEC2026", 7), ("1", 13)] {
        assert!(check(token, segment, Mode::SnapQuote).is_ok(), "{token}");
    }
}

#[test]
fn an_error_with_missing_null_or_numeric_fields_is_still_an_error_with_its_words() {
    let read = |text: &str| match ServerText::read(text) {
        ServerText::Error(error) => (error.error_code, error.error_message),
        other => panic!("{other:?}"),
    };
    let own = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    assert_eq!(read(r#"{"errorCode":1002,"errorMessage":"Limit"}"#), own("1002", "Limit"));
    assert_eq!(read(r#"{"correlationID":7,"errorCode":"E1001"}"#), own("E1001", ""));
    assert_eq!(read(r#"{"errorCode":null,"errorMessage":"why"}"#), own("", "why"));
}

#[test]
fn an_unknown_text_is_kept_up_to_a_length() {
    let unknown = |text: &str| match ServerText::read(text) {
        ServerText::Unknown(words) => words,
        other => panic!("{other:?}"),
    };
    assert_eq!(unknown("Session\nexpired"), "Sessionexpired");
    assert_eq!(unknown(r#"{"a":1}"#), r#"{"a":1}"#);
    assert_eq!(unknown(r#"{"errorCode":null}"#), r#"{"errorCode":null}"#);
    assert_eq!(unknown(&"x".repeat(5000)).len(), 200);
}

proptest! {
    #[test]
    fn requests_ask_for_all_that_is_wanted_and_are_read_back(
        wanted in prop::collection::vec(subscription(), 0..20),
    ) {
        let requests = Request::subscribe(&wanted);
        let mut asked = Vec::new();
        for request in requests {
            let text = serde_json::to_string(&request).expect("writes");
            let read: Request = serde_json::from_str(&text).expect(&text);
            prop_assert_eq!(&read, &request);
            for group in read.params.token_list {
                asked.extend(group.tokens.into_iter().map(|token| Subscription {
                    mode: Mode::from_wire(read.params.mode).expect("a mode"),
                    exchange_type: ExchangeType(group.exchange_type),
                    token,
                }));
            }
        }
        let mut wanted = wanted;
        wanted.sort();
        asked.sort();
        prop_assert_eq!(asked, wanted);
    }

    #[test]
    fn an_error_is_read_as_it_was_written(
        correlation_id: Option<String>, error_code: String, error_message: String,
    ) {
        let error = StreamError { correlation_id, error_code, error_message };
        let text = serde_json::to_string(&error).expect("writes");
        prop_assert_eq!(ServerText::read(&text), ServerText::Error(error));
    }

    #[test]
    fn any_text_is_something(text: String, near in "\\{?\"?(errorCode|action)?\"?:?[0-9\\[\\]\\}\"]{0,9}") {
        for text in [text, near] {
            let _ = ServerText::read(&text);
            let _ = serde_json::from_str::<Request>(&text);
        }
    }
}
