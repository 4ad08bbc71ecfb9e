//! The floor: a bare reader that only finds frame ends, against our whole path to the decision.

mod bare;
mod frames;

use std::cell::RefCell;
use std::time::Duration;

use app::rig::Rig;
use engine::probe::{Counter as _, Stage};
use sandbox::{Pacing, Schedule, Tape, Transport};

use crate::fault::Fault;
use crate::live::{Ready, SETTLE, SPARE, on_own_thread};
use crate::plan::Plan;
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::session::play;
use crate::stats::{alternate, percentile};
use crate::ticks;

const PER_SECOND: u32 = 1_000;

pub(super) fn run(plan: Plan) -> Result<Table, Fault> {
    let rig = RefCell::new(Rig::new());
    let count = (PER_SECOND * plan.of(5, 1)) as usize;
    let course = Course { tape: ticks::tape(count + SETTLE as usize + SPARE), count, rig };
    let mut rows = Vec::new();
    for (name, transport) in [("plain", Transport::Plain), ("TLS", Transport::Tls { folder: None })]
    {
        let ages =
            alternate(plan.of(7, 2), || course.of_bare(&transport), || course.of_ours(&transport))?;
        let row = |which, parts, most| {
            let figure = |ages: &[u64]| percentile(ages, parts, 100).map(|age| age as f64);
            let pairs = ages.iter().map(|(a, b)| (figure(a), figure(b)));
            Row::some_pairs(format!("{name}, {which}"), Unit::Nanos, pairs)
                .target(Subject::Compared, Limit::AtMost(most))
        };
        rows.push(row("p50", 50, 1.3));
        rows.push(row("p99", 99, 2.0));
    }
    Ok(Table {
        title: "The floor",
        a: "a bare blocking reader, from the scheduled send time to the end of the frame",
        b: "our whole path, traced, from the same to the decision",
        comparison: Comparison::BOverA,
        rows,
        notes: vec![format!(
            "{PER_SECOND} packets a second, the same ticks at the same times in every round; both \
             sides read on one thread of their own, from a sandbox on its own. The bare reader of \
             TLS uses rustls' ordinary reading interface."
        )],
    })
}

/// What both sides run.
struct Course {
    tape: Tape,
    /// Packets whose age counts; those before are left out.
    count: usize,
    rig: RefCell<Rig>,
}

impl Course {
    fn of_bare(&self, transport: &Transport) -> Result<Vec<u64>, Fault> {
        let clock = self.rig.borrow().cycles().clone();
        let pacing = Pacing::FixedRate { per_second: PER_SECOND };
        let playing = play(self.tape.clone(), transport.clone(), pacing, &clock)?;
        let connection = bare::connect(&playing.session)?;
        let frames = self.count + SETTLE as usize;
        // Both sides have a thread beside them that measures the date.
        let look = || self.rig.borrow_mut().look();
        let ends = on_own_thread(move || connection.frame_ends(frames, &clock), look)?;
        // The first subscriber sees the tape from its first row on, one frame a row.
        let ends = (1..).zip(ends).skip(SETTLE as usize);
        self.ages(ends, &playing.sandbox.schedule())
    }

    fn of_ours(&self, transport: &Transport) -> Result<Vec<u64>, Fault> {
        let mut rig = self.rig.borrow_mut();
        let pacing = Pacing::FixedRate { per_second: PER_SECOND };
        let playing = play(self.tape.clone(), transport.clone(), pacing, rig.cycles())?;
        let wanted = self.count as u64;
        let limit = Duration::from_secs(60 + wanted / u64::from(PER_SECOND));
        let probe = rig.tracing(self.count);
        let flight = Ready::new(&playing.session, &rig, probe, wanted, limit)?.fly(&mut rig)?;
        drop(rig);
        let ends = flight.meter().records().iter();
        let ends = ends.map(|record| (record.filed.sequence, record.stamps.end(Stage::Position)));
        self.ages(ends, &playing.sandbox.schedule())
    }

    /// From the scheduled times to the readings of the counter.
    fn ages(
        &self,
        ends: impl Iterator<Item = (i64, u64)>,
        schedule: &Schedule,
    ) -> Result<Vec<u64>, Fault> {
        let rig = self.rig.borrow();
        let age = |(sequence, raw)| {
            let end = rig.cycles().nanos(0, raw);
            Some(end.saturating_sub(schedule.scheduled_ns(sequence)?))
        };
        let unknown =
            || Fault::new("a frame came that the sandbox did not schedule", "report this as a bug");
        ends.map(age).collect::<Option<Vec<u64>>>().ok_or_else(unknown)
    }
}
