//! The order stream: order updates on a thread of its own, handed over without ever waiting.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use quanta::Clock;
use rustls::ClientConfig;
use smartapi::clock::Mono;
use smartapi::order_update::{self, Message, OrderUpdate, Repeats, UpdateFault};
use smartapi::stream::expiry::{DayEnd, Expiry};
use smartapi::stream::session::Session;

use crate::clock::Clock as WallClock;
use crate::market::{
    ConnectionEvents, ConnectionState, ControlFrame, Ended, Flow, Limits, MarketError,
    MarketStream, Renew, Sink, Stamps, StreamAuth, StreamName, StreamSetup, Tuning,
};

/// So many updates back a repeated one is told from a new one.
const REMEMBERED: usize = 4096;

/// What an [`OrderStream`] is made of.
pub struct OrderStreamSetup {
    /// See [`crate::Servers::order_stream`].
    pub url: String,
    /// Which certificates are trusted, and the crypto provider.
    pub tls: Arc<ClientConfig>,
    /// The secrets of the first connection.
    pub auth: StreamAuth,
    /// Brings later ones; called on a thread of its own.
    pub renew: Renew,
    /// Heartbeat, greeting and pauses.
    pub limits: Limits,
    /// The clock of the stamps.
    pub clock: Clock,
    /// Seeds masks and pauses: anything that differs between runs.
    pub entropy: u64,
    /// When tokens end.
    pub day_end: DayEnd,
    /// Where it says how it is.
    pub events: ConnectionEvents,
    /// How many events wait at most for whoever takes them.
    pub room: usize,
}

/// What comes of the order stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderEvent {
    /// An order has changed, and this was not said before.
    Update {
        /// What it is now.
        update: Box<OrderUpdate>,
        /// When the message was read: a raw value of the set-up's clock.
        read: u64,
    },
    /// Updates may have been missed: read the order book, once a second at most.
    Gap(Missed),
}

/// Why updates may have been missed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missed {
    /// The stream has just gone live, for the first time or again; what was before was not heard.
    #[error("the order stream has gone live, what came before was not heard")]
    Before,
    /// Whoever takes the events was too slow.
    #[error("{updates} order updates were dropped, nobody took them in time")]
    Dropped {
        /// How many since the last that was handed over.
        updates: u64,
    },
    /// A message that may be about an order could not be read, or was a refusal.
    #[error(transparent)]
    Unreadable(#[from] UpdateFault),
}

/// What came over the order stream so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderCounts {
    /// Updates that were new; `dropped` of them were not handed over.
    pub updates: u64,
    /// Updates that had come before.
    pub duplicates: u64,
    /// Greetings, one for each connection.
    pub greetings: u64,
    /// Life signs of all forms: ping and pong frames, the text, nothing, a single byte.
    pub heartbeats: u64,
    /// Frames that are no message.
    pub noise: u64,
    /// Messages that may be about an order and could not be read, or were refusals.
    pub unreadable: u64,
    /// Updates for which there was no room.
    pub dropped: u64,
}

/// The order stream of an account, which keeps itself alive on a thread of its own.
///
/// Updates alone are no book: after each [`OrderEvent::Gap`] the order book has what was missed, and
/// the broker leaves some updates out, so that it is to be read from time to time in any case.
/// Dropping it ends the stream.
pub struct OrderStream {
    events: Receiver<OrderEvent>,
    counts: Arc<Mutex<OrderCounts>>,
    is_stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<Ended>>,
}

impl OrderStream {
    /// Begins the stream.
    ///
    /// Errors: [`MarketError::Address`], [`MarketError::Thread`].
    pub fn start(setup: OrderStreamSetup) -> Result<Self, MarketError> {
        let OrderStreamSetup { url, tls, auth, renew, limits, clock, entropy, .. } = setup;
        let session = Session::orders(limits, entropy);
        let subscriptions = Vec::new();
        let tuning = Tuning::default();
        let stream =
            StreamSetup { url, tls, auth, renew, subscriptions, limits, tuning, clock, entropy };
        let mut stream = MarketStream::with_session(session, stream)?;
        stream.set_expiry(Expiry::new(setup.day_end, WallClock::System.date(), 0));
        let (sender, events) = sync_channel(setup.room.max(1));
        let counts = Arc::new(Mutex::new(OrderCounts::default()));
        let is_stopping = Arc::new(AtomicBool::new(false));
        let mut reader = Reader {
            sender,
            counts: Arc::clone(&counts),
            is_stopping: Arc::clone(&is_stopping),
            events: setup.events,
            repeats: Repeats::new(REMEMBERED),
            unsaid: Unsaid::default(),
            is_new_connection: true,
            clock: stream.clock().clone(),
            origin: stream.origin(),
        };
        let run = move || stream.run(&mut reader);
        let thread = thread::Builder::new().name("orders".to_owned()).spawn(run);
        let thread = thread.map_err(|error| MarketError::Thread { detail: error.to_string() })?;
        Ok(Self { events, counts, is_stopping, thread: Some(thread) })
    }

    /// Where updates and gaps are taken; it ends with the stream.
    #[must_use]
    pub const fn events(&self) -> &Receiver<OrderEvent> {
        &self.events
    }

    /// What came so far.
    #[must_use]
    pub fn counts(&self) -> OrderCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the stream within a second; how it ended, none if its thread broke off.
    pub fn stop(mut self) -> Option<Ended> {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.thread.take()?.join().ok()
    }
}

impl Drop for OrderStream {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }
}

/// Gaps that there was no room to tell of.
#[derive(Default)]
struct Unsaid {
    dropped: u64,
    gap: Option<Missed>,
}

/// Reads messages and hands them over.
struct Reader {
    sender: SyncSender<OrderEvent>,
    counts: Arc<Mutex<OrderCounts>>,
    is_stopping: Arc<AtomicBool>,
    events: ConnectionEvents,
    repeats: Repeats,
    unsaid: Unsaid,
    /// No greeting has come over the present connection.
    is_new_connection: bool,
    clock: Clock,
    origin: u64,
}

impl Reader {
    fn count(&self, add: impl FnOnce(&mut OrderCounts)) {
        add(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&mut self, payload: &[u8], read: u64) {
        match order_update::read(payload) {
            Message::Update(update) if self.repeats.is_new(&update) => {
                self.update(OrderEvent::Update { update, read });
            }
            Message::Update(_) => self.count(|counts| counts.duplicates += 1),
            Message::Greeting { .. } => self.count(|counts| counts.greetings += 1),
            Message::Heartbeat => self.count(|counts| counts.heartbeats += 1),
            Message::Noise { .. } => self.count(|counts| counts.noise += 1),
            Message::Error(fault) => {
                self.count(|counts| counts.unreadable += 1);
                self.gap(Missed::Unreadable(fault));
            }
        }
    }

    /// Hands an update over, behind whatever gap is still to be told of.
    ///
    /// Counted under one lock: whoever reads the counts sees each update as handed over or as dropped.
    fn update(&mut self, event: OrderEvent) {
        let counts = Arc::clone(&self.counts);
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.updates += 1;
        if !self.say_gaps() || self.sender.try_send(event).is_err() {
            self.unsaid.dropped += 1;
            counts.dropped += 1;
        }
    }

    fn gap(&mut self, missed: Missed) {
        if !self.say_gaps() || self.sender.try_send(OrderEvent::Gap(missed.clone())).is_err() {
            self.unsaid.gap = Some(missed);
        }
    }

    /// Tells of the gaps that there was no room for; `false` if there is none yet.
    fn say_gaps(&mut self) -> bool {
        let Unsaid { dropped, gap } = std::mem::take(&mut self.unsaid);
        let updates = (dropped > 0).then_some(Missed::Dropped { updates: dropped });
        let mut unsaid = updates.into_iter().chain(gap);
        while let Some(missed) = unsaid.next() {
            let full = match self.sender.try_send(OrderEvent::Gap(missed)) {
                Ok(()) => continue,
                Err(TrySendError::Full(event) | TrySendError::Disconnected(event)) => event,
            };
            self.unsaid = match (full, unsaid.next()) {
                (OrderEvent::Gap(Missed::Dropped { updates }), gap) => {
                    Unsaid { dropped: updates, gap }
                }
                (OrderEvent::Gap(missed), _) => Unsaid { dropped: 0, gap: Some(missed) },
                (OrderEvent::Update { .. }, _) => Unsaid::default(),
            };
            return false;
        }
        true
    }

    fn flow(&self) -> Flow {
        if self.is_stopping() { Flow::Stop } else { Flow::Continue }
    }
}

impl Sink for Reader {
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        self.take(payload, stamps.read);
        self.flow()
    }

    fn before_read(&mut self, _now: u64) {}

    fn on_control(&mut self, kind: ControlFrame) {
        if matches!(kind, ControlFrame::Ping | ControlFrame::Pong) {
            self.count(|counts| counts.heartbeats += 1);
        }
    }

    fn on_text(&mut self, text: &str) {
        self.take(text.as_bytes(), self.clock.raw());
    }

    fn on_state(&mut self, state: &ConnectionState) {
        let at = Mono(self.clock.delta_as_nanos(self.origin, self.clock.raw()));
        self.events.publish(StreamName::Orders, state, at);
        match state {
            ConnectionState::Connecting { .. } => self.is_new_connection = true,
            ConnectionState::Live if std::mem::take(&mut self.is_new_connection) => {
                self.gap(Missed::Before);
            }
            _ => {}
        }
    }

    fn on_idle(&mut self) -> Flow {
        self.say_gaps();
        self.flow()
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }
}
