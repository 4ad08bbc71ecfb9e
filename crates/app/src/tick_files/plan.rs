//! The order of many files: by the time of their first tick.

use std::path::{Path, PathBuf};

use engine::tick_path::feed::RawTick;
use engine::units::{EventTime, Zone};

use super::{BATCH_TICKS, BadRows, TickFile, open, unreadable};
use crate::failure::Failure;

/// Which files are read, in which order.
pub(crate) struct Plan {
    files: Vec<Planned>,
    zone: Zone,
    bad_rows: BadRows,
}

struct Planned {
    path: PathBuf,
    size: u64,
}

impl Plan {
    /// Orders the files by their first readable time; files that begin together keep their order.
    ///
    /// Of many files each is opened and its beginning read, so an unreadable one is known at once; a
    /// single file is not opened here, so that it may be a pipe.
    ///
    /// Errors: status 5 for a file that is no tick file.
    pub(crate) fn of(paths: &[PathBuf], zone: Zone, bad_rows: BadRows) -> Result<Self, Failure> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let first = if paths.len() > 1 { first_time(path, zone)? } else { None };
            let size = std::fs::metadata(path)
                .map_err(|error| unreadable(&path.display().to_string(), &error))?
                .len();
            files.push((first, Planned { path: path.clone(), size }));
        }
        files.sort_by_key(|(first, _)| *first);
        let files = files.into_iter().map(|(_, file)| file).collect();
        Ok(Self { files, zone, bad_rows })
    }

    /// The files in the order of their time.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// The size of all files together.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The ticks of all files, from the first.
    pub(crate) fn ticks(&self) -> Ticks<'_> {
        Ticks { plan: self, opened: 0, file: None, passed_bytes: 0 }
    }
}

/// The time of a file's first row that has one; `None` if none has.
fn first_time(path: &Path, zone: Zone) -> Result<Option<EventTime>, Failure> {
    let mut file = open(path, zone, BadRows::Count)?;
    let mut batch = Vec::with_capacity(BATCH_TICKS);
    while file.read(&mut batch)? {
        let time = batch.iter().find_map(|tick| tick.time);
        if time.is_some() {
            return Ok(time);
        }
    }
    Ok(None)
}

/// The ticks of a plan, in batches, one file open at a time.
pub(crate) struct Ticks<'plan> {
    plan: &'plan Plan,
    opened: usize,
    file: Option<TickFile>,
    /// The size of the files that were read to their ends.
    passed_bytes: u64,
}

impl Ticks<'_> {
    /// Replaces the batch by the next ticks; false at the end of the last file.
    ///
    /// Errors: as [`open`] and [`TickFile::read`].
    pub(crate) fn read(&mut self, batch: &mut Vec<RawTick>) -> Result<bool, Failure> {
        loop {
            if let Some(file) = &mut self.file {
                if file.read(batch)? {
                    return Ok(true);
                }
                let size = self.opened.checked_sub(1).and_then(|last| self.plan.files.get(last));
                self.passed_bytes += size.map_or(0, |file| file.size);
                self.file = None;
            }
            let Some(next) = self.plan.files.get(self.opened) else { return Ok(false) };
            self.file = Some(open(&next.path, self.plan.zone, self.plan.bad_rows)?);
            self.opened += 1;
        }
    }

    /// How many bytes of [`Plan::total_bytes`] are behind the ticks that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.passed_bytes + self.file.as_ref().map_or(0, TickFile::bytes)
    }
}
