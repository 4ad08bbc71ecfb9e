//! Found instruments as a table for people and as a document for programs.

use client::Instruments;
use engine::units::{EventTime, Zone};
use serde::Serialize;
use smartapi::instruments::Instrument;
use smartapi::packet::WirePrice;

/// Of the JSON document.
const SCHEMA: u32 = 1;
const HEADS: [&str; 8] = ["symbol", "exchange", "token", "type", "expiry", "strike", "lot", "tick"];
/// The first columns whose numbers align at their ends.
const NUMBERS: usize = 5;

/// A line for each instrument under one of heads, in columns as wide as they need to be.
pub(super) fn text(instruments: &[Instrument<'_>]) -> String {
    let rows: Vec<[String; 8]> =
        std::iter::once(HEADS.map(str::to_owned)).chain(instruments.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| letters(&row[column])).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let padding = " ".repeat(width - letters(cell));
            let gap = if column == 0 { "" } else { "  " };
            match column < NUMBERS {
                true => line.extend([gap, cell, &padding]),
                false => line.extend([gap, &padding, cell]),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn letters(cell: &str) -> usize {
    cell.chars().count()
}

fn cells(of: &Instrument<'_>) -> [String; 8] {
    let none = || "–".to_owned();
    [
        of.symbol.to_owned(),
        of.segment().to_owned(),
        of.token.to_owned(),
        if of.type_name.is_empty() { "share".to_owned() } else { of.type_name.to_owned() },
        of.expiry.map_or_else(none, |day| day.to_string()),
        of.strike_rupees().unwrap_or_else(none),
        of.lot_size.to_string(),
        of.tick_rupees().unwrap_or_else(none),
    ]
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    source: &'a str,
    fetched: String,
    instruments: usize,
    segments: Vec<Segment>,
    notices: Vec<String>,
    /// How many fit; the results may be fewer.
    found: usize,
    results: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Segment {
    exchange: &'static str,
    instruments: usize,
}

/// Units: strike and tick size in rupees; `price_divisor` makes rupees of the stream's prices.
#[derive(Serialize)]
struct Found<'a> {
    symbol: &'a str,
    exchange: &'static str,
    exchange_type: u8,
    token: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    expiry: Option<String>,
    strike: Option<f64>,
    lot_size: u32,
    tick_size: Option<f64>,
    price_divisor: i64,
}

/// One JSON document.
pub(super) fn json(list: &Instruments, found: usize, shown: &[Instrument<'_>]) -> String {
    let fetched = EventTime(list.fetched_unix_s() as i64 * 1_000_000);
    let segment = |(exchange, instruments)| Segment { exchange, instruments };
    let document = Document {
        schema: SCHEMA,
        source: &list.source,
        fetched: Zone::INDIA.iso(fetched),
        instruments: list.index.len(),
        segments: list.index.segments().map(segment).collect(),
        notices: list.notices.iter().map(ToString::to_string).collect(),
        found,
        results: shown.iter().map(result).collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

fn result<'a>(of: &Instrument<'a>) -> Found<'a> {
    let price_divisor = of.exchange.price_divisor();
    let rupees = |price: WirePrice| price.0 as f64 / price_divisor as f64;
    Found {
        symbol: of.symbol,
        exchange: of.segment(),
        exchange_type: of.exchange.0,
        token: of.token,
        name: of.name,
        type_name: of.type_name,
        expiry: of.expiry.map(|day| day.iso()),
        strike: of.strike.map(rupees),
        lot_size: of.lot_size,
        tick_size: of.tick_size.map(rupees),
        price_divisor,
    }
}
