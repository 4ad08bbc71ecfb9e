//! A Parquet file of ticks, row group by row group.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::replay::{TickColumn, price_of, time_of, volume_of};
use engine::tick_path::feed::RawTick;
use engine::units::{EventTime, Micros, Paise, Qty, Zone};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::{BATCH_TICKS, BadRows, unreadable};
use crate::failure::{Failure, Status};

/// An open Parquet file.
pub(crate) struct ParquetFile {
    name: String,
    file: SerializedFileReader<File>,
    size: u64,
    zone: Zone,
    bad_rows: BadRows,
    columns: Columns,
    next_group: usize,
    group: Option<Group>,
    /// The rows that were read.
    row: u64,
}

/// Where the needed columns stand, and how their times count.
struct Columns {
    timestamp: usize,
    /// `None` for text.
    unit: Option<TimeCount>,
    price: usize,
    volume: Option<usize>,
}

/// What a whole number says as a time.
#[derive(Clone, Copy)]
struct TimeCount {
    unit: TimeUnit,
    /// What the count is ahead of UTC: nothing, or the exchange's offset.
    ahead: Micros,
}

/// An open row group.
struct Group {
    timestamp: ColumnReader,
    price: ColumnReader,
    volume: Option<ColumnReader>,
    rows_left: usize,
}

impl ParquetFile {
    /// Reads the file's table of contents and finds the columns.
    pub(super) fn open(
        name: String,
        file: File,
        zone: Zone,
        bad_rows: BadRows,
    ) -> Result<Self, Failure> {
        let size = file.metadata().map_err(|error| unreadable(&name, &error))?.len();
        let file =
            sound(|| SerializedFileReader::new(file)).map_err(|error| damaged(&name, 0, &error))?;
        let columns = Columns::find(&file, zone).map_err(|what| {
            let what = format!("{name}: {what}");
            Failure::new(
                Status::Data,
                what,
                "write columns such as timestamp (TIMESTAMP in microseconds, UTC), price (DOUBLE, \
                 rupees) or price_paise (INT64), and volume (INT64), which may be missing",
            )
        })?;
        let (next_group, group, row) = (0, None, 0);
        Ok(Self { name, file, size, zone, bad_rows, columns, next_group, group, row })
    }

    pub(super) fn read(&mut self, batch: &mut Vec<RawTick>) -> Result<bool, Failure> {
        let broken = |error: ParquetError| damaged(&self.name, self.row, &error);
        while self.group.as_ref().is_none_or(|group| group.rows_left == 0) {
            if self.next_group == self.file.num_row_groups() {
                return Ok(false);
            }
            let group = sound(|| Group::open(&self.file, self.next_group, &self.columns));
            self.group = Some(group.map_err(broken)?);
            self.next_group += 1;
        }
        let Some(group) = &mut self.group else { return Ok(false) };
        batch.resize(group.rows_left.min(BATCH_TICKS), RawTick::default());
        let bad_volume = sound(|| group.read(&self.columns, self.zone, batch)).map_err(broken)?;
        if self.bad_rows == BadRows::Refuse {
            refuse(&self.name, self.row, batch, bad_volume)?;
        }
        self.row += batch.len() as u64;
        Ok(true)
    }

    /// As many of the file's bytes as of its rows.
    pub(super) fn bytes(&self) -> u64 {
        let rows = self.file.metadata().file_metadata().num_rows().max(1) as u128;
        (u128::from(self.size) * u128::from(self.row) / rows) as u64
    }
}

impl Columns {
    fn find(file: &SerializedFileReader<File>, zone: Zone) -> Result<Self, String> {
        let schema = file.metadata().file_metadata().schema_descr();
        let find = |wanted: &str| {
            let named =
                |column: &ColumnDescriptor| column.name().trim().eq_ignore_ascii_case(wanted);
            let top = |column: &ColumnDescriptor| {
                column.path().parts().len() == 1 && column.max_rep_level() == 0
            };
            schema.columns().iter().position(|column| top(column) && named(column))
        };
        let timestamp = find("timestamp").ok_or("it has no column timestamp")?;
        let price = ["price", "ltp", "close", "price_paise", "ltp_paise"]
            .into_iter()
            .find_map(find)
            .ok_or("it has no column price (or ltp, close, price_paise, ltp_paise)")?;
        let volume = find("volume");
        number_form(&schema.column(price))?;
        if let Some(volume) = volume {
            number_form(&schema.column(volume))?;
        }
        let unit = time_form(&schema.column(timestamp), zone)?;
        Ok(Self { timestamp, unit, price, volume })
    }
}

/// How a column of times counts; `None` for text.
fn time_form(column: &ColumnDescriptor, zone: Zone) -> Result<Option<TimeCount>, String> {
    let utc = Micros(0);
    match (column.physical_type(), column.logical_type_ref(), column.converted_type()) {
        (Type::INT64, Some(LogicalType::Timestamp(stamp)), _) => {
            let ahead = if stamp.is_adjusted_to_u_t_c { utc } else { zone.offset };
            Ok(Some(TimeCount { unit: stamp.unit, ahead }))
        }
        (Type::INT64, _, ConvertedType::TIMESTAMP_MILLIS) => {
            Ok(Some(TimeCount { unit: TimeUnit::MILLIS, ahead: utc }))
        }
        (Type::INT64, _, ConvertedType::TIMESTAMP_MICROS) => {
            Ok(Some(TimeCount { unit: TimeUnit::MICROS, ahead: utc }))
        }
        (Type::BYTE_ARRAY, ..) => Ok(None),
        (other, ..) => Err(format!(
            "the column {} is {other} without a unit, it must be a TIMESTAMP or text",
            column.name()
        )),
    }
}

/// Whether a column holds numbers as they are needed: rupees in doubles, paise and units whole.
fn number_form(column: &ColumnDescriptor) -> Result<(), String> {
    let name = column.name().trim().to_ascii_lowercase();
    let plain = !matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)))
        && column.converted_type() != ConvertedType::DECIMAL;
    let (fits, needed) = match column.physical_type() {
        Type::DOUBLE | Type::FLOAT => (!name.ends_with("_paise"), "INT64"),
        Type::INT64 | Type::INT32 if name == "volume" => (plain, "INT64 or DOUBLE"),
        Type::INT64 if name.ends_with("_paise") => (plain, "INT64"),
        _ if name.ends_with("_paise") => (false, "INT64"),
        _ if name == "volume" => (false, "INT64 or DOUBLE"),
        _ => (false, "DOUBLE in rupees, or be called price_paise and INT64"),
    };
    let other = column.physical_type();
    if fits { Ok(()) } else { Err(format!("the column {name} is {other}, it must be {needed}")) }
}

impl TimeCount {
    fn time(self, count: i64) -> Option<EventTime> {
        let micros = match self.unit {
            TimeUnit::MILLIS => count.checked_mul(1000)?,
            TimeUnit::MICROS => count,
            TimeUnit::NANOS => count.div_euclid(1000),
        };
        let time = EventTime(micros.checked_sub(self.ahead.0)?);
        (EventTime::MIN..EventTime::END).contains(&time).then_some(time)
    }
}

impl Group {
    fn open(
        file: &SerializedFileReader<File>,
        index: usize,
        columns: &Columns,
    ) -> Result<Self, ParquetError> {
        let group = file.get_row_group(index)?;
        Ok(Self {
            timestamp: group.get_column_reader(columns.timestamp)?,
            price: group.get_column_reader(columns.price)?,
            volume: columns.volume.map(|volume| group.get_column_reader(volume)).transpose()?,
            rows_left: usize::try_from(group.metadata().num_rows()).unwrap_or(0),
        })
    }

    /// Fills the batch; says which of its rows is the first with a volume that is there and bad.
    fn read(
        &mut self,
        columns: &Columns,
        zone: Zone,
        batch: &mut [RawTick],
    ) -> Result<Option<usize>, ParquetError> {
        match (&mut self.timestamp, columns.unit) {
            (ColumnReader::Int64ColumnReader(reader), Some(count)) => {
                fill(reader, batch, |_, tick, cell| tick.time = count.time(*cell))?;
            }
            (ColumnReader::ByteArrayColumnReader(reader), None) => {
                fill(reader, batch, |_, tick, cell| tick.time = time_of(cell.data(), zone))?;
            }
            _ => return Err(other_type("timestamp")),
        }
        match &mut self.price {
            ColumnReader::DoubleColumnReader(reader) => {
                fill(reader, batch, |_, tick, cell| tick.price = price_of(*cell))?;
            }
            ColumnReader::FloatColumnReader(reader) => {
                fill(reader, batch, |_, tick, cell| tick.price = price_of(f64::from(*cell)))?;
            }
            ColumnReader::Int64ColumnReader(reader) => fill(reader, batch, |_, tick, cell| {
                let fits = (1..=Paise::MAX_PRICE.0).contains(cell);
                tick.price = fits.then_some(Paise(*cell));
            })?,
            _ => return Err(other_type("price")),
        }
        let bad_volume = self.volume.as_mut().map_or(Ok(None), |reader| volumes(reader, batch))?;
        self.rows_left -= batch.len();
        Ok(bad_volume)
    }
}

/// Fills in the volumes; says which row is the first whose volume is there and bad.
fn volumes(
    reader: &mut ColumnReader,
    batch: &mut [RawTick],
) -> Result<Option<usize>, ParquetError> {
    let whole = |units: i64| (0..=RawTick::MAX_VOLUME).contains(&units).then_some(Qty(units));
    let mut bad = None;
    let mut note = |row: usize, tick: &mut RawTick, volume: Option<Qty>| {
        tick.volume = volume;
        if volume.is_none() && bad.is_none() {
            bad = Some(row);
        }
    };
    match reader {
        ColumnReader::Int64ColumnReader(reader) => {
            fill(reader, batch, |row, tick, cell| note(row, tick, whole(*cell)))?;
        }
        ColumnReader::Int32ColumnReader(reader) => {
            fill(reader, batch, |row, tick, cell| note(row, tick, whole(i64::from(*cell))))?;
        }
        ColumnReader::DoubleColumnReader(reader) => {
            fill(reader, batch, |row, tick, cell| note(row, tick, volume_of(*cell)))?;
        }
        ColumnReader::FloatColumnReader(reader) => {
            fill(reader, batch, |row, tick, cell| note(row, tick, volume_of(f64::from(*cell))))?;
        }
        _ => return Err(other_type("volume")),
    }
    Ok(bad)
}

/// Hands the next cell of a column, and its row, to each tick that has one.
fn fill<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    batch: &mut [RawTick],
    mut set: impl FnMut(usize, &mut RawTick, &T::T),
) -> Result<(), ParquetError> {
    let mut cells = Vec::with_capacity(batch.len());
    let mut levels = Vec::new();
    let (rows, ..) = reader.read_records(batch.len(), Some(&mut levels), None, &mut cells)?;
    if rows != batch.len() {
        return Err(ParquetError::General("a column is shorter than its row group".to_owned()));
    }
    let ticks = batch.iter_mut().enumerate();
    if levels.is_empty() {
        ticks.zip(&cells).for_each(|((row, tick), cell)| set(row, tick, cell));
    } else {
        let present = ticks.zip(&levels).filter(|(_, level)| **level > 0);
        present.zip(&cells).for_each(|(((row, tick), _), cell)| set(row, tick, cell));
    }
    Ok(())
}

/// Ends the run at the first bad row of a batch.
fn refuse(
    name: &str,
    rows_before: u64,
    batch: &[RawTick],
    bad_volume: Option<usize>,
) -> Result<(), Failure> {
    for (row, tick) in batch.iter().enumerate() {
        let column = if tick.time.is_none() {
            TickColumn::Timestamp
        } else if tick.price.is_none() {
            TickColumn::Price
        } else if bad_volume == Some(row) {
            TickColumn::Volume
        } else {
            continue;
        };
        let row = rows_before + row as u64 + 1;
        let what = format!("{name}, row {row}: the {column} is not {}", column.rule());
        return Err(Failure::new(
            Status::Data,
            what,
            "repair or delete the row, or leave --strict away: then bad rows are only counted",
        ));
    }
    Ok(())
}

/// The library panics over some damaged files: that is an error like the others, after which nothing
/// more is read from the file.
pub(crate) fn sound<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(ParquetError::General("its pages contradict each other".to_owned()))
    })
}

fn other_type(column: &str) -> ParquetError {
    ParquetError::General(format!("the column {column} changed its type"))
}

fn damaged(name: &str, row: u64, error: &ParquetError) -> Failure {
    let what = format!("cannot read {name} beyond row {row}: {error}");
    Failure::new(
        Status::Data,
        what,
        "the file is cut or damaged, or compressed with something else than snappy: write it again \
         with snappy or without compression",
    )
}
