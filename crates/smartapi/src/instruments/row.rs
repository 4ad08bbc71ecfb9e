//! One row of the scrip master as it is written: all text.
//!
//! Source: SmartAPI documentation (July 2026), instruments page; key names and units as maintained
//!         clients read the daily file.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A row before its checks; the broker writes numbers as text too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row<'file> {
    /// Unique within `exch_seg` only.
    pub token: Cow<'file, str>,
    /// The trading symbol of orders; of an index its display name.
    pub symbol: Cow<'file, str>,
    /// The underlying.
    pub name: Cow<'file, str>,
    /// `28NOV2025`, empty for cash.
    pub expiry: Cow<'file, str>,
    /// Rupees times 100 (currency: times 10^7) with six decimals; `-1.000000` or `0.000000` is none.
    pub strike: Cow<'file, str>,
    /// Units.
    pub lotsize: Cow<'file, str>,
    /// Empty for shares, `AMXIDX` for indices, `FUT…`, `OPT…` and a few others.
    pub instrumenttype: Cow<'file, str>,
    /// `NSE`, `NFO`, `BSE`, `BFO`, `MCX`, `NCDEX`, `CDS`, …
    pub exch_seg: Cow<'file, str>,
    /// Paise (currency: 10^-7 rupees) with six decimals.
    pub tick_size: Cow<'file, str>,
}

/// What stands where a row is expected; `None` if it is no object.
pub(super) struct Element<'file>(pub(super) Option<Row<'file>>);

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut row = Row::default();
        while let Some(Text(key)) = map.next_key()? {
            let field = match &*key {
                "token" => &mut row.token,
                "symbol" => &mut row.symbol,
                "name" => &mut row.name,
                "expiry" => &mut row.expiry,
                "strike" => &mut row.strike,
                "lotsize" => &mut row.lotsize,
                "instrumenttype" => &mut row.instrumenttype,
                "exch_seg" => &mut row.exch_seg,
                "tick_size" => &mut row.tick_size,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = map.next_value::<Text<'de>>()?.0;
        }
        Ok(Element(Some(row)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element(None))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Element(None))
    }
}

/// A value as text, also where a later version of the file might write a number; anything else is
/// empty, which the checks of the row then judge.
struct Text<'file>(Cow<'file, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed("")))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed("")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(Cow::Borrowed("")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(Cow::Borrowed("")))
    }
}
