//! Orders are sent once, whatever comes back; what was lost is found again.

use std::net::Ipv4Addr;

use smartapi::rest::{
    CancelOrder, CancelRule, Contract, Exchange, ModifyOrder, OrderRow, PlaceOrder, Pricing,
    Product, Side, Variety,
};

use super::*;

const OPTION: Contract<'_> = Contract {
    exchange: Exchange::Nfo,
    tradingsymbol: "NIFTY28NOV2626000CE",
    symboltoken: "43125",
};

/// An answer within a moment, no repetition that takes long, and two looks.
const QUICK: Pace = Pace {
    answer: Duration::from_millis(300),
    retry: Duration::from_millis(1),
    retries: 0,
    limited_retries: 0,
    queue: Duration::from_secs(30),
    looks: 2,
    between_looks: Duration::ZERO,
};

fn limit(price: &str) -> Pricing {
    Pricing::Limit { price: price.parse().expect("a price") }
}

fn order() -> PlaceOrder {
    PlaceOrder::new(OPTION, Side::Buy, 75, Product::Intraday, limit("194.5")).expect("fits")
}

fn change() -> ModifyOrder {
    ModifyOrder::new("26112000001", OPTION, 75, Product::Intraday, limit("195")).expect("fits")
}

fn end() -> CancelOrder {
    CancelOrder::new(Variety::Normal, "26112000001").expect("fits")
}

fn receipt() -> Answer {
    good(json!({ "script": "NIFTY", "orderid": "26112000001", "uniqueorderid": "u-1" }))
}

fn row(tag: &str, status: &str, price: &str) -> Value {
    json!({
        "orderid": "26112000001", "ordertag": tag, "orderstatus": status, "status": status,
        "price": price, "quantity": "75", "triggerprice": "0",
    })
}

fn changes_orders(path: &str) -> bool {
    [routes::PLACE_ORDER, routes::MODIFY_ORDER, routes::CANCEL_ORDER].contains(&path)
}

/// What becomes of an order whose answer is this one, and how often it was sent; over a connection
/// that was open before, after whose end an HTTP client might think of sending it again.
async fn after(fate: Answer) -> (Placement, usize) {
    let twin = Twin::start(move |seen| match seen.path.as_str() {
        routes::PLACE_ORDER => fate.clone(),
        routes::FUNDS => good(json!({})),
        _ => well(seen),
    })
    .await;
    // Patient with reads, so that patience with an order would show.
    let pace = Pace { retries: 3, ..QUICK };
    let rules = Rules { keep_warm: Some(Duration::from_secs(3600)), ..NO_KEEPER };
    let broker = twin.connect_with(rules, pace).await.expect("logs in");
    let placement = broker.place(order()).await.expect("was sent");
    (placement, twin.asked().iter().filter(|path| *path == "placeOrder").count())
}

#[track_caller]
fn unknown((placement, sent): (Placement, usize)) -> BrokerError {
    assert_eq!(sent, 1);
    match placement {
        Placement::Unknown { tag, because } => {
            assert_eq!(tag.len(), 15);
            because.0
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused((placement, sent): (Placement, usize)) -> Refusal {
    assert_eq!(sent, 1);
    match placement {
        Placement::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn html(status: u16, text: &str) -> Answer {
    (status, "text/html", text.to_owned())
}

#[tokio::test]
async fn an_order_without_an_answer_is_sent_once_and_unknown() {
    let because = unknown(after((SILENCE, "", String::new())).await);
    assert!(matches!(because, BrokerError::Silent { .. }), "{because}");
}

#[tokio::test]
async fn an_order_after_which_the_connection_breaks_is_sent_once_and_unknown() {
    let because = unknown(after((HANG_UP, "", String::new())).await);
    assert!(matches!(because, BrokerError::Broken { .. }), "{because}");
}

#[tokio::test]
async fn an_order_that_meets_a_gateway_in_trouble_is_sent_once_and_unknown() {
    let because = unknown(after(html(502, "<html>Bad Gateway")).await);
    assert!(matches!(because.api(), Some(ApiError::Gateway { status: 502 })), "{because}");
    let said_no = serde_json::to_string(&Envelope::failure("AB1009", "no")).expect("writes");
    unknown(after((503, "application/json", said_no)).await);
}

#[tokio::test]
async fn an_order_answered_by_a_web_page_is_sent_once_and_unknown() {
    let page = "<html><title>Request Rejected</title>Your support ID is: 1";
    let because = unknown(after(html(200, page)).await);
    assert!(matches!(because.api(), Some(ApiError::FirewallBlocked { .. })), "{because}");
    let because = unknown(after(html(200, "<html>Welcome")).await);
    assert!(matches!(because.api(), Some(ApiError::NotJson { .. })), "{because}");
}

#[tokio::test]
async fn an_order_with_an_answer_that_says_nothing_is_sent_once_and_unknown() {
    let because = unknown(after((200, "application/json", String::new())).await);
    assert!(matches!(because.api(), Some(ApiError::Empty { .. })), "{because}");
    for text in ["null", "{}", "{\"status\":true,\"data\":{\"ord"] {
        unknown(after((200, "application/json", text.to_owned())).await);
    }
    for data in [Value::Null, json!({ "orderid": "" })] {
        let because = unknown(after(good(data)).await);
        assert!(matches!(because.api(), Some(ApiError::Form { .. })), "{because}");
    }
}

#[tokio::test]
async fn an_order_that_the_broker_says_it_failed_at_is_sent_once_and_unknown() {
    for code in ["AB1004", "AB2000", "AB2001", "AB9000"] {
        let because = unknown(after(bad(code, "Something Went Wrong")).await);
        assert_eq!(because.api().and_then(ApiError::code), Some(code));
    }
}

#[tokio::test]
async fn an_order_over_the_brokers_rate_limit_is_sent_once_and_refused() {
    for fate in [
        (403, "text/plain", RATE_LIMIT_TEXT.to_owned()),
        (429, "text/plain", String::from("Too Many Requests")),
        bad("AB1021", "Too many requests"),
    ] {
        let refusal = refused(after(fate).await);
        assert!(matches!(refusal.cause, ApiError::RateLimited { .. }), "{refusal}");
        assert!(!refusal.hint().is_empty());
    }
}

#[tokio::test]
async fn an_order_that_the_broker_refuses_is_sent_once() {
    let refusal = refused(after(bad("AB1009", "Symbol Not Found")).await);
    assert_eq!(refusal.cause.code(), Some("AB1009"));
    assert!(refusal.to_string().contains("Symbol Not Found"), "{refusal}");
    refused(after(bad("", "LPP: price out of range")).await);
}

#[tokio::test]
async fn an_order_from_an_unregistered_address_names_it() {
    let message = "Request from 203.0.113.7 which is not a registered IP";
    let refusal = refused(after(bad("AG7002", message)).await);
    assert_eq!(refusal.address(), Some(Ipv4Addr::new(203, 0, 113, 7)));
    assert!(refusal.hint().contains("register 203.0.113.7"), "{}", refusal.hint());
}

#[tokio::test]
async fn an_answer_that_is_no_clear_no_is_unknown() {
    let json = |text: &str| (200, "application/json", text.to_owned());
    for text in [
        r#"{"status":"true","message":"SUCCESS","data":{"orderid":"26112000001"}}"#,
        r#"{"message":"SUCCESS","data":{"orderid":"26112000001"}}"#,
        r#"{"status":false,"message":"SUCCESS","data":{"orderid":"26112000001"}}"#,
        r#"{"status":false,"message":"m","errorcode":"AB1009","data":[{"order":{"orderid":"1"}}]}"#,
        r#"{"status":false,"message":"m","data":"26112000001"}"#,
        r#"{"status":1,"message":"m","errorcode":"AB1009","data":null}"#,
        r#"{"message":"m","errorcode":"AB1009"}"#,
    ] {
        unknown(after(json(text)).await);
    }
    for text in [
        r#"{"status":"false","message":"m","errorcode":"AB1009","data":"null"}"#,
        r#"{"status":false,"message":"m","errorcode":"AB1009","data":{"orderid":""}}"#,
        r#"{"success":false,"message":"m","errorCode":"AB1009","data":""}"#,
    ] {
        assert_eq!(refused(after(json(text)).await).cause.code(), Some("AB1009"), "{text}");
    }
}

#[tokio::test]
async fn an_order_on_a_dead_session_is_not_repeated_but_the_session_is_renewed() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::PLACE_ORDER, 0) => dead(),
        (routes::PLACE_ORDER, _) => receipt(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    let old = broker.stream_auth().expect("fit");
    let tagged = order().with_tag("mine1").expect("fits");
    let Placement::Refused(refusal) = broker.place(tagged.clone()).await.expect("was sent") else {
        panic!("not refused");
    };
    assert!(refusal.cause.session_dead(), "{refusal}");
    assert!(refusal.to_string().contains("was not sent again"), "{refusal}");
    assert!(refusal.hint().contains("send it again in a moment"), "{}", refusal.hint());
    broker.renew(&old).await.expect("shares the renewal");
    assert_eq!(twin.asked(), ["loginByPassword", "placeOrder", "generateTokens"]);
    let placement = broker.place(tagged).await.expect("was sent");
    assert!(matches!(placement, Placement::Accepted(_)), "its tag is free again: {placement:?}");
    assert_eq!(twin.header(3, "authorization").as_deref(), Some("Bearer jwt-secret-fresh0"));
}

#[tokio::test]
async fn an_order_on_a_dead_session_does_not_wait_for_the_renewal() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::PLACE_ORDER => dead(),
        routes::GENERATE_TOKENS => (SILENCE, "", String::new()),
        _ => well(seen),
    })
    .await;
    // A renewal that would outlast the test.
    let pace = Pace { answer: Duration::from_secs(3600), ..QUICK };
    let broker = twin.connect_with(NO_KEEPER, pace).await.expect("logs in");
    let placed = tokio::time::timeout(Duration::from_secs(30), broker.place(order())).await;
    assert!(matches!(placed.expect("at once"), Ok(Placement::Refused(_))));
}

#[tokio::test]
async fn an_order_that_never_left_is_an_error_and_no_riddle() {
    let twin = Twin::start(well).await;
    let broker = twin.connect().await.expect("logs in");
    twin.serving.abort();
    assert!((&mut { twin.serving }).await.is_err(), "nobody listens any more");
    let error = broker.place(order()).await.expect_err("no connection");
    assert!(matches!(error, BrokerError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn every_order_has_a_tag_that_only_it_has() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::PLACE_ORDER => receipt(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    let own = order().with_tag("mine1").expect("fits");
    for order in [order(), order(), own] {
        let Placement::Accepted(receipt) = broker.place(order).await.expect("was sent") else {
            panic!("not accepted");
        };
        assert_eq!((&*receipt.orderid, &*receipt.uniqueorderid), ("26112000001", "u-1"));
    }
    let [one, two, three] = [1, 2, 3].map(|index| twin.body(index, "ordertag"));
    assert!(one != two && one.len() == 15 && two.len() == 15, "{one} {two}");
    assert_eq!(three, "mine1");
    assert_eq!(twin.body(1, "symboltoken"), OPTION.symboltoken);
}

#[tokio::test]
async fn market_and_ioc_orders_are_refused_here_unless_they_are_allowed() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        path if changes_orders(path) => receipt(),
        _ => well(seen),
    })
    .await;
    let market = PlaceOrder::new(OPTION, Side::Sell, 75, Product::Intraday, Pricing::Market);
    let market = market.expect("fits");
    let ioc = order().immediate_or_cancel().expect("fits");
    let to_market = ModifyOrder::new("26112000001", OPTION, 75, Product::Intraday, Pricing::Market);
    let to_market = to_market.expect("fits");

    let careful = twin.connect().await.expect("logs in");
    for (error, what) in [
        (careful.place(market.clone()).await.expect_err("prohibited"), "MARKET"),
        (careful.place(ioc.clone()).await.expect_err("prohibited"), "IOC"),
        (careful.modify(&to_market).await.expect_err("prohibited"), "MARKET"),
    ] {
        assert!(matches!(error, BrokerError::Prohibited { what: was } if was == what), "{error}");
    }
    assert_eq!(twin.asked(), ["loginByPassword"], "nothing was sent");

    let rules = Rules { allow_market: true, ..NO_KEEPER };
    let broker = twin.connect_with(rules, QUICK).await.expect("takes up");
    assert!(matches!(broker.place(market).await, Ok(Placement::Accepted(_))));
    assert!(matches!(broker.place(ioc).await, Ok(Placement::Accepted(_))));
    assert!(matches!(broker.modify(&to_market).await, Ok(Outcome::Accepted(_))));
}

#[tokio::test]
async fn place_modify_and_cancel_share_nine_a_second_and_the_tenth_does_not_wait() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        path if changes_orders(path) => receipt(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    for _ in 0..3 {
        assert!(matches!(broker.place(order()).await, Ok(Placement::Accepted(_))));
        assert!(matches!(broker.modify(&change()).await, Ok(Outcome::Accepted(_))));
        assert!(matches!(broker.cancel(&end()).await, Ok(Outcome::Accepted(_))));
    }
    let error = broker.cancel(&end()).await.expect_err("no room");
    let BrokerError::Limited { doing, wait } = error else { panic!("{error}") };
    assert_eq!(doing, "cancelling an order");
    assert!(wait > Duration::ZERO && wait <= Duration::from_millis(1050), "{wait:?}");
    let sent = twin.seen.lock().expect("whole");
    assert_eq!(sent.iter().filter(|seen| changes_orders(&seen.path)).count(), 9);
}

/// A twin that loses the answers to orders and has this book, made of the tag that it saw last.
async fn forgetful(book: impl Fn(&Seen, &str) -> Answer + Send + Sync + 'static) -> Twin {
    let tag = Mutex::new(String::new());
    Twin::start(move |seen| match seen.path.as_str() {
        routes::PLACE_ORDER => {
            *tag.lock().expect("whole") = seen.body["ordertag"].as_str().expect("text").to_owned();
            (HANG_UP, "", String::new())
        }
        path if changes_orders(path) => (HANG_UP, "", String::new()),
        routes::ORDER_BOOK => book(seen, &tag.lock().expect("whole")),
        _ => well(seen),
    })
    .await
}

async fn lose(broker: &Broker) -> String {
    match broker.place(order()).await.expect("was sent") {
        Placement::Unknown { tag, .. } => tag,
        other => panic!("{other:?}"),
    }
}

fn found(resolution: Resolution) -> OrderRow {
    match resolution {
        Resolution::Found(row) => *row,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_tag_belongs_to_one_order() {
    let twin = forgetful(|_, _| good(Value::Null)).await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let tagged = || order().with_tag("strat1").expect("fits");
    assert!(matches!(broker.place(tagged()).await, Ok(Placement::Unknown { .. })));
    let error = broker.place(tagged()).await.expect_err("the first may be there");
    assert!(matches!(&error, BrokerError::TagSent { tag } if tag == "strat1"), "{error}");
    assert_eq!(twin.asked(), ["loginByPassword", "placeOrder"]);
}

#[tokio::test]
async fn an_order_whose_future_was_dropped_is_found_by_the_tag_that_it_was_given() {
    let tag = "noted1";
    let twin = Twin::start(move |seen| match seen.path.as_str() {
        routes::PLACE_ORDER => (SILENCE, "", String::new()),
        routes::ORDER_BOOK => good(json!([row(tag, "open", "194.5")])),
        _ => well(seen),
    })
    .await;
    let pace = Pace { answer: Duration::from_secs(3600), ..QUICK };
    let broker = twin.connect_with(NO_KEEPER, pace).await.expect("logs in");
    let tagged = || order().with_tag(tag).expect("fits");
    let arrived = async {
        while twin.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        placed = broker.place(tagged()) => panic!("{placed:?}"),
        () = arrived => {}
    }
    assert!(matches!(broker.place(tagged()).await, Err(BrokerError::TagSent { .. })));
    assert_eq!(found(broker.resolve(tag).await).ordertag, tag);
}

/// A row of the order that this file sends, but for these.
fn full(orderid: &str, side: &str, quantity: &str) -> Value {
    json!({
        "orderid": orderid, "ordertag": "strat1", "orderstatus": "open", "quantity": quantity,
        "tradingsymbol": OPTION.tradingsymbol, "exchange": "NFO", "transactiontype": side,
    })
}

#[tokio::test]
async fn of_several_orders_with_a_tag_the_one_that_was_sent_is_found_or_none() {
    let twin = forgetful(|seen, _| {
        let mut rows =
            vec![full("1", "SELL", "75"), full("2", "BUY", "150"), full("3", "BUY", "75")];
        if seen.earlier > 0 {
            rows.push(full("4", "BUY", "75"));
        }
        good(json!(rows))
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let tagged = order().with_tag("strat1").expect("fits");
    assert!(matches!(broker.place(tagged).await, Ok(Placement::Unknown { .. })));
    assert_eq!(found(broker.resolve("strat1").await).orderid, "3");
    match broker.resolve("strat1").await {
        Resolution::Ambiguous(rows) => assert_eq!(rows.len(), 4),
        other => panic!("{other:?}"),
    }
    let stranger = twin.connect_with(NO_KEEPER, QUICK).await.expect("takes up");
    let told = stranger.resolve("strat1").await;
    assert!(matches!(told, Resolution::Ambiguous(_)), "it did not send it: {told:?}");
}

#[tokio::test]
async fn a_change_to_the_market_is_not_seen_in_an_order_that_rests() {
    let twin = forgetful(|seen, _| match seen.earlier {
        0..2 => good(json!([row("t", "open", "194.5")])),
        _ => good(json!([row("t", "complete", "194.5")])),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let change = ModifyOrder::new("26112000001", OPTION, 75, Product::Intraday, Pricing::Market);
    let change = change.expect("fits");
    let told = broker.resolve_change(&change).await;
    assert!(matches!(told, Resolution::NotThere { row: Some(_), .. }), "{told:?}");
    assert!(found(broker.resolve_change(&change).await).is_final());
}

#[tokio::test]
async fn what_has_no_id_is_not_sent() {
    let twin = Twin::start(well).await;
    let broker = twin.connect().await.expect("logs in");
    let mut empty = end();
    empty.orderid.clear();
    assert!(matches!(broker.cancel(&empty).await, Err(BrokerError::Order(_))));
    let rule =
        CancelRule { id: String::new(), symboltoken: "1".to_owned(), exchange: Exchange::Nse };
    assert!(matches!(broker.cancel_rule(&rule).await, Err(BrokerError::Order(_))));
    assert_eq!(twin.asked(), ["loginByPassword"]);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_its_tag() {
    let twin = forgetful(|seen, tag| match seen.earlier {
        0 => good(json!([row("another", "open", "1")])),
        _ => good(json!([row("another", "open", "1"), row(tag, "complete", "194.5")])),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let tag = lose(&broker).await;
    let row = found(broker.resolve(&tag).await);
    assert_eq!((row.ordertag, Ok(row.price)), (tag, "194.5".parse()));
    let expected = ["loginByPassword", "placeOrder", "getOrderBook", "getOrderBook"];
    assert_eq!(twin.asked(), expected, "the second look finds it, and nothing is sent again");
}

#[tokio::test]
async fn an_order_that_the_book_does_not_show_is_not_there_after_several_looks() {
    let twin = forgetful(|_, _| good(Value::Null)).await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let tag = lose(&broker).await;
    let Resolution::NotThere { as_of, looks, row } = broker.resolve(&tag).await else {
        panic!("found");
    };
    assert_eq!((as_of.0, looks, row), ((MORNING_MS / 1000) as i64, 2, None));
    assert_eq!(twin.asked().iter().filter(|path| *path == "getOrderBook").count(), 2);
}

#[tokio::test]
async fn an_order_stays_unknown_while_the_book_cannot_be_read() {
    let twin = forgetful(|_, _| html(502, "<html>")).await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let tag = lose(&broker).await;
    match broker.resolve(&tag).await {
        Resolution::StillUnknown { looks: 0, because } => assert!(because.is_retryable()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_looked_up_in_the_orders_row() {
    let twin = forgetful(|seen, _| match seen.earlier {
        0 => good(json!([row("t", "open", "194.5")])),
        _ => good(json!([row("t", "open", "195")])),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let outcome = broker.modify(&change()).await.expect("was sent");
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let row = found(broker.resolve_change(&change()).await);
    assert_eq!(Ok(row.price), "195".parse());
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_looked_up_in_the_orders_row() {
    let twin = forgetful(|seen, _| match seen.earlier {
        0..2 => good(json!([row("t", "open", "194.5")])),
        _ => good(json!([row("t", "cancelled", "194.5")])),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let outcome = broker.cancel(&end()).await.expect("was sent");
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    let Resolution::NotThere { row: Some(open), looks: 2, .. } =
        broker.resolve_cancel("26112000001").await
    else {
        panic!("cancelled");
    };
    assert!(!open.is_final(), "as it was seen last");
    assert!(found(broker.resolve_cancel("26112000001").await).is_final());
}
