//! The list of instruments, as the broker serves it: the played one, and an invented list around it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use smartapi::instruments::sample::{self, Recipe};
use smartapi::instruments::{Day, Row};

use crate::Instrument;
use crate::twin::Twin;

pub(crate) const PATH: &str = "/OpenAPI_File/files/OpenAPIScripMaster.json";
/// Rows beside the played instrument, unless `?rows=` asks for others.
pub(crate) const USUAL_ROWS: usize = 1_000;
/// A few times the broker's own list.
const MOST_ROWS: usize = 1_000_000;

pub(crate) fn routes() -> Router<Arc<Twin>> {
    Router::new().route(PATH, get(serve))
}

/// What a test may ask for behind the address.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    answer: Answer,
    rows: Option<usize>,
}

/// What the broker has served instead of the list, in outages.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    #[default]
    Whole,
    Null,
    /// Breaks off in the middle.
    Half,
    /// A web page.
    Page,
}

async fn serve(State(twin): State<Arc<Twin>>, Query(asked): Query<Asked>) -> impl IntoResponse {
    let json = [(CONTENT_TYPE, "application/json")];
    match asked.answer {
        Answer::Null => return (json, b"null".to_vec()),
        Answer::Page => return ([(CONTENT_TYPE, "text/html")], b"<html></html>".to_vec()),
        Answer::Whole | Answer::Half => {}
    }
    let rows = listed_rows(&twin, asked.rows.unwrap_or(USUAL_ROWS).min(MOST_ROWS));
    // Rows of text cannot fail to be written.
    let mut file = serde_json::to_vec(&rows).unwrap_or_default();
    if matches!(asked.answer, Answer::Half) {
        file.truncate(file.len() / 2);
    }
    (json, file)
}

/// The list of the day, with so many invented rows.
pub(crate) fn listed_rows(twin: &Twin, rows: usize) -> Vec<Row<'static>> {
    let date = || Day::in_india(u64::try_from(twin.wall_s()).unwrap_or_default());
    let today = twin.list_day.unwrap_or_else(date);
    rows_of(&twin.instrument, &Recipe { seed: 1, today, rows })
}

pub(crate) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// What a trading symbol of the form NAME DDMMMYY STRIKE CE|PE or NAME DDMMMYY FUT says.
pub(crate) struct Contract<'s> {
    pub(crate) name: &'s str,
    pub(crate) date: &'s str,
    /// `None` for a future.
    pub(crate) strike: Option<u64>,
}

pub(crate) fn contract(symbol: &str) -> Option<Contract<'_>> {
    let option = symbol.strip_suffix("CE").or_else(|| symbol.strip_suffix("PE"));
    let body = option.or_else(|| symbol.strip_suffix("FUT"))?;
    (1..body.len()).find_map(|at| {
        let (name, rest) = body.split_at_checked(at)?;
        let (date, strike) = rest.split_at_checked(7)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let dated =
            digits(date.get(..2)?) && MONTHS.contains(&date.get(2..5)?) && digits(date.get(5..)?);
        let strike = if option.is_some() { Some(strike.parse().ok()?) } else { None };
        dated.then_some(Contract { name, date, strike })
    })
}

/// Whether an underlying is an index.
pub(crate) fn is_index(name: &str) -> bool {
    name.contains("NIFTY") || matches!(name, "SENSEX" | "BANKEX")
}

/// The played instrument, and the invented ones that are not it.
fn rows_of(played: &Instrument, recipe: &Recipe) -> Vec<Row<'static>> {
    let mut rows = sample::rows(recipe);
    let segment = played.segment();
    let same = |row: &Row<'_>| row.exch_seg == segment && row.symbol == played.symbol.as_str();
    let listed = rows.iter().find(|row| same(row)).cloned();
    rows.retain(|row| {
        !same(row) && (row.exch_seg != segment || row.token != played.token.as_str())
    });
    rows.insert(
        0,
        Row {
            token: played.token.clone().into(),
            lotsize: played.lot_size.to_string().into(),
            tick_size: format!("{}.000000", played.tick_paise).into(),
            ..listed.unwrap_or_else(|| by_symbol(played))
        },
    );
    rows
}

/// What the symbol of an instrument says; strikes are rupees times 100, the tick size is in paise.
fn by_symbol(played: &Instrument) -> Row<'static> {
    let contract = contract(&played.symbol);
    let (name, expiry, strike, kind) = match &contract {
        None => (played.symbol.trim_end_matches("-EQ"), String::new(), "-1.000000".into(), ""),
        Some(Contract { name, date, strike }) => {
            let (day, year) = date.split_at(5);
            let kind = match (strike, is_index(name)) {
                (Some(_), true) => "OPTIDX",
                (Some(_), false) => "OPTSTK",
                (None, true) => "FUTIDX",
                (None, false) => "FUTSTK",
            };
            let strike = strike.map_or("-1.000000".into(), |strike| format!("{strike}00.000000"));
            (*name, format!("{day}20{year}"), strike, kind)
        }
    };
    Row {
        symbol: played.symbol.clone().into(),
        name: name.to_owned().into(),
        expiry: expiry.into(),
        strike: strike.into(),
        instrumenttype: kind.into(),
        exch_seg: played.segment().into(),
        tick_size: "5.000000".into(),
        ..Row::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(symbol: &str) -> Row<'static> {
        by_symbol(&Instrument { symbol: symbol.into(), ..Instrument::default() })
    }

    fn rows(played: &Instrument) -> Vec<Row<'static>> {
        let today = Day::new(2025, 11, 20).expect("a day");
        rows_of(played, &Recipe { seed: 1, today, rows: USUAL_ROWS })
    }

    #[test]
    fn the_list_has_every_segment_and_the_played_instrument_once() {
        let played = Instrument::default();
        let rows = rows(&played);
        assert_eq!((&*rows[0].token, &*rows[0].symbol), ("47338", "NIFTY28NOV2526000CE"));
        assert_eq!((&*rows[0].lotsize, &*rows[0].strike), ("75", "2600000.000000"));
        let file = serde_json::to_vec(&rows).expect("writes");
        let (index, intake) = smartapi::instruments::parse(&file).expect("a list");
        assert_eq!((index.segments().count(), intake.skipped_rows()), (7, 0));
        assert!(index.by_token(played.exchange_type, "47338").is_some());
    }

    #[test]
    fn a_played_instrument_of_the_invented_list_replaces_it() {
        let symbol = "SENSEX25N2085000CE";
        let exchange_type = smartapi::packet::ExchangeType::BSE_FO;
        let (token, lot_size) = ("820001".to_owned(), 40);
        let (symbol, tick_paise) = (symbol.into(), 1);
        let rows = rows(&Instrument { exchange_type, token, symbol, lot_size, tick_paise });
        assert_eq!((&*rows[0].expiry, &*rows[0].lotsize), ("20NOV2025", "40"));
        assert_eq!(rows[0].tick_size, "1.000000");
        assert_eq!(rows.iter().filter(|row| row.symbol == rows[0].symbol).count(), 1);
    }

    #[test]
    fn an_options_fields_follow_from_its_symbol() {
        let option = row("NIFTY28NOV2526000CE");
        assert_eq!(option.name, "NIFTY");
        assert_eq!(option.expiry, "28NOV2025");
        assert_eq!(option.strike, "2600000.000000");
        assert_eq!(option.instrumenttype, "OPTIDX");
        assert_eq!(option.exch_seg, "NFO");
    }

    #[test]
    fn futures_and_shares_have_no_strike() {
        let future = row("RELIANCE25DEC25FUT");
        assert_eq!((&*future.name, &*future.strike), ("RELIANCE", "-1.000000"));
        assert_eq!((&*future.expiry, &*future.instrumenttype), ("25DEC2025", "FUTSTK"));
        let share = row("SBIN-EQ");
        assert_eq!((&*share.name, &*share.expiry), ("SBIN", ""));
    }
}
