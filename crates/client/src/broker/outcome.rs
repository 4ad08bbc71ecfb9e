//! What became of a request that changes something at the broker.

use std::fmt;
use std::net::Ipv4Addr;

use serde::de::DeserializeOwned;
use smartapi::rest::{ApiError, OrderReceipt};

use super::address;
use super::error::BrokerError;
use super::transport::Reply;

/// Codes by which the broker says that it failed, which is not to say that it did nothing.
const FAILED: [&str; 4] = ["AB1004", "AB2000", "AB2001", "AB9000"];

/// What became of a request that was sent; it was sent once and never again.
#[derive(Debug)]
#[must_use]
pub enum Outcome<T> {
    Accepted(T),
    /// The broker said no, and nothing was done.
    Refused(Refusal),
    /// It may or may not have been done: no answer, or none that can be read.
    Unknown(Unanswered),
}

/// What became of a new order; it was sent once and never again.
#[derive(Debug)]
#[must_use]
pub enum Placement {
    /// Taken for processing; whether the exchange takes it, the order book and the order stream tell.
    Accepted(OrderReceipt),
    /// The broker said no, and there is no order.
    Refused(Refusal),
    /// There may or may not be an order: [`Broker::resolve`](crate::Broker::resolve) looks for its tag.
    Unknown { tag: String, because: Unanswered },
}

/// Why it is not known what became of a request that changes something.
///
/// Its hint never says to try again: the request may have been carried out.
#[derive(Debug)]
pub struct Unanswered(pub(super) BrokerError);

impl Unanswered {
    /// What went wrong with the answer. Its own hint is for requests that are safe to repeat.
    #[must_use]
    pub const fn cause(&self) -> &BrokerError {
        &self.0
    }

    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "do not send it again: it may have been carried out; look in the order book first, by the \
         order's tag or number"
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The broker's no.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    pub cause: ApiError,
}

impl Refusal {
    /// The address that the broker saw the request come from, if it named one in refusing it.
    #[must_use]
    pub fn address(&self) -> Option<Ipv4Addr> {
        address::named(&self.cause)
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        if self.cause.session_dead() {
            return "send it again in a moment if it is still wanted; a read, such as that of the order \
                    book, waits until the session is new"
                .to_owned();
        }
        address::hint(&self.cause)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.cause)?;
        if self.cause.session_dead() {
            out.write_str("; the request was not sent again, and the session is being renewed")?;
        }
        Ok(())
    }
}

impl<T> Outcome<T> {
    /// The same with what was accepted turned into something else.
    pub(super) fn map<U>(self, turn: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Accepted(data) => Outcome::Accepted(turn(data)),
            Self::Refused(refusal) => Outcome::Refused(refusal),
            Self::Unknown(because) => Outcome::Unknown(because),
        }
    }
}

impl<T: DeserializeOwned> Outcome<T> {
    /// Reads a reply; whatever is not clearly a yes or a no is unknown.
    pub(super) fn of(reply: &Reply, doing: &'static str) -> Self {
        match reply.read() {
            Ok(data) => Self::Accepted(data),
            Err(cause) if is_refusal(&cause) && reply.is_denial() && reply.status < 500 => {
                Self::Refused(Refusal { cause })
            }
            Err(cause) => Self::Unknown(Unanswered(BrokerError::Api { doing, cause })),
        }
    }
}

/// Whether the broker certainly did nothing.
///
/// A rate limit and a dead session are found before a request is looked at. The firewall's page counts
/// as no answer: it may stand in for the reply as well as for the request.
fn is_refusal(cause: &ApiError) -> bool {
    match cause {
        ApiError::RateLimited { .. } | ApiError::SessionDead { .. } => true,
        ApiError::Refused { code, message } => {
            let says_nothing = code.is_empty() && message.is_empty();
            !says_nothing && !FAILED.contains(&code.as_str())
        }
        _ => false,
    }
}

impl Outcome<OrderReceipt> {
    /// An acceptance without an order id is no answer.
    pub(super) fn with_id(self, doing: &'static str) -> Self {
        match self {
            Self::Accepted(receipt) if receipt.orderid.is_empty() => {
                let what = "orderid: it is empty".to_owned();
                Self::Unknown(Unanswered(BrokerError::Api {
                    doing,
                    cause: ApiError::Form { status: 200, what },
                }))
            }
            other => other,
        }
    }
}
