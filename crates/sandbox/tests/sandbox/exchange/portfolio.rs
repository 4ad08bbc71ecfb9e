//! Funds, positions, their conversion, and holdings.

use engine::units::Paise;
use sandbox::{Holding, Instrument, Options};
use serde_json::{Value, json};
use smartapi::packet::ExchangeType;
use smartapi::rest::{
    AllHoldings, ConvertPosition, Funds, HoldingRow, PositionRow, Product, routes,
};
use smartapi::wire::{Rows, Rupees};

use super::{Day, limit};

fn positions(day: &Day) -> Vec<PositionRow> {
    day.pass(1);
    day.get::<Rows<PositionRow>>(routes::POSITIONS).0
}

#[test]
fn funds_are_text_and_fall_by_what_is_blocked() {
    let day = Day::of(&[10_000]);
    let raw: Value = day.get(routes::FUNDS);
    assert_eq!(raw["availablecash"], "1000000");
    assert!(
        raw.as_object().unwrap().len() == 14
            && raw.as_object().unwrap().values().all(Value::is_string)
    );
    day.place(&limit("BUY", "70.00"));
    let funds: Funds = day.get(routes::FUNDS);
    let rupees = |amount: i64| Rupees::from_paise(amount * 100);
    assert_eq!(funds.utilisedoptionpremium, rupees(5_250));
    assert_eq!((funds.net, funds.availablecash), (rupees(994_750), rupees(994_750)));
    assert_eq!(funds.utiliseddebits, rupees(5_250));
}

#[test]
fn a_position_opens_is_converted_and_closes() {
    let day = Day::of(&[10_000]);
    assert_eq!(day.get::<Value>(routes::POSITIONS), Value::Null);
    day.place(&limit("BUY", "110.00"));
    let bought = positions(&day);
    let [row] = bought.as_slice() else { panic!("{bought:?}") };
    assert_eq!((row.netqty, row.buyqty, row.sellqty), (75, Some(75), Some(0)));
    let price = row.buyavgprice.unwrap();
    assert_eq!((row.netprice, row.totalbuyavgprice), (Some(price), Some(price)));
    let paid = Rupees::from_raw(price.raw() * 75);
    assert_eq!((row.buyamount, row.netvalue), (Some(paid), Some(Rupees::from_raw(-paid.raw()))));
    assert_eq!((row.ltp.unwrap().to_string(), row.realised), ("100".into(), Some(Rupees::ZERO)));

    let convert = ConvertPosition::new(row, Product::CarryForward, 75).unwrap();
    let convert = serde_json::to_value(convert).unwrap();
    assert_eq!(day.post::<Value>(routes::CONVERT_POSITION, &convert), Value::Null);
    let held = positions(&day);
    let net =
        |product| held.iter().find(|row| row.producttype.known() == Some(product)).unwrap().netqty;
    assert_eq!((net(Product::CarryForward), net(Product::Intraday)), (75, 0));
    let (code, _) = day.refused(routes::CONVERT_POSITION, &convert);
    assert_eq!(code, "AB1016", "there is nothing left to convert");

    let mut sale = limit("SELL", "90.00");
    sale["producttype"] = json!("CARRYFORWARD");
    day.place(&sale);
    assert!(positions(&day).iter().all(|row| row.netqty == 0));
}

#[test]
fn a_conversion_names_the_played_instrument() {
    let day = Day::of(&[10_000]);
    let body = json!({
        "exchange": "NFO", "symboltoken": "1", "oldproducttype": "INTRADAY",
        "newproducttype": "CARRYFORWARD", "transactiontype": "BUY", "quantity": 75, "type": "DAY",
    });
    assert_eq!(day.refused(routes::CONVERT_POSITION, &body).0, "AB1009");
}

#[test]
fn without_holdings_the_list_is_null() {
    let day = Day::of(&[10_000]);
    assert_eq!(day.get::<Value>(routes::HOLDINGS), Value::Null);
    let all: AllHoldings = day.get(routes::ALL_HOLDINGS);
    assert!(all.holdings.is_empty());
    assert_eq!(all.totalholding.unwrap().totalholdingvalue, Some(Rupees::ZERO));
}

#[test]
fn holdings_that_are_given_have_rows_and_a_sum() {
    let exchange_type = ExchangeType::NSE_CM;
    let (token, symbol) = ("3045".to_owned(), "SBIN-EQ".to_owned());
    let instrument = Instrument { exchange_type, token, symbol, lot_size: 1, tick_paise: 5 };
    let holding = |symbol: &str, token: &str, qty, average| {
        let (symbol, token) = (symbol.to_owned(), token.to_owned());
        Holding { symbol, token, qty, average: Paise(average) }
    };
    let holdings =
        vec![holding("SBIN-EQ", "3045", 10, 70_000), holding("TCS-EQ", "11", 2, 300_000)];
    let day = Day::with(&[80_000], |options| Options { instrument, holdings, ..options });
    let rows: Rows<HoldingRow> = day.get(routes::HOLDINGS);
    let told: Vec<_> =
        rows.0.iter().map(|row| (row.tradingsymbol.as_str(), row.quantity)).collect();
    assert_eq!(told, [("SBIN-EQ", 10), ("TCS-EQ", 2)]);
    let text = |rupees: Option<Rupees>| rupees.unwrap().to_string();
    let played = &rows.0[0];
    assert_eq!((played.isin.len(), played.symboltoken.as_str()), (12, "3045"));
    assert_eq!((text(played.ltp), text(played.profitandloss)), ("800".into(), "1000".into()));
    assert_eq!(text(rows.0[1].profitandloss), "0");
    day.pass(1);
    let all: AllHoldings = day.get(routes::ALL_HOLDINGS);
    assert_eq!(all.holdings, rows.0);
    let total = all.totalholding.unwrap();
    let sums = [total.totalholdingvalue, total.totalinvvalue, total.totalprofitandloss].map(text);
    assert_eq!(sums, ["14000", "13000", "1000"]);
    assert_eq!(total.totalpnlpercentage.unwrap().to_string(), "7.69");
}
