//! Lists that the broker compiles: greeks, gainers and losers, ratios, open interest, intraday shares.
//!
//! Source: SmartAPI documentation (July 2026), option greeks, gainers and losers, and instruments pages.

use serde::{Deserialize, Serialize};

use super::words::{Consent, Exchange};
use crate::wire::{Decimal, Open, Rupees, loose_number, loose_text, number, text, words};

/// Body of [`super::routes::OPTION_GREEKS`]; NSE only.
///
/// Source: SmartAPI documentation (July 2026), option greeks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct GreeksRequest {
    /// The underlying, such as `NIFTY`.
    pub name: String,
    /// As the scrip master has it: `25JAN2024`.
    pub expirydate: String,
}

/// The greeks of one option.
///
/// Shape:  all text.
/// Units:  the strike in rupees, the volatility in percent; greeks as the broker computes them.
/// Source: SmartAPI documentation (July 2026), option greeks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct GreeksRow {
    #[serde(default, with = "text")]
    pub name: String,
    #[serde(default, with = "text")]
    pub expiry: String,
    #[serde(with = "text")]
    pub strike_price: Rupees,
    /// CE or PE.
    #[serde(with = "text")]
    pub option_type: String,
    #[serde(default, with = "loose_text")]
    pub delta: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub gamma: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub theta: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub vega: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub implied_volatility: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub trade_volume: Option<Decimal>,
}

words! {
    /// Which gainers or losers.
    pub enum Movers {
        /// Open interest that grew most.
        OiGainers = "PercOIGainers",
        /// Open interest that shrank most.
        OiLosers = "PercOILosers",
        /// Prices that rose most.
        PriceGainers = "PercPriceGainers",
        /// Prices that fell most.
        PriceLosers = "PercPriceLosers",
    }
}

words! {
    /// The month of the contracts.
    pub enum ExpiryMonth {
        /// The current one.
        Near = "NEAR",
        /// The next one.
        Next = "NEXT",
        /// The one after it.
        Far = "FAR",
    }
}

/// Body of [`super::routes::GAINERS_LOSERS`].
///
/// Source: SmartAPI documentation (July 2026), gainers and losers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct MoversRequest {
    pub datatype: Movers,
    pub expirytype: ExpiryMonth,
}

/// One gainer or loser: the future that stands for all options of its underlying and month.
///
/// Shape:  JSON numbers, the token too.
/// Units:  the change in percent, open interest in units.
/// Source: SmartAPI documentation (July 2026), gainers and losers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct MoverRow {
    #[serde(with = "text")]
    pub trading_symbol: String,
    #[serde(default, with = "loose_number")]
    pub percent_change: Option<Decimal>,
    #[serde(with = "number")]
    pub symbol_token: i64,
    #[serde(default, with = "loose_number")]
    pub opn_interest: Option<Decimal>,
    #[serde(default, with = "loose_number")]
    pub net_change_opn_interest: Option<Decimal>,
}

/// Puts over calls of one underlying, over all strikes.
///
/// Source: SmartAPI documentation (July 2026), PCR volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct PutCallRow {
    /// None where there is no put or no call.
    #[serde(default, with = "loose_number")]
    pub pcr: Option<Decimal>,
    #[serde(with = "text")]
    pub trading_symbol: String,
}

words! {
    /// How price and open interest move together.
    pub enum BuildUp {
        /// Both rise.
        Long = "Long Built Up",
        /// The price falls and the interest rises.
        Short = "Short Built Up",
        /// The price rises and the interest falls.
        ShortCovering = "Short Covering",
        /// Both fall.
        LongUnwinding = "Long Unwinding",
    }
}

/// Body of [`super::routes::OI_BUILDUP`].
///
/// Source: SmartAPI documentation (July 2026), OI buildup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct BuildUpRequest {
    pub expirytype: ExpiryMonth,
    pub datatype: BuildUp,
}

/// One contract whose open interest builds up or unwinds.
///
/// Shape:  all text.
/// Units:  prices in rupees, the change in percent, open interest as the broker counts it: with halves.
/// Source: SmartAPI documentation (July 2026), OI buildup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct BuildUpRow {
    #[serde(with = "text")]
    pub symbol_token: String,
    #[serde(default, with = "text")]
    pub ltp: Option<Rupees>,
    #[serde(default, with = "loose_text")]
    pub net_change: Option<Rupees>,
    #[serde(default, with = "loose_text")]
    pub percent_change: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub opn_interest: Option<Decimal>,
    #[serde(default, with = "loose_text")]
    pub net_change_opn_interest: Option<Decimal>,
    #[serde(default, with = "text")]
    pub trading_symbol: String,
}

/// A share that may be traded intraday: a row of [`super::routes::NSE_INTRADAY`] and its BSE twin.
///
/// Source: SmartAPI documentation (July 2026), instruments page; `Exchange` seen too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct IntradayRow {
    #[serde(default, alias = "Exchange", with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(rename = "SymbolName", with = "text")]
    pub symbol_name: String,
    /// How many times the margin one may trade.
    #[serde(rename = "Multiplier", default, with = "loose_text")]
    pub multiplier: Option<Decimal>,
}

/// Body of [`super::routes::CAUTIONARY`], a GET with a body in the documentation.
///
/// Source: SmartAPI documentation (July 2026), instruments page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct CautionaryRequest {
    pub scripconsent: Consent,
}

/// A share that the exchanges warn of.
///
/// Source: SmartAPI documentation (July 2026), instruments page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct CautionaryRow {
    #[serde(with = "text")]
    pub token: String,
    #[serde(default, with = "text")]
    pub symbol: String,
    #[serde(default, with = "text")]
    pub message: String,
}
