//! One connection of the order stream: the greeting and the heartbeat.

use std::sync::Arc;

use serde_json::{Value, json};
use smartapi::stream::request::{PING, PONG};
use tungstenite::Message;

use super::line::{Ended, Line};
use crate::twin::Twin;

/// Serves `line` until either side ends it.
pub(crate) fn serve(mut line: Line, twin: &Arc<Twin>) {
    let greeting = greeting(&twin.credentials.client_id).to_string();
    let _ = line.queue(Message::text(greeting));
    while turn(&mut line).is_ok() {}
}

fn turn(line: &mut Line) -> Result<(), Ended> {
    while let Some(message) = line.receive()? {
        if matches!(&message, Message::Text(text) if text.as_str() == PING) {
            line.queue(Message::text(PONG))?;
        }
    }
    line.flush()?;
    line.wait(None)
}

/// The first frame: AB00 with every key of an order, and nothing in them.
fn greeting(client_id: &str) -> Value {
    const NUMBERS: [&str; 7] = [
        "price",
        "triggerprice",
        "squareoff",
        "stoploss",
        "trailingstoploss",
        "strikeprice",
        "averageprice",
    ];
    const TEXTS: [&str; 28] = [
        "variety",
        "ordertype",
        "ordertag",
        "producttype",
        "duration",
        "quantity",
        "disclosedquantity",
        "tradingsymbol",
        "transactiontype",
        "exchange",
        "symboltoken",
        "instrumenttype",
        "optiontype",
        "expirydate",
        "lotsize",
        "cancelsize",
        "filledshares",
        "unfilledshares",
        "orderid",
        "text",
        "status",
        "orderstatus",
        "updatetime",
        "exchtime",
        "exchorderupdatetime",
        "fillid",
        "filltime",
        "parentorderid",
    ];
    let numbers = NUMBERS.into_iter().map(|key| (key.to_owned(), json!(0.0)));
    let texts = TEXTS.into_iter().map(|key| (key.to_owned(), json!("")));
    json!({
        "user-id": client_id,
        "status-code": "200",
        "order-status": "AB00",
        "error-message": "",
        "orderData": Value::Object(numbers.chain(texts).collect()),
    })
}
