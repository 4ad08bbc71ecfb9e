//! The broker's lists by REST: of what is played, or empty.

use sandbox::{Instrument, Options};
use serde_json::{Value, json};
use smartapi::packet::ExchangeType;
use smartapi::rest::{BuildUpRow, GreeksRow, IntradayRow, MoverRow, PutCallRow, routes};
use smartapi::wire::{Decimal, Rows};

use super::Day;

/// A day that closed at 100 and stands at 102 after some volume.
fn risen() -> Day {
    let mut day = Day::of(&[[10_000; 20].as_slice(), &[10_200; 5]].concat());
    day.begin();
    day.pass(22);
    day
}

fn share() -> Day {
    let exchange_type = ExchangeType::NSE_CM;
    let (token, symbol) = ("3045".into(), "SBIN-EQ".into());
    let instrument = Instrument { exchange_type, token, symbol, lot_size: 1, tick_paise: 5 };
    Day::with(&[80_000], |options| Options { instrument, ..options })
}

#[test]
fn the_played_option_has_greeks() {
    let day = Day::of(&[10_000]);
    let asked = json!({ "name": "NIFTY", "expirydate": "28NOV2025" });
    let rows: Rows<GreeksRow> = day.post(routes::OPTION_GREEKS, &asked);
    let row = &rows.0[0];
    assert_eq!((row.strike_price.to_string(), row.option_type.as_str()), ("26000".into(), "CE"));
    let delta = row.delta.unwrap().to_f64();
    assert!(delta > 0.5 && delta < 0.6, "{delta}");
    day.pass(1);
    let raw: Value = day.post(routes::OPTION_GREEKS, &asked);
    assert!(raw[0].as_object().unwrap().values().all(Value::is_string), "{raw}");
    for other in [
        json!({ "name": "BANKNIFTY", "expirydate": "28NOV2025" }),
        json!({ "name": "NIFTY", "expirydate": "02DEC2025" }),
    ] {
        day.pass(1);
        assert_eq!(day.post::<Value>(routes::OPTION_GREEKS, &other), Value::Null);
    }
}

#[test]
fn the_played_derivative_gains_or_loses() {
    let day = risen();
    let of = |datatype: &str, expirytype: &str| {
        day.pass(1);
        let body = json!({ "datatype": datatype, "expirytype": expirytype });
        day.post::<Rows<MoverRow>>(routes::GAINERS_LOSERS, &body).0
    };
    let gainers = of("PercPriceGainers", "NEAR");
    assert_eq!(
        (gainers[0].symbol_token, gainers[0].percent_change.unwrap().to_string()),
        (47_338, "2".into())
    );
    let interest = of("PercOIGainers", "NEAR");
    assert!(interest[0].net_change_opn_interest.unwrap().is_positive());
    for (datatype, month) in
        [("PercPriceLosers", "NEAR"), ("PercOILosers", "NEAR"), ("PercPriceGainers", "NEXT")]
    {
        assert!(of(datatype, month).is_empty(), "{datatype} {month}");
    }
}

#[test]
fn price_and_interest_that_rise_are_built_up() {
    let day = risen();
    let of = |datatype: &str| {
        day.pass(1);
        let body = json!({ "datatype": datatype, "expirytype": "NEAR" });
        day.post::<Rows<BuildUpRow>>(routes::OI_BUILDUP, &body).0
    };
    let rows = of("Long Built Up");
    assert_eq!(
        (rows[0].ltp.unwrap().to_string(), rows[0].net_change.unwrap().to_string()),
        ("102".into(), "2".into())
    );
    assert!(of("Short Built Up").is_empty() && of("Long Unwinding").is_empty());
}

#[test]
fn puts_over_calls_of_a_call_are_none() {
    let rows: Rows<PutCallRow> = Day::of(&[10_000]).get(routes::PUT_CALL_RATIO);
    assert!(rows.0[0].pcr.is_some_and(Decimal::is_zero));
    assert_eq!(share().get::<Value>(routes::PUT_CALL_RATIO), Value::Null);
}

#[test]
fn a_played_share_may_be_traded_intraday_on_its_exchange() {
    let day = share();
    let rows: Rows<IntradayRow> = day.get(routes::NSE_INTRADAY);
    assert_eq!(rows.0[0].symbol_name, "SBIN");
    assert_eq!(day.get::<Value>(routes::BSE_INTRADAY), Value::Null);
    assert_eq!(day.get::<Value>(routes::CAUTIONARY), Value::Null);
    let option = Day::of(&[10_000]);
    assert_eq!(option.get::<Value>(routes::NSE_INTRADAY), Value::Null);
}
