//! The HTTP/1.1 upgrade that opens the stream: the request we send and the answer we check.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

/// The longest answer head that is accepted, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The most headers that are accepted in an answer.
const MAX_HEADERS: usize = 64;
/// The longest part of the broker's own words that is kept, in characters.
const MAX_MESSAGE: usize = 200;
/// RFC 6455 section 1.3: what the server appends to our key before hashing it.
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The secrets of the four headers; not printable.
///
/// Source: SmartAPI "WebSocket Streaming 2.0", connection headers.
#[derive(Clone, Copy)]
pub struct Auth<'a> {
    /// Sent as `x-api-key`.
    pub api_key: &'a str,
    /// Sent as `x-client-code`.
    pub client_code: &'a str,
    /// Sent as `Authorization: Bearer …`; given without the word Bearer.
    pub jwt: &'a str,
    /// Sent as `x-feed-token`.
    pub feed_token: &'a str,
}

/// Where to upgrade.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Host, with the port if it is not the scheme's own.
    pub host: &'a str,
    /// Path with query, beginning with a slash.
    pub path: &'a str,
}

/// The server's refusal to upgrade: its status and its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, such as 401.
    pub status: u16,
    /// The header `x-error-message`: printable, at most 200 characters.
    pub message: Option<String>,
}

impl Refusal {
    /// Whether other tokens may help: 401 and 403.
    #[must_use]
    pub const fn is_about_tokens(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// Whether the account has too many connections: 429.
    #[must_use]
    pub const fn is_too_many(&self) -> bool {
        self.status == 429
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.status {
            401 => {
                "log in again: the tokens end at midnight and at each logout; if it stays, check \
                 that API_KEY and CLIENT_ID belong to the same account"
            }
            403 => {
                "check that the API key is active at smartapi.angelone.in and is meant for this \
                 client code; if the broker's firewall refused, wait a minute and try again"
            }
            429 => {
                "close other programs of this account: all share its 3 stream connections; or wait: \
                 a place comes free once the server has noticed that a connection is dead, and the \
                 next attempt is made after the cool-down"
            }
            400..500 => "check the stream's address: host, port and path",
            500.. => "the broker's server is at fault; the next attempt is made after a pause",
            _ => "check that the address is that of the stream, and that no proxy answers for it",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.status {
            401 => "an access token is wrong or has expired",
            403 => "this account may not open the stream",
            429 => {
                "too many connections: a client code may hold 3, all its API keys together, and stale \
                 ones count until the server notices"
            }
            400..500 => "the server does not know this request",
            500.. => "the server has a fault",
            _ => "the server did not upgrade, status 101 was expected",
        };
        write!(f, "stream refused with status {}: {meaning}", self.status)?;
        match &self.message {
            Some(message) => write!(f, " (server: {message})"),
            None => Ok(()),
        }
    }
}

/// Why an upgrade did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// A value of ours cannot stand in a header.
    #[error("{header} has a character that a header cannot carry")]
    Unsendable {
        /// The header's name.
        header: &'static str,
    },
    /// The server answered with another status than 101.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer is not HTTP/1.1.
    #[error("the answer is not HTTP: {0}")]
    NotHttp(httparse::Error),
    /// The answer's head does not end.
    #[error("the answer's head was {was} bytes without an end, at most {MAX_HEAD} are read")]
    Endless {
        /// How many bytes have come.
        was: usize,
    },
    /// Status 101, but a header is missing or wrong.
    #[error("status 101 with header {header} missing or wrong")]
    Header {
        /// The header's name.
        header: &'static str,
    },
}

impl UpgradeError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unsendable { .. } => {
                "look for a line break or a blank in the credentials and log in again"
            }
            Self::Refused(refusal) => refusal.hint(),
            Self::NotHttp(_) | Self::Endless { .. } => {
                "check the stream's address: wss:// for TLS, ws:// for plain, and the port"
            }
            Self::Header { .. } => {
                "a proxy between here and the broker may not pass WebSockets; try another network"
            }
        }
    }
}

/// The bytes of the upgrade request.
///
/// `nonce` are sixteen random bytes, the same that [`answer`] is given.
///
/// Errors: [`UpgradeError::Unsendable`] if a value has a character that is not visible ASCII.
/// Source: RFC 6455 section 4.1; SmartAPI "WebSocket Streaming 2.0", connection headers.
pub fn request(
    target: Target<'_>,
    auth: Auth<'_>,
    nonce: [u8; 16],
) -> Result<Vec<u8>, UpgradeError> {
    let key = BASE64.encode(nonce);
    let parts = [
        ("path", "GET ", target.path),
        ("Host", " HTTP/1.1\r\nHost: ", target.host),
        (
            "Sec-WebSocket-Key",
            "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: ",
            &key,
        ),
        ("Authorization", "\r\nAuthorization: Bearer ", auth.jwt),
        ("x-api-key", "\r\nx-api-key: ", auth.api_key),
        ("x-client-code", "\r\nx-client-code: ", auth.client_code),
        ("x-feed-token", "\r\nx-feed-token: ", auth.feed_token),
    ];
    let mut out = Vec::with_capacity(1024);
    for (header, before, value) in parts {
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UpgradeError::Unsendable { header });
        }
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    out.extend_from_slice(b"\r\n\r\n");
    Ok(out)
}

/// Checks the answer in `bytes`; the length of its head, or `None` if more is to be read.
///
/// What follows the head are frames already.
///
/// Errors: any [`UpgradeError`] but `Unsendable`.
/// Source: RFC 6455 section 4.1, checks 1 to 6; the header `x-error-message` from SmartAPI.
pub fn answer(bytes: &[u8], nonce: [u8; 16]) -> Result<Option<usize>, UpgradeError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let len = match response.parse(bytes).map_err(UpgradeError::NotHttp)? {
        httparse::Status::Complete(len) => len,
        httparse::Status::Partial if bytes.len() > MAX_HEAD => {
            return Err(UpgradeError::Endless { was: bytes.len() });
        }
        httparse::Status::Partial => return Ok(None),
    };
    let status = response.code.unwrap_or_default();
    if status != 101 {
        let message = header(response.headers, "x-error-message").and_then(printable);
        return Err(UpgradeError::Refused(Refusal { status, message }));
    }
    check(response.headers, nonce).map(|()| Some(len))
}

fn check(headers: &[httparse::Header<'_>], nonce: [u8; 16]) -> Result<(), UpgradeError> {
    let has_word = |name: &'static str, word: &str| {
        // A list may be spread over several headers of the name.
        let mut words = all(headers, name).flat_map(|value| value.split(','));
        let found = words.any(|part| part.trim().eq_ignore_ascii_case(word));
        if found { Ok(()) } else { Err(UpgradeError::Header { header: name }) }
    };
    has_word("Upgrade", "websocket")?;
    has_word("Connection", "upgrade")?;
    if header(headers, "Sec-WebSocket-Accept") != Some(accept_key(nonce).as_str()) {
        return Err(UpgradeError::Header { header: "Sec-WebSocket-Accept" });
    }
    for name in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"] {
        if all(headers, name).any(|value| !value.is_empty()) {
            return Err(UpgradeError::Header { header: name });
        }
    }
    Ok(())
}

/// What the server must answer to our key.
fn accept_key(nonce: [u8; 16]) -> String {
    let key = BASE64.encode(nonce);
    BASE64.encode(Sha1::new().chain_update(key).chain_update(ACCEPT_SUFFIX).finalize())
}

fn header<'h>(headers: &[httparse::Header<'h>], name: &'static str) -> Option<&'h str> {
    all(headers, name).next()
}

fn all<'h>(headers: &[httparse::Header<'h>], name: &'static str) -> impl Iterator<Item = &'h str> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.filter_map(|header| std::str::from_utf8(header.value).ok().map(str::trim))
}

/// The server's words without control characters and not too long; `None` if nothing is left.
fn printable(words: &str) -> Option<String> {
    let clean: String = words.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect();
    let trimmed = clean.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests;
