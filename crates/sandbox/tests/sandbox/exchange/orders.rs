//! The life of an order: rested, modified, cancelled, filled in one or in parts, set off.

use engine::units::Paise;
use engine::venue::{MarketAndIoc, Rules};
use sandbox::Options;
use serde_json::{Value, json};
use smartapi::rest::{OrderReceipt, OrderRow, OrderStatus, OrderType, TradeRow, routes};
use smartapi::wire::Rows;

use super::{Day, limit, modified, with};
use crate::client::{NOON, totp};

fn told(row: &OrderRow) -> (OrderStatus, i64, i64, String) {
    let status = row.state().known().unwrap();
    assert_eq!(row.status, row.orderstatus);
    (status, row.filled(), row.unfilledshares.unwrap(), row.averageprice.to_string())
}

#[test]
fn an_order_rests_is_modified_and_is_cancelled() {
    let day = Day::of(&[10_000]);
    let order = with(&limit("BUY", "70.00"), json!({ "ordertag": "mine" }));
    let receipt = day.place(&order);
    assert_eq!(receipt.orderid, "251001000000001", "the day of the tape and nine digits");
    assert_eq!(
        (receipt.uniqueorderid.len(), receipt.script.as_deref()),
        (36, order["tradingsymbol"].as_str())
    );
    let row = day.row(&receipt.orderid);
    assert_eq!(told(&row), (OrderStatus::Open, 0, 75, "0".into()));
    assert_eq!((row.ordertag.as_str(), row.price.to_string()), ("mine", "70".into()));
    assert_eq!((row.strikeprice.to_string(), row.optiontype.as_str()), ("26000".into(), "CE"));

    let fields = json!({ "price": "72.5", "quantity": 150, "disclosedquantity": "30" });
    let change = modified(&order, &receipt, fields);
    let same: OrderReceipt = day.post(routes::MODIFY_ORDER, &change);
    assert_eq!(
        (same.orderid, same.uniqueorderid),
        (receipt.orderid.clone(), receipt.uniqueorderid.clone())
    );
    let row = day.row(&receipt.orderid);
    assert_eq!((row.price.to_string(), row.quantity), ("72.50".into(), Some(150)));
    assert_eq!(row.disclosedquantity, Some(30));
    for shown in ["-1", "151"] {
        let change = with(&change, json!({ "disclosedquantity": shown }));
        assert_eq!(day.refused(routes::MODIFY_ORDER, &change).0, "AB1007", "{shown}");
    }
    day.post::<OrderReceipt>(
        routes::MODIFY_ORDER,
        &modified(&order, &receipt, json!({ "quantity": 150 })),
    );
    assert_eq!(day.row(&receipt.orderid).disclosedquantity, Some(30), "what is left out stays");

    let cancel = json!({ "variety": "NORMAL", "orderid": receipt.orderid });
    day.post::<OrderReceipt>(routes::CANCEL_ORDER, &cancel);
    let row = day.row(&receipt.orderid);
    assert_eq!((row.state().known(), row.cancelsize), (Some(OrderStatus::Cancelled), Some(150)));
    assert_eq!(day.refused(routes::CANCEL_ORDER, &cancel).0, "AB1007");
}

#[test]
fn an_order_that_reaches_the_offers_trades_at_their_price() {
    let day = Day::of(&[10_000]);
    assert_eq!(day.get::<Value>(routes::ORDER_BOOK), Value::Null);
    assert_eq!(day.get::<Value>(routes::TRADE_BOOK), Value::Null);
    let receipt = day.place(&limit("BUY", "110.00"));
    let row = day.row(&receipt.orderid);
    let offer = row.averageprice;
    assert_eq!(told(&row), (OrderStatus::Complete, 75, 0, offer.to_string()));
    assert!(["100", "100.05"].contains(&offer.to_string().as_str()), "{offer}");
    let trades: Rows<TradeRow> = day.get(routes::TRADE_BOOK);
    assert_eq!(trades.0.len(), 1);
    let trade = &trades.0[0];
    assert_eq!((trade.fillprice, trade.fillsize, &trade.orderid), (offer, 75, &receipt.orderid));
    assert_eq!(
        (&trade.fillid, trade.filltime.unwrap().to_string()),
        (&row.fillid, "09:36:00".into())
    );
}

#[test]
fn an_order_fills_in_parts_as_the_tape_shows_more() {
    let mut day = Day::of(&[10_000; 40]);
    // More than the best offer of any row, at a price that reaches nothing else.
    let order = with(&limit("BUY", "100.00"), json!({ "quantity": "1800" }));
    let receipt = day.place(&order);
    let before = day.row(&receipt.orderid);
    assert_eq!(before.state().known(), Some(OrderStatus::Open), "there is no word for a part");
    assert!(before.filled() < 1_800);
    day.begin();
    day.pass(39);
    let after = day.row(&receipt.orderid);
    assert!(after.filled() > before.filled() && after.filled() % 75 == 0);
    assert_eq!(after.filled() + after.unfilledshares.unwrap(), 1_800);
}

#[test]
fn what_an_ioc_order_does_not_trade_at_once_is_cancelled() {
    let day = Day::of(&[10_000]);
    // The best offer is for less.
    let order = with(&limit("BUY", "100.00"), json!({ "quantity": "1800", "duration": "IOC" }));
    let row = day.row(&day.place(&order).orderid);
    assert_eq!(row.state().known(), Some(OrderStatus::Cancelled));
    let (filled, cancelled) = (row.filled(), row.cancelsize.unwrap());
    assert!(filled > 0 && cancelled > 0 && filled + cancelled == 1_800, "{filled} {cancelled}");
}

#[test]
fn a_market_order_shows_as_a_limit_order_or_is_refused() {
    let order = with(&limit("BUY", "0"), json!({ "ordertype": "MARKET" }));
    let day = Day::of(&[10_000]);
    let row = day.row(&day.place(&order).orderid);
    assert_eq!(row.ordertype.known(), Some(OrderType::Limit));
    assert_eq!(row.price.to_string(), "102.50", "2.5 % beyond the last price");
    assert_eq!(row.state().known(), Some(OrderStatus::Complete));

    let rules = Rules { market_and_ioc: MarketAndIoc::Refuse, ..Rules::default() };
    let strict = Day::with(&[10_000], |options| Options { rules, ..options });
    let ioc = with(&limit("BUY", "100"), json!({ "duration": "IOC" }));
    for order in [order, ioc] {
        let (code, message) = strict.refused(routes::PLACE_ORDER, &order);
        assert!(code == "AB1007" && message.contains("prohibited"), "{code} {message}");
    }
    assert!(strict.book().is_empty());
}

#[test]
fn a_stop_order_waits_for_its_trigger() {
    let mut day = Day::of(&[10_000, 10_000, 9_900, 9_800, 9_800]);
    day.place(&limit("BUY", "110.00"));
    let fields = json!({
        "variety": "STOPLOSS", "ordertype": "STOPLOSS_LIMIT", "triggerprice": "98.50",
    });
    let stop = day.place(&with(&limit("SELL", "90.00"), fields));
    let row = day.row(&stop.orderid);
    assert_eq!(row.state().known(), Some(OrderStatus::TriggerPending));
    day.begin();
    day.pass(2);
    assert_eq!(day.row(&stop.orderid).state().known(), Some(OrderStatus::Complete));
}

#[test]
fn only_a_deposit_lets_one_sell_short() {
    let sale = limit("SELL", "90.00");
    let day = Day::of(&[10_000]);
    let row = day.row(&day.place(&sale).orderid);
    assert_eq!(row.state().known(), Some(OrderStatus::Rejected));
    assert!(row.text.contains("No margin is known"), "{}", row.text);
    let deposit = Some(Paise(20_000));
    let day = Day::with(&[10_000], |options| Options { deposit, ..options });
    let row = day.row(&day.place(&sale).orderid);
    assert_eq!(row.state().known(), Some(OrderStatus::Complete), "{}", row.text);
}

#[test]
fn one_order_is_found_by_its_second_name_with_numbers_for_prices() {
    let day = Day::of(&[10_000]);
    let receipt = day.place(&limit("BUY", "70.35"));
    let path = routes::order_details(&receipt.uniqueorderid).unwrap();
    let raw: Value = day.get(&path);
    assert_eq!((raw["price"].as_f64(), raw["quantity"].as_str()), (Some(70.35), Some("75")));
    let row: OrderRow = day.get(&path);
    assert_eq!((row.orderid, row.uniqueorderid), (receipt.orderid.clone(), receipt.uniqueorderid));
    let other = routes::order_details(&receipt.orderid).unwrap();
    assert_eq!(day.reply("GET", &other, &Value::Null).json()["errorcode"], "AB1013");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let play = |seed: u64| {
        let rules = Rules { seed, ..Rules::default() };
        let mut day = Day::with(&[10_000, 10_010, 9_990, 10_000, 10_020, 10_020], |options| {
            Options { rules, ..options }
        });
        let mut orders = day.orders();
        day.place(&limit("BUY", "110.00"));
        day.begin();
        day.place(&with(&limit("BUY", "99.90"), json!({ "quantity": "750" })));
        day.pass(4);
        let sale = day.place(&limit("SELL", "90.00"));
        let mut heard = vec![orders.text()];
        while !(heard.last().unwrap().contains(&sale.orderid)
            && heard.last().unwrap().contains("AB05"))
        {
            heard.push(orders.text());
        }
        day.pass(1);
        for path in [routes::ORDER_BOOK, routes::TRADE_BOOK, routes::POSITIONS, routes::FUNDS] {
            heard.push(day.reply("GET", path, &Value::Null).body);
        }
        heard
    };
    assert_eq!(play(1), play(1));
    assert_ne!(play(1), play(2), "the second names of orders differ");
}

#[test]
fn numbers_are_read_where_the_broker_writes_text() {
    let day = Day::of(&[10_000]);
    let given = &day.sandbox.address().credentials;
    let code: u32 = totp(given, NOON).parse().unwrap();
    assert!(code >= 100_000, "a number has no leading zero");
    let who = json!({ "clientcode": given.client_id, "password": given.password, "totp": code });
    let tokens: Value = day.post(routes::LOGIN, &who);
    assert!(tokens["jwtToken"].is_string());
    let fields = json!({
        "symboltoken": 47338, "price": 70, "quantity": 75, "ordertag": 1234, "scripconsent": "",
    });
    let receipt = day.place(&with(&limit("BUY", "70.00"), fields));
    assert_eq!(day.row(&receipt.orderid).ordertag, "1234");
}
