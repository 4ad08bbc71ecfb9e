//! Bodies of the search for instruments.
//!
//! Source: SmartAPI documentation (July 2026), instruments page; field names as in smartapi-python 1.5.5.

use serde::{Deserialize, Serialize};

/// Body of [`super::routes::SEARCH_SCRIP`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchRequest {
    /// A segment name such as `NFO`.
    pub exchange: String,
    /// The words to look for.
    pub searchscrip: String,
}

/// One row of a search answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrip {
    pub exchange: String,
    pub tradingsymbol: String,
    pub symboltoken: String,
}
