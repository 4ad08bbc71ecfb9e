//! Every body of every route: written and read back, in all shapes of the envelope.

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::wire::{Decimal, Open, Rows, Rupees, TimeOfDay};

mod lists;
mod samples;

const JSON: Option<&str> = Some("application/json");

/// Reads `body` back as a request and as an answer; all that fails is an error and no panic.
fn survives<T>(body: &T, spoiled: &Spoiled) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = serde_json::to_vec(body).expect("writes");
    let read = parse_request::<T>(&bytes);
    prop_assert_eq!(read.as_ref(), Ok(body));
    let answers = [
        serde_json::to_value(Envelope::success(body)).expect("writes"),
        json!({ "success": true, "message": "SUCCESS", "errorCode": "", "data": body }),
    ];
    for answer in answers {
        let bytes = answer.to_string().into_bytes();
        let read = parse_reply::<T>(200, JSON, &bytes);
        prop_assert_eq!(read.as_ref(), Ok(body));
        let _ = parse_reply::<T>(200, JSON, &spoiled.bytes(&bytes));
    }
    let refusals = [
        json!({ "status": false, "message": "no", "errorcode": "AB1004", "data": body }),
        json!({ "status": "false", "message": "no", "errorcode": "AB1004", "data": "null" }),
        json!({ "success": false, "message": "no", "errorCode": "AG8001", "data": "" }),
        json!({ "message": "no", "data": body }),
    ];
    for refusal in refusals {
        prop_assert!(parse_reply::<T>(200, JSON, refusal.to_string().as_bytes()).is_err());
    }
    for text in ["", RATE_LIMIT_TEXT, "<html>Request Rejected</html>"] {
        prop_assert!(parse_reply::<T>(403, None, text.as_bytes()).is_err());
    }
    let _ = parse_request::<T>(&spoiled.bytes(&bytes));
    let _ = serde_json::from_value::<T>(spoiled.value(serde_json::to_value(body).expect("writes")));
    Ok(())
}

impl Arbitrary for Charge {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    /// Charges of charges of charges.
    fn arbitrary_with((): ()) -> Self::Strategy {
        let charge = |breakup: BoxedStrategy<Vec<Self>>| {
            (any::<String>(), any::<Rupees>(), any::<String>(), breakup)
                .prop_map(|(name, amount, msg, breakup)| Self { name, amount, msg, breakup })
                .boxed()
        };
        let leaf = charge(Just(Vec::new()).boxed());
        let nest = move |inner| charge(prop::collection::vec(inner, 0..3).boxed());
        leaf.prop_recursive(3, 8, 3, nest).boxed()
    }
}

/// A way to spoil a body.
#[derive(Clone, Debug)]
struct Spoiled {
    at: prop::sample::Index,
    byte: u8,
    is_cut: bool,
    value: Value,
}

impl Spoiled {
    /// The text with one byte changed, or cut off.
    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let at = self.at.index(bytes.len());
        if self.is_cut {
            return bytes[..at].to_vec();
        }
        let mut bytes = bytes.to_vec();
        bytes[at] = self.byte;
        bytes
    }

    /// The body with one field replaced.
    fn value(&self, mut body: Value) -> Value {
        if let Value::Object(fields) = &mut body
            && !fields.is_empty()
        {
            let at = self.at.index(fields.len());
            if let Some((_, field)) = fields.iter_mut().nth(at) {
                *field = self.value.clone();
            }
        }
        body
    }
}

fn spoiled() -> impl Strategy<Value = Spoiled> {
    let value = prop::sample::select(vec![
        json!(null),
        json!(""),
        json!("x"),
        json!("- 1.5"),
        json!("1e400"),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ "price": {} }),
    ]);
    (any::<prop::sample::Index>(), any::<u8>(), any::<bool>(), value)
        .prop_map(|(at, byte, is_cut, value)| Spoiled { at, byte, is_cut, value })
}

macro_rules! survive {
    ($($name:ident: $Body:ty,)+) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]

            $(
                #[test]
                fn $name(body in any::<$Body>(), spoiled in spoiled()) {
                    survives(&body, &spoiled)?;
                }
            )+
        }
    };
}

survive! {
    funds: Funds,
    place_order: PlaceOrder,
    modify_order: ModifyOrder,
    cancel_order: CancelOrder,
    order_receipt: OrderReceipt,
    order_book: Rows<OrderRow>,
    one_order: OrderRow,
    trade_book: Rows<TradeRow>,
    positions: Rows<PositionRow>,
    convert_position: ConvertPosition,
    holdings: Rows<HoldingRow>,
    all_holdings: AllHoldings,
    ltp_request: LtpRequest,
    last_price: LastPrice,
    quote_request: QuoteRequest,
    quotes: Quotes,
    history_request: HistoryRequest,
    candles: Rows<Candle>,
    open_interest: Rows<OpenInterestRow>,
    search_request: SearchRequest,
    scrips: Rows<Scrip>,
    create_rule: CreateRule,
    modify_rule: ModifyRule,
    cancel_rule: CancelRule,
    rule_id: RuleId,
    rule_list_request: RuleListRequest,
    rules: Rows<RuleRow>,
    margin_request: MarginRequest,
    margin: Margin,
    charges_request: ChargesRequest,
    charges: ChargesEstimate,
    dis_request: DisRequest,
    dis_status_request: DisStatusRequest,
    dis_status: DisStatus,
    greeks_request: GreeksRequest,
    greeks: Rows<GreeksRow>,
    movers_request: MoversRequest,
    movers: Rows<MoverRow>,
    put_call_ratios: Rows<PutCallRow>,
    build_up_request: BuildUpRequest,
    build_up: Rows<BuildUpRow>,
    intraday_shares: Rows<IntradayRow>,
    cautionary_request: CautionaryRequest,
    cautionary_shares: Rows<CautionaryRow>,
}

proptest! {
    #[test]
    fn numbered_order_rows_are_the_same_rows(row: OrderRow) {
        let text = serde_json::to_string(&row.numbered()).expect("writes");
        prop_assert_eq!(serde_json::from_str::<OrderRow>(&text).expect(&text), row);
    }

    #[test]
    fn session_bodies_survive(words in prop::collection::vec(any::<String>(), 8), some: bool) {
        let word = |place: usize| words[place].clone();
        let state = some.then(|| word(3));
        let login = LoginRequest {
            clientcode: word(0),
            password: word(1),
            totp: word(2),
            state: state.clone(),
        };
        let text = serde_json::to_vec(&login).expect("writes");
        let Ok(read) = parse_request::<LoginRequest>(&text) else { panic!("unreadable") };
        prop_assert!((read.clientcode, read.password, read.totp, read.state)
            == (login.clientcode, login.password, login.totp, login.state));

        let tokens = Tokens { jwt: word(0), refresh: word(1), feed: word(2), state };
        let text = serde_json::to_vec(&Envelope::success(&tokens)).expect("writes");
        let Ok(read) = parse_reply::<Tokens>(200, JSON, &text) else { panic!("unreadable") };
        prop_assert!((read.jwt, read.refresh, read.feed, read.state)
            == (tokens.jwt, tokens.refresh, tokens.feed, tokens.state));

        let profile = Profile {
            clientcode: word(0),
            name: word(1),
            email: word(2),
            mobileno: word(3),
            exchanges: vec![word(4)],
            products: vec![word(5), word(6)],
            lastlogintime: word(7),
            brokerid: String::new(),
        };
        let text = serde_json::to_vec(&Envelope::success(&profile)).expect("writes");
        prop_assert_eq!(parse_reply::<Profile>(200, JSON, &text), Ok(profile));

        let logout = serde_json::to_vec(&LogoutRequest { clientcode: word(0) }).expect("writes");
        let read = parse_request::<LogoutRequest>(&logout).map(|request| request.clientcode);
        prop_assert_eq!(read, Ok(word(0)));
        let refresh = serde_json::to_vec(&RefreshRequest { refresh: word(0) }).expect("writes");
        prop_assert!(parse_request::<RefreshRequest>(&refresh).is_ok_and(|r| r.refresh == word(0)));
    }

    #[test]
    fn bodies_that_name_a_person_survive(words in prop::collection::vec(any::<String>(), 6)) {
        let word = |place: usize| words[place].clone();
        let dis = Dis {
            req_id: word(0),
            return_url: word(1),
            dp_id: word(2),
            boid: word(3),
            transaction: word(4),
            version: word(5),
        };
        let text = serde_json::to_vec(&Envelope::success(&dis)).expect("writes");
        prop_assert!(parse_reply::<Dis>(200, JSON, &text) == Ok(dis));
        let tpin = TpinRequest { dp_id: word(0), req_id: word(1), boid: word(2), pan: word(3) };
        let text = serde_json::to_vec(&tpin).expect("writes");
        prop_assert!(parse_request::<TpinRequest>(&text) == Ok(tpin));
    }

    #[test]
    fn any_bytes_are_a_request_or_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_request::<PlaceOrder>(&bytes);
        let _ = parse_request::<QuoteRequest>(&bytes);
        let _ = parse_request::<HistoryRequest>(&bytes);
        let _ = parse_reply::<Rows<OrderRow>>(200, JSON, &bytes);
    }
}

#[test]
fn a_wrong_field_of_a_request_is_named() {
    let whole = json!({
        "variety": "NORMAL", "tradingsymbol": "SBIN-EQ", "symboltoken": 3045,
        "transactiontype": "BUY", "exchange": "NSE", "ordertype": "MARKET",
        "producttype": "INTRADAY", "duration": "DAY", "quantity": 5
    });
    let read = |body: &Value| parse_request::<PlaceOrder>(body.to_string().as_bytes());
    let order = read(&whole).expect("as other clients send it");
    assert_eq!(
        (order.quantity, order.symboltoken.as_str(), order.price),
        (5, "3045", Rupees::ZERO)
    );
    for (field, value, what) in [
        ("variety", json!("AMO"), "variety: the data is not one of NORMAL, STOPLOSS, ROBO"),
        ("producttype", json!(""), "producttype: the data is not one of DELIVERY, CARRYFORWARD"),
        ("quantity", json!("many"), "quantity: the data is not a whole number"),
        ("quantity", json!(""), "quantity: the data is not a whole number"),
        ("price", json!("secret"), "price: the data is not a number"),
    ] {
        let mut body = whole.clone();
        body[field] = value;
        let fault = read(&body).expect_err(field);
        assert_eq!(fault.field, field);
        assert!(fault.to_string().contains(what), "{fault}");
        assert!(fault.hint().contains(field) && !fault.to_string().contains("secret"));
    }
    let mut short = whole;
    short.as_object_mut().expect("an object").remove("exchange");
    let fault = read(&short).expect_err("no exchange");
    assert_eq!(
        (fault.field.as_str(), fault.what.as_str()),
        ("exchange", "missing field `exchange`")
    );
    for body in ["", "[]", "null", "{} {}"] {
        let fault = parse_request::<PlaceOrder>(body.as_bytes()).expect_err(body);
        assert!(!fault.hint().is_empty() && !fault.what.is_empty(), "{body}");
    }
    let twice = format!("{} 1", json!({ "variety": "NORMAL", "orderid": "1" }));
    let fault = parse_request::<CancelOrder>(twice.as_bytes()).expect_err("two values");
    assert_eq!(fault.what, "there is more than one JSON value");
}

#[test]
fn a_wrong_field_of_an_answer_is_named_without_its_value() {
    let body = json!({ "status": true, "data": [
        { "symboltoken": "1", "tradingsymbol": "A", "netqty": "0" },
        { "symboltoken": "1", "tradingsymbol": "A", "netqty": "secret" },
    ]});
    let error = parse_reply::<Rows<PositionRow>>(200, JSON, body.to_string().as_bytes());
    let error = error.expect_err("a quantity is missing").to_string();
    assert!(error.ends_with("[1].netqty: the data is not a whole number"), "{error}");
}
