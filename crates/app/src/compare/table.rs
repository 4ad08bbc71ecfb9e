//! The comparison as a table on the terminal.

use std::fmt::Write as _;
use std::path::Path;

use super::ground::Ground;
use super::verdict::{Comparison, Judgement, Method, Verdict};
use crate::report::table::time;

/// A run in one line.
pub(super) fn run(name: &str, folder: &Path, ground: &Ground) -> String {
    format!(
        "{name}  {}: {} ticks of {} from {}, {} build {}, started {}\n",
        folder.display(),
        ground.traces_written,
        ground.symbol,
        ground.source,
        ground.environment("build_profile"),
        ground.environment("version"),
        ground.started,
    )
}

/// All comparisons, and how they are to be read.
pub(super) fn judgement(judgement: &Judgement, method: &Method) -> String {
    let mut out = format!(
        "\n{:<12} {:<4} {:>9} {:>9} {:>10} {:>9}  {:<24}  {}\n",
        "stage", "", "A", "B", "shift", "", "interval of the shift", "verdict"
    );
    let mut last = "";
    for comparison in &judgement.comparisons {
        let name = if last == comparison.name { "" } else { &comparison.name };
        out += &row(name, comparison, method.tolerance_percent);
        last = &comparison.name;
    }
    let _ = writeln!(
        out,
        "\nintervals: {} % for all {} together; {} resamples of {} blocks, seed {}; \
         a difference counts above {:.0} ns",
        method.confidence_percent,
        judgement.judged,
        method.resamples,
        method.blocks,
        method.seed,
        method.resolution_ns,
    );
    let _ = writeln!(
        out,
        "they hold what varied within these runs; a new start varies as well: compare two runs of A \
         to see by how much, and allow for it with --tolerance"
    );
    out += &verdict(judgement);
    out
}

fn row(name: &str, comparison: &Comparison, tolerance_percent: f64) -> String {
    let Comparison { percentile, a_ns, b_ns, shift_ns, shift_percent, .. } = comparison;
    let shift = shift_ns.map_or_else(|| "–".to_owned(), signed);
    let percent =
        shift_percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent:+.1} %"));
    let interval = comparison.low_ns.zip(comparison.high_ns);
    let interval = interval.map_or_else(
        || "–".to_owned(),
        |(low, high)| format!("[{:>10}, {:>10}]", signed(low), signed(high)),
    );
    let verdict = comparison.verdict.map(Verdict::words).or(comparison.unjudged).unwrap_or("–");
    let tolerated =
        comparison.verdict == Some(Verdict::Slower) && comparison.decides && !comparison.regression;
    let tolerated =
        if tolerated { format!(", tolerated up to {tolerance_percent} %") } else { String::new() };
    format!(
        "{name:<12} {percentile:<4} {:>9} {:>9} {shift:>10} {percent:>9}  {interval:<24}  \
         {verdict}{tolerated}\n",
        time(*a_ns),
        time(*b_ns),
    )
}

/// A shift with its sign.
fn signed(ns: i64) -> String {
    let sign = match ns {
        ..0 => "-",
        0 => "",
        1.. => "+",
    };
    format!("{sign}{}", time(Some(ns.unsigned_abs())))
}

/// The one line that answers.
fn verdict(judgement: &Judgement) -> String {
    let deciding = || judgement.comparisons.iter().filter(|one| one.decides);
    let named = |words: &str, which: &dyn Fn(&Comparison) -> bool| {
        let named: Vec<String> = deciding().filter(|one| which(one)).map(change).collect();
        (!named.is_empty()).then(|| format!("{words}: {}", named.join(", ")))
    };
    let slower = |one: &Comparison| one.verdict == Some(Verdict::Slower);
    let told = [
        named("slower", &|one| one.regression),
        named("slower within the tolerance", &|one| slower(one) && !one.regression),
        named("faster", &|one| one.verdict == Some(Verdict::Faster)),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    let unjudged = deciding().filter(|one| one.verdict.is_none()).count();
    let unjudged = match unjudged {
        0 => String::new(),
        some => format!(", {some} of {} not judged", deciding().count()),
    };
    match (judgement.verdict, &told[..]) {
        (None, _) => "nothing was judged\n".to_owned(),
        (_, []) => format!("no difference seen{unjudged}\n"),
        (_, told) => format!("B is {}{unjudged}\n", told.join("; ")),
    }
}

/// A percentile and by how much it shifted.
fn change(comparison: &Comparison) -> String {
    let Comparison { name, percentile, shift_percent, .. } = comparison;
    let percent = shift_percent.map_or_else(String::new, |percent| format!(" {percent:+.1} %"));
    format!("{name} {percentile}{percent}")
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap::{BLOCKS, Resamples};
    use super::super::series::Series;
    use super::super::verdict::{Part, judge};
    use super::*;

    #[test]
    fn a_shift_shows_its_direction() {
        assert_eq!([-12_345, 0, 7].map(signed), ["-12.3 µs", "0 ns", "+7 ns"]);
    }

    /// The answer to steady runs of 1,200 ticks, by name and times in A and in B.
    fn answer(tolerance_percent: f64, parts: &[(&str, u64, u64)]) -> String {
        let method = Method {
            confidence_percent: 95.0,
            resamples: 20,
            blocks: BLOCKS,
            seed: 1,
            tolerance_percent,
            resolution_ns: 1.0,
        };
        let resamples = Resamples::of_two_runs(method.resamples, method.seed);
        let part = |(name, a, b): &(&str, u64, u64)| {
            let [a, b] = [a, b].map(|time| Series::new(&[*time; 1200]));
            Part::new(name, *name != "age", [&a, &b], &resamples)
        };
        let parts: Vec<Part> = parts.iter().map(part).collect();
        let judgement = judgement(&judge(&parts, &method), &method);
        judgement.lines().last().expect("an answer").to_owned()
    }

    #[test]
    fn the_answer_names_everything_that_shifted() {
        assert_eq!(answer(0.0, &[("feed", 100, 100), ("age", 100, 900)]), "no difference seen");
        let mixed = [("feed", 100, 150), ("total", 200, 150)];
        let slower = "feed p50 +50.0 %, feed p99 +50.0 %";
        let faster = "faster: total p50 -25.0 %, total p99 -25.0 %";
        assert_eq!(answer(0.0, &mixed), format!("B is slower: {slower}; {faster}"));
        let tolerated = format!("B is slower within the tolerance: {slower}; {faster}");
        assert_eq!(answer(50.0, &mixed), tolerated);
    }
}
