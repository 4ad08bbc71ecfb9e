//! The trace of a tick: spans of others against ours, and what ours costs on the path.

mod cost;
mod spans;

use std::cell::RefCell;
use std::time::Duration;

use app::rig::{LiveProbe, Rig};
use engine::probe::Off;
use sandbox::{Pacing, Tape, Transport};

use crate::clock::time;
use crate::fault::Fault;
use crate::live::{Ready, SETTLE, SPARE};
use crate::plan::Plan;
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::session::play;
use crate::stats::{Spread, alternate};
use crate::ticks;
use cost::Course;
use spans::{Kind, Others, Ours};

/// The fastest feed that is promised.
const PER_SECOND: u32 = 50_000;

/// Ticks in a round of spans: `fastrace` queues 10,240 commands, and a tick makes four of them.
const TICKS: u64 = 2_000;

/// The CPU time of a tick: without tracing, and traced.
type Pair = (f64, f64);

pub(super) fn run(plan: Plan) -> Result<Vec<Table>, Fault> {
    let rig = RefCell::new(Rig::new());
    // Short rounds and many of them, so that few are interrupted.
    let course = Course::new(8_000, &rig);
    let rounds = plan.of(201, 5);
    let live = alternate(rounds, || course.live_off(), || course.live_traced())?;
    let bare = alternate(rounds, || course.live_bare(), || course.live_traced())?;
    let replay = alternate(rounds, || course.replay_off(), || course.replay_traced())?;
    let at_rate = at_rate(plan, &rig)?;
    let share = share(&live, &at_rate);
    Ok(vec![against_spans(plan, &rig)?, cost([live, bare, replay]), share])
}

/// Spans of others, one for each stage, against our trace of one tick.
fn against_spans(plan: Plan, rig: &RefCell<Rig>) -> Result<Table, Fault> {
    let rig = rig.borrow();
    let cycles = rig.cycles();
    let (rounds, ticks) = (plan.of(101, 5), TICKS);
    let mut ours = Ours::new(&rig);
    let stages = ours.stages();
    let others = Others::start(cycles, &stages)?;
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let theirs = || {
            others.collect();
            Ok::<_, Fault>(time(cycles, || (0..ticks).for_each(|_| others.tick(kind))))
        };
        let ours = || Ok(time(cycles, || (0..ticks).for_each(|_| ours.tick())));
        let pairs = alternate(rounds, theirs, ours)?;
        let a_tick = |took: u64| took as f64 / ticks as f64;
        let pairs = pairs.into_iter().map(|(a, b)| (a_tick(a), a_tick(b)));
        rows.push(Row::pairs(kind.name(), Unit::Nanos, pairs));
    }
    others.check(rounds as u64 * ticks)?;
    Ok(Table {
        title: "The trace of a tick against spans of others",
        a: "a span around each stage, and one around the tick",
        b: "our trace: begun, marked at each stage, filed into the histograms",
        comparison: Comparison::AOverB,
        rows,
        notes: vec![format!(
            "{} stages a tick, and no work between them. `tracing`: a registry and a layer that \
             stamps with our counter and records into one histogram a stage; disabled: the same \
             with spans below its level. `fastrace`: a reporter that drops what it is given; its \
             collector's thread is not counted.",
            stages.len()
        )],
    })
}

/// What the trace costs: the same ticks with `Meter` and with `Off`.
fn cost([live, bare, replay]: [Vec<Pair>; 3]) -> Table {
    let row = |name, pairs| Row::pairs(name, Unit::Nanos, pairs);
    let most = |row: Row, most| row.target(Subject::Compared, Limit::AtMost(most));
    let bare_name = "live, a tick; A on a stream with the stamp of its read only";
    Table {
        title: "What the trace costs",
        a: "the tick path without tracing (`Off`)",
        b: "the same path over the same ticks, traced",
        comparison: Comparison::BMinusA,
        rows: vec![
            most(row("live, a tick", live), 110.0),
            row(bare_name, bare),
            most(row("replay, a tick", replay), 90.0),
        ],
        notes: vec![
            "Frames lie in memory and are walked one after the other. Live, the product's own pilot \
             is handed each of them with the three stamps that the stream takes around a read, on \
             both sides: the stream does not know of the probe. In the second row A has but one of \
             them. Traced, the kernel's stamp is converted, and the looks at page faults and switches \
             are in it. Each trace is kept whole, as in `perf`, and counted when the run is over."
                .to_owned(),
        ],
    }
}

/// The trace's share of the tick thread's CPU time at the fastest rate.
fn share(live: &[Pair], at_rate: &[Pair]) -> Table {
    let cost = Spread::of(live.iter().map(|(off, traced)| traced - off));
    let cost = cost.map_or(f64::NAN, |cost| cost.median);
    let counted = at_rate.iter().map(|&(_, traced)| (traced - cost, traced));
    let row = |name, pairs: Vec<Pair>| {
        Row::pairs(name, Unit::Nanos, pairs).target(Subject::Compared, Limit::AtMost(5.0))
    };
    Table {
        title: "The trace's share of the tick thread",
        a: "CPU time of the tick thread a tick, without tracing",
        b: "the same, traced",
        comparison: Comparison::ShareOfB,
        rows: vec![
            row("counted: less the cost of a live trace as above", counted.collect()),
            row("measured: with tracing and without", at_rate.to_vec()),
        ],
        notes: vec![format!("{PER_SECOND} packets a second over TLS from the embedded sandbox.")],
    }
}

/// The tick thread's CPU time a tick at the fastest rate, without tracing and with it.
fn at_rate(plan: Plan, rig: &RefCell<Rig>) -> Result<Vec<Pair>, Fault> {
    let count = u64::from(PER_SECOND);
    let tape = ticks::tape(count as usize + SETTLE as usize + SPARE);
    let traced = |rig: &Rig| rig.tracing(count as usize);
    // Two rounds differ by more than a trace costs, so it takes many.
    alternate(
        plan.of(41, 2),
        || cpu_per_tick(&tape, |_| Off, count, &mut rig.borrow_mut()),
        || cpu_per_tick(&tape, traced, count, &mut rig.borrow_mut()),
    )
}

fn cpu_per_tick<P: LiveProbe + Send + 'static>(
    tape: &Tape,
    probe: impl FnOnce(&Rig) -> P,
    count: u64,
    rig: &mut Rig,
) -> Result<f64, Fault> {
    let pacing = Pacing::FixedRate { per_second: PER_SECOND };
    let playing = play(tape.clone(), Transport::Tls { folder: None }, pacing, rig.cycles())?;
    let limit = Duration::from_secs(60 + count / u64::from(PER_SECOND));
    let ready = Ready::new(&playing.session, rig, probe(rig), count, limit)?;
    Ok(ready.fly(rig)?.took.cpu_per_tick())
}

#[test]
fn the_counted_share_is_the_cost_over_the_traced_time() {
    let table = share(&[(50.0, 150.0), (50.0, 140.0), (50.0, 170.0)], &[(1900.0, 2000.0)]);
    assert!(table.markdown().contains("as above | 1.90 µs | 2.00 µs | 5.00 % |"), "{table:?}");
    assert_eq!(table.score(), (2, 2));
}
