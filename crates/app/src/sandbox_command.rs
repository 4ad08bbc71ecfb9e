//! `myquant sandbox`: the broker's twin, alone, until it is told to end.

use std::io::Write as _;

use engine::config::Schema;
use sandbox::{Options, Pacing, Sandbox, Transport};

use crate::background::Background;
use crate::cli::SandboxArgs;
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
