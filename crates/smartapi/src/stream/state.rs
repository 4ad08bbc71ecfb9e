//! What people are shown of a stream: its state, why it pauses, and why it ended.

use std::fmt;
use std::time::Duration;

use super::frame::WsError;
use super::upgrade::Refusal;
use crate::clock::Mono;

/// The state of a stream, for people to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// A connection is being opened.
    Connecting {
        /// 1 for the first attempt since the stream was last good.
        attempt: u32,
    },
    /// Connected and subscribed; of the order stream, greeted.
    Live,
    /// Connected, but nothing has come for longer than [`super::limits::Limits`] calls normal.
    Stale {
        /// When the last frame, or the last packet, came.
        since: Mono,
    },
    /// Waiting before the next attempt.
    BackingOff {
        /// When the next attempt is made.
        until: Mono,
        /// What went wrong.
        because: Because,
    },
    /// The tokens were refused, or their day is over, and fresh ones are being fetched.
    Renewing,
    /// The stream has ended and does not come back.
    Failed(Failure),
    /// The stream was ended by its owner.
    Stopped,
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Live => f.write_str("live"),
            Self::Stale { .. } => f.write_str("stale: connected, but nothing comes"),
            Self::BackingOff { because, .. } => {
                write!(f, "pausing before a new attempt: {because}")
            }
            Self::Renewing => f.write_str("renewing: fetching fresh tokens"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// Why no fresh tokens could be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalFault {
    /// What is shown; free of secrets.
    pub text: String,
    /// Whether the same renewal may succeed later: no answer, a rate limit, a gateway in trouble.
    pub retryable: bool,
}

/// What is wrong with the tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// The server refused them.
    #[error("{0}")]
    Refused(Refusal),
    /// Their day is over.
    #[error("the tokens' day is over")]
    Expired,
}

/// Why a connection was lost or did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Because {
    /// The server refused the upgrade.
    #[error("{0}")]
    Refused(Refusal),
    /// No connection could be opened: name, TCP, TLS or upgrade.
    #[error("no connection: {detail}")]
    Unreachable {
        /// The system's or the library's words.
        detail: String,
        /// Whether TLS found fault with the server.
        tls: bool,
    },
    /// The tokens are of no use any more, and fresh ones could not be had this time.
    #[error("{tokens}; no fresh tokens yet: {reason}")]
    Renewal {
        /// What is wrong with them.
        tokens: TokenFault,
        /// Why there are no fresh tokens; free of secrets.
        reason: String,
    },
    /// A read or a write failed, or the other end hung up.
    #[error("connection lost: {detail}")]
    Lost {
        /// The system's or the library's words.
        detail: String,
    },
    /// What came is not WebSocket.
    #[error("stream broke the protocol: {0}")]
    Protocol(WsError),
    /// The server said good-bye.
    #[error("stream closed by the server with code {}, reason '{reason}'", code.unwrap_or(1005))]
    Closed {
        /// Its code, if it gave one; 1005 means none.
        code: Option<u16>,
        /// Its reason, often empty.
        reason: String,
    },
    /// Not a single frame came, not even an answer to a heartbeat.
    #[error("no frame for {:.1} s, the heartbeat was not answered", .0.as_secs_f32())]
    Silent(Duration),
    /// Frames came, but no packet, although something is subscribed.
    #[error("no packet for {:.1} s, although subscribed", .0.as_secs_f32())]
    NoData(Duration),
    /// The order stream was opened and did not say that it is connected.
    #[error("no greeting for {:.1} s after the order stream was opened", .0.as_secs_f32())]
    NoGreeting(Duration),
}

impl Because {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Unreachable { tls: true, .. } => {
                "check the date of this machine, and that no proxy replaces the certificate; for \
                 a sandbox of your own give its certificate"
            }
            Self::Unreachable { tls: false, .. } => {
                "check the network and the stream's address; attempts go on by themselves"
            }
            Self::Renewal { .. } => {
                "check the network and that the broker's REST server answers; attempts go on by \
                 themselves"
            }
            Self::Lost { .. } | Self::Silent(_) => {
                "nothing is to be done: the stream reconnects and subscribes again by itself; if \
                 it happens often, look at the network"
            }
            Self::Protocol(_) => {
                "check that the address is that of the stream and that no proxy is in between"
            }
            Self::Closed { .. } => {
                "if it comes right after each connect, another program holds the account's 3 \
                 connections; else nothing is to be done"
            }
            Self::NoGreeting(_) => {
                "check that the address is that of the order stream; attempts go on by themselves, \
                 and the order book has what was missed"
            }
            Self::NoData(_) => {
                "check that the market is open and that token and segment belong together: the \
                 broker answers a wrong segment with silence"
            }
        }
    }
}

/// Why a stream ended for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server refused our tokens, and the fresh ones as well.
    #[error("{0}, with fresh tokens as well")]
    Refused(Refusal),
    /// The tokens are of no use any more, and no fresh ones could be had.
    #[error("{tokens}; no fresh tokens: {reason}")]
    Renewal {
        /// What is wrong with them.
        tokens: TokenFault,
        /// Why there are no fresh tokens; free of secrets.
        reason: String,
    },
    /// The limit of attempts is reached.
    #[error("gave up after {attempts} failed attempts in a row, the last: {last}")]
    GaveUp {
        /// How many.
        attempts: u32,
        /// What went wrong last.
        last: Because,
    },
    /// The stream's own thread broke off, because of a bug in what takes its packets or in the stream.
    #[error("the stream's thread broke off")]
    BrokeOff,
}

impl Failure {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Renewal { .. } => {
                "check API_KEY, CLIENT_ID, PASSWORD and SMARTAPI_TOTP_SECRET, and that this \
                 machine's clock is right"
            }
            Self::GaveUp { last, .. } => last.hint(),
            Self::BrokeOff => {
                "report this as a bug, with what was said before it; the stream can be begun again"
            }
        }
    }
}
