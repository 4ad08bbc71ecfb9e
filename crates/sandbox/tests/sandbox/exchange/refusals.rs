//! What is refused at once, by code; the limits of orders; the registered address; lost answers.

use std::net::Ipv4Addr;

use sandbox::{Options, Scenario};
use serde_json::{Value, json};
use smartapi::rest::routes;

use super::{Day, limit, with};
use crate::client::secured;

#[test]
fn an_order_that_the_broker_does_not_take_gets_no_number() {
    let day = Day::of(&[10_000]);
    let order = limit("BUY", "70.00");
    for (fields, code) in [
        (json!({ "ordertag": "x".repeat(20) }), "AB4008"),
        (json!({ "variety": "ROBO", "producttype": "BO" }), "AB2002"),
        (json!({ "variety": "STOPLOSS" }), "AB1008"),
        (json!({ "variety": "AMO" }), "AB1008"),
        (json!({ "producttype": "DELIVERY" }), "AB1012"),
        (json!({ "producttype": "CNC" }), "AB1012"),
        (json!({ "symboltoken": "1" }), "AB1009"),
        (json!({ "tradingsymbol": "NIFTY28NOV2526000PE" }), "AB1009"),
        (json!({ "exchange": "NSE" }), "AB1009"),
        (json!({ "quantity": "0" }), "AB1007"),
        (json!({ "disclosedquantity": "-999" }), "AB1007"),
        (json!({ "disclosedquantity": "76" }), "AB1007"),
        (json!({ "triggerprice": "-1" }), "AB1007"),
        (json!({ "price": "0" }), "AB1007"),
        (json!({ "price": "70.005" }), "AB1007"),
        (json!({ "price": "1000" }), "AB1007"),
        (json!({ "price": "seventy" }), "AB1004"),
        (json!({ "transactiontype": null }), "AB1004"),
    ] {
        day.pass(1);
        let (told, message) = day.refused(routes::PLACE_ORDER, &with(&order, fields.clone()));
        assert_eq!(told, code, "{fields}: {message}");
        assert!(!message.is_empty());
    }
    assert!(day.book().is_empty());
}

#[test]
fn a_figure_that_is_too_large_is_told_the_range() {
    let day = Day::of(&[10_000]);
    let order = limit("BUY", "70.00");
    let huge = with(&order, json!({ "quantity": "9000000000000000000" }));
    let (code, message) = day.refused(routes::PLACE_ORDER, &huge);
    assert_eq!(code, "AB1007");
    assert_eq!(message, "Invalid quantity 9000000000000000000: must be from 1 to 1000000000");
}

#[test]
fn an_order_that_is_not_there_is_neither_modified_nor_cancelled() {
    let day = Day::of(&[10_000]);
    let receipt = day.place(&limit("BUY", "70.00"));
    for (id, variety, code) in [
        ("251001000000099", "NORMAL", "AB1013"),
        (receipt.uniqueorderid.as_str(), "NORMAL", "AB1013"),
        (&receipt.orderid, "STOPLOSS", "AB1008"),
    ] {
        let cancel = json!({ "variety": variety, "orderid": id });
        assert_eq!(day.refused(routes::CANCEL_ORDER, &cancel).0, code, "{id}");
        if variety == "NORMAL" {
            let change = with(&limit("BUY", "71.00"), json!({ "orderid": id }));
            assert_eq!(day.refused(routes::MODIFY_ORDER, &change).0, code, "{id}");
        }
    }
}

#[test]
fn placing_modifying_and_cancelling_share_nine_calls_a_second() {
    let day = Day::of(&[10_000]);
    let order = limit("BUY", "70.00");
    let receipt = day.place(&order);
    let change = with(&order, json!({ "orderid": receipt.orderid, "price": "71.00" }));
    let cancel = json!({ "variety": "NORMAL", "orderid": receipt.orderid });
    for call in 1..9 {
        let reply = day.reply("POST", routes::MODIFY_ORDER, &change);
        assert_eq!(reply.status, 200, "{call}");
    }
    for path in [routes::CANCEL_ORDER, routes::PLACE_ORDER, routes::MODIFY_ORDER] {
        let reply = day.reply("POST", path, &cancel);
        assert_eq!((reply.status, reply.body.contains("exceeding access rate")), (403, true));
        assert!(reply.head.contains("text/plain"));
    }
    day.pass(1);
    assert_eq!(day.reply("POST", routes::CANCEL_ORDER, &cancel).json()["status"], true);
}

#[test]
fn orders_come_from_the_registered_address_alone() {
    let registered = |address| {
        let static_ip = Some(address);
        Day::with(&[10_000], |options| Options { static_ip, ..options })
    };
    let elsewhere = registered(Ipv4Addr::new(127, 0, 0, 2));
    for path in [routes::PLACE_ORDER, routes::MODIFY_ORDER, routes::CANCEL_ORDER] {
        let told = elsewhere.reply("POST", path, &limit("BUY", "70.00")).json();
        assert_eq!((&told["errorCode"], &told["success"]), (&json!("AG7002"), &json!(false)));
        assert!(told.get("status").is_none());
    }
    assert!(elsewhere.book().is_empty(), "reading is free to everybody");
    let here = registered(Ipv4Addr::LOCALHOST);
    here.place(&limit("BUY", "70.00"));
    assert_eq!(here.book().len(), 1);
}

#[test]
fn an_order_whose_answer_is_lost_is_in_the_book_all_the_same() {
    let scenario = Scenario::default().with("lost-answer@placeOrder#2".parse().unwrap());
    let day = Day::with(&[10_000], |options| Options { scenario, ..options });
    let mut orders = day.orders();
    let place = || {
        let order = limit("BUY", "70.00").to_string();
        secured(day.sandbox.address(), "POST", routes::PLACE_ORDER, &day.jwt, &order)
    };
    assert!(place().is_some());
    assert!(place().is_none(), "the connection ends without an answer");
    assert_eq!(super::codes(&mut orders, 4), ["AB09", "AB01", "AB09", "AB01"]);
    assert_eq!(day.book().len(), 2);
}

#[test]
fn a_request_that_is_lost_places_nothing() {
    let scenario = Scenario::default().with("lost-request@placeOrder".parse().unwrap());
    let day = Day::with(&[10_000], |options| Options { scenario, ..options });
    let order = limit("BUY", "70.00").to_string();
    let answer = secured(day.sandbox.address(), "POST", routes::PLACE_ORDER, &day.jwt, &order);
    assert!(answer.is_none());
    assert_eq!(day.get::<Value>(routes::ORDER_BOOK), Value::Null);
}
