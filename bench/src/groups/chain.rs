//! The official Python SDK's client against ours: from the socket to the callback.

use std::time::Duration;

use app::rig::Rig;
use client::market::Tuning;
use engine::probe::{Counter as _, Stage};
use sandbox::{Address, Instrument};
use serde::Serialize;

use crate::clock::Anchor;
use crate::fault::Fault;
use crate::live::{Ready, SETTLE, SPARE};
use crate::plan::Plan;
use crate::processes::{Alone, Python};
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::session::{Departure, Session};
use crate::stats::{alternate, percentile};

/// Packets a second, and for how many seconds.
const RATES: [(u32, u32); 3] = [(100, 6), (JUDGED, 4), (10_000, 3)];
/// The rate that has a target.
const JUDGED: u32 = 1_000;
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
    /// Packets that count; those before are left out.
    count: usize,
}

/// A packet's sequence number, and when it was done, on the system's monotonic clock.
type Done = (i64, u64);

/// How long a packet took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Took {
    /// From right before the sandbox wrote it.
    from_write_ns: u64,
    /// From when it was due, so that the sandbox's own lateness is in it.
    from_due_ns: u64,
}

/// A round of ours.
struct Ours {
    took: Vec<Took>,
    /// From the kernel's receive stamp to the decision.
    totals: Vec<u64>,
}

impl Ours {
    /// The median from right before the write until the kernel put the packet into our socket.
    fn way_ns(&self) -> Option<u64> {
        let written: Vec<u64> = self.took.iter().map(|took| took.from_write_ns).collect();
        percentile(&written, 50, 100)?.checked_sub(percentile(&self.totals, 50, 100)?)
    }
}

pub(super) fn run(plan: Plan, python: &Python) -> Result<Table, Fault> {
    let mut rig = Rig::new();
    let mut rows = Vec::new();
    let polled = Tuning { busy_poll: true, ..Tuning::default() };
    let usual = RATES.map(|(per_second, seconds)| (per_second, seconds, Tuning::default()));
    for (per_second, seconds, tuning) in usual.into_iter().chain([(JUDGED, 4, polled)]) {
        let round = Round { per_second, count: (per_second * plan.of(seconds, 1)) as usize };
        let ours = || round.of_ours(&mut rig, tuning);
        let rounds = alternate(plan.of(5, 1), || round.of_sdk(python), ours)?;
        let how = if tuning.busy_poll { ", ours with `tuning.busy_poll`" } else { "" };
        let named = |name| format!("{per_second} packets/s{how}, {name}");
        let from = |all: &[Took], parts, of: fn(&Took) -> u64| {
            let times: Vec<u64> = all.iter().map(of).collect();
            percentile(&times, parts, 100)
        };
        let row = |name, parts, of: fn(&Took) -> u64| {
            let figure = |all: &[Took]| from(all, parts, of).map(|time| time as f64);
            let pairs = rounds.iter().map(|(a, b)| (figure(a), figure(&b.took)));
            Row::some_pairs(named(name), Unit::Nanos, pairs)
        };
        let from_socket = |name, parts| {
            let theirs = |a: &[Took], b: &Ours| {
                from(a, parts, |took| took.from_write_ns)?.checked_sub(b.way_ns()?)
            };
            let ours = |b: &Ours| percentile(&b.totals, parts, 100);
            let pairs = rounds.iter().map(|(a, b)| (theirs(a, b), ours(b)));
            let pairs = pairs.map(|(a, b)| (a.map(|time| time as f64), b.map(|time| time as f64)));
            Row::some_pairs(named(name), Unit::Nanos, pairs)
        };
        let half = from_socket("p50", 50);
        rows.push(if per_second == JUDGED {
            half.target(Subject::Compared, Limit::AtLeast(5.0))
        } else {
            half
        });
        rows.push(from_socket("p99", 99));
        rows.push(row("p50 from the write", 50, |took| took.from_write_ns));
        rows.push(row("p50 from the scheduled time", 50, |took| took.from_due_ns));
    }
    Ok(Table {
        title: "The client chain",
        a: "the official Python SDK, from the moment at which the kernel has a packet in its socket \
            to its callback",
        b: "ours, traced, from the same to the strategy's decision",
        comparison: Comparison::AOverB,
        rows,
        notes: vec![
            "One `myquant sandbox --plain` process per round, the same ticks for both; it notes \
             the time right before each write. Ours knows the kernel's receive stamp of each packet. \
             The SDK's client cannot be asked for it: what a packet needs from before the write to \
             the stamp is taken from ours (the median of the same round) and taken off the SDK's \
             times. From the write, both sides hold that way. Both hold the wake-up of a sleeping \
             reader in every row, which the table of the floor shows alone. From the scheduled time \
             the sandbox's own lateness is in both. Where the SDK does not keep up with the rate its \
             packets queue, and its figures grow with the length of the round. A reader that polls \
             without sleeping takes a whole processor."
                .to_owned(),
        ],
    })
}

impl Round {
    /// Starts the sandbox and hears who is to be measured; how long the packets that count took.
    fn measured<T>(
        self,
        receive: impl FnOnce(&Alone) -> Result<(Vec<Done>, Session, T), Fault>,
    ) -> Result<(Vec<Took>, T), Fault> {
        let sandbox = Alone::start(self.rows() + SPARE, self.per_second)?;
        let (done, session, more) = receive(&sandbox)?;
        Ok((took(&done, &session.departures(self.rows())?)?, more))
    }

    fn limit(self) -> Duration {
        GRACE + Duration::from_secs(self.count as u64 / u64::from(self.per_second))
    }

    const fn rows(self) -> usize {
        self.count + SETTLE as usize
    }

    fn of_sdk(self, python: &Python) -> Result<Vec<Took>, Fault> {
        let measured = self.measured(|sandbox| {
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
            Ok((done, Session::open(sandbox.address.clone())?, ()))
        });
        Ok(measured?.0)
    }

    fn of_ours(self, rig: &mut Rig, tuning: Tuning) -> Result<Ours, Fault> {
        let (took, totals) = self.measured(|sandbox| {
            let session = Session::open(sandbox.address.clone())?;
            let wanted = self.count as u64;
            let cycles = rig.cycles().clone();
            let before = Anchor::now(&cycles);
            let plan = (wanted, self.limit());
            let ready = Ready::tuned(&session, rig, tuning, rig.tracing(self.count), plan)?;
            let flight = ready.fly(rig)?;
            let after = Anchor::now(&cycles);
            let done = flight.meter().records().iter().map(|record| {
                let decided = cycles.nanos(0, record.stamps.end(Stage::Position));
                (record.filed.sequence, before.monotonic_ns(after, decided))
            });
            let totals = flight.meter().records().iter();
            let totals = totals.filter_map(|record| flight.meter().total_ns(&record.stamps));
            Ok((done.collect(), session, totals.collect::<Vec<u64>>()))
        })?;
        // On a busy machine a stamp may be impossible to place, now and then.
        if totals.len() * 100 < took.len() * 99 {
            let (stamped, all) = (totals.len(), took.len());
            let what = format!("{stamped} of {all} packets had a kernel stamp");
            return Err(Fault::new(what, "run it on a Linux machine whose date is not being set"));
        }
        Ok(Ours { took, totals })
    }
}

/// From each packet's departure until it was done.
///
/// Errors: [`Fault`] for a packet of whose departure the sandbox does not know.
fn took(done: &[Done], departures: &[Option<Departure>]) -> Result<Vec<Took>, Fault> {
    let took = |&(sequence, time): &Done| {
        let place = usize::try_from(sequence - 1).ok();
        let departure = place.and_then(|place| *departures.get(place)?);
        let unknown = || {
            let what = format!("the sandbox does not know when packet {sequence} left");
            Fault::new(what, "look whether something else is connected to it")
        };
        let Departure { due_ns, left_ns } = departure.ok_or_else(unknown)?;
        let since = |begin| time.saturating_sub(begin);
        Ok(Took { from_write_ns: since(left_ns), from_due_ns: since(due_ns) })
    };
    done.iter().map(took).collect()
}

#[test]
fn a_packets_time_runs_from_its_own_departure() {
    let departure = |due_ns, left_ns| Some(Departure { due_ns, left_ns });
    let departures = [departure(100, 110), None, departure(300, 300)];
    let seen = took(&[(1, 150), (3, 301)], &departures).expect("known");
    let expected = |from_write_ns, from_due_ns| Took { from_write_ns, from_due_ns };
    assert_eq!(seen, [expected(40, 50), expected(1, 1)]);
    for unknown in [2, 4, 0] {
        let fault = took(&[(unknown, 400)], &departures).expect_err("unknown").to_string();
        assert!(fault.contains(&format!("packet {unknown} ")), "{fault}");
    }
}

#[test]
fn the_way_to_the_socket_is_what_the_total_leaves_of_the_time_since_the_write() {
    let took = |from_write_ns| Took { from_write_ns, from_due_ns: 0 };
    let ours = Ours { took: vec![took(30), took(40), took(90)], totals: vec![25, 31, 60] };
    assert_eq!(ours.way_ns(), Some(9));
    assert_eq!(Ours { took: Vec::new(), totals: Vec::new() }.way_ns(), None);
}
