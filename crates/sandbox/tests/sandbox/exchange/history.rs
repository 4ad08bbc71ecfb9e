//! Candles and open interest by REST.

use serde_json::{Value, json};
use smartapi::clock::Wall;
use smartapi::rest::{Candle, OpenInterestRow, routes};
use smartapi::wire::Rupees;

use super::{Day, MORNING_MS};

fn asked(interval: &str, from: &str, to: &str) -> Value {
    json!({
        "exchange": "NFO", "symboltoken": "47338", "interval": interval, "fromdate": from,
        "todate": to,
    })
}

fn of_the_day(interval: &str) -> Value {
    asked(interval, "2025-10-01 09:15", "2025-10-01 15:30")
}

#[test]
fn candles_are_of_what_has_been_played() {
    let prices: Vec<i64> = (0..130).map(|second| 10_000 + 5 * second).collect();
    let mut day = Day::of(&prices);
    let before: Vec<Candle> = day.post(routes::CANDLES, &of_the_day("ONE_MINUTE"));
    assert_eq!((before.len(), before[0].close.paise()), (1, Some(10_000)));
    day.begin();
    day.pass(100);
    let candles: Vec<Candle> = day.post(routes::CANDLES, &of_the_day("ONE_MINUTE"));
    let paise = |paise| Rupees::from_paise(paise).unwrap();
    let first = Candle {
        at: Wall(MORNING_MS / 1000),
        open: paise(10_000),
        high: paise(10_295),
        low: paise(10_000),
        close: paise(10_295),
        volume: 60 * 75,
    };
    assert_eq!(candles[0], first);
    assert_eq!((candles.len(), candles[1].close, candles[1].volume), (2, paise(10_500), 41 * 75));
    let raw: Value = day.post(routes::CANDLES, &of_the_day("FIVE_MINUTE"));
    assert_eq!(raw[0][0], "2025-10-01T09:35:00+05:30", "counted from 09:15");
    assert!(raw[0][1].is_f64() && raw[0][5].is_i64());
}

#[test]
fn the_open_interest_grows_with_the_volume() {
    let mut day = Day::of(&[10_000; 130]);
    day.begin();
    day.pass(125);
    let rows: Vec<OpenInterestRow> = day.post(routes::OPEN_INTEREST, &of_the_day("ONE_MINUTE"));
    assert_eq!(rows.len(), 3);
    assert!(rows.is_sorted_by_key(|row| (row.at, row.oi)) && rows[0].oi > 0);
}

#[test]
fn a_day_without_rows_has_no_candles() {
    let day = Day::of(&[10_000]);
    let other = asked("ONE_MINUTE", "2025-10-02 09:15", "2025-10-02 15:30");
    for path in [routes::CANDLES, routes::OPEN_INTEREST] {
        assert_eq!(day.post::<Value>(path, &other), json!([]));
    }
}

#[test]
fn wrong_times_long_times_and_unknown_tokens_have_one_code() {
    let day = Day::of(&[10_000]);
    let mut unknown = of_the_day("ONE_DAY");
    unknown["symboltoken"] = json!("1");
    for body in [
        asked("ONE_MINUTE", "2025-10-01 15:30", "2025-10-01 09:15"),
        asked("ONE_MINUTE", "2025-09-01 09:15", "2025-10-02 09:15"),
        asked("ONE_MINUTE", "yesterday", "2025-10-01 09:15"),
        asked("TWO_MINUTE", "2025-10-01 09:15", "2025-10-01 09:15"),
        unknown,
    ] {
        day.pass(1);
        let (code, message) = day.refused(routes::CANDLES, &body);
        assert_eq!(code, "AB1004", "{message}");
    }
}
