//! What `--trace` adds to a replay: a meter, and at the end the report of its stages.

use engine::config::Config;
use engine::probe::{Counter as _, Disturbances, Meter, Stage, Stamps};
use engine::tick_path::TickPath;
use engine::tick_path::strategy::Strategy;

use super::Input;
use crate::clock::{Cycles, OffsetReport};
use crate::failure::{Failure, Status};
use crate::measured::ArrivalCounts;
use crate::report::environment::Environment;
use crate::report::ticks::Kept;
use crate::report::{Course, Ground, Report, complete, table};
use crate::run_folder::{RunFolder, since_epoch};
use crate::settings;
use crate::thread::cpu_seconds;

/// Traces that are kept whole and written; the histograms hold all.
const KEPT: usize = 200_000;

/// What tracing brought; nothing without it.
#[derive(Default)]
pub(super) struct Traced {
    pub(super) table: String,
    pub(super) complaints: Vec<Failure>,
    /// A target was missed.
    pub(super) missed: bool,
}

impl Traced {
    /// What is more important than that the run is done.
    pub(super) fn status(&self) -> Status {
        let begin = if self.missed { Status::TargetMissed } else { Status::Done };
        self.complaints.iter().fold(begin, |status, complaint| status.or(complaint.status))
    }
}

/// The clock of a traced replay, and what is known before it begins.
pub(super) struct Tracing {
    cycles: Cycles,
    token: String,
    ground: Ground,
    begin: u64,
    offsets: OffsetReport,
    disturbances: Option<Disturbances>,
    cpu_seconds: Option<f64>,
}

impl Tracing {
    /// Calibrates the clock.
    pub(super) fn begin(config: &Config, input: &Input, source: String) -> Self {
        let token = match input {
            Input::Packets(recording) => recording.label().token.clone(),
            Input::Rows(_) => config.instrument.token.clone(),
        };
        let cycles = Cycles::new();
        let ground = Ground {
            command: "replay",
            source,
            symbol: config.instrument.symbol.clone(),
            started_ns: since_epoch().as_nanos() as u64,
            why_unstamped: Some("a recording is not read from the network".to_owned()),
            stamp_cost_ns: cycles.stamp_cost_ns(),
            environment: Environment::read(false, &cycles, None),
            config_hash: settings::hash(config),
        };
        let offsets = OffsetReport::once(cycles.wall_offset());
        let (begin, disturbances, cpu_seconds) =
            (cycles.raw(), cycles.disturbances(), cpu_seconds());
        Self { cycles, token, ground, begin, offsets, disturbances, cpu_seconds }
    }

    /// A meter for the path: a replay begins with the decoded tick.
    pub(super) fn meter(&self) -> Meter<Cycles> {
        Meter::new(self.cycles.clone(), Stage::Broker, KEPT)
    }

    /// Begins the trace of each tick; the feed room, where packets come through it, stamps its end
    /// over this.
    pub(super) fn traces(&self) -> impl Fn() -> Stamps + use<> {
        let cycles = self.cycles.clone();
        move || Stamps::tick(cycles.raw())
    }

    /// Writes the report of a path that has been finished.
    ///
    /// Errors: status 2 for a file that cannot be written.
    pub(super) fn end<S: Strategy>(
        self,
        config: &Config,
        path: &TickPath<S, Meter<Cycles>>,
        folder: &RunFolder,
        interrupted: bool,
    ) -> Result<Traced, Failure> {
        let (after, cpu_after) = (self.cycles.disturbances(), cpu_seconds());
        let course = Course {
            begin: self.begin,
            duration_ns: self.cycles.nanos(self.begin, self.cycles.raw()),
            disturbances: after.zip(self.disturbances).map(|(after, before)| after.since(before)),
            cpu_seconds: cpu_after.zip(self.cpu_seconds).map(|(after, before)| after - before),
            arrived: ArrivalCounts::default(),
            events: Vec::new(),
            events_left_out: 0,
        };
        let meter = path.trader().probe();
        let complaints = complete::complaints(path.frames(), meter, 0);
        let kept = Kept { meter, begin: course.begin, ages: None };
        let incomplete = interrupted || !complaints.is_empty();
        let report =
            Report::new(config, self.ground, path, &kept, (course, self.offsets), incomplete);
        report.write(folder, &kept, &self.token, config.session.zone, false)?;
        let table = table::stages(meter);
        Ok(Traced { table, complaints, missed: !report.targets_met() })
    }
}
