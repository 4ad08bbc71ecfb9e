//! Tests of the rules, of plain rows against them, and of reading in parts.

use proptest::prelude::*;

use super::*;
use crate::units::{Paise, Qty};

fn one(header: &str, row: &str) -> RawTick {
    let text = format!("{header}\n{row}\n");
    let mut rows = CsvRows::new(text.as_bytes(), Zone::INDIA).expect("header");
    rows.next().expect("a row")
}

fn time(text: &str) -> Option<String> {
    one("timestamp,price", &format!("{text},1")).time.map(|time| Zone::INDIA.iso(time))
}

#[test]
fn finds_its_columns_by_name_and_preference() {
    let tick = one(" LTP ,close,Volume,TimeStamp,price", "1,2,75,2025-10-01 09:15:18,3.35");
    assert_eq!(tick.price, Some(Paise(335)));
    assert_eq!(tick.volume, Some(Qty(75)));
    assert_eq!(one("\u{feff}timestamp,close,close", "x,2,9").price, Some(Paise(200)));
}

#[test]
fn a_missing_column_is_an_error_that_says_which() {
    let missing = |header: &str| {
        let Err(error) = CsvRows::new(header.as_bytes(), Zone::INDIA) else { panic!("accepted") };
        assert!(!error.hint().is_empty());
        error.to_string()
    };
    assert!(missing("").contains("timestamp and price"));
    assert!(missing("time,price\n").contains("needs the columns timestamp"));
    assert!(missing("timestamp,last\n").contains("needs the columns price"));
}

#[test]
fn reads_the_forms_of_time() {
    for (text, expected) in [
        ("2025-10-01 09:15:18", "2025-10-01T09:15:18+05:30"),
        ("2025-10-01T09:15:18Z", "2025-10-01T14:45:18+05:30"),
        ("2025-10-01T09:15:18.1234567+05:30", "2025-10-01T09:15:18.123456+05:30"),
        ("2025-10-01 09:15:18.5-00:30", "2025-10-01T15:15:18.500000+05:30"),
        ("2024-02-29 00:00:00", "2024-02-29T00:00:00+05:30"),
    ] {
        assert_eq!(time(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn refuses_other_times() {
    for text in [
        "",
        "2025-10-01",
        "2025-10-01  09:15:18",
        "2025-02-29 09:15:18",
        "2025-13-01 09:15:18",
        "2025-10-01 24:00:00",
        "2025-10-01 09:15:60",
        "2025-10-01 09:15:18.",
        "2025-10-01 09:15:18+0530",
        "2025-10-01 09:15:18+24:00",
        "2025-10-01 09:15:18 IST",
        "1969-12-31 23:59:59",
        "2101-01-01 00:00:00",
    ] {
        assert_eq!(time(text), None, "{text}");
    }
}

#[test]
fn numbers_are_digits_and_nothing_cleverer() {
    let price = |text: &str| one("timestamp,price", &format!("x,{text}")).price;
    for (text, paise) in [("1", 100), ("+1.5", 150), (".05", 5), ("5.", 500), ("1e2", 10_000)] {
        assert_eq!(price(text), Some(Paise(paise)), "{text}");
    }
    for text in ["", "nan", "inf", "1_000", "0x10", "1e", "--1", "-1", "0", "0.004", "1e10", "."] {
        assert_eq!(price(text), None, "{text}");
    }
    assert_eq!(price("0.005"), Some(Paise(1)));
}

#[test]
fn quotes_blanks_and_short_rows_are_read_as_the_rules_say() {
    let header = "timestamp,price,volume";
    let tick = one(header, " \"2025-10-01 09:15:18\" ,\t\" 1.5\", ");
    assert!(tick.time.is_some());
    assert_eq!((tick.price, tick.volume), (Some(Paise(150)), None));
    assert_eq!(one(header, "x").price, None);
    assert_eq!(
        one("a,timestamp,price", "\"x,\"\"y\",2025-10-01 09:15:18,2").price,
        Some(Paise(200))
    );
    let rows = CsvRows::new(b"timestamp,price\r\n\r\n\n1,2\r\n\n3,4", Zone::INDIA);
    assert_eq!(rows.expect("header").count(), 2, "empty lines are skipped");
}

#[test]
fn invalid_utf8_makes_only_its_cell_unreadable() {
    let rows = CsvRows::new(b"timestamp,price,volume\nx,1\xff,75\n", Zone::INDIA);
    let tick = rows.expect("header").next().expect("row");
    assert_eq!((tick.price, tick.volume), (None, Some(Qty(75))));
}

/// All rows of a file by the rules alone.
fn by_the_rules(file: &[u8]) -> Vec<(u64, RawTick)> {
    let rows = CsvRows::new(file, Zone::INDIA).expect("header");
    let (mut rest, mut line) = (rows.rest(), rows.line());
    let mut ticks = Vec::new();
    while let Some(row) = next_line(&mut rest, &mut line) {
        ticks.push((line, tick_of(row, rows.columns(), Zone::INDIA)));
    }
    ticks
}

fn read(file: &[u8]) -> Vec<(u64, RawTick)> {
    let mut rows = CsvRows::new(file, Zone::INDIA).expect("header");
    std::iter::from_fn(|| rows.next().map(|tick| (rows.line(), tick))).collect()
}

fn time_text() -> impl Strategy<Value = String> {
    let date = prop_oneof![
        4 => Just("2025-10-01 09:15".to_owned()),
        1 => (1960..2110, 0..14, 0..33, 0..26, 0..62).prop_map(|(y, m, d, h, i)| {
            format!("{y:04}-{m:02}-{d:02}T{h:02}:{i:02}")
        }),
    ];
    let offset = "|Z|\\+05:30|[+-][0-2][0-9]:[0-6][0-9]|[ Zz+]";
    (date, 0..62, "|\\.[0-9]{0,9}", offset).prop_map(|(date, second, fraction, offset)| {
        format!("{date}:{second:02}{fraction}{offset}")
    })
}

fn number_text() -> impl Strategy<Value = String> {
    "[0-9]{1,5}\\.[0-9]{2}|[0-9]{1,9}|[+-]?[0-9]{0,12}\\.?[0-9]{0,4}(e[0-9])?\
     |[ \t]?[0-9]{1,3}[ \t]?|\"[0-9]{1,3}\"|[a-z,\":;/]{0,3}"
}

/// A file of rows that are plain or nearly so, with some of its bytes replaced.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just("timestamp,price,volume"),
        Just("timestamp,ltp"),
        Just("volume,x,timestamp,price"),
        Just("timestamp,price,volume,y,z"),
    ];
    let cell = || prop_oneof![time_text(), number_text()];
    let row = (time_text(), number_text(), number_text(), cell(), cell(), 0..4_usize);
    let row = row.prop_map(|(time, price, volume, x, y, kind)| match kind {
        0 => format!("{time},{price},{volume}\n"),
        1 => format!("{time},{price},{volume}\r\n"),
        2 => format!("{volume},{x},{time},{price},{y}\n"),
        _ => format!("{time},{price}\n{time},{price},{volume},{x},{y}\n\n"),
    });
    let mutations = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (header, prop::collection::vec(row, 1..12), mutations).prop_map(|(header, rows, mutations)| {
        let mut text = rows.concat().into_bytes();
        for (place, byte) in mutations {
            let place = place.index(text.len());
            text[place] = byte;
        }
        [header.as_bytes(), b"\n", &text].concat()
    })
}

proptest! {
    #[test]
    fn plain_rows_are_read_as_the_rules_read_them(file in file()) {
        prop_assert_eq!(read(&file), by_the_rules(&file));
    }

    #[test]
    fn plain_prices_are_the_rounded_hundredfold_of_their_double(
        rupees in 0..10_000_000_u32, decimals in "|\\.[0-9]|\\.[0-9][0-9]",
    ) {
        let cell = format!("{rupees}{decimals}");
        let line = format!("2025-10-01 09:15:18,{cell},12345678\n");
        let columns = CsvColumns::parse(b"timestamp,price").expect("columns");
        let plain = PlainRows::new(columns, Zone::INDIA).read(line.as_bytes());
        let expected = number(cell.as_bytes()).and_then(price_of);
        prop_assert_eq!(plain.and_then(|(tick, _)| tick.price), expected);
    }

    #[test]
    fn a_file_in_parts_gives_the_same_rows(file in file(), part in 1..300_usize) {
        let first = CsvRows::new(&file, Zone::INDIA).expect("header");
        let (columns, mut line, mut rest) = (first.columns(), first.line(), first.rest());
        let mut ticks = Vec::new();
        while !rest.is_empty() {
            let end = rest.iter().skip(part).position(|byte| *byte == b'\n');
            let (lines, after) = rest.split_at(end.map_or(rest.len(), |end| part + end + 1));
            let mut rows = CsvRows::of_lines(columns, lines, line + 1, Zone::INDIA);
            ticks.extend(std::iter::from_fn(|| rows.next().map(|tick| (rows.line(), tick))));
            (line, rest) = (rows.line(), after);
        }
        prop_assert_eq!(ticks, read(&file));
    }
}

#[test]
fn ordinary_rows_are_plain() {
    for (header, row) in [
        ("timestamp,price,volume", "2025-10-01 09:15:18+05:30,235.85,75\n"),
        ("timestamp,price,volume", "2025-10-06T09:15:01.081021+05:30,179.45,225\r\n"),
        ("timestamp,ltp", "2025-10-06 09:15:01.081Z,25179.5\n........"),
        ("token,timestamp,price,volume,oi", "x,2025-10-06 09:15:01,1,0,\"any, é\n......."),
    ] {
        let columns = CsvColumns::parse(header.as_bytes()).expect("columns");
        let file = [row, "2025-10-06"].concat();
        assert!(PlainRows::new(columns, Zone::INDIA).read(file.as_bytes()).is_some(), "{row}");
    }
}

#[test]
fn rows_know_their_lines() {
    let file = b"\n\r\ntimestamp,price\r\n\n2025-10-01 09:15:18,1\nx,2\n\n3,4\n\n\n";
    let lines: Vec<u64> = read(file).iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 6, 8]);
    let mut rows = CsvRows::new(file, Zone::INDIA).expect("header");
    assert_eq!((rows.by_ref().count(), rows.line(), rows.fault()), (3, 10, None));
}

#[test]
fn a_fault_names_line_column_and_cell() {
    let good = "2025-10-01 09:15:18,1,";
    for (row, expected) in [
        ("2025-10-01 09:15:60,1,75", Some("the timestamp was `2025-10-01 09:15:60`, it must")),
        (",x,75", Some("the timestamp was ``, it must be a time")),
        ("2025-10-01 09:15:18,\"0\",75", Some("the price was `0`, it must be a number of rupees")),
        ("2025-10-01 09:15:18", Some("the price was ``")),
        (&format!("{good}-5"), Some("the volume was `-5`, it must be a number of units")),
        (&format!("{good}\u{1b}[31m"), Some("the volume was `\u{fffd}[31m`")),
        (&format!("{good}75"), None),
        (good, None),
    ] {
        let file = format!("timestamp,price,volume\n\n{row}\n{good}1\n");
        let mut rows = CsvRows::new(file.as_bytes(), Zone::INDIA).expect("header");
        assert!(rows.fault().is_none(), "no row was read yet");
        rows.next().expect("a row");
        let fault = rows.fault().map(|fault| {
            assert_eq!((fault.line, rows.line()), (3, 3));
            fault.to_string()
        });
        assert_eq!(fault.is_some(), expected.is_some(), "{row}");
        assert!(fault.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{row}");
    }
    let long = format!("timestamp,price\n{},1\n", "x".repeat(1000));
    let mut rows = CsvRows::new(long.as_bytes(), Zone::INDIA).expect("header");
    rows.next().expect("a row");
    assert_eq!(rows.fault().expect("a fault").cell, "x".repeat(60));
}
