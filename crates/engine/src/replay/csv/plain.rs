//! Plain rows in one pass over their bytes, eight at a time.
//!
//! Nothing here decides what a cell means: a row is either read exactly as the rules of `cells` read it
//! (a test compares the two), or it is left to them.

use super::CsvColumns;
use super::cells::{minute_of, offset_of, pair};
use crate::tick_path::feed::RawTick;
use crate::units::{EventTime, Micros, Paise, Qty, Zone};

/// The bytes of `±HH:MM` in a word.
const OFFSET_BYTES: u64 = 0x0000_FFFF_FFFF_FFFF;

/// What turns a fraction of so many digits into microseconds.
const MICROS_PER_DIGITS: [u64; 7] = [0, 100_000, 10_000, 1000, 100, 10, 1];

/// Reads rows that are plain, and remembers what the next row is likely to say again.
#[derive(Clone, Debug)]
pub(super) struct PlainRows {
    columns: CsvColumns,
    last: usize,
    zone: Zone,
    /// `YYYY-MM-DDTHH:MM` of an earlier row, and its local time.
    minute: (u128, Micros),
    /// `±HH:MM` of an earlier row, and what it means.
    offset: (u64, Micros),
}

impl PlainRows {
    pub(super) fn new(columns: CsvColumns, zone: Zone) -> Self {
        let minute = (u128::from_le_bytes(*b"1970-01-01T00:00"), Micros(0));
        let offset = (u64::from_le_bytes(*b"+00:00\0\0"), Micros(0));
        Self { columns, last: columns.last(), zone, minute, offset }
    }

    /// The tick of the row at the start of `rest`, and what follows its line; `None` if it is not plain.
    #[inline]
    pub(super) fn read<'file>(&mut self, rest: &'file [u8]) -> Option<(RawTick, &'file [u8])> {
        let mut tick = RawTick::default();
        let mut text = rest;
        for column in 0..=self.last {
            if column == self.columns.timestamp {
                let (time, after) = self.time(text)?;
                (tick.time, text) = (Some(time), after);
            } else if column == self.columns.price {
                let (price, after) = price(text)?;
                (tick.price, text) = (Some(price), after);
            } else if Some(column) == self.columns.volume {
                let (volume, after) = volume(text)?;
                (tick.volume, text) = (Some(volume), after);
            } else {
                text = skip_cell(text)?;
            }
            if column < self.last {
                text = text.strip_prefix(b",")?;
            }
        }
        match text {
            [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Some((tick, rest)),
            [b',', ..] => Some((tick, skip_line(text)?)),
            _ => None,
        }
    }

    #[inline]
    fn time<'row>(&mut self, text: &'row [u8]) -> Option<(EventTime, &'row [u8])> {
        let (minute, text) = text.split_first_chunk::<16>()?;
        if u128::from_le_bytes(*minute) != self.minute.0 {
            self.minute = (u128::from_le_bytes(*minute), minute_of(minute)?);
        }
        let [b':', tens, ones, text @ ..] = text else { return None };
        let second = pair(*tens, *ones).filter(|second| *second < 60)?;
        let (micros, text) = match text {
            [b'.', digits @ ..] => {
                let (value, count, after) = digits_of(digits)?;
                ((value * MICROS_PER_DIGITS.get(count)?) as i64, after)
            }
            _ => (0, text),
        };
        let (offset, text) = self.offset(text)?;
        let local = self.minute.1.0 + Micros::seconds(second).0 + micros;
        Some((EventTime(local) - offset, text))
    }

    #[inline]
    fn offset<'row>(&mut self, text: &'row [u8]) -> Option<(Micros, &'row [u8])> {
        match text {
            [b'+' | b'-', ..] => {
                let (sign_to_minutes, after) = text.split_first_chunk::<6>()?;
                let word = word(text)? & OFFSET_BYTES;
                if word != self.offset.0 {
                    self.offset = (word, offset_of(sign_to_minutes)?);
                }
                Some((self.offset.1, after))
            }
            [b'Z', after @ ..] => Some((Micros(0), after)),
            _ => Some((self.zone.offset, text)),
        }
    }
}

/// Rupees of at most seven digits and two decimals.
///
/// `round(x × 100)` of the nearest double of such a number is the number of its paise: the two roundings
/// move the product by far less than half a paisa.
#[inline]
fn price(text: &[u8]) -> Option<(Paise, &[u8])> {
    let (rupees, _, text) = digits_of(text)?;
    let digit = |byte: &u8| u64::from(byte.wrapping_sub(b'0'));
    let (paise, text) = match text {
        [b'.', tens @ b'0'..=b'9', ones @ b'0'..=b'9', after @ ..] => {
            (digit(tens) * 10 + digit(ones), after)
        }
        [b'.', tens @ b'0'..=b'9', after @ ..] => (digit(tens) * 10, after),
        _ => (0, text),
    };
    let paise = rupees * 100 + paise;
    (paise > 0).then_some((Paise(paise as i64), text))
}

/// Whole units of at most seven digits.
#[inline]
fn volume(text: &[u8]) -> Option<(Qty, &[u8])> {
    let (units, _, text) = digits_of(text)?;
    Some((Qty(units as i64), text))
}

/// One to seven digits: their value, their number and what follows.
#[inline]
fn digits_of(text: &[u8]) -> Option<(u64, usize, &[u8])> {
    let word = word(text)?;
    // A byte of `others` is zero exactly where the word has a digit: high half 3, low half below 10.
    let high = (word & 0xF0F0_F0F0_F0F0_F0F0) ^ 0x3030_3030_3030_3030;
    let low = ((word & 0x0F0F_0F0F_0F0F_0F0F) + 0x0606_0606_0606_0606) & 0x1010_1010_1010_1010;
    let others = high | low;
    let count = (others.trailing_zeros() / 8) as usize;
    if !(1..8).contains(&count) {
        return None;
    }
    // Moved to the last bytes of the word, with zeros before them; then pairs, fours and all are added up.
    let ones = (word & 0x0F0F_0F0F_0F0F_0F0F) << (64 - 8 * count);
    let pairs = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    let value = fours.wrapping_mul(10_000 << 32 | 1) >> 32;
    Some((value, count, text.get(count..)?))
}

/// What follows a cell that nobody needs, if no quote changes where it ends.
fn skip_cell(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| matches!(byte, b',' | b'"' | b'\n'))?;
    let after = text.get(end..)?;
    after.starts_with(b",").then_some(after)
}

/// What follows the line, whatever it holds.
fn skip_line(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let Some(word) = word(text) else {
            let end = text.iter().position(|byte| *byte == b'\n')?;
            return text.get(end + 1..);
        };
        // The lowest byte of `ends` that is not zero is where the word has its first LF.
        let differs = word ^ 0x0A0A_0A0A_0A0A_0A0A;
        let ends = differs.wrapping_sub(0x0101_0101_0101_0101) & !differs & 0x8080_8080_8080_8080;
        if ends != 0 {
            return text.get(ends.trailing_zeros() as usize / 8 + 1..);
        }
        text = text.get(8..)?;
    }
}

/// The next eight bytes, the first of them lowest.
#[inline]
fn word(text: &[u8]) -> Option<u64> {
    text.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
