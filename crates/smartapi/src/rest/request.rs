//! Reading the body of a request, on the broker's side.

use serde::de::DeserializeOwned;

use super::envelope::what_is_wrong;

/// What is wrong with the body of a request; without its values, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body of the request is wrong: {what}")]
pub struct RequestFault {
    /// The field, such as `variety` or `orders[0].price`; empty where it is the body as a whole.
    pub field: String,
    /// What is missing, or what the field has to be.
    pub what: String,
}

impl RequestFault {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        if self.field.is_empty() {
            "send one JSON object with the fields that SmartAPI documents for this route".to_owned()
        } else {
            format!("correct `{}` as SmartAPI documents it for this route", self.field)
        }
    }
}

/// Reads the body of a request.
///
/// Errors: [`RequestFault`] with the field that is missing or wrong, so that the answer can carry the
///         broker's code for it.
pub fn parse_request<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestFault> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let what = what_is_wrong(&error);
        let missing = what.split_once("missing field `").and_then(|(_, name)| name.split_once('`'));
        let field = match missing {
            Some((name, _)) => name.to_owned(),
            None => error.path().to_string(),
        };
        RequestFault { field: if field == "." { String::new() } else { field }, what }
    })?;
    json.end().map_err(|_| RequestFault {
        field: String::new(),
        what: "there is more than one JSON value".to_owned(),
    })?;
    Ok(read)
}
