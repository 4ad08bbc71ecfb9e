//! The saved session: one file of mode 0600 for each server and client code.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use smartapi::rest::Tokens;

use super::tokens::SessionTokens;
use crate::clock::Wall;
use crate::state::{StateError, StateFolder};

/// Three tokens of a few hundred bytes fit many times.
const LARGEST: u64 = 64 * 1024;
const OTHERS: u32 = 0o077;

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

impl SessionFile {
    pub(super) fn new(state: &StateFolder, server: String, client_code: String) -> Self {
        let folder = state.path().to_path_buf();
        let name = format!("session_{}_{}.json", file_part(&server), file_part(&client_code));
        Self { path: folder.join(name), folder, server, client_code }
    }

    /// Reads the session back.
    ///
    /// Errors: [`StateError`] if others could have read or changed it. Damage is no error.
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

    /// Opens the file if it is a plain one that only its owner can use; none if it is absent.
    fn open(&self) -> Result<Option<File>, StateError> {
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.failed("look at", cause)),
        };
        if !found.is_file() {
            return Err(StateError::NotAFile { path: self.path.clone() });
        }
        let file = File::open(&self.path).map_err(|cause| {
            // Without any right of the owner the hint about the mode is the useful one.
            self.too_open(&found).unwrap_or_else(|| self.failed("open", cause))
        })?;
        let opened = file.metadata().map_err(|cause| self.failed("look at", cause))?;
        if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
            return Err(StateError::NotAFile { path: self.path.clone() });
        }
        match self.too_open(&opened) {
            Some(error) => Err(error),
            None => Ok(Some(file)),
        }
    }

    fn too_open(&self, file: &Metadata) -> Option<StateError> {
        let mode = file.permissions().mode() & 0o7777;
        (mode & OTHERS != 0).then(|| StateError::TooOpen { path: self.path.clone(), mode })
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
        self.replace(&content).map_err(|cause| self.failed("write", cause))
    }

    fn replace(&self, content: &Content) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
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

/// Makes `text` part of a file name such that two texts never give the same.
fn file_part(text: &str) -> String {
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
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn file_in(folder: &Path) -> SessionFile {
        SessionFile::new(&StateFolder::at(folder.join("state")), "host:1".into(), "A1".into())
    }

    fn tokens() -> SessionTokens {
        let wire = Tokens {
            jwt: "Bearer jwt1".into(),
            refresh: "refresh1".into(),
            feed: "feed1".into(),
            state: None,
        };
        SessionTokens::from_wire(&wire, Wall(7)).expect("fit")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o7777
    }

    fn refusal(file: &SessionFile) -> StateError {
        match file.load() {
            Err(error) => error,
            Ok(_) => panic!("the file was read"),
        }
    }

    #[test]
    fn a_saved_session_is_for_its_owner_alone_and_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_in(folder.path());
        assert!(matches!(file.load(), Ok(Saved::Nothing)));
        for _ in 0..2 {
            file.save(&tokens()).expect("saves, and replaces");
        }
        assert_eq!((mode(&file.path), mode(&file.folder)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&file.folder).expect("lists").count(), 1, "no leftovers");
        let Ok(Saved::Session(back)) = file.load() else { panic!("a session") };
        assert_eq!(back.jwt.expose_secret(), "jwt1");
        assert_eq!(back.since, Wall(7));
        file.remove().expect("removes");
        file.remove().expect("is already gone");
        assert!(matches!(file.load(), Ok(Saved::Nothing)));
    }

    #[test]
    fn a_file_that_others_can_use_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_in(folder.path());
        file.save(&tokens()).expect("saves");
        for open in [0o644, 0o640, 0o602, 0o610] {
            fs::set_permissions(&file.path, fs::Permissions::from_mode(open)).expect("sets");
            let error = refusal(&file);
            assert!(error.to_string().contains(&format!("{open:04o}")), "{error}");
            assert!(error.hint().contains("chmod 600"), "{}", error.hint());
        }
    }

    #[test]
    fn a_link_or_a_folder_in_its_place_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_in(folder.path());
        file.save(&tokens()).expect("saves");
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&file.path, &elsewhere).expect("moves");
        symlink(&elsewhere, &file.path).expect("links");
        assert!(matches!(refusal(&file), StateError::NotAFile { .. }));
        fs::remove_file(&file.path).expect("removes");
        fs::create_dir(&file.path).expect("makes");
        assert!(refusal(&file).hint().contains("rm "));
    }

    #[test]
    fn a_damaged_or_foreign_file_is_known_as_such() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_in(folder.path());
        file.save(&tokens()).expect("saves");
        let whole = fs::read(&file.path).expect("reads");
        for length in 0..whole.len() {
            fs::write(&file.path, &whole[..length]).expect("cuts");
            assert!(matches!(file.load(), Ok(Saved::Damaged)), "cut at {length}");
        }
        let foreign = String::from_utf8(whole).expect("text").replace("host:1", "host:2");
        fs::write(&file.path, foreign).expect("writes");
        assert!(matches!(file.load(), Ok(Saved::Damaged)));
    }

    #[test]
    fn no_two_accounts_share_a_file_and_none_leaves_the_folder() {
        let state = StateFolder::at("/s");
        let path = |server: &str, code: &str| {
            SessionFile::new(&state, server.to_owned(), code.to_owned()).path
        };
        assert_eq!(path("h:1", "A1"), Path::new("/s/session_h%3a1_A1.json"));
        assert_ne!(path("h_1", "A"), path("h", "1_A"));
        assert_ne!(path("h", "A/1"), path("h", "A%2f1"));
        assert_eq!(path("h", "../../x").parent(), Some(Path::new("/s")));
    }
}
