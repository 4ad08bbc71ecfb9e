//! What positions would need, and what orders would cost.

use engine::units::Paise;
use sandbox::Options;
use serde_json::{Value, json};
use smartapi::rest::{ChargesEstimate, Funds, Margin, routes};
use smartapi::wire::Rupees;

use super::{Day, limit};

fn position(side: &str, price: f64) -> Value {
    json!({
        "exchange": "NFO", "qty": 75, "price": price, "productType": "INTRADAY",
        "token": "47338", "tradeType": side, "orderType": "LIMIT",
    })
}

fn rupees(amount: i64) -> Option<Rupees> {
    Rupees::from_paise(amount * 100)
}

#[test]
fn a_bought_option_needs_its_premium_and_a_sold_one_the_deposit() {
    let deposit = Some(Paise(20_000));
    let day = Day::with(&[10_000], |options| Options { deposit, ..options });
    // A price of 0 is the last one.
    let positions = json!({ "positions": [position("BUY", 90.0), position("BUY", 0.0), position("SELL", 80.0)] });
    let margin: Margin = day.post(routes::MARGIN, &positions);
    assert_eq!(Some(margin.total_margin_required), rupees(75 * (90 + 100 + 200)));
    let parts = margin.margin_components.unwrap();
    assert_eq!((parts.net_premium, parts.span_margin), (rupees(75 * 110), rupees(75 * 200)));
    assert_eq!((parts.tot_options_premium, parts.delivery_margin), (rupees(75 * 190), rupees(0)));
    let raw: Value = day.post(routes::MARGIN, &positions);
    assert!(
        raw["totalMarginRequired"].is_f64() && raw["marginComponents"]["nonNFOMargin"].is_f64()
    );
}

#[test]
fn a_margin_that_nobody_knows_is_refused() {
    let day = Day::of(&[10_000]);
    let body = |positions: Vec<Value>| json!({ "positions": positions });
    let mut unknown = position("BUY", 1.0);
    unknown["token"] = json!("1");
    let mut nothing = position("BUY", 1.0);
    nothing["qty"] = json!(0);
    for (positions, code) in [
        (vec![position("SELL", 1.0)], "AB1007"),
        (vec![unknown], "AB1009"),
        (vec![nothing], "AB1007"),
        (vec![position("BUY", -100.0)], "AB1007"),
        (vec![], "AB1004"),
        (vec![position("BUY", 1.0); 51], "AB1004"),
    ] {
        let (told, message) = day.refused(routes::MARGIN, &body(positions));
        assert_eq!(told, code, "{message}");
    }
}

fn order(price: &str) -> Value {
    json!({
        "product_type": "INTRADAY", "transaction_type": "BUY", "quantity": "75", "price": price,
        "exchange": "NFO", "symbol_name": "NIFTY28NOV2526000CE", "token": "47338",
    })
}

#[test]
fn an_estimate_is_what_the_order_then_costs() {
    let day = Day::of(&[10_000]);
    day.place(&limit("BUY", "110.00"));
    let row = &day.book()[0];
    let price = row.averageprice.to_string();
    let body = json!({ "orders": [order(&price), order(&price)] });
    let estimate: ChargesEstimate = day.post(routes::CHARGES, &body);
    assert_eq!(estimate.charges.len(), 2);
    let [one, two] = [&estimate.charges[0], &estimate.charges[1]];
    let sum = one.total_charges.raw() + two.total_charges.raw();
    assert_eq!(estimate.summary.total_charges, Rupees::from_raw(sum));
    let parts: i64 = one.breakup.iter().map(|part| part.amount.raw()).sum();
    assert_eq!(parts, one.total_charges.raw());
    let external = &one.breakup[1];
    let within: i64 = external.breakup.iter().map(|part| part.amount.raw()).sum();
    assert_eq!((external.name.as_str(), within), ("External Charges", external.amount.raw()));
    // What is left of a million after the premium is less by just these charges.
    let funds: Funds = day.get(routes::FUNDS);
    let paid = row.averageprice.raw() * 75 + one.total_charges.raw();
    assert_eq!(funds.net, Some(Rupees::from_raw(10_000_000_000 - paid)));
}

#[test]
fn an_estimate_of_nothing_or_of_the_unknown_is_refused() {
    let day = Day::of(&[10_000]);
    let mut unknown = order("1");
    unknown["token"] = json!("1");
    let mut none = order("1");
    none["quantity"] = json!("0");
    let mut huge = order("900000000000000");
    huge["quantity"] = json!("9000000000000000000");
    for (orders, code) in [
        (vec![unknown], "AB1009"),
        (vec![none], "AB1007"),
        (vec![order("x")], "AB1004"),
        (vec![order("-100")], "AB1007"),
        (vec![huge], "AB1007"),
        (vec![order("1"); 51], "AB1004"),
    ] {
        day.pass(1);
        assert_eq!(day.refused(routes::CHARGES, &json!({ "orders": orders })).0, code);
    }
}
