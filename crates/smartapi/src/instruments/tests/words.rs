//! Phrases as people type them, and what must come first.

use std::collections::BTreeSet;

use super::*;

/// The sample, with the contract that the documents name.
fn list() -> Index {
    let mut rows = sample::rows(&sample::Recipe { seed: 1, today: today(), rows: 1_000 });
    for (strike, token) in
        [(25_950, "1"), (26_000, "2"), (26_050, "3"), (26_100, "4"), (26_150, "5")]
    {
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
    ("nifty28nov26150ce", &["NIFTY28NOV2526150CE"]),
    ("nifty 28nov26150ce", &["NIFTY28NOV2526150CE"]),
    ("nifty28nov202526150ce", &["NIFTY28NOV2526150CE"]),
    ("nifty28nov25950pe", &["NIFTY28NOV2525950PE"]),
    ("nifty28thnov26150ce", &["NIFTY28NOV2526150CE"]),
    ("nifty 28th nov 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 2nd dec 26000 ce", &["NIFTY02DEC2526000CE"]),
    ("nifty 28 nov 26,000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty,28 nov,26,000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty nov 28,2025 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("gold 17 dec 1,25,000 ce", &["GOLD17DEC25125000CE"]),
    ("nifty 28/11 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 28-11 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 28.11.2025 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("nifty 28.11.25 26000 ce", &["NIFTY28NOV2526000CE"]),
    ("idea nov 10 ce", &["IDEA25NOV2510CE"]),
    ("idea 10 nov pe", &["IDEA25NOV2510PE"]),
    ("idea nov 10 option", &["IDEA25NOV2510CE", "IDEA25NOV2510PE"]),
    ("idea 25nov2510 ce", &["IDEA25NOV2510CE"]),
    ("nfo fut", &["BAJAJ-AUTO25NOV25FUT", "BANKNIFTY25NOV25FUT"]),
    ("cds fut", &["USDINR27NOV25FUT"]),
    ("nfo 28 nov", &["NIFTY28NOV2525950CE"]),
    ("nfo 25950 ce", &["NIFTY25NOV2525950CE"]),
    ("nifty nearest 26000 ce", &["NIFTY25NOV2526000CE"]),
    ("nifty nearest expiry fut", &["NIFTY25NOV25FUT"]),
    ("nifty nearest month fut", &["NIFTY25NOV25FUT"]),
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

/// A date and a strike as people write them; `{}` of a format of its own each.
fn spellings(of: &Instrument<'_>) -> Vec<String> {
    let (year, month, day) = of.expiry.expect("an option expires").ymd();
    let months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (name, month_name) = (of.name, months[usize::from(month) - 1]);
    let strike = of.strike_rupees().expect("an option has a strike");
    let (side, word) = if of.kind == Kind::Call { ("ce", "call") } else { ("pe", "put") };
    let ordinal = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    let short = year % 100;
    vec![
        of.symbol.to_owned(),
        of.symbol.to_lowercase(),
        format!("{name} {day} {month_name} {strike} {side}"),
        format!("{name} {day:02} {month_name} {strike} {word}").to_uppercase(),
        format!("{name} {day}{month_name} {strike}{side}").to_lowercase(),
        format!("{name}{day:02}{month_name}{strike}{side}"),
        format!("{name} {day:02}{month_name}{strike}{side}"),
        format!("{name}{day:02}{month_name}{short}{strike}{side}"),
        format!("{name} {day:02}{month_name}{short}{strike}{side}"),
        format!("{name}{day:02}{month_name}{year}{strike}{side}"),
        format!("{name} {day} {month_name} {short} {strike} {side}"),
        format!("{name} {month_name} {day} {year} {strike} {side}"),
        format!("{side} {strike} {name} {day}-{month_name}-{year}"),
        format!("{name} {day}{ordinal} {month_name} {strike} {side}"),
        format!("{name} {day}/{month} {strike} {side}"),
        format!("{name} {day}.{month}.{year} {strike} {side}"),
        format!("{name} {day}/{month}/{short} {strike} {side}"),
        format!("{name} {year}-{month:02}-{day:02} {strike} {side}"),
    ]
}

#[test]
fn every_option_is_found_by_each_of_its_spellings() {
    let index = list();
    let options: Vec<Instrument<'_>> = index
        .iter()
        .filter(|found| found.kind.is_option() && found.expiry.is_some_and(|day| day >= today()))
        .collect();
    assert!(options.len() > 300, "{} options", options.len());
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for (at, option) in options.iter().enumerate() {
        let all = spellings(option);
        // All of the first of each underlying, one of each other, in turns.
        let most = if known.insert(option.name) { all.len() } else { 1 };
        for typed in all.iter().cycle().skip(at).take(most) {
            let found = index.find(typed, None, today());
            // `NIFTY` is a part of other names, which may come after it.
            let of_name = found.iter().filter(|found| found.name == option.name).count();
            if found.first() != Some(option) || of_name != 1 {
                let symbols: Vec<&str> = found.iter().map(|found| found.symbol).take(4).collect();
                wrong.push(format!("{typed}: wanted {}, found {symbols:?}", option.symbol));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

#[test]
fn an_exchange_alone_is_a_name_and_beside_anything_else_a_place() {
    let index = list();
    let segments = |typed: &str| {
        let found = index.find(typed, None, today());
        let mut segments: Vec<&str> = found.iter().map(Instrument::segment).collect();
        segments.sort_unstable();
        segments.dedup();
        segments.join(" ")
    };
    assert_eq!((segments("nfo fut"), segments("cds fut")), ("NFO".to_owned(), "CDS".to_owned()));
    assert_eq!(
        (segments("cds 88.25 ce"), segments("nfo next week")),
        ("CDS".to_owned(), "NFO".to_owned())
    );
    let token = index.by_symbol(ExchangeType::NSE_FO, "NIFTY28NOV2526000CE").expect("listed").token;
    let found = index.find(&format!("nfo {token}"), None, today());
    assert_eq!(found.first().map(|found| found.symbol), Some("NIFTY28NOV2526000CE"));
    assert_eq!(segments("nfo"), "", "no share is called so");
}

#[test]
fn a_date_and_a_strike_leave_one_contract() {
    let index = list();
    assert_eq!(index.find("nifty 28 nov 26000 ce", None, today()).len(), 1);
    assert_eq!(index.find("sensex 4 dec 85000 pe", None, today()).len(), 1);
    assert!(index.find("nifty 29 nov 26000 ce", None, today()).is_empty(), "no such expiry");
    assert!(index.find("nifty 28 nov 99000 ce", None, today()).is_empty(), "no strike near it");
    assert!(
        index.find("nifty 5 dec", None, today()).is_empty(),
        "no strike where no side is asked"
    );
    assert!(index.find("nifty 31/11 ce", None, today()).is_empty(), "no such day");
    assert!(
        index.find("", None, today()).is_empty() && index.find(" , ", None, today()).is_empty()
    );
}

#[test]
fn strikes_around_the_money_are_counted_from_a_price() {
    let index = list();
    let found = |typed: &str| -> Vec<&str> {
        index.find(typed, None, today()).iter().map(|found| found.symbol).collect()
    };
    assert_eq!(found("nifty atm ce at 26012"), ["NIFTY25NOV2526000CE"], "the nearest expiry");
    assert_eq!(found("nifty at 26025 ce"), ["NIFTY25NOV2526000CE"], "the lower of two as near");
    assert_eq!(found("nifty atm+1 ce at 26012"), ["NIFTY25NOV2526050CE"]);
    assert_eq!(found("nifty at 26,012.50 atm-2 put"), ["NIFTY25NOV2525900PE"]);
    let around = ["NIFTY25NOV2525950CE", "NIFTY25NOV2526000CE", "NIFTY25NOV2526050CE"];
    for typed in
        ["nifty atm±1 ce at 26012", "nifty atm+-1 ce at 26012", "NIFTY ATM ± 1 CE AT 26012"]
    {
        assert_eq!(found(typed), around, "{typed}");
    }
    assert_eq!(found("nifty atm + 1 ce at 26012"), found("nifty atm +1 ce at 26012"));
    assert_eq!(found("nifty atm + 1 ce at 26012"), ["NIFTY25NOV2526050CE"]);
    assert_eq!(found("nifty 28 nov atm at 26012"), ["NIFTY28NOV2526000CE", "NIFTY28NOV2526000PE"]);
    assert_eq!(found("nifty next week atm ce at 26012"), ["NIFTY28NOV2526000CE"]);
    assert_eq!(found("usdinr atm+1 pe at 88.3"), ["USDINR27NOV2588.5PE"]);
    assert!(found("nifty atm+5 ce at 26012").is_empty(), "beyond the end of the chain");
    assert!(found("nifty atm ce").is_empty() && index.lacks_price("nifty atm ce", today()));
    assert!(!index.lacks_price("nifty atm ce at 26012", today()));
    assert!(!index.lacks_price("nifty 26000 ce", today()));
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
