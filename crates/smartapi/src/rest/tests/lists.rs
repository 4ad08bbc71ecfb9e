//! Answers of the rarer routes as the documentation prints them.

use super::samples::{data, rupees};
use super::*;
use crate::clock::Wall;

fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok()
}

#[test]
fn margins_are_numbers() {
    let margin: Margin = data(&json!({
        "totalMarginRequired": 29612.35,
        "marginComponents": { "netPremium": 5060, "spanMargin": 0, "marginBenefit": 79876.5,
            "deliveryMargin": 0, "nonNFOMargin": 0, "totOptionsPremium": 10100 },
        "marginBreakup": [], "optionsBuy": {}
    }));
    assert_eq!(margin.total_margin_required, rupees("29612.35"));
    let parts = margin.margin_components.expect("parts");
    assert_eq!(
        (parts.margin_benefit, parts.non_nfo_margin),
        (Some(rupees("79876.5")), Some(rupees("0")))
    );
    let asked = json!({ "exchange": "NFO", "qty": "50", "price": 0, "productType": "INTRADAY",
        "token": 67300, "tradeType": "BUY" });
    let position: MarginPosition = serde_json::from_value(asked).expect("LIMIT is understood");
    let written = serde_json::to_value(position).expect("writes");
    assert_eq!((&written["orderType"], &written["qty"]), (&json!("LIMIT"), &json!(50)));
    assert_eq!((&written["token"], &written["price"]), (&json!("67300"), &json!(0.0)));
}

#[test]
fn charges_consist_of_charges() {
    let taxes = json!({ "name": "Taxes", "amount": 0.1036, "msg": "", "breakup": [
        { "name": "GST", "amount": 0.1036, "msg": "", "breakup": [] }
    ]});
    let estimate: ChargesEstimate = data(&json!({
        "summary": { "total_charges": 3.0796, "trade_value": 16000, "breakup": [taxes] },
        "charges": [{ "total_charges": 1.5162, "trade_value": 8000, "breakup": taxes }]
    }));
    assert_eq!(estimate.summary.total_charges, rupees("3.0796"));
    assert_eq!(estimate.summary.breakup[0].breakup[0].amount, rupees("0.1036"));
    assert_eq!(estimate.charges[0].breakup, estimate.summary.breakup);
    let request = ChargesRequest {
        orders: vec![ChargesOrder {
            product_type: Product::Delivery,
            transaction_type: Side::Buy,
            quantity: 10,
            price: rupees("800"),
            exchange: Exchange::Nse,
            symbol_name: "SBIN-EQ".into(),
            token: "3045".into(),
        }],
    };
    let written = serde_json::to_value(request).expect("writes");
    assert_eq!(
        (&written["orders"][0]["quantity"], &written["orders"][0]["price"]),
        (&json!("10"), &json!("800"))
    );
}

#[test]
fn rules_come_as_a_list_or_alone() {
    let rule = json!({
        "status": "NEW", "createddate": "2020-11-16T14:19:51Z", "updateddate": "",
        "expirydate": "2021-11-16T14:19:51Z", "clientid": "100", "tradingsymbol": "SBIN-EQ",
        "symboltoken": "3045", "exchange": "NSE", "transactiontype": "BUY",
        "producttype": "DELIVERY", "price": "195", "qty": 1, "triggerprice": 196.5,
        "disclosedqty": "10"
    });
    let alone: Rows<RuleRow> = data(&rule);
    assert_eq!(alone, data(&json!([rule])));
    let row = &alone.0[0];
    assert_eq!((row.createddate, row.updateddate), (Some(Wall(1_605_536_391)), None));
    assert_eq!((row.status.known(), row.triggerprice), (Some(RuleStatus::New), rupees("196.50")));
    assert_eq!(serde_json::to_value(row).expect("writes")["createddate"], "2020-11-16T14:19:51Z");
    assert_eq!(data::<RuleId>(&json!({ "id": 77 })).id, "77");
}

#[test]
fn a_rule_needs_its_prices() {
    let rule = CreateRule {
        tradingsymbol: "SBIN-EQ".into(),
        symboltoken: "3045".into(),
        exchange: Exchange::Nse,
        transactiontype: Side::Buy,
        producttype: Product::Delivery,
        price: rupees("195"),
        qty: 1,
        triggerprice: rupees("196"),
        disclosedqty: None,
        timeperiod: Some(20),
        gtt_type: None,
        stoplossprice: None,
        stoplosstriggerprice: None,
    };
    assert_eq!(rule.check(), Ok(()));
    let written = serde_json::to_value(&rule).expect("writes");
    assert_eq!((&written["price"], &written["timeperiod"]), (&json!("195"), &json!("20")));
    assert!(written.get("gttType").is_none());
    assert_eq!(written["disclosedqty"], "0", "it has to be there");
    let oco = CreateRule { gtt_type: Some(RuleKind::Oco), ..rule.clone() };
    assert!(matches!(oco.check(), Err(OrderFault::Price { .. })));
    let half = CreateRule { stoplossprice: Some(rupees("190")), ..oco };
    assert!(matches!(half.check(), Err(OrderFault::Trigger { .. })));
    let whole = CreateRule { stoplosstriggerprice: Some(rupees("191")), ..half };
    assert_eq!(whole.check(), Ok(()));
    assert_eq!(serde_json::to_value(&whole).expect("writes")["gttType"], "OCO");
    for bad in [
        CreateRule { qty: 0, ..rule.clone() },
        CreateRule { disclosedqty: Some(2), ..rule.clone() },
        CreateRule { price: Rupees::ZERO, ..rule.clone() },
        CreateRule { triggerprice: Rupees::ZERO, ..rule.clone() },
        CreateRule { tradingsymbol: String::new(), ..rule },
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
}

#[test]
fn an_odd_decoration_takes_no_row_away() {
    let trades: Rows<TradeRow> = data(&json!([{
        "orderid": "1", "fillprice": "10.5", "fillsize": "75", "multiplier": "0.5", "marketlot": "-",
        "precision": [], "tradevalue": "n/a", "filltime": "28-Nov-2025 09:15:00",
    }]));
    let trade = &trades.0[0];
    assert_eq!((trade.fillsize, trade.multiplier, trade.filltime), (75, None, None));
    let orders: Rows<OrderRow> = data(&json!([{
        "orderid": "1", "quantity": "75", "exchtime": "-", "updatetime": "soon", "lotsize": {},
    }]));
    assert_eq!((orders.0[0].quantity, orders.0[0].exchtime), (Some(75), None));
    let ratios: Rows<PutCallRow> = data(&json!([{ "pcr": null, "tradingSymbol": "X" }]));
    assert_eq!(ratios.0[0].pcr, None);
    for strict in [
        json!([{ "orderid": "1", "fillprice": "-", "fillsize": "75" }]),
        json!([{ "orderid": "1", "fillprice": "1", "fillsize": "0.5" }]),
    ] {
        assert!(serde_json::from_value::<Rows<TradeRow>>(strict).is_err());
    }
    assert!(serde_json::from_value::<OrderRow>(json!({ "quantity": "-" })).is_err());
}

#[test]
fn an_authorisation_is_told_by_its_status() {
    let status: DisStatus = data(&json!({ "TransResDtls": {
        "ReqId": "1278983622820067", "ReqType": "D", "ResId": "1603202259241073",
        "ResStatus": "0", "ResTime": "17032022000022", "ResError": "", "Remarks": "",
        "RecordResDtls": [
            { "TxnReqId": "7659729424908225", "TxnId": "1", "Status": "0", "Errorcode": "" },
            { "TxnReqId": "7659729424908226", "TxnId": "2", "Status": 1, "Errorcode": "" }
        ]
    }}));
    let allowed: Vec<bool> = status.result.records.iter().map(DisRecord::is_authorised).collect();
    assert_eq!(allowed, [false, true]);
    let again = json!({ "status": false, "message": "already", "errorcode": "AG1000",
        "data": { "ReqId": "0390624715013748", "ReturnURL": null, "version": "1.1" } });
    let Err(error) = parse_reply::<Dis>(200, JSON, again.to_string().as_bytes()) else {
        panic!("a refusal")
    };
    assert_eq!(error.code(), Some("AG1000"));
}

#[test]
fn compiled_lists_are_read_as_printed() {
    let greeks: Rows<GreeksRow> = data(&json!([{
        "name": "TCS", "expiry": "25JAN2024", "strikePrice": "3900.000000", "optionType": "CE",
        "delta": "0.492400", "gamma": "0.002800", "theta": "-4.091800", "vega": "2.296700",
        "impliedVolatility": "16.330000", "tradeVolume": "24048.00"
    }]));
    let row = &greeks.0[0];
    assert_eq!((row.strike_price, row.theta), (rupees("3900"), decimal("-4.0918")));
    assert_eq!((row.implied_volatility, row.trade_volume), (decimal("16.33"), decimal("24048")));

    let movers: Rows<MoverRow> = data(&json!([{
        "tradingSymbol": "HDFCBANK25JAN24FUT", "percentChange": 20.02, "symbolToken": 55394,
        "opnInterest": 118861600, "netChangeOpnInterest": 1.98253E7
    }]));
    assert_eq!(
        (movers.0[0].symbol_token, movers.0[0].net_change_opn_interest),
        (55_394, decimal("19825300"))
    );

    let ratios: Rows<PutCallRow> =
        data(&json!([{ "pcr": 1.04, "tradingSymbol": "NIFTY25JAN24FUT" }]));
    assert_eq!(ratios.0[0].pcr, decimal("1.04"));

    let build_up: Rows<BuildUpRow> = data(&json!([{
        "symbolToken": "55424", "ltp": "723.8", "netChange": "-28.25", "percentChange": "-3.76",
        "opnInterest": "24982.5", "netChangeOpnInterest": "-76.25",
        "tradingSymbol": "JINDALSTEL25JAN24FUT"
    }]));
    assert_eq!(
        (build_up.0[0].ltp, build_up.0[0].opn_interest),
        (Some(rupees("723.80")), decimal("24982.5"))
    );

    let shares: Rows<IntradayRow> = data(&json!([
        { "exchange": "NSE", "SymbolName": "CHEMPLASTS", "Multiplier": "5.0" },
        { "Exchange": "BSE", "SymbolName": "ARE&M", "Multiplier": 1 }
    ]));
    assert_eq!(
        (shares.0[1].exchange.known(), shares.0[0].multiplier),
        (Some(Exchange::Bse), decimal("5"))
    );

    let warned: Rows<CautionaryRow> =
        data(&json!([{ "token": "532083", "symbol": "SHKALYN", "message": "Trade for Trade" }]));
    assert_eq!(warned.0[0].token, "532083");
}

#[test]
fn requests_for_lists_use_the_brokers_words() {
    let movers = MoversRequest { datatype: Movers::OiGainers, expirytype: ExpiryMonth::Near };
    let written = serde_json::to_value(movers).expect("writes");
    assert_eq!(written, json!({ "datatype": "PercOIGainers", "expirytype": "NEAR" }));
    let build_up = BuildUpRequest { datatype: BuildUp::Short, expirytype: ExpiryMonth::Far };
    let written = serde_json::to_value(build_up).expect("writes");
    assert_eq!(written, json!({ "datatype": "Short Built Up", "expirytype": "FAR" }));
}
