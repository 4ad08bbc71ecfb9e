//! Why a recording cannot be read.

use std::io;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Status};

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordingError {
    #[error("cannot read the recording {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("the recording {} is damaged: {what}", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("{} is no recording of this program: it lacks the key myquant.recording", .0.display())]
    Foreign(PathBuf),
    #[error("cannot read this form of recording, {}: {what}", path.display())]
    UnknownForm { path: PathBuf, what: String },
    #[error("the recording {} lacks its part {part}", folder.display())]
    MissingPart { folder: PathBuf, part: String },
    #[error("the recording {} holds no complete part, {unfinished} unfinished", folder.display())]
    NoPart { folder: PathBuf, unfinished: usize },
    #[error("{} is a recording of {found}, the first is of {expected}", path.display())]
    OtherInstrument { path: PathBuf, found: String, expected: String },
}

impl RecordingError {
    pub(super) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), error }
    }

    pub(super) fn damaged(path: &Path, what: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.to_string() }
    }

    /// What to do about it.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "check its name and rights",
            Self::Damaged { .. } => {
                "copy it again from where it was recorded; a run that was killed leaves a folder \
                 of complete parts beside it, whose name ends in .parquet.parts"
            }
            Self::Foreign(_) => "give a file that a run of `myquant` recorded",
            Self::UnknownForm { .. } => "read it with the version of `myquant` that recorded it",
            Self::MissingPart { .. } => {
                "put the part back; each part is a recording and can be replayed by itself"
            }
            Self::NoPart { .. } => {
                "nothing can be replayed: the run was killed before its first part was complete"
            }
            Self::OtherInstrument { .. } => "replay the recordings of one instrument at a time",
        }
    }
}

impl From<RecordingError> for Failure {
    fn from(error: RecordingError) -> Self {
        let status = match error {
            RecordingError::OtherInstrument { .. } => Status::Usage,
            _ => Status::Data,
        };
        Self::new(status, &error, error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_names_its_file_and_ends_with_the_next_step() {
        let path = PathBuf::from("a-file.parquet");
        let text = "a text".to_owned();
        let examples = [
            RecordingError::unreadable(&path, io::Error::other("why")),
            RecordingError::damaged(&path, "why"),
            RecordingError::Foreign(path.clone()),
            RecordingError::UnknownForm { path: path.clone(), what: text.clone() },
            RecordingError::MissingPart { folder: path.clone(), part: text.clone() },
            RecordingError::NoPart { folder: path.clone(), unfinished: 1 },
            RecordingError::OtherInstrument { path, found: text.clone(), expected: text },
        ];
        for error in examples {
            assert!(error.to_string().contains("a-file.parquet"), "{error}");
            assert!(!error.hint().is_empty(), "{error}");
            assert_ne!(Failure::from(error).status, Status::Done);
        }
    }
}
