//! A sandbox with the faults of one scenario, and the client's way there.

use std::fmt::Display;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use client::market::{RenewalFault, SharedRenew, StreamAuth};
use client::{Addresses, Broker, BrokerError, Rules, Servers, StandIn, StateFolder};
use quanta::Instant;
use sandbox::{Options, Pacing, Row, Sandbox, Tape, Transport};
use serde_json::Value;
use smartapi::rest::ApiError;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A test that has not come to its end by then has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// 2025-10-01 09:36:00 IST, a Wednesday.
const MORNING_MS: i64 = 1_759_291_560_000;

/// What a user sees of a fault; docs/faults.md shows all of them.
pub(crate) struct Case {
    /// The test's name.
    pub(crate) name: &'static str,
    /// In the short form; none where the order or the set-up is at fault.
    pub(crate) faults: &'static [&'static str],
    /// Word for word, with what differs from run to run replaced; empty where there is nothing to say.
    pub(crate) says: &'static str,
    /// What the user is told to do.
    pub(crate) hint: &'static str,
    /// What became of it, as the test checks.
    pub(crate) then: &'static str,
}

/// A row each millisecond, all at 100 rupees.
pub(crate) fn tape() -> Tape {
    let row = |number| Row { exchange_ts_ms: MORNING_MS + number, price_paise: 10_000, qty: 75 };
    Tape::new((0..20_000).map(row).collect(), 0)
}

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) state: TempDir,
    case: &'static Case,
    runtime: Runtime,
}

impl Stage {
    pub(crate) fn of(name: &str) -> Self {
        Self::with(name, |options| options)
    }

    /// As [`Self::of`], with other options.
    pub(crate) fn with(name: &str, set: impl FnOnce(Options) -> Options) -> Self {
        let case = crate::page::cases().find(|case| case.name == name).expect("it is in a table");
        let tape = tape();
        let pacing = Pacing::FixedRate { per_second: 1_000 };
        let mut options = Options {
            transport: Transport::Plain,
            ..Options::new(tape, pacing, quanta::Clock::new())
        };
        for fault in case.faults {
            options.scenario = options.scenario.with(fault.parse().expect("a fault"));
        }
        let sandbox = Sandbox::start(set(options)).expect("starts");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        Self { sandbox, state: tempfile::tempdir().expect("a folder"), case, runtime }
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn stand_in(&self) -> StandIn {
        let line = serde_json::to_string(self.sandbox.address()).expect("a line");
        StandIn::read(&line).expect("of a sandbox")
    }

    pub(crate) fn servers(&self) -> Servers {
        self.stand_in().servers().expect("local")
    }

    /// Servers that are believed by this authority alone.
    pub(crate) fn servers_by(&self, authority_pem: Option<&[u8]>) -> Servers {
        let address = self.sandbox.address();
        let places = Addresses {
            rest: &address.rest_url,
            market_stream: &address.stream_url,
            scrip_master: &address.scrip_master_url,
        };
        Servers::local(&places, authority_pem).expect("local")
    }

    pub(crate) fn folder(&self) -> StateFolder {
        StateFolder::at(self.state.path())
    }

    pub(crate) fn connect(&self) -> Result<Broker, BrokerError> {
        self.connect_by(self.servers(), Rules { keep_warm: None, ..Rules::default() })
    }

    pub(crate) fn connect_by(&self, servers: Servers, rules: Rules) -> Result<Broker, BrokerError> {
        let credentials = self.stand_in().credentials().expect("they fit");
        self.wait(Broker::connect(servers, credentials, self.folder(), rules))
    }

    /// Somebody who is logged in.
    pub(crate) fn broker(&self) -> Broker {
        self.connect().expect("logs in")
    }

    /// As [`Self::broker`], once the second of the last login is over: there is one login a second.
    pub(crate) fn broker_soon(&self) -> Broker {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.connect() {
                Err(BrokerError::Api { cause: ApiError::RateLimited { .. }, .. }) => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                other => return other.expect("logs in"),
            }
        }
        panic!("there was no room for a login");
    }

    /// What a stream gets fresh tokens by.
    pub(crate) fn renewal(&self, broker: &Arc<Broker>) -> SharedRenew {
        let (broker, runtime) = (Arc::clone(broker), self.runtime.handle().clone());
        Arc::new(move |refused: &StreamAuth| -> Result<StreamAuth, RenewalFault> {
            runtime.block_on(broker.renew(refused))?;
            Ok(broker.stream_auth()?)
        })
    }

    /// Checks that the user is told what the table says, and that each fault was met.
    #[track_caller]
    pub(crate) fn sees(&self, says: &impl Display, hint: &str) {
        let seen = (self.steady(&says.to_string()), self.steady(hint));
        assert_eq!(seen, (self.case.says.to_owned(), self.case.hint.to_owned()));
        self.is_met();
    }

    /// Checks that the user need not be told anything, and that each fault was met.
    #[track_caller]
    pub(crate) fn sees_nothing(&self) {
        self.sees(&"", "");
    }

    #[track_caller]
    fn is_met(&self) {
        if self.case.faults.is_empty() {
            return;
        }
        for fault in self.faults()["faults"].as_array().expect("a list") {
            assert!(fault["met"].as_u64() >= Some(1), "{fault}");
        }
    }

    /// How often each fault was met, by the control address.
    fn faults(&self) -> Value {
        let mut tcp = TcpStream::connect(self.host()).expect("connects");
        let request = b"GET /control/faults HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        tcp.write_all(request).expect("sends");
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).expect("an answer");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        serde_json::from_str(body).expect("JSON")
    }

    fn host(&self) -> &str {
        self.sandbox.address().rest_url.rsplit('/').next().expect("a host")
    }

    /// A text without what differs from run to run: the port, the folder, times and sizes.
    fn steady(&self, text: &str) -> String {
        let folder = self.state.path().display().to_string();
        let port = self.host().rsplit(':').next().expect("a port");
        let text = text.replace(self.host(), "SERVER").replace(&folder, "FOLDER");
        let text = text.replace(port, "PORT");
        let words: Vec<&str> = text.split(' ').collect();
        let steady = |(at, word): (usize, &&str)| {
            let is_time = word.len() == 8 && word.matches(':').count() == 2;
            let unit = words.get(at + 1).map_or("", |unit| unit.trim_end_matches(','));
            let is_measured = match unit {
                "ms" | "bytes" => true,
                "s" => word.contains('.'),
                _ => false,
            };
            let is_row = at > 0 && words[at - 1] == "row" && word.ends_with(':');
            match *word {
                _ if is_time => "HH:MM:SS".to_owned(),
                _ if is_measured => "N".to_owned(),
                _ if is_row => "N:".to_owned(),
                word => word.to_owned(),
            }
        };
        words.iter().enumerate().map(steady).collect::<Vec<_>>().join(" ")
    }
}
