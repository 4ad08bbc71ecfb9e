//! The folder for what outlives a run.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The folder in which sessions and the list of instruments are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFolder(PathBuf);

impl StateFolder {
    /// A folder of the caller's choice, such as the temporary one of a run on the sandbox.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The user's own: `$XDG_STATE_HOME/myquant`, else `~/.local/state/myquant`.
    ///
    /// Errors: [`StateError::NoHome`] when neither is known.
    pub fn of_user(environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, StateError> {
        // A relative path is to be ignored, says the XDG base directory specification.
        let absolute =
            |name| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        base.map(|base| Self(base.join("myquant"))).ok_or(StateError::NoHome)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Why a session could not be kept or read back.
#[derive(Debug, Error)]
pub enum StateError {
    #[error("there is no folder for the session: neither XDG_STATE_HOME nor HOME is set to one")]
    NoHome,
    #[error(
        "the session file {} can be used by others: its mode was {mode:04o} and must be 0600",
        path.display()
    )]
    TooOpen { path: PathBuf, mode: u32 },
    #[error(
        "{} belongs to user {owner}, and this program runs as user {user}",
        path.display()
    )]
    NotYours { path: PathBuf, owner: u32, user: u32 },
    #[error(
        "the session folder {} can be changed by others: its mode was {mode:04o} and must not let \
         group or others write",
        path.display()
    )]
    OpenFolder { path: PathBuf, mode: u32 },
    #[error(
        "the session file {} is not a plain file but a link, a folder or a device",
        path.display()
    )]
    NotAFile { path: PathBuf },
    #[error("could not {action} {}: {cause}", path.display())]
    Io { action: &'static str, path: PathBuf, cause: io::Error },
}

impl StateError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoHome => "set HOME, or XDG_STATE_HOME to a folder of your own".to_owned(),
            Self::TooOpen { path, .. } => format!(
                "if others use this machine run `rm '{0}'` for a fresh login, else run \
                 `chmod 600 '{0}'`",
                path.display()
            ),
            Self::NotYours { path, owner, .. } => format!(
                "run this program as user {owner} if that is you, or set XDG_STATE_HOME to a \
                 folder of your own; if you did not make {}, look at who put it there",
                path.display()
            ),
            Self::OpenFolder { path, .. } => format!(
                "if others use this machine remove what you do not know there, then run \
                 `chmod 700 '{}'`",
                path.display()
            ),
            Self::NotAFile { path } => format!(
                "look at what put it there, then remove it with `rm '{}'`; a fresh login follows",
                path.display()
            ),
            Self::Io { path, .. } => format!(
                "check the rights and the free space of {}, or set XDG_STATE_HOME to another \
                 folder",
                path.parent().unwrap_or(path).display()
            ),
        }
    }
}

/// Makes `text` part of a file name such that two texts never give the same.
pub(crate) fn file_part(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02x}"));
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_folder_follows_the_xdg_rule() {
        let found = |pairs: &'static [(&str, &str)]| {
            StateFolder::of_user(&move |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let folder = found(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).expect("a folder");
        assert_eq!(folder, StateFolder::at("/s/myquant"));
        let folder = found(&[("XDG_STATE_HOME", "rel"), ("HOME", "/h")]).expect("a folder");
        assert_eq!(folder, StateFolder::at("/h/.local/state/myquant"));
        assert!(matches!(found(&[]), Err(StateError::NoHome)));
    }
}
