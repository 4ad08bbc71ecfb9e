//! Faults of orders: each is there once or not at all, and the user knows which.

use std::net::Ipv4Addr;

use client::{Broker, BrokerError, Outcome, Placement, Resolution, Rules};
use engine::units::Money;
use engine::venue::{self, MarketAndIoc};
use sandbox::{Instrument, Options};
use smartapi::rest::{
    CancelOrder, Contract, Exchange, ModifyOrder, OrderRow, PlaceOrder, Pricing, Product, Side,
    Variety,
};

use crate::stage::{Case, Stage};

/// What is advised where nobody knows what became of an order.
const UNKNOWN: &str = "do not send it again: it may have been carried out; look in the order book first, \
                       by the order's tag or number";

/// The scenarios of this file.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_lost_answer_is_unknown_and_the_order_is_found_by_its_tag",
        faults: &["lost-answer@placeOrder"],
        says: "the connection to SERVER broke while placing an order: connection closed before message \
               completed",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "a_lost_request_is_unknown_and_the_order_is_not_there",
        faults: &["lost-request@placeOrder"],
        says: "the connection to SERVER broke while placing an order: connection closed before message \
               completed",
        hint: UNKNOWN,
        then: "five looks at the book do not show it; it is not sent again",
    },
    Case {
        name: "a_gateway_error_after_the_order_was_taken_is_unknown_and_it_is_found",
        faults: &["server-error@placeOrder:502,carried_out=true"],
        says: "the broker's servers are in trouble (HTTP 502) while placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "a_gateway_error_before_the_order_was_taken_is_unknown_and_it_is_not_there",
        faults: &["server-error@placeOrder:503"],
        says: "the broker's servers are in trouble (HTTP 503) while placing an order",
        hint: UNKNOWN,
        then: "five looks at the book do not show it; it is not sent again",
    },
    Case {
        name: "the_firewalls_page_after_an_order_is_unknown_and_it_is_found",
        faults: &["html-page@placeOrder:carried_out=true"],
        says: "the broker's firewall blocked the request (HTTP 200, \"Request Rejected\") while \
               placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "an_empty_answer_to_an_order_is_unknown_and_it_is_found",
        faults: &["empty-body@placeOrder:carried_out=true"],
        says: "the broker's reply was empty (HTTP 200) while placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "null_in_answer_to_an_order_is_unknown_and_it_is_found",
        faults: &["null-body@placeOrder:carried_out=true"],
        says: "the broker's reply was application/json of N bytes and not a JSON object (HTTP \
               200) while placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "half_an_answer_to_an_order_is_unknown_and_it_is_found",
        faults: &["truncated-body@placeOrder"],
        says: "the broker's reply was application/json of N bytes and not a JSON object (HTTP \
               200) while placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "a_broker_that_says_that_it_failed_may_have_taken_the_order",
        faults: &["failure@placeOrder:AB1004,carried_out=true"],
        says: "the broker refused: AB1004 the broker failed, or a date or token in the request \
               is wrong (\"the broker failed, or a date or token in the request is wrong\") \
               while placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "an_order_that_is_not_answered_in_time_is_unknown_and_it_is_found",
        faults: &["slow-answer@placeOrder:60s"],
        says: "SERVER did not answer within 7s while placing an order",
        hint: UNKNOWN,
        then: "the order is in the book once",
    },
    Case {
        name: "status_429_for_an_order_is_a_refusal",
        faults: &["rate-limit@placeOrder:http-429"],
        says: "the broker refused the call by its rate limit (HTTP 429)",
        hint: "wait a minute; other programs that use this account count too",
        then: "there is no order; the next one is taken",
    },
    Case {
        name: "the_brokers_rate_limit_in_plain_text_is_a_refusal_of_the_order",
        faults: &["rate-limit@placeOrder"],
        says: "the broker refused the call by its rate limit (HTTP 403)",
        hint: "wait a minute; other programs that use this account count too",
        then: "there is no order; the next one is taken",
    },
    Case {
        name: "a_session_that_is_over_refuses_the_order_which_is_not_sent_again",
        faults: &["gateway-failure@placeOrder:AG8002"],
        says: "the session is over: AG8002 the session token has expired (\"the session token \
               has expired\"); the request was not sent again, and the session is being renewed",
        hint: "send it again in a moment if it is still wanted; a read, such as that of the order \
               book, waits until the session is new",
        then: "the session is renewed, there is no order, and the next one is taken",
    },
    Case {
        name: "our_own_rate_limit_fails_at_once_with_the_time_to_wait",
        faults: &[],
        says: "the rate limit had no room while placing an order: nothing was sent, and N ms are \
               to be waited",
        hint: "send it after N ms if it is still wanted; placing, modifying and cancelling share \
               9 a second, 500 a minute and 1,000 an hour",
        then: "nothing was sent",
    },
    Case {
        name: "an_address_that_is_not_registered_is_said_with_where_to_register_it",
        faults: &[],
        says: "the broker refused: AG7002 the request does not come from the static IP address \
               registered for the API key (\"the request does not come from the static IP \
               registered for the API key\")",
        hint: "register the public IPv4 address that this machine is seen with for the API key \
               at smartapi.angelone.in; behind a router or a carrier it is not the machine's \
               own, and only orders need it; to see that address, open https://api.ipify.org \
               from this machine",
        then: "there is no order",
    },
    Case {
        name: "a_market_order_is_prohibited_before_it_leaves",
        faults: &[],
        says: "the order was MARKET, which Angel One prohibits to algorithms since 1 April 2026; \
               LIMIT and STOPLOSS_LIMIT for the DAY are allowed",
        hint: "send a LIMIT order for the DAY, at a price that the other side takes; if your \
               account may send these, set orders.allow_market = true (`Rules::allow_market`)",
        then: "nothing was sent",
    },
    Case {
        name: "a_market_order_that_the_broker_refuses_is_shown_with_its_words",
        faults: &[],
        says: "the broker refused: AB1007 the order system refused: wrong login, blocked user or \
               unknown order (\"MARKET orders are prohibited for algo trading\")",
        hint: "read what the broker says in quotes; at a login check CLIENT_ID and PASSWORD (the PIN) \
               before you try again, for repeated failures block the user; of an order check price, \
               symbol and rights",
        then: "there is no order",
    },
    Case {
        name: "too_little_money_rejects_the_order_with_the_amounts",
        faults: &[],
        says: "rejected: Your order has been rejected due to Insufficient Funds. Available funds \
               - Rs. 10.00 . You require Rs. 7125.00 funds to execute this order.",
        hint: "",
        then: "the order is in the book as rejected",
    },
    Case {
        name: "a_quantity_that_is_no_multiple_of_the_lot_is_rejected",
        faults: &[],
        says: "rejected: Order quantity 76 is not a multiple of the lot size 75",
        hint: "",
        then: "the order is in the book as rejected",
    },
    Case {
        name: "a_price_outside_the_circuit_is_refused_with_the_band",
        faults: &[],
        says: "the broker refused: AB1007 the order system refused: wrong login, blocked user or \
               unknown order (\"The price Rs. 1000.00 is out of the current LPP range Rs. 60.00 \
               - 140.00\")",
        hint: "read what the broker says in quotes; at a login check CLIENT_ID and PASSWORD (the PIN) \
               before you try again, for repeated failures block the user; of an order check price, \
               symbol and rights",
        then: "there is no order",
    },
    Case {
        name: "more_than_the_freeze_quantity_is_rejected",
        faults: &[],
        says: "rejected: Order quantity 1875 exceeds the freeze quantity 1800",
        hint: "",
        then: "the order is in the book as rejected",
    },
    Case {
        name: "a_lost_answer_to_a_cancellation_is_settled_by_the_book",
        faults: &["lost-answer@cancelOrder"],
        says: "the connection to SERVER broke while cancelling an order: connection closed before \
               message completed",
        hint: UNKNOWN,
        then: "the order has ended",
    },
    Case {
        name: "a_lost_answer_to_a_change_is_settled_by_the_book",
        faults: &["lost-answer@modifyOrder"],
        says: "the connection to SERVER broke while modifying an order: connection closed before \
               message completed",
        hint: UNKNOWN,
        then: "the order has its new price",
    },
    Case {
        name: "an_order_that_does_not_exist_cannot_be_cancelled",
        faults: &[],
        says: "the broker refused: AB1013 the order was not found (\"Order Not Found: \
               251001000000999\")",
        hint: "look the order up in the order book; its id may be wrong or of another day",
        then: "nothing was done",
    },
];

fn limit(price: &str) -> Pricing {
    Pricing::Limit { price: price.parse().expect("a price") }
}

fn contract<'a>(tradingsymbol: &'a str, symboltoken: &'a str) -> Contract<'a> {
    Contract { exchange: Exchange::Nfo, tradingsymbol, symboltoken }
}

fn order(quantity: i64, pricing: Pricing) -> PlaceOrder {
    let Instrument { symbol, token, .. } = Instrument::default();
    let option = contract(&symbol, &token);
    PlaceOrder::new(option, Side::Buy, quantity, Product::Intraday, pricing).expect("fits")
}

/// A lot at a limit; at 95 it rests below the market.
fn at(price: &str) -> PlaceOrder {
    order(75, limit(price))
}

fn book(stage: &Stage, broker: &Broker) -> Vec<OrderRow> {
    stage.wait(broker.order_book()).expect("the book")
}

/// The id of an order that rests.
fn accepted(stage: &Stage, broker: &Broker) -> String {
    let placement = stage.wait(broker.place(at("95"))).expect("was sent");
    let Placement::Accepted(receipt) = placement else { panic!("{placement:?}") };
    receipt.orderid
}

/// The tag of an order of which the user sees that it is unknown.
#[track_caller]
fn unknown(stage: &Stage, broker: &Broker) -> String {
    let placement = stage.wait(broker.place(at("95"))).expect("was sent");
    let Placement::Unknown { tag, because } = placement else { panic!("{placement:?}") };
    stage.sees(&because, because.hint());
    tag
}

#[track_caller]
fn is_found_once(stage: &Stage) {
    let broker = stage.broker();
    let tag = unknown(stage, &broker);
    let resolution = stage.wait(broker.resolve(&tag));
    let Resolution::Found(row) = resolution else { panic!("{resolution:?}") };
    assert_eq!((&row.ordertag, book(stage, &broker).len()), (&tag, 1), "once and not twice");
}

/// The broker says no to an order, and it is not in the book.
#[track_caller]
fn says_no(stage: &Stage, broker: &Broker, order: PlaceOrder) {
    let placement = stage.wait(broker.place(order)).expect("was sent");
    let Placement::Refused(refusal) = placement else { panic!("{placement:?}") };
    stage.sees(&refusal, &refusal.hint());
    assert!(book(stage, broker).is_empty());
}

#[track_caller]
fn is_not_there(stage: &Stage) {
    let broker = stage.broker();
    says_no(stage, &broker, at("95"));
    let orderid = accepted(stage, &broker);
    let book = book(stage, &broker);
    assert!(matches!(&*book, [row] if row.orderid == orderid), "{book:?}");
}

/// The order is taken, and stands in the book as rejected with a reason.
#[track_caller]
fn is_rejected(stage: &Stage, order: PlaceOrder) {
    let broker = stage.broker();
    let placement = stage.wait(broker.place(order)).expect("was sent");
    assert!(matches!(placement, Placement::Accepted(_)), "{placement:?}");
    let book = book(stage, &broker);
    let [row] = &*book else { panic!("{book:?}") };
    stage.sees(&format!("{}: {}", row.orderstatus, row.text), "");
    assert!(row.is_final() && row.filledshares == Some(0));
}

/// An account with so many paise.
fn poor(paise: i128) -> venue::Rules {
    venue::Rules { opening: Money(paise), ..venue::Rules::default() }
}

#[test]
fn a_lost_answer_is_unknown_and_the_order_is_found_by_its_tag() {
    is_found_once(&Stage::of("a_lost_answer_is_unknown_and_the_order_is_found_by_its_tag"));
}

#[test]
fn a_lost_request_is_unknown_and_the_order_is_not_there() {
    let stage = Stage::of("a_lost_request_is_unknown_and_the_order_is_not_there");
    let broker = stage.broker();
    let tag = unknown(&stage, &broker);
    let resolution = stage.wait(broker.resolve(&tag));
    let Resolution::NotThere { looks, row, .. } = resolution else { panic!("{resolution:?}") };
    assert!(looks >= 2 && row.is_none() && book(&stage, &broker).is_empty());
}

#[test]
fn a_gateway_error_after_the_order_was_taken_is_unknown_and_it_is_found() {
    is_found_once(&Stage::of(
        "a_gateway_error_after_the_order_was_taken_is_unknown_and_it_is_found",
    ));
}

#[test]
fn a_gateway_error_before_the_order_was_taken_is_unknown_and_it_is_not_there() {
    let stage =
        Stage::of("a_gateway_error_before_the_order_was_taken_is_unknown_and_it_is_not_there");
    let broker = stage.broker();
    let tag = unknown(&stage, &broker);
    let resolution = stage.wait(broker.resolve(&tag));
    let Resolution::NotThere { looks, row, .. } = resolution else { panic!("{resolution:?}") };
    assert!(looks >= 2 && row.is_none() && book(&stage, &broker).is_empty());
}

#[test]
fn the_firewalls_page_after_an_order_is_unknown_and_it_is_found() {
    is_found_once(&Stage::of("the_firewalls_page_after_an_order_is_unknown_and_it_is_found"));
}

#[test]
fn an_empty_answer_to_an_order_is_unknown_and_it_is_found() {
    is_found_once(&Stage::of("an_empty_answer_to_an_order_is_unknown_and_it_is_found"));
}

#[test]
fn null_in_answer_to_an_order_is_unknown_and_it_is_found() {
    is_found_once(&Stage::of("null_in_answer_to_an_order_is_unknown_and_it_is_found"));
}

#[test]
fn half_an_answer_to_an_order_is_unknown_and_it_is_found() {
    is_found_once(&Stage::of("half_an_answer_to_an_order_is_unknown_and_it_is_found"));
}

#[test]
fn a_broker_that_says_that_it_failed_may_have_taken_the_order() {
    is_found_once(&Stage::of("a_broker_that_says_that_it_failed_may_have_taken_the_order"));
}

#[test]
fn an_order_that_is_not_answered_in_time_is_unknown_and_it_is_found() {
    is_found_once(&Stage::of("an_order_that_is_not_answered_in_time_is_unknown_and_it_is_found"));
}

#[test]
fn status_429_for_an_order_is_a_refusal() {
    is_not_there(&Stage::of("status_429_for_an_order_is_a_refusal"));
}

#[test]
fn the_brokers_rate_limit_in_plain_text_is_a_refusal_of_the_order() {
    is_not_there(&Stage::of("the_brokers_rate_limit_in_plain_text_is_a_refusal_of_the_order"));
}

#[test]
fn a_session_that_is_over_refuses_the_order_which_is_not_sent_again() {
    let stage = Stage::of("a_session_that_is_over_refuses_the_order_which_is_not_sent_again");
    let broker = stage.broker();
    let old = broker.stream_auth().expect("tokens");
    says_no(&stage, &broker, at("95"));
    stage.wait(broker.renew(&old)).expect("renews, or waits for that");
    let orderid = accepted(&stage, &broker);
    let book = book(&stage, &broker);
    assert!(matches!(&*book, [row] if row.orderid == orderid), "{book:?}");
}

#[test]
fn our_own_rate_limit_fails_at_once_with_the_time_to_wait() {
    let stage = Stage::of("our_own_rate_limit_fails_at_once_with_the_time_to_wait");
    let broker = stage.broker();
    let error = (0..20).find_map(|_| stage.wait(broker.place(at("95"))).err());
    let error = error.expect("9 a second");
    stage.sees(&error, &error.hint());
    let BrokerError::Limited { wait, .. } = error else { panic!("{error}") };
    assert!(wait.as_millis() > 0 && book(&stage, &broker).len() <= 19);
}

#[test]
fn an_address_that_is_not_registered_is_said_with_where_to_register_it() {
    let stage = Stage::with(
        "an_address_that_is_not_registered_is_said_with_where_to_register_it",
        |options| Options { static_ip: Some(Ipv4Addr::new(127, 0, 0, 2)), ..options },
    );
    let broker = stage.broker();
    says_no(&stage, &broker, at("95"));
}

#[test]
fn a_market_order_is_prohibited_before_it_leaves() {
    let stage = Stage::of("a_market_order_is_prohibited_before_it_leaves");
    let broker = stage.broker();
    let error = stage.wait(broker.place(order(75, Pricing::Market))).expect_err("it never leaves");
    stage.sees(&error, &error.hint());
    assert!(book(&stage, &broker).is_empty());
}

#[test]
fn a_market_order_that_the_broker_refuses_is_shown_with_its_words() {
    let rules = venue::Rules { market_and_ioc: MarketAndIoc::Refuse, ..venue::Rules::default() };
    let stage =
        Stage::with("a_market_order_that_the_broker_refuses_is_shown_with_its_words", |options| {
            Options { rules, ..options }
        });
    let allowed = Rules { allow_market: true, keep_warm: None, ..Rules::default() };
    let broker = stage.connect_by(stage.servers(), allowed).expect("logs in");
    says_no(&stage, &broker, order(75, Pricing::Market));
}

#[test]
fn too_little_money_rejects_the_order_with_the_amounts() {
    let rules = poor(1_000);
    let stage = Stage::with("too_little_money_rejects_the_order_with_the_amounts", |options| {
        Options { rules, ..options }
    });
    is_rejected(&stage, at("95"));
}

#[test]
fn a_quantity_that_is_no_multiple_of_the_lot_is_rejected() {
    is_rejected(
        &Stage::of("a_quantity_that_is_no_multiple_of_the_lot_is_rejected"),
        order(76, limit("95")),
    );
}

#[test]
fn a_price_outside_the_circuit_is_refused_with_the_band() {
    let stage = Stage::of("a_price_outside_the_circuit_is_refused_with_the_band");
    let broker = stage.broker();
    says_no(&stage, &broker, at("1000"));
}

#[test]
fn more_than_the_freeze_quantity_is_rejected() {
    is_rejected(
        &Stage::of("more_than_the_freeze_quantity_is_rejected"),
        order(75 * 25, limit("95")),
    );
}

#[test]
fn a_lost_answer_to_a_cancellation_is_settled_by_the_book() {
    let stage = Stage::of("a_lost_answer_to_a_cancellation_is_settled_by_the_book");
    let broker = stage.broker();
    let orderid = accepted(&stage, &broker);
    let end = CancelOrder::new(Variety::Normal, &orderid).expect("fits");
    let Outcome::Unknown(because) = stage.wait(broker.cancel(&end)).expect("was sent") else {
        panic!("the answer is lost");
    };
    stage.sees(&because, because.hint());
    let shown = stage.wait(broker.resolve_cancel(&orderid));
    assert!(matches!(&shown, Resolution::Found(row) if row.is_final()), "{shown:?}");
}

#[test]
fn a_lost_answer_to_a_change_is_settled_by_the_book() {
    let stage = Stage::of("a_lost_answer_to_a_change_is_settled_by_the_book");
    let broker = stage.broker();
    let orderid = accepted(&stage, &broker);
    let Instrument { symbol, token, .. } = Instrument::default();
    let option = contract(&symbol, &token);
    let change = ModifyOrder::new(&orderid, option, 75, Product::Intraday, limit("96"));
    let change = change.expect("fits");
    let Outcome::Unknown(because) = stage.wait(broker.modify(&change)).expect("was sent") else {
        panic!("the answer is lost");
    };
    stage.sees(&because, because.hint());
    let shown = stage.wait(broker.resolve_change(&change));
    assert!(matches!(&shown, Resolution::Found(row) if row.price == change.price), "{shown:?}");
}

#[test]
fn an_order_that_does_not_exist_cannot_be_cancelled() {
    let stage = Stage::of("an_order_that_does_not_exist_cannot_be_cancelled");
    let none = CancelOrder::new(Variety::Normal, "251001000000999").expect("fits");
    let outcome = stage.wait(stage.broker().cancel(&none)).expect("was sent");
    let Outcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
    stage.sees(&refusal, &refusal.hint());
}
