//! `report.json`: the figures of a measured run, and the ground they stand on.

pub(crate) mod advice;
pub(crate) mod complete;
mod decision;
pub(crate) mod environment;
mod files;
mod ladders;
mod page;
pub(crate) mod leg;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
pub(crate) mod ticks;
pub(crate) mod ticks_csv;
pub(crate) mod ticks_parquet;
pub(crate) mod timeline;
mod trace_events;

use std::collections::BTreeMap;

use engine::config::{Config, Performance};
use engine::probe::{Counter, Disturbances, Group, Ladder, Meter, Probe, Stage, Worst};
use engine::tick_path::strategy::Strategy;
use engine::tick_path::{Frames, TickPath};
use engine::units::Zone;
use serde::{Deserialize, Serialize};

use crate::clock::OffsetReport;
use crate::live::{LiveReport, RingView};
use crate::measured::ArrivalCounts;
use crate::recorder::RecorderReport;
use crate::results::sections;
use advice::Advice;
use environment::Environment;
pub(crate) use files::{read, rebuild};
use ladders::Ladders;
use leg::ExchangeLeg;
use threads::Process;
use ticks::Kept;
use timeline::{Event, Timeline};

/// The form of `report.json`; raised when a field changes its meaning, or when one comes without
/// which the page cannot be made.
pub(crate) const SCHEMA: u32 = 2;

/// What is known of a run before it starts.
pub(crate) struct Ground {
    /// Such as `perf`.
    pub(crate) command: &'static str,
    pub(crate) source: String,
    pub(crate) symbol: String,
    /// Since 1970 UTC.
    pub(crate) started_ns: u64,
    /// Why the kernel's receive stamps are not to be had; `None` if they are.
    pub(crate) why_unstamped: Option<String>,
    pub(crate) stamp_cost_ns: f64,
    pub(crate) environment: Environment,
    pub(crate) config_hash: String,
}

/// How a run went, besides what its meter holds.
pub(crate) struct Course {
    /// The counter's reading at its begin.
    pub(crate) begin: u64,
    pub(crate) duration_ns: u64,
    /// What the system did to the tick thread.
    pub(crate) disturbances: Option<Disturbances>,
    /// CPU that the tick thread used.
    pub(crate) cpu_seconds: Option<f64>,
    /// How the traced ticks came, by the kernel's stamps.
    pub(crate) arrived: ArrivalCounts,
    /// In the order of their times.
    pub(crate) events: Vec<Event>,
    pub(crate) events_left_out: u64,
}

/// How the first stamp of the traced ticks was come by.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct KernelStampCounts {
    pub(crate) available: bool,
    /// Why they are not available.
    pub(crate) why: Option<String>,
    /// Ticks with a stamp of their own.
    pub(crate) exact: u64,
    /// Ticks that shared their read call: their `kernel_wait` is an upper bound.
    pub(crate) bounded: u64,
    /// Ticks without a stamp; their `kernel_wait` and their total are null.
    pub(crate) missing: u64,
    /// Ticks whose stamp could not be placed, because the date was set; null too.
    pub(crate) unplaced: u64,
}

impl KernelStampCounts {
    fn of(why: Option<String>, arrived: ArrivalCounts) -> Self {
        let ArrivalCounts { exact, bounded, missing, unplaced } = arrived;
        Self { available: why.is_none(), why, exact, bounded, missing, unplaced }
    }
}

/// Percentiles of one histogram; null where the sample is too small.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) count: u64,
    pub(crate) min_ns: Option<u64>,
    pub(crate) p50_ns: Option<u64>,
    pub(crate) p90_ns: Option<u64>,
    pub(crate) p99_ns: Option<u64>,
    pub(crate) p999_ns: Option<u64>,
    pub(crate) p9999_ns: Option<u64>,
    pub(crate) max_ns: Option<u64>,
}

impl Figures {
    pub(crate) fn of(ladder: &Ladder) -> Self {
        Self {
            count: ladder.count(),
            min_ns: ladder.min(),
            p50_ns: ladder.percentile(50, 100),
            p90_ns: ladder.percentile(90, 100),
            p99_ns: ladder.percentile(99, 100),
            p999_ns: ladder.percentile(999, 1000),
            p9999_ns: ladder.percentile(9999, 10_000),
            max_ns: ladder.max(),
        }
    }
}

/// One stage of the path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StageFigures {
    pub(crate) name: String,
    pub(crate) group: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// Σ stage ÷ Σ total.
    pub(crate) share: Option<f64>,
}

/// A limit of `[performance]` and what was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) limit_ns: u64,
    /// Null where the sample is too small to judge.
    pub(crate) measured_ns: Option<u64>,
    pub(crate) met: Option<bool>,
}

/// A ring to side work: how full it was, and what it lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ring {
    capacity: u64,
    max_depth: u64,
    dropped: u64,
    /// What capacity and depth count.
    #[serde(default)]
    unit: String,
    /// What was dropped.
    #[serde(default)]
    dropped_unit: String,
}

impl Ring {
    /// An empty ring of this name.
    fn new(name: &str, capacity: u64, dropped: u64) -> Self {
        let (unit, dropped_unit) = match name {
            "recorder" => ("bytes", "packets"),
            "traces" => ("ticks", "ticks"),
            _ => ("snapshots", "snapshots"),
        };
        let [unit, dropped_unit] = [unit, dropped_unit].map(str::to_owned);
        Self { capacity, max_depth: 0, dropped, unit, dropped_unit }
    }
}

/// One of the slowest ticks, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorstTick {
    seq: i64,
    exchange_time: String,
    price: f64,
    quantity: i64,
    decision: String,
    /// From the run's begin to the decision.
    at_ns: u64,
    stages_ns: BTreeMap<String, u64>,
    total_ns: u64,
    /// What fell into it on the tick thread; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_faults: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    involuntary_switches: Option<u64>,
}

/// `report.json`, from which the page is made.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    schema: u32,
    command: String,
    pub(crate) source: String,
    pub(crate) symbol: String,
    started: String,
    pub(crate) duration_ns: u64,
    pub(crate) frames: u64,
    pub(crate) traced: u64,
    pub(crate) counted: BTreeMap<String, u64>,
    pub(crate) incomplete: bool,
    total_from: String,
    offset_to_wall_ns: i64,
    offset_bracket_ns: u64,
    offset_bracket_widest_ns: u64,
    offset_measured: u64,
    offset_steps: u64,
    pub(crate) kernel_stamps: KernelStampCounts,
    pub(crate) stages: Vec<StageFigures>,
    pub(crate) total: Figures,
    pub(crate) age: Option<Figures>,
    /// Of the broker's feed only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exchange_leg: Option<ExchangeLeg>,
    ladders: Ladders,
    timeline: Timeline,
    traces_written: u64,
    traces_dropped: u64,
    pub(crate) throughput_per_s: Option<f64>,
    pub(crate) stamp_cost_ns: f64,
    side: BTreeMap<String, Ring>,
    pub(crate) process: Process,
    pub(crate) environment: Environment,
    /// What filled paper orders.
    fill_model: String,
    /// The complete configuration, by section.
    config: serde_json::Value,
    config_hash: String,
    pub(crate) targets: Vec<Target>,
    pub(crate) advice: Vec<Advice>,
    worst: Vec<WorstTick>,
}

impl Report {
    /// Reads a path that has been finished.
    pub(crate) fn new<S: Strategy, P: Probe, C: Counter>(
        config: &Config,
        ground: Ground,
        path: &TickPath<S, P>,
        kept: &Kept<'_, C>,
        (course, offsets): (Course, OffsetReport),
        incomplete: bool,
    ) -> Self {
        let meter = kept.meter;
        let Course { duration_ns, disturbances, arrived, events, events_left_out, .. } = course;
        let (bucket_ns, buckets) = timeline::buckets(kept);
        let arrivals = path.broker().arrivals();
        let frames = path.frames();
        let zone = config.session.zone;
        let stages = stages(meter);
        let total = Figures::of(meter.total());
        let written = meter.records().len() as u64;
        let worst = worst::<S, _>(kept, zone);
        let from = total_from(meter);
        let why = why_unstamped(ground.why_unstamped, from, frames.traced);
        let kernel_stamps = KernelStampCounts::of(why, arrived);
        let started = engine::units::EventTime((ground.started_ns / 1000) as i64);
        Self {
            schema: SCHEMA,
            command: ground.command.to_owned(),
            source: ground.source,
            symbol: ground.symbol,
            started: zone.iso(started),
            duration_ns,
            frames: frames.frames,
            traced: frames.traced,
            counted: counted(frames),
            incomplete,
            total_from: from.to_owned(),
            offset_to_wall_ns: offsets.first.offset_ns,
            offset_bracket_ns: offsets.first.bracket_ns,
            offset_bracket_widest_ns: offsets.widest_bracket_ns,
            offset_measured: offsets.measured,
            offset_steps: offsets.steps,
            targets: targets(&config.performance, meter),
            advice: advice::of(&stages, &total, ground.stamp_cost_ns, &kernel_stamps, &worst),
            kernel_stamps,
            stages,
            total,
            // A figure of the first ticks only would hide a later slowdown.
            age: kept.ages.filter(|ages| ages.len() as u64 == frames.traced).map(age),
            ladders: Ladders::of(meter),
            timeline: Timeline {
                bucket_ns,
                buckets,
                events,
                events_left_out,
                gaps: arrivals.gaps,
                missing: arrivals.missing,
            },
            exchange_leg: None,
            traces_written: written,
            traces_dropped: frames.traced - written.min(frames.traced),
            throughput_per_s: (duration_ns > 0)
                .then(|| frames.frames as f64 * 1e9 / duration_ns as f64),
            stamp_cost_ns: ground.stamp_cost_ns,
            side: BTreeMap::new(),
            process: Process::read(disturbances, course.cpu_seconds),
            environment: ground.environment,
            fill_model: path.trader().fills().name(),
            config: sections(config),
            config_hash: ground.config_hash,
            worst,
        }
    }

    /// Adds what became of the rings to live figures; of a run whose ticks left through them, how many
    /// were written, and how old they were if none was lost on the way.
    pub(crate) fn with_live(mut self, live: Option<&LiveReport>) -> Self {
        let Some(live) = live else { return self };
        for ring in &live.rings {
            let RingView { capacity, max_depth, dropped, .. } = *ring;
            let entry = Ring { max_depth, ..Ring::new(ring.name, capacity, dropped) };
            let offered = (ring.name == "traces").then_some(self.traced);
            self.advice.extend(advice::of_ring(ring.name, &entry, offered, &self.stages));
            self.side.insert(ring.name.to_owned(), entry);
        }
        if self.age.is_none() && live.filed == self.traced {
            self.age.clone_from(&live.age);
        }
        if let Some(written) = live.written {
            self.traces_written = written;
            self.traces_dropped = self.traced - written.min(self.traced);
        }
        self
    }

    /// Adds the way from the exchange, which only the broker's feed has.
    pub(crate) fn with_exchange_leg(mut self, leg: Option<ExchangeLeg>) -> Self {
        self.exchange_leg = leg;
        self
    }

    /// Adds what became of the recorder's ring, and advises where it dropped.
    pub(crate) fn with_recorder(mut self, recorded: Option<&RecorderReport>) -> Self {
        if let Some(recorded) = recorded {
            let RecorderReport { packets, capacity, max_depth, dropped, .. } = *recorded;
            let ring = Ring { max_depth, ..Ring::new("recorder", capacity, dropped) };
            self.advice.extend(advice::of_ring("recorder", &ring, Some(packets), &self.stages));
            self.side.insert("recorder".to_owned(), ring);
        }
        self
    }

    /// The targets that could not be judged.
    pub(crate) fn unjudged(&self) -> Vec<&str> {
        let unjudged = self.targets.iter().filter(|target| target.met.is_none());
        unjudged.map(|target| target.name.as_str()).collect()
    }

    /// Whether no target was missed; one that could not be judged is not missed.
    pub(crate) fn targets_met(&self) -> bool {
        self.targets.iter().all(|target| target.met != Some(false))
    }
}

/// Why the kernel's stamps are not to be had: what was known before, or what became of the run.
fn why_unstamped(before: Option<String>, total_from: &str, traced: u64) -> Option<String> {
    let none = traced > 0 && total_from != "kernel";
    before.or_else(|| none.then(|| "no packet had one that fits the clock".to_owned()))
}

/// The counted frames by their reasons, without those that did not come.
fn counted(frames: &Frames) -> BTreeMap<String, u64> {
    let reasons = frames.counted().into_iter().filter(|(_, number)| *number > 0);
    reasons.map(|(reason, number)| (reason.to_owned(), number)).collect()
}

/// The name of the stamp from which totals count.
fn total_from<C>(meter: &Meter<C>) -> &'static str {
    match meter.source_stages().next() {
        Some(Stage::KernelWait) => "kernel",
        Some(Stage::Framing) => "read",
        _ => "tick",
    }
}

/// The figures of every stage that the source has.
pub(crate) fn stages<C>(meter: &Meter<C>) -> Vec<StageFigures> {
    let one = |stage: Stage| StageFigures {
        name: stage.name().to_owned(),
        group: stage.group().name().to_owned(),
        figures: Figures::of(meter.stage(stage)),
        share: meter.share(stage),
    };
    meter.source_stages().map(one).collect()
}

fn targets<C>(performance: &Performance, meter: &Meter<C>) -> Vec<Target> {
    let group = |group| meter.group(group).percentile(99, 100);
    let target = |name: &str, limit_ns, measured_ns: Option<u64>| Target {
        name: name.to_owned(),
        limit_ns,
        measured_ns,
        met: measured_ns.map(|measured| measured <= limit_ns),
    };
    vec![
        target("pre_p99", performance.pre_p99_ns, group(Group::Pre)),
        target("post_p99", performance.post_p99_ns, group(Group::Post)),
        target("total_p99", performance.total_p99_ns, meter.total().percentile(99, 100)),
    ]
}

/// The figures of known ages.
pub(crate) fn age(ages: &[Option<u64>]) -> Figures {
    let mut ladder = Ladder::new();
    ages.iter().flatten().for_each(|age| ladder.record(*age));
    Figures::of(&ladder)
}

fn worst<S: Strategy, C: Counter>(kept: &Kept<'_, C>, zone: Zone) -> Vec<WorstTick> {
    let meter = kept.meter;
    let one = |Worst { total_ns, record, disturbances }: Worst| WorstTick {
        seq: record.filed.sequence,
        exchange_time: zone.iso(record.filed.tick.time),
        price: record.filed.tick.price.as_f64() / 100.0,
        quantity: record.filed.tick.volume.0,
        decision: decision::words::<S>(record.filed.decision),
        at_ns: kept.at_ns(&record),
        stages_ns: meter
            .source_stages()
            .filter_map(|stage| {
                Some((stage.name().to_owned(), meter.stage_ns(&record.stamps, stage)?))
            })
            .collect(),
        total_ns,
        page_faults: disturbances.map(|fell| fell.page_faults),
        involuntary_switches: disturbances.map(|fell| fell.involuntary_switches),
    };
    meter.worst().into_iter().map(one).collect()
}
