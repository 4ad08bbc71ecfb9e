//! Tests of the list as a whole: files in, answers out.

use proptest::prelude::*;

use super::*;
use crate::packet::{ExchangeType, WirePrice};

mod words;

/// Thursday, 20 Nov 2025.
fn today() -> Day {
    Day::new(2025, 11, 20).expect("a day")
}

fn day(text: &str) -> Day {
    Day::from_wire(text).expect("a day")
}

fn small() -> Index {
    let file = sample::json(&sample::Recipe { seed: 1, today: today(), rows: 1_000 });
    parse(&file).expect("a list").0
}

fn row(segment: &str, token: &str, symbol: &str) -> Row<'static> {
    Row {
        token: token.to_owned().into(),
        symbol: symbol.to_owned().into(),
        name: symbol.to_owned().into(),
        lotsize: "1".into(),
        tick_size: "5.000000".into(),
        exch_seg: segment.to_owned().into(),
        ..Row::default()
    }
}

fn file(rows: &[Row<'_>]) -> Vec<u8> {
    serde_json::to_vec(rows).expect("writes")
}

#[test]
fn every_segment_of_the_sample_is_read_with_its_scale() {
    let index = small();
    let segments: Vec<&str> = index.segments().map(|(name, _)| name).collect();
    assert_eq!(segments, ["NSE", "NFO", "BSE", "BFO", "MCX", "NCDEX", "CDS"]);
    assert_eq!(index.segments().map(|(_, count)| count).sum::<usize>(), index.len());
    let nifty = index.by_symbol(ExchangeType::NSE_FO, "NIFTY25NOV2526000CE").expect("listed");
    assert_eq!((nifty.lot_size, nifty.expiry), (75, Some(day("25NOV2025"))));
    assert_eq!((nifty.strike, nifty.tick_size), (Some(WirePrice(2_600_000)), Some(WirePrice(5))));
    assert_eq!(nifty.strike_rupees().as_deref(), Some("26000"));
    assert_eq!(nifty.tick_rupees().as_deref(), Some("0.05"));
    let rupee = index.by_symbol(ExchangeType::CDE_FO, "USDINR27NOV2588.25PE").expect("listed");
    assert_eq!((rupee.strike, rupee.kind), (Some(WirePrice(882_500_000)), Kind::Put));
    assert_eq!(rupee.strike_rupees().as_deref(), Some("88.25"));
    assert_eq!(rupee.tick_rupees().as_deref(), Some("0.0025"));
    let weekly = index.by_symbol(ExchangeType::BSE_FO, "SENSEX25N2085000CE").expect("listed");
    assert_eq!((weekly.name, weekly.expiry), ("SENSEX", Some(day("20NOV2025"))));
}

#[test]
fn a_token_that_repeats_across_exchanges_is_told_apart() {
    let index = small();
    let tokens = |exchange| {
        index.iter().filter(move |found| found.exchange == exchange).map(|found| found.token)
    };
    let shared = tokens(ExchangeType::NSE_CM)
        .find(|token| tokens(ExchangeType::NSE_FO).any(|other| other == *token))
        .expect("a shared token");
    let on = |exchange| index.by_token(exchange, shared).expect("listed");
    assert_eq!(on(ExchangeType::NSE_CM).kind, Kind::Share);
    assert_ne!(on(ExchangeType::NSE_FO).symbol, on(ExchangeType::NSE_CM).symbol);
    assert_eq!(index.by_token(ExchangeType::NSE_CM, "1"), None);
}

#[test]
fn a_symbol_is_found_in_any_case_and_as_written_first() {
    let rows =
        [row("NSE", "1", "Nifty 50"), row("NSE", "2", "NIFTY 50"), row("BSE", "3", "NIFTY 50")];
    let (index, _) = parse(&file(&rows)).expect("a list");
    let token = |symbol| index.by_symbol(ExchangeType::NSE_CM, symbol).map(|found| found.token);
    assert_eq!(token("Nifty 50"), Some("1"));
    assert_eq!(token("NIFTY 50"), Some("2"));
    assert!(token("nifty 50").is_some());
    assert_eq!((token("Nifty 5"), token("Nifty 500")), (None, None));
    assert_eq!(index.by_symbol(ExchangeType::NSE_FO, "Nifty 50"), None);
}

#[test]
fn expiries_and_the_strikes_around_a_price_come_from_the_file() {
    let index = small();
    let (nfo, bfo, mcx) = (ExchangeType::NSE_FO, ExchangeType::BSE_FO, ExchangeType::MCX_FO);
    let weeks = index.expiries(nfo, "NIFTY", Contracts::Options);
    assert_eq!(weeks[..3], [day("25NOV2025"), day("02DEC2025"), day("09DEC2025")]);
    assert_eq!(index.expiries(nfo, "nifty", Contracts::Options), weeks);
    assert_eq!(index.expiries(nfo, "NIFTY", Contracts::Futures).len(), 3);
    assert_eq!(index.expiries(nfo, "SENSEX", Contracts::Options), []);
    let nearest = |name, exchange, of, from| index.nearest_expiry(exchange, name, of, from);
    assert_eq!(nearest("SENSEX", bfo, Contracts::Options, today()), Some(today()));
    let tomorrow = Day(today().0 + 1);
    assert_eq!(nearest("SENSEX", bfo, Contracts::Options, tomorrow), Some(day("27NOV2025")));
    assert_eq!(nearest("GOLD", mcx, Contracts::Futures, today()), Some(day("05DEC2025")));
    assert_eq!(nearest("GOLD", mcx, Contracts::Options, today()), Some(day("17DEC2025")));
    assert_eq!(nearest("GOLD", mcx, Contracts::Options, Day(u16::MAX)), None);
    let strikes = |spot, n| -> Vec<i64> {
        let chain = index.at_the_money(nfo, "NIFTY", day("25NOV2025"), WirePrice(spot), n);
        assert!(chain.iter().all(|strike| strike.call.is_some() && strike.put.is_some()));
        chain.iter().map(|strike| strike.price.0 / 100).collect()
    };
    assert_eq!(strikes(2_602_500, 1), [25_950, 26_000, 26_050], "the lower of two equally near");
    assert_eq!(strikes(2_602_501, 1), [26_000, 26_050, 26_100]);
    assert_eq!(strikes(1, 2), [25_800, 25_850, 25_900]);
    assert_eq!(strikes(i64::MAX, 0), [26_200]);
    assert_eq!(strikes(2_600_000, usize::MAX).len(), 9);
    let none = index.at_the_money(nfo, "NIFTY", day("28NOV2025"), WirePrice(1), 3);
    assert_eq!(none, []);
}

#[test]
fn bad_rows_are_counted_with_their_reason_and_left_out() {
    let mut rows = vec![row("NSE", "1", "A-EQ"), row("NSE", "2", "B-EQ"), row("NSE", "1", "C-EQ")];
    rows.push(row("nse_cm", "3", "D-EQ"));
    rows.push(Row { lotsize: "".into(), ..row("NSE", "4", "E-EQ") });
    rows.extend((10..20).map(|token: u8| row("BSE", &token.to_string(), "F")));
    let text = String::from_utf8(file(&rows)).expect("text");
    let text = text.replacen('[', "[null, 17, \"x\", [1, {}], ", 1);
    let (index, intake) = parse(text.replace("B-EQ", "B\\u0026-EQ").as_bytes()).expect("a list");
    let kept: Vec<&str> = index.iter().map(|found| found.symbol).collect();
    assert_eq!(kept[..2], ["A-EQ", "B&-EQ"]);
    let counted: Vec<(RowFault, usize, &str)> = intake
        .skipped
        .iter()
        .map(|skipped| (skipped.fault, skipped.rows, skipped.first.as_str()))
        .collect();
    assert_eq!(
        counted,
        [
            (RowFault::NotARow, 4, "number 0"),
            (RowFault::Segment, 1, "number 7, nse_cm D-EQ"),
            (RowFault::Lot, 1, "number 8, NSE E-EQ"),
            (RowFault::Repeated, 1, "C-EQ beside A-EQ"),
        ]
    );
    assert_eq!((intake.rows, intake.skipped_rows()), (19, 7));
}

#[test]
fn of_a_token_used_again_the_contract_that_expires_last_is_kept() {
    let contract = |expiry: &str, symbol: &str| Row {
        expiry: expiry.to_owned().into(),
        instrumenttype: "FUTIDX".into(),
        ..row("NFO", "7", symbol)
    };
    let rows = [contract("28OCT2025", "OLD"), contract("25NOV2025", "NEW")];
    let (index, intake) = parse(&file(&rows)).expect("a list");
    assert_eq!(index.iter().map(|found| found.symbol).collect::<Vec<_>>(), ["NEW"]);
    assert_eq!(intake.skipped_rows(), 1);
}

#[test]
fn a_type_name_too_many_costs_its_rows_and_not_the_kept_list() {
    let of_type = |number: u32| Row {
        instrumenttype: format!("T{number}").into(),
        ..row("NSE", &number.to_string(), "A")
    };
    let rows: Vec<Row<'_>> = (0..260).map(of_type).collect();
    let (index, intake) = parse(&file(&rows)).expect("a list");
    assert_eq!(index.len(), 256);
    let skipped: Vec<(RowFault, usize)> =
        intake.skipped.iter().map(|skipped| (skipped.fault, skipped.rows)).collect();
    assert_eq!(skipped, [(RowFault::Text, 4)]);
    assert!(Index::from_bytes(&index.to_bytes()) == Ok(index), "it can be kept");
}

#[test]
fn numbers_in_place_of_text_are_read_and_unknown_keys_ignored() {
    let text = br#"[{"token": 3045, "symbol": "SBIN-EQ", "name": "SBIN", "expiry": null, "isin": [1],
        "strike": -1.0, "lotsize": 1, "instrumenttype": null, "exch_seg": "NSE", "tick_size": 5.0}]"#;
    let (index, _) = parse(text).expect("a list");
    let share = index.by_token(ExchangeType::NSE_CM, "3045").expect("listed");
    assert_eq!((share.symbol, share.lot_size, share.strike), ("SBIN-EQ", 1, None));
    assert_eq!(share.tick_size, Some(WirePrice(5)));
}

/// What each fault says; one example of every variant.
#[test]
fn a_file_that_is_no_whole_list_is_refused_with_its_reason() {
    let whole = file(&[row("NSE", "1", "A-EQ"), row("NSE", "2", "B-EQ")]);
    let half = &whole[..whole.len() - 40];
    let many: Vec<Row<'_>> =
        (0..10).map(|at| row(if at < 4 { "NSE" } else { "?" }, &at.to_string(), "A-EQ")).collect();
    let cases: [(&[u8], &str); 12] = [
        (b"", "was empty"),
        (b" \n", "was empty"),
        (b"null", "was null"),
        (b" null\n", "was null"),
        (b"<!DOCTYPE html><html>", "a web page of 21 bytes"),
        (b"{\"status\":false}", "no JSON array: invalid type: map"),
        (b"\"null\"", "no JSON array"),
        (half, "ends within row 1: "),
        (b"[", "ends within row 0: 1 bytes arrived"),
        (b"[{\"token\" \"1\"}]", "cannot be read in row 0"),
        (b"[]", "of 0 rows of the list of instruments only 0 can be used"),
        (
            &file(&many),
            "of 10 rows of the list of instruments only 4 can be used; the first that \
                        cannot: number 4, ? A-EQ, unknown segment",
        ),
    ];
    for (bytes, words) in cases {
        let fault = parse(bytes).err().unwrap_or_else(|| panic!("{words}: taken"));
        assert!(fault.to_string().contains(words), "{fault}");
        assert!(!fault.hint().is_empty());
    }
    let trailing = [&whole[..], b"x"].concat();
    assert!(matches!(parse(&trailing), Err(FileFault::Syntax { .. })));
}

#[test]
fn a_byte_that_is_no_utf_8_costs_its_row_only() {
    let mut bytes =
        file(&[row("NSE", "1", "A-EQ"), row("NSE", "2", "B-EQ"), row("NSE", "3", "C~EQ")]);
    let at = bytes.iter().position(|byte| *byte == b'~').expect("there");
    bytes[at] = 0xC0;
    let (index, intake) = parse(&bytes).expect("a list");
    assert_eq!((index.len(), intake.skipped[0].fault), (2, RowFault::Text));
}

#[test]
fn a_list_that_lost_much_since_the_last_is_refused() {
    let list = |nse: usize, bse: usize| {
        let rows =
            |segment, count| (0..count).map(move |at: usize| row(segment, &at.to_string(), "A"));
        parse(&file(&rows("NSE", nse).chain(rows("BSE", bse)).collect::<Vec<_>>()))
            .expect("a list")
            .0
    };
    let last = list(90, 10);
    assert_eq!(list(60, 10).check_against(&last), Ok(()), "70 of 100");
    let shrunk = list(60, 9).check_against(&last).expect_err("69 of 100");
    assert_eq!(shrunk, FileFault::Shrunk { was: 100, now: 69 });
    assert!(shrunk.to_string().contains("from 100 to 69 rows"), "{shrunk}");
    let tiny = list(100, 1);
    assert_eq!(
        list(100, 0).check_against(&tiny),
        Ok(()),
        "1 of 101 rows is below one in a hundred"
    );
    let one = list(99, 1);
    assert!(list(99, 0).check_against(&one).is_err(), "1 of 100 rows is not");
    let gone = list(99, 0).check_against(&last).expect_err("no BSE");
    assert_eq!(gone, FileFault::SegmentGone { segment: "BSE", was: 10 });
    assert!(gone.to_string().contains("no rows of BSE, the last one had 10"), "{gone}");
    assert!(shrunk.hint().contains("remove the kept one") && !gone.hint().is_empty());
    assert_eq!(list(1, 1).check_against(&list(1, 0)), Ok(()), "a new segment");
}

#[test]
fn a_part_of_the_brokers_list_is_none() {
    let index = small();
    assert_eq!(index.check_whole_of(1_000), Ok(()));
    let few = FileFault::TooFew { rows: 1_000, least: 1_001 };
    assert_eq!(index.check_whole_of(1_001), Err(few));
    let few = index.check_whole().expect_err("too few").to_string();
    assert!(few.contains("had 1000 rows, the broker's has at least 50000"), "{few}");
    let (shares, _) = parse(&file(&[row("NSE", "1", "A-EQ")])).expect("a list");
    let none = shares.check_whole().expect_err("no NFO");
    assert_eq!(none, FileFault::NoSegment { segment: "NFO" });
    assert!(none.to_string().contains("no rows of NFO") && !none.hint().is_empty());
}

#[test]
fn expired_contracts_tell_when_a_list_was_made() {
    let index = small();
    assert_eq!(index.made_by(today()), None, "a new list");
    let made = |days: u16| index.made_by(Day(today().0 + days));
    assert_eq!(made(1), Some(today()), "a week of Sensex options ended that day");
    assert_eq!(made(60), Some(today()), "the first expiry tells most");
    let future = |token: u8| Row {
        expiry: "18NOV2025".into(),
        instrumenttype: "FUTIDX".into(),
        ..row("NFO", &token.to_string(), "OLD")
    };
    let strays: Vec<Row<'_>> = (1..10).map(future).collect();
    assert_eq!(parse(&file(&strays)).expect("a list").0.made_by(today()), None, "nine are strays");
    let many: Vec<Row<'_>> = (1..11).map(future).collect();
    assert_eq!(parse(&file(&many)).expect("a list").0.made_by(today()), Some(day("18NOV2025")));
}

#[test]
fn a_kept_index_is_the_same_and_a_damaged_one_is_refused() {
    let index = small();
    let bytes = index.to_bytes();
    assert!(Index::from_bytes(&bytes) == Ok(index));
    for end in [0, 7, 8, 20, bytes.len() / 2, bytes.len() - 1] {
        assert!(Index::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(Index::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
    let mut other = bytes;
    other[7] = b'9';
    let damaged = Index::from_bytes(&other).err().expect("another form").to_string();
    assert_eq!(damaged, "the kept index is damaged: another form");
}

/// Asks everything once, which must not panic.
fn ask_all(index: &Index) {
    for instrument in index.iter().take(20) {
        let Instrument { exchange, token, symbol, name, .. } = instrument;
        assert_eq!(index.by_token(exchange, token), Some(instrument));
        assert!(index.by_symbol(exchange, symbol).is_some());
        for contracts in [Contracts::Futures, Contracts::Options] {
            for expiry in index.expiries(exchange, name, contracts) {
                let _ = index.at_the_money(exchange, name, expiry, WirePrice(i64::MIN), 1);
            }
        }
        let _ = index.find(symbol, None, today());
    }
    let _ = index.find("nifty 26000 ce next month", None, today());
    let _ = index.close_names("nifty", today(), 3);
}

/// A row whose every field is good or nearly so.
fn any_row() -> impl Strategy<Value = Row<'static>> {
    let text = |from: &'static str| proptest::string::string_regex(from).expect("a pattern");
    let segment =
        prop::sample::select(vec!["NSE", "NFO", "BSE", "BFO", "MCX", "NCDEX", "CDS", "X"]);
    let kind = prop::sample::select(vec!["", "AMXIDX", "FUTIDX", "OPTIDX", "OPTCUR", "COMDTY"]);
    let expiry =
        prop_oneof![(1_u16..50_000).prop_map(|day| Day(day).to_wire()), Just(String::new())];
    let number = || (0_u32..1_000_000).prop_map(|number| format!("{number}.000000"));
    (
        (
            text("[0-9]{1,4}"),
            text("[A-Z&é 0-9-]{1,12}(CE|PE|FUT|-EQ)?"),
            text("[A-Z&\"\\\\ ]{0,6}"),
        ),
        (segment, kind, expiry),
        (number(), number(), text("[1-9][0-9]{0,5}")),
    )
        .prop_map(|((token, symbol, name), (segment, kind, expiry), (strike, tick, lot))| {
            Row {
                token: token.into(),
                symbol: symbol.into(),
                name: name.into(),
                expiry: expiry.into(),
                strike: strike.into(),
                lotsize: lot.into(),
                instrumenttype: kind.into(),
                exch_seg: segment.into(),
                tick_size: tick.into(),
            }
        })
}

/// The number before the zeros.
fn plain(text: &str) -> i64 {
    text.split('.').next().expect("a number").parse().expect("digits")
}

proptest! {
    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec(any_row(), 1..60)) {
        let Ok((index, intake)) = parse(&file(&rows)) else { return Ok(()) };
        prop_assert_eq!(index.len() + intake.skipped_rows(), rows.len());
        for found in index.iter() {
            let row = rows.iter().find(|row| {
                row.exch_seg == found.segment() && row.token == found.token
                    && row.symbol == found.symbol && row.name == found.name
                    && row.instrumenttype == found.type_name
                    && Day::from_wire(&row.expiry) == found.expiry
                    && plain(&row.tick_size) == found.tick_size.map_or(0, |tick| tick.0)
                    && row.lotsize == found.lot_size.to_string()
            });
            let row = row.expect("no row is invented");
            if found.kind.is_option() {
                prop_assert_eq!(found.strike, Some(WirePrice(plain(&row.strike))));
            } else {
                prop_assert_eq!(found.strike, None);
            }
        }
        ask_all(&index);
        prop_assert!(Index::from_bytes(&index.to_bytes()) == Ok(index));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"[", &bytes[..]].concat());
        let _ = Index::from_bytes(&bytes);
    }

    #[test]
    fn a_spoilt_byte_is_noticed_or_harmless(
        rows in prop::collection::vec(any_row(), 1..8), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let spoil = |mut bytes: Vec<u8>| {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            bytes
        };
        let file = file(&rows);
        if let Ok((index, _)) = parse(&spoil(file.clone())) {
            ask_all(&index);
        }
        if let Ok((index, _)) = parse(&file)
            && let Ok(spoilt) = Index::from_bytes(&spoil(index.to_bytes()))
        {
            ask_all(&spoilt);
        }
    }
}

/// Words of every kind, and pieces that are nearly words.
fn any_words() -> impl Strategy<Value = String> {
    let known = [
        "nifty",
        "28nov",
        "nov",
        "25",
        "2025",
        "26000ce",
        "ce",
        "fut",
        "next",
        "week",
        "month",
        "bse",
        "28/11/2025",
        "2025-11-28",
        "31-02-25",
        "nov2526000",
        "12.5.5",
        "99999999999999999999",
        ".",
        "-",
        "sbin-eq",
        "atm",
        "atm+1",
        "atm±",
        "at",
        "nearest",
        "28th",
        "1,25,000",
        "28/11",
        "é1",
        "ß",
    ];
    let word = prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".{0,6}"];
    prop::collection::vec(word, 0..7).prop_map(|words| words.join(" "))
}

#[test]
fn no_words_make_the_search_panic() {
    let (index, _) =
        parse(&file(&sample::rows(&sample::Recipe { seed: 1, today: today(), rows: 60 })))
            .expect("a list");
    proptest!(|(words in any_words(), number in any::<u16>())| {
        let _ = index.find(&words, None, Day(number));
        let _ = index.find_expired(&words, None, Day(number));
        let _ = index.close_names(&words, Day(number), 3);
    });
}
