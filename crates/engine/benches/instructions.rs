//! Instructions a tick, counted under valgrind: the same number on every machine and at every load.
//!
//! Needs valgrind and `cargo install gungraun-runner --version 0.20.0`; then
//! `cargo bench -p engine --bench instructions`.

#![allow(unused_qualifications, reason = "the macros of gungraun make some")]

use std::hint::black_box;

use engine::config::{Config, load};
use engine::replay::{Outcome, run};
use engine::tick_path::feed::RawTick;
use engine::tick_path::strategy::{Momentum, Strategy};
use engine::units::{EventTime, Micros, Paise, Qty};
use engine::venue::FillModel;
use gungraun::{library_benchmark, library_benchmark_group, main};

/// Ticks of one run; the figures are for all of them together.
const TICKS: usize = 10_000;

fn a_day() -> (Config, Vec<RawTick>) {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut price = 18_000;
    // 09:36:00 in India on 6 Oct 2025.
    let first = EventTime(1_759_723_560_000_000);
    let tick = |number: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        price = (price + (state % 9) as i64 * 5 - 20).max(5_000);
        RawTick {
            time: Some(first + Micros(number as i64 * 180_000)),
            price: Some(Paise(price)),
            volume: Some(Qty(75)),
            touch: None,
        }
    };
    (load(&[]).expect("defaults"), (0..TICKS).map(tick).collect())
}

#[library_benchmark]
#[bench::ten_thousand_ticks(a_day())]
fn default_strategy((config, ticks): (Config, Vec<RawTick>)) -> Outcome {
    black_box(run(&config, Momentum::new(&config), FillModel::default(), ticks))
}

library_benchmark_group!(name = ticks, benchmarks = default_strategy);
main!(library_benchmark_groups = ticks);
