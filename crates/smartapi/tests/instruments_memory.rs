//! A list as long as the broker's stays small in memory.

use allocation_counter::measure;
use smartapi::instruments::{Day, Index, parse, sample};

const ROWS: usize = 220_000;
const MEGABYTE: u64 = 1_000_000;

#[test]
fn an_index_of_220_000_rows_takes_less_than_60_mb() {
    let today = Day::new(2025, 11, 20).expect("a day");
    let file = sample::json(&sample::Recipe { seed: 1, today, rows: ROWS });
    let mut parsed = None;
    let reading = measure(|| parsed = parse(&file).ok());
    let (index, intake) = parsed.expect("a list");
    assert_eq!((index.len(), intake.skipped_rows()), (ROWS, 0));
    let bytes = index.to_bytes();
    let mut kept = None;
    let loading = measure(|| kept = Index::from_bytes(&bytes).ok());
    assert!(kept.is_some_and(|kept| kept == index));
    println!(
        "JSON {} B; index {} B; peak beside the file while reading JSON {} B, and a kept index {} B",
        file.len(),
        reading.bytes_current,
        reading.bytes_max,
        loading.bytes_max
    );
    assert!(reading.bytes_current.unsigned_abs() < 60 * MEGABYTE);
    assert!(reading.bytes_max < 60 * MEGABYTE);
    assert!(loading.bytes_max < 60 * MEGABYTE);
}
