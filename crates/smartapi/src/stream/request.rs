//! The JSON text frames of the market stream, in both directions.
//!
//! Source: SmartAPI "WebSocket Streaming 2.0", request contract and error response.

use serde::{Deserialize, Serialize};

use crate::packet::{ExchangeType, Mode};
use crate::wire::own_text;

/// Text of a client's life sign, and the server's answer to it.
pub const PING: &str = "ping";
/// The server's answer to [`PING`].
pub const PONG: &str = "pong";

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

impl Request {
    /// Requests that subscribe to all of `wanted`: one for each mode, its tokens grouped by segment.
    ///
    /// The correlation ids are `s1` to `s4`, by mode, so that an error names the request.
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
    /// Something that the protocol does not name.
    Unknown,
}

impl ServerText {
    /// Reads a text frame; whatever is not known is [`ServerText::Unknown`], never a failure.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if text == PONG {
            return Self::Pong;
        }
        serde_json::from_str(text).map_or(Self::Unknown, Self::Error)
    }
}

impl StreamError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.error_code.as_str() {
            "E1001" => "check the token, the segment and the mode of each subscription",
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
