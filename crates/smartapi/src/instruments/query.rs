//! What a person typed: names, sides, strikes, dates, each from its words and their neighbours.

use super::day::Day;
use super::index::Index;
use super::word::{After, Number, Word, join_groups, join_money, read};
use crate::packet::ExchangeType;

/// How figures that can mean two things are taken; a search tries one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    beside: Beside,
    after: After,
}

/// The last number, where it stands beside a month: `dec 10 ce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Date,
    Strike,
}

impl Reading {
    /// The likeliest first.
    pub(super) const ALL: [Self; 6] = [
        Self { beside: Beside::Date, after: After::Year },
        Self { beside: Beside::Date, after: After::Strike },
        Self { beside: Beside::Date, after: After::LongYear },
        Self { beside: Beside::Strike, after: After::Year },
        Self { beside: Beside::Strike, after: After::Strike },
        Self { beside: Beside::Strike, after: After::LongYear },
    ];
}

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
    /// From and up to which strike above the one at the money.
    pub(super) money: Option<(i16, i16)>,
    /// The price of the underlying.
    pub(super) spot: Option<Number>,
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

impl Query {
    /// Reads the words; the index keeps a word whole that a symbol begins with, and knows what is the
    /// name of an underlying.
    pub(super) fn parse(text: &str, today: Day, index: &Index, reading: Reading) -> Self {
        let text = join_money(&join_groups(&text.to_uppercase()));
        let raw = text.split(|letter: char| letter.is_whitespace() || letter == ',');
        let raw: Vec<&str> = raw.filter(|word| !word.is_empty()).collect();
        let mut words = Vec::new();
        for word in &raw {
            read(word, today, index, reading.after, &mut words);
        }
        let mut query = Self { typed: raw.concat(), ..Self::default() };
        query.take_spot(&mut words);
        if reading.beside == Beside::Strike {
            keep_strike(&mut words);
        }
        query.take_dates(&mut words, today);
        query.take_rest(words, index);
        query
    }

    /// Takes the price after `at`, which asks for the strike at the money.
    fn take_spot(&mut self, words: &mut Vec<Word>) {
        let is_price = |pair: &[Word]| matches!(pair, [Word::At, Word::Number(_)]);
        let Some(at) = words.windows(2).position(is_price) else { return };
        words.remove(at);
        if let Word::Number(price) = words.remove(at) {
            self.spot = Some(price);
            self.money = Some((0, 0));
        }
    }

    /// Takes months with the numbers beside them, and dates in figures.
    fn take_dates(&mut self, words: &mut Vec<Word>, today: Day) {
        while let Some(at) = words.iter().position(|word| matches!(word, Word::Date(..))) {
            if let Word::Date(year, month, day) = words.remove(at) {
                self.expiry = Expiry { day: Some(day), month: Some(month), year, either: None };
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
        let is_number = |word: &&Word| matches!(word, Word::Number(_) | Word::Strike(_));
        let numbers = words.iter().filter(is_number).count();
        let strike = year.text.len() == 4 && numbers == 1 && words.iter().any(is_option);
        if let Some(year) = year.year(today).filter(|_| !strike) {
            words.remove(next);
            self.expiry.year = Some(year);
        }
    }

    /// Takes everything else, in the order in which it was typed.
    fn take_rest(&mut self, words: Vec<Word>, index: &Index) {
        let mut exchange = None;
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            match word {
                Word::Text(text) => self.words.push(text),
                Word::Number(number) => self.numbers.push(number),
                Word::Strike(number) => self.strike = Some(number),
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
                Word::Nearest => self.turn = Some(Turn::This),
                Word::Money(from, till) => self.money = Some((from, till)),
                Word::At => self.words.push("AT".to_owned()),
                Word::Weekly => self.cycle = Some(Cycle::Weekly),
                Word::Monthly => self.cycle = Some(Cycle::Monthly),
                Word::Month(_) | Word::Date(..) | Word::Expiry => {}
            }
        }
        if let Some((segment, text)) = exchange {
            match self.words.is_empty() && (self.is_bare() || index.has_name(&text)) {
                // BSE and MCX are shares as well.
                true => self.words.push(text),
                false => self.exchange = Some(segment),
            }
        }
        if self.strike.is_none() {
            let largest =
                (0..self.numbers.len()).max_by_key(|at| self.numbers.get(*at).map(|n| n.value));
            self.strike = largest.map(|at| self.numbers.remove(at));
        }
    }

    /// Whether an expiry is asked for.
    pub(super) fn is_dated(&self) -> bool {
        self.expiry != Expiry::default() || self.cycle.is_some() || self.turn.is_some()
    }

    /// Whether nothing is asked but names.
    fn is_bare(&self) -> bool {
        let no_number = self.strike.is_none() && self.numbers.is_empty();
        no_number && self.class.is_none() && self.money.is_none() && !self.is_dated()
    }
}

/// Keeps the last number from the date, where an option is asked for.
fn keep_strike(words: &mut [Word]) {
    let is_option =
        |word: &Word| matches!(word, Word::Class(Class::Call | Class::Put | Class::Option));
    if !words.iter().any(is_option) {
        return;
    }
    let is_number = |word: &&mut Word| matches!(word, Word::Number(_));
    if let Some(word) = words.iter_mut().rev().find(is_number)
        && let Word::Number(number) = word
    {
        *word = Word::Strike(number.clone());
    }
}
