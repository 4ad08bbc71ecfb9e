//! A sandbox, one account that is logged in to it, and what its clients need.

use std::sync::Arc;

use client::market::{
    Limits, MarketStream, RenewalFault, StreamAuth, StreamSetup, Subscription as Wanted, Tuning,
};
use client::{Broker, Rules, StandIn, StandInError, StateFolder};
use engine::tick_path::feed::Subscription;
use rustls::ClientConfig;
use sandbox::{Address, Instrument, Options, Pacing, Sandbox, Tape, Transport};
use serde::Deserialize;
use smartapi::packet::{Mode, token_field};
use smartapi::rest::Tokens;
use tokio::runtime::Runtime;

use crate::clock::Cycles;
use crate::fault::Fault;

/// Packets of the schedule that one call brings.
const PAGE: usize = 100_000;

/// A session on a sandbox.
pub struct Session {
    address: Address,
    broker: Broker,
    state: tempfile::TempDir,
    background: Runtime,
}

/// The part of the session file that others need.
#[derive(Deserialize)]
struct Saved {
    tokens: Tokens,
}

/// A page of the control address's schedule.
#[derive(Deserialize)]
struct Page {
    scheduled_ns: Vec<Option<u64>>,
    handed_over_ns: Vec<Option<u64>>,
}

/// When a packet set out, on the system's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// When it was due to leave.
    pub due_ns: u64,
    /// Right before it was written to the socket.
    pub left_ns: u64,
}

impl Session {
    /// Logs in to the sandbox at `address`.
    ///
    /// Errors: [`Fault`] for a sandbox that cannot be reached, or does not let us in.
    pub fn open(address: Address) -> Result<Self, Fault> {
        let line = serde_json::to_string(&address).unwrap_or_default();
        let refused = |error: StandInError| Fault::new(&error, error.hint());
        let stand_in = StandIn::read(&line).map_err(refused)?;
        let servers = stand_in.servers().map_err(refused)?;
        let credentials = stand_in.credentials().map_err(refused)?;
        let state = tempfile::tempdir()
            .map_err(Fault::doing("making a temporary folder", "set TMPDIR to one with room"))?;
        let background = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let background = background.map_err(Fault::doing("starting tokio", "raise `ulimit -u`"))?;
        let rules = Rules { keep_warm: None, ..Rules::default() };
        let log_in = Broker::connect(servers, credentials, StateFolder::at(state.path()), rules);
        let broker =
            background.block_on(log_in).map_err(|error| Fault::new(&error, error.hint()))?;
        Ok(Self { address, broker, state, background })
    }

    /// Our market stream, not yet begun.
    ///
    /// Errors: [`Fault`] for an address or credentials that no stream can have.
    pub fn stream(&self, cycles: &Cycles, tuning: Tuning) -> Result<MarketStream, Fault> {
        let instrument = Instrument::default();
        let renew = |_: &StreamAuth| {
            let text = "a benchmark does not renew its session".to_owned();
            Err(RenewalFault { text, retryable: false })
        };
        let setup = StreamSetup {
            url: self.address.stream_url.clone(),
            tls: Arc::clone(self.tls()),
            auth: self.broker.stream_auth().map_err(|error| Fault::new(&error, error.hint()))?,
            renew: Box::new(renew),
            subscriptions: vec![Wanted {
                mode: Mode::SnapQuote,
                exchange_type: instrument.exchange_type,
                token: instrument.token,
            }],
            limits: Limits::default(),
            tuning,
            clock: cycles.clock(),
            entropy: cycles.now_ns(),
        };
        MarketStream::new(setup).map_err(|error| Fault::new(&error, error.hint()))
    }

    /// The session's tokens, for a reader that is not ours: as the session file holds them.
    ///
    /// Errors: [`Fault`] if there is no such file.
    pub fn tokens(&self) -> Result<Tokens, Fault> {
        let hint = "give the benchmark a temporary folder that is its own";
        let no = Fault::doing("reading the session file", hint);
        let mut files = std::fs::read_dir(self.state.path()).map_err(&no)?.flatten();
        let file = files.next().ok_or_else(|| no(std::io::ErrorKind::NotFound.into()))?;
        let text = std::fs::read(file.path()).map_err(&no)?;
        let saved: Saved = serde_json::from_slice(&text).map_err(Fault::doing(
            "reading the session file",
            "its form has changed: adapt the benchmark",
        ))?;
        Ok(saved.tokens)
    }

    /// Where the sandbox is, and its throw-away credentials.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Whose certificates are trusted.
    #[must_use]
    pub fn tls(&self) -> &Arc<ClientConfig> {
        self.broker.servers().tls()
    }

    /// When packets 1 to `count` set out; `None` for one that did not.
    ///
    /// Errors: [`Fault`] if the control address does not say.
    pub fn departures(&self, count: usize) -> Result<Vec<Option<Departure>>, Fault> {
        let no = Fault::doing("asking for the schedule", "look whether the sandbox still runs");
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls().as_ref().clone())
            .build()
            .map_err(&no)?;
        let mut times = Vec::with_capacity(count);
        while times.len() < count {
            let (from, page) = (times.len() + 1, PAGE.min(count - times.len()));
            let control = &self.address.control_url;
            let url = format!("{control}/schedule?from={from}&count={page}");
            let page: Page = self
                .background
                .block_on(async { http.get(url).send().await?.error_for_status()?.json().await })
                .map_err(&no)?;
            if page.scheduled_ns.is_empty() {
                break;
            }
            let pairs = page.scheduled_ns.into_iter().zip(page.handed_over_ns);
            times.extend(
                pairs.map(|(due_ns, left_ns)| {
                    Some(Departure { due_ns: due_ns?, left_ns: left_ns? })
                }),
            );
        }
        Ok(times)
    }
}

/// A sandbox inside this process, and a session on it.
pub struct Playing {
    pub session: Session,
    pub sandbox: Sandbox,
}

/// Starts a sandbox that plays `tape` to its first subscriber, and logs in.
///
/// Errors: [`Fault`] if either fails.
pub fn play(
    tape: Tape,
    transport: Transport,
    pacing: Pacing,
    cycles: &Cycles,
) -> Result<Playing, Fault> {
    let options = Options { transport, ..Options::new(tape, pacing, cycles.clock()) };
    let sandbox = Sandbox::start(options).map_err(|error| Fault::new(&error, error.hint()))?;
    let session = Session::open(sandbox.address().clone())?;
    Ok(Playing { session, sandbox })
}

/// What the sandbox plays, as the feed room knows it.
#[must_use]
pub fn subscription() -> Subscription {
    let instrument = Instrument::default();
    Subscription {
        segment: instrument.exchange_type,
        token: token_field(&instrument.token).unwrap_or_default(),
        mode: Mode::SnapQuote,
    }
}
