//! Why a market stream could not begin, or ended.

use smartapi::stream::request::SubscriptionFault;
use smartapi::stream::spread::SpreadFault;
use smartapi::stream::state::{Failure, RenewalFault};

/// Why a market stream could not begin, or ended for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    /// The stream's address is not one.
    #[error("stream address {rule}: '{shown}'")]
    Address {
        /// Which rule it breaks.
        rule: &'static str,
        /// The address without its query and without a user's name.
        shown: String,
    },
    /// A credential is empty or cannot stand in an HTTP header.
    #[error("{name} is empty or has a character that an HTTP header cannot carry")]
    Credential {
        /// Which one.
        name: &'static str,
    },
    /// Something that cannot be subscribed, or more than one connection carries.
    #[error(transparent)]
    Subscriptions(#[from] SubscriptionFault),
    /// More subscriptions than all connections carry.
    #[error(transparent)]
    Spread(#[from] SpreadFault),
    /// The system has no thread for a stream.
    #[error("cannot start a thread for a stream: {detail}")]
    Thread {
        /// The system's words.
        detail: String,
    },
    /// The session ended in failure.
    #[error(transparent)]
    Stream(#[from] Failure),
}

impl From<MarketError> for RenewalFault {
    fn from(error: MarketError) -> Self {
        Self { text: error.to_string(), retryable: false }
    }
}

impl MarketError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Address { .. } => {
                "give the stream's address as wss://host[:port]/path, or ws:// for a sandbox \
                 without TLS"
                    .to_owned()
            }
            Self::Credential { name } => {
                format!("look for a blank or a line break in the {name}, then log in again")
            }
            Self::Subscriptions(fault) => fault.hint().to_owned(),
            Self::Spread(fault) => fault.hint().to_owned(),
            Self::Thread { .. } => "raise the limit of threads with `ulimit -u`".to_owned(),
            Self::Stream(failure) => failure.hint().to_owned(),
        }
    }
}
