//! Why a benchmark could not be made, in the two parts of every message.

use std::fmt;

/// What went wrong, and what to do about it.
#[derive(Debug)]
pub struct Fault {
    what: String,
    hint: String,
}

impl Fault {
    /// A fault and what to do about it.
    pub fn new(what: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { what: what.to_string(), hint: hint.into() }
    }

    /// For `map_err`: what was being done, and what to do if it fails.
    pub fn doing<E: fmt::Display>(doing: &'static str, hint: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::new(format!("{doing}: {error}"), hint)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\nhint: {}", self.what, self.hint)
    }
}

impl std::error::Error for Fault {}

#[test]
fn a_fault_says_what_was_wrong_and_what_to_do() {
    let fault = Fault::doing("opening the tape", "free some space")("the disk is full");
    assert_eq!(
        fault.to_string(),
        "error: opening the tape: the disk is full\nhint: free some space"
    );
}
