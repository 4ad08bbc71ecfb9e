//! The end of a run: its files, its table, and how it is judged.

use std::io::Write as _;

use engine::config::Config;
use engine::probe::{Meter, Record};
use engine::replay::Outcome;
use engine::tick_path::TickPath;
use engine::tick_path::strategy::Strategy;

use super::Plan;
use super::arrival::ArrivalCounts;
use super::flight::{End, Flight};
use super::pilot::Metering;
use super::source::Source;
use crate::clock::{Cycles, OffsetReport};
use crate::failure::{Failure, Status};
use crate::live::LiveReport;
use crate::output::print;
use crate::recorder::{Recorder, RecorderReport};
use crate::report::leg::ExchangeLeg;
use crate::report::ticks::Kept;
use crate::report::{Ground, Report, complete, table, ticks_csv};
use crate::results::{PriceSampler, PriceSeries, RunResult, Scene};
use crate::run_folder::RunFolder;

/// What a run leaves to be reported.
pub(super) struct Done<S, P> {
    pub(super) flight: Flight<S, P>,
    pub(super) offsets: OffsetReport,
    pub(super) recorder: Option<Recorder>,
    pub(super) live: Option<LiveReport>,
}

/// Writes the run's files, prints its table, and judges it.
pub(super) fn report<S: Strategy, P: Metering>(
    plan: &Plan<'_>,
    config: &Config,
    source: Option<&Source>,
    folder: &RunFolder,
    mut ground: Ground,
    done: Done<S, P>,
) -> Result<Status, Failure> {
    let Done { flight, offsets, recorder, live } = done;
    let Flight { path, end, course, processors, tap, news_dropped } = flight;
    let recorded = recorder.zip(tap).map(|(recorder, tap)| recorder.finish(tap));
    let complaints = complaints(&path, &end, plan, &course.arrived);
    let meter = path.trader().probe().meter();
    let ages = ages(meter, source);
    ground.environment.in_force(&processors);
    let incomplete = end.is_interrupted() || !complaints.is_empty();
    let kept = Kept { meter, begin: course.begin, ages: ages.as_deref() };
    let is_live = source.is_some_and(|source| source.schedule().is_none());
    let leg = is_live.then(|| ExchangeLeg::of(&kept, offsets)).flatten();
    let report = Report::new(config, ground, &path, &kept, (course, offsets), incomplete)
        .with_exchange_leg(leg)
        .with_recorder(recorded.as_ref())
        .with_live(live.as_ref());
    let streamed = live.as_ref().is_some_and(|live| live.written.is_some());
    let outcome = Outcome::of(config, &path);
    let result = RunResult::new(config, &outcome).incomplete(end.is_interrupted());
    result.write(folder, config)?;
    if plan.record {
        let prices = prices(config, meter.records());
        let scene = Scene { command: plan.command, source: &report.source, prices: &prices };
        result.write_reports(folder, config, &scene)?;
    }
    let token = source.map(Source::token_text).unwrap_or_default();
    report.write(folder, &kept, &token, config.session.zone, streamed)?;
    let text = format!("{}paper: {}\n", table::report(&report), table::outcome(&outcome));
    print(plan.run, &text, &report);
    let mut err = std::io::stderr().lock();
    if !plan.run.quiet {
        let _ = writeln!(err, "report in {}", folder.path().display());
    }
    live.and_then(|live| live.alarm).into_iter().for_each(|alarm| {
        let _ = writeln!(err, "{alarm}");
    });
    recorded.iter().for_each(|recorded| say_recorded(&mut err, recorded, plan.run.quiet));
    let mut status = if report.targets_met() { Status::Done } else { Status::TargetMissed };
    for complaint in complaints {
        let _ = writeln!(err, "{complaint}");
        status = status.or(complaint.status);
    }
    if let Some(told) = unjudged(&report).filter(|_| !plan.run.quiet) {
        let _ = writeln!(err, "{told}");
    }
    if let (End::Landed, Some(ticks)) = (&end, plan.ticks.filter(|ticks| report.traced < *ticks)) {
        let _ = writeln!(err, "the recording ended after {} of {ticks} ticks", report.traced);
    }
    source.into_iter().for_each(|source| say_unsaved(&mut err, source));
    if news_dropped > 0 {
        let _ = writeln!(err, "{news_dropped} messages about the stream were not printed");
    }
    if end.is_interrupted() {
        let _ = writeln!(err, "interrupted: the report holds what was seen");
        status = status.or(Status::Interrupted);
    }
    Ok(status)
}

/// Which targets too few ticks leave open; that is no failure, for all that was asked for was measured.
fn unjudged(report: &Report) -> Option<String> {
    let names = report.unjudged();
    // A run that traced nothing has said so.
    (report.traced > 0 && !names.is_empty()).then(|| {
        let (ticks, names) = (report.traced, names.join(", "));
        format!("{ticks} ticks were traced, too few to judge {names}: a p99 needs 100")
    })
}

/// How old the ticks that were kept whole were at their decisions, where the source has a schedule.
pub(super) fn ages(meter: &Meter<Cycles>, source: Option<&Source>) -> Option<Vec<Option<u64>>> {
    let schedule = source?.schedule()?;
    Some(ticks_csv::ages(meter, |sequence| schedule.scheduled_ns(sequence)))
}

/// The prices of the ticks that were kept whole.
fn prices(config: &Config, records: &[Record]) -> PriceSeries {
    let mut sampler = PriceSampler::new(config.session.zone);
    records.iter().for_each(|record| sampler.push(record.filed.tick.time, record.filed.tick.price));
    sampler.finish()
}

/// Why the session could not be saved for the next run.
fn say_unsaved(err: &mut dyn std::io::Write, source: &Source) {
    if let Some(unsaved) = source.broker.unsaved() {
        let _ = writeln!(err, "the session is not kept: {unsaved}\nhint: {}", unsaved.hint());
    }
}

/// Where the recording is, and what went wrong with it.
fn say_recorded(err: &mut dyn std::io::Write, recorded: &RecorderReport, quiet: bool) {
    if let Some(alarm) = &recorded.alarm {
        let _ = writeln!(err, "{alarm}");
    }
    if recorded.dropped > 0 {
        let _ =
            writeln!(err, "{} of {} packets were not recorded", recorded.dropped, recorded.packets);
    }
    for file in recorded.files.iter().filter(|_| !quiet) {
        let _ = writeln!(err, "recorded {} packets in {}", recorded.written, file.display());
    }
}

/// Everything that keeps the run from being what was asked for.
pub(super) fn complaints<S: Strategy, P: Metering>(
    path: &TickPath<S, P>,
    end: &End,
    plan: &Plan<'_>,
    arrived: &ArrivalCounts,
) -> Vec<Failure> {
    let frames = path.frames();
    let mut complaints = Vec::new();
    match (end, plan.ticks) {
        (End::Failed(error), _) => {
            complaints.push(Failure::new(Status::Feed, error, error.hint()));
        }
        (End::TimeUp(after), Some(ticks)) => complaints.push(Failure::new(
            Status::Incomplete,
            format!(
                "only {} of {ticks} ticks were traced within {} s",
                frames.traced,
                after.as_secs_f64()
            ),
            "raise --timeout, ask for fewer --ticks, or play faster with --rate",
        )),
        (End::TimeUp(_) | End::Landed | End::Interrupted, _) => {}
    }
    complaints.extend(complete::complaints(
        frames,
        path.trader().probe().meter(),
        arrived.unknown(),
    ));
    complaints
}
