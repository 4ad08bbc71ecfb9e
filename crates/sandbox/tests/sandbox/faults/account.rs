//! What happens to tokens and to the broker's date.

use sandbox::{Address, Sandbox};
use smartapi::rest::routes;

use super::{ALONE, faulty};
use crate::client::{NOON, Reply, call, login, login_with, market, open, secured, totp};

fn code(reply: &Reply) -> String {
    let body = reply.json();
    body["errorCode"].as_str().or(body["errorcode"].as_str()).unwrap_or_default().to_owned()
}

fn profile(address: &Address, jwt: &str) -> Reply {
    secured(address, "GET", routes::PROFILE, jwt, "").expect("an answer")
}

fn login_at(address: &Address, time: i64) -> Reply {
    let given = &address.credentials;
    login_with(address, &given.client_id, &given.password, &totp(given, time))
}

fn add(sandbox: &Sandbox, fault: &str) {
    assert_eq!(call(sandbox.address(), "POST", "/control/faults", &[], fault).status, 200);
}

#[test]
fn tokens_that_expire_now_are_refused_at_every_door_and_new_ones_are_not() {
    let sandbox = faulty(5, ALONE, &["expire-tokens@getProfile#2"]);
    let address = sandbox.address();
    let tokens = login(&sandbox);
    let mut stream = market(&sandbox, &tokens).ok().unwrap();
    assert_eq!(profile(address, &tokens.jwt).json()["status"], true);
    assert_eq!(code(&profile(address, &tokens.jwt)), "AG8002");
    let refused = market(&sandbox, &tokens).err().map(|refused| refused.0);
    assert_eq!(refused, Some(401));
    let bearer = [("Authorization", format!("Bearer {}", tokens.jwt))];
    let refused = open(address, &address.order_stream_url, &bearer).err();
    assert_eq!(refused.map(|refused| refused.0), Some(403));
    stream.say("ping");
    assert_eq!(stream.text(), "pong", "an open stream lives on");

    let sandbox = faulty(5, ALONE, &["expire-tokens"]);
    let fresh = login(&sandbox);
    assert_eq!(profile(sandbox.address(), &fresh.jwt).json()["status"], true);
}

#[test]
fn a_time_after_the_first_subscription_ends_tokens_too() {
    let sandbox = faulty(5, ALONE, &["expire-tokens@0ms"]);
    let tokens = login(&sandbox);
    let jwt = tokens.jwt.clone();
    assert_eq!(profile(sandbox.address(), &jwt).json()["status"], true);
    let mut stream = market(&sandbox, &tokens).ok().unwrap();
    stream.subscribe(3);
    stream.packet();
    assert_eq!(code(&profile(sandbox.address(), &jwt)), "AG8002");
}

#[test]
fn a_wrong_clock_wants_the_codes_of_its_own_time() {
    let sandbox = faulty(5, ALONE, &["clock-skew:1h"]);
    let address = sandbox.address();
    assert_eq!(code(&login_at(address, NOON)), "AB1050");
    let clock = |sandbox: &Sandbox| {
        call(sandbox.address(), "GET", "/control/clock", &[], "").json()["wall_s"].as_i64()
    };
    assert_eq!(clock(&sandbox), Some(NOON + 3600));
    call(address, "DELETE", "/control/faults", &[], "");
    assert_eq!(clock(&sandbox), Some(NOON));
    let sandbox = faulty(5, ALONE, &["clock-skew:1h"]);
    assert_eq!(login_at(sandbox.address(), NOON + 3600).json()["status"], true);
}

#[test]
fn a_clock_beyond_midnight_ends_tokens_and_right_again_revives_them() {
    let sandbox = faulty(5, ALONE, &[]);
    let jwt = login(&sandbox).jwt;
    add(&sandbox, r#"{ "do": "clock-skew", "by": "13h" }"#);
    assert_eq!(code(&profile(sandbox.address(), &jwt)), "AG8002");
    add(&sandbox, r#"{ "do": "clock-skew", "by": "0s" }"#);
    assert_eq!(profile(sandbox.address(), &jwt).json()["status"], true);
}
