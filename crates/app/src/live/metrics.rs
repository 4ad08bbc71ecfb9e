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

/// One family of histograms: of each its labels, with a comma behind them, and its values.
fn histograms<'a>(
    out: &mut String,
    name: &str,
    help: &str,
    all: impl IntoIterator<Item = (String, &'a Buckets)>,
) {
    let mut all = all.into_iter().peekable();
    if all.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "# HELP myquant_{name} {help}\n# TYPE myquant_{name} histogram");
    for (labels, Buckets { at_most, count, sum_ns }) in all {
        for (edge, count) in edges().zip(at_most) {
            let edge = edge as f64 / 1e9;
            let _ = writeln!(out, "myquant_{name}_bucket{{{labels}le=\"{edge}\"}} {count}");
        }
        let sum = *sum_ns as f64 / 1e9;
        let alone = labels.trim_end_matches(',');
        let alone = if alone.is_empty() { String::new() } else { format!("{{{alone}}}") };
        let _ = writeln!(out, "myquant_{name}_bucket{{{labels}le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "myquant_{name}_sum{alone} {sum}");
        let _ = writeln!(out, "myquant_{name}_count{alone} {count}");
    }
}

/// Where the ticks' time went. Each family holds a tick once per label, so that sums over labels are
/// sums of time.
fn times(out: &mut String, view: &View) {
    let help = "Time of a tick in each stage; of the traces that came through.";
    let stages = view.stage_buckets.iter();
    let stages = stages.map(|(name, buckets)| (format!("stage=\"{name}\","), buckets));
    histograms(out, "stage_seconds", help, stages);
    let help = "Time of a tick before all sources converge (pre) and after (post).";
    let groups = view.group_buckets.iter();
    let groups = groups.map(|(name, buckets)| (format!("group=\"{name}\","), buckets));
    histograms(out, "group_seconds", help, groups);
    let alone = |buckets| (String::new(), buckets);
    let help = "Time of a tick from its first stamp to the decision.";
    histograms(out, "tick_seconds", help, view.total_buckets.as_ref().map(alone));
    let help = "From the moment at which a packet was due to its decision; of the sandbox only.";
    histograms(out, "age_seconds", help, view.age_buckets.as_ref().map(alone));
}

/// What came, and what fell on the thread that took it.
fn stream(out: &mut String, view: &View) {
    let snapshot = &view.snapshot;
    let counted = snapshot.frames.counted();
    let frames: Vec<_> = std::iter::once(("traced", snapshot.frames.traced))
        .chain(counted)
        .map(|(fate, number)| (format!("{{fate=\"{fate}\"}}"), number as f64))
        .collect();
    family(out, "frames_total", "counter", "Frames read, by what became of them.", &frames);
    let arrivals = &snapshot.arrivals;
    let odd = [("duplicate", arrivals.duplicates), ("out_of_sequence", arrivals.out_of_sequence)];
    let odd = odd.map(|(kind, number)| (format!("{{kind=\"{kind}\"}}"), number as f64));
    family(out, "sequence_total", "counter", "Packets out of the usual sequence.", &odd);
    let number = |number: u64| one(Some(number as f64));
    let (gaps, missing) = (number(arrivals.gaps), number(arrivals.missing));
    family(out, "gaps_total", "counter", "Places where sequence numbers were skipped.", &gaps);
    family(out, "missing_total", "counter", "Sequence numbers skipped there.", &missing);
    let quiet = one(view.since_last_ns.map(|ns| ns as f64 / 1e9));
    let help = "Since the last frame was read.";
    family(out, "since_last_frame_seconds", "gauge", help, &quiet);
    let fell = snapshot.disturbances;
    let faults = one(fell.map(|fell| fell.page_faults as f64));
    family(out, "page_faults_total", "counter", "Page faults of the tick thread.", &faults);
    let switches = one(fell.map(|fell| fell.involuntary_switches as f64));
    let help = "Times that the processor was taken from the tick thread.";
    family(out, "involuntary_switches_total", "counter", help, &switches);
}

/// The rings to side work.
fn rings(out: &mut String, view: &View) {
    let ring = |value: fn(&super::board::RingView) -> u64| -> Vec<(String, f64)> {
        let labels = |name| format!("{{ring=\"{name}\"}}");
        view.rings.iter().map(|ring| (labels(ring.name), value(ring) as f64)).collect()
    };
    let (capacity, depth, dropped) =
        (ring(|ring| ring.capacity), ring(|ring| ring.max_depth), ring(|ring| ring.dropped));
    family(out, "ring_capacity", "gauge", "Entries a ring to side work holds.", &capacity);
    family(out, "ring_max_depth", "gauge", "The fullest that a ring ever was.", &depth);
    family(out, "ring_dropped_total", "counter", "Entries that found a full ring.", &dropped);
}

/// The figures as Prometheus reads them.
fn text(view: &View, connection: &str) -> String {
    let mut out = String::new();
    let snapshot = &view.snapshot;
    stream(&mut out, view);
    rings(&mut out, view);
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
    times(&mut out, view);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use engine::probe::Ladder;

    use super::*;
    use crate::live::board::RingView;
    use crate::live::rings::Snapshot;

    fn buckets(values: &[u64]) -> Buckets {
        let mut ladder = Ladder::new();
        values.iter().for_each(|value| ladder.record(*value));
        Buckets::of(&ladder)
    }

    /// A view with a figure of every kind.
    fn view() -> View {
        let mut snapshot = Snapshot::default();
        snapshot.frames.traced = 3;
        (snapshot.arrivals.gaps, snapshot.arrivals.missing) = (2, 7);
        snapshot.disturbances =
            Some(engine::probe::Disturbances { page_faults: 4, involuntary_switches: 5 });
        let values = [100, 2_000, 1 << 40];
        View {
            snapshot,
            stage_buckets: vec![("feed", buckets(&values)), ("broker", buckets(&[50, 60, 70]))],
            group_buckets: vec![("pre", buckets(&values)), ("post", buckets(&[1, 2, 3]))],
            total_buckets: Some(buckets(&values)),
            age_buckets: Some(buckets(&values)),
            since_last_ns: Some(1_500_000_000),
            rings: vec![RingView { name: "traces", capacity: 9, max_depth: 8, dropped: 1 }],
            rss_bytes: Some(1 << 20),
            cpu_seconds: Some(0.5),
            ..View::default()
        }
    }

    /// The lines of one histogram: `le` and count of each bucket, its sum, its count.
    #[derive(Debug, Default)]
    struct Series {
        buckets: Vec<(f64, f64)>,
        sum: Option<f64>,
        count: Option<f64>,
    }

    /// Name, labels and value of a sample.
    fn sample(line: &str) -> (&str, Vec<(&str, &str)>, f64) {
        let (head, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = match head.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').expect("closed labels")),
            None => (head, ""),
        };
        let pairs = labels.split(',').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').expect("a label");
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            (key, value.expect("a quoted value"))
        });
        (name, pairs.collect(), value.parse().expect("a number"))
    }

    #[test]
    fn every_line_is_of_the_family_that_was_announced_and_histograms_are_whole() {
        let text = text(&view(), "live");
        let mut families: Vec<(&str, &str)> = Vec::new();
        let mut series: BTreeMap<String, Series> = BTreeMap::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE "));
                let (typed, kind) = kind.and_then(|rest| rest.split_once(' ')).expect("a type");
                assert!(typed == name && !help.is_empty(), "{line}");
                assert!(families.iter().all(|(known, _)| *known != name), "{name} comes twice");
                families.push((name, kind));
                continue;
            }
            let (name, labels, value) = sample(line);
            let (family, kind) = *families.last().expect("a family comes first");
            if kind != "histogram" {
                assert_eq!(name, family);
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                continue;
            }
            let key: Vec<_> = labels.iter().filter(|(key, _)| *key != "le").collect();
            let one = series.entry(format!("{family} {key:?}")).or_default();
            match name.strip_prefix(family) {
                Some("_bucket") => {
                    let (key, le) = labels.last().expect("an edge");
                    assert_eq!(*key, "le");
                    one.buckets.push((le.parse().expect("an edge"), value));
                }
                Some("_sum") => one.sum = Some(value),
                Some("_count") => one.count = Some(value),
                other => panic!("{other:?} in {line}"),
            }
        }
        assert_eq!(series.len(), 6, "two stages, two groups, the total and the age");
        for (name, Series { buckets, sum, count }) in series {
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{name}: {buckets:?}");
            assert_eq!(buckets.last().copied(), Some((f64::INFINITY, 3.0)), "{name}");
            assert_eq!((buckets.len(), count), (edges().count() + 1, Some(3.0)), "{name}");
            assert!(sum.is_some_and(|sum| sum > 0.0), "{name}");
        }
    }

    #[test]
    fn a_sum_over_the_labels_of_a_family_counts_no_time_twice() {
        let text = text(&view(), "live");
        let value = |start: &str| {
            let line = text.lines().find(|line| line.starts_with(start));
            line.map_or_else(|| panic!("{start} is not in\n{text}"), |line| sample(line).2)
        };
        assert!(!text.contains("stage=\"pre\"") && !text.contains("stage=\"total\""), "{text}");
        for (start, expected) in [
            ("myquant_group_seconds_count{group=\"pre\"}", 3.0),
            ("myquant_tick_seconds_count", 3.0),
            ("myquant_age_seconds_bucket{le=\"0.000000127\"}", 1.0),
            ("myquant_since_last_frame_seconds", 1.5),
            ("myquant_gaps_total", 2.0),
            ("myquant_missing_total", 7.0),
            ("myquant_page_faults_total", 4.0),
            ("myquant_involuntary_switches_total", 5.0),
            ("myquant_ring_dropped_total{ring=\"traces\"}", 1.0),
        ] {
            assert_eq!(value(start), expected, "{start}");
        }
    }

    #[test]
    fn a_view_of_a_run_that_has_not_begun_has_no_empty_family() {
        let text = text(&View::default(), "");
        assert!(!text.contains("age_seconds") && !text.contains("since_last_frame"), "{text}");
        assert!(text.contains("myquant_stream_live 0\n"), "{text}");
    }
}
