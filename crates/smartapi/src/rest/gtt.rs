//! GTT rules: orders that the broker keeps until a price is reached.
//!
//! Source: SmartAPI documentation (July 2026), GTT page; smartapi-javascript 1.0.27; forum topics 4832
//!         and 5155 for OCO, which the documentation does not know.

use serde::{Deserialize, Serialize};

use super::order_check::{OrderFault, check_contract, check_id, check_quantity};
use super::words::{Exchange, OrderType, Product, Side};
use crate::clock::Wall;
use crate::wire::{Open, Rupees, iso_utc, loose_text, number, text, text_or_zero, words};

words! {
    /// The kinds of rules.
    pub enum RuleKind {
        /// One order at one price.
        Single = "GENERIC",
        /// A target and a stop of which one cancels the other.
        Oco = "OCO",
    }
}

words! {
    /// The states of a rule.
    pub enum RuleStatus {
        /// Taken.
        New = "NEW",
        /// Cancelled by its owner.
        Cancelled = "CANCELLED",
        /// Watching its price.
        Active = "ACTIVE",
        /// Its price was reached and its order sent.
        SentToExchange = "SENTTOEXCHANGE",
        /// In a request: all of them.
        All = "FORALL",
    }
}

/// Body of [`super::routes::GTT_CREATE`].
///
/// Shape:  text, as the documentation prints it; numbers are read as well.
/// Units:  prices in rupees, quantities in units, `timeperiod` in days.
/// Source: SmartAPI documentation (July 2026), create rule: NSE and BSE, DELIVERY and MARGIN. The three
///         OCO fields are from forum topics; whether NFO takes them is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct CreateRule {
    pub tradingsymbol: String,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub exchange: Exchange,
    pub transactiontype: Side,
    pub producttype: Product,
    #[serde(with = "text")]
    pub price: Rupees,
    #[serde(with = "text")]
    pub qty: i64,
    #[serde(with = "text")]
    pub triggerprice: Rupees,
    /// None is sent as zero, for the field has to be there.
    #[serde(default, with = "none_as_zero")]
    #[cfg_attr(test, proptest(strategy = "none_as_zero::any()"))]
    pub disclosedqty: Option<i64>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub timeperiod: Option<i64>,
    /// [`RuleKind::Oco`] for two prices; left out for one.
    #[serde(rename = "gttType", default, skip_serializing_if = "Option::is_none")]
    pub gtt_type: Option<RuleKind>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub stoplossprice: Option<Rupees>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub stoplosstriggerprice: Option<Rupees>,
}

impl CreateRule {
    /// Errors: the first thing that the broker would refuse; an OCO rule needs both pairs of prices.
    pub fn check(&self) -> Result<(), OrderFault> {
        check_contract(&self.tradingsymbol, &self.symboltoken)?;
        check_quantity(self.qty, self.disclosedqty)?;
        check_prices(self.price, self.triggerprice)?;
        if self.gtt_type == Some(RuleKind::Oco) {
            let price = self.stoplossprice.unwrap_or_default();
            check_prices(price, self.stoplosstriggerprice.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A quantity that has to be there, where none is zero.
mod none_as_zero {
    use serde::{Deserializer, Serializer};

    use crate::wire::text;

    pub(super) fn serialize<S: Serializer>(units: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        text::serialize(&units.unwrap_or_default(), to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        text::deserialize(from).map(|units: Option<i64>| units.filter(|units| *units != 0))
    }

    #[cfg(test)]
    pub(super) fn any() -> impl proptest::strategy::Strategy<Value = Option<i64>> {
        proptest::option::of(1_i64..)
    }
}

fn check_prices(price: Rupees, trigger: Rupees) -> Result<(), OrderFault> {
    let ordertype = OrderType::StopLossLimit;
    if !price.is_positive() {
        return Err(OrderFault::Price { ordertype, was: price });
    }
    if !trigger.is_positive() {
        return Err(OrderFault::Trigger { ordertype, was: trigger });
    }
    Ok(())
}

/// Body of [`super::routes::GTT_MODIFY`].
///
/// Shape and units: as [`CreateRule`].
/// Source: SmartAPI documentation (July 2026), modify rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct ModifyRule {
    #[serde(with = "text")]
    pub id: String,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub exchange: Exchange,
    #[serde(with = "text")]
    pub price: Rupees,
    #[serde(with = "text")]
    pub qty: i64,
    #[serde(with = "text")]
    pub triggerprice: Rupees,
    /// None is sent as zero, for the field has to be there.
    #[serde(default, with = "none_as_zero")]
    #[cfg_attr(test, proptest(strategy = "none_as_zero::any()"))]
    pub disclosedqty: Option<i64>,
}

impl ModifyRule {
    /// Errors: the first thing that the broker would refuse.
    pub fn check(&self) -> Result<(), OrderFault> {
        check_id(&self.id)?;
        check_quantity(self.qty, self.disclosedqty)?;
        check_prices(self.price, self.triggerprice)
    }
}

/// Body of [`super::routes::GTT_CANCEL`].
///
/// Source: SmartAPI documentation (July 2026), cancel rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct CancelRule {
    #[serde(with = "text")]
    pub id: String,
    #[serde(with = "text")]
    pub symboltoken: String,
    pub exchange: Exchange,
}

impl CancelRule {
    /// Errors: the first thing that the broker would refuse.
    pub fn check(&self) -> Result<(), OrderFault> {
        check_id(&self.id)
    }
}

/// Body of [`super::routes::GTT_DETAILS`], and data of the answers to the three that write.
///
/// Source: SmartAPI documentation (July 2026), GTT page; the id comes as a number too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct RuleId {
    #[serde(with = "text")]
    pub id: String,
}

/// Body of [`super::routes::GTT_LIST`]; pages are counted from 1.
///
/// Source: SmartAPI documentation (July 2026), rule list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct RuleListRequest {
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    pub status: Vec<RuleStatus>,
    #[serde(with = "number")]
    pub page: i64,
    #[serde(with = "number")]
    pub count: i64,
}

/// Data of a [`super::routes::GTT_DETAILS`] answer, and a row of a [`super::routes::GTT_LIST`] one.
///
/// Shape:  text; times ISO 8601 in UTC. The list's answer is read as [`crate::wire::Rows`].
/// Units:  as [`CreateRule`].
/// Source: SmartAPI documentation (July 2026), rule details; `id` from live lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct RuleRow {
    #[serde(default, with = "text", skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(default, with = "text")]
    pub status: Open<RuleStatus>,
    #[serde(default, deserialize_with = "loose_text::deserialize", serialize_with = "iso_utc")]
    pub createddate: Option<Wall>,
    #[serde(default, deserialize_with = "loose_text::deserialize", serialize_with = "iso_utc")]
    pub updateddate: Option<Wall>,
    #[serde(default, deserialize_with = "loose_text::deserialize", serialize_with = "iso_utc")]
    pub expirydate: Option<Wall>,
    #[serde(default, with = "text")]
    pub clientid: String,
    #[serde(default, with = "text")]
    pub tradingsymbol: String,
    #[serde(default, with = "text")]
    pub symboltoken: String,
    #[serde(default, with = "text")]
    pub exchange: Open<Exchange>,
    #[serde(default, with = "text")]
    pub transactiontype: Open<Side>,
    #[serde(default, with = "text")]
    pub producttype: Open<Product>,
    #[serde(default, with = "text_or_zero")]
    pub price: Rupees,
    #[serde(with = "text")]
    pub qty: i64,
    #[serde(default, with = "text_or_zero")]
    pub triggerprice: Rupees,
    #[serde(default, with = "text")]
    pub disclosedqty: Option<i64>,
    #[serde(rename = "gttType", default, with = "text", skip_serializing_if = "is_unsaid")]
    pub gtt_type: Open<RuleKind>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub stoplossprice: Option<Rupees>,
    #[serde(default, with = "text", skip_serializing_if = "Option::is_none")]
    pub stoplosstriggerprice: Option<Rupees>,
}

fn is_unsaid(kind: &Open<RuleKind>) -> bool {
    kind.as_str().is_empty()
}
