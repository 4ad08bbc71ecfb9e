//! `instruments`: words at the sandbox's list, the kept list, and what is said when there is none.

use std::net::TcpListener;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Ended, Running, World};

/// A sandbox without TLS, and the address of its list.
fn sandbox(world: &World) -> (Running, String) {
    sandbox_with(world, &[])
}

fn sandbox_with(world: &World, more: &[&str]) -> (Running, String) {
    let mut running = world.start(["sandbox", "--plain"].iter().chain(more));
    let address: Value = serde_json::from_str(&running.wait_for_line("{")).expect("JSON");
    (running, address["scrip_master_url"].as_str().expect("a URL").to_owned())
}

/// Runs `instruments` with these words; the home keeps what it keeps.
fn instruments(world: &World, args: &[&str]) -> Ended {
    world.start(["instruments"].iter().chain(args)).end()
}

fn kept(world: &World) -> PathBuf {
    let folder = world.path("home").join(".local/state/myquant");
    let mut files = std::fs::read_dir(folder).expect("a folder");
    files.next().expect("a kept list").expect("an entry").path()
}

fn first_words(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn words_find_instruments_in_a_sandboxs_list() {
    let world = World::new();
    let (_running, url) = sandbox(&world);
    let found = instruments(&world, &["find", "nifty", "fut", "--url", &url]);
    found.assert_status(0);
    let symbols = first_words(&found.out);
    assert_eq!((symbols[0], symbols.len()), ("symbol", 13), "four names, three months");
    assert!(symbols[1..4].iter().all(|symbol| symbol.starts_with("NIFTY")), "{symbols:?}");
    let nearest = found.out.lines().nth(1).expect("a future");
    for word in ["NIFTY", "FUT ", " NFO ", " FUTIDX ", " 75 ", " 0.1"] {
        assert!(nearest.contains(word), "{word} in {nearest}");
    }
    assert!(
        found.err.starts_with("12 of 12 shown; list of ") && found.err.contains(" IST with 1000 ")
    );
    let one = instruments(&world, &["find", "sbin", "--limit", "1", "--url", &url]);
    assert_eq!(first_words(&one.out), ["symbol", "SBIN-EQ"]);
    let money = ["find", "nifty", "atm-1", "ce", "at", "26,012", "--url", &url];
    let money = instruments(&world, &money);
    assert!(money.out.contains("25950CE") && first_words(&money.out).len() == 2, "{}", money.out);
    let bse = instruments(&world, &["find", "sbin", "--exchange", "bse", "--url", &url, "--quiet"]);
    assert_eq!((first_words(&bse.out), bse.err.as_str()), (vec!["symbol", "SBIN"], ""));
}

#[test]
fn json_is_one_document_with_the_lists_date_and_the_segments_scale() {
    let world = World::new();
    let (_running, url) = sandbox(&world);
    let found = instruments(
        &world,
        &["find", "usdinr", "88.25", "ce", "--json", "--limit", "1", "--url", &url],
    );
    found.assert_status(0);
    let document: Value = serde_json::from_str(&found.out).expect("one document");
    assert_eq!((&document["schema"], &document["instruments"]), (&1.into(), &1000.into()));
    assert_eq!((&document["found"], &document["notices"]), (&3.into(), &Value::Array(vec![])));
    assert!(document["fetched"].as_str().is_some_and(|time| time.ends_with("+05:30")));
    let option = &document["results"][0];
    assert_eq!((&option["exchange"], &option["exchange_type"]), (&"CDS".into(), &13.into()));
    assert_eq!((&option["strike"], &option["tick_size"]), (&88.25.into(), &0.0025.into()));
    assert_eq!((&option["price_divisor"], &option["type"]), (&10_000_000.into(), &"OPTCUR".into()));
    assert!(option["expiry"].as_str().is_some_and(|day| day.len() == 10 && day.ends_with("-27")));
}

#[test]
fn nothing_found_says_what_to_try() {
    let world = World::new();
    // One that the list has although it has expired.
    let expired = ["--symbol", "NIFTY28NOV2526000CE"];
    let (_running, url) = sandbox_with(&world, &expired);
    let find = |words: &[&str]| instruments(&world, &[&["find", "--url", &url], words].concat());
    find(&["bankniftty", "fut"])
        .assert_failure(2, &["fits \"bankniftty fut\"", "did you mean BANKNIFTY"]);
    find(&["nifty", "99000", "ce"]).assert_failure(2, &["hint: options on NIFTY expire on "]);
    find(&["nifty", "28", "nov", "2025", "26000", "ce"])
        .assert_failure(2, &["hint: NIFTY28NOV2526000CE expired on 28 Nov 2025"]);
    find(&["gold", "fut", "--exchange", "NFO"])
        .assert_failure(2, &["of MCX fits: leave out --exchange"]);
    find(&["nifty", "atm+1", "ce"])
        .assert_failure(2, &["hint: say at which price, as in: nifty atm+1 ce at 26012"]);
    find(&["qqqqqqqqqqq"]).assert_failure(2, &["hint: use the broker's name"]);
    find(&["sbin", "--exchange", "NYSE"]).assert_failure(2, &["--exchange", "NSE, NFO"]);
    instruments(&world, &["find"]).assert_failure(2, &["WORDS"]);
}

#[test]
fn over_tls_the_sandboxs_authority_has_to_be_given() {
    let world = World::new();
    let mut running = world.start(["sandbox"]);
    let address: Value = serde_json::from_str(&running.wait_for_line("{")).expect("JSON");
    let url = address["scrip_master_url"].as_str().expect("a URL");
    let authority = address["ca_file"].as_str().expect("a file");
    let trusted = instruments(&world, &["refresh", "--url", url, "--ca-file", authority]);
    trusted.assert_status(0);
    assert!(trusted.out.starts_with("1000 instruments of https://127.0.0.1:"), "{}", trusted.out);
    let segments = ["NSE", "NFO", "BSE", "BFO", "MCX", "NCDEX", "CDS"];
    assert_eq!(first_words(&trusted.out)[1..], segments);
    std::fs::remove_file(kept(&world)).expect("removed");
    instruments(&world, &["find", "sbin", "--url", url])
        .assert_failure(4, &["certificate of 127.0.0.1"]);
    instruments(&world, &["find", "sbin", "--url", url, "--ca-file", "none.pem"])
        .assert_failure(2, &["--ca-file", "hint: "]);
}

#[test]
fn a_kept_list_serves_without_its_server_and_says_when_it_is_old_or_damaged() {
    let world = World::new();
    let (running, url) = sandbox(&world);
    instruments(&world, &["find", "sbin", "--url", &url]).assert_status(0);
    running.end_by(Signal::TERM).assert_status(130);
    let again = instruments(&world, &["find", "sbin", "--url", &url]);
    again.assert_status(0);
    assert!(!again.err.contains("note: "), "{}", again.err);
    let path = kept(&world);
    let whole = std::fs::read(&path).expect("readable");
    let end = whole.iter().position(|byte| *byte == b'\n').expect("a first line");
    let mut head: Value = serde_json::from_slice(&whole[..end]).expect("JSON");
    assert_eq!((&head["rows"], head["source"].as_str()), (&1000.into(), Some(url.as_str())));
    let fetched = head["fetched_ms"].as_u64().expect("a date");
    head["fetched_ms"] = (fetched - 9 * 86_400_000).into();
    let aged = [head.to_string().as_bytes(), &whole[end..]].concat();
    std::fs::write(&path, aged).expect("written");
    let old = instruments(&world, &["find", "sbin", "--url", &url, "--quiet"]);
    old.assert_failure(
        0,
        &["note: the list of instruments is of ", ", 9 days old; no newer one: "],
    );
    assert!(old.err.contains("cannot be reached") && old.out.contains("SBIN-EQ"), "{}", old.err);
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    let damaged = instruments(&world, &["find", "sbin", "--url", &url]);
    damaged.assert_failure(4, &["was not used: it has ", "and must have", "--file"]);
    std::fs::remove_file(&path).expect("removed");
    let missing = instruments(&world, &["find", "sbin", "--url", &url]);
    missing.assert_failure(4, &["no list of instruments is kept, and 127.0.0.1:", "--file"]);
}

#[test]
fn what_the_broker_serves_in_outages_is_refused_in_words() {
    let world = World::new();
    let (_running, url) = sandbox(&world);
    for (answer, why) in
        [("null", "was null"), ("half", "ends within row"), ("page", "was a web page")]
    {
        let url = format!("{url}?answer={answer}");
        instruments(&world, &["refresh", "--url", &url]).assert_failure(4, &[why, "hint: "]);
        instruments(&world, &["find", "x", "--url", &url]).assert_failure(4, &[why, "--file"]);
    }
    instruments(&world, &["refresh", "--url", "http://example.com/x"])
        .assert_failure(2, &["plain text to another machine"]);
}

#[test]
fn a_downloaded_file_needs_no_network() {
    let world = World::new();
    let row = r#"{"token":"3045","symbol":"SBIN-EQ","name":"SBIN","expiry":"","strike":"-1.000000",
        "lotsize":"1","instrumenttype":"","exch_seg":"NSE","tick_size":"5.000000"}"#;
    world.write("list.json", &format!("[{row}]"));
    let found = world.run(["instruments", "find", "sbin", "--file", "list.json"]);
    found.assert_status(0);
    let line = found.out.lines().nth(1).expect("a share");
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells, ["SBIN-EQ", "NSE", "3045", "share", "–", "–", "1", "0.05"]);
    world.write("cut.json", &format!("[{row}, {}", &row[..40]));
    world
        .run(["instruments", "find", "sbin", "--file", "cut.json"])
        .assert_failure(5, &["ends within row 1", "from cut.json", "hint: "]);
    world
        .run(["instruments", "find", "sbin", "--file", "none.json"])
        .assert_failure(5, &["cannot read none.json", "hint: "]);
}

#[test]
fn a_server_that_keeps_silent_does_not_hold_up_an_interrupt() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/list", silent.local_addr().expect("bound"));
    let running = world.start(["instruments", "refresh", "--url", &url]);
    let _held = silent.accept().expect("the program calls");
    running.wait_until_caught(Signal::INT);
    running.end_by(Signal::INT).assert_status(130);
}
