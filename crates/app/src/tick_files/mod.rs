//! Tick files for replay: CSV, CSV in gzip, and Parquet, read in batches and in the order of their time.

mod csv;
mod parquet;
mod plan;
mod progress;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Cursor, Read as _};
use std::path::Path;

use engine::tick_path::feed::RawTick;
use engine::units::Zone;

use crate::failure::{Failure, Status};
use csv::CsvFile;
use parquet::ParquetFile;

pub(crate) use parquet::sound;
pub(crate) use plan::Plan;
pub(crate) use progress::Progress;

/// The most ticks of one batch: few enough to stay in the cache between their reader and their user.
const BATCH_TICKS: usize = 2048;

/// What a row does whose time, price or volume is unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadRows {
    /// It becomes a tick that says so, and the engine counts it.
    Count,
    /// It ends the run, named by file and line.
    Refuse,
}

/// An open tick file.
pub(crate) enum TickFile {
    Csv(Box<CsvFile>),
    Parquet(Box<ParquetFile>),
}

/// Opens a tick file; its first bytes say what it is, whatever its name.
///
/// Errors: status 5 if it cannot be read or lacks a column.
pub(crate) fn open(path: &Path, zone: Zone, bad_rows: BadRows) -> Result<TickFile, Failure> {
    let name = path.display().to_string();
    let read = || -> io::Result<(File, Vec<u8>)> {
        let file = File::open(path)?;
        let mut start = Vec::new();
        (&file).take(4).read_to_end(&mut start)?;
        Ok((file, start))
    };
    let (file, start) = read().map_err(|error| unreadable(&name, &error))?;
    if start == b"PAR1" {
        return Ok(TickFile::Parquet(Box::new(ParquetFile::open(name, file, zone, bad_rows)?)));
    }
    let gzip = start.starts_with(&[0x1F, 0x8B]);
    let bytes = Cursor::new(start).chain(file);
    let source = if gzip { csv::Source::gzip(bytes) } else { csv::Source::plain(bytes) };
    Ok(TickFile::Csv(Box::new(CsvFile::open(name, source, zone, bad_rows)?)))
}

impl TickFile {
    /// Replaces the batch by the next ticks in the order of the file; false at its end.
    ///
    /// Errors: status 5 if the file cannot be read further, or for a bad row that is refused.
    pub(crate) fn read(&mut self, batch: &mut Vec<RawTick>) -> Result<bool, Failure> {
        batch.clear();
        match self {
            Self::Csv(file) => file.read(batch),
            Self::Parquet(file) => file.read(batch),
        }
    }

    /// How many bytes of the file are behind the ticks that were read.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Csv(file) => file.bytes(),
            Self::Parquet(file) => file.bytes(),
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let what = format!("cannot read the recording {name}: {error}");
    Failure::new(Status::Data, what, "check the file's name and rights")
}
