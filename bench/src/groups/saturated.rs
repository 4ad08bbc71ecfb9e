//! As many packets a second as go through one connection, from the socket to the decision.

use std::cell::RefCell;
use std::time::Duration;

use app::rig::{LiveProbe, Rig};
use engine::probe::Off;
use sandbox::{Pacing, Tape, Transport};

use crate::fault::Fault;
use crate::live::{Ready, SETTLE, SPARE, Took};
use crate::plan::Plan;
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::session::play;
use crate::stats::alternate;
use crate::ticks;

/// What a round may take.
const LIMIT: Duration = Duration::from_secs(120);
/// Packets a second that are to go through.
const LEAST: Limit = Limit::AtLeast(2e6);

pub(super) fn run(plan: Plan) -> Result<Table, Fault> {
    let rig = RefCell::new(Rig::new());
    let count = plan.of(2_000_000, 50_000);
    let tape = ticks::tape(count as usize + SETTLE as usize + SPARE);
    let mut rows = Vec::new();
    for (name, transport) in [("plain", Transport::Plain), ("TLS", Transport::Tls { folder: None })]
    {
        // As `perf` does, every trace is kept whole.
        let traced = |rig: &Rig| rig.tracing(count as usize);
        let pairs = alternate(
            plan.of(5, 2),
            || flight(&tape, &transport, |_| Off, count, &mut rig.borrow_mut()),
            || flight(&tape, &transport, traced, count, &mut rig.borrow_mut()),
        )?;
        let rates = pairs.iter().map(|(a, b)| (a.per_second(), b.per_second()));
        let costs = pairs.iter().map(|(a, b)| (a.cpu_per_tick(), b.cpu_per_tick()));
        let rates = Row::pairs(format!("{name}, packets a second"), Unit::PerSecond, rates);
        rows.push(rates.target(Subject::A, LEAST).target(Subject::B, LEAST));
        let what = format!("{name}, CPU time of the tick thread a packet");
        rows.push(Row::pairs(what, Unit::Nanos, costs));
    }
    Ok(Table {
        title: "Saturated",
        a: "our whole path without tracing (`Off`)",
        b: "our whole path, traced",
        comparison: Comparison::BOverA,
        rows,
        notes: vec![
            "The embedded sandbox at full speed over one connection. Both threads have a core of \
             their own; where the sandbox is the slower of the two, the tick thread waits, and \
             its CPU time a packet says what it could take."
                .to_owned(),
        ],
    })
}

fn flight<P: LiveProbe + Send + 'static>(
    tape: &Tape,
    transport: &Transport,
    probe: impl FnOnce(&Rig) -> P,
    count: u64,
    rig: &mut Rig,
) -> Result<Took, Fault> {
    let playing = play(tape.clone(), transport.clone(), Pacing::FullSpeed, rig.cycles())?;
    let ready = Ready::new(&playing.session, rig, probe(rig), count, LIMIT)?;
    // Only the figures: a meter with all its traces is large.
    Ok(ready.fly(rig)?.took)
}
