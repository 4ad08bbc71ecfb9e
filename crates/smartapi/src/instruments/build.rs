//! Rows into an index.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use zerocopy::little_endian::U32;

use super::check::{Checked, RowFault, check};
use super::file::Intake;
use super::index::{Index, Record, Span, contract_key, is_contract};
use super::row::{Element, Row};

/// Takes rows one by one.
#[derive(Default)]
pub(super) struct Builder {
    text: String,
    names: BTreeMap<Box<str>, u32>,
    types: Vec<Box<str>>,
    records: Vec<Record>,
    intake: Intake,
}

impl Builder {
    /// Takes a row in, or counts why not.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        let number = self.intake.rows;
        self.intake.rows += 1;
        let Element(Some(row)) = element else {
            return self.intake.skip(RowFault::NotARow, || format!("number {number}"));
        };
        let taken = check(row).and_then(|checked| self.add(row, &checked));
        if let Err(fault) = taken {
            let shown = || format!("number {number}, {} {}", row.exch_seg, row.symbol);
            self.intake.skip(fault, shown);
        }
    }

    /// How many rows came so far.
    pub(super) const fn rows(&self) -> usize {
        self.intake.rows
    }

    fn add(&mut self, row: &Row<'_>, checked: &Checked) -> Result<(), RowFault> {
        let text = u32::try_from(self.text.len()).map_err(|_| RowFault::Text)?;
        let type_name = self.type_number(&row.instrumenttype).ok_or(RowFault::Text)?;
        let name = self.name_number(&row.name);
        self.text.push_str(&row.symbol);
        self.text.push_str(&row.token);
        self.records.push(Record {
            text: text.into(),
            symbol_len: row.symbol.len() as u8,
            token_len: row.token.len() as u8,
            exchange: checked.exchange.0,
            kind: checked.kind as u8,
            name: name.into(),
            lot: checked.lot.into(),
            tick: checked.tick.into(),
            expiry: checked.expiry.map_or(0, |day| day.0).into(),
            type_name,
            strike: checked.strike.into(),
        });
        Ok(())
    }

    /// The number of a type name; there are a few dozen.
    fn type_number(&mut self, name: &str) -> Option<u8> {
        let known = self.types.iter().position(|known| **known == *name);
        let at = u8::try_from(known.unwrap_or(self.types.len())).ok()?;
        if known.is_none() {
            self.types.push(name.into());
        }
        Some(at)
    }

    fn name_number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.insert(name.into(), number);
        number
    }

    /// Sorts everything, leaves out repeated tokens, and makes the tables.
    pub(super) fn finish(mut self) -> (Index, Intake) {
        let (names, numbers) = self.sorted_names();
        for record in &mut self.records {
            if let Some(number) = numbers.get(record.name.get() as usize) {
                record.name = *number;
            }
        }
        let types = self.types.iter().map(|name| append(&mut self.text, name)).collect();
        self.text.shrink_to_fit();
        let (text, records) = (self.text, self.records);
        let (by_symbol, contracts) = (Vec::new(), Vec::new());
        let mut index = Index { text, names, types, records, by_symbol, contracts };
        index.sort_records(&mut self.intake);
        index.make_tables();
        (index, self.intake)
    }

    /// The names in their order, and the new number of each old one.
    fn sorted_names(&mut self) -> (Vec<Span>, Vec<U32>) {
        let names = std::mem::take(&mut self.names);
        let mut numbers = vec![U32::ZERO; names.len()];
        let mut spans = Vec::with_capacity(names.len());
        for (new, (name, old)) in names.into_iter().enumerate() {
            spans.push(append(&mut self.text, &name));
            if let Some(number) = numbers.get_mut(old as usize) {
                *number = U32::new(new as u32);
            }
        }
        (spans, numbers)
    }
}

/// Puts a piece of at most 255 bytes at the end of the text.
fn append(text: &mut String, piece: &str) -> Span {
    let at = U32::new(text.len() as u32);
    text.push_str(piece);
    Span { at, len: piece.len() as u8 }
}

impl Index {
    /// By segment and token; of a token that the broker uses again, the contract that expires last.
    fn sort_records(&mut self, intake: &mut Intake) {
        let mut records = std::mem::take(&mut self.records);
        records.sort_unstable_by(|one, other| {
            let key = |record: &Record| (Reverse(record.expiry.get()), record.text.get());
            let order = one.exchange.cmp(&other.exchange);
            let order = order.then_with(|| self.token(one).cmp(self.token(other)));
            order.then_with(|| key(one).cmp(&key(other)))
        });
        records.dedup_by(|later, earlier| {
            let repeated =
                later.exchange == earlier.exchange && self.token(later) == self.token(earlier);
            if repeated {
                let shown = || format!("{} beside {}", self.symbol(later), self.symbol(earlier));
                intake.skip(RowFault::Repeated, shown);
            }
            repeated
        });
        records.shrink_to_fit();
        self.records = records;
    }

    fn make_tables(&mut self) {
        let numbers = || (0..self.records.len() as u32).map(U32::new);
        let at = |number: &U32| self.record(*number);
        let mut by_symbol: Vec<U32> = numbers().collect();
        by_symbol.sort_unstable_by(|one, other| {
            let order = at(one).zip(at(other)).map(|(one, other)| self.symbol_order(one, other));
            order.unwrap_or(std::cmp::Ordering::Equal).then(one.get().cmp(&other.get()))
        });
        let mut contracts: Vec<U32> =
            numbers().filter(|number| at(number).is_some_and(is_contract)).collect();
        contracts.sort_unstable_by_key(|number| (at(number).map(contract_key), number.get()));
        contracts.shrink_to_fit();
        (self.by_symbol, self.contracts) = (by_symbol, contracts);
    }
}
