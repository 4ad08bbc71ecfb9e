//! The compact index: one text, fixed-size records, and sorted tables instead of maps.

use std::cmp::Ordering;

use zerocopy::little_endian::{I64, U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::check::Kind;
use super::day::Day;
use crate::packet::{ExchangeType, WirePrice};

/// Every instrument of one list, in about 64 bytes each.
///
/// Records are sorted by segment and token. They and the tables have the same form in memory as in
/// [`Index::to_bytes`], so that reading a kept index back is copying and checking.
#[derive(Clone, PartialEq, Eq)]
pub struct Index {
    /// Symbols, each followed by its token; then the names and the type names.
    pub(super) text: String,
    /// The underlyings, sorted.
    pub(super) names: Vec<Span>,
    /// The type names, `OPTIDX` and the like.
    pub(super) types: Vec<Span>,
    pub(super) records: Vec<Record>,
    /// Record numbers by segment and symbol, whatever its case.
    pub(super) by_symbol: Vec<U32>,
    /// Record numbers of futures and options by underlying, expiry and strike.
    pub(super) contracts: Vec<U32>,
}

/// A piece of the text.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Span {
    pub(super) at: U32,
    pub(super) len: u8,
}

/// One instrument.
#[derive(Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Record {
    /// Where the symbol begins; the token follows it.
    pub(super) text: U32,
    pub(super) symbol_len: u8,
    pub(super) token_len: u8,
    pub(super) exchange: u8,
    pub(super) kind: u8,
    pub(super) name: U32,
    pub(super) lot: U32,
    pub(super) tick: U32,
    /// 0 is none.
    pub(super) expiry: U16,
    pub(super) type_name: u8,
    pub(super) strike: I64,
}

/// One instrument of the list.
///
/// Units: strike and tick size in the segment's own scale, see [`ExchangeType::price_divisor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument<'index> {
    pub exchange: ExchangeType,
    /// Unique within its exchange only.
    pub token: &'index str,
    pub symbol: &'index str,
    /// The underlying.
    pub name: &'index str,
    pub kind: Kind,
    /// The broker's own word for the kind, such as `OPTIDX`; empty for shares.
    pub type_name: &'index str,
    pub expiry: Option<Day>,
    pub strike: Option<WirePrice>,
    /// Units per lot.
    pub lot_size: u32,
    /// `None` for an index.
    pub tick_size: Option<WirePrice>,
}

impl Instrument<'_> {
    /// The segment's name, such as `NFO`.
    #[must_use]
    pub fn segment(&self) -> &'static str {
        self.exchange.segment_name().unwrap_or_default()
    }

    /// The strike in rupees, as short as it can be written.
    #[must_use]
    pub fn strike_rupees(&self) -> Option<String> {
        self.strike.map(|strike| rupees(strike, self.exchange))
    }

    /// The tick size in rupees, as short as it can be written.
    #[must_use]
    pub fn tick_rupees(&self) -> Option<String> {
        self.tick_size.map(|tick| rupees(tick, self.exchange))
    }
}

/// A price that is not negative in rupees, without zeros at its end.
pub(super) fn rupees(price: WirePrice, exchange: ExchangeType) -> String {
    let divisor = exchange.price_divisor();
    let (whole, rest) = (price.0 / divisor, price.0 % divisor);
    let decimals = divisor.ilog10() as usize;
    let text = format!("{whole}.{rest:0decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Index {
    /// How many instruments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none, which [`parse`](super::parse) refuses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Each segment's name and number of instruments, without those that have none.
    pub fn segments(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let count = |(exchange, name)| (name, self.count(exchange));
        ExchangeType::NAMED.into_iter().map(count).filter(|(_, count)| *count > 0)
    }

    /// How many instruments a segment has.
    pub(super) fn count(&self, exchange: ExchangeType) -> usize {
        let before = |least: u8| self.records.partition_point(|record| record.exchange < least);
        before(exchange.0.saturating_add(1)) - before(exchange.0)
    }

    /// Every instrument, by segment and token.
    pub fn iter(&self) -> impl Iterator<Item = Instrument<'_>> {
        self.records.iter().map(|record| self.instrument(record))
    }

    /// The instrument with this token; tokens repeat across exchanges.
    #[must_use]
    pub fn by_token(&self, exchange: ExchangeType, token: &str) -> Option<Instrument<'_>> {
        let key =
            |record: &Record| record.exchange.cmp(&exchange.0).then(self.token(record).cmp(token));
        let at = self.records.binary_search_by(key).ok()?;
        self.records.get(at).map(|record| self.instrument(record))
    }

    /// The instrument with this whole symbol, in any case; where two differ in case only, the one
    /// that is written so.
    #[must_use]
    pub fn by_symbol(&self, exchange: ExchangeType, symbol: &str) -> Option<Instrument<'_>> {
        let order = |number: &U32| {
            self.record(*number).map_or(Ordering::Less, |record| {
                let order = record.exchange.cmp(&exchange.0);
                order.then_with(|| caseless(self.symbol(record), symbol))
            })
        };
        let first = self.by_symbol.partition_point(|number| order(number) == Ordering::Less);
        let rest = self.by_symbol.get(first..).unwrap_or_default().iter();
        let alike = rest.take_while(|number| order(number) == Ordering::Equal);
        let mut alike = alike.filter_map(|number| self.record(*number)).peekable();
        let any = alike.peek().copied();
        let found = alike.find(|record| self.symbol(record) == symbol).or(any)?;
        Some(self.instrument(found))
    }

    /// Whether any segment has a symbol that begins so, in any case.
    pub(super) fn has_symbol_like(&self, start: &str) -> bool {
        ExchangeType::NAMED.iter().any(|(exchange, _)| {
            let before = |number: &U32| {
                self.record(*number).is_some_and(|record| {
                    let order = record.exchange.cmp(&exchange.0);
                    order.then_with(|| caseless(self.symbol(record), start)) == Ordering::Less
                })
            };
            let at = self.by_symbol.partition_point(before);
            let record = self.by_symbol.get(at).and_then(|number| self.record(*number));
            record.is_some_and(|record| {
                let head = self.symbol(record).as_bytes().get(..start.len());
                record.exchange == exchange.0
                    && head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
            })
        })
    }

    pub(super) fn record(&self, number: U32) -> Option<&Record> {
        self.records.get(number.get() as usize)
    }

    pub(super) fn instrument(&self, record: &Record) -> Instrument<'_> {
        let some = |price: i64| (price != 0).then_some(WirePrice(price));
        Instrument {
            exchange: ExchangeType(record.exchange),
            token: self.token(record),
            symbol: self.symbol(record),
            name: self.name(record),
            kind: kind(record),
            type_name: self
                .types
                .get(usize::from(record.type_name))
                .map_or("", |&at| self.span(at)),
            expiry: expiry(record),
            strike: some(record.strike.get()),
            lot_size: record.lot.get(),
            tick_size: some(i64::from(record.tick.get())),
        }
    }

    pub(super) fn symbol(&self, record: &Record) -> &str {
        let at = record.text.get() as usize;
        self.text.get(at..at + usize::from(record.symbol_len)).unwrap_or_default()
    }

    pub(super) fn token(&self, record: &Record) -> &str {
        let at = record.text.get() as usize + usize::from(record.symbol_len);
        self.text.get(at..at + usize::from(record.token_len)).unwrap_or_default()
    }

    pub(super) fn name(&self, record: &Record) -> &str {
        self.names.get(record.name.get() as usize).map_or("", |&at| self.span(at))
    }

    pub(super) fn span(&self, span: Span) -> &str {
        let at = span.at.get() as usize;
        self.text.get(at..at + usize::from(span.len)).unwrap_or_default()
    }

    /// The order of [`Index::by_symbol`].
    pub(super) fn symbol_order(&self, one: &Record, other: &Record) -> Ordering {
        let order = one.exchange.cmp(&other.exchange);
        order.then_with(|| caseless(self.symbol(one), self.symbol(other)))
    }
}

/// What the contracts of an underlying are sorted by.
pub(super) type ContractKey = (u8, u32, bool, u16, i64, u8);

/// Exchange, name, option or future, expiry, strike, side.
pub(super) fn contract_key(record: &Record) -> ContractKey {
    let (name, expiry, strike) = (record.name.get(), record.expiry.get(), record.strike.get());
    (record.exchange, name, kind(record).is_option(), expiry, strike, record.kind)
}

pub(super) fn kind(record: &Record) -> Kind {
    Kind::ALL.get(usize::from(record.kind)).copied().unwrap_or(Kind::Other)
}

pub(super) fn expiry(record: &Record) -> Option<Day> {
    (record.expiry != 0).then_some(Day(record.expiry.get()))
}

/// Whether the record stands in the table of contracts.
pub(super) fn is_contract(record: &Record) -> bool {
    matches!(kind(record), Kind::Future | Kind::Call | Kind::Put)
}

/// The order of two texts that differ in the case of their ASCII letters only: equal.
pub(super) fn caseless(one: &str, other: &str) -> Ordering {
    let upper = |byte: u8| byte.to_ascii_uppercase();
    one.bytes().map(upper).cmp(other.bytes().map(upper))
}
