//! What is wrong with a row, for runs that accept no bad row.

use std::fmt;

use super::cells::{cells, number, unquoted};
use super::{CsvColumns, price_of, time_of, volume_of};
use crate::units::Zone;

/// How much of a bad cell is shown.
const SHOWN_CHARS: usize = 60;

/// A cell that says nothing a tick can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {column} was `{cell}`, it must be {}", column.rule())]
pub struct RowFault {
    /// The line in the file, counted from 1, empty lines too.
    pub line: u64,
    /// Which of the needed columns.
    pub column: TickColumn,
    /// The cell's text, its beginning if it is long.
    pub cell: String,
}

/// The columns of a tick file that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickColumn {
    /// The exchange time.
    Timestamp,
    /// The last traded price.
    Price,
    /// The traded quantity.
    Volume,
}

impl TickColumn {
    /// What a cell must be.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Timestamp => {
                "a time of the years 1970 to 2100 such as 2025-10-01 09:15:18.250+05:30"
            }
            Self::Price => "a number of rupees from half a paisa to 1e9",
            Self::Volume => "a number of units from 0 to 1e12, or empty",
        }
    }
}

impl fmt::Display for TickColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timestamp => "timestamp",
            Self::Price => "price",
            Self::Volume => "volume",
        })
    }
}

/// The first unreadable cell of a row: its time, its price, a volume that is not empty.
pub(super) fn of_row(row: &[u8], line: u64, columns: CsvColumns, zone: Zone) -> Option<RowFault> {
    let cell = |column: usize| cells(row).nth(column).map(unquoted).unwrap_or_default();
    let (time, price) = (cell(columns.timestamp), cell(columns.price));
    let volume = columns.volume.map(cell).filter(|cell| !cell.is_empty());
    let (column, cell) = if time_of(&time, zone).is_none() {
        (TickColumn::Timestamp, time)
    } else if number(&price).and_then(price_of).is_none() {
        (TickColumn::Price, price)
    } else {
        let bad = |cell: &[u8]| number(cell).and_then(volume_of).is_none();
        (TickColumn::Volume, volume.filter(|cell| bad(cell))?)
    };
    Some(RowFault { line, column, cell: shown(&cell) })
}

/// The beginning of a text from outside, fit for a terminal.
fn shown(cell: &[u8]) -> String {
    let visible = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    String::from_utf8_lossy(cell).chars().take(SHOWN_CHARS).map(visible).collect()
}
