//! Days, as expiries and trading days are counted.

use std::fmt;

/// The months as the scrip master abbreviates them.
pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const MONTH_DAYS: [u16; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FIRST_YEAR: u16 = 1970;
/// The last whole year that 16 bits of days reach.
const LAST_YEAR: u16 = 2148;

/// A calendar day, counted from 1 Jan 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u16);

impl Day {
    /// The day in India (UTC+05:30, no summer time) at so many seconds since 1970 UTC.
    #[must_use]
    pub fn in_india(unix_s: u64) -> Self {
        const IST_S: u64 = (5 * 60 + 30) * 60;
        let days = unix_s.saturating_add(IST_S) / 86_400;
        Self(u16::try_from(days).unwrap_or(u16::MAX))
    }

    /// A date of the years 1970 to 2148, if there is such a day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let within = (FIRST_YEAR..=LAST_YEAR).contains(&year) && (1..=12).contains(&month);
        if !within || !(1..=month_days(year, month)).contains(&u16::from(day)) {
            return None;
        }
        let months: u16 = (1..month).map(|month| month_days(year, month)).sum();
        Some(Self(days_before(year) + months + u16::from(day) - 1))
    }

    /// Year, month 1 to 12, and day of the month.
    #[must_use]
    pub fn ymd(self) -> (u16, u8, u8) {
        let mut year = FIRST_YEAR + self.0 / 366;
        while year < LAST_YEAR && days_before(year + 1) <= self.0 {
            year += 1;
        }
        let mut left = self.0 - days_before(year);
        let mut month = 1;
        while month < 12 && left >= month_days(year, month) {
            left -= month_days(year, month);
            month += 1;
        }
        (year, month, (left + 1) as u8)
    }

    /// Days since the last Monday: 0 on Mondays, 5 and 6 at the weekend.
    #[must_use]
    pub const fn since_monday(self) -> u16 {
        // 1 Jan 1970 was a Thursday.
        (self.0 % 7 + 3) % 7
    }

    /// `28NOV2025`, as the scrip master writes it.
    ///
    /// Source: SmartAPI documentation (July 2026), instruments page.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        let (day, rest) = text.split_at_checked(2)?;
        let (month, year) = rest.split_at_checked(3)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(day) || !digits(year) || year.len() != 4 {
            return None;
        }
        Self::new(year.parse().ok()?, month_named(month)?, day.parse().ok()?)
    }

    /// `28NOV2025`, the inverse of [`Day::from_wire`].
    #[must_use]
    pub fn to_wire(self) -> String {
        let (year, _, day) = self.ymd();
        format!("{day:02}{}{year}", self.month_code())
    }

    /// `2025-11-28`.
    #[must_use]
    pub fn iso(self) -> String {
        let (year, month, day) = self.ymd();
        format!("{year}-{month:02}-{day:02}")
    }

    /// `NOV`.
    pub(super) fn month_code(self) -> &'static str {
        let (_, month, _) = self.ymd();
        MONTHS.get(usize::from(month - 1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Day {
    /// `28 Nov 2025`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, _, day) = self.ymd();
        let (initial, rest) = self.month_code().split_at(1);
        write!(out, "{day} {initial}{} {year}", rest.to_ascii_lowercase())
    }
}

/// The month 1 to 12 with this abbreviation, in any case.
pub(super) fn month_named(code: &str) -> Option<u8> {
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(code))?;
    Some(at as u8 + 1)
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn month_days(year: u16, month: u8) -> u16 {
    let days = MONTH_DAYS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or_default();
    days + u16::from(month == 2 && is_leap(year))
}

/// Days from 1 Jan 1970 to 1 Jan of `year`.
const fn days_before(year: u16) -> u16 {
    (year - FIRST_YEAR) * 365 + leap_days(year - 1) - leap_days(FIRST_YEAR - 1)
}

/// Leap days in the years 1 to `year`.
const fn leap_days(year: u16) -> u16 {
    year / 4 - year / 100 + year / 400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_one_date() {
        let mut before = None;
        for number in 0..=u16::MAX - 365 {
            let date @ (year, month, day) = Day(number).ymd();
            assert_eq!(Day::new(year, month, day), Some(Day(number)));
            assert_eq!(Day::from_wire(&Day(number).to_wire()), Some(Day(number)));
            assert!(before < Some(date));
            before = Some(date);
        }
    }

    #[test]
    fn known_days_are_met() {
        let day = Day::new(2025, 11, 28).expect("a day");
        assert_eq!((day.since_monday(), Day(0).since_monday()), (4, 3));
        assert_eq!(day.to_string(), "28 Nov 2025");
        assert_eq!(day.iso(), "2025-11-28");
        // 2026-11-19 18:30:00 UTC is midnight in India.
        assert_eq!(Day::in_india(1_795_113_000), Day::new(2026, 11, 20).expect("a day"));
        assert_eq!(Day::in_india(1_795_112_999), Day::new(2026, 11, 19).expect("a day"));
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in ["", "31NOV2025", "29FEB2025", "00JAN2025", "28XYZ2025", "28NOV25", "2 NOV2025"]
        {
            assert_eq!(Day::from_wire(text), None, "{text}");
        }
        assert!(Day::from_wire("29FEB2028").is_some() && Day::from_wire("28nov2025").is_some());
        assert_eq!(Day::from_wire("ਹNOV2025"), None);
    }
}
