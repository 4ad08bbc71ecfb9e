//! Answers as the documentation prints them, and what they mean.

use super::*;
use crate::clock::Wall;

pub(super) fn data<T: DeserializeOwned>(data: &Value) -> T {
    let body = json!({ "status": true, "message": "SUCCESS", "errorcode": "", "data": data });
    match parse_reply(200, JSON, body.to_string().as_bytes()) {
        Ok(read) => read,
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn rupees(text: &str) -> Rupees {
    text.parse().expect("an amount")
}

#[test]
fn an_empty_book_is_null_and_has_no_rows() {
    assert_eq!(data::<Rows<OrderRow>>(&Value::Null).0, []);
    assert_eq!(data::<Rows<TradeRow>>(&json!("null")).0, []);
    assert_eq!(data::<Rows<PositionRow>>(&json!("")).0, []);
    assert_eq!(data::<Rows<Candle>>(&json!([])).0, []);
    let written = serde_json::to_value(Envelope::success(Rows::<OrderRow>::default()));
    assert_eq!(written.expect("writes")["data"], Value::Null);
}

#[test]
fn the_order_book_is_text_and_sometimes_not() {
    let book: Rows<OrderRow> = data(&json!([{
        "variety": "NORMAL", "ordertype": "LIMIT", "producttype": "INTRADAY", "duration": "DAY",
        "price": "194.00", "triggerprice": "0", "quantity": "2", "disclosedquantity": "0",
        "squareoff": "0", "stoploss": "0", "trailingstoploss": "0", "tradingsymbol": "SBIN-EQ",
        "transactiontype": "BUY", "exchange": "NSE", "symboltoken": null, "instrumenttype": "",
        "strikeprice": "-1", "optiontype": "", "expirydate": "", "lotsize": "1",
        "cancelsize": "1", "averageprice": "193.95", "filledshares": "1", "unfilledshares": "1",
        "orderid": 201_020_000_000_080_u64, "text": "", "status": "cancelled",
        "orderstatus": "cancelled", "updatetime": "20-Oct-2020 13:10:59", "exchtime": "",
        "exchorderupdatetime": null, "fillid": "", "filltime": "", "parentorderid": "",
        "uniqueorderid": "34reqfachdfih", "exchangeorderid": "1100000000048358"
    }]));
    let [row] = book.0.as_slice() else { panic!("{book:?}") };
    assert_eq!((row.price, row.averageprice), (rupees("194"), rupees("193.95")));
    assert_eq!((row.orderid.as_str(), row.symboltoken.as_str()), ("201020000000080", ""));
    assert_eq!((row.updatetime, row.exchtime), (Some(Wall(1_603_179_659)), None));
    assert_eq!((row.is_final(), row.filled(), row.unfilled()), (true, 1, 0));
    assert_eq!(row.strike(), None);
    let written = serde_json::to_value(row).expect("writes");
    assert_eq!((&written["price"], &written["quantity"]), (&json!("194"), &json!("2")));
    let numbers = serde_json::to_value(row.numbered()).expect("writes");
    assert_eq!((&numbers["price"], &numbers["quantity"]), (&json!(194.0), &json!("2")));
    assert_eq!(numbers["strikeprice"], json!(-1.0));
}

#[test]
fn an_open_order_tells_what_is_left_of_it() {
    let row = |filled, unfilled, status| OrderRow {
        quantity: Some(150),
        filledshares: filled,
        unfilledshares: unfilled,
        orderstatus: status,
        ..OrderRow::default()
    };
    let open = || Open::Known(OrderStatus::Open);
    assert_eq!(row(Some(75), Some(75), open()).unfilled(), 75);
    assert_eq!(row(Some(75), None, open()).unfilled(), 75);
    assert_eq!(row(None, None, open()).unfilled(), 150);
    assert_eq!(row(Some(150), Some(0), Open::Known(OrderStatus::Complete)).unfilled(), 0);
    let strange = row(Some(75), Some(75), Open::Other("frozen".into()));
    assert!(!strange.is_final() && strange.unfilled() == 75);
    let by_status = OrderRow { status: Open::Known(OrderStatus::Rejected), ..OrderRow::default() };
    assert!(by_status.is_final());
    let ends = [OrderStatus::Complete, OrderStatus::Rejected, OrderStatus::Cancelled];
    for &status in <OrderStatus as crate::wire::Word>::ALL {
        let ended = ends.contains(&status) || status == OrderStatus::AfterMarketCancelled;
        assert_eq!(status.is_final(), ended, "{status}");
    }
}

#[test]
fn trades_positions_and_funds_are_read_as_printed() {
    let trade: Rows<TradeRow> = data(&json!([{
        "exchange": "NSE", "producttype": "DELIVERY", "tradingsymbol": "ITC-EQ",
        "instrumenttype": "", "symbolgroup": "EQ", "strikeprice": "-1", "optiontype": "",
        "expirydate": "", "marketlot": "1", "precision": "2", "multiplier": "-1",
        "tradevalue": "175.00", "transactiontype": "BUY", "fillprice": "175.00", "fillsize": "1",
        "orderid": "201020000000095", "fillid": "50005750", "filltime": "13:27:53"
    }]));
    assert_eq!((trade.0[0].fillprice, trade.0[0].fillsize), (rupees("175"), 1));
    assert_eq!(trade.0[0].filltime, Some(TimeOfDay(48_473)));

    let position: Rows<PositionRow> = data(&json!([{
        "exchange": "NSE", "symboltoken": "2885", "producttype": "DELIVERY",
        "tradingsymbol": "RELIANCE-EQ", "symbolname": "RELIANCE", "priceden": "1",
        "multiplier": "-1", "buyqty": "1", "sellqty": "0", "buyamount": "2235.80",
        "netvalue": "- 2235.80", "netqty": "-1", "cfbuyqty": "", "pnl": "12.3456"
    }]));
    let [position] = position.0.as_slice() else { panic!("{position:?}") };
    assert_eq!((position.netvalue, position.netqty), (Some(rupees("-2235.8")), -1));
    assert_eq!((position.cfbuyqty, position.pnl), (None, Some(rupees("12.3456"))));

    let convert = ConvertPosition::new(position, Product::Intraday, 1).expect("one of one");
    assert_eq!((convert.transactiontype, convert.oldproducttype), (Side::Sell, Product::Delivery));
    let written = serde_json::to_value(&convert).expect("writes");
    assert_eq!((&written["quantity"], &written["buyqty"]), (&json!(1), &json!("1")));
    assert_eq!((&written["type"], &written["multiplier"]), (&json!("DAY"), &json!("-1")));
    let same = Product::Delivery;
    let strange = PositionRow { producttype: Open::Other("CNC".into()), ..position.clone() };
    for (fault, part) in [
        (ConvertPosition::new(position, Product::Intraday, 2), "was 2, 1 to the 1 units"),
        (ConvertPosition::new(position, Product::Intraday, 0), "was 0"),
        (ConvertPosition::new(position, same, 1), "was DELIVERY"),
        (ConvertPosition::new(position, Product::Bracket, 1), "was BO"),
        (
            ConvertPosition::new(&strange, Product::Intraday, 1),
            "producttype of the position was \"CNC\"",
        ),
    ] {
        let fault = fault.expect_err(part);
        assert!(fault.to_string().contains(part) && !fault.hint().is_empty(), "{fault}");
    }

    let funds: Funds =
        data(&json!({ "net": "9999999999999", "availablecash": "0.1234", "collateral": null }));
    assert_eq!(funds.net.map(|net| net.to_string()).as_deref(), Some("9999999999999"));
    assert_eq!((funds.availablecash, funds.collateral), (Some(rupees("0.1234")), None));
}

#[test]
fn a_profile_lists_its_products_in_either_form() {
    let text = json!({
        "clientcode": "A1", "exchanges": "[ \"NSE\", \"NFO\" ]", "products": ["DELIVERY"],
        "broker": "B2C"
    });
    let profile: Profile = data(&text);
    assert_eq!((profile.exchanges.len(), profile.products.len()), (2, 1));
    assert_eq!((profile.exchanges[1].as_str(), profile.brokerid.as_str()), ("NFO", "B2C"));
}

#[test]
fn holdings_are_numbers_with_gaps() {
    let all: AllHoldings = data(&json!({
        "holdings": [{
            "tradingsymbol": "TATASTEEL-EQ", "exchange": "NSE", "isin": "INE081A01020",
            "t1quantity": 0, "realisedquantity": 2, "quantity": 2, "authorisedquantity": 0,
            "product": "DELIVERY", "collateralquantity": null, "collateraltype": null,
            "haircut": 0, "averageprice": 111.87, "ltp": 130.15, "symboltoken": "3499",
            "close": 129.6, "profitandloss": 37, "pnlpercentage": 16.34
        }],
        "totalholding": { "totalholdingvalue": 5294, "totalinvvalue": 5116,
            "totalprofitandloss": 178.14, "totalpnlpercentage": 3.48 }
    }));
    let row = &all.holdings[0];
    assert_eq!((row.averageprice, row.collateralquantity), (Some(rupees("111.87")), None));
    assert_eq!(row.pnlpercentage.map(Decimal::raw), Some(16_340_000));
    let total = all.totalholding.expect("sums");
    assert_eq!(total.totalprofitandloss, Some(rupees("178.14")));
    assert_eq!(
        data::<AllHoldings>(&json!({ "holdings": null, "totalholding": null })).holdings,
        []
    );
}

#[test]
fn quotes_tell_what_their_mode_tells() {
    let quotes: Quotes = data(&json!({
        "fetched": [{
            "exchange": "NSE", "tradingSymbol": "SBIN-EQ", "symbolToken": "3045", "ltp": 568.2,
            "open": 567.4, "high": 569.35, "low": 566.1, "close": 567.4, "lastTradeQty": 1,
            "exchFeedTime": "21-Jun-2023 10:46:10", "exchTradeTime": "21-Jun-2023 10:46:09",
            "netChange": 0.8, "percentChange": 0.14, "avgPrice": 567.83, "tradeVolume": 3556150,
            "opnInterest": 0, "lowerCircuit": 510.7, "upperCircuit": 624.1, "totBuyQuan": 839549,
            "totSellQuan": 1284767, "52WeekLow": 430.7, "52WeekHigh": 629.55,
            "depth": { "buy": [{ "price": 568.2, "quantity": 511, "orders": 2 }], "sell": [] }
        }],
        "unfetched": [{ "exchange": "MCX", "symbolToken": "",
            "message": "Symbol token cannot be empty", "errorCode": "AB4018" }]
    }));
    let row = &quotes.fetched[0];
    assert_eq!((row.ltp, row.high_52_week), (rupees("568.20"), Some(rupees("629.55"))));
    assert_eq!(row.exch_feed_time, Some(Wall(1_687_324_570)));
    let depth = row.depth.as_ref().expect("a book");
    assert_eq!((depth.buy[0].price, depth.buy[0].orders), (rupees("568.2"), 2));
    assert_eq!(quotes.unfetched[0].error_code, "AB4018");

    let short =
        QuoteRow { symbol_token: "3045".into(), ltp: rupees("1.05"), ..QuoteRow::default() };
    let written = serde_json::to_value(short).expect("writes");
    let expected =
        json!({ "exchange": "", "tradingSymbol": "", "symbolToken": "3045", "ltp": 1.05 });
    assert_eq!(written, expected);
    let text: LastPrice = data(&json!({ "symboltoken": 3048, "ltp": "191", "close": "187.80" }));
    assert_eq!((text.ltp, text.close, text.open), (rupees("191"), Some(rupees("187.8")), None));
}

#[test]
fn a_quote_asks_for_fifty_tokens_at_most() {
    let tokens: Vec<String> = (1..=51).map(|token| token.to_string()).collect();
    let ask = |count: usize| {
        let tokens = tokens[..count].iter().map(|token| (Exchange::Nfo, token.as_str()));
        QuoteRequest::new(QuoteMode::Full, tokens)
    };
    let request = ask(50).expect("fifty");
    assert_eq!(request.count(), 50);
    let written = serde_json::to_value(request).expect("writes");
    assert_eq!(written["exchangeTokens"]["NFO"][1], "2");
    assert_eq!(written["mode"], "FULL");
    let empty = QuoteRequest::new(QuoteMode::Ltp, [(Exchange::Mcx, "")]);
    for (fault, part) in [(ask(51), "51 tokens"), (ask(0), "0 tokens"), (empty, "of MCX was empty")]
    {
        let fault = fault.expect_err(part);
        assert!(fault.to_string().contains(part) && !fault.hint().is_empty(), "{fault}");
    }
}

#[test]
fn candles_and_open_interest_are_read_as_printed() {
    let candles: Rows<Candle> =
        data(&json!([["2023-09-06T11:15:00+05:30", 19571.2, 19573.35, 19534.4, 19552.05, 0]]));
    let [candle] = candles.0.as_slice() else { panic!("{candles:?}") };
    assert_eq!((candle.at, candle.low), (Wall(1_693_979_100), rupees("19534.4")));
    let written = serde_json::to_value(candle).expect("writes");
    assert_eq!(written[0], "2023-09-06T11:15:00+05:30");
    let interest: Rows<OpenInterestRow> =
        data(&json!([{ "time": "2024-08-19T12:24:00+05:30", "oi": 166_100 }]));
    assert_eq!((interest.0[0].at, interest.0[0].oi), (Wall(1_724_050_440), 166_100));
}

fn history(interval: Interval, days: i64) -> HistoryRequest {
    let fromdate = Wall(1_693_979_100);
    HistoryRequest {
        exchange: Exchange::Nfo,
        symboltoken: "46823".into(),
        interval,
        fromdate,
        todate: Wall(fromdate.0 + days * 86_400),
    }
}

#[test]
fn history_is_asked_in_indian_time_and_within_its_days() {
    let request = history(Interval::ThreeMinutes, 60);
    assert_eq!(request.check(), Ok(()));
    let written = serde_json::to_value(&request).expect("writes");
    assert_eq!(
        (&written["fromdate"], &written["interval"]),
        (&json!("2023-09-06 11:15"), &json!("THREE_MINUTE"))
    );
    for &interval in <Interval as crate::wire::Word>::ALL {
        assert_eq!(history(interval, interval.most_days()).check(), Ok(()));
        assert!(history(interval, interval.most_days() + 1).check().is_err());
        assert!(interval.seconds() >= 60);
    }
    for (bad, part) in [
        (history(Interval::OneMinute, 31), "ONE_MINUTE gives at most 30 days"),
        (history(Interval::OneDay, -1), "fromdate was 86400 s after todate"),
        (HistoryRequest { symboltoken: "x".into(), ..request.clone() }, "symboltoken was \"x\""),
        (HistoryRequest { exchange: Exchange::Cds, ..request }, "exchange was CDS"),
    ] {
        let fault = bad.check().expect_err(part);
        assert!(fault.to_string().contains(part) && !fault.hint().is_empty(), "{fault}");
    }
}

#[test]
fn an_order_is_answered_with_its_ids() {
    let receipt: OrderReceipt = data(&json!({
        "script": "SBIN-EQ", "orderid": "200910000000111", "uniqueorderid": "34reqfachdfih"
    }));
    assert_eq!(
        (receipt.orderid.as_str(), receipt.script.as_deref()),
        ("200910000000111", Some("SBIN-EQ"))
    );
    let body = json!({ "status": true, "data": { "script": "SBIN-EQ" } }).to_string();
    let none = parse_reply::<OrderReceipt>(200, JSON, body.as_bytes());
    assert!(none.expect_err("no id").to_string().contains("missing field `orderid`"));
}
