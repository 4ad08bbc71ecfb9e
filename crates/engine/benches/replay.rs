//! Nanoseconds a tick: the default strategy without tracing and with it, and what the trace alone costs.

mod common;

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::config::{Config, load};
use engine::probe::{Counter, Disturbances, Meter, Off, Probe, Stage, Stamps};
use engine::replay::{Outcome, run};
use engine::tick_path::TickPath;
use engine::tick_path::feed::{Feed, RawTick, Subscription};
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::{Momentum, Strategy};
use engine::units::EventTime;
use engine::venue::FillModel;
use smartapi::packet::{
    ExchangeType, FromZeros as _, IntoBytes as _, Mode, SnapQuote, token_field,
};

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

/// The day as the packets of a stream.
fn frames(ticks: &[RawTick]) -> Vec<SnapQuote> {
    let packet = |(number, tick): (usize, &RawTick)| {
        let mut packet = SnapQuote::new_zeroed();
        packet.quote.head.mode = Mode::SnapQuote as u8;
        packet.quote.head.exchange_type = ExchangeType::NSE_FO.0;
        packet.quote.head.token = token_field("47338").expect("fits");
        packet.quote.head.sequence.set(number as i64 + 1);
        packet.quote.head.exchange_ts_ms.set(tick.time.map_or(0, |time| time.0 / 1000));
        packet.quote.head.ltp.set(tick.price.map_or(0, |price| price.0));
        packet.quote.last_traded_qty.set(75);
        packet
    };
    ticks.iter().enumerate().map(packet).collect()
}

/// The frames from their payloads to the decisions; what became of the probe.
fn live<P: Probe>(
    config: &Config,
    frames: &[SnapQuote],
    probe: P,
    mut begin: impl FnMut() -> P::Trace,
) -> P {
    let token = token_field("47338").expect("fits");
    let subscription = Subscription { segment: ExchangeType::NSE_FO, token, mode: Mode::SnapQuote };
    let (feed, strategy) = (Feed::new(subscription), Momentum::new(config));
    let mut path = TickPath::live(config, feed, strategy, FillModel::default(), probe, 0);
    for frame in frames {
        path.on_frame(frame.as_bytes(), begin(), EventTime::END, || {});
    }
    black_box(path.frames());
    path.into_probe()
}

/// How much longer `with` takes than `without`, in turns; what `with` needs is made beforehand.
fn difference<M, A, B>(
    cycles: &Cycles,
    rounds: u64,
    (need, with): (impl Fn() -> M, impl Fn(M) -> A),
    without: impl Fn() -> B,
) -> Duration {
    let (mut longer, mut shorter) = (0, 0);
    for _ in 0..rounds {
        let needed = need();
        let begin = cycles.raw();
        let kept = with(needed);
        let middle = cycles.raw();
        drop(kept);
        let again = cycles.raw();
        without();
        longer += cycles.nanos(begin, middle);
        shorter += cycles.nanos(again, cycles.raw());
    }
    Duration::from_nanos(longer.saturating_sub(shorter))
}

/// What a trace costs: runs with and without it in turns, and the difference of their times.
fn costs(criterion: &mut Criterion) {
    let config = load(&[]).expect("defaults");
    let ticks = common::day(TICKS);
    let frames = frames(&ticks);
    let cycles = Cycles(quanta::Clock::new());
    let mut group = criterion.benchmark_group("trace");
    group.throughput(Throughput::Elements(TICKS as u64)).sample_size(30);
    let replayed = Cell::new(None);
    group.bench_function("its cost in replay", |bencher| {
        let without = || {
            let strategy = Momentum::new(&config);
            black_box(run(&config, strategy, FillModel::default(), ticks.iter().copied()));
        };
        let with = |_| traced(&config, &ticks, &cycles, &replayed);
        bencher.iter_custom(|rounds| difference(&cycles, rounds, (|| (), with), without));
    });
    group.bench_function("its cost on a stream", |bencher| {
        // As the stream begins a trace: one stamp when it was read, one when it was framed.
        let begin = || {
            let read = cycles.raw();
            Stamps::read(Some(read - 1000), read, cycles.raw())
        };
        let meter = || Meter::new(cycles.clone(), Stage::KernelWait, TICKS);
        let with = |meter| black_box(live(&config, &frames, meter, begin));
        let without = || black_box(live(&config, &frames, Off, || ()));
        bencher.iter_custom(|rounds| difference(&cycles, rounds, (meter, with), without));
    });
    group.finish();
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

criterion_group!(all, benches, costs);
criterion_main!(all);
