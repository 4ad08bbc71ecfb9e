//! The program `myquant` as a library: a `main` of its own can add strategies and keep everything else.

mod cli;
mod clock;
mod config_command;
mod failure;
mod perf;
mod playback;
mod replay;
mod report;
mod results;
mod run_folder;
mod sandbox_command;
mod settings;
mod signals;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

/// Reads the command line, runs one command, and returns its exit status.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Perf(args) => perf::run(&args),
        Command::Sandbox(args) => sandbox_command::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Config(args) => config_command::run(&args.command),
    };
    let status = outcome.unwrap_or_else(|failure| {
        let _ = writeln!(std::io::stderr(), "{failure}");
        failure.status
    });
    ExitCode::from(status as u8)
}
