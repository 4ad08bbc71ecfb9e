//! Table: the words of orders, segments and products.
//!
//! Source: SmartAPI documentation (July 2026), order constants; CDS and NCDEX from its quote page.

use crate::packet::ExchangeType;
use crate::wire::words;

words! {
    /// A segment, as REST and the scrip master name it.
    pub enum Exchange {
        /// NSE cash, and its indices.
        Nse = "NSE",
        /// BSE cash, and its indices.
        Bse = "BSE",
        /// NSE futures and options.
        Nfo = "NFO",
        /// BSE futures and options.
        Bfo = "BFO",
        /// MCX commodities.
        Mcx = "MCX",
        /// NSE currency.
        Cds = "CDS",
        /// NCDEX commodities.
        Ncdex = "NCDEX",
    }
}

impl Exchange {
    /// The segment's number on the market stream.
    #[must_use]
    pub const fn stream_type(self) -> ExchangeType {
        match self {
            Self::Nse => ExchangeType::NSE_CM,
            Self::Bse => ExchangeType::BSE_CM,
            Self::Nfo => ExchangeType::NSE_FO,
            Self::Bfo => ExchangeType::BSE_FO,
            Self::Mcx => ExchangeType::MCX_FO,
            Self::Cds => ExchangeType::CDE_FO,
            Self::Ncdex => ExchangeType::NCX_FO,
        }
    }

    /// Whether it trades commodities, where IOC orders are refused.
    #[must_use]
    pub const fn is_commodity(self) -> bool {
        matches!(self, Self::Mcx | Self::Ncdex)
    }
}

words! {
    /// The way an order is handled; after hours a NORMAL order becomes an after-market one.
    pub enum Variety {
        /// An ordinary order.
        Normal = "NORMAL",
        /// An order that waits for its trigger price.
        StopLoss = "STOPLOSS",
        /// A bracket order: with a target and a stop of its own.
        Robo = "ROBO",
    }
}

words! {
    /// The side of an order.
    pub enum Side {
        /// Buy.
        Buy = "BUY",
        /// Sell.
        Sell = "SELL",
    }
}

words! {
    /// The kind of an order.
    pub enum OrderType {
        /// At once, at the broker's market-protection price; prohibited to algorithms since April 2026.
        Market = "MARKET",
        /// At its price or better.
        Limit = "LIMIT",
        /// A limit order once the trigger price is reached.
        StopLossLimit = "STOPLOSS_LIMIT",
        /// A market order once the trigger price is reached.
        StopLossMarket = "STOPLOSS_MARKET",
    }
}

impl OrderType {
    /// Whether it waits for a trigger price.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::StopLossLimit | Self::StopLossMarket)
    }

    /// Whether it ends up at the market, without a price of its own.
    #[must_use]
    pub const fn is_market(self) -> bool {
        matches!(self, Self::Market | Self::StopLossMarket)
    }
}

words! {
    /// Whose margin an order uses, and how long its position may last.
    pub enum Product {
        /// Cash and carry of shares.
        Delivery = "DELIVERY",
        /// Futures and options that may be held overnight.
        CarryForward = "CARRYFORWARD",
        /// Delivery on margin.
        Margin = "MARGIN",
        /// Squared off by the broker before the close.
        Intraday = "INTRADAY",
        /// Bracket orders, variety ROBO only.
        Bracket = "BO",
    }
}

words! {
    /// How long an order stays.
    pub enum Validity {
        /// Until the end of the day.
        Day = "DAY",
        /// What is not filled at once is cancelled; prohibited to algorithms since April 2026.
        Ioc = "IOC",
    }
}

words! {
    /// Whether to trade a share although it is under surveillance.
    pub enum Consent {
        /// Trade it.
        Yes = "yes",
        /// Refuse it.
        No = "no",
    }
}
