//! Faults on demand, as a client sees each of them.

mod account;
mod control;
mod latency;
mod orders;
mod packets;
mod rest;
mod streams;

use sandbox::{Options, Pacing, Sandbox, Scenario};

use crate::client::{Stream, login, market, plain};

/// A packet each half of a millisecond.
const FAST: Pacing = Pacing::FixedRate { per_second: 2_000 };
/// One packet, and no second one while a test runs.
const ALONE: Pacing = Pacing::FixedRate { per_second: 1 };

/// The options with faults in the short form.
fn with(options: Options, faults: &[&str]) -> Options {
    let steps = faults.iter().map(|fault| fault.parse().unwrap());
    Options { scenario: steps.fold(Scenario::default(), Scenario::with), ..options }
}

/// A plain sandbox with faults.
fn faulty(count: usize, pacing: Pacing, faults: &[&str]) -> Sandbox {
    Sandbox::start(with(plain(count, pacing), faults)).unwrap()
}

/// A market stream that is subscribed to everything.
fn subscribed(sandbox: &Sandbox) -> Stream {
    let mut stream = market(sandbox, &login(sandbox)).ok().unwrap();
    stream.subscribe(3);
    stream
}
