//! A CSV file, plain or in gzip, in pieces of whole lines.

use std::fs::File;
use std::io::{self, Chain, Cursor, Read};

use engine::replay::{CsvColumns, CsvRows};
use engine::tick_path::feed::RawTick;
use engine::units::Zone;
use flate2::read::MultiGzDecoder;

use super::{BATCH_TICKS, BadRows, unreadable};
use crate::failure::{Failure, Status};

/// Read at once: large enough for the system calls, small enough for the cache.
const PIECE_BYTES: usize = 256 * 1024;
/// A longer line is refused: the file is none of ticks, and lines are held whole.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Where the text comes from.
pub(super) enum Source {
    Plain(Counted),
    Gzip(Box<MultiGzDecoder<Counted>>),
}

/// A file whose first bytes were read before, and how much of it was read.
pub(super) struct Counted {
    bytes: Chain<Cursor<Vec<u8>>, File>,
    count: u64,
}

impl Source {
    pub(super) const fn plain(bytes: Chain<Cursor<Vec<u8>>, File>) -> Self {
        Self::Plain(Counted { bytes, count: 0 })
    }

    pub(super) fn gzip(bytes: Chain<Cursor<Vec<u8>>, File>) -> Self {
        Self::Gzip(Box::new(MultiGzDecoder::new(Counted { bytes, count: 0 })))
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::Plain(_) => "check the file and the disk it is on",
            Self::Gzip(_) => "the archive is cut or damaged: see `gzip --test FILE`, copy it again",
        }
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(into)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(into),
            Self::Gzip(source) => source.read(into),
        }
    }
}

/// An open CSV file.
pub(crate) struct CsvFile {
    name: String,
    source: Source,
    zone: Zone,
    bad_rows: BadRows,
    columns: CsvColumns,
    /// The lines before `unread`.
    line: u64,
    text: Text,
}

/// A piece of the file: `buffer[unread..whole]` are whole lines, up to `filled` follows part of one.
struct Text {
    buffer: Vec<u8>,
    unread: usize,
    whole: usize,
    filled: usize,
}

impl CsvFile {
    /// Reads the first piece and the header in it.
    pub(super) fn open(
        name: String,
        mut source: Source,
        zone: Zone,
        bad_rows: BadRows,
    ) -> Result<Self, Failure> {
        let mut text = Text { buffer: vec![0; PIECE_BYTES], unread: 0, whole: 0, filled: 0 };
        text.refill(&mut source, &name, 0)?;
        let rows = CsvRows::new(text.lines(), zone).map_err(|error| {
            Failure::new(Status::Data, format!("{name}: {error}"), error.hint())
        })?;
        let (columns, line, left) = (rows.columns(), rows.line(), rows.rest().len());
        text.unread = text.whole - left;
        Ok(Self { name, source, zone, bad_rows, columns, line, text })
    }

    pub(super) fn read(&mut self, batch: &mut Vec<RawTick>) -> Result<bool, Failure> {
        while batch.is_empty() {
            if self.text.lines().is_empty()
                && !self.text.refill(&mut self.source, &self.name, self.line)?
            {
                return Ok(false);
            }
            let lines = self.text.lines();
            let mut rows = CsvRows::of_lines(self.columns, lines, self.line + 1, self.zone);
            match self.bad_rows {
                BadRows::Count => batch.extend(rows.by_ref().take(BATCH_TICKS)),
                BadRows::Refuse => good_rows(&self.name, &mut rows, batch)?,
            }
            (self.line, self.text.unread) = (rows.line(), self.text.whole - rows.rest().len());
        }
        Ok(true)
    }

    pub(super) fn bytes(&self) -> u64 {
        match &self.source {
            Source::Plain(source) => source.count,
            Source::Gzip(source) => source.get_ref().count,
        }
    }
}

/// One batch of rows, up to the first bad one.
fn good_rows(name: &str, rows: &mut CsvRows<'_>, batch: &mut Vec<RawTick>) -> Result<(), Failure> {
    while batch.len() < BATCH_TICKS
        && let Some(tick) = rows.next()
    {
        let lacks = tick.time.is_none() || tick.price.is_none() || tick.volume.is_none();
        if lacks && let Some(fault) = rows.fault() {
            let what = format!("{name}:{}: {fault}", fault.line);
            return Err(Failure::new(
                Status::Data,
                what,
                "repair or delete the line, or leave --strict away: then bad rows are only counted",
            ));
        }
        batch.push(tick);
    }
    Ok(())
}

impl Text {
    /// The whole lines that are still to be read.
    fn lines(&self) -> &[u8] {
        self.buffer.get(self.unread..self.whole).unwrap_or_default()
    }

    /// Reads on until there is a whole line, or the last one without its end; false if there is none.
    fn refill(&mut self, source: &mut Source, name: &str, line: u64) -> Result<bool, Failure> {
        self.buffer.copy_within(self.whole..self.filled, 0);
        self.filled -= self.whole;
        (self.unread, self.whole) = (0, 0);
        loop {
            if self.filled == self.buffer.len() {
                self.grow(name, line)?;
            }
            let from = self.filled;
            let free = self.buffer.get_mut(from..).unwrap_or_default();
            let read = match source.read(free) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(source, name, line, &error)),
            };
            self.filled += read;
            let new = self.buffer.get(from..self.filled).unwrap_or_default();
            if let Some(end) = new.iter().rposition(|byte| *byte == b'\n') {
                self.whole = from + end + 1;
                return Ok(true);
            }
            if read == 0 {
                self.whole = self.filled;
                return Ok(self.filled > 0);
            }
        }
    }

    /// Makes room for a line that fills the whole buffer.
    fn grow(&mut self, name: &str, line: u64) -> Result<(), Failure> {
        if self.buffer.len() >= LONGEST_LINE {
            let what = format!("{name}:{}: the line is longer than 16 MiB", line + 1);
            return Err(Failure::new(
                Status::Data,
                what,
                "give a file of ticks: CSV, CSV in gzip, or Parquet",
            ));
        }
        self.buffer.resize(self.buffer.len() * 2, 0);
        Ok(())
    }
}

fn broken(source: &Source, name: &str, line: u64, error: &io::Error) -> Failure {
    match source {
        Source::Plain(_) if line == 0 => unreadable(name, error),
        _ => {
            let what = format!("cannot read {name} beyond line {line}: {error}");
            Failure::new(Status::Data, what, source.hint())
        }
    }
}
