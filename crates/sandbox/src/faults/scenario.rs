//! A scenario: what goes wrong, in which order, and how slow everything is.

use serde::Deserialize;

use super::latency::{Latencies, Latency};
use super::step::Step;

/// What goes wrong in a run; the default is nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What the latencies are drawn by.
    pub(crate) seed: u64,
    #[serde(rename = "fault")]
    pub(crate) steps: Vec<Step>,
    pub(crate) latency: Latencies,
}

/// Why a text is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct ScenarioError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What was wrong, and what is allowed.
    pub what: String,
}

impl ScenarioError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "`myquant sandbox --help` lists every fault with its keys, and shows a scenario"
    }
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// Errors: [`ScenarioError`] for the first thing that is wrong, with its place.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or(text);
            ScenarioError {
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|letter| *letter != '\n').count() + 1,
                what: error.message().to_owned(),
            }
        })
    }

    /// The scenario with another latency of REST answers.
    #[must_use]
    pub fn with_rest_latency(mut self, latency: Latency) -> Self {
        self.latency.rest = Some(latency);
        self
    }

    /// The scenario with another latency of packets and order updates.
    #[must_use]
    pub fn with_stream_latency(mut self, latency: Latency) -> Self {
        self.latency.stream = Some(latency);
        self
    }

    /// The scenario with one more step at its end.
    #[must_use]
    pub fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
