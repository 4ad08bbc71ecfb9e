//! What a person typed, word by word: names, sides, strikes, dates.

use super::day::{Day, month_named};
use crate::packet::ExchangeType;

/// Years ahead that a two- or four-digit number can mean.
const YEARS_AHEAD: u16 = 5;
/// One rupee in the finest scale of any segment.
const RUPEE: i64 = 10_000_000;

/// What is looked for; what was not typed is not asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// All that was typed, in upper case and without spaces.
    pub(super) typed: String,
    /// The words that are part of a name or symbol, in upper case.
    pub(super) words: Vec<String>,
    pub(super) class: Option<Class>,
    pub(super) exchange: Option<ExchangeType>,
    pub(super) expiry: Expiry,
    pub(super) cycle: Option<Cycle>,
    pub(super) turn: Option<Turn>,
    /// The largest number that is no date.
    pub(super) strike: Option<Number>,
    /// The others.
    pub(super) numbers: Vec<Number>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Share,
    Index,
    Future,
    Option,
    Call,
    Put,
}

/// The parts of a date that were typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expiry {
    pub(super) day: Option<u8>,
    pub(super) month: Option<u8>,
    pub(super) year: Option<u16>,
    /// A number beside the month that can be the day or the year: `nov 25`.
    pub(super) either: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cycle {
    Weekly,
    Monthly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    This,
    Next,
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
    fn day(&self) -> Option<u8> {
        self.text.parse().ok().filter(|day| (1..=31).contains(day) && self.text.len() <= 2)
    }

    /// As a year from this one on, in two digits or four.
    fn year(&self, today: Day) -> Option<u16> {
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

/// A word's meaning before its neighbours are looked at.
enum Word {
    Text(String),
    Number(Number),
    Month(u8),
    Class(Class),
    Exchange(ExchangeType, String),
    Turn(Turn, String),
    Weekly,
    Monthly,
    Expiry,
    Date(u16, u8, u8),
}

impl Query {
    /// Reads the words; `is_symbol` tells whether a symbol begins so, and keeps a word whole that
    /// has letters and digits.
    pub(super) fn parse(text: &str, today: Day, is_symbol: &dyn Fn(&str) -> bool) -> Self {
        let text = text.to_uppercase();
        let raw = text.split(|letter: char| letter.is_whitespace() || letter == ',');
        let raw: Vec<&str> = raw.filter(|word| !word.is_empty()).collect();
        let mut words = Vec::new();
        for word in &raw {
            read(word, today, is_symbol, &mut words);
        }
        let mut query = Self { typed: raw.concat(), ..Self::default() };
        query.take_dates(&mut words, today);
        query.take_rest(words);
        query
    }

    /// Takes months with the numbers beside them, and dates in figures.
    fn take_dates(&mut self, words: &mut Vec<Word>, today: Day) {
        while let Some(at) = words.iter().position(|word| matches!(word, Word::Date(..))) {
            if let Word::Date(year, month, day) = words.remove(at) {
                self.expiry =
                    Expiry { day: Some(day), month: Some(month), year: Some(year), either: None };
            }
        }
        let Some(at) = words.iter().position(|word| matches!(word, Word::Month(_))) else { return };
        if let Word::Month(month) = words.remove(at) {
            self.expiry.month = Some(month);
        }
        let number = |words: &[Word], at: usize| match words.get(at) {
            Some(Word::Number(number)) => Some(number.clone()),
            _ => None,
        };
        let mut next = at;
        let before = at.checked_sub(1).and_then(|before| number(words, before)?.day());
        if before.is_some() {
            next -= 1;
            words.remove(next);
            self.expiry.day = before;
        } else if let Some(day) = number(words, next).and_then(|number| number.day()) {
            let typed = words.remove(next);
            let year = match &typed {
                Word::Number(number) => number.year(today),
                _ => None,
            };
            match (year, number(words, next).and_then(|number| number.year(today))) {
                (Some(either), None) => self.expiry.either = Some(either),
                _ => self.expiry.day = Some(day),
            }
        }
        let Some(year) = number(words, next) else { return };
        // `reliance nov 2026 ce`: the only number that can be the strike.
        let is_option = |word: &Word| matches!(word, Word::Class(Class::Call | Class::Put));
        let numbers = words.iter().filter(|word| matches!(word, Word::Number(_))).count();
        let strike = year.text.len() == 4 && numbers == 1 && words.iter().any(is_option);
        if let Some(year) = year.year(today).filter(|_| !strike) {
            words.remove(next);
            self.expiry.year = Some(year);
        }
    }

    /// Takes everything else, in the order in which it was typed.
    fn take_rest(&mut self, words: Vec<Word>) {
        let mut exchange = None;
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            match word {
                Word::Text(text) => self.words.push(text),
                Word::Number(number) => self.numbers.push(number),
                Word::Class(class) => self.class = Some(class),
                Word::Exchange(segment, text) => exchange = Some((segment, text)),
                Word::Turn(turn, text) => match words.peek() {
                    Some(Word::Weekly | Word::Expiry) => {
                        words.next();
                        self.turn = Some(turn);
                    }
                    Some(Word::Monthly) => {
                        words.next();
                        (self.turn, self.cycle) = (Some(turn), Some(Cycle::Monthly));
                    }
                    _ => self.words.push(text),
                },
                Word::Weekly => self.cycle = Some(Cycle::Weekly),
                Word::Monthly => self.cycle = Some(Cycle::Monthly),
                Word::Month(_) | Word::Date(..) | Word::Expiry => {}
            }
        }
        match exchange {
            // BSE and MCX are shares as well.
            Some((_, text)) if self.words.is_empty() => self.words.push(text),
            Some((segment, _)) => self.exchange = Some(segment),
            None => {}
        }
        let largest =
            (0..self.numbers.len()).max_by_key(|at| self.numbers.get(*at).map(|n| n.value));
        self.strike = largest.map(|at| self.numbers.remove(at));
    }
}

/// Reads one word, which may be several written together.
fn read(word: &str, today: Day, is_symbol: &dyn Fn(&str) -> bool, words: &mut Vec<Word>) {
    let mixed = word.contains(|letter: char| letter.is_ascii_digit());
    if let Some((year, month, day)) = date_in_figures(word) {
        words.push(Word::Date(year, month, day));
    } else if let Some(number) = Number::parse(word) {
        words.push(Word::Number(number));
    } else if !mixed {
        words.push(plain(word));
    } else if is_symbol(word) {
        words.push(Word::Text(word.to_owned()));
    } else {
        split(word, today, words);
    }
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
        "EXPIRY" | "EXP" => Word::Expiry,
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
fn split(word: &str, today: Day, words: &mut Vec<Word>) {
    let is_figure = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let same = |letter: char| is_figure(letter) == is_figure(first);
        let end = rest.find(|letter| !same(letter)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        if !is_figure(first) {
            let piece = piece.trim_matches(['-', '/']);
            words.extend((!piece.is_empty()).then(|| plain(piece)));
            continue;
        }
        let after_month = matches!(words.last(), Some(Word::Month(_)));
        let (year, piece) = if after_month { year_and_rest(piece, today) } else { (None, piece) };
        words.extend(year.into_iter().chain([piece]).map(figures));
    }
}

fn figures(text: &str) -> Word {
    Number::parse(text).map_or_else(|| Word::Text(text.to_owned()), Word::Number)
}

/// `2526000` after a month: the year 25 and the strike 26000; `26000` is a strike alone.
fn year_and_rest(piece: &str, today: Day) -> (Option<&str>, &str) {
    let split = piece.split_at_checked(2).filter(|(year, rest)| {
        let whole = piece.split('.').next().unwrap_or(piece);
        let plausible = Number::parse(year).is_some_and(|year| year.year(today).is_some());
        whole.len() > 4 && plausible && !rest.starts_with(['0', '.'])
    });
    split.map_or((None, piece), |(year, rest)| (Some(year), rest))
}

/// `28/11/2025`, `28-11-25` and `2025-11-28`.
fn date_in_figures(word: &str) -> Option<(u16, u8, u8)> {
    let mut parts = word.split(['-', '/']);
    let (first, month, last) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let year = match year.len() {
        2 => 2000 + year.parse::<u16>().ok()?,
        _ => year.parse().ok()?,
    };
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    Day::new(year, month, day).map(|_| (year, month, day))
}
