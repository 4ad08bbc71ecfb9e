//! What an account may be used for, and how politely.

use std::net::Ipv4Addr;
use std::time::Duration;

use smartapi::rest::limits::MOST_QUOTES_PER_SECOND;
use smartapi::stream::expiry::DayEnd;

use super::error::BrokerError;

/// The caller's choices; the default is the careful one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether MARKET and IOC orders are sent at all.
    ///
    /// Source: Angel One's notice of February 2026 prohibits both to algorithms from 1 April 2026; the
    ///         documentation of July 2026 still lists them.
    pub allow_market: bool,
    /// How many quotes are asked a second, from 1 to 6; beyond that the broker refuses.
    pub quotes_per_second: usize,
    /// The public address that is registered for the API key, sent as `X-ClientPublicIP`.
    ///
    /// The broker compares the address that a request comes from; the header costs nothing.
    pub public_address: Option<Ipv4Addr>,
    /// How long a connection for orders may rest before a cheap read keeps it open; `None` for a
    /// program that sends no orders, which then makes no such reads.
    pub keep_warm: Option<Duration>,
    /// When the broker ends the day's session.
    pub day_end: DayEnd,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            allow_market: false,
            quotes_per_second: 1,
            public_address: None,
            keep_warm: Some(Duration::from_secs(15)),
            day_end: DayEnd::MIDNIGHT,
        }
    }
}

impl Rules {
    /// Errors: [`BrokerError::Prohibited`] for what algorithms may not send, unless it is allowed here.
    pub(super) const fn check(&self, is_market: bool, is_ioc: bool) -> Result<(), BrokerError> {
        match (self.allow_market, is_market, is_ioc) {
            (false, true, _) => Err(BrokerError::Prohibited { what: "MARKET" }),
            (false, _, true) => Err(BrokerError::Prohibited { what: "IOC" }),
            _ => Ok(()),
        }
    }

    /// The quotes a second that are really asked.
    pub(super) fn quotes(&self) -> usize {
        self.quotes_per_second.clamp(1, MOST_QUOTES_PER_SECOND)
    }
}

/// How long things take; tests take shorter ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// For the whole answer.
    pub(super) answer: Duration,
    /// The wait before the first repetition of a read; each further one is twice as long.
    pub(super) retry: Duration,
    /// How often a read is repeated at most.
    pub(super) retries: usize,
    /// The same for history while the broker's rate limit refuses it.
    pub(super) limited_retries: usize,
    /// How long an order waits for a connection that is in use before it opens another.
    pub(super) queue: Duration,
    /// How often the order book is looked at before an order counts as not there.
    pub(super) looks: u32,
    /// The wait between two looks.
    pub(super) between_looks: Duration,
}

impl Default for Pace {
    /// Source: `OpenAlgo` waits 0.5 s × 2^n after a refusal. A handshake takes some 100 ms at home.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(7),
            retry: Duration::from_millis(500),
            retries: 4,
            // 63 s together: longer than the broker's minute.
            limited_retries: 7,
            queue: Duration::from_millis(200),
            looks: 5,
            between_looks: Duration::from_millis(1500),
        }
    }
}
