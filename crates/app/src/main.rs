//! The binary `myquant`.

use std::process::ExitCode;

fn main() -> ExitCode {
    app::run()
}
