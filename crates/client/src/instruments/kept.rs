//! The kept list: one line that says what it is, then the index, in a file of each server's own.

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use smartapi::instruments::Index;

use super::download::LARGEST;
use crate::clock::Wall;
use crate::servers::ListServer;
use crate::state::{StateError, StateFolder, file_part};

/// Changes when the first line does; the index has a mark of its own.
const SCHEMA: u32 = 1;

/// How long an old list that was served as new is used before a newer one is asked for. 30 min.
const ASK_AGAIN_MS: u64 = 30 * 60 * 1000;

/// Where the list of one server is kept.
pub(super) struct KeptFile {
    folder: PathBuf,
    path: PathBuf,
    source: String,
}

/// A list that was kept.
pub(super) struct Kept {
    pub(super) index: Index,
    pub(super) fetched: Wall,
}

impl Kept {
    /// Whether it is the trading day's; one from the future is none to rely on, and an old one that
    /// was served as new is asked for again after a while.
    pub(super) fn is_fresh(&self, now: Wall) -> bool {
        let is_new = || self.index.made_by(now.last_list_due().day()).is_none();
        let is_recent = || now.0 - self.fetched.0 < ASK_AGAIN_MS;
        (now.last_list_due()..=now).contains(&self.fetched) && (is_recent() || is_new())
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    schema: u32,
    source: String,
    fetched_ms: u64,
    rows: usize,
    bytes: usize,
    sha256: String,
}

impl KeptFile {
    pub(super) fn new(state: &StateFolder, server: &ListServer) -> Self {
        let folder = state.path().to_path_buf();
        let path = folder.join(format!("instruments_{}", file_part(&server.name())));
        Self { path, folder, source: server.url().to_string() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept; nothing if there is no file, or one from another address of the same server.
    ///
    /// Errors: why the file cannot be used.
    pub(super) fn load(&self) -> Result<Option<Kept>, String> {
        let mut bytes = Vec::new();
        let read = File::open(&self.path)
            .and_then(|file| file.take(LARGEST as u64).read_to_end(&mut bytes));
        match read {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(format!("it cannot be read: {cause}")),
            Ok(_) => {}
        }
        let end =
            bytes.iter().position(|byte| *byte == b'\n').ok_or("its first line has no end")?;
        let (head, body) = bytes.split_at(end + 1);
        let head: Head = serde_json::from_slice(head).map_err(|_| "its first line is damaged")?;
        if head.schema != SCHEMA {
            return Err(format!("its form was {} and must be {SCHEMA}", head.schema));
        }
        if head.source != self.source {
            return Ok(None);
        }
        if head.bytes != body.len() {
            return Err(format!("it has {} bytes and must have {}", body.len(), head.bytes));
        }
        if head.sha256 != checksum(body) {
            return Err("its checksum is wrong".to_owned());
        }
        let index = Index::from_bytes(body).map_err(|damaged| damaged.to_string())?;
        Ok(Some(Kept { index, fetched: Wall(head.fetched_ms) }))
    }

    /// Replaces the file in one step.
    pub(super) fn save(&self, index: &Index, fetched: Wall) -> Result<(), StateError> {
        let failed = |action: &'static str| {
            move |cause| StateError::Io { action, path: self.path.clone(), cause }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(failed("make the folder of"))?;
        self.replace(index, fetched).map_err(failed("write"))
    }

    fn replace(&self, index: &Index, fetched: Wall) -> io::Result<()> {
        let body = index.to_bytes();
        let head = Head {
            schema: SCHEMA,
            source: self.source.clone(),
            fetched_ms: fetched.0,
            rows: index.len(),
            bytes: body.len(),
            sha256: checksum(&body),
        };
        let mut file = tempfile::Builder::new().prefix(".instruments").tempfile_in(&self.folder)?;
        serde_json::to_writer(&mut file, &head)?;
        file.write_all(b"\n")?;
        file.write_all(&body)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
