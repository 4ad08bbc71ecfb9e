//! The binary `myquant`, with the strategies of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    app::run(&app::Registry::default())
}
