//! What the invented list has, for who wants to play one of its instruments.

use smartapi::instruments::sample::{self, Recipe};
use smartapi::instruments::{Day, Row};
use smartapi::packet::{ExchangeType, FromZeros as _, SnapQuote};

use crate::Instrument;
use crate::exchange::listing::Listing;
use crate::scrip_master::USUAL_ROWS;

impl Instrument {
    /// What the list of `day` has in a segment under a trading symbol, or under an underlying: of a
    /// share itself, else the call in the middle of the nearest expiry.
    #[must_use]
    pub fn listed(segment: &str, text: &str, day: Day) -> Option<Self> {
        let rows = sample::rows(&Recipe { seed: 1, today: day, rows: USUAL_ROWS });
        let in_segment = |row: &&Row<'_>| row.exch_seg == segment && row.instrumenttype != "AMXIDX";
        let exact = rows.iter().filter(in_segment).find(|row| row.symbol == text);
        let of_name = || rows.iter().filter(in_segment).filter(|row| row.name == text);
        let share = || of_name().find(|row| row.instrumenttype.is_empty());
        of_row(exact.or_else(share).or_else(|| middle_call(of_name()))?)
    }

    /// The last day of the contract, as far as the symbol tells it.
    #[must_use]
    pub fn expiry(&self) -> Option<Day> {
        Day::from_wire(&Listing::new(self, &SnapQuote::new_zeroed(), None).expiry)
    }
}

/// The call in the middle of the nearest expiry.
fn middle_call<'r>(rows: impl Iterator<Item = &'r Row<'r>>) -> Option<&'r Row<'r>> {
    let is_call =
        |row: &&Row<'_>| row.instrumenttype.starts_with("OPT") && row.symbol.ends_with("CE");
    let mut calls: Vec<(Day, u64, &Row<'_>)> = rows
        .filter(is_call)
        .filter_map(|row| Some((Day::from_wire(&row.expiry)?, whole(&row.strike)?, row)))
        .collect();
    calls.sort_by_key(|&(expiry, strike, _)| (expiry, strike));
    let nearest = calls.first()?.0;
    calls.retain(|&(expiry, ..)| expiry == nearest);
    calls.get(calls.len() / 2).map(|&(.., row)| row)
}

fn of_row(row: &Row<'_>) -> Option<Instrument> {
    Some(Instrument {
        exchange_type: ExchangeType::of_segment(&row.exch_seg)?,
        token: row.token.clone().into_owned(),
        symbol: row.symbol.clone().into_owned(),
        lot_size: row.lotsize.parse().ok()?,
        tick_paise: i64::try_from(whole(&row.tick_size)?).ok()?.max(1),
    })
}

/// A whole number that is written with decimals.
fn whole(text: &str) -> Option<u64> {
    text.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Saturday.
    fn today() -> Day {
        Day::new(2026, 11, 28).expect("a day")
    }

    fn listed(segment: &str, text: &str) -> Instrument {
        Instrument::listed(segment, text, today()).unwrap_or_else(|| panic!("{segment} {text}"))
    }

    #[test]
    fn an_underlying_is_its_call_in_the_middle_of_the_nearest_expiry() {
        let nifty = listed("NFO", "NIFTY");
        assert_eq!((nifty.symbol.as_str(), nifty.lot_size), ("NIFTY01DEC2626000CE", 75));
        assert_eq!(nifty.expiry(), Day::new(2026, 12, 1));
        // On the day itself it has not expired.
        let first = Day::new(2026, 12, 1).expect("a day");
        assert_eq!(Instrument::listed("NFO", "NIFTY", first), Some(nifty));
        let sensex = listed("BFO", "SENSEX");
        assert_eq!((sensex.symbol.as_str(), sensex.lot_size), ("SENSEX26D0385000CE", 20));
        let oil = listed("MCX", "CRUDEOIL");
        assert_eq!((oil.symbol.as_str(), oil.lot_size), ("CRUDEOIL17DEC265300CE", 100));
    }

    #[test]
    fn a_share_and_a_symbol_are_themselves() {
        for text in ["SBIN", "SBIN-EQ"] {
            let share = listed("NSE", text);
            let ExchangeType(segment) = share.exchange_type;
            assert_eq!((share.symbol.as_str(), share.lot_size, segment), ("SBIN-EQ", 1, 1));
            assert_eq!((share.tick_paise, share.expiry()), (5, None));
        }
        let future = listed("MCX", "CRUDEOIL05DEC26FUT");
        assert_eq!((future.lot_size, future.tick_paise), (100, 10));
        let unknown = |segment, text| Instrument::listed(segment, text, today()).is_none();
        assert!(unknown("NFO", "SBIN-EQ") && unknown("NSE", "NIFTY") && unknown("NFO", "NIL"));
    }
}
