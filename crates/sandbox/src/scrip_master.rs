//! The list of instruments, as the broker serves it: the played one and the index that it belongs to.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Instrument;
use crate::twin::Twin;

pub(crate) const PATH: &str = "/OpenAPI_File/files/OpenAPIScripMaster.json";

pub(crate) fn routes() -> Router<Arc<Twin>> {
    Router::new().route(
        PATH,
        get(|State(twin): State<Arc<Twin>>| async move { Json(rows(&twin.instrument)) }),
    )
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// What a trading symbol of the form NAME DDMMMYY STRIKE CE|PE or NAME DDMMMYY FUT says.
struct Contract<'s> {
    name: &'s str,
    date: &'s str,
    /// `None` for a future.
    strike: Option<u64>,
}

fn contract(symbol: &str) -> Option<Contract<'_>> {
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

/// Prices in this file are rupees times 100; `tick_size` is in paise.
fn rows(played: &Instrument) -> Value {
    let contract = contract(&played.symbol);
    let (name, expiry, strike, kind) = match &contract {
        None => (played.symbol.trim_end_matches("-EQ"), String::new(), "-1.000000".into(), ""),
        Some(Contract { name, date, strike }) => {
            let (day, year) = date.split_at(5);
            let index = name.contains("NIFTY") || matches!(*name, "SENSEX" | "BANKEX");
            let kind = match (strike, index) {
                (Some(_), true) => "OPTIDX",
                (Some(_), false) => "OPTSTK",
                (None, true) => "FUTIDX",
                (None, false) => "FUTSTK",
            };
            let strike = strike.map_or("-1.000000".into(), |strike| format!("{strike}00.000000"));
            (*name, format!("{day}20{year}"), strike, kind)
        }
    };
    json!([
        {
            "token": played.token, "symbol": played.symbol, "name": name, "expiry": expiry,
            "strike": strike, "lotsize": played.lot_size.to_string(), "instrumenttype": kind,
            "exch_seg": played.segment(), "tick_size": "5.000000",
        },
        {
            "token": "99926000", "symbol": "Nifty 50", "name": "NIFTY", "expiry": "",
            "strike": "0.000000", "lotsize": "1", "instrumenttype": "AMXIDX",
            "exch_seg": "NSE", "tick_size": "0.000000",
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(symbol: &str) -> Value {
        rows(&Instrument { symbol: symbol.into(), ..Instrument::default() })[0].clone()
    }

    #[test]
    fn an_options_fields_follow_from_its_symbol() {
        let option = row("NIFTY28NOV2526000CE");
        assert_eq!(option["name"], "NIFTY");
        assert_eq!(option["expiry"], "28NOV2025");
        assert_eq!(option["strike"], "2600000.000000");
        assert_eq!(option["instrumenttype"], "OPTIDX");
        assert_eq!(option["exch_seg"], "NFO");
    }

    #[test]
    fn futures_and_shares_have_no_strike() {
        let future = row("RELIANCE25DEC25FUT");
        assert_eq!(
            (future["name"].as_str(), future["strike"].as_str()),
            (Some("RELIANCE"), Some("-1.000000"))
        );
        assert_eq!(
            (future["expiry"].as_str(), future["instrumenttype"].as_str()),
            (Some("25DEC2025"), Some("FUTSTK"))
        );
        let share = row("SBIN-EQ");
        assert_eq!((share["name"].as_str(), share["expiry"].as_str()), (Some("SBIN"), Some("")));
    }
}
