//! Cash and margin of the account.
//!
//! Source: SmartAPI documentation (July 2026), user page, RMS limit; null from live answers.

use serde::{Deserialize, Serialize};

use crate::wire::{Rupees, text};

/// Data of a [`super::routes::FUNDS`] answer; all in rupees, and `None` where the broker has no value.
///
/// Source: `OpenAlgo` #1582 found that `availablecash` behaves like `net`, and that the two m2m fields
///         are often 0: take profit and loss from the positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Funds {
    #[serde(default, with = "text")]
    pub net: Option<Rupees>,
    #[serde(default, with = "text")]
    pub availablecash: Option<Rupees>,
    #[serde(default, with = "text")]
    pub availableintradaypayin: Option<Rupees>,
    #[serde(default, with = "text")]
    pub availablelimitmargin: Option<Rupees>,
    #[serde(default, with = "text")]
    pub collateral: Option<Rupees>,
    #[serde(default, with = "text")]
    pub m2munrealized: Option<Rupees>,
    #[serde(default, with = "text")]
    pub m2mrealized: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utiliseddebits: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utilisedspan: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utilisedoptionpremium: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utilisedholdingsales: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utilisedexposure: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utilisedturnover: Option<Rupees>,
    #[serde(default, with = "text")]
    pub utilisedpayout: Option<Rupees>,
}
