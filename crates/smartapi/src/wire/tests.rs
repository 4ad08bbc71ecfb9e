//! Tests of the values: every form that the broker has, and none that it has not.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Cell, Decimal, Open, Rows, Rupees, TimeOfDay, Word};
use crate::clock::Wall;
use body::{Body, Colour};

mod body;

fn rupees(text: &str) -> Option<i64> {
    text.parse::<Rupees>().ok().map(Rupees::raw)
}

#[test]
fn money_is_read_exactly_in_every_spelling() {
    for (text, raw) in [
        ("194.50", 1_945_000),
        ("0", 0),
        (" 7 ", 70_000),
        ("-0.05", -500),
        ("- 2235.80", -22_358_000),
        ("+1", 10_000),
        (".5", 5_000),
        ("5.", 50_000),
        ("0.0025", 25),
        ("1.500000", 15_000),
        ("1.98253E7", 198_253_000_000),
        ("1e-4", 1),
        ("0.1234499999", 1_234),
        ("-0.00005", -1),
        ("123.45000000000002", 1_234_500),
        ("922337203685477.5807", i64::MAX),
    ] {
        assert_eq!(rupees(text), Some(raw), "{text}");
    }
    for text in [
        "",
        ".",
        "-",
        "- ",
        "--1",
        "-+1",
        "1,000",
        "1.2.3",
        "1e999",
        "e5",
        "NaN",
        "inf",
        "0x1",
        "₹5",
        "12 34",
        "922337203685477.5808",
        "99999999999999999999",
    ] {
        assert_eq!(rupees(text), None, "{text}");
    }
    let error = "1,000".parse::<Rupees>().expect_err("a comma");
    assert_eq!(
        error.to_string(),
        "\"1,000\" is not a number, expected digits with at most one point"
    );
}

#[test]
fn money_is_written_as_the_broker_writes_it() {
    for (raw, text) in [
        (0, "0"),
        (1_940_000, "194"),
        (1_945_000, "194.50"),
        (25, "0.0025"),
        (-500, "-0.05"),
        (i64::MIN, "-922337203685477.5808"),
    ] {
        assert_eq!(Rupees::from_raw(raw).to_string(), text);
        assert_eq!(format!("{:?}", Rupees::from_raw(raw)), text);
    }
    assert_eq!(Rupees::from_paise(19_450).map(Rupees::raw), Some(1_945_000));
    assert_eq!(Rupees::from_paise(i64::MAX), None);
    assert_eq!(Rupees::from_raw(1_945_000).paise(), Some(19_450));
    assert_eq!(Rupees::from_raw(25).paise(), None);
    assert_eq!(serde_json::to_value(Rupees::from_raw(1_945_000).to_f64()).ok(), Some(json!(194.5)));
}

#[test]
fn whole_numbers_may_have_zeros_after_the_point_and_nothing_else() {
    for (text, value) in [("75", 75), ("75.00", 75), ("-1", -1), ("1.0E2", 100)] {
        assert_eq!(i64::read(text), Some(value), "{text}");
    }
    for text in ["75.5", "", "seventy", "9223372036854775808"] {
        assert_eq!(i64::read(text), None, "{text}");
    }
}

#[test]
fn times_are_read_in_every_form() {
    let noon = Wall(1_603_179_659);
    for text in [
        "20-Oct-2020 13:10:59",
        "20-OCT-2020 13:10:59",
        "2020-10-20T13:10:59+05:30",
        "2020-10-20 13:10:59",
        "2020-10-20T07:40:59Z",
        "2020-10-20T07:40:59.123Z",
        "2020-10-20T06:40:59-01:00",
    ] {
        assert_eq!(Wall::read(text), Some(noon), "{text}");
    }
    assert_eq!(Wall::read("2020-10-20 13:10"), Some(Wall(noon.0 - 59)));
    assert_eq!(Wall::read("1-Jan-1970 05:30:00"), Some(Wall(0)));
    assert!(Wall::read("29-Feb-2024 00:00:00").is_some());
    for text in [
        "",
        "29-Feb-2023 00:00:00",
        "32-Jan-2023 00:00:00",
        "20-Okt-2020 13:10:59",
        "20-Oct-2020",
        "20-Oct-20 13:10:59",
        "20-Oct-2020-1 13:10:59",
        "2020-13-20T00:00:00Z",
        "2020-10-20T24:00:00Z",
        "2020-10-20T00:00:00+0530",
        "2020-10-20T00:00:00Zx",
        "2020-10-20X00:00:00Z",
        "2020-10-20é0:00:00Z",
        "13:10:59",
    ] {
        assert_eq!(Wall::read(text), None, "{text}");
    }
    assert_eq!(TimeOfDay::read("13:27:53"), Some(TimeOfDay(48_473)));
    assert_eq!(TimeOfDay::read("13:27:60"), None);
    assert_eq!(TimeOfDay(48_473).to_string(), "13:27:53");
}

#[test]
fn words_are_known_in_any_case_and_kept_when_unknown() {
    assert_eq!(Colour::of(" red"), Some(Colour::Red));
    assert_eq!(Open::<Colour>::read("Mauve"), Some(Open::Other("Mauve".into())));
    assert_eq!(Open::<Colour>::read("GREEN").and_then(|word| word.known()), Some(Colour::Green));
    let error = serde_json::from_value::<Colour>(json!("BLUE")).expect_err("unknown");
    assert!(error.to_string().ends_with("expected one of RED, GREEN"), "{error}");
    assert_eq!(Colour::Red.to_string(), "RED");
}

fn sample() -> Value {
    json!({
        "as_text": "1", "as_number": 1, "maybe_text": "", "maybe_number": null, "zero": "",
        "whole": "3", "words": 47_338, "open": null, "closed": "RED", "at": "", "time": null,
        "ist": "2020-10-20 13:10", "utc": "", "minute": "2020-10-20 13:10", "rows": null
    })
}

fn with(field: &str, value: Value) -> Result<Body, serde_json::Error> {
    let mut body = sample();
    body[field] = value;
    serde_json::from_value(body)
}

#[test]
fn a_number_may_come_as_number_text_empty_or_null() {
    let whole: Body = serde_json::from_value(sample()).expect("a body");
    assert_eq!((whole.words.as_str(), whole.zero), ("47338", Rupees::ZERO));
    for value in [json!(2.5), json!("2.5"), json!("2.50")] {
        let body = with("maybe_text", value.clone()).expect("a number");
        assert_eq!(body.maybe_text.map(Decimal::raw), Some(2_500_000), "{value}");
        let body = with("as_number", value).expect("a number");
        assert_eq!(body.as_number.raw(), 25_000);
    }
    for value in [json!(null), json!(""), json!("  ")] {
        assert_eq!(with("maybe_number", value.clone()).expect("nothing").maybe_number, None);
        assert!(with("as_text", value.clone()).is_err(), "{value}");
        assert!(with("whole", value).is_err());
    }
    for value in [json!("x"), json!(true), json!([1]), json!({})] {
        for field in ["as_text", "as_number", "maybe_text", "maybe_number", "zero", "whole"] {
            assert!(with(field, value.clone()).is_err(), "{field} {value}");
        }
    }
    let error = with("whole", json!("secret")).expect_err("no number").to_string();
    assert!(error.contains("expected a whole number") && !error.contains("secret"), "{error}");
}

#[test]
fn rows_come_as_a_list_as_null_or_alone() {
    let read = |value| serde_json::from_value::<Rows<Vec<u8>>>(value);
    assert_eq!(read(json!([[1], [2]])).expect("two").0.len(), 2);
    assert_eq!(read(json!(null)).expect("none"), Rows::default());
    assert_eq!(read(json!("")).expect("none"), Rows::default());
    assert!(read(json!("x")).is_err() && read(json!(1)).is_err());
    #[derive(Debug, PartialEq, Deserialize)]
    struct One {
        a: u8,
    }
    let alone = serde_json::from_value::<Rows<One>>(json!({ "a": 1 })).expect("one");
    assert_eq!(alone.0, [One { a: 1 }]);
    assert_eq!(serde_json::to_string(&Rows::<u8>::default()).ok().as_deref(), Some("null"));
    assert_eq!(serde_json::to_string(&Rows(vec![1])).ok().as_deref(), Some("[1]"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(body in any::<Body>()) {
        let text = serde_json::to_string(&body).expect("writes");
        prop_assert_eq!(serde_json::from_str::<Body>(&text).expect(&text), body.clone());
        let value = serde_json::to_value(&body).expect("writes");
        prop_assert_eq!(serde_json::from_value::<Body>(value).expect(&text), body);
    }

    #[test]
    fn text_of_money_is_exact_over_the_whole_range(raw in any::<i64>()) {
        prop_assume!(raw != i64::MIN);
        prop_assert_eq!(rupees(&Rupees::from_raw(raw).to_string()), Some(raw));
    }

    #[test]
    fn any_text_is_a_value_or_none(text in any::<String>(), near in "[-+ 0-9.eETZ:OctJan]{0,30}") {
        for text in [text, near] {
            let _ = (Rupees::read(&text), Decimal::read(&text), i64::read(&text));
            let _ = (Wall::read(&text), TimeOfDay::read(&text));
        }
    }

    #[test]
    fn any_second_is_written_without_panic(second in any::<i64>()) {
        let at = Wall(second);
        let _ = at.text();
        let _ = serde_json::to_string(&Body { ist: at, utc: Some(at), minute: at, ..filled() });
    }
}

fn filled() -> Body {
    serde_json::from_value(sample()).expect("a body")
}
