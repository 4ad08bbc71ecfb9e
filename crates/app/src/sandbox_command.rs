//! `myquant sandbox`: the broker's twin, alone, until it is told to end.

use std::io::Write as _;
use std::time::Duration;

use engine::units::{EventTime, Micros, Money, Paise, Zone};
use engine::venue::{Delays, Latency, MarketAndIoc, Rules};
use sandbox::{
    Credentials, Holding, Instrument, MarketHours, Options, Pacing, RateRefusal, Sandbox, Scenario,
    SessionRules, TokenEnd, Transport,
};
use smartapi::instruments::Day;

use crate::background::Background;
use crate::cli::{self, Held, LoginArgs, SandboxArgs, SwitchArgs};
use crate::clock::Cycles;
use crate::failure::{Failure, Status};
use crate::playback;
use crate::played::{Played, played};
use crate::signals::Signals;

/// Runs the command.
pub(crate) fn run(args: &SandboxArgs) -> Result<Status, Failure> {
    let wall = sandbox::system_wall();
    let played = played(args, wall())?;
    let background = Background::start()?;
    let signals = Signals::listen(background.handle())?;
    let told = told(&played, args.start_now);
    for line in played.notes.iter().chain([&told]) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    let pacing = playback::pacing(&args.playback, Pacing::Recorded { speed: 1.0 });
    let transport =
        if args.playback.plain { Transport::Plain } else { Transport::Tls { folder: None } };
    let sandbox = Sandbox::start(Options {
        port: args.port,
        transport,
        instrument: played.instrument,
        holdings: holdings(&args.holding, played.list_day)?,
        scenario: scenario(args)?,
        credentials: Some(credentials(&args.login)?),
        strict: args.pace.strict_headers,
        idle_timeout: args.pace.idle_timeout,
        market_hours: match args.market_hours {
            cli::MarketHours::Tape => MarketHours::Tape,
            cli::MarketHours::Wall => MarketHours::Wall,
        },
        rules: rules(args),
        deposit: args.deposit.map(|rupees| Paise(rupees * 100)),
        static_ip: args.static_ip,
        sessions: sessions(&args.switches),
        rate_refusal: match args.switches.rate_refusal {
            cli::RateRefusal::Text => RateRefusal::Text,
            cli::RateRefusal::Json => RateRefusal::Json,
        },
        depth_20: args.switches.depth_20,
        list_day: Some(played.list_day),
        start_now: args.start_now,
        wall,
        ..Options::new(played.tape, pacing, Cycles::new().clock())
    })
    .map_err(playback::refused)?;
    // Where it listens and the throw-away credentials: the one line that programs wait for.
    let address = serde_json::to_string(sandbox.address()).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{address}").and_then(|()| out.flush());
    background.handle().block_on(signals.wait());
    sandbox.stop();
    Ok(Status::Interrupted)
}

/// What is played, for a person.
fn told(played: &Played, starts_now: bool) -> String {
    let Instrument { exchange_type, token, symbol, lot_size, tick_paise } = &played.instrument;
    let segment = exchange_type.segment_name().unwrap_or_default();
    let (rupees, paise) = (tick_paise / 100, tick_paise % 100);
    let first = played.tape.rows().first().map_or(0, |row| row.exchange_ts_ms);
    let first = Zone::INDIA.iso(EventTime::from_millis(first).unwrap_or(EventTime::MIN));
    format!(
        "plays {segment} {symbol}, token {token}, lot {lot_size}, tick {rupees}.{paise:02}, from {first}; the market {}",
        if starts_now { "moves" } else { "waits for a subscription, or POST /control/start" }
    )
}

/// The scenario, with the command line's latencies instead of its own.
fn scenario(args: &SandboxArgs) -> Result<Scenario, Failure> {
    let mut scenario = playback::scenario(&args.playback)?;
    if let Some(latency) = &args.pace.rest_latency {
        scenario = scenario.with_rest_latency(latency.clone());
    }
    if let Some(latency) = &args.pace.stream_latency {
        scenario = scenario.with_stream_latency(latency.clone());
    }
    Ok(scenario)
}

/// The shares that the account holds, with their tokens of the list.
fn holdings(held: &[Held], list_day: Day) -> Result<Vec<Holding>, Failure> {
    let holding = |held: &Held| {
        let listed = Instrument::listed("NSE", &held.symbol, list_day).ok_or_else(|| {
            let what = format!("--holding {}: the list has no such share of NSE", held.symbol);
            Failure::usage(what, "`myquant instruments find WORDS --url …` shows what it has")
        })?;
        let (qty, average) = (held.qty, Paise(held.average_paise));
        Ok(Holding { symbol: listed.symbol, token: listed.token, qty, average })
    };
    held.iter().map(holding).collect()
}

/// Random ones, where none are given.
fn credentials(args: &LoginArgs) -> Result<Credentials, Failure> {
    let random = Credentials::random().map_err(playback::refused)?;
    let LoginArgs { client_id, password, api_key, totp_secret } = args;
    Ok(Credentials {
        api_key: api_key.clone().unwrap_or(random.api_key),
        client_id: client_id.clone().unwrap_or(random.client_id),
        password: password.clone().unwrap_or(random.password),
        totp_secret: totp_secret.clone().unwrap_or(random.totp_secret),
    })
}

/// A delay of the exchange's clock.
fn constant(delay: Option<Duration>) -> Latency {
    delay.map_or(Latency::None, |delay| Latency::Constant(Micros(delay.as_micros() as i64)))
}

fn sessions(args: &SwitchArgs) -> SessionRules {
    SessionRules {
        next_code: args.accept_next_code,
        token_end: match args.tokens_end {
            cli::TokenEnd::Midnight => TokenEnd::Midnight,
            cli::TokenEnd::Five => TokenEnd::Five,
        },
        logout_ends_streams: args.logout_ends_streams,
    }
}

fn rules(args: &SandboxArgs) -> Rules {
    Rules {
        opening: Money(i128::from(args.funds) * 100),
        market_and_ioc: if args.refuse_market_orders {
            MarketAndIoc::Refuse
        } else {
            MarketAndIoc::Convert
        },
        delays: Delays {
            checking: constant(args.pace.order_checks),
            travel: constant(args.pace.order_travel),
        },
        seed: args.playback.seed,
        ..Rules::default()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(more: &[&str]) -> SandboxArgs {
        let args = ["myquant", "sandbox"].into_iter().chain(more.iter().copied());
        let Command::Sandbox(args) = Cli::parse_from(args).command else { panic!("another") };
        *args
    }

    #[test]
    fn a_person_is_told_what_is_played_and_from_when() {
        let flags =
            ["--day", "2025-10-06", "--exchange", "NSE", "--symbol", "SBIN", "--token", "3045"];
        let played = played(&args(&flags), 0).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(
            told(&played, true),
            "plays NSE SBIN-EQ, token 3045, lot 1, tick 0.05, from 2025-10-06T09:36:00+05:30; \
             the market moves"
        );
    }

    #[test]
    fn the_switches_are_those_of_the_sessions() {
        assert_eq!(sessions(&args(&[]).switches), SessionRules::default());
        let flags = ["--accept-next-code", "--tokens-end", "05:00", "--logout-ends-streams"];
        let (next_code, token_end, logout_ends_streams) = (true, TokenEnd::Five, true);
        let wanted = SessionRules { next_code, token_end, logout_ends_streams };
        assert_eq!(sessions(&args(&flags).switches), wanted);
    }

    #[test]
    fn credentials_that_are_given_are_taken_and_the_others_are_random() {
        let of = |flags: &[&str]| credentials(&args(flags).login).unwrap_or_else(|_| panic!());
        let (one, two) = (of(&["--client-id", "A1", "--password", "0042"]), of(&[]));
        assert_eq!((one.client_id.as_str(), one.password.as_str()), ("A1", "0042"));
        assert!(one.api_key != two.api_key && one.totp_secret != two.totp_secret);
        let fixed = of(&["--api-key", "K", "--totp-secret", "GEZDGNBVGY3TQOJQ"]);
        assert_eq!((fixed.api_key.as_str(), fixed.totp_secret.as_str()), ("K", "GEZDGNBVGY3TQOJQ"));
    }

    #[test]
    fn holdings_are_shares_of_the_list() {
        let day = Day::new(2025, 10, 6).expect("a day");
        let of = |text: &str| holdings(&args(&["--holding", text]).holding, day);
        let [held] = &of("SBIN:100:780.5").unwrap_or_else(|_| panic!())[..] else { panic!() };
        assert_eq!((held.symbol.as_str(), held.qty, held.average), ("SBIN-EQ", 100, Paise(78_050)));
        assert!(of("NONE:1:1").is_err());
    }

    #[test]
    fn the_delays_of_orders_are_the_venues() {
        let told = rules(&args(&["--order-checks", "20ms", "--order-travel", "2s"]));
        let wanted = |micros| Latency::Constant(Micros(micros));
        let delays = Delays { checking: wanted(20_000), travel: wanted(2_000_000) };
        assert_eq!(told.delays, delays);
    }

    #[test]
    fn the_accounts_flags_become_its_rules() {
        assert_eq!(rules(&args(&[])), Rules { seed: 1, ..Rules::default() });
        let asked = args(&["--funds", "500", "--refuse-market-orders", "--seed", "7"]);
        let told = rules(&asked);
        assert_eq!((told.opening, told.seed), (Money(50_000), 7));
        assert_eq!(told.market_and_ioc, MarketAndIoc::Refuse);
    }
}
