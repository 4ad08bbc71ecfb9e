//! Authorisation to sell holdings without a power of attorney (eDIS).
//!
//! Source: SmartAPI documentation (July 2026), EDIS page.
//!
//! What names the owner of a depository account has no `Debug`, so that it reaches no log by accident.

use serde::{Deserialize, Serialize};

use crate::wire::{list, text};

/// Body of [`super::routes::EDIS_VERIFY`].
///
/// Shape:  text.
/// Units:  the quantity in units.
/// Source: SmartAPI documentation (July 2026), EDIS page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct DisRequest {
    /// The share's international number.
    pub isin: String,
    #[serde(with = "text")]
    pub quantity: i64,
}

/// Data of an [`super::routes::EDIS_VERIFY`] answer: the fields of a form for the depository's page.
///
/// Who is authorised for the day already gets a refusal with code AG1000.
///
/// Source: SmartAPI documentation (July 2026), EDIS page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dis {
    #[serde(rename = "ReqId", with = "text")]
    pub req_id: String,
    #[serde(rename = "ReturnURL", default, with = "text")]
    pub return_url: String,
    #[serde(rename = "DPId", default, with = "text")]
    pub dp_id: String,
    /// The depository account.
    #[serde(rename = "BOID", default, with = "text")]
    pub boid: String,
    #[serde(rename = "TransDtls", default, with = "text")]
    pub transaction: String,
    #[serde(default, with = "text")]
    pub version: String,
}

/// Body of [`super::routes::EDIS_TPIN`]; the answer has no data.
///
/// Source: SmartAPI documentation (July 2026), EDIS page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TpinRequest {
    #[serde(rename = "dpId", with = "text")]
    pub dp_id: String,
    #[serde(rename = "ReqId", with = "text")]
    pub req_id: String,
    /// The depository account.
    #[serde(with = "text")]
    pub boid: String,
    /// The owner's tax number.
    pub pan: String,
}

/// Body of [`super::routes::EDIS_STATUS`].
///
/// Source: SmartAPI documentation (July 2026), EDIS page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct DisStatusRequest {
    #[serde(rename = "ReqId", with = "text")]
    pub req_id: String,
}

/// Data of an [`super::routes::EDIS_STATUS`] answer.
///
/// Source: SmartAPI documentation (July 2026), EDIS page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct DisStatus {
    #[serde(rename = "TransResDtls")]
    pub result: DisResult,
}

/// What became of one request for authorisation.
///
/// Shape:  text; the time as `ddMMyyyyHHmmss`, Indian time, and kept as it is.
/// Source: SmartAPI documentation (July 2026), EDIS page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct DisResult {
    #[serde(rename = "ReqId", default, with = "text")]
    pub req_id: String,
    #[serde(rename = "ReqType", default, with = "text")]
    pub req_type: String,
    #[serde(rename = "ResId", default, with = "text")]
    pub res_id: String,
    #[serde(rename = "ResStatus", default, with = "text")]
    pub status: String,
    #[serde(rename = "ResTime", default, with = "text")]
    pub time: String,
    #[serde(rename = "ResError", default, with = "text")]
    pub error: String,
    #[serde(rename = "Remarks", default, with = "text")]
    pub remarks: String,
    #[cfg_attr(test, proptest(strategy = "crate::wire::few()"))]
    #[serde(rename = "RecordResDtls", default, deserialize_with = "list")]
    pub records: Vec<DisRecord>,
}

/// The authorisation of one share.
///
/// Source: SmartAPI documentation (July 2026), EDIS page: status 1 is authorised, 0 is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(proptest_derive::Arbitrary))]
pub struct DisRecord {
    #[serde(rename = "TxnReqId", default, with = "text")]
    pub request_id: String,
    #[serde(rename = "TxnId", default, with = "text")]
    pub id: String,
    #[serde(rename = "Status", default, with = "text")]
    pub status: String,
    #[serde(rename = "Errorcode", default, with = "text")]
    pub error_code: String,
}

impl DisRecord {
    /// Whether the share may be sold.
    #[must_use]
    pub fn is_authorised(&self) -> bool {
        self.status == "1"
    }
}
