//! The same ticks in every kind of file, files in their order, and what is wrong with a bad one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::parser::parse_message_type;
use engine::units::{EventTime, Paise, Qty};

use super::*;

/// Enough rows for several pieces of text, batches and row groups.
const ROWS: i64 = 20_000;
/// 09:15 in India on 1 Oct 2025.
const FIRST: i64 = 1_759_290_300_000_000;

/// The ticks of a day that begins so many microseconds after the first one.
fn ticks(later: i64) -> Vec<RawTick> {
    let tick = |index: i64| RawTick {
        time: Some(EventTime(FIRST + later + index * 250_000)),
        price: Some(Paise(18_000 + index % 977 * 5)),
        volume: if index % 10 == 0 { None } else { Some(Qty(index % 7 * 75)) },
        ..RawTick::default()
    };
    (0..ROWS).map(tick).collect()
}

fn csv_text(ticks: &[RawTick]) -> String {
    let row = |tick: &RawTick| {
        let time = Zone::INDIA.iso(tick.time.expect("a time"));
        let volume = tick.volume.map_or_else(String::new, |volume| volume.0.to_string());
        format!("{time},{},{volume}\n", tick.price.expect("a price"))
    };
    let rows: String = ticks.iter().map(row).collect();
    format!("timestamp,price,volume\n{rows}")
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

/// What a test writes into one column.
enum Cells {
    Whole(Vec<i64>),
    Double(Vec<f64>),
    Text(Vec<String>),
    /// Optional; 16-bit levels say where.
    Optional(Vec<Option<i64>>),
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Whole(cells) => cells.len(),
            Self::Double(cells) => cells.len(),
            Self::Text(cells) => cells.len(),
            Self::Optional(cells) => cells.len(),
        }
    }
}

fn parquet_bytes(message: &str, columns: &[Cells], group_rows: usize) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(message).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).expect("a writer");
    let rows = columns.first().map_or(0, Cells::len);
    for from in (0..rows).step_by(group_rows) {
        let range = from..(from + group_rows).min(rows);
        let mut group = writer.next_row_group().expect("a group");
        for column in columns {
            match column {
                Cells::Whole(cells) => put::<Int64Type>(&mut group, &cells[range.clone()], None),
                Cells::Double(cells) => put::<DoubleType>(&mut group, &cells[range.clone()], None),
                Cells::Text(cells) => {
                    let cells: Vec<ByteArray> =
                        cells[range.clone()].iter().map(|cell| cell.as_str().into()).collect();
                    put::<ByteArrayType>(&mut group, &cells, None);
                }
                Cells::Optional(cells) => {
                    let cells = &cells[range.clone()];
                    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
                    let present: Vec<i64> = cells.iter().flatten().copied().collect();
                    put::<Int64Type>(&mut group, &present, Some(&levels));
                }
            }
        }
        group.close().expect("a group");
    }
    writer.close().expect("a file");
    bytes
}

fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    cells: &[T::T],
    levels: Option<&[i16]>,
) {
    let mut column = group.next_column().expect("a writer").expect("a column");
    column.typed::<T>().write_batch(cells, levels, None).expect("cells");
    column.close().expect("a column");
}

fn micros(ticks: &[RawTick]) -> Vec<i64> {
    ticks.iter().map(|tick| tick.time.expect("a time").0).collect()
}

fn paise(ticks: &[RawTick]) -> Vec<i64> {
    ticks.iter().map(|tick| tick.price.expect("a price").0).collect()
}

fn rupees(ticks: &[RawTick]) -> Vec<f64> {
    paise(ticks).into_iter().map(|paise| paise as f64 / 100.0).collect()
}

fn volumes(ticks: &[RawTick]) -> Cells {
    Cells::Optional(ticks.iter().map(|tick| tick.volume.map(|volume| volume.0)).collect())
}

fn all(path: &Path) -> Result<Vec<RawTick>, Failure> {
    drain(&Plan::of(&[path.to_owned()], Zone::INDIA, BadRows::Count)?)
}

fn drain(plan: &Plan) -> Result<Vec<RawTick>, Failure> {
    let (mut ticks, mut batch, mut found) = (plan.ticks(), Vec::new(), Vec::new());
    let mut bytes = 0;
    while ticks.read(&mut batch)? {
        assert!((1..=BATCH_TICKS).contains(&batch.len()));
        assert!(ticks.bytes() >= bytes, "the bytes only grow");
        bytes = ticks.bytes();
        found.extend_from_slice(&batch);
    }
    assert_eq!(ticks.bytes(), plan.total_bytes(), "all bytes are behind the last tick");
    Ok(found)
}

fn refused(path: &Path, bad_rows: BadRows) -> String {
    let plan = Plan::of(&[path.to_owned()], Zone::INDIA, bad_rows).expect("a plan");
    let failure = drain(&plan).expect_err("a failure");
    assert_eq!(failure.status, Status::Data);
    let text = failure.to_string();
    assert!(text.contains("\nhint: "), "{text}");
    text
}

#[test]
fn every_kind_of_file_gives_the_same_ticks() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let day = ticks(0);
    let text = csv_text(&day);
    let (first, second) = text.split_at(text.len() / 2);
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let usual = "message ticks { required int64 timestamp (TIMESTAMP(MICROS,true)); \
                 required double price; optional int64 volume; }";
    let local = "message ticks { optional int64 VOLUME; required int64 Timestamp \
                 (TIMESTAMP(MILLIS,false)); required int64 other; required int64 ltp_paise; }";
    let texts = "message ticks { required binary timestamp (UTF8); required double close; \
                 optional int64 volume; }";
    let old = "message ticks { required int64 timestamp (TIMESTAMP_MICROS); \
               required int64 price_paise; optional int64 volume; }";
    let local_millis =
        micros(&day).iter().map(|time| (time + Zone::INDIA.offset.0) / 1000).collect();
    let iso = micros(&day).iter().map(|time| Zone::INDIA.iso(EventTime(*time))).collect();
    let times = || Cells::Whole(micros(&day));
    let prices = || Cells::Double(rupees(&day));
    for (name, bytes) in [
        ("day.csv", text.clone().into_bytes()),
        ("day-without-an-end.csv", text.trim_end().as_bytes().to_vec()),
        ("day.csv.gz", gzip(text.as_bytes())),
        ("two-members.csv.gz", members),
        ("day.parquet", parquet_bytes(usual, &[times(), prices(), volumes(&day)], 7001)),
        (
            "local.parquet",
            parquet_bytes(
                local,
                &[volumes(&day), Cells::Whole(local_millis), times(), Cells::Whole(paise(&day))],
                50_000,
            ),
        ),
        ("text.parquet", parquet_bytes(texts, &[Cells::Text(iso), prices(), volumes(&day)], 2048)),
        (
            "old.parquet",
            parquet_bytes(old, &[times(), Cells::Whole(paise(&day)), volumes(&day)], 9999),
        ),
    ] {
        let found = all(&written(folder, name, &bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(found == day, "{name} gives other ticks");
    }
}

#[test]
fn files_are_read_in_the_order_of_their_first_readable_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let days: Vec<Vec<RawTick>> = (0..3).map(|day| ticks(day * 86_400_000_000)).collect();
    let third = csv_text(&days[2]).replacen("price,volume\n", "price,volume\nx,1,\n", 1);
    let third = written(folder, "a.csv", third.as_bytes());
    let second = written(folder, "b.csv.gz", &gzip(csv_text(&days[1]).as_bytes()));
    let message = "message ticks { required int64 timestamp (TIMESTAMP(MICROS,true)); \
                   required double price; optional int64 volume; }";
    let cells =
        [Cells::Whole(micros(&days[0])), Cells::Double(rupees(&days[0])), volumes(&days[0])];
    let first = written(folder, "c.parquet", &parquet_bytes(message, &cells, 5000));
    let empty = written(folder, "empty.csv", b"timestamp,price\n");
    let again = written(folder, "again.csv", csv_text(&days[1]).as_bytes());
    let paths = [third.clone(), second.clone(), empty.clone(), again.clone(), first.clone()];
    let plan = Plan::of(&paths, Zone::INDIA, BadRows::Count).expect("a plan");
    let order: Vec<&Path> = plan.files().collect();
    assert_eq!(order, [&empty, &first, &second, &again, &third], "equal ones keep their order");
    let found = drain(&plan).expect("ticks");
    assert_eq!(found.len() as i64, 4 * ROWS + 1);
    assert_eq!(found.first(), days[0].first());
    assert_eq!(found.last(), days[2].last());
}

#[test]
fn a_strict_reader_names_the_file_and_line_of_the_first_bad_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = csv_text(&ticks(0));
    text.push_str("\n2025-10-01 15:00:00,0,75\n2025-10-01 15:00:00,x,75\n");
    let path = written(folder.path(), "bad.csv", text.as_bytes());
    let found = refused(&path, BadRows::Refuse);
    assert!(found.contains("bad.csv:20003: the price was `0`, it must be a number"), "{found}");
    assert_eq!(all(&path).expect("counted").len() as i64, ROWS + 2);

    let message = "message ticks { required int64 timestamp (TIMESTAMP(MICROS,true)); \
                   required double price; optional int64 volume; }";
    let mut day = ticks(0);
    day.truncate(6000);
    let cells = |price: f64, volume: i64| {
        let mut prices = rupees(&day);
        let mut volumes: Vec<Option<i64>> = vec![None; day.len()];
        (prices[5000], volumes[5500]) = (price, Some(volume));
        [Cells::Whole(micros(&day)), Cells::Double(prices), Cells::Optional(volumes)]
    };
    let path = written(folder.path(), "p.parquet", &parquet_bytes(message, &cells(0.0, -1), 4000));
    let found = refused(&path, BadRows::Refuse);
    assert!(found.contains("p.parquet, row 5001: the price is not a number of rupees"), "{found}");
    assert_eq!(all(&path).expect("counted").get(5000).expect("a row").price, None);
    let path = written(folder.path(), "v.parquet", &parquet_bytes(message, &cells(1.0, -1), 4000));
    assert!(refused(&path, BadRows::Refuse).contains("row 5501: the volume is not a number"));
}

#[test]
fn what_is_no_tick_file_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let day = ticks(0);
    let text = csv_text(&day);
    let cut = gzip(text.as_bytes());
    let no_unit = "message ticks { required int64 timestamp; required double price; }";
    let whole_price = "message ticks { required int64 timestamp (TIMESTAMP(MICROS,true)); \
                       required int64 price; }";
    let no_price = "message ticks { required int64 timestamp (TIMESTAMP(MICROS,true)); }";
    let times = || Cells::Whole(micros(&day));
    let whole = parquet_bytes(no_unit, &[times(), Cells::Double(rupees(&day))], 9000);
    for (name, bytes, reason) in [
        ("a.csv", &b"time,price\n1,2\n"[..], "a.csv: line 1: the header was `time,price`"),
        ("b.csv", b"", "b.csv: line 1: the header was ``"),
        ("c.csv.gz", &cut[..cut.len() / 2], "c.csv.gz beyond line "),
        ("d.bin", &vec![b'x'; 17 << 20], "d.bin:1: the line is longer than 16 MiB"),
        ("e.parquet", &whole, "the column timestamp is INT64 without a unit"),
        ("f.parquet", &whole[..5000], "cannot read "),
        (
            "g.parquet",
            &parquet_bytes(whole_price, &[times(), Cells::Whole(paise(&day))], 9000),
            "the column price is INT64, it must be DOUBLE in rupees, or be called price_paise",
        ),
        ("h.parquet", &parquet_bytes(no_price, &[times()], 9000), "it has no column price"),
    ] {
        let found = refused(&written(folder, name, bytes), BadRows::Count);
        assert!(found.contains(reason), "{name}: {found}");
    }
    let missing = [folder.join("missing.csv")];
    let failure = Plan::of(&missing, Zone::INDIA, BadRows::Count).err().expect("a failure");
    assert!(failure.to_string().contains("missing.csv"), "{failure}");
    assert!(refused(folder, BadRows::Count).contains("cannot read the recording"));
}

#[test]
fn a_line_longer_than_a_piece_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = "y".repeat(700_000);
    let text =
        format!("timestamp,price,note\n2025-10-01 09:15:00,1,{long}\n2025-10-01 09:15:01,2,z");
    let found = all(&written(folder.path(), "long.csv", text.as_bytes())).expect("ticks");
    let prices: Vec<_> = found.iter().map(|tick| tick.price).collect();
    assert_eq!(prices, [Some(Paise(100)), Some(Paise(200))]);
}

#[test]
fn a_damaged_parquet_file_never_panics() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut day = ticks(0);
    day.truncate(40);
    let message = "message ticks { required int64 timestamp (TIMESTAMP(MICROS,true)); \
                   required double price; optional int64 volume; }";
    let cells = [Cells::Whole(micros(&day)), Cells::Double(rupees(&day)), volumes(&day)];
    let good = parquet_bytes(message, &cells, 30);
    let mut refused = 0;
    for place in 4..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0xFF;
        refused += usize::from(all(&written(folder.path(), "bad.parquet", &bad)).is_err());
    }
    assert!(refused > good.len() / 3, "{refused} of {} changed bytes are noticed", good.len());
}
