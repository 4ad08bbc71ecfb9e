//! What the order stream tells of an order, step by step.

use serde_json::{Value, json};
use smartapi::rest::{OrderReceipt, OrderStatus, routes};

use super::{Day, codes, limit, modified, update, with};
use crate::client::open;

#[test]
fn a_resting_order_tells_each_step_of_its_life() {
    let day = Day::of(&[10_000]);
    let mut orders = day.orders();
    let order = limit("BUY", "70.00");
    let receipt = day.place(&order);
    assert_eq!(codes(&mut orders, 2), ["AB09", "AB01"]);
    day.post::<OrderReceipt>(
        routes::MODIFY_ORDER,
        &modified(&order, &receipt, json!({ "price": "71.00" })),
    );
    assert_eq!(codes(&mut orders, 3), ["AB11", "AB04", "AB01"]);
    let cancel = json!({ "variety": "NORMAL", "orderid": receipt.orderid });
    day.post::<OrderReceipt>(routes::CANCEL_ORDER, &cancel);
    assert_eq!(codes(&mut orders, 1), ["AB02"]);
}

#[test]
fn an_order_placed_right_after_the_handshake_is_told() {
    let day = Day::of(&[10_000]);
    let address = day.sandbox.address();
    let bearer = [("Authorization", format!("Bearer {}", day.jwt))];
    for _ in 0..40 {
        day.pass(1);
        // The place of the connection before is free once its thread has seen it go.
        let opened = || open(address, &address.order_stream_url, &bearer);
        let mut attempts = std::iter::repeat_with(opened).take(100_000);
        let mut orders = attempts.find_map(Result::ok).expect("a free place");
        let receipt = day.place(&limit("BUY", "70.00"));
        assert!(orders.text().contains("AB00"));
        let first = update(&mut orders);
        assert_eq!((first.code.to_string(), first.order.orderid), ("AB09".into(), receipt.orderid));
    }
}

#[test]
fn an_order_that_trades_ends_complete_on_every_connection() {
    let day = Day::of(&[10_000]);
    let mut all = [day.orders(), day.orders()];
    let receipt = day.place(&limit("BUY", "110.00"));
    for orders in &mut all {
        assert_eq!(codes(orders, 2), ["AB09", "AB01"]);
        let last = update(orders);
        assert_eq!((last.user_id.as_str(), last.status_code.as_str()), ("S1", "200"));
        assert_eq!(last.state().known(), Some(OrderStatus::Complete));
        assert_eq!((&last.order.orderid, last.order.filled()), (&receipt.orderid, 75));
    }
}

#[test]
fn prices_are_numbers_quantities_text_and_there_is_no_second_name() {
    let day = Day::of(&[10_000]);
    let mut orders = day.orders();
    day.place(&limit("BUY", "70.35"));
    let raw: Value = serde_json::from_str(&orders.text()).unwrap();
    let data = &raw["orderData"];
    assert_eq!(
        (data["price"].as_f64(), data["strikeprice"].as_f64()),
        (Some(70.35), Some(26_000.0))
    );
    assert_eq!((data["quantity"].as_str(), data["filledshares"].as_str()), (Some("75"), Some("0")));
    assert!(data.get("uniqueorderid").is_none() && data.get("exchangeorderid").is_none());
}

#[test]
fn a_rejected_order_says_why() {
    let day = Day::of(&[10_000]);
    let mut orders = day.orders();
    day.place(&with(&limit("BUY", "70.00"), json!({ "quantity": "74" })));
    let last = update(&mut orders);
    assert_eq!(last.code.to_string(), "AB03");
    assert!(last.order.text.contains("lot size 75"), "{}", last.order.text);
}

#[test]
fn a_stop_order_is_set_off_without_being_asked_for() {
    let mut day = Day::of(&[10_000, 10_000, 10_300, 10_300]);
    let mut orders = day.orders();
    let fields = json!({
        "variety": "STOPLOSS", "ordertype": "STOPLOSS_LIMIT", "triggerprice": "102.00",
    });
    day.place(&with(&limit("BUY", "110.00"), fields));
    assert_eq!(codes(&mut orders, 2), ["AB09", "AB10"]);
    day.begin();
    day.pass(2);
    assert_eq!(codes(&mut orders, 2), ["AB01", "AB05"]);
}

#[test]
fn a_part_that_trades_is_told_as_open() {
    let mut day = Day::of(&[10_000, 10_000, 9_000, 9_000]);
    let mut orders = day.orders();
    // The best offer at that price is for less.
    day.place(&with(&limit("BUY", "90.00"), json!({ "quantity": "1800" })));
    assert_eq!(codes(&mut orders, 2), ["AB09", "AB01"]);
    day.begin();
    day.pass(2);
    let part = update(&mut orders);
    assert_eq!(part.state().known(), Some(OrderStatus::Open));
    assert!((75..1_800).contains(&part.order.filled()), "{}", part.order.filled());
}
