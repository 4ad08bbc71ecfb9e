//! Measures the parts that were asked for, prints their tables, and writes BENCHMARKS.md.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::fault::Fault;
use bench::ground::Ground;
use bench::groups;
use bench::plan::{Part, Plan};
use bench::processes::Python;
use bench::report::Table;
use clap::{Parser, ValueEnum as _};

/// What a full run writes.
const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../BENCHMARKS.md");
/// How the report begins.
const HEAD: &str = "# Benchmarks\n\nWritten by `bench/run`, never by hand; [bench/README.md](bench/README.md) \
                    says what is compared and how. Figures are medians of the rounds, with the lowest and the \
                    highest; the compared column is taken round by round. A verdict is of the unrounded median.\n";

/// The exit statuses.
const STATUSES: &str = "Exit status: 0 all targets met, 1 a target was missed, 2 it could not be measured.\n\
                        A quick run judges nothing: it is 0 where everything works.";

/// Benchmarks against others, side by side on the same ticks.
#[derive(Parser)]
#[command(after_help = STATUSES)]
struct Options {
    /// Parts to measure [default: all]
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Only show that everything works: the figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Python with the official SDK
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
    /// Where the report goes [default: BENCHMARKS.md for a full run, else nowhere]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Options {
    /// Where the report goes: a part of it, or a quick one, never replaces the full one by itself.
    fn report(&self) -> Option<&Path> {
        let full = self.parts.is_empty() && !self.quick;
        self.out.as_deref().or(full.then_some(Path::new(REPORT)))
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match measure(&options) {
        Ok(score) => ExitCode::from(status(score, options.quick)),
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "{fault}");
            ExitCode::from(2)
        }
    }
}

/// How many targets there are, and how many were met.
type Score = (usize, usize);

/// The status for a run that was measured to its end; the figures of a quick one mean nothing.
const fn status((all, met): Score, quick: bool) -> u8 {
    if met < all && !quick { 1 } else { 0 }
}

fn measure(options: &Options) -> Result<Score, Fault> {
    let python = Python::new(&options.python)?;
    let plan = Plan { quick: options.quick };
    let mut report = format!("{HEAD}\n{}", Ground::read(&python, plan.quick).markdown());
    let parts: &[Part] =
        if options.parts.is_empty() { Part::value_variants() } else { &options.parts };
    let mut tables: Vec<Table> = Vec::new();
    for part in parts {
        let name = part.to_possible_value().map(|value| value.get_name().to_owned());
        let _ = writeln!(std::io::stderr(), "measuring: {}", name.unwrap_or_default());
        for table in groups::run(*part, plan, &python)? {
            let _ = writeln!(std::io::stdout(), "{}", table.markdown());
            report += &format!("\n{}", table.markdown());
            tables.push(table);
        }
    }
    let score = tables.iter().map(Table::score);
    let (all, met) = score.fold((0, 0), |sum, score| (sum.0 + score.0, sum.1 + score.1));
    let _ = writeln!(std::io::stdout(), "{met} of {all} targets met");
    report += &format!("\n{met} of {all} targets met.\n");
    if let Some(path) = options.report() {
        std::fs::write(path, report)
            .map_err(Fault::doing("writing the report", "give --out a file that can be written"))?;
    }
    Ok((all, met))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_ends_with_status_1_unless_the_figures_mean_nothing() {
        let ended = [((10, 10), false), ((10, 9), false), ((10, 9), true), ((0, 0), false)];
        assert_eq!(ended.map(|(score, quick)| status(score, quick)), [0, 1, 0, 0]);
        let help = <Options as clap::CommandFactory>::command().render_help().to_string();
        assert!(help.contains("1 a target was missed"), "{help}");
    }

    #[test]
    fn only_a_full_run_replaces_the_report() {
        let report = |words: &[&str]| {
            let words = ["myquant-bench"].iter().chain(words);
            Options::parse_from(words).report().map(Path::to_owned)
        };
        assert_eq!(report(&[]), Some(PathBuf::from(REPORT)));
        assert_eq!(report(&["--quick"]), None);
        assert_eq!(report(&["floor"]), None);
        assert_eq!(report(&["floor", "--out", "x.md"]), Some(PathBuf::from("x.md")));
    }
}
