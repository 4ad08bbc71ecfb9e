//! The JSON text frames of the market stream, in both directions.
//!
//! Source: SmartAPI "WebSocket Streaming 2.0", request contract and error response.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::MAX_SUBSCRIPTIONS;
use crate::packet::{ExchangeType, Mode};
use crate::wire::own_text;

/// Text of a client's life sign, and the server's answer to it.
pub const PING: &str = "ping";
/// The server's answer to [`PING`].
pub const PONG: &str = "pong";
/// The code of a request that the server cannot read, or of which it does not know a part.
pub const INVALID: &str = "E1001";
/// A packet has room for so many characters of a token.
const MAX_TOKEN: usize = 25;
/// So much is kept of a text that nobody knows.
const MAX_UNKNOWN: usize = 200;

/// A subscription request; there is no acknowledgement, only data or a [`StreamError`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Up to ten letters and digits, echoed in errors only; a number is read as well.
    #[serde(rename = "correlationID")]
    #[serde(default, deserialize_with = "own_text", skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// 1 subscribes, 0 unsubscribes.
    pub action: u8,
    pub params: Params,
}

/// What to subscribe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// 1 to 4, see [`crate::packet::Mode`].
    pub mode: u8,
    #[serde(rename = "tokenList")]
    pub token_list: Vec<TokenGroup>,
}

/// The tokens of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGroup {
    /// See [`crate::packet::ExchangeType`].
    #[serde(rename = "exchangeType")]
    pub exchange_type: u8,
    pub tokens: Vec<String>,
}

/// The server's refusal of a request: a text frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamError {
    #[serde(rename = "correlationID", default, deserialize_with = "own_text")]
    pub correlation_id: Option<String>,
    /// `E1001` invalid payload, `E1002` over the subscription limit.
    #[serde(rename = "errorCode")]
    pub error_code: String,
    #[serde(rename = "errorMessage")]
    pub error_message: String,
}

/// One thing to stream: a token in a segment, in one mode.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription {
    pub mode: Mode,
    pub exchange_type: ExchangeType,
    /// The instrument's number as text, such as `26000`.
    pub token: String,
}

/// Why something cannot be subscribed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionFault {
    /// More than one connection carries.
    #[error("{was} subscriptions, one connection carries at most {MAX_SUBSCRIPTIONS}")]
    TooMany {
        /// How many were asked for.
        was: usize,
    },
    /// The token is no instrument's number.
    #[error("token '{shown}' has {length} characters, an instrument's number has {rule}")]
    Token {
        /// Its beginning, without control characters.
        shown: String,
        /// Its length in bytes.
        length: usize,
        /// What it should have.
        rule: &'static str,
    },
    /// The segment is none that the stream knows; the broker would answer it with silence.
    #[error("token {token} is in segment {was}, the stream knows 1 to 5, 7 and 13")]
    Segment {
        /// Whose.
        token: String,
        /// The segment's number.
        was: u8,
    },
    /// The mode is 4, which the broker has withdrawn.
    #[error("token {token} is asked for in mode 4, the stream has modes 1 to 3")]
    Withdrawn {
        /// Whose.
        token: String,
    },
}

impl SubscriptionFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => {
                "ask for at most 1000 pairs of token and mode over one connection"
            }
            Self::Token { .. } => {
                "give the token of the broker's list of instruments, not the symbol; \
                 `myquant instruments find` looks it up"
            }
            Self::Segment { .. } => "take token and segment from the same row of that list",
            Self::Withdrawn { .. } => {
                "ask for mode 3, which has five levels of depth: the broker withdrew mode 4 in April \
                 2025"
            }
        }
    }
}

impl Subscription {
    /// A subscription that the broker can carry out.
    ///
    /// Errors: as [`Self::check`].
    pub fn new(
        mode: Mode,
        exchange_type: ExchangeType,
        token: &str,
    ) -> Result<Self, SubscriptionFault> {
        let one = Self { mode, exchange_type, token: token.to_owned() };
        one.check().map(|()| one)
    }

    /// Whether the broker can carry it out: one bad token spoils a request of a thousand.
    ///
    /// Errors: [`SubscriptionFault::Token`] unless 1 to 25 digits, or capitals as well for NCDEX;
    /// [`SubscriptionFault::Segment`]; [`SubscriptionFault::Withdrawn`] for mode 4.
    pub fn check(&self) -> Result<(), SubscriptionFault> {
        let token = || self.token.clone();
        let is_word = self.exchange_type == ExchangeType::NCX_FO;
        let fits = |byte: u8| byte.is_ascii_digit() || (is_word && byte.is_ascii_uppercase());
        let length = self.token.len();
        if !(1..=MAX_TOKEN).contains(&length) || !self.token.bytes().all(fits) {
            let rule = if is_word { "1 to 25 capitals and digits" } else { "1 to 25 digits" };
            let shown = self.token.chars().filter(|c| !c.is_control()).take(MAX_TOKEN).collect();
            return Err(SubscriptionFault::Token { shown, length, rule });
        }
        if self.exchange_type.segment_name().is_none() {
            return Err(SubscriptionFault::Segment { token: token(), was: self.exchange_type.0 });
        }
        if self.mode == Mode::Depth20 {
            return Err(SubscriptionFault::Withdrawn { token: token() });
        }
        Ok(())
    }
}

impl Request {
    /// Requests that subscribe to all of `wanted`: one for each mode, its tokens grouped by segment.
    ///
    /// The correlation ids are `s1` to `s4`, by mode; a session makes them differ from one another.
    #[must_use]
    pub fn subscribe(wanted: &[Subscription]) -> Vec<Self> {
        Self::all(1, 's', wanted)
    }

    /// Requests that end all of `unwanted`, likewise; their correlation ids are `u1` to `u4`.
    #[must_use]
    pub fn unsubscribe(unwanted: &[Subscription]) -> Vec<Self> {
        Self::all(0, 'u', unwanted)
    }

    fn all(action: u8, letter: char, wanted: &[Subscription]) -> Vec<Self> {
        let modes = [Mode::Ltp, Mode::Quote, Mode::SnapQuote, Mode::Depth20];
        let mut requests = Vec::new();
        for mode in modes {
            let mut token_list: Vec<TokenGroup> = Vec::new();
            for one in wanted.iter().filter(|one| one.mode == mode) {
                let segment = one.exchange_type.0;
                match token_list.iter_mut().find(|group| group.exchange_type == segment) {
                    Some(group) => group.tokens.push(one.token.clone()),
                    None => token_list.push(TokenGroup {
                        exchange_type: segment,
                        tokens: vec![one.token.clone()],
                    }),
                }
            }
            if !token_list.is_empty() {
                requests.push(Self {
                    correlation_id: Some(format!("{letter}{}", mode as u8)),
                    action,
                    params: Params { mode: mode as u8, token_list },
                });
            }
        }
        requests
    }
}

/// A text frame of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerText {
    /// The answer to our [`PING`].
    Pong,
    /// A refused request.
    Error(StreamError),
    /// Something that the protocol does not name: its beginning, without control characters.
    Unknown(String),
}

impl ServerText {
    /// Reads a text frame; whatever is not known is [`ServerText::Unknown`], never a failure.
    ///
    /// An object with an error code or an error message is an error, whatever else is missing in it.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if text == PONG {
            return Self::Pong;
        }
        let words = || text.chars().filter(|c| !c.is_control()).take(MAX_UNKNOWN).collect();
        let unknown = || Self::Unknown(words());
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return unknown() };
        let word = |name: &str| match fields.get(name)? {
            Value::String(word) => Some(word.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        let (code, message) = (word("errorCode"), word("errorMessage"));
        if code.is_none() && message.is_none() {
            return unknown();
        }
        Self::Error(StreamError {
            correlation_id: word("correlationID"),
            error_code: code.unwrap_or_default(),
            error_message: message.unwrap_or_default(),
        })
    }
}

impl StreamError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.error_code.as_str() {
            INVALID => "check the token, the segment and the mode of each subscription",
            "E1002" => "one connection carries 1000 pairs of token and mode; ask for fewer",
            _ => "look the code up in SmartAPI's page on WebSocket Streaming 2.0",
        }
    }
}

impl std::fmt::Display for StreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the stream refused a request with {}", self.error_code)?;
        if let Some(id) = &self.correlation_id {
            write!(f, " (request {id})")?;
        }
        write!(f, ": {}", self.error_message)
    }
}

#[cfg(test)]
mod tests;
