//! Where the packets come from: an embedded sandbox, or the broker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use client::market::{DayEnd, Limits};
use client::{
    Broker, BrokerError, Credentials, Places, Rules, Servers, StandIn, StandInError, StateFolder,
};
use engine::config::{Config, Instrument, Session};
use engine::tick_path::feed::Subscription;
use engine::units::{EventTime, Micros};
use sandbox::{Options, Pacing, Sandbox, Schedule, Transport};
use smartapi::packet::{ExchangeType, Mode, token_field, token_text};
use smartapi::wire::TimeOfDay;
use tokio::runtime::Handle;

use super::Plan;
use super::listing::{self, Need};
use super::pilot::Latest;
use crate::clock::{Cycles, WallOffset};
use crate::failure::{Failure, Status};
use crate::playback;
use crate::run_folder::since_epoch;
use crate::signals::Signals;

/// Packets per second of the sandbox where nothing else is asked for.
const USUAL_RATE: u32 = 1000;
/// Rows beyond those that are asked for, so that the last wanted tick is never the last row.
const SPARE_ROWS: usize = 100;
/// Ticks that the generator makes for a run without a wanted number.
const USUAL_ROWS: u64 = 20_000;
/// How long a live measurement waits for its ticks.
const LIVE_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// What a run on the sandbox may take beyond its plan.
const GRACE: Duration = Duration::from_secs(30);

/// Everything that needs no network.
pub(super) struct Prepared {
    servers: Servers,
    credentials: Credentials,
    state: StateFolder,
    wanted: Wanted,
    /// Of the broker's list; none where the sandbox plays what the configuration says.
    need: Option<Need>,
    local: Option<Local>,
}

impl Prepared {
    /// For the report: `sandbox` or `angel one`.
    pub(super) const fn name(&self) -> &'static str {
        if self.local.is_some() { "sandbox" } else { "angel one" }
    }

    /// The instrument as the user, or the sandbox, calls it.
    pub(super) fn symbol(&self) -> &str {
        match &self.wanted {
            Wanted::Known { symbol, .. } | Wanted::Symbol(symbol) => symbol,
        }
    }

    /// Whether the market stream goes over TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.servers.market_stream().scheme() == "wss"
    }

    /// What a person should know about the recording before it is played.
    pub(super) fn note(&self) -> Option<&str> {
        self.local.as_ref()?.note.as_deref()
    }
}

/// The embedded sandbox and what ends with it.
struct Local {
    sandbox: Sandbox,
    _state: tempfile::TempDir,
    planned: Duration,
    note: Option<String>,
}

/// The instrument as the user named it.
pub(super) enum Wanted {
    Known { symbol: String, subscription: Subscription },
    Symbol(String),
}

/// A source that is logged in.
pub(super) struct Source {
    pub(super) subscription: Subscription,
    pub(super) broker: Arc<Broker>,
    pub(super) limits: Limits,
    pub(super) day_end: DayEnd,
    local: Option<Local>,
}

/// Chooses the source and its credentials, once; a sandbox is started here.
///
/// Errors: status 2 for credentials and usage, 3 outside the market's hours, 5 for a recording.
pub(super) fn prepare(
    plan: &Plan<'_>,
    config: &Config,
    cycles: &Cycles,
) -> Result<Prepared, Failure> {
    if plan.source.live { live(plan, config) } else { local(plan, config, cycles) }
}

fn live(plan: &Plan<'_>, config: &Config) -> Result<Prepared, Failure> {
    let args = plan.source;
    // Who measures a number of ticks does not trade.
    let need = if plan.ticks.is_some() { Need::Welcome } else { Need::Required };
    let environment = &client::process_environment;
    let places = Places { env_file: args.env_file.as_deref(), environment, folder: Path::new(".") };
    let credentials =
        Credentials::load(&places).map_err(|error| Failure::usage(&error, error.hint()))?;
    let state =
        StateFolder::of_user(environment).map_err(|error| Failure::usage(&error, error.hint()))?;
    let wanted = match (&args.symbol, &args.token) {
        (Some(symbol), _) => Wanted::Symbol(symbol.clone()),
        (None, Some(token)) => {
            Wanted::Known { symbol: token.clone(), subscription: parse_token(token)? }
        }
        (None, None) if !config.instrument.token.is_empty() => configured(&config.instrument)?,
        (None, None) => {
            let hint = "add --symbol NIFTY28NOV2526000CE, --token 2:47338, or set instrument.token";
            return Err(Failure::usage("--live needs an instrument", hint));
        }
    };
    let now = EventTime(since_epoch().as_micros() as i64);
    require_market_hours(&config.session, now)?;
    let servers = Servers::angel_one().map_err(|error| Failure::usage(&error, error.hint()))?;
    Ok(Prepared { servers, credentials, state, wanted, need: Some(need), local: None })
}

/// The instrument that the configuration names by its token.
fn configured(instrument: &Instrument) -> Result<Wanted, Failure> {
    let segment = ExchangeType::of_segment(&instrument.exchange);
    let subscription = segment.zip(token_field(&instrument.token));
    let subscription = subscription.map(|(segment, token)| subscription_to(segment, token));
    let subscription = subscription.ok_or_else(|| {
        let what = format!("instrument.token = {}: is longer than 25 bytes", instrument.token);
        Failure::usage(what, "set the token of the broker's instrument list")
    })?;
    Ok(Wanted::Known { symbol: instrument.symbol.clone(), subscription })
}

/// `2:47338` as a subscription.
fn parse_token(text: &str) -> Result<Subscription, Failure> {
    let parsed = text.split_once(':').and_then(|(segment, token)| {
        let field = token_field(token).filter(|_| !token.is_empty())?;
        let segment = ExchangeType(segment.parse().ok()?);
        (segment != ExchangeType::CDE_FO).then(|| subscription_to(segment, field))
    });
    parsed.ok_or_else(|| {
        Failure::usage(
            format!("--token {text}: must be the exchange type, a colon and the broker's token"),
            "write it as 2:47338, where 1 is NSE, 2 NFO, 3 BSE, 4 BFO and 5 MCX; currency has prices below a paisa",
        )
    })
}

pub(super) const fn subscription_to(segment: ExchangeType, token: [u8; 25]) -> Subscription {
    Subscription { segment, token, mode: Mode::SnapQuote }
}

/// Nothing can be measured while the exchange is closed; holidays are not known here.
///
/// Errors: status 3 on weekends and outside the session.
fn require_market_hours(session: &Session, now: EventTime) -> Result<(), Failure> {
    let midnight = session.zone.day_start(now);
    let of_day = now - midnight;
    let day_number = (midnight.0 + session.zone.offset.0).div_euclid(Micros::DAY.0);
    // 1 Jan 1970 was a Thursday.
    let weekend = matches!((day_number + 3).rem_euclid(7), 5 | 6);
    let open = of_day >= session.window.start && of_day < session.window.end;
    if open && !weekend {
        return Ok(());
    }
    Err(Failure::new(
        Status::Incomplete,
        format!(
            "the market is closed: it is {}, the session is {} to {} on weekdays",
            session.zone.iso(now),
            clock_time(session.window.start),
            clock_time(session.window.end)
        ),
        "measure within the session, or leave out --live to measure on the sandbox",
    ))
}

/// The rest of today's session by this machine's date.
fn until_session_end(session: &Session) -> Duration {
    let now = EventTime(since_epoch().as_micros() as i64);
    let end = session.zone.day_start(now) + session.window.end;
    Duration::from_micros((end - now).0.max(0) as u64)
}

fn clock_time(time: Micros) -> String {
    let minutes = time.0 / 60_000_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn local(plan: &Plan<'_>, config: &Config, cycles: &Cycles) -> Result<Prepared, Failure> {
    let args = plan.source;
    let ticks = plan.ticks.unwrap_or(USUAL_ROWS);
    let rows = (ticks + plan.settle) as usize + SPARE_ROWS;
    let (tape, note) = playback::tape(&args.playback, rows, config)?;
    let pacing = playback::pacing(&args.playback, Pacing::FixedRate { per_second: USUAL_RATE });
    let instrument = playback::instrument(config);
    let token = token_field(&instrument.token).ok_or_else(|| {
        let what = format!("instrument.token = {}: is longer than 25 bytes", instrument.token);
        Failure::usage(what, "set the broker's token, or leave it empty")
    })?;
    let frames = plan.ticks.map_or(u64::MAX, |ticks| ticks + plan.settle);
    let planned = planned(frames, tape.rows(), pacing);
    let wanted = Wanted::Known {
        symbol: instrument.symbol.clone(),
        subscription: subscription_to(instrument.exchange_type, token),
    };
    let transport =
        if args.playback.plain { Transport::Plain } else { Transport::Tls { folder: None } };
    let scenario = playback::scenario(&args.playback)?;
    let usual = Options::new(tape, pacing, cycles.clock());
    let options = Options { transport, instrument, scenario, ..usual };
    let sandbox = Sandbox::start(options).map_err(playback::refused)?;
    let line = serde_json::to_string(sandbox.address()).unwrap_or_default();
    let refused = |error: StandInError| Failure::usage(&error, error.hint());
    let stand_in = StandIn::read(&line).map_err(refused)?;
    let servers = stand_in.servers().map_err(refused)?;
    let credentials = stand_in.credentials().map_err(refused)?;
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::usage(format!("cannot make a temporary folder: {error}"), "set TMPDIR")
    })?;
    Ok(Prepared {
        servers,
        credentials,
        state: StateFolder::at(folder.path()),
        wanted,
        need: None,
        local: Some(Local { sandbox, _state: folder, planned, note }),
    })
}

/// How long the sandbox takes to play what is asked for.
fn planned(frames: u64, rows: &[sandbox::Row], pacing: Pacing) -> Duration {
    let frames = frames.min(rows.len() as u64);
    match pacing {
        Pacing::FixedRate { per_second } => {
            Duration::from_secs_f64(frames as f64 / f64::from(per_second.max(1)))
        }
        Pacing::FullSpeed => Duration::from_secs(frames / 10_000),
        Pacing::Recorded { speed } => {
            let last = rows.get((frames as usize).saturating_sub(1));
            let span = rows.first().zip(last).map_or(0, |(first, last)| {
                last.exchange_ts_ms.saturating_sub(first.exchange_ts_ms).max(0)
            });
            Duration::try_from_secs_f64(span as f64 / 1000.0 / speed).unwrap_or(LIVE_TIMEOUT)
        }
    }
}

/// Finds the instrument and logs in; `None` if a signal came first.
///
/// Errors: status 4 for the broker, 2 for an instrument that it does not know or lists otherwise.
pub(super) fn connect(
    prepared: Prepared,
    config: &Config,
    background: &Handle,
    signals: &Signals,
) -> Result<Option<Source>, Failure> {
    let Prepared { servers, credentials, state, wanted, need, local } = prepared;
    let failed = |error: BrokerError| Failure::new(Status::Feed, &error, error.hint());
    // Orders are filled on paper: no connection is kept for them.
    let (allow_market, day_end) = (config.allow_market, day_end(config));
    let rules = Rules { allow_market, keep_warm: None, day_end, ..Rules::default() };
    let exchange = config.instrument.exchange.clone();
    let log_in = async {
        let listed = match need {
            Some(need) => {
                listing::look_up(&servers, &state, &wanted, &config.instrument, need).await?
            }
            None => None,
        };
        let broker = Broker::connect(servers, credentials, state, rules).await.map_err(failed)?;
        let subscription = match (listed, wanted) {
            (Some(subscription), _) | (None, Wanted::Known { subscription, .. }) => subscription,
            (None, Wanted::Symbol(symbol)) => {
                let found = broker.search(&exchange, &symbol).await.map_err(failed)?;
                exactly(&symbol, &exchange, &found)?
            }
        };
        let (broker, limits) = (Arc::new(broker), Limits::default());
        Ok(Source { subscription, broker, limits, day_end, local })
    };
    background.block_on(async {
        tokio::select! {
            source = log_in => source.map(Some),
            () = signals.wait() => Ok(None),
        }
    })
}

/// When the broker ends the day's session.
fn day_end(config: &Config) -> DayEnd {
    let seconds = config.tokens_end.0 / Micros::seconds(1).0;
    u32::try_from(seconds).map_or(DayEnd::MIDNIGHT, |seconds| DayEnd(TimeOfDay(seconds)))
}

/// The one search result whose symbol is exactly the wanted one.
fn exactly(
    symbol: &str,
    exchange: &str,
    found: &[smartapi::rest::Scrip],
) -> Result<Subscription, Failure> {
    let scrip = found.iter().find(|scrip| scrip.tradingsymbol.eq_ignore_ascii_case(symbol));
    let parsed = scrip.and_then(|scrip| {
        let segment = ExchangeType::of_segment(&scrip.exchange)?;
        Some(subscription_to(segment, token_field(&scrip.symboltoken)?))
    });
    parsed.ok_or_else(|| {
        let near: Vec<&str> =
            found.iter().take(5).map(|scrip| scrip.tradingsymbol.as_str()).collect();
        let hint = if near.is_empty() {
            format!("check the symbol, and set instrument.exchange, which is {exchange}")
        } else {
            format!("the broker knows {}", near.join(", "))
        };
        Failure::usage(format!("{exchange} has no symbol {symbol}"), hint)
    })
}

impl Source {
    /// How long the run may take; live trading ends with the session.
    pub(super) fn time_limit(&self, plan: &Plan<'_>, config: &Config) -> Option<Duration> {
        let usual = match (&self.local, plan.ticks) {
            (Some(local), Some(_)) => Some(local.planned.saturating_mul(2).saturating_add(GRACE)),
            (Some(_), None) => None,
            (None, Some(_)) => Some(LIVE_TIMEOUT),
            (None, None) => Some(until_session_end(&config.session)),
        };
        plan.source.timeout.or(usual)
    }

    /// Which exchange times can be true.
    pub(super) fn latest(&self, config: &Config, offset: WallOffset) -> Latest {
        match self.local {
            Some(_) => Latest::Any,
            None => Latest::Wall { offset, ahead: config.max_future },
        }
    }

    /// Whether the recording is over; never so against the broker.
    pub(super) fn is_over(&self) -> bool {
        self.local.as_ref().is_some_and(|local| local.sandbox.is_over())
    }

    /// When each packet was due; only the sandbox knows.
    pub(super) fn schedule(&self) -> Option<Arc<Schedule>> {
        self.local.as_ref().map(|local| local.sandbox.schedule())
    }

    /// The token as text.
    pub(super) fn token_text(&self) -> String {
        String::from_utf8_lossy(token_text(&self.subscription.token)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_market_is_open_within_the_session_on_weekdays() {
        let config = engine::config::load(&[]).expect("defaults");
        // Monday, 6 Oct 2025, 09:15:00 in India.
        let monday_open = EventTime(1_759_722_300_000_000);
        let verdict = |hours: i64| {
            let now = monday_open + Micros::minutes(hours * 60);
            require_market_hours(&config.session, now).map_err(|failure| failure.status)
        };
        assert_eq!(verdict(0), Ok(()));
        assert_eq!(verdict(6), Ok(()));
        assert_eq!(verdict(7), Err(Status::Incomplete), "16:15");
        assert_eq!(verdict(-1), Err(Status::Incomplete), "08:15");
        assert_eq!(verdict(4 * 24), Ok(()), "Friday");
        assert_eq!(verdict(5 * 24), Err(Status::Incomplete), "Saturday");
        assert_eq!(verdict(6 * 24), Err(Status::Incomplete), "Sunday");
    }

    #[test]
    fn the_sandbox_plays_a_thousand_packets_a_second_where_nothing_else_is_asked_for() {
        use clap::Parser as _;

        use crate::cli::{Cli, Command};
        let planned = |more: &[&str]| {
            let words = ["myquant", "perf", "--plain", "--ticks", "300"].iter().chain(more);
            let Command::Perf(args) = Cli::parse_from(words).command else { panic!("it is perf") };
            let plan = Plan {
                command: "perf",
                ticks: Some(args.ticks),
                settle: args.settle,
                keep: 0,
                record: false,
                source: &args.source,
                live: &args.live,
                run: &args.run,
            };
            let config = engine::config::load(&[]).expect("defaults");
            let prepared = prepare(&plan, &config, &Cycles::new());
            let prepared = prepared.unwrap_or_else(|failure| panic!("{failure}"));
            prepared.local.expect("a sandbox").planned
        };
        // 200 settling frames come before the ticks.
        assert_eq!(planned(&[]), Duration::from_millis(500));
        assert_eq!(planned(&["--rate", "100"]), Duration::from_secs(5));
        assert_eq!(planned(&["--settle", "0"]), Duration::from_millis(300));
    }

    #[test]
    fn sessions_end_at_midnight_or_as_the_configuration_says() {
        let end = |value| {
            let source = engine::config::Source::Set { key: "live.tokens_end", value };
            engine::config::load(&[source]).map(|config| day_end(&config))
        };
        assert_eq!(day_end(&engine::config::load(&[]).expect("defaults")), DayEnd::MIDNIGHT);
        assert_eq!(end("00:00").expect("allowed"), DayEnd::MIDNIGHT);
        assert_eq!(end("05:00").expect("allowed"), DayEnd::FIVE_IN_THE_MORNING);
        assert!(end("04:00").is_err());
    }

    #[test]
    fn a_token_is_an_exchange_type_and_digits() {
        let parsed = parse_token("2:47338").expect("a token");
        assert_eq!(parsed.segment, ExchangeType::NSE_FO);
        assert_eq!(token_text(&parsed.token), b"47338");
        for wrong in ["47338", "2:", ":1", "x:1", "300:1", "2:12345678901234567890123456"] {
            assert_eq!(parse_token(wrong).map_err(|e| e.status), Err(Status::Usage), "{wrong}");
        }
    }
}
