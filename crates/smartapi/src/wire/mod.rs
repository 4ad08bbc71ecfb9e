//! The values that bodies are made of: exact decimals, times, words, and lists that may be null.
//!
//! The broker writes the same number as a JSON number here, as text there, and as empty text or null
//! elsewhere. Fields of bodies therefore name a module of this one: `text` or `number` says how the
//! field is written; both read all four forms. Empty and null are `None` where the field is an
//! `Option`, zero where it names `text_or_zero`, and an error elsewhere.

mod decimal;
mod rows;
mod time;
mod word;

use std::fmt;

use serde::de::{self, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serializer};

pub use decimal::{Decimal, Fixed, Rupees};
pub use rows::Rows;
pub(crate) use rows::{list, names};
pub use time::TimeOfDay;
pub(crate) use time::{iso_ist, iso_utc, minute};
pub use word::{Open, Word};
pub(crate) use word::{closed, words};

/// A value that fills one field of a body.
pub(crate) trait Cell: Sized {
    /// What an error says was expected.
    const WANTED: &'static str;

    /// The value that `text` stands for; null is read as empty text.
    fn read(text: &str) -> Option<Self>;

    /// The value as text; empty where there is none.
    fn text(&self) -> String;

    /// Writes the value where the broker has a JSON number; null where there is none.
    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl Cell for String {
    const WANTED: &'static str = "text";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn text(&self) -> String {
        self.clone()
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl Cell for i64 {
    const WANTED: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        decimal::whole(text)
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self)
    }
}

impl<C: Cell> Cell for Option<C> {
    const WANTED: &'static str = C::WANTED;

    fn read(text: &str) -> Option<Self> {
        if text.trim().is_empty() { Some(None) } else { C::read(text).map(Some) }
    }

    fn text(&self) -> String {
        self.as_ref().map(C::text).unwrap_or_default()
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(cell) => cell.number(serializer),
            None => serializer.serialize_unit(),
        }
    }
}

/// Fields that the broker writes as text.
pub(crate) mod text {
    use super::{Cell, Deserializer, Serializer, read};

    pub(crate) fn serialize<C: Cell, S: Serializer>(cell: &C, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&cell.text())
    }

    pub(crate) fn deserialize<'de, C: Cell, D: Deserializer<'de>>(from: D) -> Result<C, D::Error> {
        read(from)
    }
}

/// Fields that the broker writes as text, and where empty means zero.
pub(crate) mod text_or_zero {
    use super::{Cell, Deserializer, read};

    pub(crate) use super::text::serialize;

    pub(crate) fn deserialize<'de, C, D>(from: D) -> Result<C, D::Error>
    where
        C: Cell + Default,
        D: Deserializer<'de>,
    {
        read(from).map(Option::unwrap_or_default)
    }
}

/// Fields that only decorate a row, written as text: what cannot be read is none, so that an odd cell
/// does not take the row and its whole list away. Ids, quantities, prices and states are never loose.
pub(crate) mod loose_text {
    use serde::Deserialize as _;
    use serde_json::Value;

    use super::{Cell, Deserializer, read};

    pub(crate) use super::text::serialize;

    pub(crate) fn deserialize<'de, C: Cell, D>(from: D) -> Result<Option<C>, D::Error>
    where
        D: Deserializer<'de>,
    {
        Ok(read(Value::deserialize(from)?).unwrap_or_default())
    }
}

/// The same, written as JSON numbers.
pub(crate) mod loose_number {
    pub(crate) use super::loose_text::deserialize;
    pub(crate) use super::number::serialize;
}

/// Fields that the broker writes as JSON numbers.
pub(crate) mod number {
    use super::{Cell, Deserializer, Serializer, read};

    pub(crate) fn serialize<C: Cell, S: Serializer>(cell: &C, to: S) -> Result<S::Ok, S::Error> {
        cell.number(to)
    }

    pub(crate) fn deserialize<'de, C: Cell, D: Deserializer<'de>>(from: D) -> Result<C, D::Error> {
        read(from)
    }
}

/// Reads optional text of the sender's own, which may come as a number; empty text stays empty.
pub(crate) fn own_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    struct Own(String);
    impl<'de> Deserialize<'de> for Own {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            read(from).map(Self)
        }
    }
    Ok(Option::<Own>::deserialize(from)?.map(|Own(text)| text))
}

/// Reads a word that must be one of the known ones; empty text is none.
pub(crate) fn word_or_none<'de, W, D>(from: D) -> Result<Option<W>, D::Error>
where
    W: Word,
    D: Deserializer<'de>,
{
    let text = own_text(from)?.filter(|text| !text.trim().is_empty());
    text.map(|text| closed(text.into_deserializer())).transpose()
}

/// Reads a cell from a number, text or null.
///
/// A JSON number passes through a double, whose shortest form has the digits that were written as
/// long as there are at most fifteen.
fn read<'de, C: Cell, D: Deserializer<'de>>(from: D) -> Result<C, D::Error> {
    from.deserialize_any(Reader(std::marker::PhantomData))
}

struct Reader<C>(std::marker::PhantomData<C>);

impl<C: Cell> Reader<C> {
    /// The error names no value: what a broker sends may be a secret.
    fn take<E: de::Error>(text: &str) -> Result<C, E> {
        C::read(text).ok_or_else(|| E::custom(format_args!("expected {}", C::WANTED)))
    }
}

impl<C: Cell> de::Visitor<'_> for Reader<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(C::WANTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<C, E> {
        Self::take(text)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<C, E> {
        Self::take(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<C, E> {
        Self::take(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<C, E> {
        Self::take(&number.to_string())
    }

    fn visit_unit<E: de::Error>(self) -> Result<C, E> {
        Self::take("")
    }
}

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
pub(crate) use arbitrary::{few, few_by_key, full_minute};
#[cfg(test)]
mod tests;
