//! Every route of the protocol is served, under every spelling.

use std::time::Duration;

use serde_json::{Value, json};
use smartapi::rest::routes::{self, Method, ROUTES};

use super::Day;
use crate::client::{call, secured};

#[test]
fn every_route_is_served_under_every_spelling() {
    let day = Day::of(&[10_000]);
    for route in &ROUTES {
        let (method, other) = match route.method {
            Method::Get => ("GET", "PUT"),
            Method::Post => ("POST", "PUT"),
        };
        for path in [&[route.path], route.aliases].concat() {
            day.clock.increment(Duration::from_secs(1));
            // The Python SDK's query is no query.
            let reply = day.reply(method, &format!("{path}?%7B%7D"), &json!({}));
            assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            let body = reply.json();
            assert!(body.get("status").or(body.get("success")).is_some_and(Value::is_boolean));
            assert!(body["message"].is_string(), "{path}");
            assert_eq!(day.reply(other, path, &Value::Null).status, 405, "{path}");
        }
    }
}

#[test]
fn every_route_but_the_login_demands_a_token() {
    let day = Day::of(&[10_000]);
    let key = [("X-PrivateKey", day.sandbox.address().credentials.api_key.as_str())];
    for route in ROUTES.iter().filter(|route| route.path != routes::LOGIN) {
        day.clock.increment(Duration::from_secs(1));
        let method = if route.method == Method::Get { "GET" } else { "POST" };
        let bare = call(day.sandbox.address(), method, route.path, &key, "{}").json();
        assert_eq!(bare["errorCode"], "AG8003", "{}", route.path);
        day.clock.increment(Duration::from_secs(1));
        let stale = secured(day.sandbox.address(), method, route.path, "stale", "{}");
        assert_eq!(stale.unwrap().json()["errorCode"], "AG8001", "{}", route.path);
    }
}

#[test]
fn every_route_counts_its_calls() {
    let day = Day::of(&[10_000]);
    for route in ROUTES.iter().filter(|route| route.path != routes::LOGOUT) {
        day.clock.increment(Duration::from_secs(61));
        let method = if route.method == Method::Get { "GET" } else { "POST" };
        let refused = (0..11).find(|_| day.reply(method, route.path, &json!({})).status == 403);
        assert!(refused.is_some_and(|calls| calls > 0), "{}: {refused:?}", route.path);
    }
}
