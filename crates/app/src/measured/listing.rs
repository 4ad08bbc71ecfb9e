//! What the broker's list says of the instrument that is to be subscribed live.

use std::io::Write as _;

use client::{Instruments, Servers, StateFolder};
use engine::config;
use engine::tick_path::feed::Subscription;
use engine::units::Paise;
use smartapi::instruments::{Day, Index, Instrument};
use smartapi::packet::{ExchangeType, token_field, token_text};

use super::source::{Wanted, subscription_to};
use crate::failure::{Failure, Status};
use crate::instruments_command::{nothing_found, refused, say_notices, today};

/// The oldest list that trading goes by: Friday's on a Tuesday after a holiday.
const MOST_DAYS: u16 = 4;

/// Whether a run can do without the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A measurement says what it does not know, and goes on.
    Welcome,
    /// Trading does not.
    Required,
}

/// Looks the instrument up, whose lot and tick must be the configured ones; `None` if the list does
/// not know it or is not to be had, where that is worth a word only.
///
/// Errors: status 2 for an instrument that differs or is not listed, 4 where the list is not to be had.
pub(super) async fn look_up(
    servers: &Servers,
    state: &StateFolder,
    wanted: &Wanted,
    configured: &config::Instrument,
    need: Need,
) -> Result<Option<Subscription>, Failure> {
    let list = match Instruments::open(&servers.list(), state).await {
        Ok(list) => list,
        Err(error) => return unknown(refused(&error), need),
    };
    say_notices(&list);
    if need == Need::Required {
        recent(list.days_old(today()), &list.fetched())?;
    }
    let Some(instrument) = listed(&list.index, wanted, &configured.exchange) else {
        return unknown(not_listed(&list.index, wanted, &configured.exchange), need);
    };
    unexpired(&instrument, today())?;
    agree(&instrument, configured)?;
    let field = token_field(instrument.token);
    Ok(field.map(|token| subscription_to(instrument.exchange, token)))
}

/// Trading needs a list that is not too old: lots change, and tokens are used again.
///
/// Errors: status 4 with the age and the limit.
fn recent(days: u16, fetched: &str) -> Result<(), Failure> {
    if days <= MOST_DAYS {
        return Ok(());
    }
    let what = format!(
        "the list of instruments of {fetched} was made {days} days ago, trading needs one of at \
         most {MOST_DAYS}"
    );
    let hint = "`myquant instruments refresh` says why no newer one could be had";
    Err(Failure::new(Status::Feed, what, hint))
}

/// The token of a contract that has expired may be another's by now.
///
/// Errors: status 2 with the day.
fn unexpired(of: &Instrument<'_>, today: Day) -> Result<(), Failure> {
    match of.expiry.filter(|expiry| *expiry < today) {
        None => Ok(()),
        Some(expiry) => {
            let what = format!("{} expired on {expiry}", of.symbol);
            let hint = format!("`myquant instruments find {} next expiry` lists the next", of.name);
            Err(Failure::usage(what, hint))
        }
    }
}

fn unknown(failure: Failure, need: Need) -> Result<Option<Subscription>, Failure> {
    if need == Need::Required {
        return Err(failure);
    }
    let said = failure.what();
    let _ = writeln!(std::io::stderr(), "note: lot and tick size are not checked: {said}");
    Ok(None)
}

/// The wanted instrument by its symbol or its token.
fn listed<'i>(index: &'i Index, wanted: &Wanted, exchange: &str) -> Option<Instrument<'i>> {
    match wanted {
        Wanted::Symbol(symbol) => index.by_symbol(ExchangeType::of_segment(exchange)?, symbol),
        Wanted::Known { subscription, .. } => {
            let token = std::str::from_utf8(token_text(&subscription.token)).ok()?;
            index.by_token(subscription.segment, token)
        }
    }
}

fn not_listed(index: &Index, wanted: &Wanted, exchange: &str) -> Failure {
    let (Wanted::Symbol(symbol) | Wanted::Known { symbol, .. }) = wanted;
    let what = match wanted {
        Wanted::Symbol(_) => format!("{exchange} has no symbol {symbol} in the broker's list"),
        Wanted::Known { .. } => format!("the broker's list has no instrument with token {symbol}"),
    };
    let hint = nothing_found(index, symbol, ExchangeType::of_segment(exchange), today());
    Failure::new(Status::Usage, what, format!("{hint}; `myquant instruments find` looks it up"))
}

/// The lot and the tick of the list have to be those that the strategy computes with.
///
/// Errors: status 2 with both values and what to set.
fn agree(of: &Instrument<'_>, configured: &config::Instrument) -> Result<(), Failure> {
    let mut differences = Vec::new();
    let mut sets = Vec::new();
    if i64::from(of.lot_size) != configured.lot_size.0 {
        differences.push(format!("lot size {}, configured {}", of.lot_size, configured.lot_size.0));
        sets.push(format!("--set instrument.lot_size={}", of.lot_size));
    }
    // An index has no tick size, and is not traded.
    let tick = of.tick_size.map(|tick| tick.paise(of.exchange).map(Paise));
    if tick.is_some_and(|tick| tick != Some(configured.tick_size)) {
        let listed = of.tick_rupees().unwrap_or_default();
        differences.push(format!("tick size {listed}, configured {}", configured.tick_size));
        sets.push(format!("--set instrument.tick_size={listed}"));
    }
    if differences.is_empty() {
        return Ok(());
    }
    let what = format!("the broker lists {} with {}", of.symbol, differences.join("; with "));
    Err(Failure::usage(what, format!("add {}", sets.join(" "))))
}

#[cfg(test)]
mod tests {
    use engine::config::{Source, load};
    use smartapi::instruments::{parse, sample};

    use super::*;

    fn index() -> Index {
        let recipe = sample::Recipe { seed: 1, today: Day(20_000), rows: 1_000 };
        parse(&sample::json(&recipe)).expect("a list").0
    }

    fn configured(sets: &[(&str, &str)]) -> config::Instrument {
        let sources: Vec<Source<'_>> =
            sets.iter().map(|(key, value)| Source::Set { key, value }).collect();
        load(&sources).expect("a configuration").instrument
    }

    fn any_nifty(index: &Index) -> Instrument<'_> {
        let found = index.find("nifty option", Some(ExchangeType::NSE_FO), Day(20_000));
        *found.first().expect("listed")
    }

    #[test]
    fn lot_and_tick_have_to_be_the_listed_ones() {
        let index = index();
        let nifty = any_nifty(&index);
        assert!(agree(&nifty, &configured(&[])).is_ok());
        let fifty = configured(&[("instrument.lot_size", "50")]);
        let refused = agree(&nifty, &fifty).expect_err("refused");
        assert_eq!(refused.status, Status::Usage);
        let text = refused.to_string();
        assert!(text.contains("with lot size 75, configured 50\nhint: add --set"), "{text}");
        assert!(text.ends_with("instrument.lot_size=75"), "{text}");
        let both = [("instrument.lot_size", "50"), ("instrument.tick_size", "0.1")];
        let text = agree(&nifty, &configured(&both)).expect_err("refused").to_string();
        assert!(text.contains("; with tick size 0.05, configured 0.10\n"), "{text}");
        assert!(text.ends_with("=75 --set instrument.tick_size=0.05"), "{text}");
        let vix = index.by_symbol(ExchangeType::NSE_CM, "India VIX").expect("listed");
        assert!(agree(&vix, &configured(&[("instrument.lot_size", "1")])).is_ok(), "no tick");
        let rupee = index.find("usdinr fut", None, Day(20_000));
        let finer =
            agree(rupee.first().expect("listed"), &configured(&[("instrument.lot_size", "1")]));
        assert!(finer.is_err(), "finer than a paisa");
    }

    #[test]
    fn an_instrument_is_looked_up_by_symbol_or_token() {
        let index = index();
        let nifty = any_nifty(&index);
        let symbol = Wanted::Symbol(nifty.symbol.to_lowercase());
        assert_eq!(listed(&index, &symbol, "NFO"), Some(nifty));
        assert_eq!(listed(&index, &symbol, "BFO"), None);
        let field = token_field(nifty.token).expect("fits");
        let subscription = subscription_to(ExchangeType::NSE_FO, field);
        let token = Wanted::Known { symbol: "X".to_owned(), subscription };
        assert_eq!(listed(&index, &token, "BFO"), Some(nifty));
    }

    #[test]
    fn trading_is_refused_an_old_list_and_an_expired_contract() {
        assert!(recent(4, "24 Nov 2025 09:00 IST").is_ok());
        let old = recent(5, "24 Nov 2025 09:00 IST").expect_err("refused");
        let text = old.to_string();
        assert_eq!(old.status, Status::Feed);
        assert!(text.contains("24 Nov 2025 09:00 IST was made 5 days ago"), "{text}");
        assert!(text.contains("at most 4\nhint: `myquant instruments refresh`"), "{text}");
        let index = index();
        let nifty = any_nifty(&index);
        let expiry = nifty.expiry.expect("an option expires");
        assert!(unexpired(&nifty, expiry).is_ok(), "on its last day");
        let gone = unexpired(&nifty, Day(expiry.0 + 1)).expect_err("refused");
        assert_eq!(gone.status, Status::Usage);
        let text = gone.to_string();
        assert!(text.contains(&format!("{} expired on {expiry}", nifty.symbol)), "{text}");
        assert!(text.contains("find NIFTY next expiry"), "{text}");
    }

    #[test]
    fn trading_is_refused_what_a_measurement_may_miss() {
        let index = index();
        let missing = || not_listed(&index, &Wanted::Symbol("BANKNIFTTY".to_owned()), "NFO");
        let text = missing().to_string();
        assert!(text.contains("NFO has no symbol BANKNIFTTY in the broker's list"), "{text}");
        assert!(text.contains("did you mean BANKNIFTY"), "{text}");
        assert!(matches!(unknown(missing(), Need::Welcome), Ok(None)));
        assert_eq!(
            unknown(missing(), Need::Required).map(|_| ()).expect_err("refused").status,
            Status::Usage
        );
    }
}
