//! How a venue behaves: its hours, its switches, its delays, its rates.

use super::book::Queue;
use super::charges::RateCard;
use super::fill_model::Latency;
use super::hours::{Hours, Phase};
use super::instrument::Instrument;
use crate::units::{EventTime, Money, Zone};

/// What becomes of MARKET and IOC orders.
///
/// Source: SmartAPI documentation (July 2026) converts; the broker's news of 25 Feb 2026 on the rules
///         for algorithms from 1 Apr 2026 says that both are prohibited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketAndIoc {
    /// A market order becomes a limit order at the protection price; IOC is allowed.
    #[default]
    Convert,
    /// Both are refused.
    Refuse,
}

/// How long the steps of an order take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// From the broker's receipt to the end of his checks.
    pub checking: Latency,
    /// From there to the exchange's book; modifications and cancellations take it too.
    pub travel: Latency,
}

/// How a venue behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whose days and hours they are.
    pub zone: Zone,
    /// When shares, futures and options are traded.
    pub equity: Hours,
    /// When commodities are.
    pub commodity: Hours,
    /// What becomes of MARKET and IOC orders.
    pub market_and_ioc: MarketAndIoc,
    /// When a resting order trades at its own price.
    pub queue: Queue,
    /// How long the steps of an order take.
    pub delays: Delays,
    /// What trades cost.
    pub rates: RateCard,
    /// The account's money at the beginning.
    pub opening: Money,
    /// From which ids are made.
    pub seed: u64,
}

impl Default for Rules {
    /// The broker's hours and rates of April 2026, no delays, and ten lakh rupees.
    fn default() -> Self {
        Self {
            zone: Zone::INDIA,
            equity: Hours::EQUITY,
            commodity: Hours::COMMODITY,
            market_and_ioc: MarketAndIoc::default(),
            queue: Queue::default(),
            delays: Delays::default(),
            rates: RateCard::APRIL_2026,
            opening: Money(100_000_000),
            seed: 0,
        }
    }
}

impl Rules {
    const fn hours(&self, instrument: &Instrument) -> &Hours {
        if instrument.kind.is_commodity() { &self.commodity } else { &self.equity }
    }

    pub(super) fn phase(&self, instrument: &Instrument, now: EventTime) -> Phase {
        self.hours(instrument).phase(self.zone, now)
    }

    /// The beginning and the end of the session that runs at `now`, or of the next one.
    pub(super) fn session(
        &self,
        instrument: &Instrument,
        now: EventTime,
    ) -> (EventTime, EventTime) {
        self.hours(instrument).session(self.zone, now)
    }
}
