//! Times as the broker writes them: dates with Indian time, ISO 8601, and times of the day.

use std::fmt;

use serde::Serializer;

use super::Cell;
use crate::clock::Wall;

/// Indian time is this far ahead of UTC, all year.
const IST_S: i64 = 5 * 3600 + 30 * 60;
const DAY_S: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time of the day in India, in seconds since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(pub u32);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(second) = self;
        write!(f, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

impl Cell for TimeOfDay {
    const WANTED: &'static str = "a time such as 13:27:53";

    fn read(text: &str) -> Option<Self> {
        clock(text.trim()).map(|second| Self(second as u32))
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `20-Oct-2020 13:10:59`, `2020-10-20 13:10` and ISO 8601; without a zone it is Indian time.
impl Cell for Wall {
    const WANTED: &'static str = "a time such as 20-Oct-2020 13:10:59";

    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.get(4..5) == Some("-") { iso(text) } else { dated(text) }
    }

    fn text(&self) -> String {
        let now = Moment::in_india(*self);
        let month = MONTHS.get(now.month as usize - 1).copied().unwrap_or_default();
        format!("{:02}-{month}-{:04} {}", now.day, now.year, now.clock)
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// Writes ISO 8601 in Indian time, as candles have it.
pub(crate) fn iso_ist<S: Serializer>(at: &Wall, to: S) -> Result<S::Ok, S::Error> {
    let now = Moment::in_india(*at);
    to.collect_str(&format_args!("{now}T{}+05:30", now.clock))
}

/// Writes ISO 8601 in UTC, as GTT rules have it; nothing is empty text.
pub(crate) fn iso_utc<S: Serializer>(at: &Option<Wall>, to: S) -> Result<S::Ok, S::Error> {
    let Some(at) = at else { return to.serialize_str("") };
    let now = Moment::of(at.0);
    to.collect_str(&format_args!("{now}T{}Z", now.clock))
}

/// Writes a date and minute in Indian time, as requests for candles have it; seconds are cut off.
pub(crate) fn minute<S: Serializer>(at: &Wall, to: S) -> Result<S::Ok, S::Error> {
    let now = Moment::in_india(*at);
    let clock = now.clock.to_string();
    to.collect_str(&format_args!("{now} {}", clock.get(..5).unwrap_or_default()))
}

/// A point in time taken apart.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    clock: TimeOfDay,
}

impl Moment {
    fn of(second: i64) -> Self {
        let (year, month, day) = civil_from_days(second.div_euclid(DAY_S));
        Self { year, month, day, clock: TimeOfDay(second.rem_euclid(DAY_S) as u32) }
    }

    fn in_india(at: Wall) -> Self {
        Self::of(at.0.saturating_add(IST_S))
    }
}

/// The date alone.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// `20-Oct-2020 13:10:59`.
fn dated(text: &str) -> Option<Wall> {
    let (date, time) = text.split_once(' ')?;
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let day = number(day, 1..=2)?;
    let date = seconds_of_date(number(year, 4..=4)?, month as i64 + 1, day)?;
    Some(Wall(date + clock(time.trim_start())? - IST_S))
}

/// `2020-10-20T13:10:59+05:30`, `…Z`, with or without zone, fraction and seconds.
fn iso(text: &str) -> Option<Wall> {
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.get(10..11)?, "T" | " ") {
        return None;
    }
    let mut parts = date.split('-').zip([4, 2, 2]).map(|(part, len)| number(part, len..=len));
    let date = seconds_of_date(parts.next()??, parts.next()??, parts.next()??)?;
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let ahead = match zone.split_at_checked(1) {
        None => IST_S,
        Some(("Z", "")) => 0,
        Some(("+", zone)) => clock(zone)?,
        Some(("-", zone)) => -clock(zone)?,
        Some(_) => return None,
    };
    let time = match time.split_once('.') {
        Some((time, fraction)) => {
            number(fraction, 1..=9)?;
            time
        }
        None => time,
    };
    Some(Wall(date + clock(time)? - ahead))
}

/// Seconds since midnight of `HH:MM` or `HH:MM:SS`.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(|part| number(part, 2..=2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let fits = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    fits.then_some(hour * 3600 + minute * 60 + second)
}

/// A number of nothing but digits, so many of them.
fn number(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let fits = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Midnight UTC of a date that exists, in seconds since 1970.
fn seconds_of_date(year: i64, month: i64, day: i64) -> Option<i64> {
    let days = days_from_civil(year, month, day);
    (civil_from_days(days) == (year, month, day)).then_some(days * DAY_S)
}

/// Howard Hinnant's algorithm: years begin in March, so that the leap day is the last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * march_month + 2) / 5 + 1)
}
