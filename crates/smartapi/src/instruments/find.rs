//! Instruments by words as a person types them, the likeliest first.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Kind;
use super::day::Day;
use super::index::{Index, Instrument, Record, expiry, kind};
use super::query::{Class, Cycle, Query, Reading, Turn};
use super::word::Number;
use crate::packet::ExchangeType;

/// A strike that is not listed is answered with those within this part of it.
const NEAR: u64 = 20;

/// How well the text fits, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Start,
    Part,
}

/// The order of the answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    fit: Fit,
    /// Indices and shares before futures before options.
    class: u8,
    /// Other series than EQ later.
    series: bool,
    expiry: u16,
    /// From the wanted strike, in 10^-7 rupees.
    distance: u64,
    exchange: u8,
    strike: i64,
    kind: u8,
}

/// How good an answer a reading of the words gives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Nothing,
    /// No strike is met, but some are near.
    Near,
    Exact,
}

impl Answer {
    fn of(hits: &[Hit<'_>]) -> Self {
        match hits.iter().map(|hit| hit.rank.distance).min() {
            None => Self::Nothing,
            Some(0) => Self::Exact,
            Some(_) => Self::Near,
        }
    }
}

struct Hit<'index> {
    record: &'index Record,
    rank: Rank,
}

impl Index {
    /// The instruments that fit what was typed: names and symbols whole, by their beginning or in
    /// part; CE, PE, FUT and their like; a strike; a date or part of one; `weekly`, `next month`,
    /// `nearest`; `atm+1 … at 26012` for a strike by its place from the one at the money.
    ///
    /// Words stand in any order and case. Expired contracts are left out. Of strikes that are not
    /// listed the closest are given. A whole name comes before a beginning, indices and shares before
    /// futures before options, the nearest expiry first, then the closest strike.
    #[must_use]
    pub fn find(
        &self,
        text: &str,
        exchange: Option<ExchangeType>,
        today: Day,
    ) -> Vec<Instrument<'_>> {
        self.search(text, exchange, today, |expiry| expiry >= today)
    }

    /// As [`Index::find`], of contracts that have expired.
    #[must_use]
    pub fn find_expired(
        &self,
        text: &str,
        exchange: Option<ExchangeType>,
        today: Day,
    ) -> Vec<Instrument<'_>> {
        let mut found = self.search(text, exchange, today, |expiry| expiry < today);
        found.retain(|instrument| instrument.expiry.is_some());
        found
    }

    /// Whether strikes around the money are asked for, and no price of the underlying is given.
    #[must_use]
    pub fn lacks_price(&self, text: &str, today: Day) -> bool {
        let [reading, ..] = Reading::ALL;
        let query = Query::parse(text, today, self, reading);
        query.money.is_some() && query.spot.is_none()
    }

    /// Names of underlyings that are spelt nearly like what was typed, the nearest first.
    #[must_use]
    pub fn close_names(&self, text: &str, today: Day, most: usize) -> Vec<&str> {
        let [reading, ..] = Reading::ALL;
        let typed = Query::parse(text, today, self, reading).words.concat();
        if typed.is_empty() {
            return Vec::new();
        }
        let allowed = (typed.len() / 3).clamp(1, 3);
        let distance = |name: &str| {
            let far = name.len().abs_diff(typed.len()) > allowed;
            (!far).then(|| strsim::osa_distance(name, &typed)).filter(|steps| *steps <= allowed)
        };
        let names = self.names.iter().map(|span| self.span(*span));
        let mut close: Vec<(usize, &str)> =
            names.filter_map(|name| Some((distance(name)?, name))).collect();
        close.sort_unstable();
        close.into_iter().take(most).map(|(_, name)| name).collect()
    }

    fn search(
        &self,
        text: &str,
        exchange: Option<ExchangeType>,
        today: Day,
        wanted: impl Fn(Day) -> bool,
    ) -> Vec<Instrument<'_>> {
        let (mut tried, mut best) = (Vec::new(), (Answer::Nothing, Vec::new()));
        for reading in Reading::ALL {
            let query = Query::parse(text, today, self, reading);
            if query == Query::default() || tried.contains(&query) {
                continue;
            }
            let hits = self.hits(&query, exchange.or(query.exchange), &wanted);
            let answer = Answer::of(&hits);
            if answer > best.0 {
                best = (answer, hits);
            }
            if answer == Answer::Exact {
                break;
            }
            tried.push(query);
        }
        best.1.into_iter().map(|hit| self.instrument(hit.record)).collect()
    }

    /// What fits one reading of the words, in the order of the answer.
    fn hits(
        &self,
        query: &Query,
        exchange: Option<ExchangeType>,
        wanted: &impl Fn(Day) -> bool,
    ) -> Vec<Hit<'_>> {
        let open = self.records.iter().filter(|record| {
            exchange.is_none_or(|exchange| record.exchange == exchange.0)
                && expiry(record).is_none_or(wanted)
        });
        let mut hits: Vec<Hit<'_>> = open
            .filter_map(|record| Some(Hit { record, rank: self.rank(query, record)? }))
            .collect();
        keep_exact_strikes(&mut hits);
        if query.money.is_some() {
            keep_likeliest_options(&mut hits);
        }
        let nearest = query.money.filter(|_| !query.is_dated()).map(|_| Turn::This);
        if let Some(turn) = query.turn.or(nearest) {
            keep_turn(&mut hits, turn);
        }
        if let Some(steps) = query.money {
            keep_money(&mut hits, steps, query.spot.as_ref());
        }
        hits.sort_by(|one, other| {
            let symbols = || self.symbol_order(one.record, other.record);
            one.rank.cmp(&other.rank).then_with(symbols)
        });
        hits
    }

    /// Where the record stands in the answer, if it belongs there.
    fn rank(&self, query: &Query, record: &Record) -> Option<Rank> {
        let is_token = query.words.is_empty()
            && query.strike.as_ref().is_some_and(|number| number.text == self.token(record));
        let (fit, distance) = if is_token {
            (Fit::Whole, 0)
        } else {
            self.is_of_class(query, record).then_some(())?;
            self.expires_then(query, record).then_some(())?;
            let fit = self.fit(query, record)?;
            (fit, self.distance(query, record)?)
        };
        let kind = kind(record);
        Some(Rank {
            fit,
            class: match kind {
                _ if is_token => 0,
                Kind::Index => 1,
                Kind::Share => 2,
                Kind::Future => 3,
                Kind::Call | Kind::Put => 4,
                Kind::Other => 5,
            },
            series: kind == Kind::Share
                && series(self.symbol(record)).is_some_and(|(_, of)| of != "EQ"),
            expiry: record.expiry.get(),
            distance,
            exchange: record.exchange,
            strike: record.strike.get(),
            kind: record.kind,
        })
    }

    fn is_of_class(&self, query: &Query, record: &Record) -> bool {
        let kind = kind(record);
        match query.class {
            None => true,
            Some(Class::Share) => kind == Kind::Share,
            Some(Class::Index) => kind == Kind::Index,
            Some(Class::Future) => kind == Kind::Future,
            Some(Class::Option) => kind.is_option(),
            Some(Class::Call) => kind == Kind::Call,
            Some(Class::Put) => kind == Kind::Put,
        }
    }

    fn expires_then(&self, query: &Query, record: &Record) -> bool {
        let asked = query.expiry;
        let Some(expiry) = expiry(record) else { return !query.is_dated() };
        let (year, month, day) = expiry.ymd();
        let either = |either: u16| either == year || either % 100 == u16::from(day);
        asked.day.is_none_or(|asked| asked == day)
            && asked.month.is_none_or(|asked| asked == month)
            && asked.year.is_none_or(|asked| asked == year)
            && asked.either.is_none_or(either)
            && query.cycle.is_none_or(|cycle| self.cycle(record) == cycle)
    }

    /// Monthly is what expires last in its month, as the list has it.
    fn cycle(&self, record: &Record) -> Cycle {
        let options = kind(record).is_option();
        let after = record.expiry.get().saturating_add(1);
        let next = self.expiry_from(record.exchange, record.name.get(), options, after);
        let month = |day: u16| {
            let (year, month, _) = Day(day).ymd();
            (year, month)
        };
        match next {
            Some(next) if month(next) == month(record.expiry.get()) => Cycle::Weekly,
            _ => Cycle::Monthly,
        }
    }

    /// How the words fit the name or the symbol.
    fn fit(&self, query: &Query, record: &Record) -> Option<Fit> {
        let (name, symbol) = (self.name(record), self.symbol(record));
        let words = || query.words.iter().map(String::as_str);
        let plain = series(symbol).map_or(symbol, |(plain, _)| plain);
        if same(symbol, [query.typed.as_str()].into_iter())
            || [name, plain, symbol].iter().any(|text| same(text, words()))
        {
            return Some(Fit::Whole);
        }
        if [name, symbol].iter().any(|text| begins(text, words())) {
            return Some(Fit::Start);
        }
        let holds = |word: &str| contains(name, word) || contains(symbol, word);
        words().all(holds).then_some(Fit::Part)
    }

    /// How far the strike is from the wanted one; other numbers must stand in the date or the symbol.
    fn distance(&self, query: &Query, record: &Record) -> Option<u64> {
        let (year, _, day) = expiry(record).map(Day::ymd).unwrap_or_default();
        let dated = |number: &Number| {
            number.text.parse::<u16>().is_ok_and(|number| {
                year != 0 && [u16::from(day), year, year % 100].contains(&number)
            })
        };
        let stands = |number: &Number| dated(number) || contains(self.symbol(record), &number.text);
        if !query.numbers.iter().all(stands) {
            return None;
        }
        let Some(wanted) = &query.strike else { return Some(0) };
        if !kind(record).is_option() {
            return stands(wanted).then_some(0);
        }
        let distance = strike(record).abs_diff(wanted.value);
        (distance <= wanted.value.unsigned_abs() / NEAR).then_some(distance)
    }
}

/// In 10^-7 rupees.
fn strike(record: &Record) -> i64 {
    let scale = 10_000_000 / ExchangeType(record.exchange).price_divisor();
    record.strike.get().saturating_mul(scale)
}

/// Drops all but options on the underlying that fits best: a price is that of one.
fn keep_likeliest_options(hits: &mut Vec<Hit<'_>>) {
    hits.retain(|hit| kind(hit.record).is_option());
    let best = hits.iter().map(|hit| hit.rank.fit).min();
    hits.retain(|hit| Some(hit.rank.fit) == best);
}

/// Of each chain only the strikes so many steps from the one that is nearest to the price, the lower
/// of two equally near.
fn keep_money(hits: &mut Vec<Hit<'_>>, (from, till): (i16, i16), spot: Option<&Number>) {
    let Some(spot) = spot else { return hits.clear() };
    let of = |hit: &Hit<'_>| (hit.record.exchange, hit.record.name.get(), hit.rank.expiry);
    let mut chains: BTreeMap<_, BTreeSet<i64>> = BTreeMap::new();
    for hit in hits.iter() {
        chains.entry(of(hit)).or_default().insert(strike(hit.record));
    }
    let step = |strikes: &BTreeSet<i64>, wanted: i64| {
        let nearest = strikes.iter().min_by_key(|strike| strike.abs_diff(spot.value))?;
        let rank = |strike: i64| strikes.range(..strike).count() as i64;
        Some(rank(wanted) - rank(*nearest))
    };
    hits.retain(|hit| {
        let step = chains.get(&of(hit)).and_then(|strikes| step(strikes, strike(hit.record)));
        step.is_some_and(|step| (i64::from(from)..=i64::from(till)).contains(&step))
    });
}

/// Drops strikes that are near where one that fits as well is met exactly.
fn keep_exact_strikes(hits: &mut Vec<Hit<'_>>) {
    let met = |hit: &&Hit<'_>| hit.rank.distance == 0 && kind(hit.record).is_option();
    if let Some(best) = hits.iter().filter(met).map(|hit| hit.rank.fit).min() {
        hits.retain(|hit| hit.rank.distance == 0 || hit.rank.fit < best);
    }
}

/// Of each underlying only the nearest expiry that was hit, or only the one after it.
fn keep_turn(hits: &mut Vec<Hit<'_>>, turn: Turn) {
    let of =
        |hit: &Hit<'_>| (hit.record.exchange, hit.record.name.get(), kind(hit.record).is_option());
    let mut expiries: BTreeMap<_, BTreeSet<u16>> = BTreeMap::new();
    for hit in hits.iter() {
        expiries.entry(of(hit)).or_default().insert(hit.rank.expiry);
    }
    let at = match turn {
        Turn::This => 0,
        Turn::Next => 1,
    };
    hits.retain(|hit| {
        let wanted = expiries.get(&of(hit)).and_then(|days| days.iter().nth(at));
        wanted == Some(&hit.rank.expiry)
    });
}

/// `SBIN` and `EQ` of `SBIN-EQ`; the part after the dash of `BAJAJ-AUTO` is none.
fn series(symbol: &str) -> Option<(&str, &str)> {
    symbol.rsplit_once('-').filter(|(_, series)| series.len() <= 2)
}

/// The letters and digits of a text in upper case, without what people leave out.
fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| *byte != b' ').map(|byte| byte.to_ascii_uppercase())
}

/// Whether the words, written together, are the text without its spaces.
fn same<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> bool {
    letters(text).eq(words.flat_map(letters))
}

/// Whether the text begins with the words, written together.
fn begins<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> bool {
    let mut text = letters(text);
    words.flat_map(letters).all(|letter| text.next() == Some(letter))
}

fn contains(text: &str, word: &str) -> bool {
    let mut windows = text.as_bytes().windows(word.len().max(1));
    word.is_empty() || windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
