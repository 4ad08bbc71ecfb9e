//! `replay --explain`: why there is no entry at one moment.

use std::io::Write as _;

use engine::probe::Probe;
use engine::tick_path::TickPath;
use engine::tick_path::feed::RawTick;
use engine::tick_path::strategy::{Check, Comparison, Strategy, Unit};
use engine::units::{EventTime, Micros, Zone};
use serde::Serialize;

use crate::failure::{Failure, Status};

/// A time of day at which somebody asks why, and what was found.
pub(super) struct Question {
    text: String,
    of_day: Micros,
    /// The day that was answered last.
    answered: Option<EventTime>,
    answers: Vec<Answer>,
}

/// The checks at the first tick of a day at or after the asked time.
#[derive(Serialize)]
struct Answer {
    time: String,
    price: f64,
    checks: Vec<Line>,
}

/// One check in people's units.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    value: Option<f64>,
    comparison: &'static str,
    threshold: Option<f64>,
    passed: bool,
}

impl Question {
    /// Asks at a time of day, `HH:MM:SS` or `HH:MM`.
    ///
    /// Errors: status 2 for another form.
    pub(super) fn at(text: &str) -> Result<Self, Failure> {
        let of_day = time_of_day(text).ok_or_else(|| {
            let what = format!("--explain {text}: must be a time of day, HH:MM or HH:MM:SS");
            Failure::usage(what, "write it as --explain 11:23:05, in exchange time")
        })?;
        Ok(Self { text: text.to_owned(), of_day, answered: None, answers: Vec::new() })
    }

    /// Looks at a row before it is walked; the first of each day at or after the time is answered.
    pub(super) fn look<S: Strategy, P: Probe>(
        &mut self,
        path: &TickPath<S, P>,
        row: RawTick,
        zone: Zone,
    ) {
        let (Some(time), Some(price)) = (row.time, row.price) else { return };
        let day = zone.day_start(time);
        if self.answered == Some(day) || time - day < self.of_day {
            return;
        }
        let mut checks = Vec::new();
        path.explain(row, &mut |check| checks.push(Line::of(&check)));
        if checks.is_empty() {
            // The row is not accepted: the next one is asked.
            return;
        }
        self.answered = Some(day);
        self.answers.push(Answer { time: zone.iso(time), price: price.as_f64() / 100.0, checks });
    }

    /// As [`Question::look`], for a recorded frame.
    pub(super) fn look_at_frame<S: Strategy, P: Probe>(
        &mut self,
        path: &TickPath<S, P>,
        frame: &[u8],
        latest: EventTime,
        zone: Zone,
    ) {
        if let Some(row) = path.preview(frame, latest) {
            self.look(path, row, zone);
        }
    }

    /// Prints what was found.
    ///
    /// Errors: status 5 if no day has a tick at or after the time.
    pub(super) fn answer(self, json: bool) -> Result<Status, Failure> {
        if self.answers.is_empty() {
            return Err(Failure::new(
                Status::Data,
                format!("no tick comes at or after {}", self.text),
                "ask for a time at which the recording still has ticks",
            ));
        }
        let mut out = std::io::stdout().lock();
        if json {
            let text = serde_json::to_string(&self.answers).unwrap_or_default();
            let _ = writeln!(out, "{text}");
            return Ok(Status::Done);
        }
        for answer in &self.answers {
            let _ = writeln!(out, "{} at {:.2}", answer.time, answer.price);
            for line in &answer.checks {
                let _ = writeln!(out, "  {line}");
            }
            let entry = answer.checks.iter().all(|line| line.passed);
            let verdict = answer.checks.iter().find(|line| !line.passed);
            let verdict = verdict.map_or_else(String::new, |line| line.name.to_owned());
            let _ = match entry {
                true => writeln!(out, "  an entry is made on this tick"),
                false => writeln!(out, "  no entry: {verdict}"),
            };
        }
        Ok(Status::Done)
    }
}

impl Line {
    fn of(check: &Check) -> Self {
        let scale = if check.unit == Unit::Paise { 100.0 } else { 1.0 };
        Self {
            name: check.name,
            value: check.value.map(|value| value / scale),
            comparison: match check.comparison {
                Comparison::Above => ">",
                Comparison::AtLeast => "≥",
                Comparison::Below => "<",
                Comparison::AtMost => "≤",
                Comparison::Equal => "=",
            },
            threshold: check.threshold.map(|threshold| threshold / scale),
            passed: check.passed,
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |value: Option<f64>| value.map_or("not ready".to_owned(), plain);
        let mark = if self.passed { "pass" } else { "FAIL" };
        write!(
            f,
            "{mark}  {:<14} {} {} {}",
            self.name,
            number(self.value),
            self.comparison,
            number(self.threshold)
        )
    }
}

/// At most four decimals, without trailing zeros.
fn plain(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn time_of_day(text: &str) -> Option<Micros> {
    let mut parts = text.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    let valid = (0..24).contains(&hours)
        && (0..60).contains(&minutes)
        && (0..60).contains(&seconds)
        && parts.next().is_none();
    valid.then(|| Micros::seconds(hours * 3600 + minutes * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_a_time_of_day() {
        assert_eq!(time_of_day("11:23:05"), Some(Micros::seconds(40_985)));
        assert_eq!(time_of_day("11:23"), Some(Micros::seconds(40_980)));
        for wrong in ["", "11", "24:00", "11:60", "11:23:05:1", "11:23:x"] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }
}
