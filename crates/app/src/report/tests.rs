//! A report over a path with a counter that steps: its files, and what must add up in them.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use engine::config::{self, Source};
use engine::probe::Stamps;
use engine::tick_path::feed::RawTick;
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::Momentum;
use engine::units::{EventTime, Micros, Paise, Qty};
use engine::venue::FillModel;
use serde_json::Value;

use super::ticks_parquet::TicksFile;
use super::timeline::Kind;
use super::*;
use crate::clock::WallOffset;
use crate::failure::Status;
use crate::run_folder::RunFolder;

/// Steps of 20 to 80 ns, and a long one now and then.
#[derive(Clone, Debug, Default)]
struct Steps(Rc<Cell<u64>>);

impl Counter for Steps {
    fn raw(&self) -> u64 {
        let now = self.0.get();
        let step = if now.is_multiple_of(331) { 40_000 } else { 20 + now % 61 };
        self.0.set(now + step);
        now
    }

    fn nanos(&self, from: u64, till: u64) -> u64 {
        till.saturating_sub(from)
    }

    fn disturbances(&self) -> Option<Disturbances> {
        None
    }
}

/// A finished run of a walk, with what it is reported with.
pub(super) struct Run {
    config: Config,
    path: TickPath<Momentum, Meter<Steps>>,
    ages: Vec<Option<u64>>,
    begin: u64,
}

const TOKEN: &str = "47338";

impl Run {
    /// So many ticks, of which at most `keep` are kept whole.
    pub(super) fn of(ticks: u64, keep: usize) -> Self {
        let symbol = Source::Set { key: "instrument.symbol", value: "<b>NIFTY</b>" };
        let config = config::load(&[symbol]).expect("an allowed configuration");
        let steps = Steps(Rc::new(Cell::new(5)));
        let meter = Meter::new(steps.clone(), Stage::Broker, keep);
        let strategy = Momentum::new(&config);
        let mut path = TickPath::replay(&config, strategy, FillModel::default(), meter);
        let begin = steps.raw();
        for tick in 0..ticks {
            let time = EventTime(1_759_723_560_000_000) + Micros(tick as i64 * 200_000);
            let price = Paise(19_500 + (tick % 7) as i64 * 5);
            let row = RawTick {
                time: Some(time),
                price: Some(price),
                volume: Some(Qty(75)),
                ..RawTick::default()
            };
            path.on_row(row, Stamps::tick(steps.raw()));
        }
        path.finish(ExitReason::EndOfData);
        let ages = (0..ticks).map(|tick| (tick % 3 > 0).then_some(tick * 10)).collect();
        Self { config, path, ages, begin }
    }

    fn kept(&self) -> Kept<'_, Steps> {
        let meter = self.path.trader().probe();
        Kept { meter, begin: self.begin, ages: Some(&self.ages) }
    }

    pub(super) fn report(&self, events: Vec<Event>, incomplete: bool) -> Report {
        let environment = Environment {
            version: "0.1.0 (abc)".to_owned(),
            build_profile: "debug".to_owned(),
            processor: "a & b".to_owned(),
            cores: 2,
            kernel: "6.1".to_owned(),
            clock: "steps".to_owned(),
            kernel_clocksource: "tsc".to_owned(),
            virtualised: None,
            pinning: None,
            locked_bytes: None,
            busy_poll: Some(false),
            no_delay: Some(true),
            tls: true,
        };
        let ground = Ground {
            command: "perf",
            source: "sandbox".to_owned(),
            symbol: self.config.instrument.symbol.clone(),
            started_ns: 1_759_723_560_000_000_000,
            why_unstamped: Some("not from the network".to_owned()),
            stamp_cost_ns: 12.5,
            environment,
            config_hash: "abc123".to_owned(),
        };
        let duration_ns = self.kept().last_at_ns() + 5;
        let course = Course {
            begin: self.begin,
            duration_ns,
            disturbances: None,
            cpu_seconds: None,
            arrived: ArrivalCounts::default(),
            events,
            events_left_out: 3,
        };
        let first = WallOffset { offset_ns: 1, bracket_ns: 40 };
        let offsets = OffsetReport::once(first);
        Report::new(&self.config, ground, &self.path, &self.kept(), (course, offsets), incomplete)
    }

    fn write(&self, report: &Report, folder: &Path) {
        let folder = RunFolder::create(Some(folder), "perf", "X").expect("a folder");
        let zone = self.config.session.zone;
        report.write(&folder, &self.kept(), TOKEN, zone, false).expect("written");
    }
}

pub(super) fn lost_and_found() -> Vec<Event> {
    let event = |at_ns, kind, text: &str| Event { at_ns, kind, text: text.to_owned() };
    vec![
        event(0, Kind::Connecting, "connecting, attempt 1"),
        event(7, Kind::Live, "live"),
        event(90_000, Kind::BackingOff, "pausing before a new attempt: <lost>"),
        event(120_000, Kind::Gap, "12 sequence numbers were skipped before 345"),
    ]
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_page_and_the_trace_are_made_again_to_the_byte() {
    let base = tempfile::tempdir().expect("a folder");
    let folder = base.path().join("run");
    let run = Run::of(2500, 2500);
    run.write(&run.report(lost_and_found(), false), &folder);
    let derived = ["report.html", "trace.json"];
    let before = derived.map(|name| bytes(&folder, name));
    derived.iter().for_each(|name| std::fs::write(folder.join(name), "x").expect("written"));
    let written = rebuild(&folder).expect("made again");
    assert_eq!(written, derived.map(|name| folder.join(name)));
    assert!(derived.map(|name| bytes(&folder, name)) == before, "the bytes differ");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    let all = ["report.html", "report.json", "ticks.csv", "ticks.parquet", "trace.json"];
    assert_eq!(names, all);
}

#[test]
fn parquet_holds_what_the_csv_holds() {
    let base = tempfile::tempdir().expect("a folder");
    let folder = base.path().join("run");
    let run = Run::of(300, 200);
    run.write(&run.report(Vec::new(), false), &folder);
    let csv = String::from_utf8(bytes(&folder, "ticks.csv")).expect("text");
    let mut lines = csv.lines();
    let header = lines.next().expect("a header");
    assert!(header.starts_with("seq,token,exchange_time,broker_ns,trader_ns,"), "{header}");
    let rows = TicksFile::open(&folder).expect("readable").rows(0).expect("rows");
    assert_eq!((rows.len(), lines.clone().count()), (200, 200));
    let zone = run.config.session.zone;
    let number = |cell: Option<u64>| cell.map_or_else(String::new, |cell| cell.to_string());
    for (row, line) in rows.iter().zip(lines) {
        let mut cells = vec![row.seq.to_string(), TOKEN.to_owned(), zone.iso(row.exchange_time)];
        cells.extend(row.stages().map(|(_, ns)| ns.to_string()));
        cells.extend([number(row.total_ns), number(row.age_ns)]);
        assert_eq!(cells.join(","), line);
        assert_eq!(Some(row.stages().map(|(_, ns)| ns).sum::<u64>()), row.total_ns, "{line}");
    }
    assert!(rows.is_sorted_by(|a, b| a.at_ns < b.at_ns), "decided one after the other");
}

#[test]
fn the_time_line_holds_every_tick_that_was_kept() {
    for (ticks, keep) in [(0, 0), (1, 1), (2500, 2500), (2500, 1000)] {
        let run = Run::of(ticks, keep);
        let report = run.report(Vec::new(), false);
        let Timeline { bucket_ns, buckets, .. } = &report.timeline;
        let held: u64 = buckets.iter().map(|bucket| bucket.ticks).sum();
        assert_eq!(held, report.traces_written);
        assert_eq!(held, ticks.min(keep as u64));
        assert!(buckets.iter().all(|bucket| bucket.at_ns.is_multiple_of(*bucket_ns)));
        assert!(buckets.is_sorted_by(|a, b| a.at_ns < b.at_ns));
        if ticks == keep as u64 {
            let slowest = buckets.iter().filter_map(|bucket| bucket.max_ns).max();
            assert_eq!(slowest, report.total.max_ns);
            let oldest = buckets.iter().filter_map(|bucket| bucket.age_max_ns).max();
            assert_eq!(oldest, run.ages.iter().flatten().max().copied());
        }
    }
}

#[test]
fn ladders_rise_and_agree_with_the_figures() {
    let report = Run::of(2500, 0).report(Vec::new(), false);
    let Ladders { percentiles, ns } = &report.ladders;
    assert!(percentiles.is_sorted_by(|a, b| a < b), "{percentiles:?}");
    let place = |wanted: f64| percentiles.iter().position(|it| *it == wanted).expect("a nine");
    for stage in &report.stages {
        let ladder = &ns[&stage.name];
        assert_eq!(ladder.len(), percentiles.len());
        assert!(ladder.is_sorted() && ladder.iter().all(Option::is_some), "{ladder:?}");
        assert_eq!(ladder[place(90.0)], stage.figures.p90_ns);
        assert_eq!(ladder[place(99.0)], stage.figures.p99_ns);
        assert_eq!(ladder[place(99.9)], stage.figures.p999_ns);
    }
    assert_eq!(ns.len(), report.stages.len() + 1, "the stages and the total");
    assert!(percentiles.iter().all(|it| *it < 99.97), "2500 ticks carry no more");
}

/// The events of a trace: name, phase, track, and begin and length in nanoseconds.
fn slices(trace: &[u8]) -> Vec<(String, String, u64, u64, u64)> {
    let trace: Value = serde_json::from_slice(trace).expect("JSON");
    let ns = |value: &Value| (value.as_f64().unwrap_or_default() * 1000.0).round() as u64;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let events = trace["traceEvents"].as_array().expect("events").iter();
    let told = |it: &Value| {
        assert_eq!(it["pid"], 1, "{it}");
        let tid = it["tid"].as_u64().expect("a track");
        (text(&it["name"]), text(&it["ph"]), tid, ns(&it["ts"]), ns(&it["dur"]))
    };
    events.map(told).collect()
}

#[test]
fn the_trace_is_well_formed_and_its_stages_add_up_to_their_ticks() {
    let base = tempfile::tempdir().expect("a folder");
    let folder = base.path().join("run");
    let run = Run::of(500, 400);
    let report = run.report(lost_and_found(), false);
    run.write(&report, &folder);
    let events = slices(&bytes(&folder, "trace.json"));
    let named: Vec<&str> = events.iter().filter(|it| it.1 == "M").map(|it| it.0.as_str()).collect();
    assert_eq!(named, ["process_name", "thread_name", "thread_name"]);
    for track in [1, 2] {
        let on_track = events.iter().filter(|it| it.1 != "M" && it.2 == track);
        assert!(on_track.map(|it| it.3).is_sorted(), "time runs backwards on track {track}");
    }
    let instants: Vec<&str> =
        events.iter().filter(|it| it.1 == "i").map(|it| it.0.as_str()).collect();
    assert_eq!(instants, ["connecting", "live", "lost", "gap"]);
    let complete: Vec<_> = events.iter().filter(|it| it.1 == "X").collect();
    let is_tick = |name: &str| name == "tick" || name.starts_with("worst ");
    let rows = TicksFile::open(&folder).expect("readable").rows(0).expect("rows");
    let ticks: Vec<_> = complete.chunk_by(|_, next| !is_tick(&next.0)).collect();
    assert_eq!(ticks.len(), rows.len());
    for (tick, row) in ticks.iter().zip(&rows) {
        let [whole, stages @ ..] = tick else { panic!("empty") };
        assert_eq!((whole.3 + whole.4, Some(whole.4)), (row.at_ns, row.total_ns));
        assert_eq!(stages.iter().map(|stage| stage.4).sum::<u64>(), whole.4);
        let names: Vec<&str> = stages.iter().map(|stage| stage.0.as_str()).collect();
        assert_eq!(names, ["broker", "trader", "indicators", "signal", "position"]);
        let mut end = whole.3;
        for stage in stages {
            assert_eq!(stage.3, end, "stages follow each other");
            end += stage.4;
        }
    }
    let flagged = complete.iter().filter(|it| it.0.starts_with("worst ")).count();
    let kept = report.worst.iter().filter(|it| it.at_ns <= rows[rows.len() - 1].at_ns).count();
    assert_eq!(flagged, kept);
    let trace: Value = serde_json::from_slice(&bytes(&folder, "trace.json")).expect("JSON");
    let about = &trace["otherData"];
    assert_eq!((&about["ticks_here"], &about["ticks_left_out"]), (&400.into(), &100.into()));
    assert_eq!(
        (&about["worst_left_out"], &about["events_left_out"]),
        (&(32 - kept).into(), &3.into())
    );
}

#[test]
fn a_folder_without_a_usable_report_is_told_with_what_to_do() {
    let base = tempfile::tempdir().expect("a folder");
    let told = |folder: &Path, status, words: &[&str]| {
        let failure = rebuild(folder).expect_err("refused");
        assert_eq!(failure.status, status, "{failure}");
        for word in words.iter().chain(&["hint: "]) {
            assert!(failure.to_string().contains(word), "{word} is not in {failure}");
        }
    };
    told(base.path(), Status::Data, &["cannot read", "report.json: No such file", "perf or trade"]);
    let folder = base.path().join("run");
    let run = Run::of(300, 300);
    run.write(&run.report(Vec::new(), false), &folder);
    let json = String::from_utf8(bytes(&folder, "report.json")).expect("text");
    let put = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).expect("written");
    put("report.json", json.replace("\"schema\": 2", "\"schema\": 1").as_bytes());
    told(&folder, Status::Data, &["has the form 1, this program reads form 2"]);
    for damaged in [&json[..json.len() / 2], "", "{}", &json.replace("\"traced\"", "\"t\"")] {
        put("report.json", damaged.as_bytes());
        told(&folder, Status::Data, &["cannot read", "report.json"]);
    }
    put("report.json", json.as_bytes());
    let parquet = bytes(&folder, "ticks.parquet");
    put("ticks.parquet", &parquet[..parquet.len() / 2]);
    told(&folder, Status::Data, &["cannot read", "ticks.parquet"]);
    let other = base.path().join("other");
    let fewer = Run::of(200, 200);
    fewer.write(&fewer.report(Vec::new(), false), &other);
    put("ticks.parquet", &bytes(&other, "ticks.parquet"));
    told(&folder, Status::Data, &["holds 200 ticks, report.json tells of 300"]);
    std::fs::remove_file(folder.join("ticks.parquet")).expect("removed");
    told(&folder, Status::Data, &["cannot read", "ticks.parquet"]);
}

#[test]
fn age_is_of_every_tick_or_of_none() {
    let mut run = Run::of(2500, 1000);
    run.ages.truncate(1000);
    let with = |filed| {
        let live = LiveReport { filed, age: Some(age(&[Some(7)])), ..LiveReport::default() };
        run.report(Vec::new(), false).with_live(Some(&live)).age.and_then(|age| age.max_ns)
    };
    assert!(run.report(Vec::new(), false).age.is_none(), "a part of them would hide a slowdown");
    assert_eq!((with(2499), with(2500)), (None, Some(7)), "all came through the ring, or not all");
}
