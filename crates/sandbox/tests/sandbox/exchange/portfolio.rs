//! Funds, positions, their conversion, and holdings.

use serde_json::{Value, json};
use smartapi::rest::{AllHoldings, ConvertPosition, Funds, PositionRow, Product, routes};
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
fn there_are_no_holdings() {
    let day = Day::of(&[10_000]);
    assert_eq!(day.get::<Value>(routes::HOLDINGS), Value::Null);
    let all: AllHoldings = day.get(routes::ALL_HOLDINGS);
    assert!(all.holdings.is_empty());
    assert_eq!(all.totalholding.unwrap().totalholdingvalue, Some(Rupees::ZERO));
}
