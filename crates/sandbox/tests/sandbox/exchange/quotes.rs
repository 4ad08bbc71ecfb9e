//! Prices by REST: they are those of the stream.

use sandbox::{Options, Pacing};
use serde_json::{Value, json};
use smartapi::clock::Wall;
use smartapi::packet::{Packet, decode};
use smartapi::rest::{LastPrice, OrderStatus, QuoteMode, QuoteRequest, Quotes, routes};

use super::{Day, MORNING_MS, limit};

fn asked(mode: QuoteMode, tokens: &[&str]) -> Value {
    json!({ "mode": mode, "exchangeTokens": { "NFO": tokens } })
}

#[test]
fn the_index_beside_the_instrument_has_a_price() {
    let mut day = Day::of(&[10_000, 10_100]);
    day.begin();
    day.pass(1);
    let asked = json!({ "exchange": "NSE", "tradingsymbol": "NIFTY", "symboltoken": "99926000" });
    let last: LastPrice = day.post(routes::LTP, &asked);
    assert_eq!((last.tradingsymbol.as_str(), last.ltp.to_string()), ("Nifty 50", "26002".into()));
    let tokens = json!({ "NSE": ["99926000", "1"], "NFO": ["47338"] });
    let quotes: Quotes =
        day.post(routes::QUOTE, &json!({ "mode": "FULL", "exchangeTokens": tokens }));
    let mut told: Vec<_> = quotes
        .fetched
        .iter()
        .map(|row| (row.trading_symbol.as_str(), row.ltp.to_string()))
        .collect();
    told.sort();
    assert_eq!(told, [("NIFTY28NOV2526000CE", "101".into()), ("Nifty 50", "26002".into())]);
    assert_eq!(quotes.unfetched.len(), 1);
}

#[test]
fn prices_are_there_before_anybody_subscribes() {
    let day = Day::of(&[10_000, 10_500]);
    let body = json!({
        "exchange": "NFO", "tradingsymbol": "NIFTY28NOV2526000CE", "symboltoken": "47338",
    });
    for path in [routes::LTP.to_owned(), format!("/order-service{}", routes::LTP)] {
        let raw: Value = day.post(&path, &body);
        assert_eq!((raw["ltp"].as_f64(), raw["close"].as_f64()), (Some(100.0), Some(100.0)));
        let last: LastPrice = day.post(&path, &body);
        assert_eq!(last.tradingsymbol, "NIFTY28NOV2526000CE");
    }
    let other =
        json!({ "exchange": "NSE", "tradingsymbol": "Nifty Bank", "symboltoken": "99926009" });
    assert_eq!(day.refused(routes::LTP, &other).0, "AB1009");
}

#[test]
fn each_mode_tells_its_own_keys() {
    let day = Day::of(&[10_000]);
    let keys = |mode| {
        let quotes: Value = day.post(routes::QUOTE, &asked(mode, &["47338"]));
        let row = quotes["fetched"][0].as_object().unwrap().clone();
        row.keys().cloned().collect::<Vec<_>>()
    };
    let last = ["exchange", "ltp", "symbolToken", "tradingSymbol"];
    let ohlc = ["close", "exchange", "high", "low", "ltp", "open", "symbolToken", "tradingSymbol"];
    assert_eq!(keys(QuoteMode::Ltp), last);
    assert_eq!(keys(QuoteMode::Ohlc), ohlc);
    assert_eq!(keys(QuoteMode::Full).len(), 23);
}

#[test]
fn a_full_quote_is_the_packet_of_the_stream() {
    let mut day = Day::of(&[10_000, 10_500, 10_400]);
    day.begin();
    day.pass(1);
    let bytes = day.stream.as_mut().unwrap().bytes();
    let Ok(Packet::SnapQuote(packet)) = decode(&bytes) else { panic!("no packet") };
    let body = asked(QuoteMode::Full, &["47338"]);
    let quotes: Quotes = day.post(&format!("{}/", routes::QUOTE), &body);
    let row = &quotes.fetched[0];
    assert_eq!(
        (row.ltp.to_string(), row.net_change.unwrap().to_string()),
        ("105".into(), "5".into())
    );
    assert_eq!(row.percent_change.unwrap().to_string(), "5");
    assert_eq!(row.exch_feed_time, Some(Wall(MORNING_MS / 1000 + 1)));
    assert_eq!(row.trade_volume, Some(150));
    let depth = row.depth.as_ref().unwrap();
    let levels = depth.buy.iter().chain(&depth.sell);
    for (level, sent) in levels.zip(packet.buys().iter().chain(packet.sells())) {
        assert_eq!(level.price.paise(), Some(sent.px.get()));
        assert_eq!((level.quantity, level.orders), (sent.qty.get(), sent.orders.get().into()));
    }
}

#[test]
fn a_token_without_a_quote_fails_alone() {
    let day = Day::of(&[10_000]);
    let quotes: Quotes = day.post(routes::QUOTE, &asked(QuoteMode::Ltp, &["47338", "1", ""]));
    assert_eq!(quotes.fetched.len(), 1);
    let failed: Vec<_> = quotes
        .unfetched
        .iter()
        .map(|row| (row.symbol_token.as_str(), row.error_code.as_str()))
        .collect();
    assert_eq!(failed, [("1", "AB1009"), ("", "AB4018")]);
}

#[test]
fn a_quote_is_for_one_to_fifty_tokens() {
    let day = Day::of(&[10_000]);
    let tokens = vec!["47338"; 51];
    assert_eq!(day.refused(routes::QUOTE, &asked(QuoteMode::Ltp, &tokens)).0, "AB1004");
    assert_eq!(day.refused(routes::QUOTE, &asked(QuoteMode::Ltp, &[])).0, "AB1004");
    let most = asked(QuoteMode::Ltp, &tokens[..50]);
    serde_json::from_value::<QuoteRequest>(most.clone()).unwrap().check().unwrap();
    assert_eq!(day.post::<Quotes>(routes::QUOTE, &most).fetched.len(), 50);
}

#[test]
fn at_full_speed_the_market_is_where_its_fastest_reader_is() {
    let prices: Vec<i64> = (0..20_000).map(|row| 10_000 + row % 7 * 5).collect();
    let pacing = Pacing::FullSpeed;
    let mut day = Day::with(&prices, |options| Options { pacing, ..options });
    // An order that waits, so that the exchange has to look at the rows.
    let receipt = day.place(&limit("BUY", "70.00"));
    day.begin();
    let stream = day.stream.as_mut().unwrap();
    assert_eq!(stream.sequences(19_999).last(), Some(&20_000));
    let quotes: Quotes = day.post(routes::QUOTE, &asked(QuoteMode::Full, &["47338"]));
    assert_eq!(quotes.fetched[0].ltp.paise(), prices.last().copied());
    assert_eq!(quotes.fetched[0].trade_volume, Some(20_000 * 75));
    assert_eq!(day.row(&receipt.orderid).state().known(), Some(OrderStatus::Open));
}
