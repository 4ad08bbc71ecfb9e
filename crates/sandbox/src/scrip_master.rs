//! The list of instruments, as the broker serves it: the played one, and an invented list around it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use engine::units::{civil_from_days, days_from_civil};
use serde::Deserialize;
use smartapi::instruments::sample::{self, Recipe};
use smartapi::instruments::{Day, Row};
use smartapi::wire::Rupees;

use crate::Instrument;
use crate::exchange::listing::Listing;
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
    rows_of(&twin.instrument, &twin.exchange.listing, &Recipe { seed: 1, today, rows })
}

pub(crate) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// What the trading symbol of a derivative says.
pub(crate) struct Contract<'s> {
    pub(crate) name: &'s str,
    /// Its last day, in days since 1970.
    pub(crate) day: i64,
    /// In paise; `None` for a future.
    pub(crate) strike: Option<u64>,
}

/// Reads a symbol: a name, a day in a form of its segment, then a strike and CE or PE, or FUT.
pub(crate) fn contract<'s>(symbol: &'s str, segment: &str) -> Option<Contract<'s>> {
    const BSE: [Form; 3] = [(5, of_a_week), (5, of_a_month), (7, dated)];
    let option = symbol.strip_suffix("CE").or_else(|| symbol.strip_suffix("PE"));
    let body = option.or_else(|| symbol.strip_suffix("FUT"))?;
    let forms = if segment == "BFO" { &BSE[..] } else { &BSE[2..] };
    let split = |(at, &(length, day)): (usize, &Form)| {
        let (name, rest) = body.split_at_checked(at)?;
        let (date, strike) = rest.split_at_checked(length)?;
        let strike = match option {
            Some(_) => Some(paise(strike)?),
            None if strike.is_empty() => None,
            None => return None,
        };
        Some(Contract { name, day: day(date)?, strike })
    };
    forms.iter().find_map(|form| (1..body.len()).find_map(|at| split((at, form))))
}

/// The length of a day in a symbol, and how it is read.
type Form = (usize, fn(&str) -> Option<i64>);

/// Strikes are below this, in paise: more digits begin with those of a year.
const MOST_STRIKE: i64 = 100_000_000;

/// `28NOV25`, as at NSE and MCX.
fn dated(date: &str) -> Option<i64> {
    let (day, rest) = date.split_at_checked(2)?;
    let (month, year) = rest.split_at_checked(3)?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    civil(number(year)?, month, number(day)?)
}

/// `25N20`, as at BSE: year, month as 1 to 9, O, N or D, and day.
fn of_a_week(date: &str) -> Option<i64> {
    let (year, rest) = date.split_at_checked(2)?;
    let (month, day) = rest.split_at_checked(1)?;
    let month = "123456789OND".find(month)? as i64 + 1;
    civil(number(year)?, month, number(day)?)
}

/// `25NOV`, as at BSE, whose months have ended on their last Thursday since September 2025.
fn of_a_month(date: &str) -> Option<i64> {
    let (year, month) = date.split_at_checked(2)?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let next_month = civil_from_days(days_from_civil(2000 + number(year)?, month, 1) + 31);
    let last = days_from_civil(next_month.0, next_month.1, 1) - 1;
    // Day 0 was a Thursday.
    Some(last - last.rem_euclid(7))
}

/// A day that the calendar has.
fn civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let days = days_from_civil(2000 + year, month, day);
    (civil_from_days(days) == (2000 + year, month, day)).then_some(days)
}

fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A strike as symbols write it: `26000`, `402.5`.
fn paise(strike: &str) -> Option<u64> {
    let paise = strike.parse::<Rupees>().ok()?.paise()?;
    u64::try_from(paise).ok().filter(|_| (1..MOST_STRIKE).contains(&paise))
}

/// Whether an underlying is an index.
pub(crate) fn is_index(name: &str) -> bool {
    name.contains("NIFTY") || matches!(name, "SENSEX" | "BANKEX")
}

/// The played instrument as the books have it, and the invented ones that are not it.
fn rows_of(played: &Instrument, listing: &Listing, recipe: &Recipe) -> Vec<Row<'static>> {
    let mut rows = sample::rows(recipe);
    let segment = played.segment();
    let same = |row: &Row<'_>| row.exch_seg == segment && row.symbol == played.symbol.as_str();
    rows.retain(|row| {
        !same(row) && (row.exch_seg != segment || row.token != played.token.as_str())
    });
    rows.insert(
        0,
        Row {
            token: played.token.clone().into(),
            lotsize: played.lot_size.to_string().into(),
            tick_size: format!("{}.000000", played.tick_paise).into(),
            ..by_listing(listing, segment)
        },
    );
    rows
}

/// What the books say of an instrument; strikes are rupees times 100, the tick size is in paise.
fn by_listing(listing: &Listing, segment: &'static str) -> Row<'static> {
    let strike = if listing.option.is_empty() { -1 } else { listing.strike.raw() / 100 };
    Row {
        symbol: listing.symbol.clone().into(),
        name: listing.name.clone().into(),
        expiry: listing.expiry.clone().into(),
        strike: format!("{strike}.000000").into(),
        instrumenttype: listing.kind.into(),
        exch_seg: segment.into(),
        tick_size: "5.000000".into(),
        ..Row::default()
    }
}

#[cfg(test)]
mod tests {
    use smartapi::packet::{ExchangeType, FromZeros as _, SnapQuote};

    use super::*;

    fn rows(played: &Instrument) -> Vec<Row<'static>> {
        let today = Day::new(2025, 11, 20).expect("a day");
        let listing = Listing::new(played, &SnapQuote::new_zeroed(), None);
        rows_of(played, &listing, &Recipe { seed: 1, today, rows: USUAL_ROWS })
    }

    fn row(segment: &str, symbol: &str) -> Row<'static> {
        let exchange_type = ExchangeType::of_segment(segment).expect("a segment");
        let symbol = symbol.to_owned();
        rows(&Instrument { exchange_type, symbol, ..Instrument::default() }).swap_remove(0)
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
        let exchange_type = ExchangeType::BSE_FO;
        let (token, lot_size) = ("820001".to_owned(), 40);
        let (symbol, tick_paise) = (symbol.into(), 1);
        let rows = rows(&Instrument { exchange_type, token, symbol, lot_size, tick_paise });
        assert_eq!((&*rows[0].expiry, &*rows[0].lotsize), ("20NOV2025", "40"));
        assert_eq!(rows[0].tick_size, "1.000000");
        assert_eq!(rows.iter().filter(|row| row.symbol == rows[0].symbol).count(), 1);
    }

    #[test]
    fn the_segment_and_the_symbol_tell_every_field() {
        for (segment, symbol, [name, kind, expiry, strike]) in [
            ("NFO", "NIFTY28NOV2526000CE", ["NIFTY", "OPTIDX", "28NOV2025", "2600000.000000"]),
            ("NFO", "ITC25NOV25402.5PE", ["ITC", "OPTSTK", "25NOV2025", "40250.000000"]),
            ("NFO", "RELIANCE25DEC25FUT", ["RELIANCE", "FUTSTK", "25DEC2025", "-1.000000"]),
            ("BFO", "SENSEX25N2085000CE", ["SENSEX", "OPTIDX", "20NOV2025", "8500000.000000"]),
            ("BFO", "SENSEX25NOV85100PE", ["SENSEX", "OPTIDX", "27NOV2025", "8510000.000000"]),
            ("BFO", "SENSEX25DECFUT", ["SENSEX", "FUTIDX", "25DEC2025", "-1.000000"]),
            (
                "NFO",
                "NIFTYNXT5025NOV2570000CE",
                ["NIFTYNXT50", "OPTIDX", "25NOV2025", "7000000.000000"],
            ),
            ("MCX", "SILVER05DEC25FUT", ["SILVER", "FUTCOM", "05DEC2025", "-1.000000"]),
            ("MCX", "GOLD17DEC25125000CE", ["GOLD", "OPTFUT", "17DEC2025", "12500000.000000"]),
            ("NSE", "SBIN-EQ", ["SBIN", "", "", "-1.000000"]),
            ("NSE", "SPICE", ["SPICE", "", "", "-1.000000"]),
        ] {
            let row = row(segment, symbol);
            let told = [&*row.name, &*row.instrumenttype, &*row.expiry, &*row.strike];
            assert_eq!(told, [name, kind, expiry, strike], "{symbol}");
            assert_eq!((&*row.symbol, &*row.exch_seg), (symbol, segment));
        }
    }

    #[test]
    fn the_months_of_bse_end_on_their_last_thursday() {
        let day = |date| of_a_month(date).map(civil_from_days);
        assert_eq!(day("25NOV"), Some((2025, 11, 27)));
        assert_eq!(day("25DEC"), Some((2025, 12, 25)));
        assert_eq!(day("26APR"), Some((2026, 4, 30)));
        assert_eq!(day("28FEB"), Some((2028, 2, 24)));
        assert_eq!(day("25XYZ"), None);
    }

    #[test]
    fn what_is_no_contract_is_none() {
        for symbol in ["NIFTY31NOV2526000CE", "26000CE", "28NOV2526000CE", "NIFTYFUT", "CE", ""] {
            assert!(["NFO", "BFO"].iter().all(|segment| contract(symbol, segment).is_none()));
        }
    }
}
