//! The Prometheus endpoint: the figures of a run as text, on loopback only.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::runtime::Handle;

use super::board::{Board, Buckets, View, edges};
use crate::failure::Failure;

/// Source: Prometheus text exposition format 0.0.4.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The endpoint; it ends with the runtime that it was started on.
pub(crate) struct Metrics {
    address: SocketAddr,
}

impl Metrics {
    /// Serves the board on a port of 127.0.0.1; 0 takes a free one.
    ///
    /// Errors: status 2 if the port cannot be had.
    pub(crate) fn serve(port: u16, board: Board, background: &Handle) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            let what = format!("cannot serve metrics on port {port} of 127.0.0.1: {error}");
            Failure::usage(what, "take another port, or --metrics 0 for a free one")
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = background.block_on(tokio::net::TcpListener::bind(address));
        let listener = listener.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let page = |State(board): State<Board>| async move {
            ([(CONTENT_TYPE, FORM)], text(&board.view(), &board.heard().connection))
        };
        let router = Router::new().route("/metrics", get(page)).with_state(board);
        background.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address })
    }

    /// Where the figures are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }
}

/// One family of values: its help, its type, its lines.
fn family(out: &mut String, name: &str, kind: &str, help: &str, lines: &[(String, f64)]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "# HELP myquant_{name} {help}\n# TYPE myquant_{name} {kind}");
    for (labels, value) in lines {
        let _ = writeln!(out, "myquant_{name}{labels} {value}");
    }
}

fn one(value: Option<f64>) -> Vec<(String, f64)> {
    value.into_iter().map(|value| (String::new(), value)).collect()
}

fn histogram(out: &mut String, stage: &str, buckets: &Buckets) {
    for (edge, count) in edges().zip(&buckets.at_most) {
        let edge = edge as f64 / 1e9;
        let _ = writeln!(
            out,
            "myquant_stage_seconds_bucket{{stage=\"{stage}\",le=\"{edge}\"}} {count}"
        );
    }
    let Buckets { count, sum_ns, .. } = buckets;
    let sum = *sum_ns as f64 / 1e9;
    let _ = writeln!(out, "myquant_stage_seconds_bucket{{stage=\"{stage}\",le=\"+Inf\"}} {count}");
    let _ = writeln!(out, "myquant_stage_seconds_sum{{stage=\"{stage}\"}} {sum}");
    let _ = writeln!(out, "myquant_stage_seconds_count{{stage=\"{stage}\"}} {count}");
}

/// The figures as Prometheus reads them.
fn text(view: &View, connection: &str) -> String {
    let mut out = String::new();
    let snapshot = &view.snapshot;
    let counted = snapshot.frames.counted();
    let frames: Vec<_> = std::iter::once(("traced", snapshot.frames.traced))
        .chain(counted)
        .map(|(fate, number)| (format!("{{fate=\"{fate}\"}}"), number as f64))
        .collect();
    family(&mut out, "frames_total", "counter", "Frames read, by what became of them.", &frames);
    let arrivals = &snapshot.arrivals;
    let odd = [("duplicate", arrivals.duplicates), ("out_of_sequence", arrivals.out_of_sequence)];
    let odd = odd.map(|(kind, number)| (format!("{{kind=\"{kind}\"}}"), number as f64));
    family(&mut out, "sequence_total", "counter", "Packets out of the usual sequence.", &odd);
    let ring = |value: fn(&super::board::RingView) -> u64| -> Vec<(String, f64)> {
        let labels = |name| format!("{{ring=\"{name}\"}}");
        view.rings.iter().map(|ring| (labels(ring.name), value(ring) as f64)).collect()
    };
    let (capacity, depth, dropped) =
        (ring(|ring| ring.capacity), ring(|ring| ring.max_depth), ring(|ring| ring.dropped));
    family(&mut out, "ring_capacity", "gauge", "Entries a ring to side work holds.", &capacity);
    family(&mut out, "ring_max_depth", "gauge", "The fullest that a ring ever was.", &depth);
    family(&mut out, "ring_dropped_total", "counter", "Entries that found a full ring.", &dropped);
    let live = f64::from(u8::from(connection == "live"));
    family(&mut out, "stream_live", "gauge", "1 while the stream is live.", &one(Some(live)));
    let price = snapshot.last.map(|tick| tick.price.as_f64() / 100.0);
    family(&mut out, "last_price_rupees", "gauge", "The last accepted price.", &one(price));
    let open = f64::from(u8::from(snapshot.is_open));
    family(&mut out, "position_open", "gauge", "1 while there is a position.", &one(Some(open)));
    let trades = one(Some(snapshot.trades as f64));
    family(&mut out, "trades_total", "counter", "Sales so far.", &trades);
    let worth = one(Some(snapshot.worth.rupees()));
    family(&mut out, "worth_rupees", "gauge", "Cash and position at the last price.", &worth);
    let rss = one(view.rss_bytes.map(|bytes| bytes as f64));
    family(&mut out, "resident_bytes", "gauge", "Resident memory of the process.", &rss);
    family(&mut out, "cpu_seconds_total", "counter", "CPU of the process.", &one(view.cpu_seconds));
    if !view.buckets.is_empty() {
        let help = "Time of a tick in each stage, in pre, post and total; of the traces that came through.";
        let _ = writeln!(out, "# HELP myquant_stage_seconds {help}");
        let _ = writeln!(out, "# TYPE myquant_stage_seconds histogram");
        view.buckets.iter().for_each(|(stage, buckets)| histogram(&mut out, stage, buckets));
    }
    out
}
