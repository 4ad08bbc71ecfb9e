//! The charts of a measured run: percentile ladders, and the time line.

use engine::probe::Stage;

use crate::pages::{Label, Line, Mark, Plot, apart, path};
use crate::report::Report;
use crate::report::ladders::Ladders;
use crate::report::timeline::{Bucket, Event, Kind, Timeline};
use crate::results::round_step;

/// Lines at the vertical axis that have room on a phone.
const MOST_ROWS: usize = 9;
/// Buckets between two points beyond which a line is broken.
const FAR: u64 = 2;

/// The class of a stage in charts and bars: its colour.
pub(super) fn class_of(stage: &str) -> &'static str {
    const CLASSES: [&str; Stage::ALL.len()] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];
    let place = Stage::ALL.iter().position(|known| known.name() == stage);
    place.and_then(|place| CLASSES.get(place)).copied().unwrap_or("other")
}

/// Nanoseconds on a logarithmic axis, highest on top; `low` < `high`.
#[derive(Clone, Copy, Debug)]
struct LogAxis {
    low: f64,
    high: f64,
}

impl LogAxis {
    /// Everything in these values, with a little room.
    fn of(values: impl Iterator<Item = u64>) -> Option<Self> {
        let logs = values.map(log);
        let (low, high) = logs.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        let room = (high - low) * 0.04 + 0.02;
        (low <= high).then_some(Self { low: low - room, high: high + room })
    }

    fn y(self, ns: u64) -> f64 {
        (self.high - log(ns)) / (self.high - self.low)
    }

    /// Round times, as close as there is room for them.
    fn rows(self) -> Vec<Label> {
        let steps: [&[u64]; 4] = [&[1, 2, 3, 5, 7], &[1, 2, 5], &[1, 3], &[1]];
        let values = |steps: &[u64]| -> Vec<u64> {
            let decades = (0..19).map(|power| 10u64.pow(power));
            let all = decades.flat_map(|decade| steps.iter().map(move |step| step * decade));
            all.filter(|ns| (self.low..=self.high).contains(&log(*ns))).collect()
        };
        let fits = |values: &Vec<u64>| values.len() <= MOST_ROWS;
        let decades = || values(&[1]).into_iter().step_by(2).collect();
        let rows = steps.into_iter().map(values).find(fits).unwrap_or_else(decades);
        rows.into_iter().map(|ns| Label::new(self.y(ns), round_time(ns))).collect()
    }
}

/// Zero has no logarithm; it is drawn as one nanosecond.
fn log(ns: u64) -> f64 {
    (ns.max(1) as f64).log10()
}

/// A round number of nanoseconds in the largest unit in which it is whole.
fn round_time(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "µs")];
    let unit = units.into_iter().find(|(size, _)| ns >= *size && ns.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "ns"));
    format!("{} {name}", ns / size)
}

/// Every stage's percentiles on an axis of nines; `None` without a tick.
pub(super) fn ladder(report: &Report) -> Option<Plot> {
    let Ladders { percentiles, ns } = &report.ladders;
    let figures = report.stages.iter().map(|stage| (stage.name.as_str(), &stage.figures));
    let all: Vec<_> = figures.chain([("total", &report.total)]).collect();
    let nines = |percentile: f64| -(1.0 - percentile / 100.0).log10();
    let width = (report.total.count as f64).log10().max(0.1);
    let mut curves = Vec::new();
    for (name, figures) in all {
        let points = percentiles.iter().zip(ns.get(name).into_iter().flatten());
        let mut curve: Vec<(f64, u64)> =
            points.filter_map(|(percentile, ns)| Some((nines(*percentile), (*ns)?))).collect();
        let last = (figures.count as f64).log10();
        curve.extend(figures.max_ns.map(|max| (last, max)));
        curves.push((name, curve));
    }
    let axis = LogAxis::of(curves.iter().flat_map(|(_, curve)| curve.iter().map(|(_, ns)| *ns)))?;
    let line = |(name, curve): (&str, Vec<(f64, u64)>)| Line {
        class: if name == "total" { "all" } else { class_of(name) },
        path: path(curve.into_iter().map(|(x, ns)| (x / width, axis.y(ns)))),
    };
    Some(Plot {
        title: "The time that this many per cent of the ticks did not exceed".to_owned(),
        lines: curves.into_iter().map(line).collect(),
        columns: apart(nine_labels(width)),
        ..Plot::with_rows(axis.rows())
    })
}

/// Percentiles at an axis that is so many nines long, the most important first.
fn nine_labels(width: f64) -> Vec<(f64, String)> {
    let named = ["min", "90", "99", "99.9", "99.99", "99.999", "99.9999", "99.99999"];
    let nines = (0..).zip(named).map(|(nines, name)| (f64::from(nines), name.to_owned()));
    let half = (2f64.log10(), "50".to_owned());
    let labels = nines.chain([half]).map(|(nines, name)| (nines / width, name));
    labels.filter(|(share, _)| *share <= 1.0).collect()
}

/// Medians, p99, maxima and the greatest age in buckets of time, with what happened to the stream.
pub(super) fn timeline(report: &Report) -> Option<Plot> {
    let Timeline { bucket_ns, buckets, events, .. } = &report.timeline;
    let end = buckets.last().map(|bucket| bucket.at_ns.saturating_add(1))?.max(report.duration_ns);
    type Value = fn(&Bucket) -> Option<u64>;
    let series: [(&'static str, Value); 4] = [
        ("age-max", |bucket| bucket.age_max_ns),
        ("slowest", |bucket| bucket.max_ns),
        ("p99", |bucket| bucket.p99_ns),
        ("p50", |bucket| bucket.p50_ns),
    ];
    let shown = buckets.iter().flat_map(|bucket| series.map(|(_, value)| value(bucket)));
    let axis = LogAxis::of(shown.flatten())?;
    let x = |at_ns: u64| at_ns as f64 / end as f64;
    let middle = |bucket: &Bucket| {
        let till = bucket.at_ns.saturating_add(*bucket_ns).min(end);
        x(bucket.at_ns.midpoint(till))
    };
    let line = |(class, value): (&'static str, Value)| {
        let near =
            |a: &Bucket, b: &Bucket| b.at_ns.abs_diff(a.at_ns) <= bucket_ns.saturating_mul(FAR);
        let drawn: Vec<&Bucket> = buckets.iter().filter(|it| value(it).is_some()).collect();
        let parts = drawn.chunk_by(|a, b| near(a, b));
        let point = |bucket: &&Bucket| Some((middle(bucket), axis.y(value(bucket)?)));
        // A part of one point is drawn twice, which shows it as a dot.
        let part = |part: &[&Bucket]| {
            let points: Vec<_> = part.iter().filter_map(point).collect();
            let again = points.first().copied().filter(|_| points.len() == 1);
            path(points.into_iter().chain(again))
        };
        Line { class, path: parts.map(part).collect() }
    };
    Some(Plot {
        title: format!("Totals in stretches of {}", round_time(*bucket_ns)),
        lines: series.into_iter().map(line).collect(),
        marks: events.iter().map(|event| mark(event, x(event.at_ns))).collect(),
        columns: apart(elapsed_labels(end)),
        ..Plot::with_rows(axis.rows())
    })
}

fn mark(event: &Event, share: f64) -> Mark {
    let class = match event.kind {
        Kind::Gap => "event gap",
        Kind::Live => "event good",
        Kind::Connecting | Kind::Stopped => "event plain",
        Kind::Stale
        | Kind::BackingOff
        | Kind::Renewing
        | Kind::Failed
        | Kind::Timeout
        | Kind::Interrupted => "event bad",
    };
    Mark::new(class, (share.min(1.0), 0.0), format!("{}: {}", event.kind.words(), event.text))
}

/// Round times since the run's begin.
fn elapsed_labels(end_ns: u64) -> Vec<(f64, String)> {
    const SECOND: u64 = 1_000_000_000;
    const LONG: [u64; 11] = [60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400];
    let wanted = end_ns / 5 + 1;
    let long = LONG.into_iter().map(|seconds| seconds * SECOND);
    let step = match wanted > 30 * SECOND {
        true => long.into_iter().find(|step| *step >= wanted).unwrap_or(wanted),
        false => round_step(i128::from(wanted)) as u64,
    };
    let label = |at_ns: u64| {
        let text = match at_ns {
            0 => "0".to_owned(),
            _ if step < SECOND || !step.is_multiple_of(60 * SECOND) => round_time_as(at_ns, step),
            _ if step < 3600 * SECOND => format!("{} min", at_ns / SECOND / 60),
            _ => format!("{} h", at_ns / SECOND / 3600),
        };
        (at_ns as f64 / end_ns.max(1) as f64, text)
    };
    (0..).map(|number| number * step).take_while(|at_ns| *at_ns <= end_ns).map(label).collect()
}

/// A multiple of a step, in the step's unit; from half a second on in seconds.
fn round_time_as(ns: u64, step: u64) -> String {
    match step {
        100_000_000.. => format!("{} s", ns as f64 / 1e9),
        1_000_000.. => format!("{} ms", ns / 1_000_000),
        1000.. => format!("{} µs", ns / 1000),
        _ => format!("{ns} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vertical_axis_has_room_for_its_round_times() {
        for (low, high) in [(1, 1), (7, 9), (90, 14_000), (1, 900_000_000), (1, u64::MAX)] {
            let axis = LogAxis::of([low, high].into_iter()).expect("values");
            let rows = axis.rows().len();
            assert!(rows <= MOST_ROWS + 1, "{rows} rows for {low} to {high}");
            assert!(rows >= 2 || high < 10, "{rows} rows for {low} to {high}");
            assert!(axis.y(high) >= 0.0 && axis.y(low) <= 1.0 && axis.y(high) <= axis.y(low));
        }
        assert!(LogAxis::of([].into_iter()).is_none());
        assert!(LogAxis::of([0].into_iter()).expect("a value").y(0).is_finite());
    }

    #[test]
    fn round_times_are_whole_in_their_unit() {
        let texts = [1, 500, 1000, 20_000, 5_000_000, 1_000_000_000, 2_500_000].map(round_time);
        assert_eq!(texts, ["1 ns", "500 ns", "1 µs", "20 µs", "5 ms", "1 s", "2500 µs"]);
    }

    #[test]
    fn the_time_axis_counts_in_the_unit_of_its_step() {
        let texts = |end_ns| -> Vec<String> {
            elapsed_labels(end_ns).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts(6_200_000_000), ["0", "2 s", "4 s", "6 s"]);
        assert_eq!(texts(900_000_000), ["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s"]);
        assert_eq!(texts(40_000_000), ["0", "10 ms", "20 ms", "30 ms", "40 ms"]);
        assert_eq!(texts(700_000_000_000), ["0", "5 min", "10 min"]);
        assert_eq!(texts(20_000_000_000_000), ["0", "2 h", "4 h"]);
    }

    #[test]
    fn every_stage_has_a_colour_of_its_own() {
        let classes: std::collections::BTreeSet<&str> =
            Stage::ALL.iter().map(|stage| class_of(stage.name())).collect();
        assert_eq!((classes.len(), class_of("another")), (Stage::ALL.len(), "other"));
    }
}
