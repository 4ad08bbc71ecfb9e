//! What can go wrong between us and the broker's REST server.

use std::time::Duration;

use smartapi::rest::{ApiError, HistoryFault, OrderFault, QuoteFault};
use smartapi::stream::state::RenewalFault;
use thiserror::Error;

use super::{address, calls};
use crate::state::StateError;

/// Why a call to the broker gave no answer that can be used.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// The broker answered, and not as hoped.
    #[error("{cause} while {doing}")]
    Api { doing: &'static str, cause: ApiError },
    /// No answer within the time; whether the broker acted on the call is unknown.
    #[error("{server} did not answer within {limit:?} while {doing}")]
    Silent { doing: &'static str, server: String, limit: Duration },
    /// The server's certificate was refused.
    #[error("the certificate of {server} was refused while {doing}: {cause}")]
    Certificate { doing: &'static str, server: String, cause: String },
    /// The connection could not be made; nothing was sent.
    #[error("{server} cannot be reached while {doing}: {cause}")]
    Unreachable { doing: &'static str, server: String, cause: String },
    /// The connection broke before the answer was whole; whether the broker acted on the call is unknown.
    #[error("the connection to {server} broke while {doing}: {cause}")]
    Broken { doing: &'static str, server: String, cause: String },
    /// An answer beyond all measure.
    #[error("the answer of {server} was larger than {limit} bytes while {doing}")]
    TooLarge { doing: &'static str, server: String, limit: usize },
    /// The HTTP client cannot be built, or a request cannot be written.
    #[error("the HTTP client failed while {doing}: {cause}")]
    Http { doing: &'static str, cause: String },
    /// Our side of the broker's rate limit is used up; nothing was sent.
    #[error(
        "the rate limit had no room while {doing}: nothing was sent, and {} ms are to be waited",
        whole_ms(*wait)
    )]
    Limited { doing: &'static str, wait: Duration },
    /// An order of a kind that algorithms may not send; nothing was sent.
    #[error(
        "the order was {what}, which Angel One prohibits to algorithms since 1 April 2026; LIMIT and \
         STOPLOSS_LIMIT for the DAY are allowed"
    )]
    Prohibited { what: &'static str },
    /// An order, a rule or an id that the broker would refuse; nothing was sent.
    #[error(transparent)]
    Order(#[from] OrderFault),
    /// The tag of an order that was sent already; nothing was sent.
    #[error(
        "ordertag was \"{tag}\", which an order of this session has already; another is needed"
    )]
    TagSent { tag: String },
    /// A request for history that the broker would refuse; nothing was sent.
    #[error(transparent)]
    History(#[from] HistoryFault),
    /// A request for quotes that the broker would refuse; nothing was sent.
    #[error(transparent)]
    Quote(#[from] QuoteFault),
    /// More or fewer things in one call than the broker takes; nothing was sent.
    #[error("{was} were given while {doing}, 1 to {most} are allowed")]
    Count { doing: &'static str, was: usize, most: usize },
    /// The session cannot be kept or read back.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Milliseconds after which it is over.
const fn whole_ms(wait: Duration) -> u128 {
    wait.as_nanos().div_ceil(1_000_000)
}

impl From<BrokerError> for RenewalFault {
    fn from(error: BrokerError) -> Self {
        let passes = error.api().is_some_and(ApiError::is_passing);
        Self { text: error.to_string(), retryable: passes || error.is_retryable() }
    }
}

impl BrokerError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Api { cause, .. } => address::hint(cause),
            Self::State(error) => error.hint(),
            Self::Silent { server, .. } | Self::Unreachable { server, .. } => format!(
                "check that this machine reaches {server} (network, name service, firewall) and \
                 try again; for a sandbox, check that it runs"
            ),
            Self::Broken { server, .. } => format!(
                "look whether the network to {server} is steady; for a sandbox, whether it still runs"
            ),
            Self::Certificate { .. } => "do not log in through this network: something answers in \
                 the server's place; check the clock of this machine, and for a sandbox give the \
                 `ca_file` of this very run"
                .to_owned(),
            Self::TooLarge { .. } => {
                "update this program, or report the message as a bug".to_owned()
            }
            Self::Http { .. } => "report this as a bug of this program".to_owned(),
            Self::Limited { doing, wait } => {
                let orders = [&calls::PLACE, &calls::MODIFY, &calls::CANCEL];
                let shared = if orders.iter().any(|call| call.doing == *doing) {
                    "; placing, modifying and cancelling share 9 a second, 500 a minute and 1,000 an \
                     hour"
                } else {
                    ""
                };
                format!("send it after {} ms if it is still wanted{shared}", whole_ms(*wait))
            }
            Self::Prohibited { .. } => "send a LIMIT order for the DAY, at a price that the other \
                 side takes; if your account may send these, set orders.allow_market = true \
                 (`Rules::allow_market`)"
                .to_owned(),
            Self::Order(fault) => fault.hint().to_owned(),
            Self::TagSent { .. } => {
                "give each order a tag of its own, as `Broker::next_tag` makes \
                 them; `Broker::resolve` tells what became of the first order"
                    .to_owned()
            }
            Self::History(fault) => fault.hint().to_owned(),
            Self::Quote(fault) => fault.hint().to_owned(),
            Self::Count { most, .. } => format!("split them into calls of at most {most}"),
        }
    }

    /// Whether the same call may succeed later unchanged, for calls that are safe to repeat.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Api { cause, .. } => cause.is_retryable(),
            Self::Silent { .. } | Self::Unreachable { .. } | Self::Broken { .. } => true,
            _ => false,
        }
    }

    /// The same once more, for a second who asked: what has no copy becomes its words.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Api { doing, cause } => Self::Api { doing, cause: cause.clone() },
            Self::Silent { doing, server, limit } => {
                Self::Silent { doing, server: server.clone(), limit: *limit }
            }
            Self::Certificate { doing, server, cause } => {
                Self::Certificate { doing, server: server.clone(), cause: cause.clone() }
            }
            Self::Unreachable { doing, server, cause } => {
                Self::Unreachable { doing, server: server.clone(), cause: cause.clone() }
            }
            Self::Broken { doing, server, cause } => {
                Self::Broken { doing, server: server.clone(), cause: cause.clone() }
            }
            other => Self::Http { doing: "renewing the session", cause: other.to_string() },
        }
    }

    /// The broker's answer, if that is what went wrong.
    #[must_use]
    pub const fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
