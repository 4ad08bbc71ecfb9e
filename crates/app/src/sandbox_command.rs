//! `myquant sandbox`: the broker's twin, alone, until it is told to end.

use std::io::Write as _;

use engine::config::Schema;
use engine::units::{Money, Paise};
use engine::venue::{MarketAndIoc, Rules};
use sandbox::{MarketHours, Options, Pacing, Sandbox, Transport};

use crate::background::Background;
use crate::cli::{self, SandboxArgs};
use crate::clock::Cycles;
use crate::failure::{Failure, Status};
use crate::signals::Signals;
use crate::{playback, settings};

/// Runs the command.
pub(crate) fn run(args: &SandboxArgs) -> Result<Status, Failure> {
    let config = settings::lay(&Schema::default(), None, None, &[])?;
    let background = Background::start()?;
    let signals = Signals::listen(background.handle())?;
    let (tape, note) = playback::tape(&args.playback, args.rows, &config)?;
    if let Some(note) = note {
        let _ = writeln!(std::io::stderr(), "{note}");
    }
    let pacing = playback::pacing(&args.playback, Pacing::Recorded { speed: 1.0 });
    let transport =
        if args.playback.plain { Transport::Plain } else { Transport::Tls { folder: None } };
    let sandbox = Sandbox::start(Options {
        port: args.port,
        transport,
        instrument: playback::instrument(&config),
        scenario: playback::scenario(&args.playback)?,
        market_hours: match args.market_hours {
            cli::MarketHours::Tape => MarketHours::Tape,
            cli::MarketHours::Wall => MarketHours::Wall,
        },
        rules: rules(args),
        deposit: args.deposit.map(|rupees| Paise(rupees * 100)),
        static_ip: args.static_ip,
        ..Options::new(tape, pacing, Cycles::new().0)
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
    fn the_accounts_flags_become_its_rules() {
        assert_eq!(rules(&args(&[])), Rules { seed: 1, ..Rules::default() });
        let asked = args(&["--funds", "500", "--refuse-market-orders", "--seed", "7"]);
        let told = rules(&asked);
        assert_eq!((told.opening, told.seed), (Money(50_000), 7));
        assert_eq!(told.market_and_ioc, MarketAndIoc::Refuse);
    }
}
