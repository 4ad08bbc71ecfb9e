//! REST, the scrip master and the control address.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sandbox::{Address, Error, Options, Pacing, Sandbox, Tape, Transport};
use serde_json::json;
use smartapi::rest::routes;

use crate::client::{self, NOON, Reply, Tokens, call, login, login_with, plain, tls, totp};

const SLOW: Pacing = Pacing::FixedRate { per_second: 1 };

fn secured(address: &Address, method: &str, path: &str, token: &str, body: &str) -> Reply {
    client::secured(address, method, path, token, body).expect("an answer")
}

/// A sandbox whose rate limits follow the returned clock and whose date the returned number.
fn timed() -> (Sandbox, Arc<quanta::Mock>, Arc<AtomicI64>) {
    let (clock, mock) = quanta::Clock::mock();
    mock.increment(Duration::from_secs(10));
    let date = Arc::new(AtomicI64::new(NOON));
    let read = Arc::clone(&date);
    let wall: sandbox::Wall = Arc::new(move || read.load(Ordering::SeqCst));
    let sandbox = Sandbox::start(Options { clock, wall, ..plain(1, SLOW) }).unwrap();
    (sandbox, mock, date)
}

#[test]
fn a_right_login_opens_profile_and_search_over_tls() {
    let sandbox = Sandbox::start(tls(1, SLOW)).unwrap();
    let address = sandbox.address();
    let tokens = login(&sandbox);
    // The Python SDK's query is no query, and the JavaScript SDK sends a body with GET.
    let path = format!("{}?%7B%22refreshToken%22:%20%22x%22%7D", routes::PROFILE);
    let profile = secured(address, "GET", &path, &tokens.jwt, "{}").json();
    assert_eq!(profile["status"], true);
    assert_eq!(profile["data"]["clientcode"], address.credentials.client_id.as_str());
    let words = json!({ "exchange": "NFO", "searchscrip": "nifty 26000 ce" }).to_string();
    let found = secured(address, "POST", routes::SEARCH_SCRIP, &tokens.jwt, &words).json();
    assert_eq!(found["data"][0]["symboltoken"], "47338");
    assert_eq!(found["data"][0]["tradingsymbol"], "NIFTY28NOV2526000CE");
}

#[test]
fn a_search_finds_what_the_list_has_in_a_segment() {
    let (sandbox, mock, _) = timed();
    let jwt = login(&sandbox).jwt;
    let found = |exchange: &str, words: &str| {
        mock.increment(Duration::from_secs(1));
        let body = json!({ "exchange": exchange, "searchscrip": words }).to_string();
        secured(sandbox.address(), "POST", routes::SEARCH_SCRIP, &jwt, &body).json()["data"].clone()
    };
    let list =
        call(sandbox.address(), "GET", "/OpenAPI_File/files/OpenAPIScripMaster.json", &[], "");
    let listed = list.json();
    let row = |symbol: &str| {
        let mut rows = listed.as_array().unwrap().iter();
        rows.find(|row| row["symbol"] == symbol && row["exch_seg"] == "NSE").unwrap().clone()
    };
    let shares = found("NSE", "sbin");
    assert_eq!(shares.as_array().unwrap().len(), 2);
    assert_eq!(shares[0]["tradingsymbol"], "SBIN-EQ");
    assert_eq!(shares[0]["symboltoken"], row("SBIN-EQ")["token"]);
    assert_eq!(found("NSE", "NIFTY 50")[0]["symboltoken"], row("Nifty 50")["token"]);
    assert_eq!(found("NFO", "NIFTY")[0]["symboltoken"], "47338", "the played one is first");
    assert_eq!(found("BSE", "nothing"), json!([]));
}

#[test]
fn wrong_credentials_are_told_apart() {
    let (sandbox, mock, _) = timed();
    let address = sandbox.address();
    let given = &address.credentials;
    let (client, pin, code) = (&given.client_id, &given.password, totp(given, NOON));
    let stale = totp(given, NOON - 60);
    let other_pin = if pin == "1234" { "4321" } else { "1234" };
    assert_eq!(login_with(address, client, pin, &stale).json()["errorcode"], "AB1050");
    let hasty = login_with(address, client, pin, &code);
    assert_eq!((hasty.status, hasty.body.contains("exceeding access rate")), (403, true));
    assert!(hasty.head.contains("text/plain"));
    for (client, pin, code, error) in [
        (client.as_str(), other_pin, code.as_str(), "AB1007"),
        ("X1", pin, &code, "AB1007"),
        (client, "web-password", &code, "AB1007"),
        (client, "", &code, "AB1007"),
        (client, pin, "", "AB1050"),
    ] {
        mock.increment(Duration::from_secs(1));
        let reply = login_with(address, client, pin, code);
        let body = reply.json();
        assert_eq!((reply.status, body["status"].as_bool()), (200, Some(false)));
        assert_eq!(body["errorcode"], error);
        assert!(body["data"].is_null() && !body["message"].as_str().unwrap().is_empty());
    }
    mock.increment(Duration::from_secs(1));
    assert_eq!(login_with(address, client, pin, &totp(given, NOON - 30)).json()["status"], true);
}

#[test]
fn a_stale_token_does_not_matter_to_a_login() {
    let sandbox = Sandbox::start(plain(1, SLOW)).unwrap();
    let address = sandbox.address();
    let given = &address.credentials;
    let body = json!({
        "clientcode": given.client_id, "password": given.password, "totp": totp(given, NOON),
    });
    let reply = secured(address, "POST", routes::LOGIN, "stale", &body.to_string()).json();
    assert_eq!(reply["status"], true, "{reply}");
}

#[test]
fn bad_tokens_are_refused_by_the_gateway() {
    let (sandbox, mock, date) = timed();
    let address = sandbox.address();
    let tokens = login(&sandbox);
    let key = [("X-PrivateKey", address.credentials.api_key.as_str())];
    let code = |reply: Reply| {
        let body = reply.json();
        assert_eq!((reply.status, body["success"].as_bool()), (200, Some(false)));
        assert!(body.get("status").is_none());
        body["errorCode"].as_str().unwrap().to_owned()
    };
    let wrong = [("X-PrivateKey", "wrong")];
    assert_eq!(code(call(address, "GET", routes::PROFILE, &wrong, "")), "AG8004");
    mock.increment(Duration::from_secs(1));
    assert_eq!(code(call(address, "GET", routes::PROFILE, &key, "")), "AG8003");
    mock.increment(Duration::from_secs(1));
    assert_eq!(code(secured(address, "GET", routes::PROFILE, "nonsense", "")), "AG8001");
    date.store(NOON + 12 * 3600, Ordering::SeqCst);
    assert_eq!(code(secured(address, "GET", routes::PROFILE, &tokens.jwt, "")), "AG8002");
}

#[test]
fn a_refresh_gives_fresh_tokens_and_a_logout_ends_them() {
    let (sandbox, mock, _) = timed();
    let address = sandbox.address();
    let old = login(&sandbox);
    let body = json!({ "refreshToken": old.refresh }).to_string();
    let new = Tokens::of(&secured(address, "POST", routes::GENERATE_TOKENS, &old.jwt, &body));
    assert!(new.jwt != old.jwt && new.feed != old.feed);
    mock.increment(Duration::from_secs(1));
    let again = secured(address, "POST", routes::GENERATE_TOKENS, &new.jwt, &body).json();
    assert_eq!(again["errorcode"], "AB8050");
    let me = json!({ "clientcode": address.credentials.client_id }).to_string();
    assert_eq!(secured(address, "POST", routes::LOGOUT, &new.jwt, &me).json()["data"], "");
    let after = secured(address, "GET", routes::PROFILE, &new.jwt, "").json();
    assert_eq!(after["errorCode"], "AG8001");
}

#[test]
fn a_body_that_is_no_request_is_refused() {
    let (sandbox, mock, _) = timed();
    let address = sandbox.address();
    let key = [("X-PrivateKey", address.credentials.api_key.as_str())];
    for body in ["", "null", "[]", "{\"clientcode\":1}", "\u{0}"] {
        let reply = call(address, "POST", routes::LOGIN, &key, body);
        assert_eq!(reply.json()["errorcode"], "AB1004", "{body}");
        mock.increment(Duration::from_secs(1));
    }
    assert_eq!(call(address, "GET", "/nowhere", &[], "").status, 404);
}

#[test]
fn what_does_not_come_to_a_route_is_refused_by_an_object() {
    let sandbox = Sandbox::start(plain(1, SLOW)).unwrap();
    let address = sandbox.address();
    let jwt = login(&sandbox).jwt;
    let details = routes::ORDER_DETAILS.replace("{uniqueorderid}", "%FF");
    let unknown = secured(address, "GET", &details, &jwt, "");
    assert_eq!((unknown.status, &unknown.json()["errorcode"]), (200, &json!("AB1013")));
    // Three million characters are many, but a body all the same.
    let position = json!({ "positions": [{ "token": "1".repeat(3_000_000) }] }).to_string();
    let long = secured(address, "POST", routes::MARGIN, &jwt, &position);
    assert_eq!((long.status, &long.json()["errorcode"]), (200, &json!("AB1004")));
    // One character more than is held in memory.
    let long = secured(address, "POST", routes::MARGIN, &jwt, &"1".repeat(16 * 1024 * 1024 + 1));
    assert_eq!((long.status, &long.json()["errorcode"]), (413, &json!("AB1004")));
}

#[test]
fn a_known_route_with_another_method_answers_an_object() {
    let sandbox = Sandbox::start(plain(1, SLOW)).unwrap();
    let routes = [routes::LOGIN, routes::SEARCH_SCRIP, "/control/state", "/smart-stream"];
    for (method, path) in ["GET", "PUT", "DELETE", "PUT"].into_iter().zip(routes) {
        let reply = call(sandbox.address(), method, path, &[], "");
        let body = reply.json();
        assert_eq!((reply.status, body["success"].as_bool()), (405, Some(false)), "{path}");
        assert!(!body["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn only_a_strict_sandbox_demands_the_documented_headers() {
    let lenient = Sandbox::start(plain(1, SLOW)).unwrap();
    let bearer = format!("Bearer {}", login(&lenient).jwt);
    let headers = [("Authorization", bearer.as_str())];
    let reply = call(lenient.address(), "GET", routes::PROFILE, &headers, "").json();
    assert_eq!(reply["status"], true, "{reply}");
    // As the JavaScript SDK sends it where it was given none.
    let headers = [headers[0], ("X-PrivateKey", "null")];
    let reply = call(lenient.address(), "GET", routes::PROFILE, &headers, "").json();
    assert_eq!(reply["status"], true, "{reply}");

    let strict = Sandbox::start(Options { strict: true, ..plain(1, SLOW) }).unwrap();
    let address = strict.address();
    let key = ("X-PrivateKey", address.credentials.api_key.as_str());
    let (user, source) = (("X-UserType", "USER"), ("X-SourceID", "WEB"));
    let profile = |headers: &[_]| call(address, "GET", routes::PROFILE, headers, "").json();
    assert_eq!(profile(&[user, source])["errorCode"], "AG8004");
    let null = ("X-PrivateKey", "null");
    assert_eq!(profile(&[null, user, source])["errorCode"], "AG8004");
    let search = call(address, "POST", routes::SEARCH_SCRIP, &[key, user], "{}").json();
    assert_eq!(search["errorcode"], "AB1005");
    let tokens = call(address, "POST", routes::GENERATE_TOKENS, &[key, user, source], "{}").json();
    assert_eq!(tokens["errorCode"], "AG8003", "the headers are there, the jwt is not");
}

#[test]
fn the_scrip_master_lists_the_played_instrument_and_its_index() {
    let sandbox = Sandbox::start(plain(1, SLOW)).unwrap();
    let address = sandbox.address();
    let path = "/OpenAPI_File/files/OpenAPIScripMaster.json";
    assert!(address.scrip_master_url.ends_with(path));
    let rows = call(address, "GET", path, &[], "").json();
    assert_eq!((&rows[0]["token"], &rows[0]["lotsize"]), (&json!("47338"), &json!("75")));
    assert_eq!(rows[1]["instrumenttype"], "AMXIDX");
    let few = call(address, "GET", &format!("{path}?rows=3"), &[], "").json();
    assert_eq!(few.as_array().map(Vec::len), Some(4));
}

#[test]
fn the_scrip_master_can_be_what_the_broker_serves_in_outages() {
    let sandbox = Sandbox::start(plain(1, SLOW)).unwrap();
    let path = "/OpenAPI_File/files/OpenAPIScripMaster.json";
    let body = |answer: &str| {
        let reply = call(sandbox.address(), "GET", &format!("{path}?answer={answer}"), &[], "");
        assert_eq!(reply.status, 200);
        reply.body
    };
    assert_eq!(body("null"), "null");
    assert!(body("page").starts_with("<html>"));
    let half = body("half");
    assert!(half.starts_with("[{") && !half.ends_with(']') && body("whole").starts_with(&half));
}

#[test]
fn the_address_is_one_flat_json_object() {
    let sandbox = Sandbox::start(tls(1, SLOW)).unwrap();
    let line = serde_json::to_value(sandbox.address()).unwrap();
    for key in ["rest_url", "stream_url", "order_stream_url", "scrip_master_url", "control_url"] {
        assert!(line[key].as_str().unwrap().contains("s://127.0.0.1:"), "{key}");
    }
    for key in ["api_key", "client_id", "password", "totp_secret", "ca_file"] {
        assert!(!line[key].as_str().unwrap().is_empty(), "{key}");
    }
    assert_eq!(line.as_object().unwrap().len(), 10);
    let other = Sandbox::start(plain(1, SLOW)).unwrap();
    let plain = serde_json::to_value(other.address()).unwrap();
    assert!(plain["ca_file"].is_null());
    assert_ne!(plain["totp_secret"], line["totp_secret"]);
}

#[test]
fn refuses_what_it_cannot_play_or_open() {
    let start = |options| Sandbox::start(options).err().unwrap();
    let empty = Options { tape: Tape::new(Vec::new(), 4), ..plain(1, SLOW) };
    assert!(matches!(start(empty), Error::EmptyTape { skipped: 4 }));
    for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let paced = plain(1, Pacing::Recorded { speed });
        assert!(matches!(start(paced), Error::Speed { .. }));
    }
    assert!(matches!(start(plain(1, Pacing::FixedRate { per_second: 0 })), Error::Rate));
    let mut currency = plain(1, SLOW);
    currency.instrument.exchange_type = smartapi::packet::ExchangeType::CDE_FO;
    assert!(matches!(start(currency), Error::Instrument { exchange_type: 13, .. }));
    let first = Sandbox::start(plain(1, SLOW)).unwrap();
    let port = first.address().rest_url.rsplit(':').next().unwrap().parse().unwrap();
    let taken = Options { port, ..plain(1, SLOW) };
    assert!(matches!(start(taken), Error::Listen { .. }));
    let nowhere = Some("no/such/folder".into());
    let unwritable = Options { transport: Transport::Tls { folder: nowhere }, ..plain(1, SLOW) };
    assert!(matches!(start(unwritable), Error::Write { .. }));
}
