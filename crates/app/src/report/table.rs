//! The table on the terminal.

use std::fmt::Write as _;

use engine::probe::Meter;
use engine::replay::Outcome;
use engine::tick_path::Frames;

use super::advice::MANY_BOUNDED;
use super::leg::ExchangeLeg;
use super::threads::Process;
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

impl Figures {
    /// What the times are called, from the shortest to the longest.
    pub(super) const TIMES: [&str; 7] = ["min", "p50", "p90", "p99", "p99.9", "p99.99", "max"];

    /// The times in that order.
    pub(super) const fn times(&self) -> [Option<u64>; 7] {
        let Self { min_ns, p50_ns, p90_ns, p99_ns, p999_ns, p9999_ns, max_ns, .. } = *self;
        [min_ns, p50_ns, p90_ns, p99_ns, p999_ns, p9999_ns, max_ns]
    }
}

fn row(name: &str, group: &str, figures: &Figures, share: Option<f64>) -> String {
    let share = share.map_or_else(String::new, |share| format!("{:.1} %", share * 100.0));
    let mut row = format!("{name:<11} {group:<5} {:>9}", figures.count);
    for ns in figures.times() {
        let _ = write!(row, " {:>8}", time(ns));
    }
    let _ = writeln!(row, " {share:>7}");
    row
}

fn table(stages: &[StageFigures], total: &Figures, age: Option<&Figures>) -> String {
    let mut out = format!("{:<11} {:<5} {:>9}", "stage", "group", "ticks");
    for name in Figures::TIMES {
        let _ = write!(out, " {name:>8}");
    }
    let _ = writeln!(out, " {:>7}", "share");
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
    if let Some(leg) = &report.exchange_leg {
        let _ = writeln!(out, "\n{}", exchange_leg(leg));
    }
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
        "one stamp costs {:.0} ns; {} packets/s",
        report.stamp_cost_ns,
        report.throughput_per_s.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}")),
    );
    out += &process(&report.process);
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

/// What the system did to the process and its tick thread.
fn process(process: &Process) -> String {
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |it| it.to_string());
    format!(
        "tick thread: {} of CPU, {} page faults, {} involuntary switches, allocations {}\n\
         process: {} of CPU, peak memory {}\n",
        cpu(process.tick_thread_cpu_seconds),
        number(process.page_faults),
        number(process.involuntary_switches),
        allocations(process),
        cpu(process.cpu_seconds),
        memory(process.rss_max_bytes),
    )
}

/// Allocations a tick, or why there is no figure.
pub(super) fn allocations(process: &Process) -> String {
    let counted = |each| format!("{each:.3} a tick");
    process.allocations_per_tick.map_or_else(|| "not counted in this build".to_owned(), counted)
}

/// CPU that was used.
pub(super) fn cpu(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds:.2} s"))
}

/// Bytes in a unit for people.
pub(super) fn memory(bytes: Option<u64>) -> String {
    let mib = |bytes| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
    bytes.map_or_else(|| "unknown".to_owned(), mib)
}

/// What the way from the exchange took, in milliseconds.
pub(super) fn exchange_leg(leg: &ExchangeLeg) -> String {
    let ms = |ns: i64| ns as f64 / 1e6;
    let between = |[least, most]: [i64; 2]| format!("{:.0} to {:.0} ms", ms(least), ms(most));
    let p99 = leg.p99_ns.map_or_else(String::new, |p99| format!(", p99 {}", between(p99)));
    let p50 = between(leg.p50_ns);
    format!("from the exchange's stamp, by another clock: p50 {p50}{p99}")
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
    use super::super::Figures;
    use super::super::threads::Process;
    use super::{KernelStampCounts, Target, judged, kernel_stamps, process, row, table, time};

    #[test]
    fn the_table_holds_every_figure_and_fits_into_a_hundred_columns() {
        let figures = Figures {
            count: 123_456_789,
            min_ns: Some(1_111),
            p50_ns: Some(2_222),
            p90_ns: Some(3_333),
            p99_ns: Some(4_444),
            p999_ns: Some(5_555_000),
            p9999_ns: None,
            max_ns: Some(7_777_000_000),
        };
        let head = table(&[], &figures, None);
        let row = row("kernel_wait", "post", &figures, Some(1.0));
        let words = row.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            words,
            "kernel_wait post 123456789 1111 ns 2222 ns 3333 ns 4444 ns 5555 µs – 7777 ms 100.0 %"
        );
        let names: Vec<&str> = head.lines().next().expect("a head").split_whitespace().collect();
        let times = ["min", "p50", "p90", "p99", "p99.9", "p99.99", "max", "share"];
        assert_eq!(names, [&["stage", "group", "ticks"][..], &times].concat());
        for line in head.lines().chain(row.lines()) {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn allocations_that_nobody_counted_are_not_shown_as_none() {
        let mut seen = Process {
            rss_max_bytes: Some(64 << 20),
            page_faults: Some(3),
            involuntary_switches: None,
            allocations_per_tick: None,
            cpu_seconds: Some(1.25),
            tick_thread_cpu_seconds: Some(0.5),
        };
        let said = process(&seen);
        assert!(said.contains("0.50 s of CPU, 3 page faults, – involuntary switches"), "{said}");
        assert!(said.contains("allocations not counted in this build"), "{said}");
        assert!(said.contains("process: 1.25 s of CPU, peak memory 64 MiB"), "{said}");
        seen.allocations_per_tick = Some(0.0);
        assert!(process(&seen).contains("allocations 0.000 a tick"));
    }

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
