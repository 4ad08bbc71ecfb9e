//! What positions would need in margin, and what orders would cost in charges.
//!
//! Source: SmartAPI documentation (July 2026), margin calculator and brokerage calculator pages.

use serde::{Deserialize, Serialize};

use super::words::{Exchange, OrderType, Product, Side};
use crate::wire::{Rupees, list, number, text};

/// The most positions of one margin request.
///
/// Source: an older edition of the SmartAPI documentation, margin calculator.
pub const MOST_MARGIN_POSITIONS: usize = 50;

/// Body of [`super::routes::MARGIN`]: at most [`MOST_MARGIN_POSITIONS`].
///
/// Source: SmartAPI documentation (July 2026), margin calculator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct MarginRequest {
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    pub positions: Vec<MarginPosition>,
}

/// One position of a margin request.
///
/// Shape:  quantity and price are JSON numbers.
/// Units:  the price in rupees, 0 for the market's; the quantity in units.
/// Source: SmartAPI documentation (July 2026), margin calculator; LIMIT where `orderType` is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct MarginPosition {
    pub exchange: Exchange,
    #[serde(with = "number")]
    pub qty: i64,
    #[serde(with = "number")]
    pub price: Rupees,
    pub product_type: Product,
    #[serde(with = "text")]
    pub token: String,
    pub trade_type: Side,
    #[serde(default = "limit")]
    pub order_type: OrderType,
}

const fn limit() -> OrderType {
    OrderType::Limit
}

/// Data of a [`super::routes::MARGIN`] answer.
///
/// Units:  rupees.
/// Source: SmartAPI documentation (July 2026), margin calculator; older answers had two more fields,
///         which are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Margin {
    #[serde(with = "number")]
    pub total_margin_required: Rupees,
    #[serde(default)]
    pub margin_components: Option<MarginComponents>,
}

/// Where a margin comes from.
///
/// Units:  rupees.
/// Source: SmartAPI documentation (July 2026), margin calculator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct MarginComponents {
    #[serde(default, with = "number")]
    pub net_premium: Option<Rupees>,
    #[serde(default, with = "number")]
    pub span_margin: Option<Rupees>,
    #[serde(default, with = "number")]
    pub margin_benefit: Option<Rupees>,
    #[serde(default, with = "number")]
    pub delivery_margin: Option<Rupees>,
    #[serde(rename = "nonNFOMargin", default, with = "number")]
    pub non_nfo_margin: Option<Rupees>,
    #[serde(default, with = "number")]
    pub tot_options_premium: Option<Rupees>,
}

/// Body of [`super::routes::CHARGES`].
///
/// Source: SmartAPI documentation (July 2026), brokerage calculator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct ChargesRequest {
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    pub orders: Vec<ChargesOrder>,
}

/// One order of a request for charges.
///
/// Shape:  all text.
/// Units:  the price in rupees, the quantity in units.
/// Source: SmartAPI documentation (July 2026), brokerage calculator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct ChargesOrder {
    pub product_type: Product,
    pub transaction_type: Side,
    #[serde(with = "text")]
    pub quantity: i64,
    #[serde(with = "text")]
    pub price: Rupees,
    pub exchange: Exchange,
    pub symbol_name: String,
    #[serde(with = "text")]
    pub token: String,
}

/// Data of a [`super::routes::CHARGES`] answer: all orders together, and each.
///
/// Source: SmartAPI documentation (July 2026), brokerage calculator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct ChargesEstimate {
    pub summary: Charges,
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub charges: Vec<Charges>,
}

/// What orders would cost beside their value.
///
/// Units:  rupees.
/// Source: SmartAPI documentation (July 2026), brokerage calculator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Charges {
    #[serde(with = "number")]
    pub total_charges: Rupees,
    #[serde(default, with = "number")]
    pub trade_value: Option<Rupees>,
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(default, deserialize_with = "list")]
    pub breakup: Vec<Charge>,
}

/// One charge, and what it consists of.
///
/// Units:  rupees.
/// Source: SmartAPI documentation (July 2026), brokerage calculator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    #[serde(default, with = "text")]
    pub name: String,
    #[serde(with = "number")]
    pub amount: Rupees,
    #[serde(default, with = "text")]
    pub msg: String,
    #[serde(default, deserialize_with = "list")]
    pub breakup: Vec<Self>,
}
