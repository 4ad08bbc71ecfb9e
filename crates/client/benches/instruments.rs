//! The cold load of a kept list as long as the broker's: open, read, checksum, check.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use client::{Instruments, ListServer, StateFolder};
use criterion::{Criterion, criterion_group, criterion_main};
use smartapi::instruments::{Day, sample};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const ROWS: usize = 220_000;

/// A server of one file.
fn serve(runtime: &Runtime, file: Vec<u8>) -> ListServer {
    let file = Arc::new(file);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("bound");
    let app = Router::new().route("/", get(move || async move { file.as_ref().clone() }));
    runtime.spawn(async move { axum::serve(listener, app).await });
    ListServer::at(&format!("http://{address}/"), None).expect("local")
}

fn cold_load(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    let today = Day::new(2025, 11, 20).expect("a day");
    let server = serve(&runtime, sample::json(&sample::Recipe { seed: 1, today, rows: ROWS }));
    let folder = tempfile::tempdir().expect("a folder");
    let state = StateFolder::at(folder.path());
    let open = || runtime.block_on(Instruments::open(&server, &state)).expect("a list");
    assert_eq!(open().index.len(), ROWS);
    let mut group = criterion.benchmark_group("instruments");
    group.sample_size(20);
    group.bench_function("cold load of the kept list", |bencher| bencher.iter(open));
    group.bench_function("download, check and keep", |bencher| {
        bencher.iter(|| runtime.block_on(Instruments::refresh(&server, &state)).expect("a list"));
    });
    group.finish();
}

criterion_group!(benches, cold_load);
criterion_main!(benches);
