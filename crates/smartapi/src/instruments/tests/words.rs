//! Phrases as people type them, and what must come first.

use super::*;

/// The sample, with the contract that the documents name.
fn list() -> Index {
    let mut rows = sample::rows(&sample::Recipe { seed: 1, today: today(), rows: 1_000 });
    for (strike, token) in [(25_950, "1"), (26_000, "2"), (26_050, "3")] {
        for (side, more) in [("CE", "0"), ("PE", "1")] {
            rows.push(Row {
                name: "NIFTY".into(),
                expiry: "28NOV2025".into(),
                strike: format!("{strike}00.000000").into(),
                lotsize: "75".into(),
                instrumenttype: "OPTIDX".into(),
                ..row("NFO", &format!("{token}{more}"), &format!("NIFTY28NOV25{strike}{side}"))
            });
        }
    }
    let old = row("NFO", "9", "NIFTY18NOV2526000CE");
    rows.push(Row {
        name: "NIFTY".into(),
        expiry: "18NOV2025".into(),
        strike: "2600000.000000".into(),
        instrumenttype: "OPTIDX".into(),
        ..old
    });
    parse(&file(&rows)).expect("a list").0
}

/// What is typed, and the first symbols of the answer.
const PHRASES: &[(&str, &[&str])] = &[
    ("nifty 28 nov 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("banknifty fut", &["BANKNIFTY25NOV25FUT", "BANKNIFTY30DEC25FUT", "BANKNIFTY27JAN26FUT"]),
    ("nifty", &["Nifty 50", "NIFTY25NOV25FUT"]),
    ("NIFTY 50", &["Nifty 50"]),
    ("nifty50", &["Nifty 50"]),
    ("nifty next 50", &["Nifty Next 50"]),
    ("nifty bank", &["Nifty Bank"]),
    ("bank nifty", &["Nifty Bank", "BANKNIFTY25NOV25FUT"]),
    ("india vix", &["India VIX"]),
    ("sensex", &["SENSEX", "SENSEX25NOVFUT"]),
    ("sbin", &["SBIN-EQ", "SBIN", "SBIN-N5", "SBIN25NOV25FUT"]),
    ("sbin-eq", &["SBIN-EQ"]),
    ("sbin eq", &["SBIN-EQ", "SBIN", "SBIN-N5"]),
    ("bse sbin", &["SBIN"]),
    ("bse", &["BSE-EQ", "BSE", "BSE25NOV25FUT"]),
    ("mcx fut", &["MCX25NOV25FUT"]),
    ("m&m", &["M&M-EQ", "M&M"]),
    ("bajaj-auto", &["BAJAJ-AUTO-EQ", "BAJAJ-AUTO"]),
    ("bajaj auto", &["BAJAJ-AUTO-EQ"]),
    ("tata motors", &["TATAMOTORS-EQ"]),
    ("hdfc bank", &["HDFCBANK-EQ"]),
    ("relian", &["RELIANCE-EQ"]),
    ("ce 26000 nifty", &["NIFTY25NOV2526000CE", "NIFTY28NOV2526000CE", "NIFTY02DEC2526000CE"]),
    ("nifty 26000", &["NIFTY25NOV2526000CE", "NIFTY25NOV2526000PE", "NIFTY28NOV2526000CE"]),
    ("nifty 26020 ce", &["NIFTY25NOV2526000CE", "NIFTY25NOV2526050CE"]),
    ("nifty 28nov 26000 put", &["NIFTY28NOV2526000PE"]),
    ("nifty 28nov25 26000ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 28 nov 25 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty nov 28 2025 26000 call", &["NIFTY28NOV2526000CE"]),
    ("nifty 28-nov-2025 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 28/11/2025 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 2025-11-28 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 28 november pe 25950", &["NIFTY28NOV2525950PE"]),
    ("nifty28nov26000ce", &["NIFTY28NOV2526000CE"]),
    ("nifty28nov2526000ce", &["NIFTY28NOV2526000CE"]),
    ("NIFTY28NOV25 26050", &["NIFTY28NOV2526050CE", "NIFTY28NOV2526050PE"]),
    ("nifty 28 26000 pe", &["NIFTY28NOV2526000PE"]),
    ("nifty fut dec", &["NIFTY30DEC25FUT"]),
    ("nifty dec 25 fut", &["NIFTY30DEC25FUT"]),
    ("nifty jan 26 fut", &["NIFTY27JAN26FUT"]),
    ("nifty next month fut", &["NIFTY30DEC25FUT"]),
    ("nifty current month future", &["NIFTY25NOV25FUT"]),
    ("nifty monthly 26000 ce", &["NIFTY28NOV2526000CE", "NIFTY30DEC2526000CE"]),
    ("nifty weekly 26000 ce", &["NIFTY25NOV2526000CE", "NIFTY02DEC2526000CE"]),
    ("nifty next week 26000 pe", &["NIFTY28NOV2526000PE"]),
    ("sensex 85000 ce", &["SENSEX25N2085000CE", "SENSEX25NOV85000CE", "SENSEX25D0485000CE"]),
    ("sensex 4 dec 85000 pe", &["SENSEX25D0485000PE"]),
    ("SENSEX25D0485000CE", &["SENSEX25D0485000CE"]),
    ("gold fut", &["GOLD05DEC25FUT"]),
    ("crudeoil 5300 ce", &["CRUDEOIL17DEC255300CE"]),
    ("usdinr 88.25 pe", &["USDINR27NOV2588.25PE"]),
    ("usdinr fut", &["USDINR27NOV25FUT"]),
    ("idea 10.5 ce", &["IDEA25NOV2510.5CE"]),
    ("reliance nov 1500 ce", &["RELIANCE25NOV251500CE"]),
    ("nfo nifty 26000 ce", &["NIFTY25NOV2526000CE"]),
    ("99926000", &["Nifty 50"]),
];

#[test]
fn typed_words_find_what_was_meant() {
    let index = list();
    let mut wrong = Vec::new();
    for (typed, wanted) in PHRASES {
        let found: Vec<&str> =
            index.find(typed, None, today()).iter().map(|found| found.symbol).collect();
        if !found.starts_with(wanted) {
            wrong.push(format!(
                "{typed}: wanted {wanted:?}, found {:?}",
                &found[..found.len().min(6)]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_date_and_a_strike_leave_one_contract() {
    let index = list();
    assert_eq!(index.find("nifty 28 nov 26000 ce", None, today()).len(), 1);
    assert_eq!(index.find("sensex 4 dec 85000 pe", None, today()).len(), 1);
    assert!(index.find("nifty 29 nov 26000 ce", None, today()).is_empty(), "no such expiry");
    assert!(index.find("nifty 28 nov 99000 ce", None, today()).is_empty(), "no strike near it");
    assert!(
        index.find("", None, today()).is_empty() && index.find(" , ", None, today()).is_empty()
    );
}

#[test]
fn an_exchange_that_is_asked_for_holds() {
    let index = list();
    let found = index.find("sbin", Some(ExchangeType::BSE_CM), today());
    assert_eq!(found.iter().map(|found| found.symbol).collect::<Vec<_>>(), ["SBIN"]);
}

#[test]
fn expired_contracts_are_left_out_and_found_apart() {
    let index = list();
    assert!(index.find("nifty18nov2526000ce", None, today()).is_empty());
    let expired = index.find_expired("nifty 18 nov 26000 ce", None, today());
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].symbol, "NIFTY18NOV2526000CE");
    let on_its_day = day("18NOV2025");
    assert_eq!(index.find("nifty 18 nov 26000 ce", None, on_its_day).len(), 1);
}

#[test]
fn a_name_spelt_nearly_right_is_suggested() {
    let index = list();
    let close = |typed| index.close_names(typed, today(), 3);
    assert_eq!(close("bankniftty fut")[0], "BANKNIFTY");
    assert_eq!(close("relianec 1500 ce"), ["RELIANCE"]);
    assert_eq!(close("nifty 99000 ce")[0], "NIFTY");
    assert!(close("qqqqqqqq").is_empty() && close("26000").is_empty());
}
