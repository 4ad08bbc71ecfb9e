//! Whatever figures a stranger sends, every route answers an object and the sandbox goes on.

use engine::units::{Money, Paise};
use engine::venue::Rules;
use sandbox::Options;
use serde_json::{Value, json};
use smartapi::rest::routes::{self, Method, ROUTES};

use super::{Day, limit, with};
use crate::client::call;

/// Written as JSON numbers and as text.
const FIGURES: [&str; 12] = [
    "0",
    "-1",
    "0.004",
    "-100.5",
    "900000000000000",
    "9000000000000000000",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "92233720368547758.07",
    "1e308",
    "-1e308",
];

/// Fields that say what is meant, and not how much of it.
const NAMES: [&str; 8] =
    ["symboltoken", "token", "orderid", "id", "uniqueorderid", "totp", "password", "ReqId"];

/// Somebody with money, a position, an order that rests and a rule that waits.
fn day() -> (Day, String, String) {
    let rules = Rules { opening: Money(i128::from(i64::MAX)), ..Rules::default() };
    let deposit = Some(Paise(20_000));
    let day = Day::with(&[10_000], |options| Options { rules, deposit, ..options });
    day.place(&limit("BUY", "110.00"));
    let resting = day.place(&limit("BUY", "70.00")).orderid;
    let rule: Value = day.post(routes::GTT_CREATE, &rule());
    (day, resting, rule["id"].as_str().unwrap().to_owned())
}

fn rule() -> Value {
    json!({
        "tradingsymbol": "NIFTY28NOV2526000CE", "symboltoken": "47338", "exchange": "NFO",
        "transactiontype": "SELL", "producttype": "CARRYFORWARD", "price": "120", "qty": "75",
        "triggerprice": "119", "disclosedqty": "0", "timeperiod": "10", "gttType": "OCO",
        "stoplossprice": "80", "stoplosstriggerprice": "81",
    })
}

/// A body for each route that reads one, with every figure that it knows.
fn bodies(orderid: &str, rule_id: &str) -> Vec<(&'static str, Value)> {
    let prices = json!({
        "triggerprice": "75.00", "disclosedquantity": "0", "trailingStopLoss": "0",
        "squareoff": "1", "stoploss": "76.00",
    });
    let order = with(&limit("BUY", "70.00"), prices);
    let of_type = |ordertype: &str, variety: &str| {
        with(&order, json!({ "ordertype": ordertype, "variety": variety }))
    };
    let mut bodies = vec![
        (routes::PLACE_ORDER, of_type("LIMIT", "NORMAL")),
        (routes::PLACE_ORDER, of_type("MARKET", "NORMAL")),
        (routes::PLACE_ORDER, of_type("STOPLOSS_LIMIT", "STOPLOSS")),
        (routes::PLACE_ORDER, of_type("STOPLOSS_MARKET", "STOPLOSS")),
        (routes::MODIFY_ORDER, with(&order, json!({ "orderid": orderid }))),
        (routes::CANCEL_ORDER, json!({ "variety": "STOPLOSS", "orderid": orderid })),
        (routes::GTT_CREATE, rule()),
        (routes::GTT_MODIFY, with(&rule(), json!({ "id": rule_id }))),
        (routes::GTT_CANCEL, json!({ "id": "1", "symboltoken": "47338", "exchange": "NFO" })),
        (routes::GTT_DETAILS, json!({ "id": rule_id })),
        (routes::GTT_LIST, json!({ "status": ["FORALL"], "page": 1, "count": 10 })),
        (routes::EDIS_VERIFY, json!({ "isin": "INE528G01035", "quantity": 1 })),
        (routes::EDIS_TPIN, json!({ "dpId": "33200", "ReqId": "1", "boid": "1", "pan": "X" })),
        (routes::EDIS_STATUS, json!({ "ReqId": "1" })),
        (routes::LTP, json!({ "exchange": "NFO", "tradingsymbol": "X", "symboltoken": "47338" })),
        (routes::QUOTE, json!({ "mode": "FULL", "exchangeTokens": { "NFO": ["47338"] } })),
        (routes::SEARCH_SCRIP, json!({ "exchange": "NFO", "searchscrip": "1" })),
        (routes::OPTION_GREEKS, json!({ "name": "NIFTY", "expirydate": "1" })),
        (routes::LOGIN, json!({ "clientcode": "S1", "password": "1", "totp": "1" })),
    ];
    bodies.extend(calculators());
    bodies.extend([routes::CANDLES, routes::OPEN_INTEREST].map(|route| {
        let history = json!({
            "exchange": "NFO", "symboltoken": "47338", "interval": "ONE_DAY", "fromdate": "1",
            "todate": "1",
        });
        (route, history)
    }));
    bodies
}

fn calculators() -> [(&'static str, Value); 3] {
    let position = json!({
        "exchange": "NFO", "qty": 75, "price": 1, "productType": "INTRADAY", "token": "47338",
        "tradeType": "SELL", "orderType": "LIMIT",
    });
    let order = json!({
        "product_type": "INTRADAY", "transaction_type": "BUY", "quantity": "75", "price": "1",
        "exchange": "NFO", "symbol_name": "X", "token": "47338",
    });
    let mut position_row = json!({
        "exchange": "NFO", "symboltoken": "47338", "oldproducttype": "INTRADAY",
        "newproducttype": "CARRYFORWARD", "transactiontype": "BUY", "quantity": 1, "type": "DAY",
    });
    for field in [
        "priceden",
        "pricenum",
        "genden",
        "gennum",
        "precision",
        "multiplier",
        "boardlotsize",
        "buyqty",
        "sellqty",
        "buyamount",
        "sellamount",
    ] {
        position_row[field] = json!("1");
    }
    [
        (routes::MARGIN, json!({ "positions": [position, position] })),
        (routes::CHARGES, json!({ "orders": [order, order] })),
        (routes::CONVERT_POSITION, position_row),
    ]
}

/// Where in a body its figures stand.
fn figures(body: &Value, at: &str) -> Vec<String> {
    match body {
        Value::Object(fields) => {
            let all = fields.iter();
            all.flat_map(|(name, value)| figures(value, &format!("{at}/{name}"))).collect()
        }
        Value::Array(values) => {
            let all = values.iter().enumerate();
            all.flat_map(|(place, value)| figures(value, &format!("{at}/{place}"))).collect()
        }
        Value::Number(_) => vec![at.to_owned()],
        Value::String(text) if text.parse::<f64>().is_ok() => vec![at.to_owned()],
        _ => Vec::new(),
    }
}

/// The figure as a JSON number, where JSON has it, and as text.
fn written(figure: &str) -> Vec<Value> {
    let number = serde_json::from_str(figure).ok();
    number.into_iter().chain([json!(figure)]).collect()
}

/// What `route` answers must be an object that says whether it succeeded.
#[track_caller]
fn answers(day: &Day, method: &str, route: &str, body: &Value) {
    // Four seconds keep every limit of a second, a minute and an hour.
    day.pass(4);
    let reply = day.reply(method, route, body);
    let told = reply.json();
    let is_said = told.get("status").or(told.get("success")).is_some_and(Value::is_boolean);
    assert!(reply.status == 200 && is_said, "{route} {body}: {} {}", reply.status, reply.body);
}

#[test]
fn every_figure_of_every_route_may_be_anything() {
    let (day, orderid, rule_id) = day();
    for (route, body) in bodies(&orderid, &rule_id) {
        for place in figures(&body, "") {
            for value in FIGURES.iter().flat_map(|figure| written(figure)) {
                let mut body = body.clone();
                *body.pointer_mut(&place).unwrap() = value;
                answers(&day, "POST", route, &body);
            }
        }
    }
    everything_answers(&day);
}

#[test]
fn all_figures_of_a_route_may_be_anything_at_once() {
    let (day, orderid, rule_id) = day();
    for (route, body) in bodies(&orderid, &rule_id) {
        let is_name =
            |place: &String| NAMES.iter().any(|name| place.ends_with(&format!("/{name}")));
        let places: Vec<_> = figures(&body, "").into_iter().filter(|at| !is_name(at)).collect();
        for (qty, price) in FIGURES.iter().flat_map(|qty| FIGURES.iter().map(move |p| (qty, p))) {
            let mut body = body.clone();
            for place in &places {
                let counts = place.contains("qty") || place.contains("quantity");
                *body.pointer_mut(place).unwrap() = json!(if counts { qty } else { price });
            }
            answers(&day, "POST", route, &body);
        }
    }
    everything_answers(&day);
}

/// Books and the control address still answer.
fn everything_answers(day: &Day) {
    for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
        answers(day, "GET", route.path, &json!({}));
    }
    for from in ["-9223372036854775808", "9223372036854775807"] {
        let path = format!("/control/schedule?from={from}&count=18446744073709551615");
        let reply = call(day.sandbox.address(), "GET", &path, &[], "");
        assert!(reply.status == 200 && reply.json()["scheduled_ns"].is_array(), "{}", reply.body);
    }
}
