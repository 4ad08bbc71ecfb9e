//! The index as bytes to keep: its parts one after another, checked when they are read back.

use thiserror::Error;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::index::{Index, Record, Span, contract_key, is_contract, kind};
use crate::packet::ExchangeType;

/// The first bytes, which change with the form.
const MAGIC: [u8; 8] = *b"MQLIST01";

/// Before the parts: how many entries each has.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Head {
    magic: [u8; 8],
    text: U32,
    names: U32,
    types: U32,
    records: U32,
    contracts: U32,
}

/// Bytes that are no kept index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the kept index is damaged: {0}")]
pub struct Damaged(&'static str);

impl Index {
    /// The form to keep, read back by [`Index::from_bytes`] of the same version only.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = |len: usize| U32::new(len as u32);
        let head = Head {
            magic: MAGIC,
            text: count(self.text.len()),
            names: count(self.names.len()),
            types: count(self.types.len()),
            records: count(self.records.len()),
            contracts: count(self.contracts.len()),
        };
        [
            head.as_bytes(),
            self.text.as_bytes(),
            self.names.as_bytes(),
            self.types.as_bytes(),
            self.records.as_bytes(),
            self.by_symbol.as_bytes(),
            self.contracts.as_bytes(),
        ]
        .concat()
    }

    /// Reads [`Index::to_bytes`] back; whatever the bytes are, an index that is given is a whole one.
    ///
    /// Errors: [`Damaged`], which says what does not fit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        let (head, bytes) = Head::read_from_prefix(bytes).map_err(|_| Damaged("no head"))?;
        if head.magic != MAGIC {
            return Err(Damaged("another form"));
        }
        let (text, bytes) = part::<u8>(bytes, head.text)?;
        let (names, bytes) = part(bytes, head.names)?;
        let (types, bytes) = part(bytes, head.types)?;
        let (records, bytes) = part(bytes, head.records)?;
        let (by_symbol, bytes) = part(bytes, head.records)?;
        let (contracts, bytes) = part(bytes, head.contracts)?;
        if !bytes.is_empty() {
            return Err(Damaged("bytes after the end"));
        }
        let text = std::str::from_utf8(text).map_err(|_| Damaged("no UTF-8"))?.to_owned();
        let (names, types, records) = (names.to_vec(), types.to_vec(), records.to_vec());
        let (by_symbol, contracts) = (by_symbol.to_vec(), contracts.to_vec());
        let index = Self { text, names, types, records, by_symbol, contracts };
        index.check_texts()?;
        index.check_records()?;
        index.check_tables()?;
        Ok(index)
    }

    fn check_texts(&self) -> Result<(), Damaged> {
        let within = |span: &Span| {
            let at = span.at.get() as usize;
            self.text.get(at..at + usize::from(span.len)).is_some()
        };
        if !self.names.iter().chain(&self.types).all(within) || self.types.len() > 256 {
            return Err(Damaged("a text beyond the end"));
        }
        if !self.names.is_sorted_by(|one, other| self.span(*one) < self.span(*other)) {
            return Err(Damaged("names out of order"));
        }
        Ok(())
    }

    fn check_records(&self) -> Result<(), Damaged> {
        let whole = |record: &Record| {
            let symbol = record.text.get() as usize;
            let token = symbol + usize::from(record.symbol_len);
            let end = token + usize::from(record.token_len);
            self.text.get(symbol..token).is_some()
                && self.text.get(token..end).is_some()
                && (record.name.get() as usize) < self.names.len()
                && usize::from(record.type_name) < self.types.len()
                && kind(record) as u8 == record.kind
                && ExchangeType(record.exchange).segment_name().is_some()
                && (record.expiry != 0 || !is_contract(record))
                && record.strike.get() >= 0
        };
        if !self.records.iter().all(whole) {
            return Err(Damaged("an instrument without its parts"));
        }
        let ordered = self.records.is_sorted_by(|one, other| {
            (one.exchange, self.token(one)) < (other.exchange, self.token(other))
        });
        if !ordered {
            return Err(Damaged("instruments out of order"));
        }
        Ok(())
    }

    /// Each table names every record that belongs into it once, since it is strictly sorted and as
    /// long as it must be.
    fn check_tables(&self) -> Result<(), Damaged> {
        let last = self.records.len();
        let known = |number: &U32| (number.get() as usize) < last;
        if !self.by_symbol.iter().chain(&self.contracts).all(known) {
            return Err(Damaged("an entry of no instrument"));
        }
        let symbols = self.by_symbol.is_sorted_by(|one, other| {
            let records = self.record(*one).zip(self.record(*other));
            records.is_some_and(|(first, second)| {
                self.symbol_order(first, second).then(one.get().cmp(&other.get())).is_lt()
            })
        });
        let key = |number: &U32| (self.record(*number).map(contract_key), number.get());
        let contracts = self.contracts.is_sorted_by(|one, other| key(one) < key(other));
        let wanted = self.records.iter().filter(|record| is_contract(record)).count();
        let held =
            self.contracts.iter().filter(|number| self.record(**number).is_some_and(is_contract));
        if !symbols || !contracts || held.count() != wanted || self.contracts.len() != wanted {
            return Err(Damaged("a table out of order"));
        }
        Ok(())
    }
}

/// So many entries at the beginning of the bytes, and the rest.
fn part<T>(bytes: &[u8], count: U32) -> Result<(&[T], &[u8]), Damaged>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    <[T]>::ref_from_prefix_with_elems(bytes, count.get() as usize)
        .map_err(|_| Damaged("it ends too early"))
}
