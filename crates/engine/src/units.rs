//! The words every room speaks: prices, amounts, quantities and event time.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

/// A price, or a distance between prices, in whole paise (₹1 = 100 paise).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Paise(pub i64);

impl Paise {
    /// The highest price that is accepted: 1e9 rupees.
    pub const MAX_PRICE: Self = Self(100_000_000_000);

    /// Rounds rupees to whole paise: `round(rupees × 100)` with the product in double.
    ///
    /// Units:  rupees in, paise out; values beyond the range of 64 bits stop at its ends.
    #[must_use]
    pub fn from_rupees(rupees: f64) -> Self {
        Self(round_half_up(rupees * 100.0) as i64)
    }

    /// The price as a double, still in paise.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }
}

impl Add for Paise {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Paise {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<Qty> for Paise {
    type Output = Money;
    fn mul(self, qty: Qty) -> Money {
        Money(i128::from(self.0) * i128::from(qty.0))
    }
}

impl fmt::Display for Paise {
    /// Rupees with two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Money(i128::from(self.0)).fmt(f)
    }
}

/// `floor(x)`, plus 1 if `x − floor(x) ≥ ½`.
#[must_use]
pub fn round_half_up(x: f64) -> f64 {
    let floor = x.floor();
    if x - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// An amount of money in whole paise: turnover, costs, cash, profit.
///
/// 128 bits hold the product of the highest price and the largest quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount as a double, still in paise.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// Rupees as a double, for reports only: exact to the paisa below 2^53 paise.
    #[must_use]
    pub const fn rupees(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Rupees with two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let paise = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", paise / 100, paise % 100)
    }
}

/// A quantity in units of the instrument, never in lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Qty(pub i64);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);
}

impl Add for Qty {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Qty {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Qty {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

/// The best prices of both sides of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Highest price that a buyer offers.
    pub bid: Paise,
    /// Lowest price that a seller asks.
    pub ask: Paise,
}

/// The instant of a tick by the exchange's clock, in microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(pub i64);

/// A length of event time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub i64);

impl Micros {
    /// One exchange day.
    pub const DAY: Self = Self(86_400_000_000);

    /// Whole seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Whole minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }
}

impl EventTime {
    /// 1 Jan 1970, the first instant of the years that are read.
    pub const MIN: Self = Self(0);
    /// 1 Jan 2101, the first instant after the years that are read.
    pub const END: Self = Self(4_133_980_800_000_000);

    /// The instant of an exchange stamp in milliseconds, if it lies in the years 1970 to 2100.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Option<Self> {
        if ms <= 0 || ms >= Self::END.0 / 1000 { None } else { Some(Self(ms * 1000)) }
    }
}

impl Sub for EventTime {
    type Output = Micros;
    fn sub(self, earlier: Self) -> Micros {
        Micros(self.0 - earlier.0)
    }
}

impl Add<Micros> for EventTime {
    type Output = Self;
    fn add(self, span: Micros) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Micros> for EventTime {
    type Output = Self;
    fn sub(self, span: Micros) -> Self {
        Self(self.0 - span.0)
    }
}

/// Exchange time: a fixed offset from UTC, whose dates are the exchange days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// What is added to UTC.
    pub offset: Micros,
}

impl Zone {
    /// India: +05:30.
    pub const INDIA: Self = Self { offset: Micros::minutes(330) };

    /// The instant at which the exchange day of `time` began.
    #[must_use]
    pub const fn day_start(self, time: EventTime) -> EventTime {
        let local = time.0 + self.offset.0;
        EventTime(local - local.rem_euclid(Micros::DAY.0) - self.offset.0)
    }

    /// ISO 8601 with offset, and with six decimals where the microseconds are not zero.
    #[must_use]
    pub fn iso(self, time: EventTime) -> String {
        let local = time.0 + self.offset.0;
        let (days, of_day) = (local.div_euclid(Micros::DAY.0), local.rem_euclid(Micros::DAY.0));
        let (year, month, day) = civil_from_days(days);
        let (seconds, micros) = (of_day / 1_000_000, of_day % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
        let sign = if self.offset.0 < 0 { '-' } else { '+' };
        let offset_minutes = self.offset.0.abs() / 60_000_000;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{sign}{:02}:{:02}",
            offset_minutes / 60,
            offset_minutes % 60
        )
    }
}

/// Year, month and day of a day number counted from 1 Jan 1970 (proleptic Gregorian).
#[must_use]
pub const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// The day number of a date counted from 1 Jan 1970, the inverse of [`civil_from_days`].
#[must_use]
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_a_paisa_up() {
        assert_eq!(Paise::from_rupees(0.005), Paise(1));
        assert_eq!(Paise::from_rupees(0.004), Paise(0));
        assert_eq!(Paise::from_rupees(123.45), Paise(12_345));
        assert_eq!(round_half_up(-0.5), 0.0);
    }

    #[test]
    fn dates_and_day_numbers_are_inverse() {
        for days in (-800_000..800_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(days_from_civil(2101, 1, 1) * Micros::DAY.0, EventTime::END.0);
    }

    #[test]
    fn writes_exchange_time_with_its_offset() {
        let time = EventTime(1_759_290_318_000_000);
        assert_eq!(Zone::INDIA.iso(time), "2025-10-01T09:15:18+05:30");
        assert_eq!(Zone::INDIA.iso(time + Micros(5)), "2025-10-01T09:15:18.000005+05:30");
        let west = Zone { offset: Micros::minutes(-90) };
        assert_eq!(west.iso(time), "2025-10-01T02:15:18-01:30");
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let time = EventTime(1_759_290_318_000_000);
        let start = Zone::INDIA.day_start(time);
        assert_eq!(Zone::INDIA.iso(start), "2025-10-01T00:00:00+05:30");
    }

    #[test]
    fn amounts_print_as_rupees() {
        assert_eq!(Money(-5).to_string(), "-0.05");
        assert_eq!(Paise(12_340).to_string(), "123.40");
    }
}
