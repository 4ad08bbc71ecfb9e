//! `myquant report`: the page and the trace of an earlier run, made again from its files.

use std::io::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::ReportArgs;
use crate::failure::{Failure, Status};
use crate::report;

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    written: &'a [PathBuf],
}

/// Runs the command.
pub(crate) fn run(args: &ReportArgs) -> Result<Status, Failure> {
    let written = report::rebuild(&args.folder)?;
    for path in written.iter().filter(|_| !args.quiet) {
        let _ = writeln!(std::io::stderr(), "wrote {}", path.display());
    }
    if args.json {
        let document = Document { schema: 1, written: &written };
        let text = serde_json::to_string(&document).unwrap_or_default();
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    Ok(Status::Done)
}
