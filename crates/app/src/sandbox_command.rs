//! `myquant sandbox`: the broker's twin, alone, until it is told to end.

use std::io::Write as _;

use engine::units::{EventTime, Money, Paise, Zone};
use engine::venue::{MarketAndIoc, Rules};
use sandbox::{
    Instrument, MarketHours, Options, Pacing, RateRefusal, Sandbox, SessionRules, TokenEnd,
    Transport,
};

use crate::background::Background;
use crate::cli::{self, SandboxArgs, SwitchArgs};
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
        scenario: playback::scenario(&args.playback)?,
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
        ..Options::new(played.tape, pacing, Cycles::new().0)
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
        args
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
    fn the_accounts_flags_become_its_rules() {
        assert_eq!(rules(&args(&[])), Rules { seed: 1, ..Rules::default() });
        let asked = args(&["--funds", "500", "--refuse-market-orders", "--seed", "7"]);
        let told = rules(&asked);
        assert_eq!((told.opening, told.seed), (Money(50_000), 7));
        assert_eq!(told.market_and_ioc, MarketAndIoc::Refuse);
    }
}
