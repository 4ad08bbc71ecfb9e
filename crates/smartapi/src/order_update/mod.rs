//! The messages of the order stream, in both directions.
//!
//! Source: SmartAPI documentation (July 2026), WebSocket order status; captured frames for what is no
//!         message at all.

mod repeats;

pub use repeats::Repeats;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rest::{OrderRow, OrderStatus, printable, what_is_wrong};
use crate::wire::{Open, text, words};

words! {
    /// What a message says of its order; the order's own state is to be trusted more.
    pub enum UpdateCode {
        /// The first message after connecting; seen with rejected orders too.
        Connected = "AB00",
        /// [`OrderStatus::Open`].
        Open = "AB01",
        /// [`OrderStatus::Cancelled`].
        Cancelled = "AB02",
        /// [`OrderStatus::Rejected`].
        Rejected = "AB03",
        /// [`OrderStatus::Modified`].
        Modified = "AB04",
        /// [`OrderStatus::Complete`].
        Complete = "AB05",
        /// [`OrderStatus::AfterMarketReceived`].
        AfterMarketReceived = "AB06",
        /// [`OrderStatus::AfterMarketCancelled`].
        AfterMarketCancelled = "AB07",
        /// [`OrderStatus::AfterMarketModified`].
        AfterMarketModified = "AB08",
        /// [`OrderStatus::OpenPending`].
        OpenPending = "AB09",
        /// [`OrderStatus::TriggerPending`].
        TriggerPending = "AB10",
        /// [`OrderStatus::ModifyPending`].
        ModifyPending = "AB11",
    }
}

/// Codes and states that mean the same.
static STATES: [(UpdateCode, OrderStatus); 11] = [
    (UpdateCode::Open, OrderStatus::Open),
    (UpdateCode::Cancelled, OrderStatus::Cancelled),
    (UpdateCode::Rejected, OrderStatus::Rejected),
    (UpdateCode::Modified, OrderStatus::Modified),
    (UpdateCode::Complete, OrderStatus::Complete),
    (UpdateCode::AfterMarketReceived, OrderStatus::AfterMarketReceived),
    (UpdateCode::AfterMarketCancelled, OrderStatus::AfterMarketCancelled),
    (UpdateCode::AfterMarketModified, OrderStatus::AfterMarketModified),
    (UpdateCode::OpenPending, OrderStatus::OpenPending),
    (UpdateCode::TriggerPending, OrderStatus::TriggerPending),
    (UpdateCode::ModifyPending, OrderStatus::ModifyPending),
];

impl UpdateCode {
    /// The state of an order that the code stands for; AB00 stands for none.
    #[must_use]
    pub fn status(self) -> Option<OrderStatus> {
        STATES.iter().find(|(code, _)| *code == self).map(|&(_, status)| status)
    }

    /// The code for a state of an order; the two first steps of an order have none.
    #[must_use]
    pub fn of_status(status: OrderStatus) -> Option<Self> {
        STATES.iter().find(|(_, known)| *known == status).map(|&(code, _)| code)
    }
}

/// One message of the order stream.
///
/// Shape:  a text frame of JSON; in `orderData` prices are numbers and quantities text, and there is no
///         unique order id, so that updates are joined on `orderid`.
/// Source: SmartAPI documentation (July 2026), WebSocket order status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct OrderUpdate {
    /// The client code.
    #[serde(rename = "user-id", default, with = "text")]
    pub user_id: String,
    /// `200`, or an HTTP status that says what is wrong.
    #[serde(rename = "status-code", default, with = "text")]
    pub status_code: String,
    #[serde(rename = "order-status", default, with = "text")]
    pub code: Open<UpdateCode>,
    #[serde(rename = "error-message", default, with = "text")]
    pub error_message: String,
    #[serde(rename = "orderData", deserialize_with = "row", serialize_with = "numbered")]
    pub order: OrderRow,
}

fn row<'de, D: Deserializer<'de>>(from: D) -> Result<OrderRow, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

fn numbered<S: Serializer>(row: &OrderRow, to: S) -> Result<S::Ok, S::Error> {
    row.numbered().serialize(to)
}

impl OrderUpdate {
    /// The message of an order's state, with the code that goes with it.
    #[must_use]
    pub fn new(user_id: &str, order: OrderRow) -> Self {
        let code = order.state().known().and_then(UpdateCode::of_status);
        let order = OrderRow {
            uniqueorderid: String::new(),
            exchangeorderid: String::new(),
            clientcode: String::new(),
            ..order
        };
        Self {
            user_id: user_id.to_owned(),
            status_code: OK.to_owned(),
            code: Open::Known(code.unwrap_or(UpdateCode::Connected)),
            error_message: String::new(),
            order,
        }
    }

    /// The first message on a connection: every key of an order and nothing in them.
    #[must_use]
    pub fn greeting(user_id: &str) -> Self {
        let none = Some(0);
        let order = OrderRow {
            quantity: none,
            disclosedquantity: none,
            lotsize: none,
            cancelsize: none,
            ..OrderRow::default()
        };
        Self::new(user_id, order)
    }

    /// The state of the order: its own, and the code's only where it has none.
    #[must_use]
    pub fn state(&self) -> Open<OrderStatus> {
        let own = self.order.state();
        let by_code = self.code.known().and_then(UpdateCode::status);
        match by_code {
            Some(status) if own.as_str().is_empty() => Open::Known(status),
            _ => own.clone(),
        }
    }
}

/// The status of a message that is all right.
const OK: &str = "200";

/// What a frame of the order stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The stream is connected.
    Greeting {
        /// The client code.
        user_id: String,
    },
    /// An order changed.
    Update(Box<OrderUpdate>),
    /// A life sign: `pong`, nothing, or a single byte.
    Heartbeat,
    /// Something that is no JSON object.
    Noise {
        /// Its length in bytes.
        length: usize,
    },
    /// A message that may be about an order and cannot be read, or a refusal. Look into the order book.
    Error(UpdateFault),
}

/// Why a message of the order stream is no update.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateFault {
    /// The stream says that something is wrong.
    #[error("the order stream sent status {status_code}, {OK} is right: \"{message}\"")]
    Refused { status_code: String, message: String },
    /// The message has another form than documented.
    #[error("a message of the order stream has another form than documented: {what}")]
    Form { what: String },
}

impl UpdateFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Refused { .. } => {
                "connect again with fresh tokens, and read the order book meanwhile"
            }
            Self::Form { .. } => {
                "read the order book, which has the same order; if it stays, report the message as a bug"
            }
        }
    }
}

/// Reads the payload of one text or binary frame.
///
/// Source: captured frames for the single byte 0x00 and the empty payload; users of the JavaScript SDK
///         for the text `pong`.
#[must_use]
pub fn read(payload: &[u8]) -> Message {
    if matches!(payload, [] | [_] | b"ping" | b"pong") {
        return Message::Heartbeat;
    }
    if !payload.trim_ascii_start().starts_with(b"{") {
        return Message::Noise { length: payload.len() };
    }
    let mut json = serde_json::Deserializer::from_slice(payload);
    let update: OrderUpdate = match serde_path_to_error::deserialize(&mut json) {
        Ok(update) => update,
        Err(error) => return Message::Error(UpdateFault::Form { what: what_is_wrong(&error) }),
    };
    if !matches!(update.status_code.as_str(), OK | "") {
        let status_code = printable(&update.status_code);
        let message = printable(&update.error_message);
        return Message::Error(UpdateFault::Refused { status_code, message });
    }
    if !update.order.orderid.is_empty() {
        return Message::Update(Box::new(update));
    }
    let is_greeting = update.code.known() == Some(UpdateCode::Connected)
        && update.order.state().as_str().is_empty();
    if is_greeting {
        Message::Greeting { user_id: update.user_id }
    } else {
        let what = "an update without an order id".to_owned();
        Message::Error(UpdateFault::Form { what })
    }
}

#[cfg(test)]
mod tests;
