//! What can be wrong with the list of instruments, and what a person should know about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use smartapi::instruments::{Day, FileFault, Index, Intake};
use thiserror::Error;

use crate::broker::BrokerError;
use crate::clock::Wall;
use crate::state::StateError;

/// Why there is no list of instruments.
#[derive(Debug, Error)]
pub enum InstrumentsError {
    /// No whole answer from the server.
    #[error(transparent)]
    Download(#[from] BrokerError),
    /// An answer, but not the list.
    #[error("{server} answered HTTP {status} while downloading the list of instruments")]
    Status { server: String, status: u16 },
    /// The file is not taken for the list.
    #[error("{cause} (from {from})")]
    File {
        from: String,
        cause: FileFault,
        /// The list that it was compared with.
        kept: Option<PathBuf>,
    },
    /// The user's own file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    /// The list cannot be kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nothing is kept that can be used, and nothing can be had.
    #[error("{}, and {cause}", not_kept(damage))]
    Missing { damage: Option<String>, cause: Box<InstrumentsError> },
}

impl InstrumentsError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Download(error) => error.hint(),
            Self::Status { .. } => {
                "check the address; if it is the broker's, try again in a few minutes".to_owned()
            }
            Self::File { cause, kept: Some(path), .. } if is_comparison(cause) => {
                format!("{}: `rm '{}'`", cause.hint(), path.display())
            }
            Self::File { cause, .. } => cause.hint().to_owned(),
            Self::Read { .. } => {
                "give --file a scrip master that was downloaded, OpenAPIScripMaster.json".to_owned()
            }
            Self::State(error) => error.hint(),
            Self::Missing { cause, .. } => cause.hint(),
        }
    }
}

fn not_kept(damage: &Option<String>) -> String {
    let none = || "no list of instruments is kept".to_owned();
    damage.clone().unwrap_or_else(none)
}

fn days(days: u16) -> String {
    let plural = if days == 1 { "" } else { "s" };
    format!("{days} day{plural}")
}

const fn is_comparison(fault: &FileFault) -> bool {
    matches!(fault, FileFault::Shrunk { .. } | FileFault::SegmentGone { .. })
}

/// What a person should know about a list that can be used.
#[derive(Debug)]
pub enum Notice {
    /// What was kept could not be used.
    Damaged { path: PathBuf, why: String },
    /// The list is older than the trading day's; why it was not renewed, if that was tried.
    Old { fetched: String, age: String, cause: Option<InstrumentsError> },
    /// The list was served as new, and holds contracts that had expired.
    Stale { made_by: Day, age: String },
    /// Rows were left out.
    Skipped(Intake),
    /// The new list could not be kept.
    Unsaved(StateError),
}

impl Notice {
    pub(super) fn old(fetched: Wall, now: Wall, cause: Option<InstrumentsError>) -> Self {
        let hours = now.0.saturating_sub(fetched.0) / 3_600_000;
        let age = match hours {
            0..48 => format!("{hours} h"),
            _ => format!("{} days", hours / 24),
        };
        Self::Old { fetched: fetched.to_string(), age, cause }
    }

    /// What the contracts of a list say of its age on the day for which it is due.
    pub(super) fn stale(index: &Index, now: Wall) -> Option<Self> {
        let made_by = index.made_by(now.last_list_due().day())?;
        Some(Self::Stale { made_by, age: days(now.day().0.saturating_sub(made_by.0)) })
    }

    pub(super) fn skipped(intake: Intake) -> Option<Self> {
        (!intake.skipped.is_empty()).then_some(Self::Skipped(intake))
    }

    /// What the user can do about it, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Old { cause: Some(cause), .. } => Some(cause.hint()),
            Self::Old { .. } => Some("download the file again for today's list".to_owned()),
            Self::Stale { .. } => Some(
                "`myquant instruments refresh` asks for a new one; a file of your own has to be \
                 downloaded again"
                    .to_owned(),
            ),
            Self::Unsaved(error) => Some(error.hint()),
            Self::Damaged { .. } | Self::Skipped(_) => None,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { path, why } => {
                write!(out, "the kept list {} was not used: {why}", path.display())
            }
            Self::Old { fetched, age, cause } => {
                write!(out, "the list of instruments is of {fetched}, {age} old")?;
                cause.as_ref().map_or(Ok(()), |cause| write!(out, "; no newer one: {cause}"))
            }
            Self::Stale { made_by, age } => write!(
                out,
                "the list of instruments holds contracts that expired on {made_by}: it was made by \
                 then, {age} ago"
            ),
            Self::Skipped(intake) => {
                let (skipped, rows) = (intake.skipped_rows(), intake.rows);
                write!(out, "{skipped} of {rows} rows of the list were left out")?;
                let mut mark = ':';
                for skipped in &intake.skipped {
                    write!(out, "{mark} {} {}", skipped.rows, skipped.fault)?;
                    write!(out, " ({})", skipped.first)?;
                    mark = ',';
                }
                Ok(())
            }
            Self::Unsaved(error) => write!(out, "the list of instruments is not kept: {error}"),
        }
    }
}
