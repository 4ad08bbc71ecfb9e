//! CSV to checked ticks: megabytes a second over 100 MB of ordinary and of unusual rows.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use engine::replay::CsvRows;
use engine::tick_path::feed::RawTick;
use engine::units::{EventTime, Paise, Zone};

const BYTES: usize = 100_000_000;
const ROWS_PER_DAY: i64 = 20_000;
/// 09:15 in India on 1 Oct 2025, in microseconds.
const FIRST: i64 = 1_759_290_300_000_000;

/// A day whose rows are written by `row`, repeated.
fn file(header: &str, row: impl Fn(&mut String, EventTime, Paise, i64)) -> Vec<u8> {
    let mut day = String::new();
    let mut price = 20_000;
    for index in 0..ROWS_PER_DAY {
        // Irregular steps of time and price from one multiplicative sequence.
        let noise = (index * 7919 + 104_729) % 1009;
        price += (noise % 41 - 20) * 5;
        price = price.clamp(5_000, 40_000);
        let time = FIRST + index * 1_081_000 + noise * 733;
        row(&mut day, EventTime(time), Paise(price), (noise % 6 + 1) * 75);
    }
    let mut file = format!("{header}\n").into_bytes();
    while file.len() < BYTES {
        file.extend_from_slice(day.as_bytes());
    }
    file
}

fn whole_seconds(time: EventTime) -> EventTime {
    EventTime(time.0 - time.0 % 1_000_000)
}

fn files() -> [(&'static str, Vec<u8>); 4] {
    let zone = Zone::INDIA;
    let usual = "timestamp,price,volume";
    [
        (
            "seconds",
            file(usual, |day, time, price, volume| {
                let _ = writeln!(day, "{},{price},{volume}", zone.iso(whole_seconds(time)));
            }),
        ),
        (
            "microseconds",
            file(usual, |day, time, price, volume| {
                let _ = writeln!(day, "{},{price},{volume}", zone.iso(time));
            }),
        ),
        (
            "eight columns",
            file("token,timestamp,open,high,low,close,volume,oi", |day, time, price, volume| {
                let time = zone.iso(time);
                let _ = writeln!(day, "47338,{time},{price},{price},{price},{price},{volume},0");
            }),
        ),
        (
            "quoted",
            file(usual, |day, time, price, volume| {
                let _ = writeln!(day, "\"{}\",\"{price}\",\"{volume}\"", zone.iso(time));
            }),
        ),
    ]
}

fn rows(file: &[u8]) -> impl Iterator<Item = RawTick> {
    CsvRows::new(file, Zone::INDIA).expect("a header")
}

fn csv_to_ticks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("csv");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for (name, file) in files() {
        let readable = |tick: &RawTick| tick.time.is_some() && tick.price.is_some();
        assert!(rows(&file).all(|tick| readable(&tick)), "{name}: every row is readable");
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for tick in rows(&file) {
                    black_box(tick);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, csv_to_ticks);
criterion_main!(benches);
