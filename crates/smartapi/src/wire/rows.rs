//! Lists of rows, which the broker writes as null when they are empty.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The rows of a book or list; no row at all is written as null.
///
/// Read from a list, from null or empty text, and from one row that stands alone.
///
/// Source: `OpenAlgo` and users of the Python SDK for null; the GTT list of the SmartAPI documentation
///         (July 2026) for the row alone, where the live service gives a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T>(pub Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        Self(rows)
    }
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() { serializer.serialize_unit() } else { self.0.serialize(serializer) }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        list(deserializer).map(Self)
    }
}

/// Reads a list that may also be null, empty text, or one row alone.
pub(crate) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Reader<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        if text.trim().is_empty() { Ok(Vec::new()) } else { Err(E::custom("expected a list")) }
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, rows: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(rows))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, row: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(row)).map(|row| vec![row])
    }
}

/// Reads names from a list, or from text such as `[ "NSE", "BSE" ]` or `NSE, BSE`.
pub(crate) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(NamesReader)
}

struct NamesReader;

impl<'de> de::Visitor<'de> for NamesReader {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let names = text.split(|letter| !is_part(letter)).filter(|name| !name.is_empty());
        Ok(names.map(str::to_owned).collect())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, names: A) -> Result<Vec<String>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(names))
    }
}
