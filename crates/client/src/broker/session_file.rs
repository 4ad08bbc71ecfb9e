//! The saved session: one file of mode 0600 for each server and client code.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use smartapi::rest::Tokens;

use super::tokens::SessionTokens;
use crate::clock::Wall;
use crate::state::{StateError, StateFolder, file_part};

/// Three tokens of a few hundred bytes fit many times.
const LARGEST: u64 = 64 * 1024;
const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const ROOT: u32 = 0;

/// Where the session of one account on one server is kept.
#[derive(Debug)]
pub(super) struct SessionFile {
    folder: PathBuf,
    path: PathBuf,
    server: String,
    client_code: String,
}

/// What the file held.
pub(super) enum Saved {
    Nothing,
    /// Not a session of this server and account; to be replaced.
    Damaged,
    Session(SessionTokens),
}

/// The file's content. Plain text by nature, hence without `Debug`.
#[derive(Serialize, Deserialize)]
struct Content {
    server: String,
    client_code: String,
    saved_ms: u64,
    tokens: Tokens,
}

/// Who can use a file or a folder.
#[derive(Clone, Copy)]
struct Rights {
    owner: u32,
    mode: u32,
}

impl Rights {
    fn of(found: &Metadata) -> Self {
        Self { owner: found.uid(), mode: found.permissions().mode() & 0o7777 }
    }

    /// Whether only `user` can have written, and can read, the file at `path`.
    fn check_file(self, path: &Path, user: u32) -> Result<(), StateError> {
        let Self { owner, mode } = self;
        if owner != user {
            return Err(StateError::NotYours { path: path.to_path_buf(), owner, user });
        }
        if mode & OTHERS != 0 {
            return Err(StateError::TooOpen { path: path.to_path_buf(), mode });
        }
        Ok(())
    }

    /// Whether only `user` and root can put files into the folder at `path`, or take them away.
    fn check_folder(self, path: &Path, user: u32) -> Result<(), StateError> {
        let Self { owner, mode } = self;
        if ![user, ROOT].contains(&owner) {
            return Err(StateError::NotYours { path: path.to_path_buf(), owner, user });
        }
        if mode & OTHERS_WRITE != 0 {
            return Err(StateError::OpenFolder { path: path.to_path_buf(), mode });
        }
        Ok(())
    }
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

impl SessionFile {
    pub(super) fn new(state: &StateFolder, server: String, client_code: String) -> Self {
        let folder = state.path().to_path_buf();
        let name = format!("session_{}_{}.json", file_part(&server), file_part(&client_code));
        Self { path: folder.join(name), folder, server, client_code }
    }

    /// Reads the session back.
    ///
    /// Errors: [`StateError`] if others could have read, changed or replaced it. Damage is no error.
    pub(super) fn load(&self) -> Result<Saved, StateError> {
        let Some(file) = self.open()? else { return Ok(Saved::Nothing) };
        let mut text = Vec::new();
        file.take(LARGEST).read_to_end(&mut text).map_err(|cause| self.failed("read", cause))?;
        let content = serde_json::from_slice(&text).ok().filter(|content: &Content| {
            content.server == self.server && content.client_code == self.client_code
        });
        let tokens = content
            .and_then(|content| SessionTokens::from_wire(&content.tokens, Wall(content.saved_ms)));
        Ok(tokens.map_or(Saved::Damaged, Saved::Session))
    }

    /// Opens the file if it is a plain one that only this user can use; none if it is absent.
    fn open(&self) -> Result<Option<File>, StateError> {
        match fs::metadata(&self.folder) {
            Ok(folder) => Rights::of(&folder).check_folder(&self.folder, user())?,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.failed("look at", cause)),
        }
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.failed("look at", cause)),
        };
        if !found.is_file() {
            return Err(StateError::NotAFile { path: self.path.clone() });
        }
        // Before it is opened, which may fail for the same reason with a poorer hint.
        Rights::of(&found).check_file(&self.path, user())?;
        let file = File::open(&self.path).map_err(|cause| self.failed("open", cause))?;
        let opened = file.metadata().map_err(|cause| self.failed("look at", cause))?;
        if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
            return Err(StateError::NotAFile { path: self.path.clone() });
        }
        Ok(Some(file))
    }

    /// Replaces the file in one step; nobody else can read it at any moment.
    pub(super) fn save(&self, tokens: &SessionTokens) -> Result<(), StateError> {
        let content = Content {
            server: self.server.clone(),
            client_code: self.client_code.clone(),
            saved_ms: tokens.since.0,
            tokens: Tokens {
                jwt: tokens.jwt.expose_secret().to_owned(),
                refresh: tokens.refresh.expose_secret().to_owned(),
                feed: tokens.feed.expose_secret().to_owned(),
                state: None,
            },
        };
        let folder = self.folder().map_err(|cause| self.failed("make the folder of", cause))?;
        folder.check_folder(&self.folder, user())?;
        self.replace(&content).map_err(|cause| self.failed("write", cause))
    }

    /// Makes the folder if there is none, and looks at it.
    fn folder(&self) -> io::Result<Rights> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        fs::metadata(&self.folder).map(|found| Rights::of(&found))
    }

    fn replace(&self, content: &Content) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".session")
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(content)?)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// Forgets the session.
    pub(super) fn remove(&self) -> Result<(), StateError> {
        match fs::remove_file(&self.path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("remove", cause))
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, action: &'static str, cause: io::Error) -> StateError {
        StateError::Io { action, path: self.path.clone(), cause }
    }
}

#[cfg(test)]
mod tests;
