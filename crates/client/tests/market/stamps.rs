//! What each frame is told of its arrival, and that reading allocates nothing.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use client::market::{
    ConnectionState, ControlFrame, Ended, Flow, KernelStamp, KernelStamps, MarketStream, Sink,
    Stamps, StreamSetup, Tuning,
};
use quanta::{Clock, Instant};

use crate::server::{Security, Server, accept, binary, serve};
use crate::{PATIENCE, first, quick, setup};

const ALL: [Security; 3] = [Security::Plain, Security::Tls12, Security::Tls13];
/// How much the conversion between the clocks may be wrong, in nanoseconds.
const CLOCKS_APART: u64 = 5_000;
const WAYS: [Tuning; 2] =
    [Tuning { no_delay: true, busy_poll: false }, Tuning { no_delay: false, busy_poll: true }];

/// Hands each payload's stamps to a closure, and counts the looks before a read.
struct Watching<F> {
    on_payload: F,
    reads: Arc<AtomicU64>,
    until: Instant,
}

impl<F: FnMut(Stamps) -> Flow> Sink for Watching<F> {
    fn on_payload(&mut self, _: &[u8], stamps: Stamps) -> Flow {
        (self.on_payload)(stamps)
    }

    fn on_control(&mut self, _: ControlFrame) {}

    fn on_text(&mut self, _: &str) {}

    fn on_state(&mut self, _: &ConnectionState) {}

    fn on_idle(&mut self) -> Flow {
        assert!(Instant::now() < self.until, "too late");
        Flow::Continue
    }

    fn before_read(&mut self, _now: u64) {
        self.reads.fetch_add(1, Ordering::SeqCst);
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

fn watch(setup: StreamSetup, reads: Arc<AtomicU64>, on_payload: impl FnMut(Stamps) -> Flow) {
    let until = Instant::now() + PATIENCE;
    let mut sink = Watching { on_payload, reads, until };
    let mut stream = MarketStream::new(setup).expect("a legal set-up");
    assert_eq!(stream.run(&mut sink), Ended::Stopped);
}

fn tuned(server: &Server, tuning: Tuning) -> StreamSetup {
    StreamSetup { tuning, ..setup(server, quick()) }
}

fn wall_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
}

/// A raw reading of the clock as nanoseconds since 1970.
fn wall_of(clock: &Clock, raw: u64) -> u64 {
    let measure = |_| {
        let before = clock.raw();
        let wall = wall_now();
        (clock.delta_as_nanos(before, clock.raw()), wall - clock.delta_as_nanos(raw, before))
    };
    let tightest = (0..100).map(measure).min().expect("a hundred tries");
    tightest.1
}

/// Sends `bytes` each time that it is asked to, and says when it began to by the wall clock.
fn on_demand(security: Security, bytes: Vec<u8>) -> (Server, Sender<()>, Receiver<u64>) {
    let (ask, asked) = channel();
    let (begun, begins) = channel();
    let server = serve(security, move |_, stream| {
        let (mut socket, _) = accept(stream);
        while asked.recv_timeout(PATIENCE).is_ok() {
            let begin = wall_now();
            socket.get_mut().write_all(&bytes).expect("the client reads");
            socket.get_mut().flush().expect("the client reads");
            if begun.send(begin).is_err() {
                return;
            }
        }
    });
    (server, ask, begins)
}

#[test]
fn a_frame_that_ends_its_read_has_the_kernels_stamp_and_one_before_it_a_bound() {
    const ROUNDS: usize = 60;
    let clock = Clock::new();
    let _on = KernelStamps::switch_on(&clock).expect("Linux stamps");
    for (security, tuning) in ALL.into_iter().flat_map(|s| WAYS.map(|tuning| (s, tuning))) {
        let bytes = [binary(&[1; 379]), binary(&[2; 379])].concat();
        let (server, ask, begins) = on_demand(security, bytes);
        let (mut round, mut late) = (0, 0);
        let mut earlier: Option<Stamps> = None;
        ask.send(()).expect("the server listens");
        watch(tuned(&server, tuning), Arc::default(), |stamps| {
            let Some(before) = earlier.take() else {
                assert_eq!(stamps.kernel, KernelStamp::Shared, "another frame follows");
                earlier = Some(stamps);
                return Flow::Continue;
            };
            assert_eq!((before.read, before.after), (stamps.read, stamps.after), "one read");
            let KernelStamp::Own(stamp) = stamps.kernel else { panic!("{stamps:?}") };
            let begin = first(&begins);
            assert!((begin..=wall_now()).contains(&stamp), "{security:?} {tuning:?}");
            // Both frames came in one segment, so its stamp is the truth about the first one too.
            let bound = wall_of(&clock, stamps.after.raw).max(stamps.after.wall_ns);
            let is_late = bound > stamp + CLOCKS_APART;
            // The kernel stamps a segment before it queues it and may be called away between: whoever
            // polls finds the queue empty then.
            assert!(!is_late || tuning.busy_poll, "the bound is {} ns late", bound - stamp);
            late += usize::from(is_late);
            round += 1;
            ask.send(()).expect("the server listens");
            if round == ROUNDS { Flow::Stop } else { Flow::Continue }
        });
        assert!(late < ROUNDS / 4, "{security:?}: {late} of {ROUNDS} bounds are late");
    }
}

#[test]
fn the_stamp_of_a_frame_is_that_of_its_last_part() {
    let _on = KernelStamps::switch_on(&Clock::new()).expect("Linux stamps");
    for security in ALL {
        let reads = Arc::new(AtomicU64::new(0));
        let (ask, asked) = channel();
        let (begun, begins) = channel();
        let counted = Arc::clone(&reads);
        let server = serve(security, move |_, stream| {
            let (mut socket, _) = accept(stream);
            let bytes = binary(&[1; 379]);
            let (early, late) = bytes.split_at(200);
            while asked.recv_timeout(PATIENCE).is_ok() {
                let before = counted.load(Ordering::SeqCst);
                socket.get_mut().write_all(early).expect("the client reads");
                socket.get_mut().flush().expect("the client reads");
                // A read that began after the first part is sure to have been before the second.
                let deadline = Instant::now() + PATIENCE;
                while counted.load(Ordering::SeqCst) < before + 2 {
                    assert!(Instant::now() < deadline, "the first part is not read");
                    std::thread::yield_now();
                }
                let begin = wall_now();
                socket.get_mut().write_all(late).expect("the client reads");
                socket.get_mut().flush().expect("the client reads");
                if begun.send(begin).is_err() {
                    return;
                }
            }
        });
        let mut frames = 0;
        ask.send(()).expect("the server listens");
        watch(tuned(&server, Tuning::default()), reads, |stamps| {
            let begin = first(&begins);
            let KernelStamp::Own(stamp) = stamps.kernel else { panic!("{stamps:?}") };
            assert!((begin..=wall_now()).contains(&stamp), "{security:?}");
            frames += 1;
            ask.send(()).expect("the server listens");
            if frames == 5 { Flow::Stop } else { Flow::Continue }
        });
    }
}

/// Allocations of the stream's own work over so many rounds of twenty packets, from its beginning.
fn allocations(security: Security, tuning: Tuning, rounds: usize) -> u64 {
    const BURST: usize = 20;
    let (server, ask, begins) = on_demand(security, binary(&[1; 379]).repeat(BURST));
    let setup = tuned(&server, tuning);
    ask.send(()).expect("the server listens");
    let (mut packets, mut stamped) = (0, 0);
    let counted = allocation_counter::measure(|| {
        watch(setup, Arc::default(), |stamps| {
            packets += 1;
            stamped += usize::from(matches!(stamps.kernel, KernelStamp::Own(_)));
            if packets % BURST > 0 {
                return Flow::Continue;
            }
            allocation_counter::opt_out(|| {
                first(&begins);
                ask.send(()).expect("the server listens");
            });
            if packets == rounds * BURST { Flow::Stop } else { Flow::Continue }
        });
    });
    assert_eq!(stamped, rounds, "the last packet of a burst has a stamp");
    counted.count_total
}

#[test]
fn reading_with_stamps_allocates_nothing_per_packet() {
    let _on = KernelStamps::switch_on(&Clock::new()).expect("Linux stamps");
    for (security, tuning) in ALL.into_iter().flat_map(|s| WAYS.map(|tuning| (s, tuning))) {
        let [few, many] = [20, 400].map(|rounds| allocations(security, tuning, rounds));
        assert!(few > 0, "connecting allocates, and that is counted");
        // Threads that are awaited while connecting make a few more or fewer; packets make none.
        assert!(many < few + 20, "{few} and {many} over {security:?} with {tuning:?}");
    }
}
