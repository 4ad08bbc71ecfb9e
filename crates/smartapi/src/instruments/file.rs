//! The downloaded file: read row by row, and refused as a whole where it cannot be the list.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::error::Category;
use thiserror::Error;

use super::build::Builder;
use super::check::RowFault;
use super::day::Day;
use super::index::{Index, expiry, is_contract};
use super::row::Element;
use crate::packet::ExchangeType;

/// A file with fewer rows than this part of the last one's is refused, in percent.
const LEAST_PERCENT: usize = 70;
/// A segment with fewer rows than this part of the last list's may go, in percent: the broker has
/// segments of a few rows, and a list without them is better than an old one.
const LEAST_SEGMENT_PERCENT: usize = 1;
/// A file of which fewer rows than this can be used is refused, in percent.
const LEAST_USABLE_PERCENT: usize = 50;

/// The broker's list has 150,000 to 220,000 rows; one with fewer than this is a part of it.
const LEAST_ROWS: usize = 50_000;
/// The segments without which a list is a part of the broker's.
const NEEDED: [ExchangeType; 5] = [
    ExchangeType::NSE_CM,
    ExchangeType::NSE_FO,
    ExchangeType::BSE_CM,
    ExchangeType::BSE_FO,
    ExchangeType::MCX_FO,
];
/// A list in which so many contracts had expired was made before; fewer are strays.
const EXPIRED: usize = 10;

/// What was taken in and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Rows in the file.
    pub rows: usize,
    /// Rows that were left out, by reason.
    pub skipped: Vec<Skipped>,
}

/// The rows that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub fault: RowFault,
    pub rows: usize,
    /// The first of them, for people.
    pub first: String,
}

impl Intake {
    pub(super) fn skip(&mut self, fault: RowFault, shown: impl FnOnce() -> String) {
        match self.skipped.iter_mut().find(|skipped| skipped.fault == fault) {
            Some(skipped) => skipped.rows += 1,
            None => {
                let first = shown().escape_debug().take(80).collect();
                self.skipped.push(Skipped { fault, rows: 1, first });
            }
        }
    }

    /// How many rows were left out.
    #[must_use]
    pub fn skipped_rows(&self) -> usize {
        self.skipped.iter().map(|skipped| skipped.rows).sum()
    }
}

/// Why a file is not taken for the list of instruments.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileFault {
    #[error("the list of instruments was empty")]
    Empty,
    #[error("the list of instruments was null")]
    Null,
    #[error("the list of instruments was a web page of {bytes} bytes and must be a JSON array")]
    Page { bytes: usize },
    #[error("the list of instruments was no JSON array: {cause}")]
    NotAList { cause: String },
    #[error("the list of instruments ends within row {row}: {bytes} bytes arrived")]
    Truncated { row: usize, bytes: usize },
    #[error("the list of instruments cannot be read in row {row}: {cause}")]
    Syntax { row: usize, cause: String },
    #[error(
        "of {rows} rows of the list of instruments only {usable} can be used{}",
        example(first)
    )]
    Unusable { rows: usize, usable: usize, first: Option<String> },
    #[error("the list of instruments had {rows} rows, the broker's has at least {least}")]
    TooFew { rows: usize, least: usize },
    #[error("the list of instruments had no rows of {segment}, the broker's has some")]
    NoSegment { segment: &'static str },
    #[error("the list of instruments shrank from {was} to {now} rows")]
    Shrunk { was: usize, now: usize },
    #[error("the list of instruments has no rows of {segment}, the last one had {was}")]
    SegmentGone { segment: &'static str, was: usize },
}

fn example(first: &Option<String>) -> String {
    first.as_ref().map(|first| format!("; the first that cannot: {first}")).unwrap_or_default()
}

impl FileFault {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Empty
            | Self::Null
            | Self::Truncated { .. }
            | Self::TooFew { .. }
            | Self::NoSegment { .. } => {
                "the broker serves such files during outages: try again in a few minutes, and \
                 download a file of your own again"
            }
            Self::Page { .. } | Self::NotAList { .. } => {
                "check the address, and that no proxy or login page of the network answers in the \
                 broker's place"
            }
            Self::Syntax { .. } | Self::Unusable { .. } => {
                "check that it is OpenAPIScripMaster.json; if the broker changed the file, update \
                 this program"
            }
            Self::Shrunk { .. } | Self::SegmentGone { .. } => {
                "the broker serves partial files during outages: try again later; if the list \
                 really lost so much, remove the kept one and refresh"
            }
        }
    }
}

/// Reads the scrip master as the broker serves it.
///
/// Shape:  a JSON array of objects, see [`Row`](super::Row); read in one pass without a tree.
/// Errors: [`FileFault`] for anything that is not a whole list; a row that cannot be used is left
///         out and counted in the [`Intake`].
/// Source: SmartAPI documentation (July 2026), instruments page; forum topic 4491 for null and
///         partial files.
pub fn parse(file: &[u8]) -> Result<(Index, Intake), FileFault> {
    let start = file.trim_ascii_start();
    match start {
        [] => return Err(FileFault::Empty),
        [b'<', ..] => return Err(FileFault::Page { bytes: file.len() }),
        _ if start.trim_ascii_end() == b"null" => return Err(FileFault::Null),
        _ => {}
    }
    // A stray byte costs its row, not the file.
    let text = String::from_utf8_lossy(file);
    let mut builder = Builder::default();
    let mut json = Deserializer::from_str(&text);
    let read = json.deserialize_seq(Rows(&mut builder)).and_then(|()| json.end());
    if let Err(error) = read {
        return Err(fault(&error, builder.rows(), file.len()));
    }
    let (index, intake) = builder.finish();
    if index.is_empty() || index.len() * 100 < intake.rows * LEAST_USABLE_PERCENT {
        let first = intake.skipped.first();
        let first = first.map(|skipped| format!("{}, {}", skipped.first, skipped.fault));
        return Err(FileFault::Unusable { rows: intake.rows, usable: index.len(), first });
    }
    Ok((index, intake))
}

fn fault(error: &serde_json::Error, row: usize, bytes: usize) -> FileFault {
    match error.classify() {
        Category::Eof => FileFault::Truncated { row, bytes },
        Category::Data => FileFault::NotAList { cause: error.to_string() },
        Category::Syntax | Category::Io => FileFault::Syntax { row, cause: error.to_string() },
    }
}

/// The array, whose elements go into the builder.
struct Rows<'b>(&'b mut Builder);

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of instruments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(element) = rows.next_element::<Element<'de>>()? {
            self.0.take(&element);
        }
        Ok(())
    }
}

impl Index {
    /// Whether this can be the broker's whole list, where none is known that it could be compared
    /// with.
    ///
    /// Errors: [`FileFault::TooFew`], [`FileFault::NoSegment`].
    /// Source: the broker's list had 150,000 to 220,000 rows in 2025 and 2026.
    pub fn check_whole(&self) -> Result<(), FileFault> {
        self.check_whole_of(LEAST_ROWS)
    }

    /// As [`Index::check_whole`], where a whole list has at least so many rows.
    pub(super) fn check_whole_of(&self, least: usize) -> Result<(), FileFault> {
        for exchange in NEEDED {
            if self.count(exchange) == 0 {
                let segment = exchange.segment_name().unwrap_or_default();
                return Err(FileFault::NoSegment { segment });
            }
        }
        if self.len() < least {
            return Err(FileFault::TooFew { rows: self.len(), least });
        }
        Ok(())
    }

    /// The last day on which this list can have been made, if it holds contracts that had expired by
    /// `today`: a new list has none.
    #[must_use]
    pub fn made_by(&self, today: Day) -> Option<Day> {
        let mut expired: BTreeMap<Day, usize> = BTreeMap::new();
        let contracts = self.records.iter().filter(|record| is_contract(record));
        for day in contracts.filter_map(expiry).filter(|day| *day < today) {
            *expired.entry(day).or_default() += 1;
        }
        expired.into_iter().find(|(_, contracts)| *contracts >= EXPIRED).map(|(day, _)| day)
    }

    /// Whether this list can follow `previous`: the broker has served partial files.
    ///
    /// Errors: [`FileFault::Shrunk`] below 70 % of the rows; [`FileFault::SegmentGone`] for a segment
    ///         that had 1 % of them.
    pub fn check_against(&self, previous: &Self) -> Result<(), FileFault> {
        let (was, now) = (previous.len(), self.len());
        for (exchange, segment) in ExchangeType::NAMED {
            let had = previous.count(exchange);
            let counts = had > 0 && had * 100 >= was * LEAST_SEGMENT_PERCENT;
            if counts && self.count(exchange) == 0 {
                return Err(FileFault::SegmentGone { segment, was: had });
            }
        }
        if now * 100 < was * LEAST_PERCENT {
            return Err(FileFault::Shrunk { was, now });
        }
        Ok(())
    }
}
