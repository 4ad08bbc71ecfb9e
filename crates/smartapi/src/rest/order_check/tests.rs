//! Tests of the orders' constructors: what they make, and each thing that they refuse.

use serde_json::json;

use super::*;
use crate::rest::orders::{CancelOrder, Contract, ModifyOrder, PlaceOrder, Pricing};
use crate::rest::words::Side;

const OPTION: Contract<'static> = Contract {
    exchange: Exchange::Nfo,
    tradingsymbol: "NIFTY28NOV2526000CE",
    symboltoken: "47338",
};

fn rupees(text: &str) -> Rupees {
    text.parse().expect("an amount")
}

fn order(pricing: Pricing) -> Result<PlaceOrder, OrderFault> {
    let product = match pricing {
        Pricing::Bracket { .. } => Product::Bracket,
        _ => Product::Intraday,
    };
    PlaceOrder::new(OPTION, Side::Buy, 75, product, pricing)
}

fn limit(price: &str) -> PlaceOrder {
    order(Pricing::Limit { price: rupees(price) }).expect("a good order")
}

#[test]
fn a_limit_order_goes_out_as_text() {
    let order = limit("194.5").with_tag("mq1").expect("a good tag");
    assert_eq!(
        serde_json::to_value(&order).expect("writes"),
        json!({
            "variety": "NORMAL", "tradingsymbol": "NIFTY28NOV2526000CE", "symboltoken": "47338",
            "transactiontype": "BUY", "exchange": "NFO", "ordertype": "LIMIT",
            "producttype": "INTRADAY", "duration": "DAY", "price": "194.50", "quantity": "75",
            "ordertag": "mq1"
        })
    );
    assert!(!order.is_market() && !order.is_ioc());
}

#[test]
fn each_kind_of_order_has_its_variety_and_prices() {
    let (price, trigger) = (rupees("10"), rupees("9.95"));
    let stop = order(Pricing::StopLimit { trigger, price }).expect("a stop");
    assert_eq!((stop.variety, stop.ordertype), (Variety::StopLoss, OrderType::StopLossLimit));
    assert_eq!((stop.price, stop.triggerprice), (price, Some(trigger)));
    let market = order(Pricing::Market).expect("at the market");
    let text = serde_json::to_value(&market).expect("writes");
    assert_eq!((market.is_market(), &text["price"]), (true, &json!("0")));
    let stop = order(Pricing::StopMarket { trigger }).expect("a stop");
    assert!(stop.is_market() && stop.price.is_zero() && stop.variety == Variety::StopLoss);
    let (target, stop, trail) = (rupees("5"), rupees("2"), Some(rupees("1")));
    let bracket = order(Pricing::Bracket { price, target, stop, trail }).expect("a bracket");
    let text = serde_json::to_value(&bracket).expect("writes");
    assert_eq!(
        [&text["variety"], &text["squareoff"], &text["stoploss"], &text["trailingStopLoss"]],
        ["ROBO", "5", "2", "1"]
    );
    let at_once = limit("10").immediate_or_cancel().expect("no commodity");
    assert!(at_once.is_ioc());
    let whole = limit("10").with_disclosed(75).expect("all of it").with_consent();
    let text = serde_json::to_value(&whole).expect("writes");
    assert_eq!((&text["disclosedquantity"], &text["scripconsent"]), (&json!("75"), &json!("yes")));
}

#[test]
fn a_modification_and_a_cancellation_name_the_order() {
    let (price, trigger) = (rupees("10"), rupees("9"));
    let pricing = Pricing::StopLimit { trigger, price };
    let modify = ModifyOrder::new("251020000000111", OPTION, 75, Product::Intraday, pricing);
    let text = serde_json::to_value(modify.expect("a good order")).expect("writes");
    assert_eq!(
        text,
        json!({
            "variety": "STOPLOSS", "orderid": "251020000000111", "ordertype": "STOPLOSS_LIMIT",
            "producttype": "INTRADAY", "duration": "DAY", "price": "10", "triggerprice": "9",
            "quantity": "75", "tradingsymbol": "NIFTY28NOV2526000CE", "symboltoken": "47338",
            "exchange": "NFO"
        })
    );
    let mut elsewhere = text;
    elsewhere["stoploss"] = elsewhere["triggerprice"].take();
    let read: ModifyOrder = serde_json::from_value(elsewhere).expect("another client's form");
    assert_eq!((read.trigger(), read.check()), (Some(trigger), Ok(())));
    let cancel = CancelOrder::new(Variety::Normal, "251020000000111").expect("an id");
    let text = serde_json::to_value(cancel).expect("writes");
    assert_eq!(text, json!({ "variety": "NORMAL", "orderid": "251020000000111" }));
}

#[test]
fn a_stop_order_can_become_a_limit_order_and_keeps_its_variety() {
    let pricing = Pricing::Limit { price: rupees("10") };
    let change = ModifyOrder::new("251020000000111", OPTION, 75, Product::Intraday, pricing);
    let change = change.expect("fits").of_variety(Variety::StopLoss);
    assert_eq!(change.check(), Ok(()));
    let text = serde_json::to_value(&change).expect("writes");
    assert_eq!((&text["variety"], &text["ordertype"]), (&json!("STOPLOSS"), &json!("LIMIT")));
    let bracket = change.of_variety(Variety::Robo);
    assert!(matches!(bracket.check(), Err(OrderFault::Product { .. })), "not with INTRADAY");
}

type Faults = Vec<(OrderFault, &'static str)>;

fn bad(pricing: Pricing) -> OrderFault {
    order(pricing).expect_err("a bad order")
}

fn check(order: PlaceOrder) -> OrderFault {
    order.check().expect_err("a bad order")
}

/// Kinds and prices that are refused, and a part of each message.
fn faults_of_prices() -> Faults {
    let (price, zero) = (rupees("10"), Rupees::ZERO);
    let stop_limit = OrderType::StopLossLimit;
    vec![
        (bad(Pricing::Limit { price: zero }), "price was 0 for LIMIT, a price above 0"),
        (bad(Pricing::StopLimit { trigger: price, price: zero }), "STOPLOSS_LIMIT, a price"),
        (
            check(PlaceOrder { ordertype: OrderType::Market, ..limit("1") }),
            "price was 1 for MARKET, 0 is needed",
        ),
        (bad(Pricing::StopMarket { trigger: zero }), "triggerprice was 0 for STOPLOSS_MARKET"),
        (
            check(PlaceOrder { ordertype: stop_limit, ..limit("1") }),
            "variety was NORMAL for STOPLOSS_LIMIT, STOPLOSS is needed",
        ),
        (
            check(PlaceOrder {
                ordertype: OrderType::Market,
                variety: Variety::Robo,
                ..limit("1")
            }),
            "variety was ROBO for MARKET, NORMAL is needed",
        ),
        (
            check(PlaceOrder { variety: Variety::StopLoss, ..limit("1") }),
            "variety was STOPLOSS for LIMIT, NORMAL or ROBO is needed",
        ),
    ]
}

/// Brackets that are refused.
fn faults_of_brackets() -> Faults {
    let (price, below) = (rupees("10"), rupees("-1"));
    let bracket = |target, stop, trail| Pricing::Bracket { price, target, stop, trail };
    let whole = bracket(price, price, None);
    vec![
        (
            PlaceOrder::new(OPTION, Side::Buy, 1, Product::Intraday, whole).expect_err("no BO"),
            "producttype was INTRADAY for variety ROBO",
        ),
        (
            check(PlaceOrder { producttype: Product::Bracket, ..limit("1") }),
            "producttype was BO for variety NORMAL",
        ),
        (bad(bracket(Rupees::ZERO, price, None)), "squareoff was 0 for ROBO"),
        (bad(bracket(price, below, None)), "stoploss was -1 for ROBO"),
        (bad(bracket(price, price, Some(below))), "trailingStopLoss was -1"),
    ]
}

/// Quantities and names that are refused.
fn faults_of_names() -> Faults {
    let contract = |tradingsymbol, symboltoken| {
        let contract = Contract { tradingsymbol, symboltoken, ..OPTION };
        let made = PlaceOrder::new(contract, Side::Sell, 1, Product::Margin, Pricing::Market);
        made.expect_err("a bad instrument")
    };
    let gold = Contract { exchange: Exchange::Mcx, ..OPTION };
    let price = rupees("10");
    let gold = PlaceOrder::new(gold, Side::Buy, 1, Product::Intraday, Pricing::Limit { price });
    let gold = gold.expect("a good order").immediate_or_cancel().expect_err("a commodity");
    let tagged = |tag| limit("1").with_tag(tag).expect_err("a bad tag");
    let cancel = |id| CancelOrder::new(Variety::Normal, id).expect_err("no id");
    vec![
        (check(PlaceOrder { quantity: 0, ..limit("1") }), "quantity was 0, at least 1"),
        (gold, "duration was IOC on MCX"),
        (limit("1").with_disclosed(76).expect_err("too many"), "was 76, 0 to the 75"),
        (limit("1").with_disclosed(-1).expect_err("too few"), "was -1"),
        (tagged("sixteenletters16"), "\"sixteenletters16\", 1 to 15"),
        (tagged(""), "ordertag was \"\""),
        (tagged("a b"), "ordertag was \"a b\""),
        (contract(" ", "1"), "tradingsymbol was \" \""),
        (contract("<b>", "1"), "tradingsymbol was \"<b>\""),
        (contract("SBIN-EQ", ""), "symboltoken was \"\", digits"),
        (contract("SBIN-EQ", "30a"), "symboltoken was \"30a\", digits"),
        (cancel(""), "orderid was \"\""),
        (cancel("1 or 2"), "orderid was \"1 or 2\""),
    ]
}

#[test]
fn what_the_broker_would_refuse_is_refused_here() {
    for (fault, part) in [faults_of_prices(), faults_of_brackets(), faults_of_names()].concat() {
        assert!(fault.to_string().contains(part), "{fault} has no {part}");
        assert!(!fault.hint().is_empty(), "{fault}");
    }
}

#[test]
fn the_longest_tag_fits() {
    assert!(limit("1").with_tag(&"a1".repeat(7)).is_ok());
    assert!(limit("1").with_tag("123456789012345").is_ok());
}
