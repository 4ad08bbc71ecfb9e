//! The envelope around every REST answer: all its shapes read, and the documented ones written.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ApiError;

/// The plain text that comes with HTTP 403 when a rate limit is exceeded.
pub const RATE_LIMIT_TEXT: &str = "Access denied because of exceeding access rate";

/// The broker's usual envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope<T> {
    pub status: bool,
    pub message: String,
    pub errorcode: String,
    pub data: T,
}

impl<T> Envelope<T> {
    /// Wraps the data of a call that succeeded.
    pub fn success(data: T) -> Self {
        Self { status: true, message: "SUCCESS".to_owned(), errorcode: String::new(), data }
    }
}

impl Envelope<()> {
    /// A refusal, with null as its data.
    pub fn failure(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: false, message: message.into(), errorcode: code.into(), data: () }
    }
}

/// The envelope of the gateway in front of the broker, which refuses bad tokens by itself.
///
/// Source: SmartAPI documentation (July 2026), AG8001: camel-case `errorCode` and no `status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GatewayFailure {
    pub success: bool,
    pub message: String,
    #[serde(rename = "errorCode")]
    pub error_code: String,
    pub data: String,
}

impl GatewayFailure {
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            success: false,
            message: message.into(),
            error_code: code.into(),
            data: String::new(),
        }
    }
}

/// Reads an answer in any of the broker's shapes.
///
/// For a call whose answer has no data `T` is [`serde::de::IgnoredAny`], for one whose data may be
/// null an `Option`.
///
/// Errors: [`ApiError`], sorted by the reply and never by the HTTP status alone.
/// Source: SmartAPI documentation (July 2026) and forum; five shapes: text or HTML, the gateway's
///         envelope, the usual envelope, `"false"` and `"null"` as text, and no `status` at all.
pub fn parse_reply<T: DeserializeOwned>(
    status: u16,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<T, ApiError> {
    if body.trim_ascii().is_empty() {
        return Err(ApiError::Empty { status });
    }
    let Ok(Value::Object(mut reply)) = serde_json::from_slice(body) else {
        return Err(unreadable(status, content_type, body));
    };
    if !says_success(&reply) {
        return Err(refusal(status, &reply));
    }
    if !(200..300).contains(&status) {
        return Err(ApiError::Form { status, what: "an HTTP error that says success".to_owned() });
    }
    let data = match reply.remove("data") {
        Some(Value::String(text)) if text == "null" => Value::Null,
        Some(data) => data,
        None => Value::Null,
    };
    serde_path_to_error::deserialize(data)
        .map_err(|error| ApiError::Form { status, what: what_is_wrong(&error) })
}

/// The field that is wrong and what it should be, without the values of the body.
pub(crate) fn what_is_wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let what = without_values(&error.inner().to_string());
    let place = printable(&error.path().to_string());
    if place == "." { what } else { format!("{place}: {what}") }
}

/// Only JSON `true` is success; `status` decides where it is present.
fn says_success(reply: &Map<String, Value>) -> bool {
    reply.get("status").or_else(|| reply.get("success")) == Some(&Value::Bool(true))
}

/// Whether a reply that is no success denies beyond doubt that anything was done: it says false, and its
/// data names nothing. For text that is no JSON object, what it says decides.
#[must_use]
pub fn denies(body: &[u8]) -> bool {
    let Ok(Value::Object(reply)) = serde_json::from_slice(body) else { return true };
    says_false(&reply) && !reply.get("data").is_some_and(names_something)
}

fn says_false(reply: &Map<String, Value>) -> bool {
    match reply.get("status").or_else(|| reply.get("success")) {
        Some(Value::Bool(said)) => !said,
        Some(Value::String(said)) => said.eq_ignore_ascii_case("false"),
        _ => false,
    }
}

/// Whether there may be the id of an order or a rule in it.
fn names_something(data: &Value) -> bool {
    const IDS: [&str; 3] = ["orderid", "uniqueorderid", "id"];
    match data {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => true,
        Value::String(text) => !["", "null"].contains(&text.trim()),
        Value::Array(all) => all.iter().any(names_something),
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            (IDS.contains(&name.as_str()) || value.is_object() || value.is_array())
                && names_something(value)
        }),
    }
}

fn refusal(status: u16, reply: &Map<String, Value>) -> ApiError {
    let code = text_of(reply, &["errorcode", "errorCode"]);
    let message = text_of(reply, &["message"]);
    if is_rate_text(&message) {
        return ApiError::RateLimited { status, code };
    }
    if code.is_empty() && message.is_empty() && status >= 500 {
        return ApiError::Gateway { status };
    }
    if code.is_empty() && (200..300).contains(&status) && !says_false(reply) {
        let what = "it says neither that it succeeded nor that it did not".to_owned();
        return ApiError::Form { status, what };
    }
    ApiError::refusal(status, code, message)
}

fn unreadable(status: u16, content_type: Option<&str>, body: &[u8]) -> ApiError {
    let text = String::from_utf8_lossy(body);
    if status == 429 || is_rate_text(&text) {
        return ApiError::RateLimited { status, code: String::new() };
    }
    if text.to_ascii_lowercase().contains("request rejected") {
        return ApiError::FirewallBlocked { status };
    }
    if status >= 500 {
        return ApiError::Gateway { status };
    }
    let content_type = match content_type {
        Some(named) => printable(named),
        None => "content of no stated type".to_owned(),
    };
    ApiError::NotJson { status, content_type, length: body.len() }
}

/// The two wordings of the rate limit; other 403 texts are about rights.
fn is_rate_text(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("exceeding access rate") || text.contains("exceeding rate limit")
}

fn text_of(reply: &Map<String, Value>, names: &[&str]) -> String {
    let found = names.iter().filter_map(|name| reply.get(*name)).find_map(|value| match value {
        Value::String(text) if !text.is_empty() => Some(printable(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// Foreign text made fit for one line; a word as long as a token is left out.
pub(crate) fn printable(text: &str) -> String {
    const LONGEST_WORD: usize = 30;
    const MOST_WORDS: usize = 40;
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let words = words.filter(|word| !word.is_empty()).take(MOST_WORDS);
    let words = words.map(|word| if word.len() > LONGEST_WORD { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// A serde message without the values of the reply, which may be tokens, and without places in it.
fn without_values(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(what, _)| what);
    if message.starts_with("missing field") {
        return message.to_owned();
    }
    match message.rsplit_once("expected ") {
        Some((_, wanted)) => format!("the data is not {wanted}"),
        None => "the data is not what this call gives".to_owned(),
    }
}

#[cfg(test)]
mod tests;
