//! How a command ends: its exit status, and what a person is told when it did not work.

use std::fmt;

/// The exit statuses of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, and all targets met.
    Done = 0,
    /// A target was missed, or a comparison found a regression.
    TargetMissed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The measurement is incomplete.
    Incomplete = 3,
    /// Feed or broker failed.
    Feed = 4,
    /// A recording is unreadable.
    Data = 5,
    /// Ended by SIGINT or SIGTERM; what was seen is reported.
    Interrupted = 130,
}

impl Status {
    /// The more important of two, where several apply: 2, 130, 4, 5, 3, 1, 0.
    pub(crate) fn or(self, other: Self) -> Self {
        let order = [
            Self::Usage,
            Self::Interrupted,
            Self::Feed,
            Self::Data,
            Self::Incomplete,
            Self::TargetMissed,
            Self::Done,
        ];
        order.into_iter().find(|status| *status == self || *status == other).unwrap_or(self)
    }
}

/// Why a command did not work, in the two parts of every message.
#[derive(Debug)]
pub struct Failure {
    pub(crate) status: Status,
    what: String,
    hint: String,
}

impl Failure {
    /// What went wrong, and what to do about it.
    pub(crate) fn new(status: Status, what: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { status, what: what.to_string(), hint: hint.into() }
    }

    /// Wrong usage or configuration.
    pub(crate) fn usage(what: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self::new(Status::Usage, what, hint)
    }

    /// What went wrong, without what to do about it.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "\nhint: {}", self.hint) }
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn of_several_statuses_the_first_in_the_documented_order_is_given() {
        assert_eq!(Status::Incomplete.or(Status::Interrupted), Status::Interrupted);
        assert_eq!(Status::Done.or(Status::TargetMissed), Status::TargetMissed);
        assert_eq!(Status::Feed.or(Status::Incomplete), Status::Feed);
        assert_eq!(Status::Usage.or(Status::Interrupted), Status::Usage);
    }
}
