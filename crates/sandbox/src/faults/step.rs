//! One step of a scenario: a fault and its moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Stream};
use super::values::Route;
use super::written::Written;

/// One fault, and when it comes; read from TOML, JSON or the short form `stall@500:200ms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Step {
    pub(super) fault: Fault,
    pub(super) when: When,
    /// How often it is met from its moment on.
    pub(super) times: u64,
    pub(super) written: Written,
}

impl From<Step> for Written {
    fn from(step: Step) -> Self {
        step.written
    }
}

/// When a fault's moment has come, and which stream and requests count for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    pub(super) moment: Moment,
    pub(super) stream: Stream,
    /// `None` is every REST route.
    pub(super) route: Option<Route>,
}

/// A moment; numbers count from when the step was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Now,
    /// Since the first subscription.
    At(Duration),
    /// Since the sandbox's start.
    AfterStart(Duration),
    /// Packets of the tape, whoever got them.
    AfterPackets(u64),
    OnConnection(u64),
    OnRequest(u64),
    OnUpdate(u64),
}
