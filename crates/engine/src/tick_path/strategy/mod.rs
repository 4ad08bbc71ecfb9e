//! Fourth room: indicators, then the signal. It says what it wishes; position and risk decide.

mod green;
pub mod indicators;
mod momentum;

pub use green::GreenCounter;
pub use momentum::{Compute, Momentum, Readings};

use super::broker::Tick;
use super::position::Account;
use crate::units::EventTime;

/// What a strategy wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Buy as much as sizing allows.
    Buy,
}

/// The first entry condition that failed, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Blocked {
    /// The day was ended by the loss limit.
    Halted,
    /// Too few ticks of the day yet.
    WarmUp,
    /// The day's number of entries is used up.
    MaxPositions,
    /// Outside the entry window, or in a trade block.
    Window,
    /// Too few green ticks in a row.
    Green,
    /// Too near the last stop-out price.
    PriceFilter,
    /// Fast EMA not above the slow one.
    EmaCrossover,
    /// MACD not above its signal.
    Macd,
    /// Price not above the VWAP.
    Vwap,
    /// Price not above the EMA of the higher time frame.
    HtfTrend,
    /// RSI not between its bounds.
    Rsi,
    /// ATR too small.
    Atr,
    /// Price not between the bands.
    Bollinger,
    /// %K not above %D, or overbought.
    Stochastic,
}

impl Blocked {
    /// Every reason in the order in which the conditions are checked.
    pub const ALL: [Self; 14] = [
        Self::Halted,
        Self::WarmUp,
        Self::MaxPositions,
        Self::Window,
        Self::Green,
        Self::PriceFilter,
        Self::EmaCrossover,
        Self::Macd,
        Self::Vwap,
        Self::HtfTrend,
        Self::Rsi,
        Self::Atr,
        Self::Bollinger,
        Self::Stochastic,
    ];

    /// The reason's name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Halted => "halted",
            Self::WarmUp => "warm_up",
            Self::MaxPositions => "max_positions",
            Self::Window => "window",
            Self::Green => "green",
            Self::PriceFilter => "price_filter",
            Self::EmaCrossover => "ema_crossover",
            Self::Macd => "macd",
            Self::Vwap => "vwap",
            Self::HtfTrend => "htf_trend",
            Self::Rsi => "rsi",
            Self::Atr => "atr",
            Self::Bollinger => "bollinger",
            Self::Stochastic => "stochastic",
        }
    }
}

/// Decides when to enter. Called by the trader, on its thread, once a tick in this order.
pub trait Strategy {
    /// A new exchange day begins; nothing of the old one may be remembered.
    fn on_day(&mut self, session_start: EventTime);

    /// Sees a processed tick, in a position or not.
    fn update(&mut self, tick: &Tick);

    /// Asked only while flat, after `update` with the same tick. It has no side effects.
    ///
    /// Errors: the first condition that failed.
    fn signal(&self, tick: &Tick, account: &Account) -> Result<Wish, Blocked>;
}
