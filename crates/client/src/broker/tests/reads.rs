//! Reads: every route, their patience, and what is split into several calls.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use smartapi::rest::{
    BuildUp, BuildUpRequest, CancelOrder, CancelRule, Contract, ConvertPosition, CreateRule,
    DisRequest, Exchange, ExpiryMonth, GreeksRequest, HistoryRequest, Interval, MarginPosition,
    ModifyOrder, ModifyRule, Movers, MoversRequest, OrderType, PlaceOrder, PositionRow, Pricing,
    Product, QuoteMode, RuleListRequest, RuleStatus, Side, TpinRequest, Variety,
};
use smartapi::wire::Rupees;
use tokio::time::Instant;

use super::*;

const QUICK: Pace = Pace {
    answer: Duration::from_millis(300),
    retry: Duration::from_millis(1),
    retries: 4,
    limited_retries: 7,
    queue: Duration::from_secs(30),
    looks: 1,
    between_looks: Duration::ZERO,
};

const OPTION: Contract<'_> =
    Contract { exchange: Exchange::Nfo, tradingsymbol: "NIFTY", symboltoken: "43125" };

/// The least that each route answers.
fn least(seen: &Seen) -> Answer {
    match seen.path.as_str() {
        routes::PLACE_ORDER | routes::MODIFY_ORDER | routes::CANCEL_ORDER => {
            good(json!({ "orderid": "1" }))
        }
        routes::FUNDS => good(json!({ "net": "1.5" })),
        routes::LTP => good(json!({ "ltp": 1.5 })),
        routes::QUOTE => good(json!({ "fetched": [], "unfetched": [] })),
        routes::MARGIN => good(json!({ "totalMarginRequired": 1.5 })),
        routes::CHARGES => good(json!({ "summary": { "total_charges": 1.5 } })),
        routes::EDIS_VERIFY => good(json!({ "ReqId": "1" })),
        routes::EDIS_STATUS => good(json!({ "TransResDtls": { "ReqId": "1" } })),
        routes::GTT_CREATE | routes::GTT_MODIFY | routes::GTT_CANCEL => good(json!({ "id": 7 })),
        routes::GTT_DETAILS => good(json!({ "id": "7", "qty": "1" })),
        routes::LOGIN | routes::GENERATE_TOKENS | routes::PROFILE | routes::LOGOUT => well(seen),
        path if path.ends_with("/details/u-1") => good(json!({ "orderid": "1" })),
        _ => good(Value::Null),
    }
}

fn history(days: i64) -> HistoryRequest {
    let from = 1_790_000_000;
    HistoryRequest {
        exchange: Exchange::Nfo,
        symboltoken: "43125".to_owned(),
        interval: Interval::OneMinute,
        fromdate: smartapi::clock::Wall(from),
        todate: smartapi::clock::Wall(from + days * 86_400),
    }
}

fn rupees(text: &str) -> Rupees {
    text.parse().expect("a price")
}

#[tokio::test]
async fn every_route_has_its_method() {
    let twin = Twin::start(least).await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    broker.renew(&broker.stream_auth().expect("fit")).await.expect("renews");
    ask_the_account(&broker).await.expect("answers");
    change_things(&broker).await.expect("answers");
    ask_the_market(&broker).await.expect("answers");
    broker.logout().await.expect("logs out");
    let seen = twin.seen.lock().expect("whole");
    let asked: BTreeSet<String> =
        seen.iter().map(|seen| seen.path.replace("u-1", "{uniqueorderid}")).collect();
    let known = routes::ROUTES.iter().map(|route| route.path.to_owned()).collect();
    assert_eq!(asked, known);
}

async fn ask_the_account(broker: &Broker) -> Result<(), BrokerError> {
    assert_eq!(broker.profile().await?.clientcode, "A1");
    assert_eq!(broker.funds().await?.net, Some(rupees("1.5")));
    assert!(broker.order_book().await?.is_empty() && broker.trade_book().await?.is_empty());
    assert_eq!(broker.order("u-1").await?.orderid, "1");
    assert!(broker.positions().await?.is_empty() && broker.holdings().await?.is_empty());
    assert!(broker.all_holdings().await?.holdings.is_empty());
    assert_eq!(broker.rule("7").await?.qty, 1);
    let status = vec![RuleStatus::All];
    assert!(broker.rules(&RuleListRequest { status, page: 1, count: 10 }).await?.is_empty());
    assert_eq!(broker.sale_authorisation("1").await?.req_id, "1");
    let position = MarginPosition {
        exchange: Exchange::Nfo,
        qty: 75,
        price: rupees("1"),
        product_type: Product::Intraday,
        token: "43125".to_owned(),
        trade_type: Side::Buy,
        order_type: OrderType::Limit,
    };
    assert_eq!(broker.margin(&[position]).await?.total_margin_required, rupees("1.5"));
    assert!(matches!(broker.margin(&[]).await, Err(BrokerError::Count { was: 0, most: 50, .. })));
    assert_eq!(broker.charges(&[]).await?.summary.total_charges, rupees("1.5"));
    Ok(())
}

async fn change_things(broker: &Broker) -> Result<(), BrokerError> {
    let limit = Pricing::Limit { price: rupees("1") };
    let order = PlaceOrder::new(OPTION, Side::Buy, 75, Product::Intraday, limit)?;
    assert!(matches!(broker.place(order).await?, Placement::Accepted(_)));
    let change = ModifyOrder::new("1", OPTION, 75, Product::Intraday, limit)?;
    assert!(matches!(broker.modify(&change).await?, Outcome::Accepted(_)));
    let end = CancelOrder::new(Variety::Normal, "1")?;
    assert!(matches!(broker.cancel(&end).await?, Outcome::Accepted(_)));
    let position = PositionRow {
        exchange: Exchange::Nfo.into(),
        producttype: Product::Intraday.into(),
        netqty: 75,
        ..PositionRow::default()
    };
    let convert = ConvertPosition::new(&position, Product::CarryForward, 75).expect("fits");
    assert!(matches!(broker.convert(&convert).await?, Outcome::Accepted(())));
    let (id, symboltoken) = ("7".to_owned(), "3045".to_owned());
    let (price, triggerprice, qty, exchange) = (rupees("1"), rupees("1"), 1, Exchange::Nse);
    let rule = CreateRule {
        tradingsymbol: "SBIN-EQ".to_owned(),
        symboltoken: symboltoken.clone(),
        exchange,
        transactiontype: Side::Buy,
        producttype: Product::Delivery,
        price,
        qty,
        triggerprice,
        disclosedqty: None,
        timeperiod: None,
        gtt_type: None,
        stoplossprice: None,
        stoplosstriggerprice: None,
    };
    let Outcome::Accepted(made) = broker.create_rule(&rule).await? else { panic!("refused") };
    assert_eq!(made.id, "7");
    let rule = CancelRule { id: id.clone(), symboltoken: symboltoken.clone(), exchange };
    assert!(matches!(broker.cancel_rule(&rule).await?, Outcome::Accepted(_)));
    let disclosedqty = None;
    let rule = ModifyRule { id, symboltoken, exchange, price, qty, triggerprice, disclosedqty };
    assert!(matches!(broker.modify_rule(&rule).await?, Outcome::Accepted(_)));
    let sale = DisRequest { isin: "INE062A01020".to_owned(), quantity: 1 };
    assert!(matches!(broker.authorise_sale(&sale).await?, Outcome::Accepted(_)));
    let [dp_id, req_id, boid, pan] = ["1", "2", "3", "4"].map(str::to_owned);
    let pin = TpinRequest { dp_id, req_id, boid, pan };
    assert!(matches!(broker.send_tpin(&pin).await?, Outcome::Accepted(())));
    Ok(())
}

async fn ask_the_market(broker: &Broker) -> Result<(), BrokerError> {
    assert!(broker.search("NFO", "nifty").await?.is_empty());
    assert_eq!(broker.ltp(OPTION).await?.ltp, rupees("1.5"));
    let quotes = broker.quotes(QuoteMode::Ltp, &[(Exchange::Nfo, "43125")]).await?;
    assert!(quotes.fetched.is_empty());
    assert!(broker.candles(&history(1), |_, _, _| {}).await?.is_empty());
    assert!(broker.open_interest(&history(1), |_, _, _| {}).await?.is_empty());
    let (name, expirydate) = ("NIFTY".to_owned(), "24NOV2026".to_owned());
    assert!(broker.greeks(&GreeksRequest { name, expirydate }).await?.is_empty());
    let (datatype, expirytype) = (Movers::PriceGainers, ExpiryMonth::Near);
    assert!(broker.movers(&MoversRequest { datatype, expirytype }).await?.is_empty());
    let datatype = BuildUp::Long;
    assert!(broker.build_up(&BuildUpRequest { datatype, expirytype }).await?.is_empty());
    assert!(broker.put_call_ratios().await?.is_empty() && broker.cautionary().await?.is_empty());
    assert!(broker.nse_intraday().await?.is_empty() && broker.bse_intraday().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn reads_of_one_route_wait_for_room_in_its_window() {
    let twin = Twin::start(least).await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let began = Instant::now();
    let (one, two) = tokio::join!(broker.order_book(), broker.order_book());
    assert!(one.is_ok() && two.is_ok(), "neither is refused");
    assert!(began.elapsed() >= Duration::from_secs(1), "one a second: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_read_is_made_again_while_the_broker_is_in_passing_trouble() {
    let trouble = [
        (403, "text/plain", RATE_LIMIT_TEXT.to_owned()),
        (502, "text/html", "<html>".to_owned()),
        (200, "application/json", String::new()),
        (HANG_UP, "", String::new()),
    ];
    for (number, one) in trouble.into_iter().enumerate() {
        let twin = Twin::start(move |seen| match (seen.path.as_str(), seen.earlier) {
            (routes::LTP, 0) => one.clone(),
            _ => least(seen),
        })
        .await;
        let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
        let last = broker.ltp(OPTION).await.expect("the second time");
        assert_eq!(last.ltp, rupees("1.5"));
        assert_eq!(twin.asked(), ["loginByPassword", "getLtpData", "getLtpData"], "{number}");
    }
}

#[tokio::test]
async fn a_read_that_goes_unanswered_is_made_again() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::LTP, 0) => (SILENCE, "", String::new()),
        _ => least(seen),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    broker.ltp(OPTION).await.expect("the second time");
}

#[tokio::test]
async fn a_read_is_not_made_again_for_ever_nor_after_a_refusal() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::LTP => (502, "text/html", "<html>".to_owned()),
        routes::GTT_DETAILS => bad("AB9013", "no such rule"),
        _ => least(seen),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let error = broker.ltp(OPTION).await.expect_err("down");
    assert!(matches!(error.api(), Some(ApiError::Gateway { status: 502 })), "{error}");
    assert_eq!(twin.asked().len(), 1 + 1 + QUICK.retries, "once, and so many times more");
    let error = broker.rule("7").await.expect_err("refused");
    assert_eq!(error.api().and_then(ApiError::code), Some("AB9013"));
    assert_eq!(twin.asked().len(), 1 + 1 + QUICK.retries + 1);
}

#[tokio::test]
async fn the_other_reads_of_a_refused_route_wait_with_it() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::LTP, 0) => (403, "text/plain", RATE_LIMIT_TEXT.to_owned()),
        _ => least(seen),
    })
    .await;
    let pace = Pace { retry: Duration::from_secs(1), ..QUICK };
    let broker = twin.connect_with(NO_KEEPER, pace).await.expect("logs in");
    let answered = || twin.asked().len();
    let other = async {
        while answered() < 2 {
            tokio::task::yield_now().await;
        }
        // The refusal is on its way: it is read before the next turn of this loop's reads.
        broker.funds().await.expect("another route goes on");
        let began = Instant::now();
        broker.ltp(OPTION).await.expect("answers");
        began.elapsed()
    };
    let (first, waited) = tokio::join!(broker.ltp(OPTION), other);
    first.expect("the second time");
    assert!(waited >= Duration::from_millis(100), "{waited:?}");
}

#[tokio::test]
async fn candles_of_a_long_time_are_asked_in_pieces_and_stitched_without_duplicates() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        // The second piece is refused once, and asked for again.
        (routes::CANDLES, 1) => (403, "text/plain", RATE_LIMIT_TEXT.to_owned()),
        (routes::CANDLES, _) => {
            let at = |name: &str| seen.body[name].as_str().expect("text").replace(' ', "T");
            let candle = |at: &str| json!([format!("{at}:00+05:30"), 1, 2, 0.5, 1.5, 10]);
            good(json!([candle(&at("fromdate")), candle(&at("todate"))]))
        }
        _ => least(seen),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let mut told = Vec::new();
    let candles = broker.candles(&history(65), |done, of, _| told.push((done, of))).await;
    let times: Vec<i64> = candles.expect("answers").iter().map(|candle| candle.at.0).collect();
    assert_eq!(told, [(0, 3), (1, 3), (2, 3), (3, 3)]);
    let whole = history(65);
    let minute = |at: i64| at - at % 60;
    assert_eq!(times.first(), Some(&minute(whole.fromdate.0)));
    assert_eq!(times.last(), Some(&minute(whole.todate.0)));
    assert!(times.len() == 4 && times.is_sorted_by(|one, next| one < next), "{times:?}");
    let asked: Vec<String> = (1..5).map(|index| twin.body(index, "fromdate")).collect();
    assert!(asked[0] < asked[1] && asked[1] == asked[2] && asked[2] < asked[3], "{asked:?}");
}

#[tokio::test]
async fn a_piece_of_history_is_waited_for_while_the_rate_limit_lasts_or_the_broker_fails() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::CANDLES, 0) => bad("AB1004", "Something Went Wrong, Please Try After Sometime"),
        (routes::CANDLES, 1..7) => (403, "text/plain", RATE_LIMIT_TEXT.to_owned()),
        (routes::CANDLES, _) => good(json!([["2026-09-21T19:43:00+05:30", 1, 2, 0.5, 1.5, 10]])),
        _ => least(seen),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let candles = broker.candles(&history(1), |_, _, _| {}).await.expect("the eighth time");
    assert_eq!((candles.len(), twin.asked().len()), (1, 1 + 8));
    let waits: Duration = (0..7).map(|doubling| Pace::default().retry * (1 << doubling)).sum();
    assert_eq!(Pace::default().limited_retries, 7);
    assert!(waits > Duration::from_secs(60), "longer than the broker's minute");
}

#[tokio::test]
async fn the_pieces_before_one_that_fails_are_handed_over() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::CANDLES, 0) => good(json!([["2026-09-21T19:43:00+05:30", 1, 2, 0.5, 1.5, 10]])),
        (routes::CANDLES, _) => bad("AB1009", "Symbol Not Found"),
        _ => least(seen),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let mut rows = Vec::new();
    let candles = broker.candles(&history(65), |_, _, more| rows.extend_from_slice(more)).await;
    assert!(candles.is_err() && rows.len() == 1, "{rows:?}");
}

#[tokio::test]
async fn history_that_the_broker_would_refuse_is_not_asked_for() {
    let twin = Twin::start(least).await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let error = broker.candles(&history(-1), |_, _, _| {}).await.expect_err("backwards");
    assert!(matches!(error, BrokerError::History(_)), "{error}");
    assert_eq!(twin.asked(), ["loginByPassword"]);
}

#[tokio::test]
async fn quotes_for_many_tokens_are_asked_by_fifties_and_merged() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::QUOTE => {
            let tokens = seen.body["exchangeTokens"]["NFO"].as_array().expect("a list").clone();
            let row = |token| json!({ "symbolToken": token, "ltp": 1.5 });
            let fetched: Vec<Value> = tokens.into_iter().map(row).collect();
            good(json!({ "fetched": fetched, "unfetched": [{ "symbolToken": "9" }] }))
        }
        _ => least(seen),
    })
    .await;
    let broker = twin.connect_with(NO_KEEPER, QUICK).await.expect("logs in");
    let tokens: Vec<String> = (1..=120).map(|number| number.to_string()).collect();
    let asked: Vec<_> = tokens.iter().map(|token| (Exchange::Nfo, &**token)).collect();
    let quotes = broker.quotes(QuoteMode::Ltp, &asked).await.expect("answers");
    let got: Vec<&str> = quotes.fetched.iter().map(|row| &*row.symbol_token).collect();
    assert_eq!(got, tokens);
    assert_eq!(quotes.unfetched.len(), 3);
    assert_eq!(twin.asked().iter().filter(|path| *path == "quote").count(), 3);
    let error = broker.quotes(QuoteMode::Ltp, &[]).await.expect_err("nothing asked");
    assert!(matches!(error, BrokerError::Quote(_)), "{error}");
}

#[tokio::test]
async fn the_registered_address_goes_into_its_header() {
    let twin = Twin::start(least).await;
    let public_address = Some(Ipv4Addr::new(203, 0, 113, 7));
    let rules = Rules { public_address, ..NO_KEEPER };
    twin.connect_with(rules, QUICK).await.expect("logs in");
    assert_eq!(twin.header(0, "x-clientpublicip").as_deref(), Some("203.0.113.7"));
}
