//! What must not happen on the tick path: allocations, and drops over a minute of the fastest feed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use engine::units::{EventTime, Micros, Paise, Zone};
use serde::Deserialize;
use serde_json::Value;

use crate::fault::Fault;
use crate::plan::Plan;
use crate::processes::{beside, product};
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::ticks;

/// The fastest feed that is promised.
const PER_SECOND: usize = 50_000;
/// The program that counts allocations.
const COUNTER: &str = "myquant-bench-allocations";
/// Latency targets that no machine misses: here nothing is asked of the latency.
const WIDE_TARGETS: [&str; 3] =
    ["performance.pre_p99_us=1e6", "performance.post_p99_us=1e6", "performance.total_p99_us=1e6"];

/// A line of the program that counts allocations.
#[derive(Deserialize)]
struct Counted {
    transport: String,
    ticks: u64,
    allocations: i64,
}

pub(super) fn run(plan: Plan) -> Result<Table, Fault> {
    let mut rows = allocations(plan)?;
    let seconds = plan.of(60, 3);
    rows.extend(minute(seconds)?);
    Ok(Table {
        title: "Steady state",
        a: "",
        b: "ours, whole path, traced",
        comparison: Comparison::BMinusA,
        rows,
        notes: vec![format!(
            "Allocations: of the tick thread, from the socket to the decision; a long run less \
                 a short one, so that setting up does not count. Drops: `myquant trade --sandbox` \
                 over TLS at {PER_SECOND} packets a second for {seconds} s, recording every packet, and \
                 with a reader of the live figures that takes a byte each 20 ms."
        )],
    })
}

fn allocations(plan: Plan) -> Result<Vec<Row>, Fault> {
    let mut counter = Command::new(beside(COUNTER)?);
    if plan.quick {
        counter.arg("--quick");
    }
    let output = finish(counter, "counting allocations")?;
    let lines = output.lines().map(serde_json::from_str::<Counted>);
    let lines: Result<Vec<Counted>, _> = lines.collect();
    let lines = lines.map_err(Fault::doing("reading the allocations", "build both again"))?;
    let row = |Counted { transport, ticks, allocations }: Counted| {
        let what = format!("allocations in {ticks} ticks, {transport}");
        Row::single(what, Unit::Count, [allocations as f64]).target(Subject::B, Limit::AtMost(0.0))
    };
    Ok(lines.into_iter().map(row).collect())
}

/// The product, recording, at the fastest rate for so many seconds.
fn minute(seconds: usize) -> Result<Vec<Row>, Fault> {
    let folder = tempfile::tempdir()
        .map_err(Fault::doing("making a temporary folder", "set TMPDIR to one with room"))?;
    let (day, out) = (folder.path().join("day.csv"), folder.path().join("run"));
    let packets = PER_SECOND * seconds;
    write_day(&day, packets).map_err(Fault::doing("writing the ticks", "set TMPDIR"))?;
    let mut trade = product()?;
    trade.args(["trade", "--sandbox", "--json", "--quiet", "--ticks-file"]).arg(&day);
    trade.args(["--rate", &PER_SECOND.to_string(), "--out"]).arg(&out).current_dir(folder.path());
    WIDE_TARGETS.iter().for_each(|target| {
        trade.args(["--set", target]);
    });
    let report = slowly_watched(trade, "trading on the sandbox")?;
    let report: Value = serde_json::from_str(&report)
        .map_err(Fault::doing("reading the report of the run", "look at `myquant trade --json`"))?;
    judged(&report, packets)
}

/// The rows of a report of `myquant trade` over so many packets.
fn judged(report: &Value, packets: usize) -> Result<Vec<Row>, Fault> {
    let figure = |place: &str| {
        let missing = || Fault::new(format!("the report has no {place}"), "adapt the benchmark");
        report.pointer(place).and_then(Value::as_f64).ok_or_else(missing)
    };
    let traced = figure("/traced")?;
    let [dropped, depth, capacity] =
        ["dropped", "max_depth", "capacity"].map(|name| figure(&format!("/side/recorder/{name}")));
    let none = Limit::AtMost(0.0);
    let lost = packets as f64 - traced;
    Ok(vec![
        Row::single(format!("packets of {packets} that were not traced"), Unit::Count, [lost])
            .target(Subject::B, none),
        Row::single("packets that the recorder dropped", Unit::Count, [dropped?])
            .target(Subject::B, none),
        Row::single(
            "the recorder's ring at its fullest",
            Unit::Percent,
            [depth? / capacity? * 100.0],
        ),
        Row::single(
            "snapshots and traces that their rings dropped",
            Unit::Count,
            [figure("/side/snapshots/dropped")? + figure("/side/traces/dropped")?],
        )
        .target(Subject::B, none),
        Row::single("packets a second", Unit::PerSecond, [figure("/throughput_per_s")?]),
    ])
}

/// The ticks of a whole day as a file.
fn write_day(path: &Path, rows: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create_new(path)?);
    writeln!(file, "timestamp,price,volume")?;
    for row in ticks::rows(rows) {
        let time = EventTime(0) + Micros(row.exchange_ts_ms * 1000);
        let price = Paise(row.price_paise);
        writeln!(file, "{},{price},{}", Zone::INDIA.iso(time), row.qty)?;
    }
    file.flush()
}

/// Runs a program to its end with a reader of its live figures that takes a byte now and then; what
/// the program printed.
fn slowly_watched(mut command: Command, doing: &'static str) -> Result<String, Fault> {
    let failed = Fault::doing(doing, "run bench/run, which builds all of it");
    command.args(["--metrics", "0"]).stdin(Stdio::null());
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(&failed)?;
    let errors = child.stderr.take().map(BufReader::new);
    let listening = thread::spawn(move || {
        let mut said = String::new();
        for line in errors.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("metrics at http://") {
                let address = address.to_owned();
                thread::spawn(move || read_slowly(&address));
            }
            said = said + &line + "\n";
        }
        said
    });
    let output = child.wait_with_output().map_err(&failed)?;
    let errors = listening.join().unwrap_or_default();
    if !output.status.success() {
        let what = format!("{doing}: {}: {}", output.status, errors.trim());
        return Err(Fault::new(what, "run the program by hand"));
    }
    if !errors.contains("metrics at http://") {
        return Err(Fault::new(format!("{doing}: no figures were served"), "adapt the benchmark"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads a page byte by byte, as slowly as a reader may, until the server has gone.
fn read_slowly(address: &str) {
    let Some((host, path)) = address.split_once('/') else { return };
    while let Ok(mut socket) = TcpStream::connect(host) {
        let asked = write!(socket, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let mut byte = [0];
        while asked.is_ok() && socket.read(&mut byte).is_ok_and(|read| read > 0) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Runs a program to its end; what it printed.
fn finish(mut command: Command, doing: &'static str) -> Result<String, Fault> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(Fault::doing(doing, "run bench/run, which builds all of it"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let what = format!("{doing}: {}: {}", output.status, errors.trim());
        return Err(Fault::new(what, "run the program by hand"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_judged_by_what_was_lost_and_dropped() {
        let report = |traced: u64, dropped: u64| {
            serde_json::json!({
                "traced": traced,
                "throughput_per_s": 49_990.5,
                "side": {
                    "recorder": { "dropped": dropped, "max_depth": 5, "capacity": 50 },
                    "snapshots": { "dropped": 0 },
                    "traces": { "dropped": dropped },
                },
            })
        };
        let score = |report: &Value| {
            let rows = judged(report, 1000).expect("all figures are there");
            let comparison = Comparison::BMinusA;
            Table { title: "", a: "", b: "", comparison, rows, notes: Vec::new() }.score()
        };
        assert_eq!(score(&report(1000, 0)), (3, 3));
        assert_eq!(score(&report(999, 0)), (3, 2));
        assert_eq!(score(&report(1000, 1)), (3, 1));
        let fault = judged(&serde_json::json!({ "traced": 1 }), 1).expect_err("no recorder");
        assert!(fault.to_string().contains("/side/recorder/dropped"), "{fault}");
    }

    #[test]
    fn the_day_is_a_tick_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("day.csv");
        write_day(&path, 3).expect("written");
        let text = std::fs::read_to_string(&path).expect("there");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("2025-10-06T09:36:00+05:30,"), "{}", lines[1]);
    }
}
