//! What a rule found, and the failure that lists it.

use std::fmt;

/// One breach of a rule.
#[derive(Debug)]
pub(super) struct Finding {
    /// From the project's root, with `/`.
    pub(super) path: String,
    /// From 1.
    pub(super) line: usize,
    pub(super) what: String,
    pub(super) instead: String,
}

impl Finding {
    pub(super) fn new(
        path: &str,
        line: usize,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), instead: instead.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; instead: {}", self.path, self.line, self.what, self.instead)
    }
}

/// Fails with every finding.
#[track_caller]
pub(super) fn none_of(findings: impl IntoIterator<Item = Finding>) {
    let found: Vec<String> = findings.into_iter().map(|finding| finding.to_string()).collect();
    assert!(found.is_empty(), "{} found\n{}\n", found.len(), found.join("\n"));
}

/// Fails unless exactly these lines were found.
#[track_caller]
pub(super) fn finds(findings: impl IntoIterator<Item = Finding>, lines: &[usize]) {
    let found: Vec<Finding> = findings.into_iter().collect();
    let at: Vec<usize> = found.iter().map(|finding| finding.line).collect();
    assert_eq!(at, lines, "{found:#?}");
    assert!(found.iter().all(|finding| !finding.what.is_empty() && !finding.instead.is_empty()));
}

#[test]
fn a_failure_names_file_line_and_replacement() {
    let finding = Finding::new("a/b.rs", 7, "it is long", "cut it");
    assert_eq!(finding.to_string(), "a/b.rs:7: it is long; instead: cut it");
}
