//! The table on the terminal.

use std::fmt::Write as _;

use engine::probe::Meter;
use engine::replay::Outcome;
use engine::tick_path::Frames;

use super::advice::MANY_BOUNDED;
use super::leg::ExchangeLeg;
use super::{Figures, KernelStampCounts, Report, StageFigures, Target};

/// Nanoseconds in the unit that keeps three significant digits short.
pub(crate) fn time(ns: Option<u64>) -> String {
    let Some(ns) = ns else { return "–".to_owned() };
    let (value, unit) = match ns {
        0..=9_999 => return format!("{ns} ns"),
        10_000..=9_999_999 => (ns as f64 / 1e3, "µs"),
        10_000_000..=9_999_999_999 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    let decimals = if value < 100.0 { 1 } else { 0 };
    format!("{value:.decimals$} {unit}")
}

fn row(name: &str, group: &str, figures: &Figures, share: Option<f64>) -> String {
    let share = share.map_or_else(String::new, |share| format!("{:.1} %", share * 100.0));
    format!(
        "{name:<12} {group:<5} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {share:>8}\n",
        figures.count,
        time(figures.p50_ns),
        time(figures.p90_ns),
        time(figures.p99_ns),
        time(figures.p999_ns),
        time(figures.max_ns),
    )
}

fn table(stages: &[StageFigures], total: &Figures, age: Option<&Figures>) -> String {
    let mut out = format!(
        "{:<12} {:<5} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {:>8}\n",
        "stage", "group", "ticks", "p50", "p90", "p99", "p99.9", "max", "share"
    );
    for stage in stages {
        out += &row(&stage.name, &stage.group, &stage.figures, stage.share);
    }
    out += &row("total", "", total, None);
    if let Some(age) = age {
        out += &row("age", "", age, None);
    }
    out
}

/// The stages of a meter.
pub(crate) fn stages<C>(meter: &Meter<C>) -> String {
    table(&super::stages(meter), &Figures::of(meter.total()), None)
}

/// The counted frames with their reasons, for a sentence.
pub(crate) fn counted(frames: &Frames) -> String {
    let reasons = frames.counted().into_iter().filter(|(_, number)| *number > 0);
    reasons.map(|(reason, number)| format!(", {number} {reason}")).collect()
}

/// What the strategy earned, in one line.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let counts = &outcome.counts;
    format!(
        "{} entries, {} trades, net ₹{}, costs ₹{}, capital ₹{} → ₹{}; filled at the {}",
        counts.entries,
        counts.trades,
        outcome.net(),
        outcome.costs(),
        outcome.starting_capital,
        outcome.ending_capital,
        outcome.fill_model,
    )
}

/// Why there was no entry, most frequent first.
pub(crate) fn reasons(outcome: &Outcome) -> Vec<String> {
    let blocked: u64 = outcome.blocked.values().sum();
    let all = blocked + outcome.pending + outcome.counts.signals;
    let mut reasons: Vec<(&str, u64)> = outcome.blocked.iter().map(|(k, n)| (*k, *n)).collect();
    reasons.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
    let line = |(name, number): (&str, u64)| {
        format!(
            "no entry on {number:>9} ticks ({:>4.1} %): {name}",
            number as f64 * 100.0 / all as f64
        )
    };
    reasons.into_iter().map(line).collect()
}

/// The table of a report with the lines around it.
pub(crate) fn report(report: &Report) -> String {
    let environment = &report.environment;
    let mut out = String::new();
    let tls = if environment.tls { "TLS" } else { "plain" };
    let _ = writeln!(
        out,
        "{} over {tls}, source {}, {:.1} s, {} build, {} × {}\n",
        report.symbol,
        report.source,
        report.duration_ns as f64 / 1e9,
        environment.build_profile,
        environment.cores,
        environment.processor,
    );
    out += &table(&report.stages, &report.total, report.age.as_ref());
    out += &report.exchange_leg.as_ref().map_or_else(String::new, exchange_leg);
    let counted: Vec<String> =
        report.counted.iter().map(|(reason, number)| format!("{number} {reason}")).collect();
    let counted = if counted.is_empty() { "0 counted".to_owned() } else { counted.join(" + ") };
    let _ = writeln!(
        out,
        "\nframes {} = {} traced + {counted}{}",
        report.frames,
        report.traced,
        if report.incomplete { "   INCOMPLETE" } else { "" }
    );
    let _ = writeln!(
        out,
        "one stamp costs {:.0} ns; {} packets/s; peak memory {}; CPU {} of the tick thread, {} of the \
         process",
        report.stamp_cost_ns,
        report.throughput_per_s.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}")),
        report.process.rss_max_bytes.map_or_else(
            || "unknown".to_owned(),
            |bytes| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
        ),
        seconds(report.process.tick_thread_cpu_seconds),
        seconds(report.process.cpu_seconds),
    );
    out += &kernel_stamps(&report.kernel_stamps, report.traced);
    for target in &report.targets {
        out += &judged(target, &report.kernel_stamps, report.traced);
    }
    for advice in &report.advice {
        let _ = writeln!(out, "advice: {}; {}", advice.evidence, advice.advice);
    }
    if report.advice.is_empty() && report.traced > 0 {
        let _ = writeln!(out, "advice: change nothing, no threshold was crossed");
    }
    out
}

/// A target in one line. Upper bounds may miss one that the ticks have met: then it is said.
fn judged(target: &Target, stamps: &KernelStampCounts, traced: u64) -> String {
    let bounded = stamps.bounded;
    let holds_bounds = target.name != "post_p99" && bounded * 100 > traced * MANY_BOUNDED;
    let verdict = match target.met {
        Some(true) => "PASS".to_owned(),
        Some(false) if holds_bounds => {
            format!("FAIL, with an upper bound on {bounded} of {traced} ticks")
        }
        Some(false) => "FAIL".to_owned(),
        None => "not judged, too few ticks".to_owned(),
    };
    format!(
        "target {:<9} {:>9} of at most {:>8}  {verdict}\n",
        target.name,
        time(target.measured_ns),
        time(Some(target.limit_ns)),
    )
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds:.2} s"))
}

/// What the way from the exchange took, in milliseconds.
fn exchange_leg(leg: &ExchangeLeg) -> String {
    let ms = |ns: i64| ns as f64 / 1e6;
    let between = |[least, most]: [i64; 2]| format!("{:.0} to {:.0} ms", ms(least), ms(most));
    let p99 = leg.p99_ns.map_or_else(String::new, |p99| format!(", p99 {}", between(p99)));
    let p50 = between(leg.p50_ns);
    format!("\nfrom the exchange's stamp, by another clock: p50 {p50}{p99}\n")
}

/// What a reader has to know of `kernel_wait`, if anything.
pub(super) fn kernel_stamps(counts: &KernelStampCounts, traced: u64) -> String {
    let KernelStampCounts { available, why, bounded, missing, unplaced, .. } = counts;
    if !available {
        let why = why.as_deref().unwrap_or("unknown");
        return format!(
            "kernel receive stamps are not available ({why}): totals count from the read\n"
        );
    }
    let mut out = String::new();
    if bounded * 100 > traced * MANY_BOUNDED {
        let _ = writeln!(
            out,
            "kernel_wait is an upper bound on {bounded} ticks, which came with others in one read call"
        );
    }
    if missing + unplaced > 0 {
        let _ = writeln!(
            out,
            "kernel_wait is unknown on {missing} ticks without a stamp and on {unplaced} whose stamp \
             does not fit the clock: they are in no total"
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{KernelStampCounts, Target, judged, kernel_stamps, time};

    #[test]
    fn it_is_said_where_the_kernels_stamps_are_missing_or_shared() {
        let good = KernelStampCounts {
            available: true,
            why: None,
            exact: 990,
            bounded: 10,
            missing: 0,
            unplaced: 0,
        };
        assert_eq!(kernel_stamps(&good, 1000), "");
        let said = kernel_stamps(&KernelStampCounts { bounded: 11, ..good.clone() }, 1000);
        assert!(said.contains("upper bound on 11 ticks"), "{said}");
        let said =
            kernel_stamps(&KernelStampCounts { missing: 2, unplaced: 3, ..good.clone() }, 1000);
        assert!(said.contains("2 ticks without a stamp and on 3 whose"), "{said}");
        assert!(said.contains("in no total"), "{said}");
        let why = Some("no loopback".to_owned());
        let said = kernel_stamps(&KernelStampCounts { available: false, why, ..good }, 1000);
        assert!(said.contains("(no loopback)") && said.contains("count from the read"), "{said}");
    }

    #[test]
    fn a_target_that_upper_bounds_may_have_missed_is_said_to_be_such() {
        let told = |name: &str, met, bounded| {
            let stamps = KernelStampCounts {
                available: true,
                why: None,
                exact: 1000 - bounded,
                bounded,
                missing: 0,
                unplaced: 0,
            };
            let target =
                Target { name: name.to_owned(), limit_ns: 5, measured_ns: Some(7), met: Some(met) };
            judged(&target, &stamps, 1000)
        };
        let words = "with an upper bound on 11 of 1000 ticks";
        assert!(told("total_p99", false, 11).contains(words));
        for line in
            [told("total_p99", false, 10), told("post_p99", false, 11), told("pre_p99", true, 11)]
        {
            assert!(line.ends_with("FAIL\n") || line.ends_with("PASS\n"), "{line}");
        }
    }

    #[test]
    fn times_keep_three_digits_and_say_their_unit() {
        let shown =
            [0, 9_999, 12_345, 123_456, 12_345_678, 12_345_678_901].map(|ns| time(Some(ns)));
        assert_eq!(shown, ["0 ns", "9999 ns", "12.3 µs", "123 µs", "12.3 ms", "12.3 s"]);
        assert_eq!(time(None), "–");
    }
}
