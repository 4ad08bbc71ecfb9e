//! What can be wrong with an answer of the broker, and what to do about it.

use thiserror::Error;

use super::codes::{SESSION_DEAD, known_code};

/// Codes by which the broker says that it failed.
const FAILED: [&str; 3] = ["AB1004", "AB2000", "AB2001"];

/// Why an answer is not the wanted one.
///
/// No variant holds anything of a request, of the data of an answer, or any long word of a message,
/// so none can show a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiError {
    /// Too many calls in a window; `code` is empty for the plain-text form.
    #[error("the broker refused the call by its rate limit (HTTP {status}{})", named(.code))]
    RateLimited { status: u16, code: String },
    /// The broker's firewall blocked the path or the body; it says nothing about the login.
    #[error("the broker's firewall blocked the request (HTTP {status}, \"Request Rejected\")")]
    FirewallBlocked { status: u16 },
    /// The session is over and a login is due.
    #[error("the session is over: {code} {}", meaning(.code, .message))]
    SessionDead { code: String, message: String },
    /// The broker understood and refused; `code` may be empty.
    #[error("the broker refused: {}{}", coded(.code), meaning(.code, .message))]
    Refused { code: String, message: String },
    /// An HTTP 5xx without a reply that can be read.
    #[error("the broker's servers are in trouble (HTTP {status})")]
    Gateway { status: u16 },
    /// A reply without a body.
    #[error("the broker's reply was empty (HTTP {status})")]
    Empty { status: u16 },
    /// A reply that is not a JSON object.
    #[error(
        "the broker's reply was {content_type} of {length} bytes and not a JSON object \
         (HTTP {status})"
    )]
    NotJson { status: u16, content_type: String, length: usize },
    /// A reply that says success, with data that is not what this call gives.
    #[error("the broker's reply has another form than documented (HTTP {status}): {what}")]
    Form { status: u16, what: String },
}

impl ApiError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => {
                "wait a minute; other programs that use this account count too"
            }
            Self::FirewallBlocked { .. } => {
                "check for characters such as < > ' in what was sent; if there are none, report \
                 this as a bug"
            }
            Self::SessionDead { code, .. } | Self::Refused { code, .. } => known_code(code)
                .map_or("look the message up at smartapi.angelone.in and name the code", |known| {
                    known.cure
                }),
            Self::Gateway { .. } | Self::Empty { .. } => {
                "try again in a minute; if it stays, look for a notice at smartapi.angelone.in"
            }
            Self::NotJson { .. } => {
                "check that nothing between this machine and the broker answers in its place, such \
                 as a proxy or a login page of the network"
            }
            Self::Form { .. } => "update this program, or report the message as a bug",
        }
    }

    /// Whether the same call may succeed later unchanged, for calls that are safe to repeat.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Gateway { .. } | Self::Empty { .. })
    }

    /// Whether the broker, or something between us and it, failed and did not refuse: a login that ended
    /// so may succeed later with the same credentials.
    ///
    /// Wider than [`Self::is_retryable`], because for a stream the alternative is to end for good.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::FirewallBlocked { .. } | Self::NotJson { .. } => true,
            Self::Refused { code, .. } => FAILED.contains(&code.as_str()),
            _ => self.is_retryable(),
        }
    }

    /// Whether it was too many calls, and nothing else is wrong.
    #[must_use]
    pub const fn is_rate_limit(&self) -> bool {
        matches!(self, Self::RateLimited { .. })
    }

    /// Whether a login is due.
    #[must_use]
    pub const fn session_dead(&self) -> bool {
        matches!(self, Self::SessionDead { .. })
    }

    /// Whether the request came from an address that is not registered for the API key: worth showing
    /// the address in use, which this crate cannot know.
    #[must_use]
    pub fn is_unregistered_address(&self) -> bool {
        self.code() == Some("AG7002")
    }

    /// The broker's own code, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::RateLimited { code, .. }
            | Self::SessionDead { code, .. }
            | Self::Refused { code, .. } => Some(code.as_str()).filter(|code| !code.is_empty()),
            _ => None,
        }
    }

    /// Sorts a refusal with a code of the broker into its variant.
    pub(super) fn refusal(status: u16, code: String, message: String) -> Self {
        if status == 429 || code == "AB1021" {
            Self::RateLimited { status, code }
        } else if SESSION_DEAD.contains(&code.as_str()) {
            Self::SessionDead { code, message }
        } else {
            Self::Refused { code, message }
        }
    }
}

fn named(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(", {code}") }
}

fn coded(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!("{code} ") }
}

fn meaning(code: &str, message: &str) -> String {
    match known_code(code) {
        Some(known) => format!("{} (\"{message}\")", known.meaning),
        None => format!("\"{message}\""),
    }
}
