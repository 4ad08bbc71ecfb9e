//! Recordings read back: the packets of one or more files, as they came and in their order.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;

use super::error::RecordingError;
use super::label::{Found, Label};
use super::parts;
use super::rows::place;

/// Rows that are decoded in one go.
const BATCH: usize = 4096;

/// One packet of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded<'batch> {
    /// The instant of its reading, by the machine's date, in microseconds since 1970 UTC.
    pub(crate) receive_wall_us: i64,
    /// The same instant on the counter of the run that recorded it.
    pub(crate) receive_ns: u64,
    /// The frame's bytes, for [`smartapi::packet::decode`].
    pub(crate) payload: &'batch [u8],
}

/// Recordings of one instrument in the order of their first packets, streamed by row group.
///
/// [`Recording::open`] the first, [`Recording::add`] others, then call [`Recording::next_packet`]
/// until it gives `None`.
pub(crate) struct Recording {
    label: Label,
    packets: u64,
    unfinished: usize,
    /// What was opened and not begun yet.
    reels: Vec<Reel>,
    /// The files of the reel that is being read.
    files: VecDeque<PathBuf>,
    open: Option<OpenFile>,
    batch: Batch,
}

/// One recording: a file, or its parts.
struct Reel {
    label: Label,
    first_wall_us: i64,
    packets: u64,
    unfinished: usize,
    files: VecDeque<PathBuf>,
}

/// A file, and the row groups of it that were not begun yet.
struct OpenFile {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    groups: std::ops::Range<usize>,
    columns: Option<Columns>,
}

/// The needed columns of one row group.
struct Columns {
    receive_wall_us: ColumnReaderImpl<Int64Type>,
    receive_ns: ColumnReaderImpl<Int64Type>,
    packet: ColumnReaderImpl<ByteArrayType>,
}

/// Rows that are decoded, and which of them is the next.
#[derive(Default)]
struct Batch {
    receive_wall_us: Vec<i64>,
    receive_ns: Vec<i64>,
    packet: Vec<ByteArray>,
    next: usize,
}

/// Whether a path is a recording of ours: a file by its metadata, or a folder of parts by its name.
pub(crate) fn is_recording(path: &Path) -> bool {
    let is_parts = |path: &Path| path.is_dir() && parts::file_of(path).is_some();
    is_parts(path)
        || (!path.exists() && is_parts(&parts::parts_of(path)))
        || OpenFile::open(path).is_ok_and(|file| file.found() != Found::Foreign)
}

impl Recording {
    /// Opens a recording: a file, a folder of parts, or a file that is a folder of parts still.
    ///
    /// Errors: what cannot be read, or is no recording of ours.
    pub(crate) fn open(path: &Path) -> Result<Self, RecordingError> {
        let reel = Reel::open(path)?;
        Ok(Self {
            label: reel.label.clone(),
            packets: reel.packets,
            unfinished: reel.unfinished,
            reels: vec![reel],
            files: VecDeque::new(),
            open: None,
            batch: Batch::default(),
        })
    }

    /// Adds another recording of the same instrument, before the first packet is asked for.
    ///
    /// Errors: those of [`Recording::open`], and another instrument.
    pub(crate) fn add(&mut self, path: &Path) -> Result<(), RecordingError> {
        let reel = Reel::open(path)?;
        let named = |label: &Label| {
            let Label { exchange_type, token, mode, .. } = label;
            format!("{}:{token} in mode {}", exchange_type.0, *mode as u8)
        };
        let (found, expected) = (named(&reel.label), named(&self.label));
        if found != expected {
            return Err(RecordingError::OtherInstrument { path: path.to_owned(), found, expected });
        }
        self.packets += reel.packets;
        self.unfinished += reel.unfinished;
        self.reels.push(reel);
        // The earliest is taken from the end.
        self.reels.sort_by_key(|reel| std::cmp::Reverse(reel.first_wall_us));
        Ok(())
    }

    /// What the recording that was opened first says about itself.
    pub(crate) const fn label(&self) -> &Label {
        &self.label
    }

    /// How many packets there are.
    pub(crate) const fn packets(&self) -> u64 {
        self.packets
    }

    /// How many parts a killed run has begun only; their packets are lost.
    pub(crate) const fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// The next packet; `None` behind the last.
    ///
    /// Errors: a file that is damaged, or was taken away meanwhile.
    pub(crate) fn next_packet(&mut self) -> Result<Option<Recorded<'_>>, RecordingError> {
        if self.batch.next >= self.batch.packet.len() && !self.refill()? {
            return Ok(None);
        }
        let Batch { receive_wall_us, receive_ns, packet, next } = &mut self.batch;
        let row = *next;
        *next += 1;
        let cells = receive_wall_us.get(row).zip(receive_ns.get(row)).zip(packet.get(row));
        Ok(cells.map(|((receive_wall_us, receive_ns), packet)| Recorded {
            receive_wall_us: *receive_wall_us,
            receive_ns: *receive_ns as u64,
            payload: packet.data(),
        }))
    }

    /// Decodes the next rows; says whether there are any.
    fn refill(&mut self) -> Result<bool, RecordingError> {
        loop {
            if let Some(file) = &mut self.open
                && file.read(&mut self.batch)?
            {
                return Ok(true);
            }
            if self.files.is_empty() {
                self.files = self.reels.pop().map(|reel| reel.files).unwrap_or_default();
            }
            let Some(path) = self.files.pop_front() else { return Ok(false) };
            self.open = Some(OpenFile::open(&path)?);
        }
    }
}

impl Reel {
    fn open(path: &Path) -> Result<Self, RecordingError> {
        let (files, mut unfinished) = files_of(path)?;
        let last = files.len().saturating_sub(1);
        let mut known = None;
        let mut packets = 0;
        let mut readable = VecDeque::with_capacity(files.len());
        for (number, part) in files.into_iter().enumerate() {
            let mut file = match OpenFile::open(&part) {
                // Of several parts the last may have been cut off; a single file is whole or damaged.
                Err(RecordingError::Damaged { .. }) if number > 0 && number == last => {
                    unfinished += 1;
                    continue;
                }
                opened => opened?,
            };
            let label = file.label()?;
            packets += file.packets();
            if known.is_none() {
                known = Some((label, file.first_wall_us()?));
            }
            readable.push_back(part);
        }
        let (label, first_wall_us) =
            known.ok_or_else(|| RecordingError::NoPart { folder: path.to_owned(), unfinished })?;
        Ok(Self { label, first_wall_us, packets, unfinished, files: readable })
    }
}

/// The files of a path in their order, and how many were begun only.
fn files_of(path: &Path) -> Result<(Vec<PathBuf>, usize), RecordingError> {
    if !path.exists() {
        let parts = parts::parts_of(path);
        return if parts.is_dir() { parts::list(&parts) } else { Ok((vec![path.to_owned()], 0)) };
    }
    match parts::file_of(path) {
        // Joined, but killed before the parts were removed.
        Some(file) if path.is_dir() && file.is_file() => Ok((vec![file], 0)),
        Some(_) if path.is_dir() => parts::list(path),
        _ => Ok((vec![path.to_owned()], 0)),
    }
}

impl OpenFile {
    fn open(path: &Path) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(|error| RecordingError::unreadable(path, error))?;
        let reader = SerializedFileReader::new(file)
            .map_err(|error| RecordingError::damaged(path, error))?;
        let groups = 0..reader.num_row_groups();
        Ok(Self { path: path.to_owned(), reader, groups, columns: None })
    }

    fn found(&self) -> Found {
        let metadata = self.reader.metadata().file_metadata().key_value_metadata();
        Label::find(metadata.map_or(&[], Vec::as_slice))
    }

    fn label(&self) -> Result<Label, RecordingError> {
        let path = || self.path.clone();
        match self.found() {
            Found::Recording(label) => Ok(label),
            Found::Unknown(what) => Err(RecordingError::UnknownForm { path: path(), what }),
            Found::Foreign => Err(RecordingError::Foreign(path())),
        }
    }

    fn packets(&self) -> u64 {
        self.reader.metadata().file_metadata().num_rows().max(0) as u64
    }

    /// When the first packet was read.
    fn first_wall_us(&mut self) -> Result<i64, RecordingError> {
        let mut batch = Batch::default();
        self.read(&mut batch)?;
        Ok(batch.receive_wall_us.first().copied().unwrap_or(i64::MAX))
    }

    /// Decodes the next rows in place of the last; says whether there are any.
    fn read(&mut self, batch: &mut Batch) -> Result<bool, RecordingError> {
        batch.clear();
        loop {
            let damaged = |error| RecordingError::damaged(&self.path, error);
            if let Some(columns) = &mut self.columns
                && columns.read(batch).map_err(damaged)?
            {
                return Ok(true);
            }
            let Some(group) = self.groups.next() else { return Ok(false) };
            let group = self.reader.get_row_group(group).map_err(damaged)?;
            self.columns = Some(Columns::of(group.as_ref()).map_err(damaged)?);
        }
    }
}

impl Columns {
    fn of(group: &dyn RowGroupReader) -> Result<Self, ParquetError> {
        Ok(Self {
            receive_wall_us: column(group, place::RECEIVE_WALL_US)?,
            receive_ns: column(group, place::RECEIVE_NS)?,
            packet: column(group, place::PACKET)?,
        })
    }

    fn read(&mut self, batch: &mut Batch) -> Result<bool, ParquetError> {
        let Batch { receive_wall_us, receive_ns, packet, next: _ } = batch;
        let rows = [
            self.receive_wall_us.read_records(BATCH, None, None, receive_wall_us)?.0,
            self.receive_ns.read_records(BATCH, None, None, receive_ns)?.0,
            self.packet.read_records(BATCH, None, None, packet)?.0,
        ];
        let [first, ..] = rows;
        if rows.iter().any(|rows| *rows != first) {
            return Err(ParquetError::General("its columns have different lengths".to_owned()));
        }
        Ok(first > 0)
    }
}

/// A column of a row group, if it is of the type that it has to be.
fn column<T: DataType>(
    group: &dyn RowGroupReader,
    place: usize,
) -> Result<ColumnReaderImpl<T>, ParquetError> {
    let kind = group.metadata().schema_descr().columns().get(place).map(|it| it.physical_type());
    if kind != Some(T::get_physical_type()) {
        return Err(ParquetError::General(format!("column {place} is not what it should be")));
    }
    Ok(get_typed_column_reader(group.get_column_reader(place)?))
}

impl Batch {
    fn clear(&mut self) {
        self.receive_wall_us.clear();
        self.receive_ns.clear();
        self.packet.clear();
        self.next = 0;
    }
}
