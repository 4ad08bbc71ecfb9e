//! The page: its sections, what it escapes, and that it loads nothing.

use super::*;
use crate::report::tests::{Run, lost_and_found};

/// The headings of every page, whatever was measured.
const SECTIONS: [&str; 11] = [
    "Key figures",
    "Targets",
    "Advice",
    "Where the time went",
    "How to read it",
    "Percentiles",
    "Time line",
    "The slowest ticks",
    "Frames",
    "Side work",
    "Process and machine",
];

fn page(report: &Report) -> String {
    render(report).expect("a page")
}

/// The text between tags, with single blanks.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").expect("a body").1;
    let parts = body.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let words: Vec<&str> = parts.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

#[test]
fn the_page_has_every_section_and_the_figures() {
    let report = Run::of(2500, 2500).report(lost_and_found(), false);
    let page = page(&report);
    for section in SECTIONS {
        assert_eq!(page.matches(&format!("<h2>{section}</h2>")).count(), 1, "{section}");
    }
    let text = text(&page);
    for words in [
        "All targets met",
        "2,500 ticks from sandbox in 0.0 s",
        "2,500 frames = 2,500 traced",
        "Total runs from the decoded tick (a replay has no socket) to the decision.",
        "Nothing was attached to the tick path.",
        "12 sequence numbers were skipped before 345",
        "3 later events are counted and not shown.",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("class=\"tick\"").count(), 32);
    // Of the legend, the ladder, and the bars, one each for the stages of a replay.
    for stage in &report.stages {
        assert!(text.contains(&format!("{} {}", stage.name, percent(stage.share.expect("one")))));
    }
    let longest = report.stages.iter().map(|stage| stage.share.unwrap_or_default());
    assert!((longest.sum::<f64>() - 1.0).abs() < 1e-9);
    assert_eq!(page.matches("class=\"mark event").count(), lost_and_found().len());
}

#[test]
fn the_page_loads_nothing_runs_nothing_and_escapes_what_it_shows() {
    let page = page(&Run::of(300, 300).report(lost_and_found(), false));
    for load in ["http:", "https:", "src=", "href", "url(", "<script", "@import", "<link", "<img"] {
        assert!(!page.contains(load), "{load}");
    }
    assert!(!page.contains("<b>NIFTY") && page.contains("&lt;b&gt;NIFTY"));
    assert!(!page.contains("<lost>") && page.contains("&lt;lost&gt;"));
    assert!(page.contains("a &amp; b"));
}

#[test]
fn the_same_report_gives_the_same_page() {
    let report = Run::of(1000, 1000).report(lost_and_found(), false);
    let json = serde_json::to_string(&report).expect("JSON");
    let back: Report = serde_json::from_str(&json).expect("a report");
    assert!(page(&report) == page(&back), "two pages differ");
    assert_eq!(serde_json::to_string(&back).expect("JSON"), json);
}

#[test]
fn an_incomplete_run_and_a_missed_target_are_said_first() {
    let run = Run::of(300, 300);
    let mut report = run.report(Vec::new(), true);
    assert!(text(&page(&report)).starts_with("&lt;b&gt;NIFTY&lt;&#x2f;b&gt; · perf INCOMPLETE"));
    report.incomplete = false;
    report.targets[2].met = Some(false);
    assert!(text(&page(&report)).contains("Target missed: total p99"));
    assert!(text(&page(&report)).contains("FAIL"));
    let few = Run::of(50, 50).report(Vec::new(), false);
    let told = text(&page(&few));
    assert!(told.contains("Too few ticks to judge pre p99, post p99, total p99"), "{told}");
    assert!(told.contains("not judged, too few ticks"));
}

#[test]
fn a_run_without_a_tick_still_has_a_page() {
    let page = page(&Run::of(0, 0).report(Vec::new(), true));
    let text = text(&page);
    assert!(text.contains("No tick was traced.") && text.contains("No tick was kept."), "{text}");
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}

#[test]
fn the_page_states_the_ground_and_what_the_system_did() {
    let mut report = Run::of(300, 300).report(Vec::new(), false);
    report.process.cpu_seconds = Some(2.5);
    report.environment.busy_poll = Some(true);
    report.environment.no_delay = Some(false);
    report.environment.locked_bytes = Some(3 << 20);
    let leg = crate::report::leg::ExchangeLeg {
        uncertain_ns: 1_000_000_000,
        ticks: 300,
        p50_ns: [-600_000_000, 400_000_000],
        p99_ns: None,
    };
    report = report.with_exchange_leg(Some(leg));
    let text = text(&page(&report));
    for words in [
        "Ticks min p50 p90 p99 p99.9 p99.99 max Share",
        "CPU of the process 2.50 s",
        "Allocations of the tick thread not counted in this build",
        "Reads of the socket poll without sleeping",
        "Writes leave at once (TCP_NODELAY) no",
        "Locked memory 3 MiB",
        "by another clock: p50 -600 to 400 ms.",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn a_part_of_the_ticks_is_named_as_such() {
    let text = text(&page(&Run::of(300, 100).report(Vec::new(), false)));
    assert!(text.contains("the first 100 of 300 traced ticks: those that were kept whole."));
}

#[test]
fn what_fell_into_a_slow_tick_is_shown_where_it_is_known() {
    let mut report = Run::of(300, 300).report(Vec::new(), false);
    assert!(!text(&page(&report)).contains("page faults,"));
    report.worst[0].page_faults = Some(3);
    report.worst[0].involuntary_switches = Some(1);
    assert!(text(&page(&report)).contains("3 page faults, 1 involuntary switches"));
}
