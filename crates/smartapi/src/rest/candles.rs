//! History: candles and open interest of one instrument.
//!
//! Source: SmartAPI documentation (July 2026), historical page.

use serde::{Deserialize, Serialize};

use super::words::Exchange;
use crate::clock::Wall;
use crate::wire::{Rupees, iso_ist, minute, number, text, words};

const DAY_S: i64 = 86_400;

words! {
    /// The length of a candle.
    pub enum Interval {
        /// 1 minute.
        OneMinute = "ONE_MINUTE",
        /// 3 minutes.
        ThreeMinutes = "THREE_MINUTE",
        /// 5 minutes.
        FiveMinutes = "FIVE_MINUTE",
        /// 10 minutes.
        TenMinutes = "TEN_MINUTE",
        /// 15 minutes.
        FifteenMinutes = "FIFTEEN_MINUTE",
        /// 30 minutes.
        ThirtyMinutes = "THIRTY_MINUTE",
        /// 1 hour.
        OneHour = "ONE_HOUR",
        /// 1 day.
        OneDay = "ONE_DAY",
    }
}

impl Interval {
    /// The most days that one request may span.
    ///
    /// Source: SmartAPI documentation (July 2026), historical page.
    #[must_use]
    pub const fn most_days(self) -> i64 {
        match self {
            Self::OneMinute => 30,
            Self::ThreeMinutes => 60,
            Self::FiveMinutes | Self::TenMinutes => 100,
            Self::FifteenMinutes | Self::ThirtyMinutes => 200,
            Self::OneHour => 400,
            Self::OneDay => 2000,
        }
    }

    /// Its length in seconds; candles of less than a day are counted from 09:15.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::OneMinute => 60,
            Self::ThreeMinutes => 180,
            Self::FiveMinutes => 300,
            Self::TenMinutes => 600,
            Self::FifteenMinutes => 900,
            Self::ThirtyMinutes => 1800,
            Self::OneHour => 3600,
            Self::OneDay => DAY_S,
        }
    }
}

/// Body of [`super::routes::CANDLES`] and [`super::routes::OPEN_INTEREST`].
///
/// Shape:  times as `2023-09-06 11:15`, Indian time in 24 hours; seconds are cut off.
/// Source: SmartAPI documentation (July 2026), historical page, which prints the hours as hh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct HistoryRequest {
    pub exchange: Exchange,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub interval: Interval,
    #[cfg_attr(test, proptest(strategy = "crate::wire::full_minute()"))]
    #[serde(deserialize_with = "text::deserialize", serialize_with = "minute")]
    pub fromdate: Wall,
    #[cfg_attr(test, proptest(strategy = "crate::wire::full_minute()"))]
    #[serde(deserialize_with = "text::deserialize", serialize_with = "minute")]
    pub todate: Wall,
}

/// Why a request for history would be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// Neither digits nor anything else that a token could be.
    #[error("symboltoken was \"{was}\", digits are needed")]
    Token { was: String },
    /// A segment whose history the broker does not keep.
    #[error("exchange was {was}, history is kept for NSE, BSE, NFO, BFO and MCX")]
    Exchange { was: Exchange },
    /// The end before the beginning.
    #[error("fromdate was {by_s} s after todate, it may not be later")]
    Backwards { by_s: i64 },
    /// More days than one answer gives.
    #[error("{was_s} s were asked, {interval} gives at most {} days at once", .interval.most_days())]
    TooLong { was_s: i64, interval: Interval },
}

impl HistoryFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Token { .. } => "take the token from the scrip master",
            Self::Exchange { .. } => "record this segment from the stream yourself",
            Self::Backwards { .. } => "swap the two dates",
            Self::TooLong { .. } => "split the time over several requests, or take longer candles",
        }
    }
}

impl HistoryRequest {
    /// Errors: [`HistoryFault`], where the broker would answer AB1004 and not say why.
    pub fn check(&self) -> Result<(), HistoryFault> {
        if self.symboltoken.is_empty() || !self.symboltoken.bytes().all(|b| b.is_ascii_digit()) {
            return Err(HistoryFault::Token { was: self.symboltoken.chars().take(40).collect() });
        }
        if matches!(self.exchange, Exchange::Cds | Exchange::Ncdex) {
            return Err(HistoryFault::Exchange { was: self.exchange });
        }
        let was_s = self.todate.0.saturating_sub(self.fromdate.0);
        if was_s < 0 {
            return Err(HistoryFault::Backwards { by_s: -was_s });
        }
        if was_s > self.interval.most_days() * DAY_S {
            return Err(HistoryFault::TooLong { was_s, interval: self.interval });
        }
        Ok(())
    }
}

/// One candle of a [`super::routes::CANDLES`] answer; minutes without a trade have none.
///
/// Shape:  a list: time, open, high, low, close, volume; the time ISO 8601 with +05:30.
/// Units:  the time is the candle's beginning; prices in rupees, volume in units.
/// Source: SmartAPI documentation (July 2026), get candle data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(into = "CandleRow", from = "CandleRow")]
pub struct Candle {
    pub at: Wall,
    pub open: Rupees,
    pub high: Rupees,
    pub low: Rupees,
    pub close: Rupees,
    pub volume: i64,
}

#[derive(Serialize, Deserialize)]
struct CandleRow(
    #[serde(deserialize_with = "text::deserialize", serialize_with = "iso_ist")] Wall,
    #[serde(with = "number")] Rupees,
    #[serde(with = "number")] Rupees,
    #[serde(with = "number")] Rupees,
    #[serde(with = "number")] Rupees,
    #[serde(with = "number")] i64,
);

impl From<CandleRow> for Candle {
    fn from(CandleRow(at, open, high, low, close, volume): CandleRow) -> Self {
        Self { at, open, high, low, close, volume }
    }
}

impl From<Candle> for CandleRow {
    fn from(candle: Candle) -> Self {
        let Candle { at, open, high, low, close, volume } = candle;
        Self(at, open, high, low, close, volume)
    }
}

/// One row of an [`super::routes::OPEN_INTEREST`] answer; live derivatives only.
///
/// Units:  the open interest in units.
/// Source: SmartAPI documentation (July 2026), get historical OI data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct OpenInterestRow {
    #[serde(rename = "time")]
    #[serde(deserialize_with = "text::deserialize", serialize_with = "iso_ist")]
    pub at: Wall,
    #[serde(with = "number")]
    pub oi: i64,
}
