//! What `myquant sandbox` plays: which instrument, on which day, and what the list says of it.

use engine::config::{Config, Origin, Schema};
use sandbox::{Instrument, Tape};
use smartapi::instruments::Day;

use crate::cli::SandboxArgs;
use crate::failure::Failure;
use crate::{playback, settings};

const DAY_S: i64 = 86_400;
const IST_S: i64 = 19_800;
/// 09:36 in India, when the generator begins, in seconds of its day.
const FIRST_S: i64 = 34_560;

/// What is played, and around which day the list of instruments is.
pub(crate) struct Played {
    pub(crate) instrument: Instrument,
    pub(crate) tape: Tape,
    pub(crate) list_day: Day,
    /// What a person should know, a line each.
    pub(crate) notes: Vec<String>,
}

/// What is played at `now_s`, in seconds since 1970 UTC.
///
/// A recording has its own day. The generator makes the last weekday whose first tick is past, unless
/// it is told another, so that whoever asks for candles by the clock finds them; the list is today's,
/// so that whoever looks for the nearest expiry finds what is played.
///
/// Errors: status 2 for a configuration that is wrong, 5 for an unreadable recording.
pub(crate) fn played(args: &SandboxArgs, now_s: i64) -> Result<Played, Failure> {
    let sets = [&args.settings.set[..], &args.instrument.sets()].concat();
    let (preset, file) = (args.settings.preset.as_deref(), args.settings.config.as_deref());
    let config = settings::lay(&Schema::default(), preset, file, &sets)?;
    let today = Day::in_india(u64::try_from(now_s).unwrap_or_default());
    let mut notes = Vec::new();
    let (list_day, instrument, tape) = match &args.playback.ticks_file {
        Some(path) => {
            let (tape, note) = playback::recording(path, config.session.zone)?;
            notes.extend(note);
            let list_day = tape.rows().first().map_or(today, |row| day_of(row.exchange_ts_ms));
            (list_day, instrument(&config, list_day), tape)
        }
        None => {
            let list_day = args.day.unwrap_or(today);
            let first_s = args.day.map_or_else(|| last_session(now_s), first_of);
            let instrument = instrument(&config, list_day);
            let tape = playback::generated(&args.playback, args.rows, first_s * 1000, &instrument)?;
            (list_day, instrument, tape)
        }
    };
    if let Some(expiry) = instrument.expiry().filter(|&expiry| expiry < list_day) {
        notes.push(format!(
            "{} expired on {}, before the list of instruments of {}: clients may not find it",
            instrument.symbol,
            expiry.to_wire(),
            list_day.to_wire()
        ));
    }
    Ok(Played { instrument, tape, list_day, notes })
}

/// The configured instrument; what nobody gave follows from the list of `day`.
fn instrument(config: &Config, day: Day) -> Instrument {
    let usual = playback::instrument(config);
    let configured = &config.instrument;
    let Some(listed) = Instrument::listed(&configured.exchange, &configured.symbol, day) else {
        return Instrument { symbol: configured.symbol.clone(), ..usual };
    };
    let is_given = |path: &str| {
        config.effective().any(|(key, _, from)| key.path == path && *from != Origin::Default)
    };
    // The usual contract keeps its usual token, whatever the day.
    let is_usual = !is_given("instrument.symbol");
    Instrument {
        token: if configured.token.is_empty() && !is_usual { listed.token } else { usual.token },
        lot_size: if is_given("instrument.lot_size") { usual.lot_size } else { listed.lot_size },
        tick_paise: if is_given("instrument.tick_size") {
            usual.tick_paise
        } else {
            listed.tick_paise
        },
        symbol: listed.symbol,
        exchange_type: listed.exchange_type,
    }
}

/// The generator's first second on `day`.
fn first_of(day: Day) -> i64 {
    i64::from(day.0) * DAY_S - IST_S + FIRST_S
}

/// The generator's first second on the last weekday on which it is not after `now_s`.
fn last_session(now_s: i64) -> i64 {
    let mut day = (now_s + IST_S - FIRST_S).div_euclid(DAY_S).clamp(4, u16::MAX.into()) as u16;
    while Day(day).since_monday() > 4 {
        day -= 1;
    }
    first_of(Day(day))
}

/// The day in India.
fn day_of(ts_ms: i64) -> Day {
    Day::in_india(u64::try_from(ts_ms.div_euclid(1000)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    /// Saturday, 28 Nov 2026, 18:00:00 in India.
    const SATURDAY: i64 = 1_795_869_000;
    const HOUR: i64 = 3_600;

    fn at(now_s: i64, flags: &[&str]) -> Played {
        let usual = ["myquant", "sandbox", "--rows", "2"];
        let args = usual.iter().chain(flags);
        let Command::Sandbox(args) = Cli::parse_from(args).command else { panic!("another") };
        played(&args, now_s).unwrap_or_else(|failure| panic!("{failure}"))
    }

    fn first_s(played: &Played) -> i64 {
        played.tape.rows()[0].exchange_ts_ms / 1000
    }

    #[test]
    fn the_usual_contract_is_the_nearest_of_the_list_and_its_day_is_past() {
        let played = at(SATURDAY, &[]);
        let Instrument { symbol, token, lot_size, .. } = &played.instrument;
        assert_eq!(
            (symbol.as_str(), token.as_str(), *lot_size),
            ("NIFTY01DEC2626000CE", "47338", 75)
        );
        assert_eq!(played.list_day, Day::in_india(SATURDAY as u64));
        let friday = played.list_day.0 - 1;
        assert_eq!(first_s(&played), first_of(Day(friday)));
        assert_eq!(played.notes, Vec::<String>::new());
    }

    #[test]
    fn the_generators_day_is_the_last_weekday_that_has_begun() {
        let monday = first_of(Day(20_423));
        assert_eq!((Day(20_423).since_monday(), monday), (0, 1_764_561_960));
        let of = |now_s| first_s(&at(now_s, &[]));
        assert_eq!(of(monday), monday);
        assert_eq!(of(monday - 1), monday - 3 * DAY_S, "before its first tick it is Friday's");
        assert_eq!(of(monday + 23 * HOUR), monday);
        assert_eq!(of(monday + 24 * HOUR), monday + DAY_S);
    }

    #[test]
    fn a_day_that_is_given_is_that_of_ticks_list_and_contract() {
        let played = at(SATURDAY, &["--day", "2025-10-06"]);
        assert_eq!(first_s(&played), 1_759_723_560);
        assert_eq!(Some(played.list_day), Day::new(2025, 10, 6));
        assert_eq!(played.instrument.symbol, "NIFTY07OCT2526000CE");
        assert_eq!(at(0, &["--day", "2025-10-06"]).instrument, played.instrument);
    }

    #[test]
    fn what_nobody_gave_of_an_instrument_comes_from_the_list() {
        let of = |flags: &[&str]| at(SATURDAY, flags).instrument;
        let share = of(&["--exchange", "NSE", "--symbol", "SBIN"]);
        assert_eq!(share, Instrument::listed("NSE", "SBIN-EQ", Day(20_785)).expect("listed"));
        assert_eq!(of(&["--set", "instrument.exchange=NSE", "--symbol", "SBIN-EQ"]), share);
        let given = ["--exchange", "MCX", "--symbol", "GOLD05FEB27FUT", "--token", "9"];
        let more = ["--lot-size", "100", "--tick-size", "1"];
        let gold = of(&[&given[..], &more].concat());
        let told = (gold.token.as_str(), gold.lot_size, gold.tick_paise);
        assert_eq!(told, ("9", 100, 100));
        assert_eq!(gold.symbol, "GOLD05FEB27FUT");
        let bank = of(&["--preset", "SENSEX"]);
        assert_eq!((bank.symbol.as_str(), bank.lot_size), ("SENSEX26D0385000CE", 20));
        let unlisted = of(&["--exchange", "NSE", "--symbol", "NEW-EQ"]);
        assert_eq!((unlisted.symbol.as_str(), unlisted.token.as_str()), ("NEW-EQ", "47338"));
    }

    #[test]
    fn a_contract_that_has_expired_is_told() {
        let played = at(SATURDAY, &["--symbol", "NIFTY28NOV2526000CE"]);
        assert_eq!(played.instrument.symbol, "NIFTY28NOV2526000CE");
        let [note] = &played.notes[..] else { panic!("{:?}", played.notes) };
        assert!(note.contains("expired on 28NOV2025") && note.contains("28NOV2026"), "{note}");
    }
}
