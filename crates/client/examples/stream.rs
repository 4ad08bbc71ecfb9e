//! Prints one instrument's ticks, the account's order updates, and how both streams are.
//!
//! `cargo run -p client --example stream EXCHANGE TOKEN TICKS [LINE]`, where EXCHANGE is as in the list of
//! instruments, NFO or NSE, and LINE a sandbox's line of JSON or a file with it.

use std::io::Write as _;
use std::sync::Arc;
use std::thread;

use client::market::{
    ConnectionEvents, ConnectionState, ControlFrame, DayEnd, Flow, Limits, MarketFeed, SharedRenew,
    SideStreams, Sink, Stamps, StreamAuth, StreamSetup, Subscription, TradedStream, Tuning,
    Watched, Watcher,
};
use client::order_stream::{OrderEvent, OrderStream, OrderStreamSetup};
use client::{Broker, Rules};
use quanta::Clock;
use smartapi::packet::{ExchangeType, Mode, decode};
use smartapi::stream::request::ServerText;
use tokio::runtime::Handle;

mod common;

#[tokio::main]
async fn main() -> Result<(), common::Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [exchange, token, ticks, given @ ..] = arguments.as_slice() else {
        return Err("give EXCHANGE TOKEN TICKS and, for a sandbox, its line".into());
    };
    let exchange_type =
        ExchangeType::of_segment(exchange).ok_or("EXCHANGE is NSE, NFO, BSE, BFO or MCX")?;
    let wanted = Subscription { mode: Mode::Quote, exchange_type, token: token.to_owned() };
    let left = ticks.parse()?;
    let rules = Rules { keep_warm: None, ..Rules::default() };
    let broker = Arc::new(common::connect(given.first().map(String::as_str), rules).await?);

    // Everyone who watches sees the states of all connections.
    let events = ConnectionEvents::new(64);
    let watcher = events.watch();
    let watching = thread::Builder::new().spawn(move || watch(watcher))?;
    let orders = orders(&broker, events.clone())?;
    let (mut traded, feed) = feed(&broker, wanted, events)?;

    // The traded instrument's packets come on the thread that runs its stream.
    let running = tokio::task::spawn_blocking(move || traded.run(&mut Ticks { left }));
    let ended = running.await?;
    feed.stop();
    for event in orders.events().try_iter() {
        match event {
            OrderEvent::Update { update, .. } => say(&format!("order update: {update:?}")),
            OrderEvent::Gap(missed) => say(&format!("read the order book: {missed}")),
        }
    }
    orders.stop();
    drop(feed);
    // The last event has been said once all streams are gone.
    let _ = watching.join();
    say(&format!("the market stream ended: {ended:?}"));
    Ok(())
}

/// Fetches fresh tokens for a stream whose own were refused or have ended.
fn renew(broker: &Arc<Broker>) -> SharedRenew {
    let (broker, handle) = (Arc::clone(broker), Handle::current());
    Arc::new(move |refused: &StreamAuth| {
        handle.block_on(broker.renew(refused))?;
        Ok(broker.stream_auth()?)
    })
}

/// One traded instrument; `others` would be watched over connections of their own.
fn feed(
    broker: &Arc<Broker>,
    wanted: Subscription,
    events: ConnectionEvents,
) -> Result<(TradedStream, MarketFeed), common::Failed> {
    let renew = renew(broker);
    let own = Arc::clone(&renew);
    let traded = StreamSetup {
        url: broker.servers().market_stream().to_string(),
        tls: Arc::clone(broker.servers().tls()),
        auth: broker.stream_auth()?,
        renew: Box::new(move |refused| own(refused)),
        subscriptions: vec![wanted],
        limits: Limits::default(),
        tuning: Tuning::default(),
        clock: Clock::new(),
        entropy: u64::from(std::process::id()),
    };
    let side = SideStreams {
        others: Vec::new(),
        renew,
        day_end: DayEnd::MIDNIGHT,
        events,
        sinks: Box::new(|_| Box::new(Ticks { left: u64::MAX })),
    };
    Ok(MarketFeed::new(traded, side)?)
}

fn orders(broker: &Arc<Broker>, events: ConnectionEvents) -> Result<OrderStream, common::Failed> {
    let renew = renew(broker);
    let setup = OrderStreamSetup {
        url: broker.servers().order_stream().to_string(),
        tls: Arc::clone(broker.servers().tls()),
        auth: broker.stream_auth()?,
        renew: Box::new(move |refused| renew(refused)),
        limits: Limits::default(),
        clock: Clock::new(),
        entropy: u64::from(std::process::id()) << 32,
        day_end: DayEnd::MIDNIGHT,
        events,
        room: 1024,
    };
    Ok(OrderStream::start(setup)?)
}

/// Prints each change of a connection's state, and what to do about it.
fn watch(mut watcher: Watcher) {
    while let Some(watched) = watcher.wait() {
        match watched {
            Watched::Event(event) => {
                let hint = event.hint().map(|hint| format!("\n  {hint}")).unwrap_or_default();
                say(&format!("{event}{hint}"));
            }
            Watched::Missed(events) => say(&format!("{events} events were missed")),
        }
    }
}

/// Prints packets until it has seen enough of them.
struct Ticks {
    left: u64,
}

impl Sink for Ticks {
    fn on_payload(&mut self, payload: &[u8], _stamps: Stamps) -> Flow {
        match decode(payload) {
            Ok(packet) => {
                let head = packet.head();
                let line = head.map(|head| format!("#{} {}", head.sequence.get(), head.ltp.get()));
                say(&line.unwrap_or_else(|| "depth".to_owned()));
            }
            Err(fault) => say(&format!("not a packet: {fault}")),
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { Flow::Stop } else { Flow::Continue }
    }

    fn on_control(&mut self, _kind: ControlFrame) {}

    fn on_text(&mut self, text: &str) {
        if let ServerText::Error(error) = ServerText::read(text) {
            say(&format!("{error}\n  {}", error.hint()));
        }
    }

    fn on_state(&mut self, _state: &ConnectionState) {}

    fn on_idle(&mut self) -> Flow {
        Flow::Continue
    }

    fn before_read(&mut self, _now: u64) {}

    fn is_stopping(&self) -> bool {
        false
    }
}

/// A line that cannot be printed stops nothing.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
