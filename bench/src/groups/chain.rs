//! The official Python SDK's client against ours: from the scheduled send time to the callback.

use std::time::Duration;

use client::market::Tuning;
use engine::probe::Stage;
use sandbox::{Address, Instrument};
use serde::Serialize;

use crate::clock::{Anchor, Cycles};
use crate::fault::Fault;
use crate::live::{Ready, SETTLE, SPARE, meter};
use crate::plan::Plan;
use crate::processes::{Alone, Python};
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::session::Session;
use crate::stats::{alternate, percentile};

/// Packets a second, and for how many seconds.
const RATES: [(u32, u32); 3] = [(100, 6), (1_000, 4), (10_000, 3)];
/// What a round may take beyond its packets.
const GRACE: Duration = Duration::from_secs(60);

/// What the SDK's side is told.
#[derive(Serialize)]
struct Asked<'a> {
    address: &'a Address,
    exchange_type: u8,
    token: String,
    count: usize,
    limit_s: u64,
}

/// One round of one side.
#[derive(Clone, Copy)]
struct Round {
    per_second: u32,
    /// Packets whose age counts; those before are left out.
    count: usize,
}

/// A packet's sequence number, and when it was done, on the system's monotonic clock.
type Done = (i64, u64);

pub(super) fn run(plan: Plan, python: &Python) -> Result<Table, Fault> {
    let cycles = Cycles::new();
    let mut rows = Vec::new();
    let polled = Tuning { busy_poll: true, ..Tuning::default() };
    let usual = RATES.map(|(per_second, seconds)| (per_second, seconds, Tuning::default()));
    for (per_second, seconds, tuning) in usual.into_iter().chain([(1_000, 4, polled)]) {
        let round = Round { per_second, count: (per_second * plan.of(seconds, 1)) as usize };
        let ours = || round.of_ours(&cycles, tuning);
        let ages = alternate(plan.of(5, 1), || round.of_sdk(python), ours)?;
        let how = if tuning.busy_poll { ", ours with `tuning.busy_poll`" } else { "" };
        let row = |name, parts| {
            let figure = |ages: &[u64]| percentile(ages, parts, 100).map(|age| age as f64);
            let pairs = ages.iter().map(|(a, b)| (figure(a), figure(b)));
            Row::some_pairs(format!("{per_second} packets/s{how}, {name}"), Unit::Nanos, pairs)
        };
        rows.push(row("p50", 50).target(Subject::Compared, Limit::AtLeast(5.0)));
        rows.push(row("p99", 99));
    }
    Ok(Table {
        title: "The client chain",
        a: "the official Python SDK, from the packet's scheduled send time to its callback",
        b: "ours, traced, from the same to the strategy's decision",
        comparison: Comparison::AOverB,
        rows,
        notes: vec![
            "One `myquant sandbox --plain` process per round, the same ticks for both. Both sides \
             hold the way through the kernel and the wake-up of a sleeping reader, which the table \
             of the floor shows alone. Where the SDK does not keep up with the rate its packets \
             queue, and its figures grow with the length of the round. A reader that polls without \
             sleeping takes a whole processor."
                .to_owned(),
        ],
    })
}

impl Round {
    /// Starts the sandbox and hears who is to be measured; the ages of the packets that count.
    fn measured(
        self,
        receive: impl FnOnce(&Alone) -> Result<(Vec<Done>, Session), Fault>,
    ) -> Result<Vec<u64>, Fault> {
        let sandbox = Alone::start(self.rows() + SPARE, self.per_second)?;
        let (done, session) = receive(&sandbox)?;
        ages(&done, &session.schedule(self.rows())?)
    }

    fn limit(self) -> Duration {
        GRACE + Duration::from_secs(self.count as u64 / u64::from(self.per_second))
    }

    const fn rows(self) -> usize {
        self.count + SETTLE as usize
    }

    fn of_sdk(self, python: &Python) -> Result<Vec<u64>, Fault> {
        self.measured(|sandbox| {
            let Instrument { exchange_type, token, .. } = Instrument::default();
            let mut client = python.start("chain.py", &[])?;
            client.say(&Asked {
                address: &sandbox.address,
                exchange_type: exchange_type.0,
                token,
                count: self.rows(),
                limit_s: self.limit().as_secs(),
            })?;
            let mut done: Vec<Done> = client.hear()?;
            done.drain(..SETTLE as usize);
            // Its schedule is asked for afterwards, by a session of ours.
            Ok((done, Session::open(sandbox.address.clone())?))
        })
    }

    fn of_ours(self, cycles: &Cycles, tuning: Tuning) -> Result<Vec<u64>, Fault> {
        self.measured(|sandbox| {
            let session = Session::open(sandbox.address.clone())?;
            let wanted = self.count as u64;
            let before = Anchor::now(cycles);
            let meter = meter(cycles, wanted);
            let plan = (wanted, self.limit());
            let flight = Ready::tuned(&session, cycles, tuning, meter, plan)?.fly()?;
            let after = Anchor::now(cycles);
            let done = flight.probe.records().iter().map(|record| {
                let decided = cycles.0.delta_as_nanos(0, record.stamps.end(Stage::Position));
                (record.filed.sequence, before.monotonic_ns(after, decided))
            });
            Ok((done.collect(), session))
        })
    }
}

/// From each packet's scheduled time until it was done.
///
/// Errors: [`Fault`] for a packet that the schedule does not know.
fn ages(done: &[Done], schedule: &[Option<u64>]) -> Result<Vec<u64>, Fault> {
    let age = |&(sequence, time): &Done| {
        let place = usize::try_from(sequence - 1).ok();
        let scheduled = place.and_then(|place| *schedule.get(place)?);
        let unknown = || {
            let what = format!("the sandbox does not know when packet {sequence} was due");
            Fault::new(what, "look whether something else is connected to it")
        };
        scheduled.map(|scheduled| time.saturating_sub(scheduled)).ok_or_else(unknown)
    };
    done.iter().map(age).collect()
}

#[test]
fn an_age_runs_from_the_packets_own_scheduled_time() {
    let schedule = [Some(100), None, Some(300)];
    assert_eq!(ages(&[(1, 150), (3, 301)], &schedule).expect("known"), [50, 1]);
    for unknown in [2, 4, 0] {
        let fault = ages(&[(unknown, 400)], &schedule).expect_err("unknown").to_string();
        assert!(fault.contains(&format!("packet {unknown} ")), "{fault}");
    }
}
