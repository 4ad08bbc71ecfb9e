//! `myquant compare`: whether one measured run is slower or faster than another.

mod bootstrap;
mod ground;
mod series;
mod student;
mod table;
#[cfg(test)]
mod tests;
mod ticks;
mod verdict;

use std::io::{self, Write};
use std::path::Path;

use engine::probe::Stage;
use serde::Serialize;

use crate::cli::CompareArgs;
use crate::failure::{Failure, Status};
use crate::report;
use bootstrap::{BLOCKS, Resamples, Unjudged};
use ground::Ground;
use series::{Percentile, Series};
use verdict::{Judgement, Method, Part, Verdict};

/// The form of the document that `--json` prints.
const SCHEMA: u32 = 1;
const TOTAL: &str = "total";
/// From the due moment to the decision: it holds the sender and the network stack as well, and decides
/// only where it is asked for.
const AGE: &str = "age";

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    a: Run<'a>,
    b: Run<'a>,
    method: &'a Method,
    warnings: &'a [String],
    #[serde(flatten)]
    judgement: &'a Judgement,
}

/// A run as the document names it.
#[derive(Serialize)]
struct Run<'a> {
    folder: String,
    version: &'a str,
    symbol: &'a str,
    started: &'a str,
    ticks: u64,
}

/// Runs the command.
pub(crate) fn run(args: &CompareArgs) -> Result<Status, Failure> {
    let (a, b): (Ground, Ground) = (report::read(&args.a)?, report::read(&args.b)?);
    ground::refuse(&a, &b)?;
    let names = common(&a, &b);
    wanted(&names, &args.only)?;
    let warnings = ground::warnings(&a, &b);
    if !args.quiet {
        warnings.iter().for_each(|warning| {
            let _ = writeln!(io::stderr(), "warning: {warning}");
        });
    }
    let a_times = ticks::read(&args.a, &names, a.traces_written)?;
    let b_times = ticks::read(&args.b, &names, b.traces_written)?;
    let resamples = Resamples::of_two_runs(args.resamples, args.seed);
    let unlike_bounds = ground::bounds_differ(&a, &b);
    let mut parts = Vec::new();
    // A stage without work is one step of the counter, or what a stamp costs.
    let mut step = None;
    for ((name, a), b) in names.iter().zip(a_times).zip(b_times) {
        let (a, b) = (Series::new(&a), Series::new(&b));
        let medians = [&a, &b].into_iter().filter_map(|series| series.percentile(Percentile::P50));
        step = medians.filter(|median| *median > 0).chain(step).min();
        let asked = args.only.contains(name);
        if asked || args.only.is_empty() {
            let part = Part::new(name, asked || name != AGE, [&a, &b], &resamples);
            let bounded = unlike_bounds && (name == TOTAL || name == Stage::KernelWait.name());
            parts.push(if bounded { part.left_unjudged(Unjudged::UnlikeBounds) } else { part });
        }
    }
    let method = Method {
        confidence_percent: args.confidence,
        resamples: args.resamples,
        blocks: BLOCKS,
        seed: args.seed,
        tolerance_percent: args.tolerance,
        resolution_ns: a.stamp_cost_ns.max(b.stamp_cost_ns) + step.unwrap_or(0) as f64,
    };
    let judgement = verdict::judge(&parts, &method);
    let mut text = table::run("A", &args.a, &a) + &table::run("B", &args.b, &b);
    text += &table::judgement(&judgement, &method);
    let document = Document {
        schema: SCHEMA,
        a: named(&args.a, &a),
        b: named(&args.b, &b),
        method: &method,
        warnings: &warnings,
        judgement: &judgement,
    };
    print(args, &text, &document);
    status(&judgement)
}

/// The parts of the path that both runs have.
fn common(a: &Ground, b: &Ground) -> Vec<String> {
    let in_b = |name: &String| b.stages.iter().any(|stage| stage.name == *name);
    let stages = a.stages.iter().map(|stage| stage.name.clone()).filter(in_b);
    let age = (a.age.is_some() && b.age.is_some()).then(|| AGE.to_owned());
    stages.chain([TOTAL.to_owned()]).chain(age).collect()
}

/// Refuses names that are no part of both runs.
fn wanted(names: &[String], only: &[String]) -> Result<(), Failure> {
    only.iter().find(|name| !names.contains(name)).map_or(Ok(()), |name| {
        let what = format!("--only {name}: must be a part of the path that both runs have");
        Err(Failure::usage(what, format!("there are {}", names.join(", "))))
    })
}

fn named<'a>(folder: &Path, ground: &'a Ground) -> Run<'a> {
    Run {
        folder: folder.display().to_string(),
        version: ground.environment("version"),
        symbol: &ground.symbol,
        started: &ground.started,
        ticks: ground.traces_written,
    }
}

fn print(args: &CompareArgs, text: &str, document: &Document<'_>) {
    let mut out = io::stdout().lock();
    if args.json {
        let json = serde_json::to_string(document).unwrap_or_default();
        let _ = writeln!(out, "{json}");
        if !args.quiet {
            let _ = write!(io::stderr(), "{text}");
        }
    } else {
        let _ = write!(out, "{text}");
    }
}

/// 1 for a regression; 3 if nothing that decides could be judged, for silence is no pass.
fn status(judgement: &Judgement) -> Result<Status, Failure> {
    match judgement.verdict {
        Some(Verdict::Slower) => Ok(Status::TargetMissed),
        Some(Verdict::Faster | Verdict::NoDifferenceSeen) => Ok(Status::Done),
        None => Err(Failure::new(
            Status::Incomplete,
            "nothing could be judged: the reason stands in each row",
            "measure again with more --ticks, and both runs at the same --rate",
        )),
    }
}
