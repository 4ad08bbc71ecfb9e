//! Orders are sent once, whatever comes back; what was lost is found again.

use std::net::Ipv4Addr;

use smartapi::rest::{
    CancelOrder, Contract, Exchange, ModifyOrder, OrderRow, PlaceOrder, Pricing, Product, Side,
    Variety,
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
    for code in ["AB1004", "AB2000", "AB2001"] {
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
async fn an_order_on_a_dead_session_is_not_repeated_but_the_session_is_new() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::PLACE_ORDER, 0) => dead(),
        (routes::PLACE_ORDER, _) => receipt(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    let Placement::Refused(refusal) = broker.place(order()).await.expect("was sent") else {
        panic!("not refused");
    };
    assert!(refusal.session_renewed && refusal.cause.session_dead(), "{refusal}");
    assert!(refusal.to_string().contains("was not sent again"), "{refusal}");
    assert!(refusal.hint().contains("send the order again"), "{}", refusal.hint());
    assert_eq!(twin.asked(), ["loginByPassword", "placeOrder", "generateTokens"]);
    let placement = broker.place(order()).await.expect("was sent");
    assert!(matches!(placement, Placement::Accepted(_)), "{placement:?}");
    assert_eq!(twin.header(3, "authorization").as_deref(), Some("Bearer jwt-secret-fresh0"));
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
