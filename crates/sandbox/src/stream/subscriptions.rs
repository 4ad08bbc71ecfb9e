//! What one connection has subscribed, and which requests are refused.

use std::collections::BTreeSet;

use serde_json::Value;
use smartapi::packet::{ExchangeType, Mode};
use smartapi::stream::limits::MAX_SUBSCRIPTIONS;
use smartapi::stream::request::{Request, StreamError};

use crate::Instrument;
use crate::playback::index;

/// The broker withdrew the last of them.
const MODES: [Mode; 4] = [Mode::Ltp, Mode::Quote, Mode::SnapQuote, Mode::Depth20];
/// Subscriptions of mode 4 that one connection carried.
const MOST_DEPTH_20: usize = 50;

/// One connection's subscriptions; tokens that neither are played nor are the index are counted and stay silent.
pub(crate) struct Subscriptions {
    played: (u8, String),
    /// The modes that may be subscribed.
    allowed: &'static [Mode],
    triples: BTreeSet<(u8, u8, String)>,
    modes: Vec<Mode>,
    index_modes: Vec<Mode>,
}

impl Subscriptions {
    pub(crate) fn new(instrument: &Instrument, depth_20: bool) -> Self {
        let played = (instrument.exchange_type.0, instrument.token.clone());
        let allowed = if depth_20 { &MODES[..] } else { &MODES[..3] };
        Self {
            played,
            allowed,
            triples: BTreeSet::new(),
            modes: Vec::new(),
            index_modes: Vec::new(),
        }
    }

    /// The modes in which the played instrument is subscribed, poorest first.
    pub(crate) fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// The modes in which the index is subscribed, poorest first.
    pub(crate) fn index_modes(&self) -> &[Mode] {
        &self.index_modes
    }

    /// Carries out a text request; a refused one changes nothing.
    pub(crate) fn apply(&mut self, text: &str) -> Result<(), StreamError> {
        let Some((request, mode)) = readable(text, self.allowed) else { return Err(invalid(text)) };
        let triples = request.params.token_list.into_iter().flat_map(|group| {
            let segment = ExchangeType(group.exchange_type).0;
            group.tokens.into_iter().map(move |token| (mode as u8, segment, token))
        });
        if request.action == 0 {
            for triple in triples {
                self.triples.remove(&triple);
            }
        } else {
            let fresh: BTreeSet<_> =
                triples.filter(|triple| !self.triples.contains(triple)).collect();
            let with = |mode: Mode| {
                let all = self.triples.iter().chain(&fresh);
                all.filter(|triple| triple.0 == mode as u8).count()
            };
            if self.triples.len() + fresh.len() > MAX_SUBSCRIPTIONS
                || with(Mode::Depth20) > MOST_DEPTH_20
            {
                return Err(StreamError {
                    correlation_id: request.correlation_id,
                    error_code: "E1002".into(),
                    error_message: "Invalid Request. Subscription Limit Exceeded.".into(),
                });
            }
            self.triples.extend(fresh);
        }
        let (segment, token) = self.played.clone();
        self.modes = self.subscribed(segment, &token);
        self.index_modes = self.subscribed(ExchangeType::NSE_CM.0, index::TOKEN);
        Ok(())
    }

    /// The modes in which a token is subscribed, poorest first.
    fn subscribed(&self, segment: u8, token: &str) -> Vec<Mode> {
        let is_it = |mode: &Mode| self.triples.contains(&(*mode as u8, segment, token.to_owned()));
        self.allowed.iter().copied().filter(is_it).collect()
    }
}

/// The request and its mode, if both are known.
fn readable(text: &str, allowed: &[Mode]) -> Option<(Request, Mode)> {
    let mut sent: Value = serde_json::from_str(text).ok()?;
    for group in sent.pointer_mut("/params/tokenList")?.as_array_mut()? {
        // A segment's number that no byte holds is as unknown, and as silent, as segment 0.
        let too_big = |number: f64| number.fract() == 0.0 && !(0.0..=255.0).contains(&number);
        if let Some(number) = group.get_mut("exchangeType")
            && number.as_f64().is_some_and(too_big)
        {
            *number = Value::from(0);
        }
    }
    let request: Request = serde_json::from_value(sent).ok()?;
    let mode = Mode::from_wire(request.params.mode).filter(|mode| allowed.contains(mode))?;
    (request.action <= 1).then_some((request, mode))
}

fn invalid(text: &str) -> StreamError {
    let sent: Option<Value> = serde_json::from_str(text).ok();
    let id = sent.as_ref().and_then(|sent| match sent.get("correlationID")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    StreamError {
        correlation_id: id,
        error_code: "E1001".into(),
        error_message: "Invalid Request Payload.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(action: u8, mode: u8, tokens: &[String]) -> String {
        let list = serde_json::json!([{ "exchangeType": 2, "tokens": tokens }]);
        let params = serde_json::json!({ "mode": mode, "tokenList": list });
        serde_json::json!({ "correlationID": "abc", "action": action, "params": params })
            .to_string()
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|token| token.to_string()).collect()
    }

    #[test]
    fn counts_a_repeated_token_once() {
        let mut subscriptions = Subscriptions::new(&Instrument::default(), false);
        let mut tokens = numbered(999);
        tokens.extend(numbered(999));
        tokens.push("47338".into());
        assert_eq!(subscriptions.apply(&request(1, 3, &tokens)), Ok(()));
        assert_eq!(subscriptions.apply(&request(1, 3, &tokens)), Ok(()));
        assert_eq!(subscriptions.modes(), [Mode::SnapQuote]);
    }

    #[test]
    fn the_thousand_and_first_is_refused_and_disturbs_nothing() {
        let mut subscriptions = Subscriptions::new(&Instrument::default(), false);
        subscriptions.apply(&request(1, 1, &numbered(1000))).unwrap();
        let refused = subscriptions.apply(&request(1, 1, &["47338".into()])).unwrap_err();
        assert_eq!(
            (refused.error_code.as_str(), refused.correlation_id.as_deref()),
            ("E1002", Some("abc"))
        );
        subscriptions.apply(&request(0, 1, &["7".into(), "unknown".into()])).unwrap();
        assert_eq!(subscriptions.apply(&request(1, 1, &["47338".into()])), Ok(()));
        assert_eq!(subscriptions.modes(), [Mode::Ltp]);
    }

    #[test]
    fn mode_4_carries_fifty_where_it_is_offered() {
        let mut subscriptions = Subscriptions::new(&Instrument::default(), true);
        subscriptions.apply(&request(1, 4, &numbered(49))).unwrap();
        assert_eq!(subscriptions.apply(&request(1, 4, &["47338".into()])), Ok(()));
        assert_eq!(subscriptions.modes(), [Mode::Depth20]);
        let refused = subscriptions.apply(&request(1, 4, &["99".into()])).unwrap_err();
        assert_eq!(refused.error_code, "E1002");
        assert_eq!(subscriptions.apply(&request(1, 3, &numbered(900))), Ok(()));
        assert_eq!(subscriptions.apply(&request(1, 4, &numbered(49))), Ok(()), "they are there");
    }

    #[test]
    fn an_unknown_segment_is_met_with_silence() {
        let mut subscriptions = Subscriptions::new(&Instrument::default(), false);
        for segment in ["0", "99", "256", "-1", "4294967298", "99999999999999999999"] {
            let text = request(1, 3, &["47338".into()])
                .replace("\"exchangeType\":2", &format!("\"exchangeType\":{segment}"));
            assert!(text.contains(segment));
            assert_eq!(subscriptions.apply(&text), Ok(()), "{segment}");
            assert!(subscriptions.modes().is_empty());
        }
    }

    #[test]
    fn refuses_what_is_no_request() {
        let mut subscriptions = Subscriptions::new(&Instrument::default(), false);
        let wrong = [
            "hello".to_owned(),
            "{}".to_owned(),
            r#"{"correlationID":"x","action":1,"params":{"mode":3,"tokenList":[{"exchangeType":2,"tokens":[47338]}]}}"#.to_owned(),
            request(1, 3, &numbered(1)).replace("\"exchangeType\":2", "\"exchangeType\":\"2\""),
            request(1, 3, &numbered(1)).replace("\"exchangeType\":2", "\"exchangeType\":2.5"),
            request(2, 3, &numbered(1)),
            request(1, 4, &numbered(1)),
            request(1, 0, &numbered(1)),
        ];
        for text in wrong {
            let refused = subscriptions.apply(&text).unwrap_err();
            assert_eq!(refused.error_code, "E1001", "{text}");
            assert_eq!(refused.correlation_id.is_some(), text.contains("correlationID"));
        }
    }
}
