//! What happens to order updates.

use sandbox::Sandbox;
use serde_json::{Value, json};

use super::{ALONE, faulty};
use crate::client::{Stream, call, login, open};

fn listening(sandbox: &Sandbox) -> Stream {
    let address = sandbox.address();
    let bearer = [("Authorization", format!("Bearer {}", login(sandbox).jwt))];
    let mut orders = open(address, &address.order_stream_url, &bearer).ok().unwrap();
    assert!(orders.text().contains("AB00"));
    orders
}

fn tell(sandbox: &Sandbox, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let body = json!({ "order-status": "AB05", "orderData": { "orderid": number } });
        let path = "/control/order-update";
        assert_eq!(call(sandbox.address(), "POST", path, &[], &body.to_string()).status, 200);
    }
}

fn heard(orders: &mut Stream, count: usize) -> Vec<u64> {
    let number = |text: String| {
        let update: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(update["order-status"], "AB05");
        update["orderData"]["orderid"].as_u64().unwrap()
    };
    (0..count).map(|_| number(orders.text())).collect()
}

#[test]
fn updates_come_to_every_connection_in_their_order() {
    let sandbox = faulty(5, ALONE, &[]);
    let address = sandbox.address();
    let bearer = [("Authorization", format!("Bearer {}", login(&sandbox).jwt))];
    let mut all: Vec<Stream> =
        (0..2).map(|_| open(address, &address.order_stream_url, &bearer).ok().unwrap()).collect();
    for orders in &mut all {
        assert!(orders.text().contains("AB00"));
    }
    tell(&sandbox, 1..=3);
    for orders in &mut all {
        assert_eq!(heard(orders, 3), [1, 2, 3]);
    }
}

#[test]
fn a_lost_update_never_comes() {
    let sandbox = faulty(5, ALONE, &["lost-update@update2"]);
    let mut orders = listening(&sandbox);
    tell(&sandbox, 1..=3);
    assert_eq!(heard(&mut orders, 2), [1, 3]);
}

#[test]
fn a_duplicate_update_comes_twice() {
    let sandbox = faulty(5, ALONE, &["duplicate-update@update2"]);
    let mut orders = listening(&sandbox);
    tell(&sandbox, 1..=3);
    assert_eq!(heard(&mut orders, 4), [1, 2, 2, 3]);
}

#[test]
fn a_late_update_is_overtaken_by_those_that_are_not() {
    let sandbox = faulty(5, ALONE, &["late-update@update2:1s"]);
    let mut orders = listening(&sandbox);
    tell(&sandbox, 1..=4);
    assert_eq!(heard(&mut orders, 4), [1, 3, 4, 2]);
}

#[test]
fn what_is_no_object_is_no_update() {
    let sandbox = faulty(5, ALONE, &[]);
    for body in ["", "7", "[]", "{"] {
        let reply = call(sandbox.address(), "POST", "/control/order-update", &[], body);
        assert_eq!(reply.status, 400, "{body}");
        assert!(!reply.json()["error"].as_str().unwrap().is_empty());
    }
}
