//! The rules for lines and cells, and for the three kinds of value in them.

use crate::tick_path::feed::RawTick;
use crate::units::{EventTime, Micros, Paise, Qty, Zone, days_from_civil, round_half_up};

/// The next line that has bytes before its LF or CRLF; all lines that are passed are counted.
pub(super) fn next_line<'file>(rest: &mut &'file [u8], passed: &mut u64) -> Option<&'file [u8]> {
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        *rest = after.get(1..).unwrap_or_default();
        *passed += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            return Some(line);
        }
    }
    None
}

/// The cells of a line, still with their quotes; a comma inside quotes separates nothing.
pub(super) fn cells(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    line.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    })
}

/// A cell without blanks around it, without its quotes, and with doubled quotes made one.
pub(super) fn unquoted(cell: &[u8]) -> std::borrow::Cow<'_, [u8]> {
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
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    let plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E');
    if !cell.iter().all(plain) {
        return None;
    }
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// The price in whole paise; `None` if a file may not carry it.
///
/// Units:  rupees in; from half a paisa to 1e9 rupees.
#[must_use]
pub fn price_of(rupees: f64) -> Option<Paise> {
    let believable = rupees.is_finite() && rupees > 0.0 && rupees <= 1e9;
    believable.then(|| Paise::from_rupees(rupees)).filter(|paise| paise.0 > 0)
}

/// The volume in whole units; `None` if a file may not carry it.
///
/// Units:  units in, fractions are rounded; from 0 to 1e12.
#[must_use]
pub fn volume_of(units: f64) -> Option<Qty> {
    let believable = units.is_finite() && units >= 0.0 && units <= RawTick::MAX_VOLUME as f64;
    believable.then(|| Qty(round_half_up(units) as i64))
}

/// The instant of `YYYY-MM-DD`, `T` or one space, `HH:MM:SS`, an optional fraction, an optional `Z` or `±HH:MM`.
///
/// Without an offset the time is in `zone`; years 1970 to 2100 are read.
#[must_use]
pub fn time_of(text: &[u8], zone: Zone) -> Option<EventTime> {
    let (minute, rest) = text.split_first_chunk()?;
    let minute = minute_of(minute)?;
    let [b':', s0, s1, rest @ ..] = rest else { return None };
    let second = pair(*s0, *s1).filter(|second| *second < 60)?;
    let (micros, rest) = fraction(rest)?;
    let offset = if rest.is_empty() { zone.offset } else { offset_of(rest)? };
    Some(EventTime(minute.0 + Micros::seconds(second).0 + micros) - offset)
}

/// The local time of `YYYY-MM-DDTHH:MM`, counted from 1970.
pub(super) fn minute_of(text: &[u8; 16]) -> Option<Micros> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b' ', h0, h1, b':', i0, i1] = *text
    else {
        return None;
    };
    let year = pair(y0, y1)? * 100 + pair(y2, y3)?;
    let (month, day) = (pair(m0, m1)?, pair(d0, d1)?);
    let (hour, minute) = (pair(h0, h1)?, pair(i0, i1)?);
    let valid = (1970..=2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60;
    let days = Micros(days_from_civil(year, month, day) * Micros::DAY.0);
    valid.then(|| Micros(days.0 + Micros::minutes(hour * 60 + minute).0))
}

/// What `Z` or `±HH:MM` is ahead of UTC.
pub(super) fn offset_of(text: &[u8]) -> Option<Micros> {
    match text {
        b"Z" => Some(Micros(0)),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (pair(*h0, *h1)?, pair(*m0, *m1)?);
            let minutes = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
            Some(Micros::minutes(if *sign == b'-' { -minutes } else { minutes }))
        }
        _ => None,
    }
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

/// The number of two digits.
#[inline]
pub(super) fn pair(tens: u8, ones: u8) -> Option<i64> {
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
