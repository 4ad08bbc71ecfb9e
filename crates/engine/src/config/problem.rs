//! What is wrong with a configuration: one line per problem, all of them together.

use std::fmt;

/// Where a value stands in a file; counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name as the user gave it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column in characters.
    pub column: usize,
}

/// One thing that is wrong, with its value, the rule and the repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, if it came from a file.
    pub place: Option<Place>,
    /// The refused key, such as `risk.base_sl_points`.
    pub key: String,
    /// The value as it was written.
    pub value: String,
    /// What is allowed.
    pub rule: String,
    /// What to do.
    pub fix: String,
}

/// Names under which people write secrets into a configuration, where they do not belong.
const SECRETS: [&str; 9] = [
    "api_key",
    "client_code",
    "client_id",
    "feed_token",
    "jwt",
    "password",
    "pin",
    "smartapi_totp_secret",
    "totp_secret",
];

impl Problem {
    /// Leaves the value out where it may be a secret: errors end in logs.
    pub(super) fn without_secret(self) -> Self {
        let name = self.key.rsplit('.').next().unwrap_or_default().to_lowercase();
        let value =
            if SECRETS.contains(&name.as_str()) { "(not shown)".to_owned() } else { self.value };
        Self { value, ..self }
    }
}

impl fmt::Display for Problem {
    /// `file:line:column: key = value: rule. Fix: fix.`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}:{}:{}: ", place.file, place.line, place.column)?;
        }
        let end = if self.fix.ends_with('?') { "" } else { "." };
        write!(f, "{} = {}: {}. Fix: {}{end}", self.key, self.value, self.rule, self.fix)
    }
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
