//! The exchange behind the account, by REST and by the order stream.

mod calculators;
mod edis;
mod extremes;
mod history;
mod hours;
mod lists;
mod orders;
mod portfolio;
mod quotes;
mod refusals;
mod rules;
mod table;
mod updates;

use std::sync::Arc;
use std::time::Duration;

use sandbox::{Credentials, Options, Pacing, Row, Sandbox, Tape};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use smartapi::order_update::{Message, OrderUpdate, read};
use smartapi::rest::{OrderReceipt, OrderRow, parse_reply, routes};
use smartapi::wire::Rows;

use crate::client::{Reply, Stream, login, market, open, plain, secured};

/// 2025-10-01 09:36:00 IST, a Wednesday.
const MORNING_MS: i64 = 1_759_291_560_000;

/// A day on which the test lets time pass, with somebody logged in.
struct Day {
    sandbox: Sandbox,
    clock: Arc<quanta::Mock>,
    jwt: String,
    /// What lets the tape play.
    stream: Option<Stream>,
}

/// A row each second at these prices in paise.
fn tape(prices: &[i64]) -> Tape {
    let row = |(second, &price_paise): (i64, &i64)| Row {
        exchange_ts_ms: MORNING_MS + second * 1000,
        price_paise,
        qty: 75,
    };
    Tape::new((0..).zip(prices).map(row).collect(), 0)
}

/// Always the same credentials.
fn credentials() -> Credentials {
    Credentials {
        api_key: "KEY".into(),
        client_id: "S1".into(),
        password: "0042".into(),
        totp_secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into(),
    }
}

impl Day {
    /// A row each second at these prices in paise; the first one stands until [`Day::begin`].
    fn of(prices: &[i64]) -> Self {
        Self::with(prices, |options| options)
    }

    fn with(prices: &[i64], set: impl FnOnce(Options) -> Options) -> Self {
        let (clock, mock) = quanta::Clock::mock();
        mock.increment(Duration::from_secs(10));
        let options = Options {
            tape: tape(prices),
            clock,
            credentials: Some(credentials()),
            ..plain(1, Pacing::FixedRate { per_second: 1 })
        };
        let sandbox = Sandbox::start(set(options)).unwrap();
        let jwt = login(&sandbox).jwt;
        mock.increment(Duration::from_secs(1));
        Self { sandbox, clock: mock, jwt, stream: None }
    }

    /// Lets the tape play.
    fn begin(&mut self) {
        let tokens = login(&self.sandbox);
        let mut stream = market(&self.sandbox, &tokens).ok().unwrap();
        stream.subscribe(3);
        assert_eq!(stream.packet().sequence, 1);
        self.stream = Some(stream);
    }

    fn pass(&self, seconds: u64) {
        self.clock.increment(Duration::from_secs(seconds));
    }

    fn reply(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        secured(self.sandbox.address(), method, path, &self.jwt, &body).expect("an answer")
    }

    /// The data of a call that succeeds.
    #[track_caller]
    fn ask<T: DeserializeOwned>(&self, method: &str, path: &str, body: &Value) -> T {
        let Reply { status, body, .. } = self.reply(method, path, body);
        let parsed = parse_reply(status, Some("application/json"), body.as_bytes());
        parsed.unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }

    #[track_caller]
    fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> T {
        self.ask("POST", path, body)
    }

    /// As the official SDKs read: the JavaScript one with a body.
    #[track_caller]
    fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        self.ask("GET", path, &json!({}))
    }

    /// The code of a call that is refused in the usual envelope, and its message.
    #[track_caller]
    fn refused(&self, path: &str, body: &Value) -> (String, String) {
        let reply = self.reply("POST", path, body);
        let told = reply.json();
        assert_eq!((reply.status, told["status"].as_bool()), (200, Some(false)), "{told}");
        assert!(told["data"].is_null());
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        (text("errorcode"), text("message"))
    }

    #[track_caller]
    fn place(&self, order: &Value) -> OrderReceipt {
        self.post(routes::PLACE_ORDER, order)
    }

    /// The order book a second later, for it may be read once a second.
    #[track_caller]
    fn book(&self) -> Vec<OrderRow> {
        self.pass(1);
        self.get::<Rows<OrderRow>>(routes::ORDER_BOOK).0
    }

    /// One order a second later.
    #[track_caller]
    fn row(&self, orderid: &str) -> OrderRow {
        self.book().into_iter().find(|row| row.orderid == orderid).expect("in the book")
    }

    /// A connection of the order stream that was greeted.
    fn orders(&self) -> Stream {
        let address = self.sandbox.address();
        let bearer = [("Authorization", format!("Bearer {}", self.jwt))];
        let mut stream = open(address, &address.order_stream_url, &bearer).ok().unwrap();
        assert!(stream.text().contains("AB00"));
        stream
    }
}

/// A limit order for a lot at a price in rupees.
fn limit(side: &str, price: &str) -> Value {
    json!({
        "variety": "NORMAL", "tradingsymbol": "NIFTY28NOV2526000CE", "symboltoken": "47338",
        "transactiontype": side, "exchange": "NFO", "ordertype": "LIMIT",
        "producttype": "INTRADAY", "duration": "DAY", "price": price, "squareoff": "0",
        "stoploss": "0", "quantity": "75",
    })
}

/// The order with other fields.
fn with(order: &Value, fields: Value) -> Value {
    let (Value::Object(mut order), Value::Object(fields)) = (order.clone(), fields) else {
        panic!("two objects")
    };
    order.extend::<Map<_, _>>(fields);
    Value::Object(order)
}

fn modified(order: &Value, receipt: &OrderReceipt, fields: Value) -> Value {
    with(&with(order, json!({ "orderid": receipt.orderid })), fields)
}

/// The next update, which must be one.
fn update(orders: &mut Stream) -> OrderUpdate {
    match read(orders.text().as_bytes()) {
        Message::Update(update) => *update,
        other => panic!("{other:?}"),
    }
}

/// The codes of the next updates.
fn codes(orders: &mut Stream, count: usize) -> Vec<String> {
    (0..count).map(|_| update(orders).code.to_string()).collect()
}
