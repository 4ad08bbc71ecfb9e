//! Exact decimal numbers: money in ten-thousandths of a rupee, everything else in millionths.

use std::fmt;
use std::str::FromStr;

use serde::Serializer;

use super::Cell;

/// A decimal number with `PLACES` places after the point, kept as an integer.
///
/// Further places are rounded, halves away from zero: they are leftovers of the broker's doubles.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const PLACES: u32>(i64);

/// Money, exact to a ten-thousandth of a rupee: funds and currency prices have four places.
///
/// As text the whole range is exact; as JSON number up to fifteen digits, which is ₹99,999,999,999.9999.
pub type Rupees = Fixed<4>;

/// A number that is no money: a percentage, a ratio, a greek; exact to a millionth.
pub type Decimal = Fixed<6>;

impl<const PLACES: u32> Fixed<PLACES> {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    const ONE: i64 = 10_i64.pow(PLACES);

    /// The number that is `raw` times the smallest step: for [`Rupees`] a ten-thousandth.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// How many of the smallest steps it is; the inverse of [`from_raw`](Self::from_raw).
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// Whether it is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The nearest double, for reports and statistics.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE as f64
    }
}

impl Rupees {
    /// So many paise; `None` beyond ₹922 trillion.
    #[must_use]
    pub const fn from_paise(paise: i64) -> Option<Self> {
        match paise.checked_mul(100) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    /// The amount in whole paise; `None` if it is finer than a paisa.
    #[must_use]
    pub const fn paise(self) -> Option<i64> {
        if self.0 % 100 == 0 { Some(self.0 / 100) } else { None }
    }
}

/// A number in the broker's spelling.
struct Digits {
    is_negative: bool,
    whole: i64,
    /// The digits after the point.
    fraction: Vec<u8>,
}

/// Reads an optional sign, which spaces may follow, digits with a point, and an exponent.
fn digits(text: &str) -> Option<Digits> {
    let text = text.trim();
    let (is_negative, number) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !number.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let spelled;
    let number = if number.contains(['e', 'E']) {
        let value: f64 = number.parse().ok()?;
        spelled = value.to_string();
        &spelled
    } else {
        number
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = fraction.bytes().map(|byte| byte - b'0').collect();
    Some(Digits { is_negative, whole, fraction })
}

/// The integer that `text` stands for, be it written as `75`, `75.0` or `7.5E1`.
pub(super) fn whole(text: &str) -> Option<i64> {
    let digits = digits(text)?;
    let is_whole = digits.fraction.iter().all(|&digit| digit == 0);
    is_whole.then_some(if digits.is_negative { -digits.whole } else { digits.whole })
}

impl<const PLACES: u32> Cell for Fixed<PLACES> {
    const WANTED: &'static str = "a number";

    fn read(text: &str) -> Option<Self> {
        let digits = digits(text)?;
        let mut places = digits.fraction.into_iter().map(i64::from);
        let mut raw = digits.whole;
        for _ in 0..PLACES {
            raw = raw.checked_mul(10)?.checked_add(places.next().unwrap_or_default())?;
        }
        if places.next().is_some_and(|digit| digit >= 5) {
            raw = raw.checked_add(1)?;
        }
        Some(Self(if digits.is_negative { -raw } else { raw }))
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

/// Text that is no number, or one that is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a number, expected digits with at most one point")]
pub struct NotANumber(String);

impl<const PLACES: u32> FromStr for Fixed<PLACES> {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        Self::read(text).ok_or_else(|| NotANumber(text.chars().take(40).collect()))
    }
}

/// The whole number alone, or with at least two places: `194`, `194.50`, `0.0025`.
impl<const PLACES: u32> fmt::Display for Fixed<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = Self::ONE.unsigned_abs();
        let (whole, rest) = (self.0.unsigned_abs() / one, self.0.unsigned_abs() % one);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let places = format!("{rest:0width$}", width = PLACES as usize);
        let kept = places.trim_end_matches('0');
        write!(f, "{sign}{whole}.{kept:0<2}")
    }
}

impl<const PLACES: u32> fmt::Debug for Fixed<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
