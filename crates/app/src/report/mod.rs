//! `report.json`: the figures of a measured run, and the ground they stand on.

pub(crate) mod advice;
pub(crate) mod complete;
pub(crate) mod environment;
pub(crate) mod table;
pub(crate) mod threads;
pub(crate) mod ticks_csv;

use std::collections::BTreeMap;

use engine::config::{Config, Performance};
use engine::probe::{Counter, Group, Ladder, Meter, Record, Stage};
use engine::tick_path::TickPath;
use engine::tick_path::strategy::Strategy;
use engine::units::Zone;
use serde::Serialize;

use crate::clock::WallOffset;
use crate::failure::Failure;
use crate::recorder::RecorderReport;
use crate::results::sections;
use crate::run_folder::RunFolder;
use advice::Advice;
use environment::Environment;
use threads::{Process, ThreadUse};

/// The form of `report.json`; raised when a field changes its meaning.
const SCHEMA: u32 = 1;

/// What is known of a run before it starts.
pub(crate) struct Ground {
    pub(crate) source: String,
    pub(crate) symbol: String,
    /// Since 1970 UTC.
    pub(crate) started_ns: u64,
    pub(crate) offset: WallOffset,
    pub(crate) stamp_cost_ns: f64,
    pub(crate) environment: Environment,
    pub(crate) config_hash: String,
}

/// Percentiles of one histogram; null where the sample is too small.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StageFigures {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// Σ stage ÷ Σ total.
    pub(crate) share: Option<f64>,
}

/// A limit of `[performance]` and what was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) limit_ns: u64,
    /// Null where the sample is too small to judge.
    pub(crate) measured_ns: Option<u64>,
    pub(crate) met: Option<bool>,
}

/// A ring to side work: how full it was, and what it lost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ring {
    capacity: u64,
    max_depth: u64,
    dropped: u64,
}

/// One of the slowest ticks, whole.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorstTick {
    seq: i64,
    exchange_time: String,
    price: f64,
    quantity: i64,
    decision: String,
    stages_ns: BTreeMap<&'static str, u64>,
    total_ns: u64,
}

/// `report.json`.
#[derive(Serialize)]
pub(crate) struct Report {
    schema: u32,
    pub(crate) source: String,
    pub(crate) symbol: String,
    started: String,
    pub(crate) duration_ns: u64,
    pub(crate) frames: u64,
    pub(crate) traced: u64,
    pub(crate) counted: BTreeMap<&'static str, u64>,
    pub(crate) incomplete: bool,
    total_from: &'static str,
    offset_to_wall_ns: i64,
    offset_bracket_ns: u64,
    pub(crate) stages: Vec<StageFigures>,
    pub(crate) total: Figures,
    pub(crate) age: Option<Figures>,
    traces_written: u64,
    traces_dropped: u64,
    pub(crate) throughput_per_s: Option<f64>,
    pub(crate) stamp_cost_ns: f64,
    side: BTreeMap<&'static str, Ring>,
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
    pub(crate) fn new<S: Strategy, C: Counter>(
        config: &Config,
        ground: Ground,
        path: &TickPath<S, Meter<C>>,
        ages: Option<&[Option<u64>]>,
        threads: ThreadUse,
        duration_ns: u64,
        incomplete: bool,
    ) -> Self {
        let meter = path.trader().probe();
        let frames = path.frames();
        let zone = config.session.zone;
        let stages = stages(meter);
        let total = Figures::of(meter.total());
        let written = meter.records().len() as u64;
        let started = engine::units::EventTime((ground.started_ns / 1000) as i64);
        let seconds = duration_ns as f64 / 1e9;
        Self {
            schema: SCHEMA,
            source: ground.source,
            symbol: ground.symbol,
            started: zone.iso(started),
            duration_ns,
            frames: frames.frames,
            traced: frames.traced,
            counted: frames.counted().into_iter().filter(|(_, number)| *number > 0).collect(),
            incomplete,
            total_from: total_from(meter),
            offset_to_wall_ns: ground.offset.offset_ns,
            offset_bracket_ns: ground.offset.bracket_ns,
            targets: targets(&config.performance, meter),
            advice: advice::of(&stages, &total, ground.stamp_cost_ns),
            stages,
            total,
            // A figure of the first ticks only would hide a later slowdown.
            age: ages.filter(|ages| ages.len() as u64 == frames.traced).map(age),
            traces_written: written,
            traces_dropped: frames.traced - written.min(frames.traced),
            throughput_per_s: (duration_ns > 0).then(|| frames.frames as f64 / seconds),
            stamp_cost_ns: ground.stamp_cost_ns,
            side: BTreeMap::new(),
            process: Process::read(threads),
            environment: ground.environment,
            fill_model: path.trader().fills().name(),
            config: sections(config),
            config_hash: ground.config_hash,
            worst: worst(meter, zone),
        }
    }

    /// Adds what became of the recorder's ring, and advises where it dropped.
    pub(crate) fn with_recorder(mut self, recorded: Option<&RecorderReport>) -> Self {
        if let Some(recorded) = recorded {
            let RecorderReport { capacity, max_depth, dropped, .. } = *recorded;
            self.side.insert("recorder", Ring { capacity, max_depth, dropped });
            self.advice.extend(advice::of_ring("recorder", dropped));
        }
        self
    }

    /// Whether no target was missed; one that could not be judged is not missed.
    pub(crate) fn targets_met(&self) -> bool {
        self.targets.iter().all(|target| target.met != Some(false))
    }

    /// Writes `report.json`.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), Failure> {
        folder.write("report.json", |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })
    }
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
    let whole = meter.total().sum();
    let one = |stage: Stage| StageFigures {
        name: stage.name(),
        group: stage.group().name(),
        figures: Figures::of(meter.stage(stage)),
        share: (whole > 0).then(|| meter.stage(stage).sum() as f64 / whole as f64),
    };
    meter.source_stages().map(one).collect()
}

fn targets<C>(performance: &Performance, meter: &Meter<C>) -> Vec<Target> {
    let group = |group| meter.group(group).percentile(99, 100);
    let target = |name, limit_ns, measured_ns: Option<u64>| Target {
        name,
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

fn age(ages: &[Option<u64>]) -> Figures {
    let mut ladder = Ladder::new();
    ages.iter().flatten().for_each(|age| ladder.record(*age));
    Figures::of(&ladder)
}

fn worst<C: Counter>(meter: &Meter<C>, zone: Zone) -> Vec<WorstTick> {
    let one = |(total_ns, record): (u64, Record)| WorstTick {
        seq: record.filed.sequence,
        exchange_time: zone.iso(record.filed.tick.time),
        price: record.filed.tick.price.as_f64() / 100.0,
        quantity: record.filed.tick.volume.0,
        decision: format!("{:?}", record.filed.decision),
        stages_ns: meter
            .source_stages()
            .filter_map(|stage| Some((stage.name(), meter.stage_ns(&record.stamps, stage)?)))
            .collect(),
        total_ns,
    };
    meter.worst().into_iter().map(one).collect()
}
