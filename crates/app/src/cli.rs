//! The command line.

mod twin;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sandbox::Step;
use smartapi::packet::ExchangeType;

use crate::sandbox_help;
pub(crate) use twin::{
    Held, LoginArgs, MarketHours, RateRefusal, SandboxArgs, SwitchArgs, TokenEnd,
};

/// Exit statuses, as `--help` ends.
const STATUSES: &str = "Exit status:
  0    done and all targets met
  1    a target was missed, or a comparison found a regression
  2    wrong usage or configuration
  3    measurement incomplete
  4    feed or broker failure
  5    a recording, or a run's folder, is unreadable
  130  interrupted; the reports of what was seen are written";

/// Trades index options tick by tick over Angel One's SmartAPI, and shows where every microsecond went.
#[derive(Debug, Parser)]
#[command(name = "myquant", version = VERSION, after_help = STATUSES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Version and git revision.
pub(crate) const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("MYQUANT_REVISION"), ")");

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure the tick path, stage by stage, from the socket to the decision
    Perf(PerfArgs),
    /// Trade on paper over the live stream, until the session ends
    Trade(TradeArgs),
    /// Run the broker's twin: a local server that speaks SmartAPI
    #[command(after_long_help = sandbox_help::text())]
    Sandbox(Box<SandboxArgs>),
    /// Run the strategy over recordings
    Replay(ReplayArgs),
    /// Make the page and the trace of a measured run again from its files
    Report(ReportArgs),
    /// Say whether a measured run is slower or faster than another
    Compare(CompareArgs),
    /// Find instruments in the broker's list, or download the list
    Instruments(InstrumentsArgs),
    /// Show, check or explain the configuration
    Config(ConfigArgs),
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Instrument settings to start from: NIFTY, BANKNIFTY, FINNIFTY, MIDCPNIFTY, SENSEX, BANKEX, cash
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Configuration file in TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One configuration key, such as risk.base_sl_points=10 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// What every command that runs something takes.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    /// New folder for the run's files [default: runs/<UTC time>-<command>-<symbol>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON document on stdout; text for people goes to stderr
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but results and errors
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PerfArgs {
    /// Ticks to trace
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) ticks: u64,
    /// First frames that are left out of the figures
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub(crate) settle: u64,
    /// Try the settings of [tuning] on the sandbox, in turns, and say which ones help
    #[arg(long, conflicts_with_all = ["live", "watch", "metrics"])]
    pub(crate) tune: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TradeArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What shows the run while it lasts.
#[derive(Debug, Args)]
pub(crate) struct LiveArgs {
    /// Show stages, tick age, drops and the connection in the terminal while it runs
    #[arg(long)]
    pub(crate) watch: bool,
    /// Serve the figures to Prometheus on this port of 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub(crate) metrics: Option<u16>,
}

/// Where the stream comes from.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    #[command(flatten)]
    pub(crate) playback: PlaybackArgs,
    /// End after this time: 90s, 10m, 6h [default: follows from the ticks, or from the session]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Take the broker's feed
    #[arg(long, conflicts_with_all = ["sandbox", "ticks_file", "rate", "speed", "seed", "plain", "regime", "scenario", "fault"])]
    pub(crate) live: bool,
    /// Take the embedded sandbox, which is the default
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// Trading symbol to subscribe, looked up at the broker
    #[arg(long, value_name = "SYM", requires = "live", conflicts_with = "token")]
    pub(crate) symbol: Option<String>,
    /// Exchange type and token to subscribe, such as 2:47338
    #[arg(long, value_name = "TYPE:TOKEN", requires = "live")]
    pub(crate) token: Option<String>,
    /// File with the broker's credentials [default: MYQUANT_ENV_FILE, else the environment, .env.trading, .env]
    #[arg(long, value_name = "FILE", requires = "live")]
    pub(crate) env_file: Option<PathBuf>,
}

/// What the sandbox plays, and how fast.
#[derive(Debug, Args)]
pub(crate) struct PlaybackArgs {
    /// Recording to play: CSV, gzipped CSV or Parquet with timestamp, price and volume [default: a seeded generator]
    #[arg(long, value_name = "FILE")]
    pub(crate) ticks_file: Option<PathBuf>,
    /// Packets per second; `max` is as fast as the reader takes them
    #[arg(long, value_name = "R", conflicts_with = "speed")]
    pub(crate) rate: Option<Rate>,
    /// Times the recorded speed
    #[arg(long, value_name = "X")]
    pub(crate) speed: Option<f64>,
    /// Seed of the generator
    #[arg(long, value_name = "S", default_value_t = 1, conflicts_with = "ticks_file")]
    pub(crate) seed: u64,
    /// Kind of day that the generator makes
    #[arg(long, value_enum, default_value_t = Regime::Calm, conflicts_with = "ticks_file")]
    pub(crate) regime: Regime,
    /// Without TLS
    #[arg(long)]
    pub(crate) plain: bool,
    /// What goes wrong, and how slow answers are: a scenario in TOML, see `myquant sandbox --help`
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// One thing that goes wrong, such as stall@500:200ms (repeatable), see `myquant sandbox --help`
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Step>,
}

/// A rate on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    PerSecond(u32),
    Max,
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" | "0" => Ok(Self::Max),
            number => number.parse().map(Self::PerSecond).map_err(|_| {
                "must be a whole number of packets per second, or max for full speed".to_owned()
            }),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Regime {
    /// Small steps, slow runs
    Calm,
    /// Steps about three times as large
    Volatile,
    /// Jumps in the price and silent minutes
    Gappy,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Recordings of ours, or tick files (CSV, gzipped CSV, Parquet), taken in the order of their times
    #[arg(value_name = "FILES", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Trace every tick and report the stages
    #[arg(long)]
    pub(crate) trace: bool,
    /// Write indicators.csv: what every indicator showed after each processed tick
    #[arg(long)]
    pub(crate) indicators: bool,
    /// End at the first unreadable row instead of counting it
    #[arg(long)]
    pub(crate) strict: bool,
    /// Say at this time of day why there is no entry: every gate and check with its threshold
    #[arg(long, value_name = "HH:MM:SS")]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of a run of perf or trade, or of replay with --trace
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Print one JSON document on stdout; text for people goes to stderr
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but errors
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Folder of the run to compare with
    pub(crate) a: PathBuf,
    /// Folder of the run in question
    pub(crate) b: PathBuf,
    /// Compare this alone: a stage, total or age (repeatable) [default: all; age is shown and decides nothing]
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// A slow-down of a percentile up to so much is no regression
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = tolerance)]
    pub(crate) tolerance: f64,
    /// Confidence of all intervals together
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0, value_parser = confidence)]
    pub(crate) confidence: f64,
    /// Resamples of each run
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = resamples)]
    pub(crate) resamples: usize,
    /// Seed of the resamples
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print one JSON document on stdout; text for people goes to stderr
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but results and errors
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InstrumentsArgs {
    #[command(subcommand)]
    pub(crate) command: InstrumentsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InstrumentsCommand {
    /// The instruments that fit the words, the likeliest first: nifty 28 nov 26000 ce
    Find(FindArgs),
    /// Download the list, whatever is kept, and say what it holds
    Refresh(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FindArgs {
    /// Names, symbols, tokens, strikes, dates, CE, PE, FUT, weekly, next month, nearest; in any order.
    /// Strikes by their place from a price: nifty atm+1 ce at 26012, nifty atm±3 at 26012
    #[arg(value_name = "WORDS", required = true)]
    pub(crate) words: Vec<String>,
    /// Of this exchange only: NSE, NFO, BSE, BFO, MCX, NCDEX, CDS
    #[arg(long, value_name = "NAME", value_parser = exchange)]
    pub(crate) exchange: Option<ExchangeType>,
    /// Instruments to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Take a downloaded OpenAPIScripMaster.json instead of the kept list
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "ca_file"])]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// Which list of instruments.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Take the list at this address, such as a sandbox's scrip_master_url [default: the broker's]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The authority of that address in PEM, such as a sandbox's ca_file [default: the public ones]
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Print one JSON document on stdout; text for people goes to stderr
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing but results, warnings and errors
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Every key with its effective value and who wrote it
    Show {
        /// Instrument settings to start from
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
        /// Configuration file in TOML
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// One configuration key (repeatable)
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Whether a file is a configuration that can run
    Check {
        /// Configuration file in TOML
        file: PathBuf,
    },
    /// What a key does, its unit, range and default
    Explain {
        /// Such as risk.base_sl_points
        key: String,
    },
}

/// The name of an exchange segment, in any case.
fn exchange(text: &str) -> Result<ExchangeType, String> {
    let known = || ExchangeType::NAMED.map(|(_, name)| name).join(", ");
    let segment = ExchangeType::of_segment(&text.to_ascii_uppercase());
    segment.ok_or_else(|| format!("must be one of {}", known()))
}

/// `90s`, `10m`, `6h`, or seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, text.chars().last().unwrap_or('s')),
        None => (text, 's'),
    };
    let seconds = match unit {
        'm' => 60.0,
        'h' => 3600.0,
        _ => 1.0,
    };
    let number: f64 = number.parse().map_err(|_| "must be a time such as 90s, 10m or 6h")?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "must be a time above 0".to_owned())
}

/// What a number on the command line must be, and is otherwise told.
fn number_in(text: &str, allowed: impl Fn(f64) -> bool, rule: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| allowed(*number));
    number.ok_or_else(|| format!("must be {rule}"))
}

fn tolerance(text: &str) -> Result<f64, String> {
    number_in(text, |number| (0.0..=1000.0).contains(&number), "a percentage from 0 to 1000")
}

fn confidence(text: &str) -> Result<f64, String> {
    number_in(text, |number| (50.0..=99.9).contains(&number), "a percentage from 50 to 99.9")
}

fn resamples(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (200..=100_000).contains(number));
    number.ok_or_else(|| "must be a whole number from 200 to 100000".to_owned())
}
