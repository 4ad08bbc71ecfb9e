//! What a command leaves on the terminal: its results, as text or as one JSON document.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::cli::RunArgs;

/// Prints the text on stdout; with `--json` the document there, and the text for people on stderr.
pub(crate) fn print(args: &RunArgs, text: &str, document: &impl Serialize) {
    if !args.json {
        let _ = write!(io::stdout(), "{text}");
        return;
    }
    let json = serde_json::to_string(document).unwrap_or_default();
    let _ = writeln!(io::stdout(), "{json}");
    if !args.quiet {
        let _ = write!(io::stderr(), "{text}");
    }
}
