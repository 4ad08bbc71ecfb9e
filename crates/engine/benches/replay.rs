//! Nanoseconds a tick: the default strategy in replay, without tracing and with it.

mod common;

use std::cell::Cell;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::config::{Config, load};
use engine::probe::{Counter, Disturbances, Meter, Off, Stage, Stamps};
use engine::replay::{Outcome, run};
use engine::tick_path::TickPath;
use engine::tick_path::feed::RawTick;
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::{Momentum, Strategy};
use engine::units::EventTime;
use engine::venue::FillModel;

const TICKS: usize = 100_000;

/// The cycle counter, as the program has it.
#[derive(Clone)]
struct Cycles(quanta::Clock);

impl Counter for Cycles {
    fn raw(&self) -> u64 {
        self.0.raw()
    }

    fn nanos(&self, from: u64, till: u64) -> u64 {
        self.0.delta_as_nanos(from, till)
    }

    fn disturbances(&self) -> Option<Disturbances> {
        None
    }
}

fn traced(
    config: &Config,
    ticks: &[RawTick],
    cycles: &Cycles,
    meter: &Cell<Option<Meter<Cycles>>>,
) {
    let fresh = || Meter::new(cycles.clone(), Stage::Broker, 0);
    let meter_now = meter.take().unwrap_or_else(fresh);
    let mut path = TickPath::replay(config, Momentum::new(config), FillModel::default(), meter_now);
    for tick in ticks {
        path.on_row(*tick, Stamps::tick(cycles.raw()));
    }
    path.finish(ExitReason::EndOfData);
    black_box(Outcome::of(config, &path));
    meter.set(Some(path.into_probe()));
}

fn benches(criterion: &mut Criterion) {
    let config = load(&[]).expect("defaults");
    let ticks = common::day(TICKS);
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(TICKS as u64)).sample_size(30);
    group.bench_function("default strategy, no tracing", |bencher| {
        bencher.iter(|| {
            let strategy = Momentum::new(&config);
            run(&config, strategy, FillModel::default(), ticks.iter().copied())
        });
    });
    let cycles = Cycles(quanta::Clock::new());
    let meter = Cell::new(None);
    group.bench_function("default strategy, traced", |bencher| {
        bencher.iter(|| traced(&config, &ticks, &cycles, &meter));
    });
    group.bench_function("no strategy: broker and session only", |bencher| {
        bencher.iter(|| {
            let mut path =
                TickPath::replay(&config, Momentum::new(&config), FillModel::default(), Off);
            for tick in &ticks {
                let time = tick.time.map(|time| EventTime(time.0 - 6 * 3_600_000_000));
                path.on_row(RawTick { time, ..*tick }, ());
            }
            Outcome::of(&config, &path)
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
