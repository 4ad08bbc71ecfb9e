//! What a run shows while it lasts: the page for Prometheus, the rings, the screen that needs a terminal.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use quanta::Instant;
use rustix::process::Signal;

use crate::common::{WIDE_TARGETS, World};

const DEADLINE: Duration = Duration::from_secs(60);

/// The page of the address that the program has named.
fn page(line: &str) -> String {
    let url = line.strip_prefix("metrics at http://").expect("an address");
    let (host, path) = url.split_once('/').expect("a path");
    assert!(host.starts_with("127.0.0.1:"), "{host} is not loopback");
    let mut socket = TcpStream::connect(host).expect("somebody listens");
    write!(socket, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer in UTF-8");
    answer
}

/// The value of a line that begins so; 0 where there is none yet.
fn value(page: &str, start: &str) -> f64 {
    let line = page.lines().find(|line| line.starts_with(start));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[test]
fn prometheus_reads_the_figures_of_a_run_while_it_lasts() {
    let world = World::new();
    let args = ["perf", "--plain", "--ticks", "100000", "--rate", "1000", "--metrics", "0"];
    let mut running = world.start(args.iter().chain(&WIDE_TARGETS));
    let address = running.wait_for_line("metrics at ");
    let deadline = Instant::now() + DEADLINE;
    let total = "myquant_tick_seconds_count";
    let mut answer = page(&address);
    while value(&answer, total) < 100.0 {
        assert!(Instant::now() < deadline, "no figures in time:\n{answer}");
        answer = page(&address);
    }
    assert!(answer.contains("text/plain; version=0.0.4"), "{answer}");
    for start in [
        "myquant_frames_total{fate=\"traced\"}",
        "myquant_stream_live 1",
        "myquant_last_price_rupees",
        "myquant_ring_capacity{ring=\"traces\"}",
        "myquant_ring_dropped_total{ring=\"snapshots\"} 0",
        "myquant_resident_bytes",
        "myquant_since_last_frame_seconds ",
        "myquant_page_faults_total ",
        "myquant_missing_total 0",
        "myquant_age_seconds_bucket{le=\"+Inf\"}",
        "myquant_group_seconds_count{group=\"post\"}",
    ] {
        assert!(answer.lines().any(|line| line.starts_with(start)), "{start} is not in\n{answer}");
    }
    // All histograms but the age's hold the ticks of one moment.
    let ticks = value(&answer, total);
    for stage in ["framing", "feed", "broker", "indicators", "position"] {
        let start = format!("myquant_stage_seconds_bucket{{stage=\"{stage}\",");
        let lines = answer.lines().filter(|line| line.starts_with(&start));
        let counts: Vec<f64> = lines.map(|line| value(line, "")).collect();
        assert!(counts.len() > 20 && counts.is_sorted(), "{stage}: {counts:?}");
        assert_eq!(value(&answer, &format!("{start}le=\"+Inf\"}}")), ticks, "{stage}");
        assert_eq!(counts.last(), Some(&ticks), "{stage}");
    }
    running.end_by(Signal::INT).assert_status(130);
}

#[test]
fn the_ticks_of_a_trading_day_are_written_while_it_lasts() {
    let world = World::new();
    let args = ["trade", "--sandbox", "--plain", "--rate", "max", "--out", "day"];
    world.run(args.iter().chain(&WIDE_TARGETS)).assert_status(0);
    let report = world.json("day/report.json");
    let traced = report["traced"].as_u64().expect("a number");
    assert!(traced > 10_000);
    assert_eq!(report["counted"]["settling"].as_u64().unwrap_or_default(), 0, "trade settles none");
    let ring = |name: &str, figure: &str| report["side"][name][figure].as_u64().expect("a number");
    let [written, dropped] = ["traces_written", "traces_dropped"].map(|name| report[name].as_u64());
    assert_eq!(dropped, Some(ring("traces", "dropped")));
    assert_eq!(written, Some(traced - ring("traces", "dropped")));
    assert_eq!(ring("snapshots", "dropped"), 0);
    assert!(ring("traces", "max_depth") <= ring("traces", "capacity"));
    let rows = world.text("day/ticks.csv").lines().count() as u64 - 1;
    assert_eq!(Some(rows), written);
    let page = world.text("day/latency.html");
    world.run(["report", "day"]).assert_status(0);
    assert_eq!(world.text("day/latency.html"), page, "made again to the byte");
}

#[test]
fn watching_needs_a_terminal() {
    let world = World::new();
    let args = ["perf", "--plain", "--ticks", "10", "--out", "run"];
    let ended = world.run(args.into_iter().chain(["--watch"]));
    ended.assert_failure(2, &["--watch needs a terminal", "hint: ", "--metrics 0"]);
    assert!(!world.path("run").exists(), "the same command is not refused for its folder");
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_made() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let args = ["perf", "--plain", "--ticks", "10", "--out", "run", "--metrics", &port];
    let words = ["cannot serve metrics on port ", "hint: take another port"];
    world.run(args).assert_failure(2, &words);
    assert!(!world.path("run").exists(), "the same command is not refused for its folder");
}
