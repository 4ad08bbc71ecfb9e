//! The files of a recording in the making: numbered parts, joined into one file at an orderly end.
//!
//! A Parquet file can be read once its footer is written, which comes last. So while a run lasts, each row
//! group becomes a small file of its own in `<date>-<token>.parquet.parts/`: written under another
//! name, synced, then renamed. Whatever is killed when, the parts that have their name are complete.
//! At the end they are joined into `<date>-<token>.parquet`, and that file's appearance by a rename is
//! what makes the parts superfluous.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

use super::error::RecordingError;
use super::label::Label;
use super::recording::Recording;
use super::rows::{self, Rows, Seen};

/// What the folder of parts is called behind the name of the file that they become.
const PARTS: &str = ".parts";
/// The name of what is being written.
const UNFINISHED: &str = "unfinished.tmp";

/// The folder of parts of a recording's file.
pub(super) fn parts_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(PARTS);
    PathBuf::from(name)
}

/// The file that a folder of parts becomes; `None` if it is no such folder by its name.
pub(super) fn file_of(parts: &Path) -> Option<PathBuf> {
    let name = parts.file_name()?.to_str()?.strip_suffix(PARTS)?;
    Some(parts.with_file_name(name))
}

/// The complete parts of a folder in their order, and how many were begun only.
///
/// Errors: a folder that cannot be read, or in which a part is missing.
pub(super) fn list(folder: &Path) -> Result<(Vec<PathBuf>, usize), RecordingError> {
    let unreadable = |error: io::Error| RecordingError::unreadable(folder, error);
    let mut parts = Vec::new();
    let mut unfinished = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            parts.push(path);
        } else if path.file_name().is_some_and(|name| name == UNFINISHED) {
            unfinished += 1;
        }
    }
    parts.sort();
    for (number, part) in (1..).zip(&parts) {
        let expected = part_name(number);
        if part.file_name().is_none_or(|name| name != expected.as_str()) {
            let folder = folder.to_owned();
            return Err(RecordingError::MissingPart { folder, part: expected });
        }
    }
    Ok((parts, unfinished))
}

fn part_name(number: u32) -> String {
    format!("{number:06}.parquet")
}

/// The parts of one exchange day of one instrument.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) folder: PathBuf,
    file: PathBuf,
    written: u32,
}

impl Parts {
    /// Makes the folder of a recording `<stem>.parquet`, with a number where the name is taken.
    pub(super) fn create(folder: &Path, stem: &str) -> io::Result<Self> {
        for number in 1.. {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let file = folder.join(format!("{stem}{suffix}.parquet"));
            if file.exists() {
                continue;
            }
            let parts = parts_of(&file);
            match fs::create_dir(&parts) {
                Ok(()) => {
                    sync_folder(folder)?;
                    return Ok(Self { folder: parts, file, written: 0 });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("invariant: the numbers do not end")
    }

    /// Writes the rows as the next part, which has reached the disk on return; gives its bytes.
    pub(super) fn write(&mut self, rows: &mut Rows, label: &Label) -> io::Result<u64> {
        let name = self.folder.join(part_name(self.written + 1));
        let bytes = self.publish(&name, label, |writer| rows.write(writer).map_err(io_error))?;
        self.written += 1;
        Ok(bytes)
    }

    /// Whether no part was written.
    pub(super) const fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Joins the parts into the one file, and removes them.
    ///
    /// Errors: what cannot be read or written; the parts are all there then.
    pub(super) fn join(self, label: &Label) -> io::Result<PathBuf> {
        let mut recording = Recording::open(&self.folder).map_err(io::Error::other)?;
        self.publish(&self.file, label, |writer| {
            let mut rows = Rows::default();
            while let Some(packet) = recording.next_packet().map_err(io::Error::other)? {
                let seen = Seen::of(packet.payload);
                rows.push(packet.receive_wall_us, packet.receive_ns, packet.payload, &seen);
                if rows.is_full() {
                    rows.write(writer).map_err(io_error)?;
                }
            }
            if rows.is_empty() { Ok(()) } else { rows.write(writer).map_err(io_error) }
        })?;
        // The file is complete: what may remain of the parts does no harm.
        let _ = fs::remove_dir_all(&self.folder);
        Ok(self.file)
    }

    /// Writes a file under another name, and gives it its own once it has reached the disk.
    fn publish(
        &self,
        name: &Path,
        label: &Label,
        fill: impl FnOnce(&mut SerializedFileWriter<BufWriter<File>>) -> io::Result<()>,
    ) -> io::Result<u64> {
        let unfinished = self.folder.join(UNFINISHED);
        let publish = || {
            let buffer = BufWriter::new(File::create(&unfinished)?);
            let mut writer = rows::writer(buffer, label).map_err(io_error)?;
            fill(&mut writer)?;
            let buffer = writer.into_inner().map_err(io_error)?;
            let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            fs::rename(&unfinished, name)?;
            name.parent().map_or(Ok(()), sync_folder)?;
            Ok(bytes)
        };
        publish().inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })
    }
}

/// The system's own error where there is one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}

/// Makes a folder's new names reach the disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
