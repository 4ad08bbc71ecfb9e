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
