//! The list of instruments: kept from the day's first use on, and renewed each trading day.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use smartapi::instruments::{Day, Index, parse};

use crate::clock::{Clock, Wall};
use crate::servers::ListServer;
use crate::state::StateFolder;
use kept::{Kept, KeptFile};

mod download;
mod error;
mod kept;

pub use error::{InstrumentsError, Notice};

/// The broker's list of instruments, and where and when it came from.
pub struct Instruments {
    pub index: Index,
    /// The address that it was downloaded from, or the file.
    pub source: String,
    fetched: Wall,
    /// What a person should know about it.
    pub notices: Vec<Notice>,
}

impl Instruments {
    /// The kept list; a new one if the kept one is older than 08:30 IST of the last weekday, or was old
    /// when it was served and that is half an hour ago, which is then kept. If no new one can be had the kept one is given, and a notice says why and how old
    /// it is.
    ///
    /// Errors: [`InstrumentsError::Missing`] if there is neither.
    pub async fn open(server: &ListServer, state: &StateFolder) -> Result<Self, InstrumentsError> {
        Self::open_by(&Clock::System, server, state).await
    }

    /// Downloads the list whatever is kept, and keeps it.
    ///
    /// Errors: [`InstrumentsError`]; what was kept stays.
    pub async fn refresh(
        server: &ListServer,
        state: &StateFolder,
    ) -> Result<Self, InstrumentsError> {
        Self::refresh_by(&Clock::System, server, state).await
    }

    /// A scrip master that the user downloaded; its date is that of the file.
    ///
    /// Errors: [`InstrumentsError::Read`], [`InstrumentsError::File`].
    pub fn of_file(path: &Path) -> Result<Self, InstrumentsError> {
        Self::of_file_by(&Clock::System, path)
    }

    /// When it was downloaded, in seconds since 1970 UTC.
    #[must_use]
    pub const fn fetched_unix_s(&self) -> u64 {
        self.fetched.seconds()
    }

    /// When it was downloaded, for people.
    #[must_use]
    pub fn fetched(&self) -> String {
        self.fetched.to_string()
    }

    /// How many days before `today` the list was made: by the date of its download, or by the
    /// contracts in it that had expired.
    #[must_use]
    pub fn days_old(&self, today: Day) -> u16 {
        let fetched = self.fetched.day();
        let made = self.index.made_by(today).map_or(fetched, |made_by| made_by.min(fetched));
        today.0.saturating_sub(made.0)
    }

    async fn open_by(
        clock: &Clock,
        server: &ListServer,
        state: &StateFolder,
    ) -> Result<Self, InstrumentsError> {
        let file = KeptFile::new(state, server);
        let now = clock.now();
        let mut notices = Vec::new();
        let kept = match file.load() {
            Ok(Some(kept)) if kept.is_fresh(now) => {
                let mut list = Self::of_kept(kept, server);
                list.notices.extend(Notice::stale(&list.index, now));
                return Ok(list);
            }
            Ok(kept) => kept,
            Err(why) => {
                notices.push(Notice::Damaged { path: file.path().to_owned(), why });
                None
            }
        };
        match Self::download(clock, server, kept.as_ref(), &file).await {
            Ok(mut new) => {
                let unsaved = file.save(&new.index, new.fetched).err().map(Notice::Unsaved);
                notices.append(&mut new.notices);
                notices.extend(unsaved);
                Ok(Self { notices, ..new })
            }
            Err(cause) => {
                let Some(kept) = kept else {
                    let damage = notices.first().map(ToString::to_string);
                    return Err(InstrumentsError::Missing { damage, cause: Box::new(cause) });
                };
                let mut old = Self::of_kept(kept, server);
                old.notices = vec![Notice::old(old.fetched, now, Some(cause))];
                Ok(old)
            }
        }
    }

    async fn refresh_by(
        clock: &Clock,
        server: &ListServer,
        state: &StateFolder,
    ) -> Result<Self, InstrumentsError> {
        let file = KeptFile::new(state, server);
        // What is damaged is replaced, and cannot be compared with.
        let kept = file.load().unwrap_or_default();
        let new = Self::download(clock, server, kept.as_ref(), &file).await?;
        file.save(&new.index, new.fetched)?;
        Ok(new)
    }

    /// Downloads and checks a list.
    async fn download(
        clock: &Clock,
        server: &ListServer,
        kept: Option<&Kept>,
        file: &KeptFile,
    ) -> Result<Self, InstrumentsError> {
        let bytes = download::download(server).await?;
        let refused = |cause| InstrumentsError::File {
            from: server.url().to_string(),
            cause,
            kept: kept.map(|_| file.path().to_owned()),
        };
        let (index, intake) = parse(&bytes).map_err(refused)?;
        match kept {
            Some(kept) => index.check_against(&kept.index).map_err(refused)?,
            None if server.is_brokers() => index.check_whole().map_err(refused)?,
            None => {}
        }
        let (source, fetched) = (server.url().to_string(), clock.now());
        let stale = Notice::stale(&index, fetched);
        let notices = Notice::skipped(intake).into_iter().chain(stale).collect();
        Ok(Self { index, source, fetched, notices })
    }

    fn of_kept(kept: Kept, server: &ListServer) -> Self {
        let source = server.url().to_string();
        Self { index: kept.index, source, fetched: kept.fetched, notices: Vec::new() }
    }

    fn of_file_by(clock: &Clock, path: &Path) -> Result<Self, InstrumentsError> {
        let failed = |cause| InstrumentsError::Read { path: path.to_owned(), cause };
        let bytes = read(path).map_err(failed)?;
        let written = fs::metadata(path).and_then(|found| found.modified()).map_err(failed)?;
        let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
        let fetched = Wall(since.as_millis() as u64);
        let source = path.display().to_string();
        let refused = |cause| InstrumentsError::File { from: source.clone(), cause, kept: None };
        let (index, intake) = parse(&bytes).map_err(refused)?;
        let now = clock.now();
        let old = (fetched < now.last_list_due()).then(|| Notice::old(fetched, now, None));
        let old = old.or_else(|| Notice::stale(&index, now));
        let notices = Notice::skipped(intake).into_iter().chain(old).collect();
        Ok(Self { index, source, fetched, notices })
    }
}

/// The bytes of a file, up to the most that a list has.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(download::LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    if read > download::LARGEST {
        return Err(io::Error::other(format!("it is larger than {} bytes", download::LARGEST)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
