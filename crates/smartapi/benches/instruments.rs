//! A list as long as the broker's: reading it, reading it back, and asking it.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smartapi::instruments::{Contracts, Day, Index, parse, sample};
use smartapi::packet::{ExchangeType, WirePrice};

const ROWS: usize = 220_000;
const PHRASES: [&str; 3] = ["nifty 25 nov 26000 ce", "banknifty fut", "sbin"];

fn today() -> Day {
    Day::new(2025, 11, 20).expect("a day")
}

fn reading(criterion: &mut Criterion) {
    let file = sample::json(&sample::Recipe { seed: 1, today: today(), rows: ROWS });
    let (index, _) = parse(&file).expect("a list");
    let bytes = index.to_bytes();
    let mut group = criterion.benchmark_group("instruments read");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(file.len() as u64));
    group.bench_function("json", |bencher| bencher.iter(|| parse(black_box(&file))));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("kept", |bencher| bencher.iter(|| Index::from_bytes(black_box(&bytes))));
    group.finish();
}

fn asking(criterion: &mut Criterion) {
    let file = sample::json(&sample::Recipe { seed: 1, today: today(), rows: ROWS });
    let (index, _) = parse(&file).expect("a list");
    let nfo = ExchangeType::NSE_FO;
    let wanted = index.find(PHRASES[0], None, today()).first().copied().expect("listed");
    let mut group = criterion.benchmark_group("instruments ask");
    group.bench_function("by token", |bencher| {
        bencher.iter(|| index.by_token(nfo, black_box(wanted.token)));
    });
    group.bench_function("by symbol", |bencher| {
        bencher.iter(|| index.by_symbol(nfo, black_box(wanted.symbol)));
    });
    group.bench_function("nearest expiry", |bencher| {
        bencher.iter(|| index.nearest_expiry(nfo, black_box("NIFTY"), Contracts::Options, today()));
    });
    let expiry = wanted.expiry.expect("an option");
    let spot = WirePrice(2_600_000);
    group.bench_function("at the money ± 5", |bencher| {
        bencher.iter(|| index.at_the_money(nfo, black_box("NIFTY"), expiry, spot, 5));
    });
    for phrase in PHRASES {
        group.bench_function(phrase, |bencher| {
            bencher.iter(|| index.find(black_box(phrase), None, today()));
        });
    }
    group.finish();
}

criterion_group!(benches, reading, asking);
criterion_main!(benches);
