//! The program `myquant` as a library: a `main` of its own can add strategies and keep everything else.

mod background;
mod cli;
mod clock;
mod compare;
mod config_command;
mod failure;
mod fills;
mod live;
mod instruments_command;
mod measured;
mod output;
mod pages;
mod perf;
mod playback;
mod played;
mod presets;
mod recorder;
mod registry;
mod replay;
mod report;
mod report_command;
mod results;
mod run_folder;
mod sandbox_command;
mod sandbox_help;
mod settings;
mod signals;
mod thread;
mod tick_files;
mod trade;
mod tune;
mod tuning;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use failure::{Failure, Status};

pub use registry::Registry;

/// Measured runs put together by hand: what benchmarks and tests fly is what `perf` and `trade` fly.
///
/// A [`Rig`](rig::Rig) makes the probe and the pilot; the pilot is the sink of a market stream of the
/// caller's, on a thread of the caller's, while another thread calls [`Rig::look`](rig::Rig::look).
pub mod rig {
    pub use crate::clock::Cycles;
    pub use crate::failure::Failure;
    pub use crate::live::Traced;
    pub use crate::measured::{LiveProbe, Pilot, Rig, SideReport, SideWork};
}

/// Reads the command line, runs one command with the strategies of `registry`, and returns its status.
#[must_use]
pub fn run(registry: &Registry) -> ExitCode {
    let status = dispatch(registry, &Cli::parse().command).unwrap_or_else(|failure| {
        let _ = writeln!(std::io::stderr(), "{failure}");
        failure.status
    });
    ExitCode::from(status as u8)
}

fn dispatch(registry: &Registry, command: &Command) -> Result<Status, Failure> {
    let schema = registry.schema();
    match command {
        Command::Perf(args) => {
            let config = settings::load(schema, &args.run)?;
            (registry.select(&config)?.perf)(args, &config)
        }
        Command::Trade(args) => {
            let config = settings::load(schema, &args.run)?;
            (registry.select(&config)?.trade)(args, &config)
        }
        Command::Replay(args) => {
            let config = settings::load(schema, &args.run)?;
            (registry.select(&config)?.replay)(args, &config)
        }
        Command::Sandbox(args) => sandbox_command::run(args),
        Command::Report(args) => report_command::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Instruments(args) => instruments_command::run(&args.command),
        Command::Config(args) => config_command::run(&args.command, schema),
    }
}
