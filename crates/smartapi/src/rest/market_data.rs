//! Prices by REST: one last price, and quotes in three sizes.
//!
//! Source: SmartAPI documentation (July 2026), live market data page, and its orders page for the LTP.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::Exchange;
use crate::clock::Wall;
use crate::wire::{Decimal, Open, Rupees, list, loose_number, loose_text, number, text, words};

/// Body of [`super::routes::LTP`].
///
/// Source: SmartAPI documentation (July 2026), get LTP data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct LtpRequest {
    pub exchange: Exchange,
    pub tradingsymbol: String,
    #[serde(with = "text")]
    pub symboltoken: String,
}

/// Data of an [`super::routes::LTP`] answer.
///
/// Shape:  JSON numbers; the documentation's samples have text.
/// Units:  rupees; `close` is the previous day's.
/// Source: SmartAPI documentation (July 2026), get LTP data; numbers from live answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct LastPrice {
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(default, with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub symboltoken: String,
    #[serde(default, with = "number")]
    pub open: Option<Rupees>,
    #[serde(default, with = "number")]
    pub high: Option<Rupees>,
    #[serde(default, with = "number")]
    pub low: Option<Rupees>,
    #[serde(default, with = "number")]
    pub close: Option<Rupees>,
    #[serde(with = "number")]
    pub ltp: Rupees,
}

words! {
    /// How much a quote tells.
    pub enum QuoteMode {
        /// The last price alone.
        Ltp = "LTP",
        /// With open, high, low and the previous close.
        Ohlc = "OHLC",
        /// Everything, with the best five of both sides.
        Full = "FULL",
    }
}

/// The most tokens of one quote request.
///
/// Source: SmartAPI documentation (July 2026), live market data page.
pub const MOST_QUOTE_TOKENS: usize = 50;

/// Body of [`super::routes::QUOTE`]: tokens by segment.
///
/// Source: SmartAPI documentation (July 2026), live market data page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct QuoteRequest {
    pub mode: QuoteMode,
    #[cfg_attr(test, proptest(strategy = "crate::wire::few_by_key()"))]
    #[serde(rename = "exchangeTokens")]
    pub exchange_tokens: BTreeMap<Exchange, Vec<String>>,
}

/// Why a quote would be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteFault {
    /// Nothing asked, or too much.
    #[error("a quote for {was} tokens was asked, 1 to {MOST_QUOTE_TOKENS} are allowed")]
    Count { was: usize },
    /// An empty token, which the broker answers with AB4018.
    #[error("a token of {exchange} was empty, digits are needed")]
    Empty { exchange: Exchange },
}

impl QuoteFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Count { .. } => "split the tokens over several requests",
            Self::Empty { .. } => "take the tokens from the scrip master",
        }
    }
}

impl QuoteRequest {
    /// A request for these tokens.
    ///
    /// Errors: [`QuoteFault`].
    pub fn new<'a>(
        mode: QuoteMode,
        tokens: impl IntoIterator<Item = (Exchange, &'a str)>,
    ) -> Result<Self, QuoteFault> {
        let mut exchange_tokens: BTreeMap<Exchange, Vec<String>> = BTreeMap::new();
        for (exchange, token) in tokens {
            exchange_tokens.entry(exchange).or_default().push(token.to_owned());
        }
        let request = Self { mode, exchange_tokens };
        request.check().map(|()| request)
    }

    /// How many tokens it asks for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.exchange_tokens.values().map(Vec::len).sum()
    }

    /// Errors: [`QuoteFault`] for what the broker would refuse.
    pub fn check(&self) -> Result<(), QuoteFault> {
        let was = self.count();
        if !(1..=MOST_QUOTE_TOKENS).contains(&was) {
            return Err(QuoteFault::Count { was });
        }
        let mut segments = self.exchange_tokens.iter();
        let empty = segments.find(|(_, tokens)| tokens.iter().any(String::is_empty));
        empty.map_or(Ok(()), |(&exchange, _)| Err(QuoteFault::Empty { exchange }))
    }
}

/// Data of a [`super::routes::QUOTE`] answer: an unknown token fails alone, not the call.
///
/// Source: SmartAPI documentation (July 2026), live market data page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Quotes {
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub fetched: Vec<QuoteRow>,
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub unfetched: Vec<Unfetched>,
}

/// A token without a quote.
///
/// Source: SmartAPI documentation (July 2026), live market data page: AB4018 for an empty token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Unfetched {
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(rename = "symbolToken", default, with = "text")]
    pub symbol_token: String,
    #[serde(default, with = "text")]
    pub message: String,
    #[serde(rename = "errorCode", default, with = "text")]
    pub error_code: String,
}

/// One quote; what its mode does not tell is `None` and not written.
///
/// Shape:  JSON numbers; times such as `21-Jun-2023 10:46:10`, Indian time.
/// Units:  prices in rupees, quantities in units; `close` is the previous day's.
/// Source: SmartAPI documentation (July 2026), live market data page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct QuoteRow {
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(default, with = "text")]
    pub trading_symbol: String,
    #[serde(with = "text")]
    pub symbol_token: String,
    #[serde(with = "number")]
    pub ltp: Rupees,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub open: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub high: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub low: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub close: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub last_trade_qty: Option<i64>,
    #[serde(default, with = "loose_text", skip_serializing_if = "Option::is_none")]
    pub exch_feed_time: Option<Wall>,
    #[serde(default, with = "loose_text", skip_serializing_if = "Option::is_none")]
    pub exch_trade_time: Option<Wall>,
    #[serde(default, with = "loose_number", skip_serializing_if = "Option::is_none")]
    pub net_change: Option<Rupees>,
    #[serde(default, with = "loose_number", skip_serializing_if = "Option::is_none")]
    pub percent_change: Option<Decimal>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub avg_price: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub trade_volume: Option<i64>,
    /// Open interest in units, in FULL alone.
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub opn_interest: Option<i64>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub lower_circuit: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub upper_circuit: Option<Rupees>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub tot_buy_quan: Option<i64>,
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub tot_sell_quan: Option<i64>,
    #[serde(rename = "52WeekLow")]
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub low_52_week: Option<Rupees>,
    #[serde(rename = "52WeekHigh")]
    #[serde(default, with = "number", skip_serializing_if = "Option::is_none")]
    pub high_52_week: Option<Rupees>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<Depth>,
}

/// The best five of both sides, best first.
///
/// Source: SmartAPI documentation (July 2026), live market data page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Depth {
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub buy: Vec<DepthLevel>,
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub sell: Vec<DepthLevel>,
}

/// One price of the book.
///
/// Units:  the price in rupees, the quantity in units.
/// Source: SmartAPI documentation (July 2026), live market data page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct DepthLevel {
    #[serde(with = "number")]
    pub price: Rupees,
    #[serde(with = "number")]
    pub quantity: i64,
    #[serde(with = "number")]
    pub orders: i64,
}
