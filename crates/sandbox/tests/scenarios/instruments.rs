//! Faults of the list of instruments: no broken list is ever used, and an older one says its age.

use std::fs;

use client::{Instruments, ListServer};
use serde_json::{Value, json};

use crate::stage::{Case, Stage};

/// The scenarios of this file.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_list_that_is_null_is_no_list",
        faults: &["null-body:route=OpenAPIScripMaster.json"],
        says: "no list of instruments is kept, and the list of instruments was null (from \
               http://SERVER/OpenAPI_File/files/OpenAPIScripMaster.json)",
        hint: "the broker serves such files during outages: try again in a few minutes, and \
               download a file of your own again",
        then: "there is no list, and the next attempt has it",
    },
    Case {
        name: "a_list_that_breaks_off_is_no_list",
        faults: &["truncated-body:route=OpenAPIScripMaster.json"],
        says: "no list of instruments is kept, and the list of instruments ends within row N: N \
               bytes arrived (from http://SERVER/OpenAPI_File/files/OpenAPIScripMaster.json)",
        hint: "the broker serves such files during outages: try again in a few minutes, and \
               download a file of your own again",
        then: "there is no list, and the next attempt has it",
    },
    Case {
        name: "a_web_page_instead_of_the_list_is_no_list",
        faults: &["html-page:route=OpenAPIScripMaster.json"],
        says: "no list of instruments is kept, and the list of instruments was a web page of N \
               bytes and must be a JSON array (from \
               http://SERVER/OpenAPI_File/files/OpenAPIScripMaster.json)",
        hint: "check the address, and that no proxy or login page of the network answers in the \
               broker's place",
        then: "there is no list, and the next attempt has it",
    },
    Case {
        name: "a_server_in_trouble_has_no_list",
        faults: &["server-error:503,route=OpenAPIScripMaster.json"],
        says: "no list of instruments is kept, and SERVER answered HTTP 503 while downloading \
               the list of instruments",
        hint: "check the address; if it is the broker's, try again in a few minutes",
        then: "there is no list, and the next attempt has it",
    },
    Case {
        name: "a_list_that_is_lost_on_the_way_is_no_list",
        faults: &["lost-answer:route=OpenAPIScripMaster.json"],
        says: "no list of instruments is kept, and the connection to SERVER broke while downloading \
               the list of instruments: connection closed before message completed",
        hint: "look whether the network to SERVER is steady; for a sandbox, whether it still runs",
        then: "there is no list, and the next attempt has it",
    },
    Case {
        name: "a_null_list_keeps_the_older_one_and_says_how_old_it_is",
        faults: &["null-body@OpenAPIScripMaster.json#2"],
        says: "the list of instruments is of DATE, 10 days old; no newer one: the list of \
               instruments was null (from \
               http://SERVER/OpenAPI_File/files/OpenAPIScripMaster.json)",
        hint: "the broker serves such files during outages: try again in a few minutes, and \
               download a file of your own again",
        then: "the kept list is used",
    },
    Case {
        name: "a_list_that_shrank_keeps_the_older_one_and_says_how_old_it_is",
        faults: &[],
        says: "the list of instruments is of DATE, 10 days old; no newer one: the list of \
               instruments shrank from 5001 to 1001 rows (from \
               http://SERVER/OpenAPI_File/files/OpenAPIScripMaster.json)",
        hint: "the broker serves partial files during outages: try again later; if the list \
               really lost so much, remove the kept one and refresh: `rm \
               'FOLDER/instruments_127.0.0.1%3aPORT'`",
        then: "the kept list is used",
    },
];

/// Ten days, which no week-end explains.
const AGE_MS: u64 = 10 * 86_400_000;

#[track_caller]
fn is_missing(stage: &Stage) {
    let (server, folder) = (stage.servers().list(), stage.folder());
    let error = stage.wait(Instruments::open(&server, &folder)).err().expect("there is no list");
    stage.sees(&error, &error.hint());
    let list = stage.wait(Instruments::open(&server, &folder)).expect("it is whole again");
    assert!(list.index.len() > 1_000 && list.notices.is_empty());
}

/// Keeps a list of so many rows beside the played instrument, ten days old.
fn keep(stage: &Stage, rows: usize) {
    let url = stage.sandbox.address().scrip_master_url.clone();
    let server = ListServer::at(&format!("{url}?rows={rows}"), None).expect("an address");
    stage.wait(Instruments::open(&server, &stage.folder())).expect("a list");
    let entry = fs::read_dir(stage.state.path()).expect("a folder").next().expect("a file");
    let path = entry.expect("a file").path();
    let bytes = fs::read(&path).expect("reads");
    let end = bytes.iter().position(|byte| *byte == b'\n').expect("a first line");
    let mut head: Value = serde_json::from_slice(&bytes[..end]).expect("JSON");
    head["source"] = json!(url);
    head["fetched_ms"] = json!(head["fetched_ms"].as_u64().expect("a time") - AGE_MS);
    let mut aged = head.to_string().into_bytes();
    aged.extend_from_slice(&bytes[end..]);
    fs::write(&path, aged).expect("writes");
}

/// The kept list is used, and its age is said.
#[track_caller]
fn is_old(stage: &Stage) {
    let list = stage.wait(Instruments::open(&stage.servers().list(), &stage.folder()));
    let list = list.expect("the kept one");
    let [notice] = &*list.notices else { panic!("{:?}", list.notices) };
    let told = notice.to_string().replace(&list.fetched(), "DATE");
    stage.sees(&told, &notice.hint().unwrap_or_default());
    assert!(list.index.len() > 1_000);
}

#[test]
fn a_list_that_is_null_is_no_list() {
    is_missing(&Stage::of("a_list_that_is_null_is_no_list"));
}

#[test]
fn a_list_that_breaks_off_is_no_list() {
    is_missing(&Stage::of("a_list_that_breaks_off_is_no_list"));
}

#[test]
fn a_web_page_instead_of_the_list_is_no_list() {
    is_missing(&Stage::of("a_web_page_instead_of_the_list_is_no_list"));
}

#[test]
fn a_server_in_trouble_has_no_list() {
    is_missing(&Stage::of("a_server_in_trouble_has_no_list"));
}

#[test]
fn a_list_that_is_lost_on_the_way_is_no_list() {
    is_missing(&Stage::of("a_list_that_is_lost_on_the_way_is_no_list"));
}

#[test]
fn a_null_list_keeps_the_older_one_and_says_how_old_it_is() {
    let stage = Stage::of("a_null_list_keeps_the_older_one_and_says_how_old_it_is");
    keep(&stage, 1_000);
    is_old(&stage);
}

#[test]
fn a_list_that_shrank_keeps_the_older_one_and_says_how_old_it_is() {
    let stage = Stage::of("a_list_that_shrank_keeps_the_older_one_and_says_how_old_it_is");
    keep(&stage, 5_000);
    is_old(&stage);
}
