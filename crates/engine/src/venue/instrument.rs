//! What is traded, and what the exchange demands of an order for it.

use std::fmt;

use super::words::words;
use crate::units::{Paise, Qty};

words! {
    /// An exchange's segment, in the words of orders.
    ///
    /// Source: SmartAPI documentation, Orders (July 2026).
    pub enum Segment {
        /// Shares at the National Stock Exchange.
        Nse = "NSE",
        /// Shares at the Bombay Stock Exchange.
        Bse = "BSE",
        /// Futures and options at the National Stock Exchange.
        Nfo = "NFO",
        /// Futures and options at the Bombay Stock Exchange.
        Bfo = "BFO",
        /// Commodities.
        Mcx = "MCX",
    }
}

/// Which instrument: tokens are unique within their segment only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The segment.
    pub segment: Segment,
    /// The exchange's number in it.
    pub token: u64,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.token)
    }
}

/// What an instrument is; charges, protection and blocked money depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A share.
    Cash,
    /// A future on an index.
    IndexFuture,
    /// A future on a share.
    StockFuture,
    /// An option on an index.
    IndexOption,
    /// An option on a share.
    StockOption,
    /// A future on a commodity.
    CommodityFuture,
    /// An option on a commodity.
    CommodityOption,
}

impl Kind {
    /// Whether nothing is paid on buying, but for a deposit.
    #[must_use]
    pub const fn is_future(self) -> bool {
        matches!(self, Self::IndexFuture | Self::StockFuture | Self::CommodityFuture)
    }

    /// Whether a premium is paid for a right.
    #[must_use]
    pub const fn is_option(self) -> bool {
        matches!(self, Self::IndexOption | Self::StockOption | Self::CommodityOption)
    }

    /// Whether it is traded at the commodity exchange, in its hours.
    #[must_use]
    pub const fn is_commodity(self) -> bool {
        matches!(self, Self::CommodityFuture | Self::CommodityOption)
    }
}

/// An instrument with what the exchange demands of orders for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Which one.
    pub key: Key,
    /// What it is.
    pub kind: Kind,
    /// Orders are for a multiple of it; 1 or more.
    pub lot: Qty,
    /// Prices are multiples of it; 1 paisa or more.
    pub tick: Paise,
    /// The largest quantity of one order.
    pub freeze: Qty,
    /// No order below it; 0 where the day has no lower limit.
    pub lower_circuit: Paise,
    /// No order above it; [`Paise::MAX_PRICE`] where the day has no upper limit.
    pub upper_circuit: Paise,
    /// The deposit per unit of a future, or of an option or share sold short; without one such
    /// orders are rejected.
    pub margin: Option<Paise>,
}

impl Instrument {
    /// An instrument without circuits, and without a deposit for short sales.
    #[must_use]
    pub const fn new(key: Key, kind: Kind, lot: Qty, tick: Paise, freeze: Qty) -> Self {
        let (lower_circuit, upper_circuit) = (Paise(0), Paise::MAX_PRICE);
        Self { key, kind, lot, tick, freeze, lower_circuit, upper_circuit, margin: None }
    }

    /// Whether the figures can be traded with.
    pub(super) const fn is_sound(&self) -> bool {
        self.lot.0 > 0
            && self.tick.0 > 0
            && self.freeze.0 >= self.lot.0
            && self.lower_circuit.0 >= 0
            && self.upper_circuit.0 >= self.lower_circuit.0
            && self.upper_circuit.0 <= Paise::MAX_PRICE.0
    }
}
