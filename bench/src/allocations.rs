//! Counts what the tick thread allocates for a tick, from the socket to the decision.
//!
//! Prints one line of JSON for each transport. A program of its own, because counting slows allocation.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use allocation_counter::measure;
use app::rig::Rig;
use bench::fault::Fault;
use bench::live::{Ready, SETTLE, SPARE, on_own_thread};
use bench::session::play;
use bench::ticks;
use clap::Parser;
use sandbox::{Pacing, Transport};

/// The ticks of the short run.
const SHORT: u64 = 2_000;
/// What a run may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Counts allocations a tick.
#[derive(Parser)]
struct Options {
    /// Only show that it works
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    match print(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "{fault}");
            ExitCode::FAILURE
        }
    }
}

fn print(options: &Options) -> Result<(), Fault> {
    let mut rig = Rig::new();
    let ticks = if options.quick { 10_000 } else { 500_000 };
    for (name, transport) in [("plain", Transport::Plain), ("TLS", Transport::Tls { folder: None })]
    {
        // The first run of a kind also sets up what the libraries keep for the next.
        count(&transport, SHORT, &mut rig)?;
        let counts = [SHORT, SHORT + ticks].map(|ticks| count(&transport, ticks, &mut rig));
        let [short, long] = counts;
        let line = serde_json::json!({
            "transport": name,
            "ticks": ticks,
            "allocations": long? - short?,
        });
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    Ok(())
}

/// All allocations of the tick thread while it flies over so many ticks.
fn count(transport: &Transport, ticks: u64, rig: &mut Rig) -> Result<i64, Fault> {
    let tape = ticks::tape(ticks as usize + SETTLE as usize + SPARE);
    let playing = play(tape, transport.clone(), Pacing::FullSpeed, rig.cycles())?;
    let ready = Ready::new(&playing.session, rig, rig.tracing(SHORT as usize), ticks, LIMIT)?;
    let fly = move || {
        let mut flight = None;
        let counted = measure(|| flight = Some(ready.fly_here()));
        flight.transpose()?;
        Ok(counted.count_total as i64)
    };
    on_own_thread(fly, || rig.look())
}
