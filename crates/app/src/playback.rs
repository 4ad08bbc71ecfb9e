//! What a sandbox plays: a recording or the generator, and how fast.

use std::path::Path;

use engine::config::Config;
use engine::units::Zone;
use sandbox::{Instrument, Pacing, Recipe, Row, Scenario, Tape, generate};
use smartapi::packet::ExchangeType;

use crate::cli::{PlaybackArgs, Rate, Regime};
use crate::failure::{Failure, Status};
use crate::tick_files::{self, BadRows};

/// 09:36:00 in India on Monday, 6 Oct 2025: the generator's first stamp, in milliseconds.
const FIRST_TS_MS: i64 = 1_759_723_560_000;
/// Seconds from there to the default close of positions at 14:50, less a margin.
const SESSION_S: usize = 18_000;
/// Rows that fit into a gigabyte with their schedule.
const MOST_ROWS: usize = 20_000_000;
/// Ticks that share a second at least, as a liquid option has them.
const LEAST_PER_SECOND: usize = 4;

/// A tape, and what a person should know about it.
pub(crate) type Noted = (Tape, Option<String>);

/// The tape of the arguments; the generator makes `rows` ticks of always the same day.
///
/// Errors: status 5 for an unreadable recording.
pub(crate) fn tape(args: &PlaybackArgs, rows: usize, config: &Config) -> Result<Noted, Failure> {
    if let Some(path) = &args.ticks_file {
        return recording(path, config.session.zone);
    }
    Ok((generated(args, rows, FIRST_TS_MS, &instrument(config))?, None))
}

/// Ticks of `played` that lie inside the session that begins at `first_ts_ms`.
///
/// Errors: status 2 for more rows than there may be.
pub(crate) fn generated(
    args: &PlaybackArgs,
    rows: usize,
    first_ts_ms: i64,
    played: &Instrument,
) -> Result<Tape, Failure> {
    if rows > MOST_ROWS {
        return Err(Failure::usage(
            format!("the generator would make {rows} rows, it makes at most {MOST_ROWS}"),
            "ask for fewer --ticks or --rows, or play a recording with --ticks-file",
        ));
    }
    // Silent minutes take up to half of a gappy day.
    let usable = if args.regime == Regime::Gappy { SESSION_S / 2 } else { SESSION_S };
    let recipe = Recipe {
        regime: match args.regime {
            Regime::Calm => sandbox::Regime::Calm,
            Regime::Volatile => sandbox::Regime::Volatile,
            Regime::Gappy => sandbox::Regime::Gappy,
        },
        seed: args.seed,
        rows,
        per_second: rows.div_ceil(usable).max(LEAST_PER_SECOND) as u32,
        first_ts_ms,
        lot_size: played.lot_size,
        tick_paise: played.tick_paise,
    };
    Ok(Tape::new(generate(&recipe), 0))
}

/// What goes wrong: the scenario's file, and then the faults of the command line.
///
/// Errors: status 2 for a file that is unreadable or no scenario.
pub(crate) fn scenario(args: &PlaybackArgs) -> Result<Scenario, Failure> {
    let written = match &args.scenario {
        None => Scenario::default(),
        Some(path) => {
            let name = path.display();
            let text = std::fs::read_to_string(path).map_err(|error| {
                let what = format!("cannot read the scenario {name}: {error}");
                Failure::usage(
                    what,
                    "check the name and the rights of the file given to --scenario",
                )
            })?;
            Scenario::from_toml(&text).map_err(|error| {
                Failure::usage(format!("scenario {name}: {error}"), error.hint())
            })?
        }
    };
    Ok(args.fault.iter().cloned().fold(written, Scenario::with))
}

/// Why a sandbox did not start: the recording's fault is told from the command line's.
pub(crate) fn refused(error: sandbox::Error) -> Failure {
    let status = match error {
        sandbox::Error::EmptyTape { .. } => Status::Data,
        _ => Status::Usage,
    };
    Failure::new(status, &error, error.hint())
}

/// The pace of the arguments, or the command's own.
pub(crate) fn pacing(args: &PlaybackArgs, default: Pacing) -> Pacing {
    match (args.rate, args.speed) {
        (Some(Rate::PerSecond(per_second)), _) => Pacing::FixedRate { per_second },
        (Some(Rate::Max), _) => Pacing::FullSpeed,
        (None, Some(speed)) => Pacing::Recorded { speed },
        (None, None) => default,
    }
}

/// The instrument that the sandbox plays, after the configuration where it names one.
pub(crate) fn instrument(config: &Config) -> Instrument {
    let usual = Instrument::default();
    let configured = &config.instrument;
    let token = if configured.token.is_empty() { usual.token } else { configured.token.clone() };
    let symbol =
        if configured.symbol == "NIFTY" { usual.symbol } else { configured.symbol.clone() };
    Instrument {
        exchange_type: ExchangeType::of_segment(&configured.exchange)
            .unwrap_or(usual.exchange_type),
        token,
        symbol,
        lot_size: configured.lot_size.0,
        tick_paise: configured.tick_size.0.max(1),
    }
}

/// The rows of a tick file; those that a packet cannot carry are skipped and counted.
///
/// Errors: status 5 for an unreadable recording.
pub(crate) fn recording(path: &Path, zone: Zone) -> Result<Noted, Failure> {
    let mut file = tick_files::open(path, zone, BadRows::Count)?;
    let mut rows = Vec::new();
    let mut skipped = 0;
    let mut cut = 0u64;
    let mut batch = Vec::new();
    while file.read(&mut batch)? {
        for tick in &batch {
            let (Some(time), Some(price)) = (tick.time, tick.price) else {
                skipped += 1;
                continue;
            };
            cut += u64::from(time.0 % 1000 != 0);
            rows.push(Row {
                exchange_ts_ms: time.0.div_euclid(1000),
                price_paise: price.0,
                qty: tick.volume.map_or(0, |volume| volume.0),
            });
        }
    }
    let mut notes = Vec::new();
    if skipped > 0 {
        notes.push(format!("{skipped} rows without a readable time or price are not played"));
    }
    if cut > 0 {
        notes.push(format!("{cut} stamps are cut to milliseconds, which is what a packet carries"));
    }
    let note = (!notes.is_empty()).then(|| format!("{}: {}", path.display(), notes.join("; ")));
    Ok((Tape::new(rows, skipped), note))
}
