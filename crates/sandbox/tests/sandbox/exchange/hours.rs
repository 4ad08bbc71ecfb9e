//! Orders out of hours, where the exchange keeps the date's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sandbox::{Instrument, MarketHours, Options};
use serde_json::json;
use smartapi::packet::ExchangeType;
use smartapi::rest::{OrderReceipt, OrderStatus, routes};

use super::{Day, codes, limit, modified, update, with};
use crate::client::NOON;

const HOUR: i64 = 3600;

/// A day by the date's time, which begins at noon of a Thursday.
fn by_the_wall() -> (Day, Arc<AtomicI64>) {
    by_the_wall_with(Instrument::default())
}

fn by_the_wall_with(instrument: Instrument) -> (Day, Arc<AtomicI64>) {
    let date = Arc::new(AtomicI64::new(NOON));
    let read = Arc::clone(&date);
    let day = Day::with(&[10_000; 10], |options| Options {
        instrument,
        market_hours: MarketHours::Wall,
        wall: Arc::new(move || read.load(Ordering::SeqCst)),
        ..options
    });
    (day, date)
}

#[test]
fn in_the_session_orders_trade_and_carry_the_date() {
    let (day, _) = by_the_wall();
    let receipt = day.place(&limit("BUY", "110.00"));
    assert_eq!(receipt.orderid, "251120000000001");
    assert_eq!(day.row(&receipt.orderid).state().known(), Some(OrderStatus::Complete));
}

#[test]
fn after_hours_an_order_waits_for_the_next_session() {
    let (day, date) = by_the_wall();
    date.store(NOON + 8 * HOUR, Ordering::SeqCst);
    let mut orders = day.orders();
    let order = limit("BUY", "110.00");
    let receipt = day.place(&order);
    assert_eq!(codes(&mut orders, 1), ["AB06"]);
    let change = modified(&order, &receipt, json!({ "price": "109.00" }));
    day.post::<OrderReceipt>(routes::MODIFY_ORDER, &change);
    assert_eq!(codes(&mut orders, 1), ["AB08"]);
    // Nobody calls: the exchange itself looks at the date. The session's first quote is already there.
    date.store(NOON + 22 * HOUR, Ordering::SeqCst);
    assert_eq!(codes(&mut orders, 2), ["AB09", "AB01"]);
}

#[test]
fn an_order_that_waits_can_be_cancelled() {
    let (day, date) = by_the_wall();
    date.store(NOON + 8 * HOUR, Ordering::SeqCst);
    let mut orders = day.orders();
    let receipt = day.place(&limit("BUY", "70.00"));
    let cancel = json!({ "variety": "NORMAL", "orderid": receipt.orderid });
    day.post::<OrderReceipt>(routes::CANCEL_ORDER, &cancel);
    assert_eq!(codes(&mut orders, 2), ["AB06", "AB07"]);
}

#[test]
fn between_the_session_and_those_hours_an_order_is_rejected() {
    let (day, date) = by_the_wall();
    date.store(NOON + 4 * HOUR - 600, Ordering::SeqCst);
    let mut orders = day.orders();
    day.place(&limit("BUY", "70.00"));
    assert_eq!(update(&mut orders).order.text, "Adapter is Logged Off");
}

#[test]
fn a_commodity_trades_in_the_evening_in_its_own_lots_and_steps() {
    let (token, symbol) = ("430268".to_owned(), "CRUDEOIL17DEC255300CE".to_owned());
    let (exchange_type, lot_size, tick_paise) = (ExchangeType::MCX_FO, 100, 10);
    let instrument = Instrument { exchange_type, token, symbol, lot_size, tick_paise };
    let named = json!({
        "exchange": "MCX", "symboltoken": "430268", "tradingsymbol": "CRUDEOIL17DEC255300CE",
        "quantity": "100",
    });
    let (day, date) = by_the_wall_with(instrument);
    date.store(NOON + 8 * HOUR, Ordering::SeqCst);
    let receipt = day.place(&with(&limit("BUY", "110.00"), named));
    let row = day.row(&receipt.orderid);
    assert_eq!(row.state().known(), Some(OrderStatus::Complete));
    assert_eq!((row.instrumenttype.as_str(), row.lotsize), ("OPTFUT", Some(100)));
    assert!(["100", "100.1"].contains(&row.averageprice.to_string().as_str()), "{row:?}");
}
