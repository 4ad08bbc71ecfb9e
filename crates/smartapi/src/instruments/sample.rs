//! An invented list of instruments in the form of the broker's: for the sandbox, tests and benchmarks.
//!
//! Source: SmartAPI documentation (July 2026), instruments page, and symbols of fill logs; index
//!         tokens as published since March 2024. Prices, lots and other tokens are invented.

use std::borrow::Cow;

use super::day::Day;
use super::index::rupees;
use super::row::Row;
use crate::packet::{ExchangeType, WirePrice};

/// What to invent.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    pub seed: u64,
    /// Contracts expire from this day on.
    pub today: Day,
    /// How many rows; the broker's own list has about 220,000. From 1,000 on every
    /// segment has some.
    pub rows: usize,
}

/// The rows of a recipe.
#[must_use]
pub fn rows(recipe: &Recipe) -> Vec<Row<'static>> {
    let mut rows = Vec::with_capacity(recipe.rows);
    each(recipe, &mut |row| rows.push(row));
    rows
}

/// The rows of a recipe as the file that the broker serves.
#[must_use]
pub fn json(recipe: &Recipe) -> Vec<u8> {
    let mut file = vec![b'['];
    each(recipe, &mut |row| {
        if file.len() > 1 {
            file.push(b',');
        }
        // Writing text into memory cannot fail.
        let _ = serde_json::to_writer(&mut file, &row);
    });
    file.push(b']');
    file
}

fn each(recipe: &Recipe, take: &mut dyn FnMut(Row<'static>)) {
    let mut list = List {
        today: recipe.today,
        width: (recipe.rows as i64 / 400).clamp(4, 150),
        left: recipe.rows,
        // Odd, so that the generator never stands still.
        state: recipe.seed.wrapping_mul(2) | 1,
        tokens: [1000; 7],
        take,
    };
    list.indices();
    list.known_shares();
    list.index_contracts();
    list.commodities_and_currency();
    let mut number = 0;
    while list.left > 0 {
        list.invented_company(number);
        number += 1;
    }
}

/// Symbol, underlying and token of the indices.
const NSE_INDICES: [(&str, &str, &str); 6] = [
    ("Nifty 50", "NIFTY", "99926000"),
    ("Nifty Bank", "BANKNIFTY", "99926009"),
    ("Nifty Fin Service", "FINNIFTY", "99926037"),
    ("NIFTY MID SELECT", "MIDCPNIFTY", "99926074"),
    ("Nifty Next 50", "NIFTYNXT50", "99926013"),
    ("India VIX", "INDIA VIX", "99926017"),
];

/// Name, price in rupees and lot of shares that have contracts.
const SHARES: [(&str, i64, u32); 12] = [
    ("SBIN", 800, 750),
    ("RELIANCE", 1500, 500),
    ("HDFCBANK", 1000, 550),
    ("INFY", 1540, 400),
    ("TCS", 3100, 175),
    ("M&M", 3700, 200),
    ("BAJAJ-AUTO", 9000, 75),
    ("BSE", 2800, 375),
    ("MCX", 9900, 125),
    ("IDEA", 10, 71_475),
    ("ITC", 400, 1600),
    ("TATAMOTORS", 360, 800),
];

/// An underlying and the grid of its strikes.
struct Underlying {
    exchange: ExchangeType,
    name: &'static str,
    /// Rupees.
    spot: i64,
    step: i64,
    lot: u32,
    /// Days after Monday on which weeks end; none where only months do.
    weekly: Option<u16>,
}

const fn underlying(
    exchange: ExchangeType,
    name: &'static str,
    [spot, step]: [i64; 2],
    lot: u32,
    weekly: Option<u16>,
) -> Underlying {
    Underlying { exchange, name, spot, step, lot, weekly }
}

const INDEX_UNDERLYINGS: [Underlying; 6] = [
    underlying(ExchangeType::NSE_FO, "NIFTY", [26_000, 50], 75, Some(1)),
    underlying(ExchangeType::NSE_FO, "BANKNIFTY", [59_000, 100], 35, None),
    underlying(ExchangeType::BSE_FO, "SENSEX", [85_000, 100], 20, Some(3)),
    underlying(ExchangeType::BSE_FO, "BANKEX", [66_000, 100], 30, None),
    underlying(ExchangeType::NSE_FO, "FINNIFTY", [27_500, 50], 65, None),
    underlying(ExchangeType::NSE_FO, "MIDCPNIFTY", [13_900, 25], 140, None),
];

/// Counts rows down and hands them on.
struct List<'t> {
    today: Day,
    /// Strikes on each side of an index.
    width: i64,
    left: usize,
    state: u64,
    /// The last token of each segment; all begin alike, so that tokens repeat across exchanges.
    tokens: [u32; 7],
    take: &'t mut dyn FnMut(Row<'static>),
}

/// A row of which the segment gives the rest.
struct Draft<'d> {
    exchange: ExchangeType,
    symbol: String,
    name: &'d str,
    kind: &'static str,
    expiry: Option<Day>,
    /// Rupees times 100, in every segment.
    strike: Option<i64>,
    lot: u32,
    /// Paise times 100, so that currency's quarter paise are whole.
    tick: i64,
}

/// The options of one expiry.
struct Chain<'c> {
    exchange: ExchangeType,
    /// What the symbols begin with.
    symbol: String,
    name: &'c str,
    kind: &'static str,
    expiry: Day,
    lot: u32,
}

impl List<'_> {
    fn indices(&mut self) {
        for (symbol, name, token) in NSE_INDICES {
            self.index(ExchangeType::NSE_CM, symbol, name, token);
        }
        self.index(ExchangeType::BSE_CM, "SENSEX", "SENSEX", "99919000");
    }

    fn index(
        &mut self,
        exchange: ExchangeType,
        symbol: &'static str,
        name: &'static str,
        token: &'static str,
    ) {
        let text = Cow::Borrowed;
        self.hand_on(Row {
            token: text(token),
            symbol: text(symbol),
            name: text(name),
            expiry: text(""),
            strike: text("0.000000"),
            lotsize: text("1"),
            instrumenttype: text("AMXIDX"),
            exch_seg: text(exchange.segment_name().unwrap_or_default()),
            tick_size: text("0.000000"),
        });
    }

    fn known_shares(&mut self) {
        for (name, ..) in SHARES {
            self.share(name);
        }
        self.cash(ExchangeType::NSE_CM, "SBIN-N5".into(), "SBIN");
        for (name, spot, lot) in SHARES {
            self.stock_contracts(name, spot, lot, 1, 2);
        }
    }

    /// A share on both exchanges.
    fn share(&mut self, name: &str) {
        self.cash(ExchangeType::NSE_CM, format!("{name}-EQ"), name);
        self.cash(ExchangeType::BSE_CM, name.to_owned(), name);
    }

    fn cash(&mut self, exchange: ExchangeType, symbol: String, name: &str) {
        let (kind, expiry, strike) = ("", None, None);
        self.add(Draft { exchange, symbol, name, kind, expiry, strike, lot: 1, tick: 500 });
    }

    fn index_contracts(&mut self) {
        for of in &INDEX_UNDERLYINGS {
            let months = self.month_ends(of.weekly.unwrap_or(1), 3);
            for expiry in &months {
                self.future(of.exchange, of.name, "FUTIDX", *expiry, of.lot);
            }
            let mut expiries = of.weekly.map(|weekday| self.weeks(weekday, 5)).unwrap_or_default();
            expiries.extend(&months);
            expiries.sort_unstable();
            expiries.dedup();
            for expiry in expiries {
                let symbol = format!("{}{}", of.name, compact(of.exchange, expiry, &months));
                let (exchange, name, kind, lot) = (of.exchange, of.name, "OPTIDX", of.lot);
                let strikes = (-self.width..=self.width).map(|n| (of.spot + n * of.step) * 100);
                self.options(&Chain { exchange, symbol, name, kind, expiry, lot }, strikes);
            }
        }
    }

    fn commodities_and_currency(&mut self) {
        let mcx = ExchangeType::MCX_FO;
        for (name, spot, step, lot) in [("CRUDEOIL", 5300, 50, 100), ("GOLD", 125_000, 500, 1)] {
            for expiry in self.month_days(5, 3) {
                self.future(mcx, name, "FUTCOM", expiry, lot);
            }
            for expiry in self.month_days(17, 2) {
                let (symbol, kind) = (format!("{name}{}", dated(expiry)), "OPTFUT");
                let chain = Chain { exchange: mcx, symbol, name, kind, expiry, lot };
                self.options(&chain, (-4..=4).map(|n| (spot + n * step) * 100));
            }
        }
        for expiry in self.month_days(20, 2) {
            self.future(ExchangeType::NCX_FO, "GUARSEED10", "FUTCOM", expiry, 5);
        }
        for expiry in self.month_days(27, 3) {
            let (exchange, name, kind) = (ExchangeType::CDE_FO, "USDINR", "OPTCUR");
            self.future(exchange, name, "FUTCUR", expiry, 1);
            let symbol = format!("{name}{}", dated(expiry));
            let chain = Chain { exchange, symbol, name, kind, expiry, lot: 1 };
            self.options(&chain, (-4..=4).map(|n| 8_850 + n * 25));
        }
    }

    /// A company with contracts, and shares of nine without.
    fn invented_company(&mut self, number: usize) {
        let name = |number: usize| {
            let letter =
                |at: usize| char::from(b'A' + (number / 26_usize.pow(at as u32) % 26) as u8);
            format!("Z{}{}{}{}CO", letter(3), letter(2), letter(1), letter(0))
        };
        for member in 0..10 {
            self.share(&name(number * 10 + member));
        }
        let spot = 100 + (self.random() % 4000) as i64;
        let lot = 25 * (1 + self.random() % 40) as u32;
        self.stock_contracts(&name(number * 10), spot, lot, 3, 20);
    }

    fn stock_contracts(&mut self, name: &str, spot: i64, lot: u32, months: usize, width: i64) {
        let nfo = ExchangeType::NSE_FO;
        // In hundredths of a rupee, as 2.50 and 0.50 are steps too.
        let step = (spot * 2 / 50 * 50).max(50);
        let middle = (spot * 100).div_euclid(step) * step;
        for expiry in self.month_ends(1, months) {
            self.future(nfo, name, "FUTSTK", expiry, lot);
            let (exchange, symbol) = (nfo, format!("{name}{}", dated(expiry)));
            let chain = Chain { exchange, symbol, name, kind: "OPTSTK", expiry, lot };
            self.options(&chain, (-width..=width).map(|n| middle + n * step));
        }
    }

    fn future(
        &mut self,
        exchange: ExchangeType,
        name: &str,
        kind: &'static str,
        expiry: Day,
        lot: u32,
    ) {
        let symbol = match exchange {
            ExchangeType::BSE_FO => format!("{name}{}FUT", month_of(expiry)),
            _ => format!("{name}{}FUT", dated(expiry)),
        };
        let tick = tick_of(exchange, 1000);
        let expiry = Some(expiry);
        self.add(Draft { exchange, symbol, name, kind, expiry, strike: None, lot, tick });
    }

    /// Calls and puts at these strikes, in hundredths of a rupee.
    fn options(&mut self, chain: &Chain<'_>, strikes: impl Iterator<Item = i64>) {
        for strike in strikes.filter(|strike| *strike > 0) {
            for side in ["CE", "PE"] {
                let text = rupees(WirePrice(strike), ExchangeType::NSE_FO);
                self.add(Draft {
                    exchange: chain.exchange,
                    symbol: format!("{}{text}{side}", chain.symbol),
                    name: chain.name,
                    kind: chain.kind,
                    expiry: Some(chain.expiry),
                    strike: Some(strike),
                    lot: chain.lot,
                    tick: tick_of(chain.exchange, 500),
                });
            }
        }
    }

    fn add(&mut self, draft: Draft<'_>) {
        let scale = draft.exchange.price_divisor() / 100;
        let strike = draft.strike.map_or(-1, |strike| strike * scale);
        let tick = draft.tick * scale / 100;
        let token = self.next_token(draft.exchange).to_string();
        self.hand_on(Row {
            token: token.into(),
            symbol: draft.symbol.into(),
            name: draft.name.to_owned().into(),
            expiry: draft.expiry.map(Day::to_wire).unwrap_or_default().into(),
            strike: format!("{strike}.000000").into(),
            lotsize: draft.lot.to_string().into(),
            instrumenttype: draft.kind.into(),
            exch_seg: draft.exchange.segment_name().unwrap_or_default().into(),
            tick_size: format!("{tick}.000000").into(),
        });
    }

    fn hand_on(&mut self, row: Row<'static>) {
        if self.left > 0 {
            self.left -= 1;
            (self.take)(row);
        }
    }

    fn next_token(&mut self, exchange: ExchangeType) -> u32 {
        let step = 1 + (self.random() % 3) as u32;
        let segment = ExchangeType::NAMED.iter().position(|(known, _)| *known == exchange);
        let last = segment.and_then(|at| self.tokens.get_mut(at));
        last.map_or(0, |last| {
            *last += step;
            *last
        })
    }

    /// The next number of a xorshift generator.
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state >> 11
    }

    /// The next weekdays, today among them.
    fn weeks(&self, weekday: u16, count: u16) -> Vec<Day> {
        let first = self.today.0 + (weekday + 7 - self.today.since_monday()) % 7;
        (0..count).map(|week| Day(first + 7 * week)).collect()
    }

    /// The last such weekday of the next months, from today on.
    fn month_ends(&self, weekday: u16, count: usize) -> Vec<Day> {
        let last = |day: Day| {
            let (_, month, _) = day.ymd();
            let (_, month_after, _) = Day(day.0 + 7).ymd();
            month != month_after
        };
        self.weeks(weekday, 60).into_iter().filter(|day| last(*day)).take(count).collect()
    }

    /// The same day of the next months, from today on.
    fn month_days(&self, day: u8, count: usize) -> Vec<Day> {
        let days = (self.today.0..self.today.0 + 200).map(Day);
        days.filter(|found| found.ymd().2 == day).take(count).collect()
    }
}

/// `28NOV25`, as in symbols of NSE and MCX.
fn dated(expiry: Day) -> String {
    let (year, _, day) = expiry.ymd();
    format!("{day:02}{}{:02}", expiry.month_code(), year % 100)
}

/// `25NOV`, as in monthly symbols of BSE.
fn month_of(expiry: Day) -> String {
    format!("{:02}{}", expiry.ymd().0 % 100, expiry.month_code())
}

/// How a symbol writes its expiry: BSE puts year, month and day as `25911`, with O, N and D from
/// October on, and months as `25NOV`.
fn compact(exchange: ExchangeType, expiry: Day, months: &[Day]) -> String {
    if exchange != ExchangeType::BSE_FO {
        return dated(expiry);
    }
    if months.contains(&expiry) {
        return month_of(expiry);
    }
    let (year, month, day) = expiry.ymd();
    let month = match month {
        1..=9 => char::from(b'0' + month),
        _ => expiry.month_code().chars().next().unwrap_or_default(),
    };
    format!("{:02}{month}{day:02}", year % 100)
}

/// A quarter of a paisa in currency, else what is given; in hundredths of a paisa.
fn tick_of(exchange: ExchangeType, usual: i64) -> i64 {
    if exchange == ExchangeType::CDE_FO { 25 } else { usual }
}
