//! Instructions a tick, counted under valgrind: the same number on every machine and at every load.
//!
//! Needs valgrind and `cargo install gungraun-runner --version 0.20.0`; then
//! `cargo bench -p engine --bench instructions`.

#![allow(unused_qualifications, reason = "the macros of gungraun make some")]

mod common;

use std::hint::black_box;

use engine::config::{Config, load};
use engine::replay::{Outcome, run};
use engine::tick_path::feed::RawTick;
use engine::tick_path::strategy::{Momentum, Strategy};
use engine::venue::FillModel;
use gungraun::{library_benchmark, library_benchmark_group, main};

/// Ticks of one run; the figures are for all of them together.
const TICKS: usize = 10_000;

fn a_day() -> (Config, Vec<RawTick>) {
    (load(&[]).expect("defaults"), common::day(TICKS))
}

#[library_benchmark]
#[bench::ten_thousand_ticks(a_day())]
fn default_strategy((config, ticks): (Config, Vec<RawTick>)) -> Outcome {
    black_box(run(&config, Momentum::new(&config), FillModel::default(), ticks))
}

library_benchmark_group!(name = ticks, benchmarks = default_strategy);
main!(library_benchmark_groups = ticks);
