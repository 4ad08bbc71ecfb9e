//! What the stream has to say to the person: handed over as it is, and put into words elsewhere.

use client::market::{ConnectionEvent, ConnectionState, StreamName};
use smartapi::clock::{Mono, Wall};
use smartapi::stream::request::StreamError;

/// Something rare; the tick thread makes no words of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The connection is like this since `at`, on the clock of the state's own times.
    State { state: ConnectionState, at: Mono },
    /// The broker refused what the stream asked for.
    Refused(StreamError),
    /// Something is wrong besides the stream.
    Alarm(String),
}

/// News in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The state of the connection, if it is news of that.
    pub(crate) connection: Option<String>,
    /// What happened, and what to do.
    pub(crate) message: String,
    /// Whether it is said even where nothing but errors is.
    pub(crate) is_error: bool,
}

impl News {
    /// Puts the news into words on the `date` at which they came.
    pub(crate) fn words(&self, date: Wall) -> Words {
        match self {
            Self::State { state, at } => {
                let stream = StreamName::Market(1);
                let event =
                    ConnectionEvent { stream, state: state.clone(), at: *at, date, held: 0 };
                let told = state.told(*at, date).to_string();
                // A stream that failed ends the run, which says what to do.
                let hint = event.hint().filter(|_| !matches!(state, ConnectionState::Failed(_)));
                let message = with_hint(&format!("stream {told}"), hint);
                Words { connection: Some(told), message, is_error: false }
            }
            Self::Refused(error) => Words {
                connection: None,
                message: with_hint(&error.to_string(), Some(error.hint())),
                is_error: true,
            },
            Self::Alarm(alarm) => {
                Words { connection: None, message: alarm.clone(), is_error: true }
            }
        }
    }
}

fn with_hint(what: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| what.to_owned(), |hint| format!("{what}\nhint: {hint}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smartapi::stream::state::Because;
    use smartapi::stream::upgrade::Refusal;

    use super::*;

    /// 2026-11-20 09:15:00 IST.
    const DATE: Wall = Wall(1_795_113_000 + 9 * 3600 + 15 * 60);

    #[test]
    fn a_state_says_its_times_and_what_to_do() {
        let at = Mono(0).after(Duration::from_secs(100));
        let words = |state: ConnectionState| News::State { state, at }.words(DATE);
        let stale = words(ConnectionState::Stale { since: Mono(0).after(Duration::from_secs(70)) });
        assert_eq!(stale.message, "stream stale for 30 s");
        assert_eq!(stale.connection.as_deref(), Some("stale for 30 s"));
        let because = Because::Refused(Refusal { status: 429, message: None });
        let until = at.after(Duration::from_secs(60));
        let refused = words(ConnectionState::BackingOff { until, because });
        let (first, hint) = refused.message.split_once('\n').expect("two lines");
        assert!(first.starts_with("stream backing off until 09:16:00 IST: "), "{first}");
        assert!(first.contains("429") && hint.starts_with("hint: close other programs"), "{hint}");
        assert!(!refused.is_error);
        assert_eq!(words(ConnectionState::Live).message, "stream live");
    }

    #[test]
    fn a_refused_request_is_an_error_with_the_brokers_words() {
        let text = r#"{"correlationID":"a1","errorCode":"E1001","errorMessage":"Invalid Token"}"#;
        let error = serde_json::from_str(text).expect("an error of the stream");
        let words = News::Refused(error).words(DATE);
        assert!(words.is_error && words.connection.is_none());
        assert!(words.message.contains("E1001") && words.message.contains("Invalid Token"));
        assert!(words.message.contains("\nhint: check the token"), "{}", words.message);
    }
}
