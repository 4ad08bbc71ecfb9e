//! One word that a person typed, before its neighbours are looked at; it may be several written together.

use super::day::{Day, month_named};
use super::index::Index;
use super::query::{Class, Turn};
use crate::packet::ExchangeType;

/// Years ahead that a two- or four-digit number can mean.
const YEARS_AHEAD: u16 = 5;
/// One rupee in the finest scale of any segment.
pub(super) const RUPEE: i64 = 10_000_000;

/// Figures written onto a month: `nov26150ce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Two digits of a year, then the strike.
    Year,
    /// The strike alone.
    Strike,
    /// Four digits of a year, then the strike.
    LongYear,
}

/// A word's meaning before its neighbours are looked at.
pub(super) enum Word {
    Text(String),
    Number(Number),
    /// A number that is no part of a date.
    Strike(Number),
    Month(u8),
    Class(Class),
    Exchange(ExchangeType, String),
    Turn(Turn, String),
    Weekly,
    Monthly,
    Nearest,
    Expiry,
    /// Strikes from so many above the one at the money up to so many above it.
    Money(i16, i16),
    /// What follows is a price.
    At,
    Date(Option<u16>, u8, u8),
}

/// A number as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) text: String,
    /// In 10^-7 rupees.
    pub(super) value: i64,
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 7 {
            return None;
        }
        let fraction = format!("{decimals:0<7}").parse::<i64>().ok()?;
        let value = whole.parse::<i64>().ok()?.checked_mul(RUPEE)?.checked_add(fraction)?;
        Some(Self { text: text.to_owned(), value })
    }

    /// As a day of a month.
    pub(super) fn day(&self) -> Option<u8> {
        self.text.parse().ok().filter(|day| (1..=31).contains(day) && self.text.len() <= 2)
    }

    /// As a year from this one on, in two digits or four.
    pub(super) fn year(&self, today: Day) -> Option<u16> {
        let (this, ..) = today.ymd();
        let number: u16 = self.text.parse().ok()?;
        let year = match self.text.len() {
            2 => this / 100 * 100 + number,
            4 => number,
            _ => return None,
        };
        (this..=this + YEARS_AHEAD).contains(&year).then_some(year)
    }
}

/// Reads one word, which may be several written together.
pub(super) fn read(word: &str, today: Day, index: &Index, after: After, words: &mut Vec<Word>) {
    let mixed = word.contains(|letter: char| letter.is_ascii_digit());
    if let Some((year, month, day)) = date_in_figures(word) {
        words.push(Word::Date(year, month, day));
    } else if let Some(number) = Number::parse(word) {
        words.push(Word::Number(number));
    } else if let Some(money) = money(word) {
        words.push(money);
    } else if !mixed {
        words.push(plain(word));
    } else if index.has_symbol_like(word) {
        words.push(Word::Text(word.to_owned()));
    } else {
        split(word, today, after, words);
    }
}

/// `ATM`, `ATM+1`, `ATM-2`, and `ATM±3` for all from three below to three above.
fn money(word: &str) -> Option<Word> {
    let steps = word.strip_prefix("ATM")?;
    let number = |text: &str| text.parse::<i16>().ok().filter(|_| !text.starts_with(['+', '-']));
    let (below, above) = match (steps.strip_prefix('±').or_else(|| steps.strip_prefix("+-")), steps)
    {
        (_, "") => (0, 0),
        (Some(both), _) => (-number(both)?, number(both)?),
        (None, one) => match one.strip_prefix('-') {
            Some(below) => (-number(below)?, -number(below)?),
            None => (number(one.strip_prefix('+')?)?, number(one.strip_prefix('+')?)?),
        },
    };
    Some(Word::Money(below, above))
}

/// `ATM + 1` written as `ATM+1`.
pub(super) fn join_money(text: &str) -> String {
    let mut joined = text.to_owned();
    for mark in ["+-", "+", "-", "±"] {
        joined = joined.replace(&format!("ATM {mark}"), &format!("ATM{mark}"));
        joined = joined.replace(&format!("ATM{mark} "), &format!("ATM{mark}"));
    }
    joined
}

/// `26,000` and `1,25,000` without the commas of their groups; other commas part words.
pub(super) fn join_groups(text: &str) -> String {
    let figures = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let parts: Vec<&str> = text.split(',').collect();
    let mut joined = String::with_capacity(text.len());
    let mut in_number = false;
    for (at, part) in parts.iter().enumerate() {
        let before = joined.bytes().rev().take_while(u8::is_ascii_digit).count();
        let pair = part.len() == 2 && parts.get(at + 1).is_some_and(|next| figures(next) == 3);
        let is_group = figures(part) == 3 || (figures(part) == 2 && pair);
        in_number = is_group && (in_number || (1..=3).contains(&before));
        if at > 0 && !in_number {
            joined.push(',');
        }
        joined.push_str(part);
    }
    joined
}

/// A word without digits.
fn plain(word: &str) -> Word {
    let text = || word.to_owned();
    match word {
        "CE" | "CALL" | "CALLS" => Word::Class(Class::Call),
        "PE" | "PUT" | "PUTS" => Word::Class(Class::Put),
        "FUT" | "FUTS" | "FUTURE" | "FUTURES" => Word::Class(Class::Future),
        "OPT" | "OPTS" | "OPTION" | "OPTIONS" => Word::Class(Class::Option),
        "EQ" | "EQUITY" | "SHARE" | "SHARES" | "STOCK" => Word::Class(Class::Share),
        "IDX" | "INDEX" | "SPOT" => Word::Class(Class::Index),
        "WEEK" | "WEEKLY" => Word::Weekly,
        "MONTH" | "MONTHLY" => Word::Monthly,
        "NEAREST" => Word::Nearest,
        "EXPIRY" | "EXP" => Word::Expiry,
        "AT" => Word::At,
        "THIS" | "CURRENT" => Word::Turn(Turn::This, text()),
        "NEXT" => Word::Turn(Turn::Next, text()),
        _ => match (ExchangeType::of_segment(word), month(word)) {
            (Some(segment), _) => Word::Exchange(segment, text()),
            (None, Some(month)) => Word::Month(month),
            (None, None) => Word::Text(text()),
        },
    }
}

/// `NOV` or `NOVEMBER`, and `SEPT`.
fn month(word: &str) -> Option<u8> {
    const NAMES: [&str; 12] = [
        "JANUARY",
        "FEBRUARY",
        "MARCH",
        "APRIL",
        "MAY",
        "JUNE",
        "JULY",
        "AUGUST",
        "SEPTEMBER",
        "OCTOBER",
        "NOVEMBER",
        "DECEMBER",
    ];
    let long =
        NAMES.iter().position(|name| *name == word || (word == "SEPT" && name.starts_with(word)));
    month_named(word).or_else(|| Some(long? as u8 + 1))
}

/// `NIFTY28NOV26000CE` in its pieces: where letters and digits meet.
fn split(word: &str, today: Day, after: After, words: &mut Vec<Word>) {
    let is_figure = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let same = |letter: char| is_figure(letter) == is_figure(first);
        let end = rest.find(|letter| !same(letter)).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        if !is_figure(first) {
            let piece = piece.trim_matches(['-', '/']);
            let is_day =
                matches!(words.last(), Some(Word::Number(number)) if number.day().is_some());
            let piece = if is_day { without_ordinal(piece) } else { piece };
            words.extend((!piece.is_empty()).then(|| plain(piece)));
            continue;
        }
        let after_month = matches!(words.last(), Some(Word::Month(_)));
        let year = if after_month { year_before_strike(piece, today, after) } else { None };
        let (year, strike) = piece.split_at(year.unwrap_or_default());
        words.extend([year, strike].into_iter().filter(|part| !part.is_empty()).map(figures));
    }
}

/// What follows the `TH` of `28TH`, if it is a month or nothing.
fn without_ordinal(piece: &str) -> &str {
    let rest = ["ST", "ND", "RD", "TH"].iter().find_map(|ordinal| piece.strip_prefix(ordinal));
    let rest = rest.map(|rest| rest.trim_start_matches('-'));
    rest.filter(|rest| rest.is_empty() || month(rest).is_some()).unwrap_or(piece)
}

fn figures(text: &str) -> Word {
    Number::parse(text).map_or_else(|| Word::Text(text.to_owned()), Word::Number)
}

/// How many figures after a month are a year before the strike: two of `2526000`, none of `26000`.
fn year_before_strike(piece: &str, today: Day, after: After) -> Option<usize> {
    let digits = match after {
        After::Year => 2,
        After::Strike => return None,
        After::LongYear => 4,
    };
    let (year, strike) = piece.split_at_checked(digits)?;
    let plausible = Number::parse(year).is_some_and(|year| year.year(today).is_some());
    (plausible && !strike.starts_with(['0', '.'])).then_some(digits)
}

/// `28/11/2025`, `28-11-25`, `28.11.2025`, `2025-11-28`, and `28/11` of any year.
fn date_in_figures(word: &str) -> Option<(Option<u16>, u8, u8)> {
    /// February has its 29 days in it.
    const LEAP_YEAR: u16 = 2024;
    let mark = ['-', '/', '.'].into_iter().find(|mark| word.contains(*mark))?;
    let mut parts = word.split(mark);
    let (first, month, last) = (parts.next()?, parts.next()?, parts.next());
    let (year, day) = match last {
        Some(last) if first.len() == 4 => (Some(first), last),
        _ => (last, first),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // `28.11` is a number.
    let is_number = mark == '.' && year.is_none();
    if is_number
        || parts.next().is_some()
        || ![year.unwrap_or_default(), month, day].into_iter().all(digits)
    {
        return None;
    }
    let year = match year {
        Some(year) if year.len() == 2 => Some(2000 + year.parse::<u16>().ok()?),
        Some(year) => Some(year.parse().ok()?),
        None => None,
    };
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    Day::new(year.unwrap_or(LEAP_YEAR), month, day).map(|_| (year, month, day))
}
