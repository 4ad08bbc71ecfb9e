//! What happens to REST requests.

use std::time::Duration;

use quanta::Instant;
use sandbox::{Address, Sandbox};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use smartapi::rest::{ApiError, parse_reply, routes};

use super::{ALONE, faulty, with};
use crate::client::{Reply, call, login, plain, secured, tls};

const MASTER: &str = "/OpenAPI_File/files/OpenAPIScripMaster.json";

fn profile(address: &Address, jwt: &str) -> Reply {
    secured(address, "GET", routes::PROFILE, jwt, "").expect("an answer")
}

/// What our own reader of answers makes of it.
fn read(reply: &Reply) -> Result<IgnoredAny, ApiError> {
    parse_reply(reply.status, None, reply.body.as_bytes())
}

/// The profile's answer under a fault; the one after it is right again.
fn answered(fault: &str) -> Reply {
    let sandbox = faulty(1, ALONE, &[&format!("{fault}@getProfile")]);
    answered_by(&sandbox)
}

fn answered_by(sandbox: &Sandbox) -> Reply {
    let jwt = login(sandbox).jwt;
    let reply = profile(sandbox.address(), &jwt);
    let next = profile(sandbox.address(), &jwt);
    assert_eq!((next.status, next.json()["status"].as_bool()), (200, Some(true)));
    reply
}

/// As [`answered`], for a fault with values.
fn answered_with(fault: &str, values: &str) -> Reply {
    answered_by(&faulty(1, ALONE, &[&format!("{fault}@getProfile:{values}")]))
}

#[test]
fn a_server_error_is_no_json() {
    let reply = answered("server-error");
    assert_eq!((reply.status, reply.body.as_str()), (503, "Service Unavailable"));
    assert_eq!(read(&reply).err(), Some(ApiError::Gateway { status: 503 }));
    assert_eq!(answered_with("server-error", "502").status, 502);
}

#[test]
fn a_rate_limit_is_told_in_each_of_its_forms() {
    let text = answered("rate-limit");
    assert_eq!(text.status, 403);
    assert!(text.head.contains("content-type: text/plain"), "{}", text.head);
    assert!(text.body.contains("exceeding access rate"));
    let json = answered_with("rate-limit", "json");
    assert_eq!((json.status, &json.json()["errorcode"]), (200, &"AB1021".into()));
    let status = answered_with("rate-limit", "http-429");
    assert_eq!(status.status, 429);
    for reply in [text, json, status] {
        assert!(matches!(read(&reply), Err(ApiError::RateLimited { .. })), "{}", reply.body);
    }
}

#[test]
fn the_firewalls_page_comes_with_200() {
    let reply = answered("html-page");
    assert_eq!(reply.status, 200);
    assert!(reply.head.contains("content-type: text/html"), "{}", reply.head);
    assert!(reply.body.contains("Request Rejected"));
    assert_eq!(read(&reply).err(), Some(ApiError::FirewallBlocked { status: 200 }));
}

#[test]
fn bodies_are_empty_null_or_cut() {
    let empty = answered("empty-body");
    assert_eq!((empty.status, empty.body.as_str()), (200, ""));
    assert_eq!(read(&empty).err(), Some(ApiError::Empty { status: 200 }));
    let null = answered("null-body");
    assert_eq!((null.status, null.body.as_str()), (200, "null"));
    let cut = answered("truncated-body");
    assert!(cut.status == 200 && cut.body.starts_with("{\"status\":true"), "{}", cut.body);
    assert!(cut.head.contains(&format!("content-length: {}", cut.body.len())));
    for reply in [null, cut] {
        assert!(matches!(read(&reply), Err(ApiError::NotJson { .. })), "{}", reply.body);
    }
}

#[test]
fn failures_come_in_three_shapes() {
    let usual = answered("failure");
    assert_eq!(usual.json()["status"], false);
    assert_eq!((usual.status, &usual.json()["errorcode"]), (200, &"AB1004".into()));
    assert_eq!(answered_with("failure", "AB1007").json()["errorcode"], "AB1007");
    let gateway = answered("gateway-failure");
    let body = gateway.json();
    assert_eq!((&body["success"], &body["errorCode"]), (&false.into(), &"AG8001".into()));
    assert_eq!((body.get("status"), &body["data"]), (None, &"".into()));
    assert!(matches!(read(&gateway), Err(ApiError::SessionDead { .. })));
    let text = answered("status-as-text");
    assert_eq!((&text.json()["status"], &text.json()["data"]), (&"false".into(), &"null".into()));
    assert!(matches!(read(&text), Err(ApiError::Refused { .. })));
}

/// Logs out under a fault: whether an answer came, and whether the session is over.
fn logged_out(sandbox: &Sandbox) -> (Option<Reply>, bool) {
    let address = sandbox.address();
    let jwt = login(sandbox).jwt;
    let me = json!({ "clientcode": address.credentials.client_id }).to_string();
    let reply = secured(address, "POST", routes::LOGOUT, &jwt, &me);
    let over = profile(address, &jwt).json()["errorCode"] == "AG8001";
    (reply, over)
}

#[test]
fn a_lost_answer_was_carried_out_and_a_lost_request_was_not() {
    for (fault, carried_out) in [("lost-answer@logout", true), ("lost-request@logout", false)] {
        for options in [plain(1, ALONE), tls(1, ALONE)] {
            let sandbox = Sandbox::start(with(options, &[fault])).unwrap();
            let (reply, over) = logged_out(&sandbox);
            assert!(reply.is_none(), "{fault}");
            assert_eq!(over, carried_out, "{fault}");
        }
    }
}

#[test]
fn a_wrong_answer_may_hide_that_the_request_was_carried_out() {
    for fault in ["server-error", "html-page", "empty-body", "null-body", "failure"] {
        let hidden = format!("{fault}@logout:carried_out=true");
        for (fault, carried_out) in [(format!("{fault}@logout"), false), (hidden, true)] {
            let (reply, over) = logged_out(&faulty(1, ALONE, &[&fault]));
            let success = reply.and_then(|reply| serde_json::from_str::<Value>(&reply.body).ok());
            assert!(success.is_none_or(|body| body["status"] != true), "{fault}");
            assert_eq!(over, carried_out, "{fault}");
        }
    }
}

#[test]
fn a_slow_answer_is_the_right_one_later() {
    let sandbox = faulty(1, ALONE, &["slow-answer@getProfile#2:150ms"]);
    let jwt = login(&sandbox).jwt;
    profile(sandbox.address(), &jwt);
    let asked = Instant::now();
    assert_eq!(profile(sandbox.address(), &jwt).json()["status"], true);
    assert!(asked.elapsed() >= Duration::from_millis(150));
}

#[test]
fn only_requests_of_the_route_are_met_and_only_those_that_are_asked_for() {
    let sandbox = faulty(1, ALONE, &["empty-body@getProfile#2:times=2"]);
    let address = sandbox.address();
    let jwt = login(&sandbox).jwt;
    let words = json!({ "exchange": "NFO", "searchscrip": "x" }).to_string();
    let bodies: Vec<bool> = (0..5)
        .map(|place| match place {
            1 => secured(address, "POST", routes::SEARCH_SCRIP, &jwt, &words).unwrap().body,
            _ => profile(address, &jwt).body,
        })
        .map(|body| body.is_empty())
        .collect();
    assert_eq!(bodies, [false, false, true, true, false]);
}

#[test]
fn the_scrip_master_is_null_cut_or_a_page_where_it_is_named() {
    let faults = [
        "html-page@#1",
        "null-body:route=OpenAPIScripMaster.json",
        "truncated-body:route=OpenAPIScripMaster.json",
        "html-page:route=OpenAPIScripMaster.json",
        "server-error:route=OpenAPIScripMaster.json",
    ];
    let sandbox = faulty(1, ALONE, &faults);
    let master = || call(sandbox.address(), "GET", MASTER, &[], "");
    assert_eq!(master().body, "null");
    let cut = master();
    assert!(cut.body.starts_with("[{\"") && serde_json::from_str::<Value>(&cut.body).is_err());
    assert!(master().body.contains("Request Rejected"));
    assert_eq!(master().status, 503);
    assert!(master().json().is_array());
    let first = call(sandbox.address(), "GET", routes::PROFILE, &[], "");
    assert!(first.body.contains("Request Rejected"), "the first request of REST");
}
