//! `trace.json`: ticks as slices of time, for Perfetto and chrome://tracing.
//!
//! The format is the JSON of the trace-event format: complete events in microseconds with three
//! decimals, so that each nanosecond is kept. A tick's slice begins when the tick thread was free for
//! it: what it waited before that, behind frames of the same read, stands in its `waited_ns`, and
//! slice and wait add up to its total, or to its stages where it has no total.

use std::fmt;
use std::io::Write as _;
use std::ops::Range;

use engine::units::{Micros, Zone};
use serde_json::{Value, json};

use super::Report;
use super::ticks::TickRow;
use super::ticks_parquet::TicksFile;
use crate::failure::Failure;

/// So many ticks from the run's begin are drawn, about 1 kB each.
const FIRST: u64 = 20_000;
/// Ticks on each side of one of the slowest.
const AROUND: u64 = 50;

/// The tracks of the one process.
const TICK_THREAD: u32 = 1;
const STREAM: u32 = 2;

/// The whole file.
///
/// Errors: status 5 if the ticks are damaged.
pub(super) fn bytes(report: &Report, ticks: &TicksFile) -> Result<Vec<u8>, Failure> {
    let worst: Vec<u64> = report.worst.iter().map(|tick| tick.at_ns).collect();
    let picked = picked(ticks, &worst)?;
    let mut file = File::begin(report, &picked);
    for event in &report.timeline.events {
        file.push(&json!({
            "name": event.kind.words(),
            "cat": "stream",
            "ph": "i",
            "ts": event.at_ns as f64 / 1000.0,
            "pid": 1,
            "tid": STREAM,
            // Drawn across the whole process.
            "s": "p",
            "args": { "text": event.text },
        }));
    }
    let (mut first, mut free_from) = (0, 0);
    for (group, size) in ticks.groups().into_iter().enumerate() {
        let here = first..first + size;
        first += size;
        if !picked.ranges.iter().any(|range| range.start < here.end && here.start < range.end) {
            free_from = picked.ends.get(group).copied().unwrap_or(free_from);
            continue;
        }
        for (place, tick) in here.zip(ticks.rows(group)?) {
            if picked.ranges.iter().any(|range| range.contains(&place)) {
                let rank = worst.iter().position(|at_ns| *at_ns == tick.at_ns);
                file.tick(&tick, free_from, rank);
            }
            free_from = tick.at_ns;
        }
    }
    Ok(file.end())
}

/// Which ticks are drawn.
struct Picked {
    /// Their places among all that were kept, apart from each other and rising.
    ranges: Vec<Range<u64>>,
    kept: u64,
    /// When the last tick of each row group was decided.
    ends: Vec<u64>,
    /// The slowest that were not kept.
    worst_left_out: usize,
}

/// The first ticks and those around the slowest.
fn picked(ticks: &TicksFile, worst: &[u64]) -> Result<Picked, Failure> {
    let mut kept = 0;
    let (mut places, mut ends) = (Vec::new(), Vec::new());
    for (group, size) in ticks.groups().into_iter().enumerate() {
        let decided = ticks.at_ns(group)?;
        let places_here = (kept..).zip(&decided).filter(|(_, at_ns)| worst.contains(at_ns));
        places.extend(places_here.map(|(place, _)| place));
        ends.extend(decided.last());
        kept += size;
    }
    let worst_left_out = worst.len().saturating_sub(places.len());
    Ok(Picked { ranges: ranges(&places, kept), kept, ends, worst_left_out })
}

/// The first ticks, and those around these places, which rise.
fn ranges(places: &[u64], kept: u64) -> Vec<Range<u64>> {
    let first = 0..FIRST.min(kept);
    let mut ranges = vec![first];
    for place in places {
        let around = place.saturating_sub(AROUND)..kept.min(place + AROUND + 1);
        match ranges.last_mut() {
            Some(last) if around.start <= last.end => last.end = last.end.max(around.end),
            _ => ranges.push(around),
        }
    }
    ranges
}

/// The file as far as it is written.
struct File(Vec<u8>);

impl File {
    /// The head, with what is left out, and the names of the tracks.
    fn begin(report: &Report, picked: &Picked) -> Self {
        let drawn: u64 = picked.ranges.iter().map(|range| range.end - range.start).sum();
        let about = json!({
            "program": format!("myquant {}", report.environment.version),
            "command": report.command,
            "symbol": report.symbol,
            "source": report.source,
            "started": report.started,
            "total_from": report.total_from,
            "ticks_traced": report.traced,
            "ticks_kept": picked.kept,
            "ticks_here": drawn,
            "ticks_left_out": report.traced.saturating_sub(drawn),
            "worst_left_out": picked.worst_left_out,
            "events_left_out": report.timeline.events_left_out,
            "rule": format!(
                "the first {FIRST} ticks, and {AROUND} on each side of each of the slowest; \
                 ticks.parquet holds all that were kept"
            ),
        });
        let mut file = Self(b"{\"displayTimeUnit\":\"ns\",\n\"otherData\":".to_vec());
        file.0.extend_from_slice(about.to_string().as_bytes());
        file.0.extend_from_slice(b",\n\"traceEvents\":[\n");
        let mut named = |what: &str, tid, name: &str| {
            let args = json!({ "name": name });
            file.push(&json!({ "name": what, "ph": "M", "pid": 1, "tid": tid, "args": args }));
        };
        let process = format!("myquant {} {}", report.command, report.symbol);
        named("process_name", TICK_THREAD, &process);
        named("thread_name", TICK_THREAD, "tick thread");
        named("thread_name", STREAM, "stream");
        file
    }

    /// One event behind the last.
    fn push(&mut self, event: &Value) {
        self.separate();
        self.0.extend_from_slice(event.to_string().as_bytes());
    }

    fn separate(&mut self) {
        if self.0.last() == Some(&b'}') {
            self.0.extend_from_slice(b",\n");
        }
    }

    /// A tick and, within it, its stages. The thread was busy with others until `free_from`.
    fn tick(&mut self, tick: &TickRow, free_from: u64, rank: Option<usize>) {
        let whole = tick.stages().fold(0u64, |whole, (_, ns)| whole.saturating_add(ns));
        let begin = tick.at_ns.saturating_sub(tick.total_ns.unwrap_or(whole));
        let free = begin.max(free_from.min(tick.at_ns));
        let name = rank.map_or_else(|| "tick".to_owned(), |rank| format!("worst {}", rank + 1));
        let worst = rank.map_or_else(String::new, |rank| format!(",\"worst\":{}", rank + 1));
        let age = tick.age_ns.map_or_else(String::new, |age| format!(",\"age_ns\":{age}"));
        let total = tick.total_ns.map_or_else(String::new, |ns| format!(",\"total_ns\":{ns}"));
        let utc = Zone { offset: Micros(0) };
        let args = format!(
            "\"seq\":{},\"exchange_time\":\"{}\"{total},\"waited_ns\":{}{age}{worst}",
            tick.seq,
            utc.iso(tick.exchange_time),
            free - begin
        );
        self.slice((&name, "tick"), free..tick.at_ns, &args);
        let mut begin = tick.at_ns.saturating_sub(whole);
        for (stage, ns) in tick.stages() {
            let end = begin.saturating_add(ns);
            // A stage that was over before the thread was free is part of the wait.
            if end > free || (end == free && ns == 0) {
                let cut = begin < free;
                let args = if cut { format!("\"whole_ns\":{ns}") } else { String::new() };
                self.slice((stage.name(), stage.group().name()), begin.max(free)..end, &args);
            }
            begin = end;
        }
    }

    /// One slice on the tick thread's track. There are many: names and arguments need no escape.
    fn slice(&mut self, (name, cat): (&str, &str), span: Range<u64>, args: &str) {
        self.separate();
        let (ts, dur) = (Micro(span.start), Micro(span.end - span.start));
        // A list in memory takes all that is written.
        let _ = write!(
            self.0,
            "{{\"name\":\"{name}\",\"cat\":\"{cat}\",\"ph\":\"X\",\"ts\":{ts},\"dur\":{dur},\
             \"pid\":1,\"tid\":{TICK_THREAD},\"args\":{{{args}}}}}"
        );
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"\n]}\n");
        self.0
    }
}

/// Nanoseconds as microseconds with three decimals.
struct Micro(u64);

impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use engine::probe::Stage;

    use super::*;

    #[test]
    fn the_first_ticks_and_those_around_the_slowest_are_drawn() {
        let told = |places: &[u64], kept| -> Vec<(u64, u64)> {
            ranges(places, kept).iter().map(|range| (range.start, range.end)).collect()
        };
        assert_eq!(told(&[], 5), [(0, 5)]);
        assert_eq!(told(&[3, 19_990], 30_000), [(0, FIRST + 41)]);
        let far = told(&[25_000, 25_060, 29_999], 30_000);
        assert_eq!(far, [(0, FIRST), (24_950, 25_111), (29_949, 30_000)]);
    }

    #[test]
    fn what_a_tick_waited_behind_another_is_no_work_of_the_thread() {
        let tick = |at_ns, framing, feed| {
            let mut stages_ns = [None; Stage::ALL.len()];
            stages_ns[Stage::Framing as usize] = Some(framing);
            stages_ns[Stage::Feed as usize] = Some(feed);
            let exchange_time = engine::units::EventTime(0);
            let total_ns = Some(framing + feed);
            TickRow { seq: 7, exchange_time, stages_ns, total_ns, age_ns: None, at_ns }
        };
        let drawn = |tick: &TickRow, free_from| {
            let mut file = File(b"[".to_vec());
            file.tick(tick, free_from, None);
            file.0.push(b']');
            let events: Value = serde_json::from_slice(&file.0).expect("JSON");
            let events = events.as_array().expect("events").clone();
            let waited = events[0]["args"]["waited_ns"].as_u64().expect("ns");
            let spans: Vec<(String, f64, f64)> = events
                .iter()
                .map(|it| {
                    (
                        it["name"].to_string(),
                        it["ts"].as_f64().unwrap_or(-1.0),
                        it["dur"].as_f64().unwrap_or(-1.0),
                    )
                })
                .collect();
            (waited, spans)
        };
        let span = |name: &str, ts, dur| (format!("\"{name}\""), ts, dur);
        // Both were read at 1000 ns; the first was decided at 3000 ns.
        let alone = drawn(&tick(3000, 500, 1500), 0);
        let expected =
            vec![span("tick", 1.0, 2.0), span("framing", 1.0, 0.5), span("feed", 1.5, 1.5)];
        assert_eq!(alone, (0, expected));
        let behind = drawn(&tick(4000, 2300, 700), 3000);
        let expected =
            vec![span("tick", 3.0, 1.0), span("framing", 3.0, 0.3), span("feed", 3.3, 0.7)];
        assert_eq!(behind, (2000, expected));
        // What was over before the thread was free is not drawn.
        let late = drawn(&tick(4000, 900, 700), 3300);
        assert_eq!(late, (900, vec![span("tick", 3.3, 0.7), span("feed", 3.3, 0.7)]));
    }

    #[test]
    fn microseconds_keep_every_nanosecond() {
        let texts = [0, 1, 999, 1001, 86_400_000_000_050].map(|ns| Micro(ns).to_string());
        assert_eq!(texts, ["0.000", "0.001", "0.999", "1.001", "86400000000.050"]);
    }
}
