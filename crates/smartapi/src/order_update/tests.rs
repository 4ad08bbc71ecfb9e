//! Tests of the order stream's messages: the documented ones, and everything else that arrives.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Message, OrderUpdate, UpdateCode, UpdateFault, read};
use crate::rest::{Exchange, OrderRow, OrderStatus, Side};
use crate::wire::{Open, Rupees, Word};

fn json_of(update: &OrderUpdate) -> Value {
    serde_json::to_value(update).expect("writes")
}

fn rejected() -> Value {
    json!({
        "user-id": "A1", "status-code": "200", "order-status": "AB00", "error-message": "",
        "orderData": {
            "variety": "NORMAL", "ordertype": "LIMIT", "ordertag": "10007712",
            "producttype": "DELIVERY", "price": 551, "triggerprice": 0, "quantity": "1",
            "disclosedquantity": "0", "duration": "DAY", "squareoff": 0, "stoploss": 0,
            "trailingstoploss": 0, "tradingsymbol": "SBIN-EQ", "transactiontype": "BUY",
            "exchange": "NSE", "symboltoken": "3045", "instrumenttype": "", "strikeprice": -1,
            "optiontype": "", "expirydate": "", "lotsize": "1", "cancelsize": "0",
            "averageprice": 0, "filledshares": "0", "unfilledshares": "1", "orderid": "1111111",
            "text": "Adapter is Logged Off", "status": "rejected", "orderstatus": "rejected",
            "updatetime": "25-Oct-2023 23:53:21", "exchtime": "", "exchorderupdatetime": "",
            "fillid": "", "filltime": "", "parentorderid": ""
        }
    })
}

#[test]
fn the_greeting_is_written_as_documented_and_known_again() {
    let greeting = OrderUpdate::greeting("A1");
    let written = json_of(&greeting);
    let mut documented = rejected();
    for (_, field) in documented["orderData"].as_object_mut().expect("an object") {
        *field = if field.is_number() { json!(0.0) } else { json!("") };
    }
    for field in ["quantity", "disclosedquantity", "lotsize", "cancelsize"] {
        documented["orderData"][field] = json!("0");
    }
    assert_eq!(written, documented);
    let user_id = "A1".to_owned();
    assert_eq!(read(written.to_string().as_bytes()), Message::Greeting { user_id });
}

#[test]
fn the_orders_own_state_is_trusted_more_than_the_code() {
    let Message::Update(update) = read(rejected().to_string().as_bytes()) else {
        panic!("a rejected order")
    };
    assert_eq!(update.code, Open::Known(UpdateCode::Connected));
    assert_eq!(update.state(), Open::Known(OrderStatus::Rejected));
    let order = &update.order;
    assert!(order.is_final() && order.unfilled() == 0 && order.filled() == 0);
    assert_eq!(order.price, Rupees::from_paise(55_100).expect("fits"));
    assert_eq!((order.strike(), order.quantity), (None, Some(1)));
    assert_eq!(order.exchange.known(), Some(Exchange::Nse));
    assert_eq!(order.transactiontype.known(), Some(Side::Buy));
    assert_eq!(order.text, "Adapter is Logged Off");
    let mut silent = rejected();
    silent["order-status"] = json!("AB05");
    for field in ["status", "orderstatus"] {
        silent["orderData"][field] = json!("");
    }
    let Message::Update(update) = read(silent.to_string().as_bytes()) else { panic!("an order") };
    assert_eq!(update.state(), Open::Known(OrderStatus::Complete));
}

#[test]
fn every_state_has_its_code() {
    let row = |status| OrderRow {
        orderid: "1".into(),
        orderstatus: Open::Known(status),
        uniqueorderid: "u".into(),
        ..OrderRow::default()
    };
    for &status in OrderStatus::ALL {
        let update = OrderUpdate::new("A1", row(status));
        let code = update.code.known().expect("ours");
        let first_steps = [OrderStatus::Received, OrderStatus::ValidationPending];
        assert_eq!(code.status().is_none(), first_steps.contains(&status), "{status}");
        assert_eq!(code.status().unwrap_or(status), status);
        assert!(json_of(&update)["orderData"].get("uniqueorderid").is_none());
    }
    assert_eq!(UpdateCode::Connected.status(), None);
}

#[test]
fn what_is_no_message_is_told_apart() {
    for heartbeat in [&b""[..], b"\0", b"x", b"pong", b"ping"] {
        assert_eq!(read(heartbeat), Message::Heartbeat, "{heartbeat:?}");
    }
    for noise in [&b"\0\0"[..], b"hello", b"[1,2]", b"null", b"\xff\xfe\xfd"] {
        assert_eq!(read(noise), Message::Noise { length: noise.len() }, "{noise:?}");
    }
}

fn fault(message: &Value) -> UpdateFault {
    match read(message.to_string().as_bytes()) {
        Message::Error(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_that_cannot_be_read_is_an_error_with_its_field() {
    let mut broken = rejected();
    broken["orderData"]["filledshares"] = json!("many");
    assert_eq!(
        fault(&broken).to_string(),
        "a message of the order stream has another form than documented: \
         orderData.filledshares: the data is not a whole number"
    );
    assert_eq!(
        fault(&json!({ "x": 1 })),
        UpdateFault::Form { what: "missing field `orderData`".into() }
    );
    let mut nameless = rejected();
    nameless["orderData"]["orderid"] = json!("");
    assert!(matches!(fault(&nameless), UpdateFault::Form { .. }));
    let refused = json!({
        "user-id": "A1", "status-code": 401, "order-status": "", "orderData": null,
        "error-message": "Invalid token eyJhbGciOiJIUzUxMiJ9.eyJ1c2VybmFtZSI6IkExIn0",
    });
    let refused = fault(&refused);
    assert_eq!(
        refused.to_string(),
        "the order stream sent status 401, 200 is right: \"Invalid token …\""
    );
    assert!(!refused.hint().is_empty() && !fault(&broken).hint().is_empty());
    assert!(matches!(read(b"{\"cut\":"), Message::Error(UpdateFault::Form { .. })));
}

proptest! {
    #[test]
    fn an_update_is_read_as_it_was_written(user_id: String, row: OrderRow) {
        prop_assume!(!row.orderid.is_empty());
        let update = OrderUpdate::new(&user_id, row);
        let text = serde_json::to_vec(&update).expect("writes");
        prop_assert_eq!(read(&text), Message::Update(Box::new(update)));
    }

    #[test]
    fn any_message_is_read_back_field_by_field(update: OrderUpdate) {
        let text = serde_json::to_string(&update).expect("writes");
        prop_assert_eq!(serde_json::from_str::<OrderUpdate>(&text).expect(&text), update);
    }

    #[test]
    fn any_bytes_are_something(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let _ = read(&[b"{", bytes.as_slice()].concat());
    }

    #[test]
    fn a_damaged_message_is_something(at in 0_usize..900, byte: u8, cut: bool) {
        let mut text = rejected().to_string().into_bytes();
        let at = at % text.len();
        if cut { text.truncate(at) } else { text[at] = byte }
        let _ = read(&text);
    }
}
