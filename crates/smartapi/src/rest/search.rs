//! Bodies of the search for instruments.
//!
//! Source: SmartAPI documentation (July 2026), instruments page; field names as in smartapi-python 1.5.5.

use serde::{Deserialize, Serialize};

use crate::wire::text;

/// Body of [`super::routes::SEARCH_SCRIP`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct SearchRequest {
    /// A segment name such as `NFO`.
    pub exchange: String,
    /// The words to look for.
    pub searchscrip: String,
}

/// One row of a search answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct Scrip {
    pub exchange: String,
    pub tradingsymbol: String,
    #[serde(with = "text")]
    pub symboltoken: String,
}
