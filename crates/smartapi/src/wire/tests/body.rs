//! A body with one field of each kind.

use serde::{Deserialize, Serialize};

use crate::clock::Wall;
use crate::wire::{Decimal, Open, Rows, Rupees, TimeOfDay};
use crate::wire::{iso_ist, iso_utc, minute, number, text, text_or_zero, words};

words! {
    pub(crate) enum Colour {
        Red = "RED",
        Green = "GREEN",
    }
}

/// One field of each kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, proptest_derive::Arbitrary)]
pub(super) struct Body {
    #[serde(with = "text")]
    pub(super) as_text: Rupees,
    #[serde(with = "number")]
    pub(super) as_number: Rupees,
    #[serde(with = "text")]
    pub(super) maybe_text: Option<Decimal>,
    #[serde(with = "number")]
    pub(super) maybe_number: Option<Decimal>,
    #[serde(default, with = "text_or_zero")]
    pub(super) zero: Rupees,
    #[serde(with = "text")]
    pub(super) whole: i64,
    #[serde(with = "text")]
    pub(super) words: String,
    #[serde(with = "text")]
    pub(super) open: Open<Colour>,
    pub(super) closed: Colour,
    #[serde(with = "text")]
    pub(super) at: Option<Wall>,
    #[serde(with = "text")]
    pub(super) time: Option<TimeOfDay>,
    #[serde(deserialize_with = "text::deserialize", serialize_with = "iso_ist")]
    pub(super) ist: Wall,
    #[serde(deserialize_with = "text::deserialize", serialize_with = "iso_utc")]
    pub(super) utc: Option<Wall>,
    #[serde(deserialize_with = "text::deserialize", serialize_with = "minute")]
    #[proptest(strategy = "crate::wire::full_minute()")]
    pub(super) minute: Wall,
    pub(super) rows: Rows<Colour>,
}
