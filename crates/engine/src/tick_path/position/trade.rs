//! The record of one sale.

use std::fmt;

use crate::tick_path::strategy::Readings;
use crate::units::{EventTime, Money, Paise, Qty};

/// Why a position, or a part of it, was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitReason {
    /// The base stop was the higher one and was reached.
    BaseStop,
    /// The trailing stop was the higher one, or equal, and was reached.
    TrailingStop,
    /// A take-profit level, counted from 1.
    TakeProfit(u8),
    /// The session's close, or a new day found a position open.
    SessionEnd,
    /// The day's loss limit was reached.
    DailyLossLimit,
    /// The last tick of the data.
    EndOfData,
    /// A person stopped the run.
    StopRequested,
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BaseStop => f.write_str("Base SL"),
            Self::TrailingStop => f.write_str("Trailing Stop"),
            Self::TakeProfit(level) => write!(f, "Take Profit {level}"),
            Self::SessionEnd => f.write_str("Session End"),
            Self::DailyLossLimit => f.write_str("Daily Loss Limit"),
            Self::EndOfData => f.write_str("End Of Data"),
            Self::StopRequested => f.write_str("Stop Requested"),
        }
    }
}

/// One sale: a position that is sold in parts makes several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// Which position it is from, counted from 1 over the run.
    pub position: u64,
    /// Time of the entry's tick.
    pub entry_time: EventTime,
    /// Time of the exit's tick.
    pub exit_time: EventTime,
    /// Fill of the entry.
    pub entry_price: Paise,
    /// Fill of the exit.
    pub exit_price: Paise,
    /// Units sold.
    pub quantity: Qty,
    /// `(exit − entry) × quantity`.
    pub gross: Money,
    /// Exit costs and the allocated part of the entry costs.
    pub costs: Money,
    /// `gross − costs`.
    pub net: Money,
    /// Why.
    pub reason: ExitReason,
    /// What the strategy's indicators showed when the entry was decided.
    pub at_entry: Readings,
    /// What they showed when the exit was decided.
    pub at_exit: Readings,
}
