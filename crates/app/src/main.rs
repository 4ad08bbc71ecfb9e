//! The binary `myquant`: reads the command line, runs one command, and ends with its status.

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

fn main() -> ExitCode {
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
