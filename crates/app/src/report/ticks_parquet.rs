//! `ticks.parquet`: the rows of `ticks.csv` for programs, written and read back in row groups.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::probe::Stage;
use engine::units::EventTime;
use parquet::basic::{Compression, Encoding};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::ticks::TickRow;
use crate::failure::{Failure, Status};
use crate::tick_files::sound;

/// The file's name in a run's folder.
pub(crate) const NAME: &str = "ticks.parquet";

/// Ticks per row group: some megabytes in memory.
const GROUP: usize = 1 << 16;

/// Writes all rows, a row group at a time.
///
/// Errors: those of `to`, and a time beyond 292 years.
pub(crate) fn write<W: Write + Send>(
    to: W,
    stages: &[Stage],
    token: &str,
    mut rows: impl Iterator<Item = TickRow>,
) -> Result<()> {
    let mut writer = SerializedFileWriter::new(to, Arc::new(schema(stages)?), properties(stages))?;
    let token = ByteArray::from(token);
    let mut group = Vec::with_capacity(GROUP);
    loop {
        group.clear();
        group.extend(rows.by_ref().take(GROUP));
        if group.is_empty() {
            break;
        }
        write_group(&mut writer, stages, &token, &group)?;
    }
    writer.close()?;
    Ok(())
}

fn schema(stages: &[Stage]) -> Result<parquet::schema::types::Type> {
    let stages: String =
        stages.iter().map(|stage| format!("optional int64 {};", column_of(*stage))).collect();
    parse_message_type(&format!(
        "message tick {{
            required int64 seq;
            required binary token (STRING);
            required int64 exchange_time (TIMESTAMP(MICROS,true));
            {stages}
            optional int64 total_ns;
            optional int64 age_ns;
            required int64 at_ns;
        }}"
    ))
}

fn column_of(stage: Stage) -> String {
    format!("{}_ns", stage.name())
}

/// Numbers as differences: times grow by little, and stages are small.
fn properties(stages: &[Stage]) -> Arc<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(ColumnPath::from("token"), true);
    let numbers = ["seq", "exchange_time", "total_ns", "age_ns", "at_ns"].map(str::to_owned);
    for column in numbers.into_iter().chain(stages.iter().map(|stage| column_of(*stage))) {
        let column = ColumnPath::from(column);
        properties = properties.set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    Arc::new(properties.build())
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    stages: &[Stage],
    token: &ByteArray,
    rows: &[TickRow],
) -> Result<()> {
    let mut group = writer.next_row_group()?;
    numbers(&mut group, rows.iter().map(|row| Ok(row.seq)))?;
    let tokens = vec![token.clone(); rows.len()];
    let mut column = next(&mut group)?;
    column.typed::<ByteArrayType>().write_batch(&tokens, None, None)?;
    column.close()?;
    numbers(&mut group, rows.iter().map(|row| Ok(row.exchange_time.0)))?;
    for stage in stages {
        gappy(&mut group, rows.iter().map(|row| row.stages_ns[*stage as usize]))?;
    }
    gappy(&mut group, rows.iter().map(|row| row.total_ns))?;
    gappy(&mut group, rows.iter().map(|row| row.age_ns))?;
    numbers(&mut group, rows.iter().map(|row| signed(row.at_ns)))?;
    group.close()?;
    Ok(())
}

fn signed(ns: u64) -> Result<i64> {
    i64::try_from(ns).map_err(|_| {
        ParquetError::General(format!("{ns} ns is more than the 63 bits of a column hold"))
    })
}

fn next<'group, W: Write + Send>(
    group: &'group mut SerializedRowGroupWriter<'_, W>,
) -> Result<parquet::file::writer::SerializedColumnWriter<'group>> {
    let Some(column) = group.next_column()? else {
        unreachable!("invariant: as many columns are written as the schema has")
    };
    Ok(column)
}

fn numbers<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: impl Iterator<Item = Result<i64>>,
) -> Result<()> {
    let values = values.collect::<Result<Vec<i64>>>()?;
    let mut column = next(group)?;
    column.typed::<Int64Type>().write_batch(&values, None, None)?;
    column.close()
}

/// A column with gaps.
fn gappy<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: impl Iterator<Item = Option<u64>>,
) -> Result<()> {
    let (mut values, mut present) = (Vec::new(), Vec::new());
    for cell in cells {
        present.push(i16::from(cell.is_some()));
        values.extend(cell.map(signed).transpose()?);
    }
    let mut column = next(group)?;
    column.typed::<Int64Type>().write_batch(&values, Some(&present), None)?;
    column.close()
}

/// A file of ticks that was written by a run, read by row groups.
pub(crate) struct TicksFile {
    path: PathBuf,
    reader: SerializedFileReader<File>,
}

impl TicksFile {
    /// Opens the file in a run's folder.
    ///
    /// Errors: status 5 if it is missing or damaged.
    pub(crate) fn open(folder: &Path) -> std::result::Result<Self, Failure> {
        let path = folder.join(NAME);
        let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
        let reader = sound(|| SerializedFileReader::new(file));
        let reader = reader.map_err(|error| unreadable(&path, &error))?;
        Ok(Self { path, reader })
    }

    /// How many ticks each row group holds.
    pub(crate) fn groups(&self) -> Vec<u64> {
        let groups = self.reader.metadata().row_groups().iter();
        groups.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).collect()
    }

    /// When the ticks of one row group were decided.
    ///
    /// Errors: status 5 if it is damaged.
    pub(crate) fn at_ns(&self, group: usize) -> std::result::Result<Vec<u64>, Failure> {
        sound(|| self.required(group, "at_ns")).map_err(|error| unreadable(&self.path, &error))
    }

    /// The ticks of one row group.
    ///
    /// Errors: status 5 if it is damaged.
    pub(crate) fn rows(&self, group: usize) -> std::result::Result<Vec<TickRow>, Failure> {
        sound(|| self.read(group)).map_err(|error| unreadable(&self.path, &error))
    }

    fn read(&self, group: usize) -> Result<Vec<TickRow>> {
        let [seq, times] = [self.cells(group, "seq")?, self.cells(group, "exchange_time")?];
        let [total, age] = [self.cells(group, "total_ns")?, self.cells(group, "age_ns")?];
        let at = self.required(group, "at_ns")?;
        let mut stages = Vec::new();
        for stage in Stage::ALL {
            let column = column_of(stage);
            if self.place(&column).is_some() {
                stages.push((stage, self.cells(group, &column)?));
            }
        }
        let row = |place: usize| {
            let mut stages_ns = [None; Stage::ALL.len()];
            for (stage, cells) in &stages {
                stages_ns[*stage as usize] = cell(cells, place)?.map(unsigned).transpose()?;
            }
            Ok(TickRow {
                seq: cell(&seq, place)?.unwrap_or_default(),
                exchange_time: EventTime(cell(&times, place)?.unwrap_or_default()),
                stages_ns,
                total_ns: cell(&total, place)?.map(unsigned).transpose()?,
                age_ns: cell(&age, place)?.map(unsigned).transpose()?,
                at_ns: *at.get(place).ok_or_else(short)?,
            })
        };
        (0..seq.len()).map(row).collect()
    }

    fn place(&self, name: &str) -> Option<usize> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        schema.columns().iter().position(|column| column.name() == name)
    }

    /// The numbers of a column in which none is missing and none negative.
    fn required(&self, group: usize, name: &str) -> Result<Vec<u64>> {
        let missing = || ParquetError::General(format!("{name} has a gap"));
        let cells = self.cells(group, name)?.into_iter();
        cells.map(|cell| unsigned(cell.ok_or_else(missing)?)).collect()
    }

    fn cells(&self, group: usize, name: &str) -> Result<Vec<Option<i64>>> {
        let place = self.place(name);
        let place = place.ok_or_else(|| ParquetError::General(format!("no column {name}")))?;
        let group = self.reader.get_row_group(group)?;
        let kind = group.metadata().column(place).column_type();
        if kind != parquet::basic::Type::INT64 {
            return Err(ParquetError::General(format!("the column {name} is {kind}, not INT64")));
        }
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let mut column = get_typed_column_reader::<Int64Type>(group.get_column_reader(place)?);
        let (read, ..) = column.read_records(rows, Some(&mut levels), None, &mut values)?;
        if read != rows {
            return Err(short());
        }
        if levels.is_empty() {
            return Ok(values.into_iter().map(Some).collect());
        }
        let mut values = values.into_iter();
        Ok(levels.into_iter().map(|level| if level > 0 { values.next() } else { None }).collect())
    }
}

fn cell(cells: &[Option<i64>], place: usize) -> Result<Option<i64>> {
    cells.get(place).copied().ok_or_else(short)
}

fn unsigned(ns: i64) -> Result<u64> {
    u64::try_from(ns).map_err(|_| ParquetError::General(format!("{ns} ns is negative")))
}

fn short() -> ParquetError {
    ParquetError::General("a column is shorter than its row group".to_owned())
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::new(
        Status::Data,
        format!("cannot read {}: {error}", path.display()),
        "the file is missing, cut or damaged: take another copy of the run's folder, or measure again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More ticks than two row groups hold; some lack a stage, some an age.
    fn many() -> Vec<TickRow> {
        let row = |number: u64| {
            let mut stages_ns = [None; Stage::ALL.len()];
            for stage in Stage::ALL.into_iter().skip(1) {
                stages_ns[stage as usize] = Some(number % 700 + stage as u64);
            }
            stages_ns[0] = number.is_multiple_of(3).then_some(number);
            TickRow {
                seq: number as i64 - 5,
                exchange_time: EventTime(1_759_722_300_000_000 + number as i64),
                stages_ns,
                total_ns: stages_ns[0].map(|_| stages_ns.iter().flatten().sum()),
                age_ns: number.is_multiple_of(2).then_some(number * 1000),
                at_ns: number * 1_000_000,
            }
        };
        (0..2 * GROUP as u64 + 7).map(row).collect()
    }

    fn written(stages: &[Stage], rows: &[TickRow]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let file = File::create(folder.path().join(NAME)).expect("a file");
        write(file, stages, "47338", rows.iter().copied()).expect("written");
        folder
    }

    #[test]
    fn what_was_written_is_read_back_group_by_group() {
        let rows = many();
        let folder = written(&Stage::ALL, &rows);
        let file = TicksFile::open(folder.path()).expect("readable");
        assert_eq!(file.groups(), [GROUP as u64, GROUP as u64, 7]);
        let back: Vec<TickRow> = (0..3).flat_map(|group| file.rows(group).expect("rows")).collect();
        assert!(back == rows, "rows differ");
        assert_eq!(file.at_ns(2).expect("times")[6], rows.last().expect("one").at_ns);
    }

    #[test]
    fn a_source_without_a_stage_has_no_column_for_it() {
        let mut rows = many();
        rows.truncate(3);
        let stages: Vec<Stage> = Stage::ALL.into_iter().skip(3).collect();
        let folder = written(&stages, &rows);
        let file = TicksFile::open(folder.path()).expect("readable");
        assert_eq!(file.place("feed_ns"), None);
        let back = file.rows(0).expect("rows");
        assert_eq!(back[1].stages_ns[..4], [None, None, None, Some(1 + 3)]);
        assert_eq!(
            written(&stages, &[]).path().join(NAME).metadata().map(|it| it.is_file()).ok(),
            Some(true)
        );
    }

    #[test]
    fn a_missing_or_damaged_file_is_told_with_status_5() {
        let folder = tempfile::tempdir().expect("a folder");
        let told = TicksFile::open(folder.path()).err().expect("missing");
        assert_eq!(told.status, Status::Data);
        let whole = written(&Stage::ALL, &many()[..100]);
        let bytes = std::fs::read(whole.path().join(NAME)).expect("read");
        for cut in [0, 10, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(folder.path().join(NAME), &bytes[..cut]).expect("written");
            let told = TicksFile::open(folder.path()).err().expect("cut off");
            assert!(told.to_string().contains("ticks.parquet: "), "{told}");
            assert!(
                told.to_string().contains("hint: the file is missing, cut or damaged"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_file_with_a_wrong_byte_is_refused_or_read_and_never_panics() {
        let whole = written(&Stage::ALL, &many()[..500]);
        let path = whole.path().join(NAME);
        let bytes = std::fs::read(&path).expect("read");
        let mut refused = 0;
        for place in (0..bytes.len()).step_by(29) {
            let mut wrong = bytes.clone();
            wrong[place] ^= 0x55;
            std::fs::write(&path, wrong).expect("written");
            let read = TicksFile::open(whole.path()).and_then(|file| {
                file.at_ns(0)?;
                file.rows(0)
            });
            refused += usize::from(read.is_err_and(|told| told.status == Status::Data));
        }
        assert!(refused > 0, "no damage was seen");
    }
}
