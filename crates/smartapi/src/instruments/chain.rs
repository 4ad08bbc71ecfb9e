//! Contracts of an underlying: expiries, and the strikes around a price. The file knows, no calendar.

use zerocopy::little_endian::U32;

use super::check::Kind;
use super::day::Day;
use super::index::{ContractKey, Index, Instrument, Record, contract_key};
use crate::packet::{ExchangeType, WirePrice};

/// Which contracts of an underlying; commodities' futures and options expire on other days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contracts {
    Futures,
    Options,
}

/// One strike of a chain, with the side or sides that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike<'index> {
    pub price: WirePrice,
    pub call: Option<Instrument<'index>>,
    pub put: Option<Instrument<'index>>,
}

impl Index {
    /// The days on which contracts of an underlying such as `NIFTY` expire, nearest first.
    #[must_use]
    pub fn expiries(&self, exchange: ExchangeType, name: &str, contracts: Contracts) -> Vec<Day> {
        let days = self.expiries_from(exchange, name, contracts, Day(0));
        days.collect()
    }

    /// The first day from `today` on, which counts itself, on which contracts expire.
    #[must_use]
    pub fn nearest_expiry(
        &self,
        exchange: ExchangeType,
        name: &str,
        contracts: Contracts,
        today: Day,
    ) -> Option<Day> {
        self.expiries_from(exchange, name, contracts, today).next()
    }

    /// The strike nearest to `spot`, the lower of two equally near, with `n` strikes on each side,
    /// lowest first; fewer at the ends of the chain.
    ///
    /// Units: `spot` in the scale of `exchange`.
    #[must_use]
    pub fn at_the_money(
        &self,
        exchange: ExchangeType,
        name: &str,
        expiry: Day,
        spot: WirePrice,
        n: usize,
    ) -> Vec<Strike<'_>> {
        let mut strikes = self.strikes(exchange, name, expiry);
        let distance = |strike: &Strike<'_>| strike.price.0.abs_diff(spot.0);
        let nearest = (0..strikes.len()).min_by_key(|at| strikes.get(*at).map(distance));
        let Some(at) = nearest else { return strikes };
        strikes.truncate(at.saturating_add(n).saturating_add(1));
        strikes.split_off(at.saturating_sub(n))
    }

    /// All strikes of one expiry, lowest first.
    fn strikes(&self, exchange: ExchangeType, name: &str, expiry: Day) -> Vec<Strike<'_>> {
        let Some(number) = self.name_number(name) else { return Vec::new() };
        let first = (exchange.0, number, true, expiry.0, 0, 0);
        let same = |record: &&Record| {
            let (exchange, name, option, expiry, ..) = contract_key(record);
            (exchange, name, option, expiry) == (first.0, first.1, first.2, first.3)
        };
        let mut strikes: Vec<Strike<'_>> = Vec::new();
        for record in self.contracts_from(first).take_while(same) {
            let instrument = self.instrument(record);
            let price = WirePrice(record.strike.get());
            if strikes.last().is_none_or(|strike| strike.price != price) {
                strikes.push(Strike { price, call: None, put: None });
            }
            if let Some(strike) = strikes.last_mut() {
                match instrument.kind {
                    Kind::Call => strike.call = Some(instrument),
                    _ => strike.put = Some(instrument),
                }
            }
        }
        strikes
    }

    fn expiries_from(
        &self,
        exchange: ExchangeType,
        name: &str,
        contracts: Contracts,
        from: Day,
    ) -> impl Iterator<Item = Day> {
        let number = self.name_number(name);
        let options = contracts == Contracts::Options;
        let mut from = Some(from.0);
        std::iter::from_fn(move || {
            let day = self.expiry_from(exchange.0, number?, options, from?)?;
            from = day.checked_add(1);
            Some(Day(day))
        })
    }

    /// The first expiry at or after `from`.
    pub(super) fn expiry_from(
        &self,
        exchange: u8,
        name: u32,
        options: bool,
        from: u16,
    ) -> Option<u16> {
        let next = self.contracts_from((exchange, name, options, from, 0, 0)).next()?;
        let (found, number, option, expiry, ..) = contract_key(next);
        ((found, number, option) == (exchange, name, options)).then_some(expiry)
    }

    fn contracts_from(&self, first: ContractKey) -> impl Iterator<Item = &Record> {
        let before = |number: &U32| self.record(*number).map(contract_key) < Some(first);
        let at = self.contracts.partition_point(before);
        let rest = self.contracts.get(at..).unwrap_or_default();
        rest.iter().filter_map(|number| self.record(*number))
    }

    /// Whether an underlying is called so.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.name_number(name).is_some()
    }

    /// The number of an underlying; upper case is what the file has, so lower case means the same.
    fn name_number(&self, name: &str) -> Option<u32> {
        let at = |name: &str| self.names.binary_search_by(|span| self.span(*span).cmp(name)).ok();
        at(name).or_else(|| at(&name.to_ascii_uppercase())).map(|at| at as u32)
    }
}
