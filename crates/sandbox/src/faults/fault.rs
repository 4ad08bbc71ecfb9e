//! What can go wrong, sorted by the place that it meets.

use std::time::Duration;

/// The two streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stream {
    #[default]
    Market,
    Order,
}

/// A fault, by what it meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The next attempt to open the stream is answered with this HTTP status.
    Refusal { stream: Stream, status: u16 },
    /// The next connection of the stream that has its moment.
    Line { stream: Stream, fault: LineFault },
    /// The next packet of the market stream.
    Packet(PacketFault),
    /// The next REST request.
    Request(RequestFault),
    /// The next order update.
    Update(UpdateFault),
    /// Nothing but the clock.
    Account(AccountFault),
}

/// What happens to a connection as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// The socket ends without a word.
    Drop,
    /// The socket ends with a close frame.
    Close,
    /// Nothing is sent; `None` is for ever. Without `pongs` nothing is read either.
    Hold { lasting: Option<Duration>, pongs: bool },
    /// A binary frame of one byte comes in between.
    OneByteFrame,
    /// An error as text comes in between, under this code.
    TextError(String),
}

/// What happens to a packet of the market stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketFault {
    /// It never comes.
    Gap,
    /// It comes twice.
    Duplicate,
    /// It comes after the one that follows it.
    Reorder,
    /// It comes with so many bytes; `None` is one too few.
    Length(Option<usize>),
    /// Its last price needs more than 32 bits.
    HugePrice,
    /// Its token fills all 25 characters.
    LongToken,
}

/// What happens to a REST request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestFault {
    /// The answer is held back.
    Slow(Duration),
    /// The connection ends without an answer.
    Lost { carried_out: bool },
    /// The answer's body ends in its middle.
    Truncated,
    /// Another answer comes.
    Answer { answer: Answer, carried_out: bool },
}

/// An answer that is not the route's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This HTTP status with plain text.
    Status(u16),
    /// HTTP 403, plain text.
    RateText,
    /// HTTP 200, AB1021 in the usual envelope.
    RateJson,
    /// HTTP 429.
    TooMany,
    /// HTTP 200, the firewall's page.
    Html,
    /// HTTP 200 without a body.
    Empty,
    /// HTTP 200, the JSON text `null`.
    Null,
    /// HTTP 200, a refusal under this code in the usual envelope.
    Failure(String),
    /// HTTP 200, a refusal under this code in the gateway's envelope.
    Gateway(String),
    /// HTTP 200, a refusal whose `status` is the text "false".
    StatusAsText,
}

/// What happens to an order update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateFault {
    Lost,
    Duplicate,
    Late(Duration),
}

/// What happens to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountFault {
    /// All tokens given out so far have expired.
    ExpireTokens,
    /// The date is wrong by so many seconds, until it is put right.
    Skew(i64),
}
