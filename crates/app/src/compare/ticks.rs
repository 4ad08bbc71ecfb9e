//! The times of each tick, from `ticks.parquet` or else `ticks.csv`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use crate::failure::{Failure, Status};
use crate::tick_files::sound;

/// No time is longer, so that sums and differences of times always fit: 104 days.
const LONGEST: u64 = 1 << 53;
/// Cells of a Parquet column that are read at once.
const BATCH: usize = 65_536;

/// The times in nanoseconds of each wanted column, in the order of the run; a tick without one is left
/// out of that column.
///
/// Errors: status 5 if the file cannot be read, lacks a column, or has not `rows` rows.
pub(super) fn read(folder: &Path, names: &[String], rows: u64) -> Result<Vec<Vec<u64>>, Failure> {
    let columns: Vec<String> = names.iter().map(|name| format!("{name}_ns")).collect();
    let parquet = folder.join("ticks.parquet");
    let (path, read) = if parquet.exists() {
        let read = sound(|| from_parquet(&parquet, &columns)).map_err(|error| error.to_string());
        (parquet, read)
    } else {
        let csv = folder.join("ticks.csv");
        let read = from_csv(&csv, &columns);
        (csv, read)
    };
    let unreadable = |what: String| {
        let what = format!("cannot read {}: {what}", path.display());
        Failure::new(Status::Data, what, "the file is cut, changed or missing: measure again")
    };
    let (found, times) = read.map_err(unreadable)?;
    if found != rows {
        let what = format!("it has {found} rows, and report.json says {rows}");
        return Err(unreadable(what));
    }
    Ok(times)
}

/// The number of rows, and the columns.
type Table = (u64, Vec<Vec<u64>>);

fn from_parquet(path: &Path, columns: &[String]) -> Result<Table, ParquetError> {
    let file = SerializedFileReader::new(File::open(path)?)?;
    let schema = file.metadata().file_metadata().schema_descr();
    let place = |wanted: &String| {
        let place = schema.columns().iter().position(|column| column.path().string() == *wanted);
        place.ok_or_else(|| ParquetError::General(format!("it has no column {wanted}")))
    };
    let places = columns.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let mut times = vec![Vec::new(); columns.len()];
    let mut rows = 0;
    for index in 0..file.num_row_groups() {
        let group = file.get_row_group(index)?;
        let expected = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        for ((place, name), times) in places.iter().zip(columns).zip(&mut times) {
            append(group.get_column_reader(*place)?, name, expected, times)?;
        }
        rows += expected as u64;
    }
    Ok((rows, times))
}

/// Appends the times of one column in one row group.
fn append(
    reader: ColumnReader,
    name: &str,
    expected: usize,
    times: &mut Vec<u64>,
) -> Result<(), ParquetError> {
    let ColumnReader::Int64ColumnReader(mut reader) = reader else {
        return Err(ParquetError::General(format!("the column {name} must be INT64")));
    };
    let mut rows = 0;
    let (mut cells, mut levels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    while rows < expected {
        cells.clear();
        levels.clear();
        let (read, ..) = reader.read_records(BATCH, Some(&mut levels), None, &mut cells)?;
        if read == 0 {
            let what = format!("the column {name} is shorter than its row group");
            return Err(ParquetError::General(what));
        }
        rows += read;
        for cell in &cells {
            let time = u64::try_from(*cell).ok().filter(|time| *time <= LONGEST);
            times.push(time.ok_or_else(|| {
                let what = format!("{cell} in the column {name} must be nanoseconds");
                ParquetError::General(what)
            })?);
        }
    }
    Ok(())
}

fn from_csv(path: &Path, columns: &[String]) -> Result<Table, String> {
    let mut file = BufReader::new(File::open(path).map_err(|error| error.to_string())?);
    let mut line = String::new();
    let mut next = |line: &mut String| {
        line.clear();
        file.read_line(line).map(|length| length > 0).map_err(|error| error.to_string())
    };
    next(&mut line)?;
    let mut wanted = vec![None; line.split(',').count()];
    for (index, column) in columns.iter().enumerate() {
        let place = line.trim_end().split(',').position(|name| name == column);
        let place = place.ok_or_else(|| format!("it has no column {column}"))?;
        wanted[place] = Some(index);
    }
    let mut times = vec![Vec::new(); columns.len()];
    let mut rows = 0;
    while next(&mut line)? {
        rows += 1;
        let row = line.strip_suffix('\n').ok_or_else(|| format!("row {rows} is cut"))?;
        let mut cells = 0;
        for (cell, wanted) in row.split(',').zip(&wanted) {
            cells += 1;
            let Some(times) = wanted.and_then(|index| times.get_mut(index)) else { continue };
            if !cell.is_empty() {
                let time = cell.parse().ok().filter(|time| *time <= LONGEST);
                times.push(time.ok_or_else(|| format!("row {rows}: {cell} must be nanoseconds"))?);
            }
        }
        if cells != wanted.len() {
            return Err(format!("row {rows} has {cells} cells, the header has {}", wanted.len()));
        }
    }
    Ok((rows, times))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArrayType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    const HEADER: &str = "seq,token,exchange_time,feed_ns,total_ns,age_ns\n";

    fn wanted(folder: &Path, rows: u64) -> Result<Vec<Vec<u64>>, Failure> {
        read(folder, &["total", "feed", "age"].map(str::to_owned), rows)
    }

    fn from_text(text: &str) -> Result<Vec<Vec<u64>>, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ticks.csv"), text).expect("written");
        wanted(folder.path(), 2)
    }

    /// Row groups of one row each, with columns that nobody asks for.
    fn write_parquet(folder: &Path, columns: &[&str], rows: &[&[Option<i64>]]) {
        let columns: String =
            columns.iter().map(|name| format!("optional int64 {name};")).collect();
        let message = format!("message ticks {{ required binary token (STRING); {columns} }}");
        let schema = Arc::new(parse_message_type(&message).expect("a schema"));
        let file = File::create(folder.join("ticks.parquet")).expect("a file");
        let mut file = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
        for row in rows {
            let mut group = file.next_row_group().expect("a group");
            let mut token = group.next_column().expect("valid").expect("the token");
            let written = token.typed::<ByteArrayType>().write_batch(&["47338".into()], None, None);
            written.and_then(|_| token.close()).expect("written");
            for cell in *row {
                let mut column = group.next_column().expect("valid").expect("a column");
                let level = [i16::from(cell.is_some())];
                let cell: Vec<i64> = cell.iter().copied().collect();
                let written = column.typed::<Int64Type>().write_batch(&cell, Some(&level), None);
                written.and_then(|_| column.close()).expect("written");
            }
            group.close().expect("closed");
        }
        file.close().expect("closed");
    }

    #[test]
    fn both_forms_give_the_same_times_and_parquet_is_taken_first() {
        let text = format!("{HEADER}1,47338,t,3,10,99\n2,47338,t,4,20,\n");
        let expected = [vec![10, 20], vec![3, 4], vec![99]];
        assert_eq!(from_text(&text).expect("read"), expected);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ticks.csv"), "not read").expect("written");
        let columns = ["feed_ns", "total_ns", "age_ns", "at_ns"];
        let rows: [&[_]; 2] =
            [&[Some(3), Some(10), Some(99), Some(7)], &[Some(4), Some(20), None, Some(8)]];
        write_parquet(folder.path(), &columns, &rows);
        assert_eq!(wanted(folder.path(), 2).expect("read"), expected);
    }

    #[track_caller]
    fn assert_data(failure: Result<Vec<Vec<u64>>, Failure>, told: &str) {
        let failure = failure.expect_err(told);
        assert_eq!(failure.status, Status::Data);
        let text = failure.to_string();
        assert!(text.contains(told) && text.contains("measure again"), "{text}");
    }

    #[test]
    fn a_damaged_csv_names_the_row_and_the_rule() {
        let row = "1,47338,t,3,10,99\n";
        let cases = [
            (String::new(), "it has no column total_ns"),
            (HEADER.replace("feed", "food"), "it has no column feed_ns"),
            (format!("{HEADER}{row}"), "it has 1 rows, and report.json says 2"),
            (format!("{HEADER}{row}2,47338,t,3,1"), "row 2 is cut"),
            (format!("{HEADER}{row}2,47338,t\n"), "row 2 has 3 cells, the header has 6"),
            (format!("{HEADER}{row}2,47338,t,-3,1,1\n"), "row 2: -3 must be nanoseconds"),
            (format!("{HEADER}{row}2,47338,t,9007199254740993,1,1\n"), "must be nanoseconds"),
        ];
        for (text, told) in cases {
            assert_data(from_text(&text), told);
        }
        let empty = tempfile::tempdir().expect("a folder");
        assert_data(wanted(empty.path(), 2), "ticks.csv: No such file");
    }

    #[test]
    fn a_damaged_parquet_file_is_told_as_well() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ticks.parquet");
        std::fs::write(&path, "PAR1 and no more").expect("written");
        assert_data(wanted(folder.path(), 2), "ticks.parquet: ");
        write_parquet(folder.path(), &["feed_ns", "total_ns"], &[&[Some(1), Some(2)]]);
        assert_data(wanted(folder.path(), 1), "it has no column age_ns");
        let columns = ["feed_ns", "total_ns", "age_ns"];
        write_parquet(folder.path(), &columns, &[&[Some(1), Some(-2), None]]);
        assert_data(wanted(folder.path(), 1), "-2 in the column total_ns must be nanoseconds");
    }
}
