//! `myquant report`: the page and the trace of an earlier run, made again from its files.

use std::io::Write as _;

use crate::cli::ReportArgs;
use crate::failure::{Failure, Status};
use crate::report;

/// Runs the command.
pub(crate) fn run(args: &ReportArgs) -> Result<Status, Failure> {
    for path in report::rebuild(&args.folder)?.iter().filter(|_| !args.quiet) {
        let _ = writeln!(std::io::stderr(), "wrote {}", path.display());
    }
    Ok(Status::Done)
}
