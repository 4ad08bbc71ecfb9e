//! Whether the product's pilot allocates on the tick thread, with all that can be attached to it.
//!
//! A program of its own, because counting slows every other test.

use std::time::Duration;

use allocation_counter::measure;
use app::rig::{Rig, SideReport};
use bench::live::{Ready, SETTLE, SPARE, on_own_thread};
use bench::session::play;
use bench::ticks;
use sandbox::{Pacing, Transport};

/// The ticks of the short run.
const SHORT: u64 = 500;
/// The ticks of the long one beyond them.
const STEADY: u64 = 10_000;
/// What a run may take: it is not to fail on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(120);

/// All allocations of the tick thread in a run over so many ticks, from connecting to landing, and
/// what came through to the side threads.
fn fly(transport: &Transport, ticks: u64, rig: &mut Rig) -> (u64, SideReport) {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = ticks::tape(ticks as usize + SETTLE as usize + SPARE);
    let playing = play(tape, transport.clone(), Pacing::FullSpeed, rig.cycles()).expect("started");
    let probe = rig.tracing(100);
    let mut ready = Ready::new(&playing.session, rig, probe, ticks, LIMIT).expect("a stream");
    let side = ready.attach(rig, folder.path()).unwrap_or_else(|fault| panic!("{fault}"));
    let counted = move || {
        let mut flight = None;
        let counted = measure(|| flight = Some(ready.fly_here()));
        Ok((flight.expect("it flew")?, counted.count_total))
    };
    let (mut flight, allocations) =
        on_own_thread(counted, || rig.look()).unwrap_or_else(|fault| panic!("{fault}"));
    (allocations, side.finish(&mut flight.pilot))
}

fn assert_none_a_tick(transport: &Transport) {
    let mut rig = Rig::new();
    // The first run also sets up what the libraries keep for the next.
    fly(transport, SHORT, &mut rig);
    let (short, _) = fly(transport, SHORT, &mut rig);
    let (long, side) = fly(transport, SHORT + STEADY, &mut rig);
    assert!(long <= short, "{} allocations in {STEADY} ticks", long - short);
    let (traced, recorded) = (SHORT + STEADY, SHORT + STEADY + SETTLE);
    assert_eq!(side, SideReport { recorded, traced, dropped: 0 }, "all of it was attached");
}

#[test]
fn the_pilot_allocates_nothing_for_a_tick_over_a_plain_connection() {
    assert_none_a_tick(&Transport::Plain);
}

#[test]
fn the_pilot_allocates_nothing_for_a_tick_over_tls() {
    assert_none_a_tick(&Transport::Tls { folder: None });
}
