//! `myquant perf --tune`: which settings of `[tuning]` help on this machine, and which only seem to.

mod table;
mod verdict;

use std::io::Write as _;

use engine::config::{Config, Tuning};
use engine::tick_path::strategy::Strategy;
use serde::Serialize;

use crate::cli::PerfArgs;
use crate::failure::{Failure, Status};
use crate::measured::{Plan, Stand, Trial};
use crate::output::print;
use crate::playback;
use crate::run_folder::RunFolder;
use crate::thread::processors;
use crate::tuning::Granted;
use verdict::{Candidate, best};

/// How often each row is measured. With fewer, one of eight equal rows would often seem to be better.
const ROUNDS: usize = 5;

/// A figure of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Figure {
    TotalP50,
    TotalP99,
    AgeP50,
    AgeP99,
}

impl Figure {
    const ALL: [Self; 4] = [Self::TotalP50, Self::TotalP99, Self::AgeP50, Self::AgeP99];

    const fn name(self) -> &'static str {
        match self {
            Self::TotalP50 => "total p50",
            Self::TotalP99 => "total p99",
            Self::AgeP50 => "age p50",
            Self::AgeP99 => "age p99",
        }
    }
}

/// One round of one row, in nanoseconds; null where there were too few ticks.
#[derive(Clone, Copy, Debug, Serialize)]
struct Round {
    total_p50_ns: Option<u64>,
    total_p99_ns: Option<u64>,
    age_p50_ns: Option<u64>,
    age_p99_ns: Option<u64>,
}

impl Round {
    fn of(trial: &Trial) -> Self {
        let age = trial.age.as_ref();
        Self {
            total_p50_ns: trial.total.p50_ns,
            total_p99_ns: trial.total.p99_ns,
            age_p50_ns: age.and_then(|age| age.p50_ns),
            age_p99_ns: age.and_then(|age| age.p99_ns),
        }
    }

    const fn ns(&self, figure: Figure) -> Option<u64> {
        match figure {
            Figure::TotalP50 => self.total_p50_ns,
            Figure::TotalP99 => self.total_p99_ns,
            Figure::AgeP50 => self.age_p50_ns,
            Figure::AgeP99 => self.age_p99_ns,
        }
    }
}

/// A combination of settings, and what it came to.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    /// As `--set` takes them; empty for the defaults.
    settings: Vec<String>,
    rounds: Vec<Round>,
    #[serde(skip)]
    tuning: Tuning,
}

impl Row {
    /// The values of a figure, one a round; `None` if a round has none.
    fn values(&self, figure: Figure) -> Option<Vec<u64>> {
        self.rounds.iter().map(|round| round.ns(figure)).collect()
    }
}

/// The row that is better than the defaults in a figure by more than the rounds are apart.
#[derive(Clone, Debug, Serialize)]
struct Best {
    figure: Figure,
    /// Null: no difference seen.
    row: Option<String>,
    settings: Vec<String>,
}

/// `tune.json`.
#[derive(Debug, Serialize)]
struct Tune {
    schema: u32,
    ticks: u64,
    rounds: usize,
    rows: Vec<Row>,
    /// Rows that this system does not allow, and why.
    refused: Vec<String>,
    best: Vec<Best>,
    interrupted: bool,
}

/// Runs the command.
///
/// Errors: those of a measured run; the first one ends it.
pub(crate) fn run<S: Strategy + Send + 'static>(
    args: &PerfArgs,
    config: &Config,
    plan: &Plan<'_>,
) -> Result<Status, Failure> {
    let mut stand = Stand::new()?;
    RunFolder::refuse_existing(args.run.out.as_deref())?;
    let (mut rows, refused) = rows(&config.tuning);
    let mut interrupted = false;
    'rounds: for round in 0..ROUNDS {
        let order = order(rows.len(), round);
        if !args.run.quiet {
            let _ = writeln!(std::io::stderr(), "round {} of {ROUNDS}", round + 1);
        }
        for place in order {
            let Some(row) = rows.get_mut(place) else { continue };
            let mut config = config.clone();
            config.tuning = row.tuning;
            let Some(trial) = stand.trial::<S>(plan, &config)? else {
                interrupted = true;
                break 'rounds;
            };
            row.rounds.push(Round::of(&trial));
        }
    }
    // A round that was not finished would compare rows at different times.
    let whole = rows.iter().map(|row| row.rounds.len()).min().unwrap_or_default();
    rows.iter_mut().for_each(|row| row.rounds.truncate(whole));
    let best = Figure::ALL.map(|figure| best_in(figure, &rows)).into();
    let tune =
        Tune { schema: 1, ticks: args.ticks, rounds: whole, rows, refused, best, interrupted };
    let symbol = playback::instrument(config).symbol;
    let folder = RunFolder::create(args.run.out.as_deref(), "tune", &symbol)?;
    folder.write("tune.json", |file| {
        serde_json::to_writer_pretty(&mut *file, &tune)?;
        file.write_all(b"\n")
    })?;
    say(args, &tune, &folder);
    Ok(if interrupted { Status::Interrupted } else { Status::Done })
}

fn say(args: &PerfArgs, tune: &Tune, folder: &RunFolder) {
    print(&args.run, &table::of(tune), tune);
    if !args.run.quiet {
        let _ = writeln!(std::io::stderr(), "report in {}", folder.path().display());
    }
    if tune.interrupted {
        let _ =
            writeln!(std::io::stderr(), "interrupted: {} whole rounds are compared", tune.rounds);
    }
}

/// The order of a round: each begins at another row, and every other one goes backwards, so that
/// neither a row's place nor a machine that grows slower decides.
fn order(rows: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.rotate_left(round % rows.max(1));
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// The combinations that this system allows, the defaults first; and why it does not allow others.
fn rows(asked: &Tuning) -> (Vec<Row>, Vec<String>) {
    let plain = Tuning { pin: None, busy_poll: false, lock_memory: false, ..*asked };
    let last = match processors()[..] {
        [_, .., last] => Some(last),
        _ => None,
    };
    let pin = asked.pin.or(last);
    let mut refused = Vec::new();
    let mut allows = |tuning: Tuning| {
        Granted::ask(&tuning).map_err(|failure| refused.push(failure.to_string())).is_ok()
    };
    let pins: &[_] =
        if pin.is_some() && allows(Tuning { pin, ..plain }) { &[None, pin] } else { &[None] };
    let locks: &[_] =
        if allows(Tuning { lock_memory: true, ..plain }) { &[false, true] } else { &[false] };
    let mut rows = Vec::new();
    for busy_poll in [false, true] {
        for lock_memory in locks {
            for pin in pins {
                rows.push(row(Tuning { pin: *pin, busy_poll, lock_memory: *lock_memory, ..plain }));
            }
        }
    }
    (rows, refused)
}

fn row(tuning: Tuning) -> Row {
    let busy_poll = tuning.busy_poll.then(|| "tuning.busy_poll=true".to_owned());
    let pin = tuning.pin.map(|processor| format!("tuning.pin={processor}"));
    let lock_memory = tuning.lock_memory.then(|| "tuning.lock_memory=true".to_owned());
    let settings: Vec<String> = [busy_poll, pin, lock_memory].into_iter().flatten().collect();
    let bare = |set: &String| {
        set.trim_start_matches("tuning.").trim_end_matches("=true").replace('=', " ")
    };
    let name = settings.iter().map(bare).collect::<Vec<_>>().join(" + ");
    let name = if name.is_empty() { "defaults".to_owned() } else { name };
    Row { name, settings, rounds: Vec::new(), tuning }
}

fn best_in(figure: Figure, rows: &[Row]) -> Best {
    let candidates: Option<Vec<Candidate>> = rows
        .iter()
        .map(|row| Some(Candidate::new(row.values(figure)?, row.settings.len())))
        .collect();
    let row = candidates.and_then(|candidates| best(&candidates)).and_then(|row| rows.get(row));
    Best {
        figure,
        row: row.map(|row| row.name.clone()),
        settings: row.map(|row| row.settings.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Tuning =
        Tuning { pin: Some(0), busy_poll: true, lock_memory: true, no_delay: false };

    #[test]
    fn the_defaults_come_first_and_each_row_says_how_to_get_it() {
        let (rows, refused) = rows(&ASKED);
        assert!(rows.len() <= 8 && refused.len() <= 1, "{refused:?}");
        assert_eq!((rows[0].name.as_str(), rows[0].settings.len()), ("defaults", 0));
        assert_eq!(rows[1].settings, ["tuning.pin=0"]);
        assert!(rows.iter().all(|row| !row.tuning.no_delay), "it is left as it was asked for");
        let last = rows.last().expect("several");
        assert!(last.name.starts_with("busy_poll + pin 0"), "{}", last.name);
        assert!(rows.iter().all(|row| {
            let sets: Vec<_> = row.settings.iter().filter_map(|set| set.split_once('=')).collect();
            let sources: Vec<_> = sets
                .iter()
                .map(|(key, value)| engine::config::Source::Set { key, value })
                .chain([engine::config::Source::Set { key: "tuning.no_delay", value: "false" }])
                .collect();
            engine::config::load(&sources).expect("allowed").tuning == row.tuning
        }));
    }

    #[test]
    fn each_round_takes_every_row_once_and_in_another_order() {
        let orders: Vec<_> = (0..ROUNDS).map(|round| order(8, round)).collect();
        for (number, order) in orders.iter().enumerate() {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..8).collect::<Vec<_>>());
            assert!(orders.iter().skip(number + 1).all(|other| other != order), "{orders:?}");
        }
        assert_eq!(order(0, 3), [] as [usize; 0]);
    }
}
