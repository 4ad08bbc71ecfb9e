//! Tick files: CSV rows to raw ticks, without I/O.
//!
//! The first row names the columns. What a row's cells do not say, or say unreadably, is `None` in its
//! tick; only a file without the needed columns is an error.

use crate::tick_path::feed::RawTick;
use crate::units::{EventTime, Micros, Paise, Qty, Zone, days_from_civil, round_half_up};

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

/// Reads the rows of one file in their order.
#[derive(Clone, Debug)]
pub struct CsvRows<'file> {
    rest: &'file [u8],
    zone: Zone,
    columns: Columns,
}

/// Where the needed columns stand.
#[derive(Clone, Copy, Debug)]
struct Columns {
    timestamp: usize,
    price: usize,
    volume: Option<usize>,
}

impl<'file> CsvRows<'file> {
    /// Reads the header; times without an offset are in `zone`.
    ///
    /// Errors: [`CsvError::Columns`].
    pub fn new(file: &'file [u8], zone: Zone) -> Result<Self, CsvError> {
        let mut rest = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        let header = next_line(&mut rest).unwrap_or_default();
        let names: Vec<String> = cells(header)
            .map(|cell| String::from_utf8_lossy(&unquoted(cell)).trim().to_lowercase())
            .collect();
        let find = |name: &str| names.iter().position(|column| column == name);
        let price = find("price").or_else(|| find("ltp")).or_else(|| find("close"));
        let missing = match (find("timestamp"), price) {
            (Some(timestamp), Some(price)) => {
                let columns = Columns { timestamp, price, volume: find("volume") };
                return Ok(Self { rest, zone, columns });
            }
            (None, Some(_)) => "timestamp",
            (Some(_), None) => "price (or ltp, or close)",
            (None, None) => "timestamp and price (or ltp, or close)",
        };
        let header = String::from_utf8_lossy(header).chars().take(200).collect();
        Err(CsvError::Columns { header, missing })
    }
}

impl Iterator for CsvRows<'_> {
    type Item = RawTick;

    fn next(&mut self) -> Option<RawTick> {
        let line = next_line(&mut self.rest)?;
        let mut tick = RawTick::default();
        for (column, cell) in cells(line).enumerate() {
            if column == self.columns.timestamp {
                tick.time = timestamp(&unquoted(cell), self.zone);
            } else if column == self.columns.price {
                tick.price = number(&unquoted(cell)).and_then(price);
            } else if Some(column) == self.columns.volume {
                tick.volume = number(&unquoted(cell)).and_then(volume);
            }
        }
        Some(tick)
    }
}

/// The next line that has bytes before its LF or CRLF.
fn next_line<'file>(rest: &mut &'file [u8]) -> Option<&'file [u8]> {
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        *rest = after.get(1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            return Some(line);
        }
    }
    None
}

/// The cells of a line, still with their quotes; a comma inside quotes separates nothing.
fn cells(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    line.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    })
}

/// A cell without blanks around it, without its quotes, and with doubled quotes made one.
fn unquoted(cell: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let cell = trimmed(cell);
    match cell {
        [b'"', inner @ .., b'"'] if inner.contains(&b'"') => {
            let text = String::from_utf8_lossy(inner).replace("\"\"", "\"");
            trimmed(text.as_bytes()).to_vec().into()
        }
        [b'"', inner @ .., b'"'] => trimmed(inner).into(),
        plain => plain.into(),
    }
}

/// Without blanks and tabs at both ends.
fn trimmed(mut cell: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', inner @ ..] | [inner @ .., b' ' | b'\t'] = cell {
        cell = inner;
    }
    cell
}

/// Digits with an optional sign, point and exponent; nothing else that a parser of doubles knows.
fn number(cell: &[u8]) -> Option<f64> {
    let plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E');
    if !cell.iter().all(plain) {
        return None;
    }
    std::str::from_utf8(cell).ok()?.parse().ok()
}

fn price(rupees: f64) -> Option<Paise> {
    let believable = rupees.is_finite() && rupees > 0.0 && rupees <= 1e9;
    believable.then(|| Paise::from_rupees(rupees)).filter(|paise| paise.0 > 0)
}

fn volume(units: f64) -> Option<Qty> {
    let believable = units.is_finite() && units >= 0.0 && units <= RawTick::MAX_VOLUME as f64;
    believable.then(|| Qty(round_half_up(units) as i64))
}

/// `YYYY-MM-DD`, `T` or one space, `HH:MM:SS`, an optional fraction, an optional `Z` or `±HH:MM`.
fn timestamp(cell: &[u8], zone: Zone) -> Option<EventTime> {
    let (date_time, rest) = cell.split_at_checked(19)?;
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T' | b' ',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
    ] = *date_time
    else {
        return None;
    };
    let year = pair(y0, y1)? * 100 + pair(y2, y3)?;
    let (month, day) = (pair(m0, m1)?, pair(d0, d1)?);
    let (hour, minute, second) = (pair(h0, h1)?, pair(i0, i1)?, pair(s0, s1)?);
    let valid = (1970..=2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let (micros, rest) = fraction(rest)?;
    let offset = match rest {
        [] => zone.offset,
        b"Z" => Micros(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (pair(*h0, *h1)?, pair(*m0, *m1)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            Micros::minutes(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => return None,
    };
    let seconds = hour * 3600 + minute * 60 + second;
    let local = days_from_civil(year, month, day) * Micros::DAY.0 + seconds * 1_000_000 + micros;
    Some(EventTime(local) - offset)
}

/// The microseconds of `.123…`, cut after six digits, and what follows; 0 without a point.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let (digits, rest) = digits.split_at(length);
    let digit = |place: usize| digits.get(place).map_or(0, |byte| i64::from(byte - b'0'));
    Some(((0..6).fold(0, |micros, place| micros * 10 + digit(place)), rest))
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(header: &str, row: &str) -> RawTick {
        let text = format!("{header}\n{row}\n");
        let mut rows = CsvRows::new(text.as_bytes(), Zone::INDIA).expect("header");
        rows.next().expect("a row")
    }

    fn time(text: &str) -> Option<String> {
        one("timestamp,price", &format!("{text},1")).time.map(|time| Zone::INDIA.iso(time))
    }

    #[test]
    fn finds_its_columns_by_name_and_preference() {
        let tick = one(" LTP ,close,Volume,TimeStamp,price", "1,2,75,2025-10-01 09:15:18,3.35");
        assert_eq!(tick.price, Some(Paise(335)));
        assert_eq!(tick.volume, Some(Qty(75)));
        assert_eq!(one("\u{feff}timestamp,close,close", "x,2,9").price, Some(Paise(200)));
    }

    #[test]
    fn a_missing_column_is_an_error_that_says_which() {
        let missing = |header: &str| {
            let Err(error) = CsvRows::new(header.as_bytes(), Zone::INDIA) else {
                panic!("accepted")
            };
            assert!(!error.hint().is_empty());
            error.to_string()
        };
        assert!(missing("").contains("timestamp and price"));
        assert!(missing("time,price\n").contains("needs the columns timestamp"));
        assert!(missing("timestamp,last\n").contains("needs the columns price"));
    }

    #[test]
    fn reads_the_forms_of_time() {
        for (text, expected) in [
            ("2025-10-01 09:15:18", "2025-10-01T09:15:18+05:30"),
            ("2025-10-01T09:15:18Z", "2025-10-01T14:45:18+05:30"),
            ("2025-10-01T09:15:18.1234567+05:30", "2025-10-01T09:15:18.123456+05:30"),
            ("2025-10-01 09:15:18.5-00:30", "2025-10-01T15:15:18.500000+05:30"),
            ("2024-02-29 00:00:00", "2024-02-29T00:00:00+05:30"),
        ] {
            assert_eq!(time(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_other_times() {
        for text in [
            "",
            "2025-10-01",
            "2025-10-01  09:15:18",
            "2025-02-29 09:15:18",
            "2025-13-01 09:15:18",
            "2025-10-01 24:00:00",
            "2025-10-01 09:15:60",
            "2025-10-01 09:15:18.",
            "2025-10-01 09:15:18+0530",
            "2025-10-01 09:15:18+24:00",
            "2025-10-01 09:15:18 IST",
            "1969-12-31 23:59:59",
            "2101-01-01 00:00:00",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_digits_and_nothing_cleverer() {
        let price = |text: &str| one("timestamp,price", &format!("x,{text}")).price;
        for (text, paise) in [("1", 100), ("+1.5", 150), (".05", 5), ("5.", 500), ("1e2", 10_000)] {
            assert_eq!(price(text), Some(Paise(paise)), "{text}");
        }
        for text in
            ["", "nan", "inf", "1_000", "0x10", "1e", "--1", "-1", "0", "0.004", "1e10", "."]
        {
            assert_eq!(price(text), None, "{text}");
        }
        assert_eq!(price("0.005"), Some(Paise(1)));
    }

    #[test]
    fn quotes_blanks_and_short_rows_are_read_as_the_rules_say() {
        let header = "timestamp,price,volume";
        let tick = one(header, " \"2025-10-01 09:15:18\" ,\t\" 1.5\", ");
        assert!(tick.time.is_some());
        assert_eq!((tick.price, tick.volume), (Some(Paise(150)), None));
        assert_eq!(one(header, "x").price, None);
        assert_eq!(
            one("a,timestamp,price", "\"x,\"\"y\",2025-10-01 09:15:18,2").price,
            Some(Paise(200))
        );
        let rows = CsvRows::new(b"timestamp,price\r\n\r\n\n1,2\r\n\n3,4", Zone::INDIA);
        assert_eq!(rows.expect("header").count(), 2, "empty lines are skipped");
    }

    #[test]
    fn invalid_utf8_makes_only_its_cell_unreadable() {
        let rows = CsvRows::new(b"timestamp,price,volume\nx,1\xff,75\n", Zone::INDIA);
        let tick = rows.expect("header").next().expect("row");
        assert_eq!((tick.price, tick.volume), (None, Some(Qty(75))));
    }
}
