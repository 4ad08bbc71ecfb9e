//! What a sandbox is told at its start.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::units::Paise;
use engine::venue::Rules;
use smartapi::instruments::Day;
use smartapi::packet::{ExchangeType, token_field};

use crate::{Credentials, Error, Pacing, Scenario, Tape};

/// Where the date comes from, in seconds since 1970 UTC: one-time codes and token expiry follow it.
pub type Wall = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The operating system's date.
#[must_use]
pub fn system_wall() -> Wall {
    Arc::new(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
    })
}

/// How the port is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `http` and `ws`.
    Plain,
    /// `https` and `wss`, with a certificate that is made at the start.
    Tls {
        /// Where `sandbox-ca.pem` is written; `None` is a temporary folder that ends with the sandbox.
        folder: Option<PathBuf>,
    },
}

/// The one instrument that is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    pub exchange_type: ExchangeType,
    /// 1 to 25 characters.
    pub token: String,
    /// The trading symbol; an option's or future's tells the scrip master its expiry and strike.
    pub symbol: String,
    /// Units per lot, 1 to 1,000,000.
    pub lot_size: i64,
    /// The step of its prices in paise, 1 to 100,000.
    pub tick_paise: i64,
}

impl Default for Instrument {
    /// A NIFTY call on NSE.
    fn default() -> Self {
        Self {
            exchange_type: ExchangeType::NSE_FO,
            token: "47338".into(),
            symbol: "NIFTY28NOV2526000CE".into(),
            lot_size: 75,
            tick_paise: 5,
        }
    }
}

impl Instrument {
    /// The segment's name in REST and the scrip master; empty for a number that has none.
    pub(crate) fn segment(&self) -> &'static str {
        ["NSE", "NFO", "BSE", "BFO", "MCX", "NCDEX"]
            .into_iter()
            .find(|name| ExchangeType::of_segment(name) == Some(self.exchange_type))
            .unwrap_or_default()
    }

    /// Whether REST, scrip master and packets can all carry it.
    fn is_playable(&self) -> bool {
        !self.segment().is_empty()
            && !self.token.is_empty()
            && token_field(&self.token).is_some()
            && (1..=1_000_000).contains(&self.lot_size)
            && (1..=100_000).contains(&self.tick_paise)
    }
}

/// Whose time it is at the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketHours {
    /// The tape's: its stamps are now, and stand still where it does.
    #[default]
    Tape,
    /// The date's, which [`Options::wall`] gives: out of hours an order waits for the next session.
    Wall,
}

/// Shares of NSE that lie in the account's depository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub symbol: String,
    pub token: String,
    /// Units.
    pub qty: i64,
    /// What one was bought for.
    pub average: Paise,
}

/// When tokens end: the broker's statements differ.
///
/// Source: SmartAPI documentation (July 2026) says midnight, administrators of its forum 05:00.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenEnd {
    /// At the next 00:00 in India.
    #[default]
    Midnight,
    /// At the next 05:00 in India.
    Five,
}

/// How the account's sessions behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionRules {
    /// Whether the one-time code of the next 30 seconds is accepted too.
    pub next_code: bool,
    pub token_end: TokenEnd,
    /// Whether a logout ends the streams that its session opened; with the broker they stay.
    pub logout_ends_streams: bool,
}

/// How a call above its rate limit is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateRefusal {
    /// HTTP 403 and plain text.
    #[default]
    Text,
    /// HTTP 200, and the code AB1021 in the usual envelope.
    Json,
}

/// Everything a sandbox is told at its start.
#[derive(Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    pub transport: Transport,
    pub instrument: Instrument,
    pub tape: Tape,
    pub pacing: Pacing,
    /// The monotonic clock that the run itself stamps with.
    pub clock: quanta::Clock,
    pub wall: Wall,
    /// Whether REST demands the headers X-PrivateKey, X-UserType and X-SourceID; a wrong key is always
    /// refused.
    pub strict: bool,
    /// `None` makes random ones that are worthless elsewhere.
    pub credentials: Option<Credentials>,
    /// A stream whose client is silent for this long is closed; the broker's own value is not known.
    pub idle_timeout: Duration,
    /// What goes wrong.
    pub scenario: Scenario,
    pub market_hours: MarketHours,
    /// The account's money, what its orders go through, and what they cost.
    pub rules: Rules,
    /// Per unit, for futures and for what is sold short; without it such orders are rejected.
    pub deposit: Option<Paise>,
    /// The address that is registered for the API key: who places orders or rules from another is
    /// refused. `None` lets all of them.
    pub static_ip: Option<Ipv4Addr>,
    /// The day of the list of instruments: contracts expire from it on. `None` is the date's.
    pub list_day: Option<Day>,
    /// Whether the market moves from the start on, and not from the first subscription.
    pub start_now: bool,
    pub sessions: SessionRules,
    pub rate_refusal: RateRefusal,
    /// Whether mode 4, twenty levels of depth, may be subscribed: the broker has withdrawn it.
    pub depth_20: bool,
    /// What the account holds; nothing of it can be sold.
    pub holdings: Vec<Holding>,
}

impl Options {
    /// A TLS sandbox on a free port that plays `tape` as the default instrument.
    #[must_use]
    pub fn new(tape: Tape, pacing: Pacing, clock: quanta::Clock) -> Self {
        Self {
            port: 0,
            transport: Transport::Tls { folder: None },
            instrument: Instrument::default(),
            tape,
            pacing,
            clock,
            wall: system_wall(),
            strict: false,
            credentials: None,
            idle_timeout: Duration::from_secs(60),
            scenario: Scenario::default(),
            market_hours: MarketHours::default(),
            rules: Rules::default(),
            deposit: None,
            static_ip: None,
            list_day: None,
            start_now: false,
            sessions: SessionRules::default(),
            rate_refusal: RateRefusal::default(),
            depth_20: false,
            holdings: Vec::new(),
        }
    }

    /// Refuses what cannot be played, before anything is opened.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.tape.rows().is_empty() {
            return Err(Error::EmptyTape { skipped: self.tape.skipped() });
        }
        if !self.instrument.is_playable() {
            return Err(Error::Instrument {
                exchange_type: self.instrument.exchange_type.0,
                token: self.instrument.token.clone(),
                lot_size: self.instrument.lot_size,
                tick_paise: self.instrument.tick_paise,
            });
        }
        match self.pacing {
            Pacing::Recorded { speed } if !(speed.is_finite() && speed > 0.0) => {
                Err(Error::Speed { speed })
            }
            Pacing::FixedRate { per_second: 0 } => Err(Error::Rate),
            Pacing::FullSpeed if self.scenario.latency.stream.is_some() => {
                Err(Error::LatencyAtFullSpeed)
            }
            _ => Ok(()),
        }
    }
}
