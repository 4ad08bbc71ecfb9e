//! All market-data connections of an account: the trader's on its own thread, the others beside it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use quanta::Clock;
use smartapi::clock::Mono;
use smartapi::packet;
use smartapi::stream::expiry::{DayEnd, Expiry};
use smartapi::stream::sequence::Sequences;
use smartapi::stream::spread::{FIRST, MAX_CONNECTIONS, Move, Spread};

use super::events::is_too_many;
use super::{
    ConnectionEvents, ConnectionState, ControlFrame, Ended, Flow, Limits, MarketError,
    MarketStream, Remote, RenewalFault, Sink, Stamps, StreamAuth, StreamName, StreamSetup,
    Subscription, Tuning,
};
use crate::clock::Clock as WallClock;

/// Fetches fresh tokens for any of the streams.
pub type SharedRenew = Arc<dyn Fn(&StreamAuth) -> Result<StreamAuth, RenewalFault> + Send + Sync>;
/// Makes what takes the packets of one of the other connections, 1 or 2; it may not call the feed.
pub type SinkMaker = Box<dyn FnMut(usize) -> Box<dyn Sink + Send> + Send>;

/// What a feed needs besides the traded instruments' stream.
pub struct SideStreams {
    /// What is watched beside trading.
    pub others: Vec<Subscription>,
    /// Brings their tokens.
    pub renew: SharedRenew,
    /// When tokens end; for the traded stream too.
    pub day_end: DayEnd,
    /// Where all of them say how they are.
    pub events: ConnectionEvents,
    /// Called when one of the other connections begins; its sink lives on that connection's thread.
    pub sinks: SinkMaker,
}

/// The market data of an account over at most three connections; clones act on the same ones.
///
/// The other two begin once the traded instruments' connection is live, and only if they are needed,
/// so that the trader gets the first place. One that the server has no place for (status 429) gives
/// its subscriptions to the others as far as they fit, and ends if nothing is left on it; else it
/// goes on trying. A connection that was needed and is empty now stays open.
#[derive(Clone)]
pub struct MarketFeed(Arc<Shared>);

/// The traded instruments' stream, to be run on the trader's thread.
pub struct TradedStream {
    stream: MarketStream,
    shared: Arc<Shared>,
}

struct Shared {
    desk: Mutex<Desk>,
    is_stopping: AtomicBool,
    events: ConnectionEvents,
    /// What arrived over each of the others.
    sequences: [Mutex<Sequences>; MAX_CONNECTIONS],
}

/// One connection as the feed sees it.
enum Slot {
    /// Not begun, or ended because it was not needed.
    Idle,
    Running(Remote),
    /// Ended for good.
    Failed,
}

struct Desk {
    plan: Spread,
    slots: [Slot; MAX_CONNECTIONS],
    threads: Vec<JoinHandle<()>>,
    /// The first connection has been live.
    has_begun: bool,
    template: Template,
    sinks: SinkMaker,
}

/// What the other streams are made of.
struct Template {
    url: String,
    tls: Arc<rustls::ClientConfig>,
    auth: StreamAuth,
    renew: SharedRenew,
    limits: Limits,
    clock: Clock,
    entropy: u64,
    day_end: DayEnd,
}

impl MarketFeed {
    /// A feed that has not begun: it does when the traded stream is run.
    ///
    /// `traded` has the traded instruments as its subscriptions.
    ///
    /// Errors: [`MarketError::Spread`] above 1,000 traded or 3,000 in all, [`MarketError::Address`].
    pub fn new(
        traded: StreamSetup,
        side: SideStreams,
    ) -> Result<(TradedStream, Self), MarketError> {
        let SideStreams { others, renew, day_end, events, sinks } = side;
        let plan = Spread::new(&traded.subscriptions, &others)?;
        let template = Template {
            url: traded.url.clone(),
            tls: Arc::clone(&traded.tls),
            auth: traded.auth.clone(),
            renew,
            limits: traded.limits,
            clock: traded.clock.clone(),
            entropy: traded.entropy,
            day_end,
        };
        let subscriptions = plan.of(FIRST).cloned().collect();
        let mut stream = MarketStream::new(StreamSetup { subscriptions, ..traded })?;
        stream.set_expiry(Expiry::new(day_end, WallClock::System.date(), 0));
        let desk = Desk {
            plan,
            slots: [Slot::Running(stream.remote()), Slot::Idle, Slot::Idle],
            threads: Vec::new(),
            has_begun: false,
            template,
            sinks,
        };
        let shared = Arc::new(Shared {
            desk: Mutex::new(desk),
            is_stopping: AtomicBool::new(false),
            events,
            sequences: Default::default(),
        });
        Ok((TradedStream { stream, shared: Arc::clone(&shared) }, Self(shared)))
    }

    /// Begins subscriptions beside trading, where there is room.
    ///
    /// Errors: [`MarketError::Spread`] above 3,000, and then nothing has changed.
    pub fn subscribe(&self, wanted: &[Subscription]) -> Result<(), MarketError> {
        let mut desk = self.0.desk();
        let moves = desk.plan.subscribe(wanted)?;
        desk.carry_out(moves, &self.0);
        Ok(())
    }

    /// Ends subscriptions; unknown ones are ignored.
    pub fn unsubscribe(&self, unwanted: &[Subscription]) {
        let mut desk = self.0.desk();
        let moves = desk.plan.unsubscribe(unwanted);
        desk.carry_out(moves, &self.0);
    }

    /// What no connection has a place for at the moment; see [`Self::events`] for why. Before the
    /// traded stream is live nothing is served, and nothing is named here.
    #[must_use]
    pub fn unserved(&self) -> Vec<Subscription> {
        self.0.desk().plan.unserved().cloned().collect()
    }

    /// The sequence numbers of connection 1 or 2; the trader checks those of the first.
    #[must_use]
    pub fn sequences(&self, connection: usize) -> Option<Sequences> {
        let sequences = self.0.sequences.get(connection)?;
        Some(sequences.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Where the connections say how they are.
    #[must_use]
    pub fn events(&self) -> &ConnectionEvents {
        &self.0.events
    }

    /// Ends all connections, the traded one too, and waits for the threads of the others, from which
    /// it may not be called.
    pub fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.0.desk().threads);
        for thread in threads {
            // A sink that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl TradedStream {
    /// Runs the traded stream on this thread until the sink or [`MarketFeed::stop`] ends it, or it
    /// fails; the others begin with it and go on until [`MarketFeed::stop`].
    pub fn run(&mut self, sink: &mut impl Sink) -> Ended {
        let mut watched = Watched::new(sink, &self.shared, FIRST, &self.stream);
        self.stream.run(&mut watched)
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection has come about.
    fn on_live(self: &Arc<Self>, connection: usize) {
        let mut desk = self.desk();
        desk.has_begun |= connection == FIRST;
        let moves = desk.plan.restore(connection);
        desk.carry_out(moves, self);
    }

    /// The server has no place for a connection; whether it is not needed any more.
    fn on_refused(self: &Arc<Self>, connection: usize) -> bool {
        let mut desk = self.desk();
        let moves = desk.plan.refuse(connection);
        desk.carry_out(moves, self);
        let is_needed = desk.plan.is_needed(connection);
        if !is_needed {
            desk.slots[connection] = Slot::Idle;
        }
        !is_needed
    }

    /// A connection does not come back.
    fn on_failed(self: &Arc<Self>, connection: usize) {
        let mut desk = self.desk();
        desk.slots[connection] = Slot::Failed;
        let moves = desk.plan.refuse(connection);
        desk.carry_out(moves, self);
    }
}

impl Desk {
    /// Tells the connections that run, and begins those that are needed.
    fn carry_out(&mut self, mut moves: Vec<Move>, shared: &Arc<Shared>) {
        loop {
            for Move { connection, change } in moves {
                if let Slot::Running(remote) = &self.slots[connection] {
                    // The plan keeps to the limit of each connection.
                    let _ = remote.change(&change);
                }
            }
            let is_due = |&connection: &usize| {
                let is_idle = matches!(self.slots[connection], Slot::Idle);
                self.has_begun && is_idle && self.plan.is_needed(connection)
            };
            let Some(connection) = (FIRST + 1..MAX_CONNECTIONS).find(is_due) else { return };
            let wanted = self.plan.of(connection).cloned().collect();
            (self.slots[connection], moves) = match self.begin(connection, wanted, shared) {
                Ok(remote) => (Slot::Running(remote), Vec::new()),
                // Without a thread it serves nothing, and says so as what is unserved.
                Err(_) => (Slot::Failed, self.plan.refuse(connection)),
            };
        }
    }

    fn begin(
        &mut self,
        connection: usize,
        subscriptions: Vec<Subscription>,
        shared: &Arc<Shared>,
    ) -> Result<Remote, MarketError> {
        let from = &self.template;
        let renew = Arc::clone(&from.renew);
        let mut stream = MarketStream::new(StreamSetup {
            url: from.url.clone(),
            tls: Arc::clone(&from.tls),
            auth: from.auth.clone(),
            renew: Box::new(move |refused| renew(refused)),
            subscriptions,
            limits: from.limits,
            // Only the traded stream is worth a processor of its own.
            tuning: Tuning::default(),
            clock: from.clock.clone(),
            entropy: from.entropy.wrapping_add(connection as u64),
        })?;
        stream.set_expiry(Expiry::new(from.day_end, WallClock::System.date(), connection as u8));
        let remote = stream.remote();
        let shared = Arc::clone(shared);
        let mut sink = (self.sinks)(connection);
        let run = move || {
            let mut watched = Watched::new(&mut *sink, &shared, connection, &stream);
            stream.run(&mut watched);
        };
        let thread = thread::Builder::new().name(format!("market-{}", connection + 1)).spawn(run);
        self.threads
            .push(thread.map_err(|error| MarketError::Thread { detail: error.to_string() })?);
        Ok(remote)
    }
}

/// A sink whose states the feed hears of.
struct Watched<'a, S: ?Sized> {
    inner: &'a mut S,
    shared: Arc<Shared>,
    connection: usize,
    /// It is not needed any more.
    is_retired: bool,
    clock: Clock,
    origin: u64,
}

impl<'a, S: Sink + ?Sized> Watched<'a, S> {
    fn new(
        inner: &'a mut S,
        shared: &Arc<Shared>,
        connection: usize,
        stream: &MarketStream,
    ) -> Self {
        let (shared, is_retired) = (Arc::clone(shared), false);
        let (clock, origin) = (stream.clock().clone(), stream.origin());
        Self { inner, shared, connection, is_retired, clock, origin }
    }

    #[inline]
    fn is_over(&self) -> bool {
        self.is_retired || self.shared.is_stopping.load(Ordering::Relaxed)
    }

    #[inline]
    fn or_stop(&self, flow: Flow) -> Flow {
        if self.is_over() { Flow::Stop } else { flow }
    }
}

impl<S: Sink + ?Sized> Sink for Watched<'_, S> {
    #[inline]
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        if self.connection != FIRST
            && let Ok(packet) = packet::decode(payload)
        {
            let sequences = &self.shared.sequences[self.connection];
            sequences.lock().unwrap_or_else(PoisonError::into_inner).note(&packet);
        }
        let flow = self.inner.on_payload(payload, stamps);
        self.or_stop(flow)
    }

    fn before_read(&mut self, now: u64) {
        self.inner.before_read(now);
    }

    fn on_control(&mut self, kind: ControlFrame) {
        self.inner.on_control(kind);
    }

    fn on_text(&mut self, text: &str) {
        self.inner.on_text(text);
    }

    fn on_state(&mut self, state: &ConnectionState) {
        let at = Mono(self.clock.delta_as_nanos(self.origin, self.clock.raw()));
        let name = StreamName::Market(self.connection as u8 + 1);
        if !self.is_retired {
            self.shared.events.publish(name, state, at);
        }
        self.inner.on_state(state);
        match state {
            ConnectionState::Live => self.shared.on_live(self.connection),
            ConnectionState::Failed(_) if self.connection != FIRST => {
                self.shared.on_failed(self.connection);
            }
            state if self.connection != FIRST && is_too_many(state) => {
                self.is_retired = self.shared.on_refused(self.connection);
                if self.is_retired {
                    self.shared.events.publish(name, &ConnectionState::Stopped, at);
                }
            }
            _ => {}
        }
    }

    fn on_idle(&mut self) -> Flow {
        let flow = self.inner.on_idle();
        self.or_stop(flow)
    }

    fn is_stopping(&self) -> bool {
        self.is_over() || self.inner.is_stopping()
    }
}
