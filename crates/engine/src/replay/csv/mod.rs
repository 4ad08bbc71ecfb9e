//! Tick files: CSV rows to raw ticks, without I/O.
//!
//! The first row names the columns. What a row's cells do not say, or say unreadably, is `None` in its
//! tick; only a file without the needed columns is an error. Plain rows are read in one pass over their
//! bytes (`plain`); whatever is unusual about a row sends it to the rules cell by cell (`cells`).

mod cells;
mod fault;
mod plain;
#[cfg(test)]
mod tests;

pub use cells::{price_of, time_of, volume_of};
pub use fault::{RowFault, TickColumn};

use crate::tick_path::feed::RawTick;
use crate::units::Zone;
use cells::{cells, next_line, number, unquoted};
use plain::PlainRows;

/// Why a file cannot be read as ticks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// There is no header, or it misses a column.
    #[error("line 1: the header was `{header}`, it needs the columns {missing}")]
    Columns {
        /// The header as it stands.
        header: String,
        /// What it lacks.
        missing: &'static str,
    },
}

impl CsvError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Columns { .. } => {
                "write a first line such as `timestamp,price,volume`; the price column may also be \
                 called ltp or close, volume may be missing"
            }
        }
    }
}

/// Where the needed columns stand in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvColumns {
    timestamp: usize,
    price: usize,
    volume: Option<usize>,
}

impl CsvColumns {
    /// Finds the columns in the header line.
    ///
    /// Errors: [`CsvError::Columns`].
    pub fn parse(header: &[u8]) -> Result<Self, CsvError> {
        let names: Vec<String> = cells(header)
            .map(|cell| String::from_utf8_lossy(&unquoted(cell)).trim().to_lowercase())
            .collect();
        let find = |name: &str| names.iter().position(|column| column == name);
        let price = find("price").or_else(|| find("ltp")).or_else(|| find("close"));
        let missing = match (find("timestamp"), price) {
            (Some(timestamp), Some(price)) => {
                return Ok(Self { timestamp, price, volume: find("volume") });
            }
            (None, Some(_)) => "timestamp",
            (Some(_), None) => "price (or ltp, or close)",
            (None, None) => "timestamp and price (or ltp, or close)",
        };
        let header = String::from_utf8_lossy(header).chars().take(200).collect();
        Err(CsvError::Columns { header, missing })
    }

    /// Whether there is a column of volumes.
    #[must_use]
    pub const fn has_volume(self) -> bool {
        self.volume.is_some()
    }

    /// The last column that is needed.
    fn last(self) -> usize {
        self.timestamp.max(self.price).max(self.volume.unwrap_or(0))
    }
}

/// Reads the rows of one file in their order.
///
/// A file that is too large to hold is read in parts that end with a line: [`CsvRows::new`] for the
/// first, and [`CsvRows::of_lines`] with [`CsvRows::columns`] and [`CsvRows::line`] for each that follows.
#[derive(Clone, Debug)]
pub struct CsvRows<'file> {
    rest: &'file [u8],
    /// From the start of the row that was read last.
    row: &'file [u8],
    /// The lines before `rest`.
    line: u64,
    zone: Zone,
    columns: CsvColumns,
    plain: PlainRows,
}

impl<'file> CsvRows<'file> {
    /// Reads the header; times without an offset are in `zone`.
    ///
    /// Errors: [`CsvError::Columns`].
    pub fn new(file: &'file [u8], zone: Zone) -> Result<Self, CsvError> {
        let mut rest = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        let mut line = 0;
        let header = next_line(&mut rest, &mut line).unwrap_or_default();
        Ok(Self::of_lines(CsvColumns::parse(header)?, rest, line + 1, zone))
    }

    /// Reads whole lines without a header, the first of which has this number in its file.
    #[must_use]
    pub fn of_lines(columns: CsvColumns, lines: &'file [u8], first_line: u64, zone: Zone) -> Self {
        let line = first_line.saturating_sub(1);
        Self { rest: lines, row: &[], line, zone, columns, plain: PlainRows::new(columns, zone) }
    }

    /// Where the needed columns stand.
    #[must_use]
    pub const fn columns(&self) -> CsvColumns {
        self.columns
    }

    /// The lines read so far, empty ones too: after a row the number of its line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The bytes that are still to be read.
    #[must_use]
    pub const fn rest(&self) -> &'file [u8] {
        self.rest
    }

    /// What is wrong with the row that was read last, the first bad cell of time, price and volume.
    ///
    /// A volume that is missing is not wrong. Costs a second look at the row, so ask only for rows
    /// whose tick lacks something.
    #[must_use]
    pub fn fault(&self) -> Option<RowFault> {
        let row = next_line(&mut &*self.row, &mut 0)?;
        fault::of_row(row, self.line, self.columns, self.zone)
    }

    /// The next row by the rules, cell by cell.
    #[cold]
    fn unusual(&mut self) -> Option<RawTick> {
        let line = next_line(&mut self.rest, &mut self.line)?;
        Some(tick_of(line, self.columns, self.zone))
    }
}

impl Iterator for CsvRows<'_> {
    type Item = RawTick;

    #[inline]
    fn next(&mut self) -> Option<RawTick> {
        self.row = self.rest;
        match self.plain.read(self.rest) {
            Some((tick, rest)) => {
                self.rest = rest;
                self.line += 1;
                Some(tick)
            }
            None => self.unusual(),
        }
    }
}

/// The tick of one line, by the rules.
fn tick_of(line: &[u8], columns: CsvColumns, zone: Zone) -> RawTick {
    let mut tick = RawTick::default();
    for (column, cell) in cells(line).enumerate() {
        if column == columns.timestamp {
            tick.time = time_of(&unquoted(cell), zone);
        } else if column == columns.price {
            tick.price = number(&unquoted(cell)).and_then(price_of);
        } else if Some(column) == columns.volume {
            tick.volume = number(&unquoted(cell)).and_then(volume_of);
        }
    }
    tick
}
