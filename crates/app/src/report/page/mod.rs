//! The page of a measured run: `report.html` of `perf`, `latency.html` beside a strategy's results.

mod charts;
#[cfg(test)]
mod tests;

use std::io;

use engine::probe::Stage;
use serde::Serialize;

use super::table::{self, time};
use super::timeline::Event;
use super::{Figures, Report, Target, WorstTick};
use crate::pages::{self, Plot, per_cent};
use crate::results::words::{grouped, percent};
use charts::class_of;

/// What the template reads: texts, and lengths in per cent.
#[derive(Serialize)]
struct Page<'a> {
    symbol: &'a str,
    command: &'a str,
    verdict: String,
    tone: &'static str,
    measured: String,
    head: Vec<Pair>,
    cards: Vec<Pair>,
    targets: Vec<TargetCells>,
    advice: Vec<AdviceCells<'a>>,
    time_names: [&'static str; 7],
    rows: Vec<StageCells>,
    shares: Vec<Slice>,
    begins: &'static str,
    has_age: bool,
    ladder: Option<Plot>,
    timeline: Option<Plot>,
    timeline_note: String,
    /// What there is to know of the kernel's stamps; nothing in a replay, which has no socket.
    stamps: Vec<String>,
    /// The way from the exchange, where there is one.
    exchange_leg: Option<String>,
    events: Vec<EventCells<'a>>,
    worst: Vec<WorstCells<'a>>,
    frames: String,
    counted: Vec<Pair>,
    side: Vec<RingCells<'a>>,
    process: Vec<Pair>,
    environment: Vec<Pair>,
}

/// A name and what stands beside it.
#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct TargetCells {
    name: String,
    limit: String,
    measured: String,
    verdict: &'static str,
    tone: &'static str,
}

#[derive(Serialize)]
struct AdviceCells<'a> {
    stage: &'a str,
    evidence: &'a str,
    advice: &'a str,
}

#[derive(Serialize)]
struct StageCells {
    name: String,
    group: String,
    class: &'static str,
    count: String,
    /// In the order of [`Figures::TIMES`].
    times: [String; 7],
    share: String,
}

/// A part of a stacked bar.
#[derive(Serialize)]
struct Slice {
    class: &'static str,
    name: String,
    value: String,
    length: String,
    /// Whether the value has room within the bar.
    wide: bool,
}

#[derive(Serialize)]
struct EventCells<'a> {
    at: String,
    kind: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct WorstCells<'a> {
    rank: usize,
    total: String,
    at: String,
    /// `None` where the source has no sequence numbers.
    seq: Option<i64>,
    exchange_time: &'a str,
    price: String,
    quantity: i64,
    decision: &'a str,
    /// Page faults and involuntary switches, where they are known.
    disturbed: Option<String>,
    slices: Vec<Slice>,
}

#[derive(Serialize)]
struct RingCells<'a> {
    name: &'a str,
    capacity: String,
    max_depth: String,
    dropped: String,
    tone: &'static str,
}

/// The page as text; the same report gives the same bytes.
pub(super) fn render(report: &Report) -> io::Result<String> {
    pages::render(include_str!("page.html"), Page::of(report))
}

impl<'a> Page<'a> {
    fn of(report: &'a Report) -> Self {
        let (verdict, tone) = verdict(report);
        let advice = report.advice.iter();
        Self {
            symbol: &report.symbol,
            command: &report.command,
            verdict,
            tone,
            measured: measured(report),
            head: head(report),
            cards: cards(report),
            targets: report.targets.iter().map(target).collect(),
            advice: advice
                .map(|it| AdviceCells {
                    stage: &it.stage,
                    evidence: &it.evidence,
                    advice: &it.advice,
                })
                .collect(),
            time_names: Figures::TIMES,
            rows: rows(report),
            shares: shares(report),
            begins: begins(&report.total_from),
            has_age: report.age.is_some(),
            ladder: charts::ladder(report),
            timeline: charts::timeline(report),
            timeline_note: timeline_note(report),
            stamps: stamps(report),
            exchange_leg: report.exchange_leg.as_ref().map(table::exchange_leg),
            events: report.timeline.events.iter().map(event).collect(),
            worst: (1..).zip(&report.worst).map(|(rank, tick)| worst(rank, tick)).collect(),
            frames: grouped(report.frames.into()),
            counted: counted(report),
            side: side(report),
            process: process(report),
            environment: environment(report),
        }
    }
}

fn pair(name: &str, value: impl Into<String>) -> Pair {
    Pair { name: name.to_owned(), value: value.into() }
}

/// What the run came to, in one line.
fn verdict(report: &Report) -> (String, &'static str) {
    let names = |met: Option<bool>| -> Vec<String> {
        let such = report.targets.iter().filter(|target| target.met == met);
        such.map(|target| target_words(&target.name)).collect()
    };
    let (missed, unjudged) = (names(Some(false)), names(None));
    let text = match (missed.is_empty(), unjudged.is_empty()) {
        (false, _) => format!("Target missed: {}", missed.join(", ")),
        (true, true) => "All targets met".to_owned(),
        (true, false) => format!("Too few ticks to judge {}", unjudged.join(", ")),
    };
    match (report.incomplete, missed.is_empty(), unjudged.is_empty()) {
        (true, ..) => (format!("INCOMPLETE · {text}"), "lost"),
        (false, false, _) => (text, "lost"),
        (false, true, true) => (text, "won"),
        (false, true, false) => (text, "quiet"),
    }
}

/// `total_p99` as people read it.
fn target_words(name: &str) -> String {
    name.replace('_', " ")
}

/// What was measured, in one line.
fn measured(report: &Report) -> String {
    let over = match (report.total_from.as_str(), report.environment.tls) {
        ("tick", _) => "",
        (_, true) => " over TLS",
        (_, false) => " without TLS",
    };
    let seconds = report.duration_ns as f64 / 1e9;
    format!(
        "{} ticks from {}{over} in {seconds:.1} s",
        grouped(report.traced.into()),
        report.source
    )
}

fn head(report: &Report) -> Vec<Pair> {
    vec![
        pair("Started", report.started.as_str()),
        pair(
            "Build",
            format!("{}, {}", report.environment.version, report.environment.build_profile),
        ),
        pair("Fills", report.fill_model.as_str()),
        pair("Configuration", report.config_hash.as_str()),
    ]
}

/// The figures at the top of the page.
fn cards(report: &Report) -> Vec<Pair> {
    let total = &report.total;
    let age = report.age.as_ref().map(|age| pair("Age p99", time(age.p99_ns)));
    let rate = report.throughput_per_s;
    let rate = rate.map_or_else(|| "–".to_owned(), |rate| grouped(rate.round() as u128));
    let mut cards = vec![
        pair("Total p50", time(total.p50_ns)),
        pair("Total p99", time(total.p99_ns)),
        pair("Total p99.9", time(total.p999_ns)),
        pair("Slowest tick", time(total.max_ns)),
    ];
    cards.extend(age);
    cards.push(pair("Frames per second", rate));
    cards.push(pair("Cost of one stamp", format!("{:.0} ns", report.stamp_cost_ns)));
    let Report { timeline, .. } = report;
    if timeline.gaps > 0 {
        cards.push(pair("Sequence gaps", grouped(timeline.gaps.into())));
        cards.push(pair("Numbers skipped", grouped(timeline.missing.into())));
    }
    cards
}

fn target(target: &Target) -> TargetCells {
    let (verdict, tone) = match target.met {
        Some(true) => ("PASS", "won"),
        Some(false) => ("FAIL", "lost"),
        None => ("not judged, too few ticks", "quiet"),
    };
    let (limit, measured) = (time(Some(target.limit_ns)), time(target.measured_ns));
    TargetCells { name: target_words(&target.name), limit, measured, verdict, tone }
}

fn rows(report: &Report) -> Vec<StageCells> {
    let row = |name: &str, group: &str, class, figures: &Figures, share: Option<f64>| StageCells {
        name: name.to_owned(),
        group: group.to_owned(),
        class,
        count: grouped(figures.count.into()),
        times: figures.times().map(time),
        share: share.map_or_else(String::new, percent),
    };
    let stages = report.stages.iter();
    let stages =
        stages.map(|it| row(&it.name, &it.group, class_of(&it.name), &it.figures, it.share));
    let total = row("total", "", "all", &report.total, None);
    let age = report.age.as_ref().map(|age| row("age", "", "none", age, None));
    stages.chain([total]).chain(age).collect()
}

fn shares(report: &Report) -> Vec<Slice> {
    let stages = report.stages.iter().filter_map(|stage| Some((stage, stage.share?)));
    stages.map(|(stage, share)| slice(&stage.name, share, percent(share))).collect()
}

fn slice(stage: &str, share: f64, value: String) -> Slice {
    let class = class_of(stage);
    Slice { class, name: stage.to_owned(), value, length: per_cent(share), wide: share >= 0.12 }
}

fn stamps(report: &Report) -> Vec<String> {
    if report.total_from == "tick" {
        return Vec::new();
    }
    table::kernel_stamps(&report.kernel_stamps, report.traced).lines().map(str::to_owned).collect()
}

/// Where a total begins, for the sentence that says so.
fn begins(total_from: &str) -> &'static str {
    match total_from {
        "kernel" => "the kernel's receive stamp of the bytes that completed the packet",
        "read" => "the return of the read call that brought the packet's last byte",
        _ => "the decoded tick (a replay has no socket)",
    }
}

fn timeline_note(report: &Report) -> String {
    let buckets = report.timeline.buckets.iter();
    let kept = buckets.fold(0u64, |kept, bucket| kept.saturating_add(bucket.ticks));
    let mut note = String::new();
    if kept < report.traced {
        note = format!(
            "It holds the first {} of {} traced ticks: those that were kept whole. ",
            grouped(kept.into()),
            grouped(report.traced.into())
        );
    }
    if report.timeline.events_left_out > 0 {
        let more = grouped(report.timeline.events_left_out.into());
        note += &format!("{more} later events are counted and not shown.");
    }
    note
}

fn event(event: &Event) -> EventCells<'_> {
    EventCells { at: elapsed(event.at_ns), kind: event.kind.words(), text: &event.text }
}

/// Seconds since the run's begin.
fn elapsed(ns: u64) -> String {
    format!("{:.3} s", ns as f64 / 1e9)
}

fn worst(rank: usize, tick: &WorstTick) -> WorstCells<'_> {
    let part = |ns: u64| if tick.total_ns == 0 { 0.0 } else { ns as f64 / tick.total_ns as f64 };
    let stages = Stage::ALL.iter().map(|stage| stage.name());
    let stages = stages.filter_map(|name| Some((name, *tick.stages_ns.get(name)?)));
    let fell = |number: Option<u64>, what: &str| number.map(|number| format!("{number} {what}"));
    let faults = fell(tick.page_faults, "page faults");
    let switches = fell(tick.involuntary_switches, "involuntary switches");
    let disturbed: Vec<String> = faults.into_iter().chain(switches).collect();
    WorstCells {
        rank,
        total: time(Some(tick.total_ns)),
        at: elapsed(tick.at_ns),
        seq: (tick.seq != 0).then_some(tick.seq),
        exchange_time: &tick.exchange_time,
        price: format!("{:.2}", tick.price),
        quantity: tick.quantity,
        decision: &tick.decision,
        disturbed: (!disturbed.is_empty()).then(|| disturbed.join(", ")),
        slices: stages.map(|(name, ns)| slice(name, part(ns), time(Some(ns)))).collect(),
    }
}

/// What the frames became; the parts add up to all of them.
fn counted(report: &Report) -> Vec<Pair> {
    let traced = pair("traced", grouped(report.traced.into()));
    let counted = report.counted.iter();
    let counted =
        counted.map(|(reason, number)| pair(&reason.replace('_', " "), grouped((*number).into())));
    [traced].into_iter().chain(counted).collect()
}

fn side(report: &Report) -> Vec<RingCells<'_>> {
    let rings = report.side.iter();
    rings
        .map(|(name, ring)| RingCells {
            name,
            capacity: grouped(ring.capacity.into()),
            max_depth: grouped(ring.max_depth.into()),
            dropped: grouped(ring.dropped.into()),
            tone: if ring.dropped > 0 { "lost" } else { "none" },
        })
        .collect()
}

fn process(report: &Report) -> Vec<Pair> {
    let number = |number: Option<u64>| {
        number.map_or_else(|| "unknown".to_owned(), |number| grouped(number.into()))
    };
    let process = &report.process;
    vec![
        pair("Peak memory", table::memory(process.rss_max_bytes)),
        pair("CPU of the tick thread", table::cpu(process.tick_thread_cpu_seconds)),
        pair("CPU of the process", table::cpu(process.cpu_seconds)),
        pair("Page faults of the tick thread", number(process.page_faults)),
        pair("Involuntary switches of the tick thread", number(process.involuntary_switches)),
        pair("Allocations of the tick thread", table::allocations(process)),
        pair("Ticks kept whole", grouped(report.traces_written.into())),
        pair("Ticks in the figures only", grouped(report.traces_dropped.into())),
    ]
}

fn environment(report: &Report) -> Vec<Pair> {
    let it = &report.environment;
    let choice = |is: Option<bool>, yes, no| match is {
        Some(true) => yes,
        Some(false) => no,
        None => "unknown",
    };
    vec![
        pair("Processor", it.processor.as_str()),
        pair("Cores", it.cores.to_string()),
        pair("Kernel", it.kernel.as_str()),
        pair("Virtualised", choice(it.virtualised, "yes", "no")),
        pair("Tick thread pinned to", it.pinning.as_deref().unwrap_or("nothing")),
        pair("Reads of the socket", choice(it.busy_poll, "poll without sleeping", "sleep")),
        pair("Writes leave at once (TCP_NODELAY)", choice(it.no_delay, "yes", "no")),
        pair("Locked memory", table::memory(it.locked_bytes)),
        pair("Stamps from", it.clock.as_str()),
        pair("Kernel's clock source", it.kernel_clocksource.as_str()),
        pair("Date minus counter", format!("{} ns", report.offset_to_wall_ns)),
        pair("known to within", time(Some(report.offset_bracket_ns))),
    ]
}
