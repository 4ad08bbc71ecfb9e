//! All market-data connections of an account: the trader's on its own thread, the others beside it.

mod desk;
mod watched;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smartapi::clock::Mono;
use smartapi::stream::expiry::{DayEnd, Expiry};
use smartapi::stream::fleet::Fleet;
use smartapi::stream::sequence::Sequences;
use smartapi::stream::spread::{FIRST, MAX_CONNECTIONS, Spread};
use smartapi::stream::state::Failure;

use self::desk::{Desk, Template, Tokens};
use self::watched::{OnEnd, Watched};
use super::{
    ConnectionEvents, ConnectionState, Ended, MarketError, MarketStream, RenewalFault, Sink,
    StreamAuth, StreamName, StreamSetup, Subscription,
};
use crate::clock::Clock as WallClock;

/// Fetches fresh tokens for any of the streams.
pub type SharedRenew = Arc<dyn Fn(&StreamAuth) -> Result<StreamAuth, RenewalFault> + Send + Sync>;
/// Makes what takes the packets of one of the other connections, 1 or 2, each time that it begins; it
/// may not call the feed.
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
    /// Called when one of the other connections begins; its sink lives on that connection's thread, and
    /// ends the connection for good if it says stop.
    pub sinks: SinkMaker,
}

/// The market data of an account over at most three connections; clones act on the same ones.
///
/// The first carries what is traded and nothing else: up to 1,000 subscriptions, whose packets come on
/// the trader's thread. The other two carry what is watched beside trading, up to 2,000. They begin once
/// the first is live, and only if they are needed, so that the trader gets the first place. One that the
/// server has no place for (status 429, or accepted and closed at once, twice) gives its subscriptions
/// to the other as far as they fit, and tries again after its pause while anything is left on it. If it
/// is the first that has no place, the others give theirs up. [`Self::unserved`] names what nobody
/// carries. See [`Fleet`] for the rules.
#[derive(Clone)]
pub struct MarketFeed(Arc<Shared>);

/// The traded instruments' stream, to be run on the trader's thread.
pub struct TradedStream {
    stream: MarketStream,
    shared: Arc<Shared>,
}

struct Shared {
    desk: Mutex<Desk>,
    /// What each connection looks at after each packet: it is to end.
    over: [AtomicBool; MAX_CONNECTIONS],
    events: ConnectionEvents,
    /// What arrived over each of the others.
    sequences: [Mutex<Sequences>; MAX_CONNECTIONS],
}

impl MarketFeed {
    /// A feed that has not begun: it does when the traded stream is run.
    ///
    /// `traded` has the traded instruments as its subscriptions.
    ///
    /// Errors: [`MarketError::Spread`] above 1,000 traded or 2,000 others, [`MarketError::Address`],
    /// [`MarketError::Subscriptions`] for what cannot be subscribed.
    pub fn new(
        traded: StreamSetup,
        side: SideStreams,
    ) -> Result<(TradedStream, Self), MarketError> {
        let SideStreams { others, renew, day_end, events, sinks } = side;
        others.iter().try_for_each(Subscription::check)?;
        let plan = Spread::new(&traded.subscriptions, &others)?;
        let tokens = Tokens::new(traded.auth.clone());
        let template = Template {
            url: traded.url.clone(),
            tls: Arc::clone(&traded.tls),
            tokens: tokens.clone(),
            renew,
            limits: traded.limits,
            clock: traded.clock.clone(),
            entropy: traded.entropy,
            day_end,
        };
        let mut own = traded.renew;
        let renew = Box::new(move |refused: &StreamAuth| tokens.keep(own(refused)));
        let mut stream = MarketStream::new(StreamSetup { renew, ..traded })?;
        stream.set_expiry(Expiry::new(day_end, WallClock::System.date(), 0));
        let desk = Desk::new(Fleet::new(plan), stream.remote(), template, sinks);
        let shared = Arc::new(Shared {
            desk: Mutex::new(desk),
            over: Default::default(),
            events,
            sequences: Default::default(),
        });
        Ok((TradedStream { stream, shared: Arc::clone(&shared) }, Self(shared)))
    }

    /// Begins subscriptions beside trading.
    ///
    /// Errors: [`MarketError::Spread`] above 2,000, [`MarketError::Subscriptions`] for what cannot be
    /// subscribed; and then nothing has changed.
    pub fn subscribe(&self, wanted: &[Subscription]) -> Result<(), MarketError> {
        wanted.iter().try_for_each(Subscription::check)?;
        let mut desk = self.0.desk();
        let orders = desk.fleet.subscribe(wanted)?;
        desk.carry_out(orders, &self.0);
        Ok(())
    }

    /// Ends subscriptions, traded ones too; unknown ones are ignored.
    pub fn unsubscribe(&self, unwanted: &[Subscription]) {
        let mut desk = self.0.desk();
        let orders = desk.fleet.unsubscribe(unwanted);
        desk.carry_out(orders, &self.0);
    }

    /// Replaces what is traded: what is not among `traded` ends, what was watched beside moves over.
    ///
    /// Errors: [`MarketError::Spread`] above 1,000, [`MarketError::Subscriptions`] for what cannot be
    /// subscribed; and then nothing has changed.
    pub fn trade(&self, traded: &[Subscription]) -> Result<(), MarketError> {
        traded.iter().try_for_each(Subscription::check)?;
        let mut desk = self.0.desk();
        let orders = desk.fleet.trade(traded)?;
        desk.carry_out(orders, &self.0);
        Ok(())
    }

    /// Begins those of the other connections again that have ended for good: their sink said stop or
    /// broke off, or their stream failed. The first begins again with [`TradedStream::run`].
    pub fn restart(&self) {
        let mut desk = self.0.desk();
        let orders = desk.fleet.restart();
        desk.carry_out(orders, &self.0);
    }

    /// What no connection is there for at the moment: the server has no place for its connection or has
    /// refused the request, or its connection has ended or has not begun. [`Self::events`] says why.
    #[must_use]
    pub fn unserved(&self) -> Vec<Subscription> {
        self.0.desk().fleet.unserved().cloned().collect()
    }

    /// The sequence numbers of connection 1 or 2; the trader checks those of the first.
    #[must_use]
    pub fn sequences(&self, connection: usize) -> Option<Sequences> {
        self.0.sequences.get(connection).map(|sequences| lock(sequences).clone())
    }

    /// Where the connections say how they are.
    #[must_use]
    pub fn events(&self) -> &ConnectionEvents {
        &self.0.events
    }

    /// Ends all connections, the traded one too, and waits for the threads of the others, from which
    /// it may not be called. Nothing begins after it.
    pub fn stop(&self) {
        let threads = {
            let mut desk = self.0.desk();
            desk.fleet.stop();
            self.0.over.iter().for_each(|over| over.store(true, Ordering::Relaxed));
            std::mem::take(&mut desk.threads)
        };
        for thread in threads {
            // A sink that panicked has been told of as a failure.
            let _ = thread.join();
        }
    }
}

impl TradedStream {
    /// Runs the traded stream on this thread until the sink or [`MarketFeed::stop`] ends it, or it
    /// fails; the others begin with it and go on until [`MarketFeed::stop`].
    ///
    /// What is traded is named by [`MarketFeed::unserved`] from then on, until it is run again.
    pub fn run(&mut self, sink: &mut impl Sink) -> Ended {
        self.shared.desk().fleet.on_first_begins();
        let _end = OnEnd::new(&self.shared, FIRST, &self.stream);
        let mut watched = Watched::new(sink, &self.shared, FIRST, &self.stream);
        self.stream.run(&mut watched)
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    fn is_over(&self, connection: usize) -> bool {
        self.over[connection].load(Ordering::Relaxed)
    }

    fn on_state(self: &Arc<Self>, connection: usize, state: &ConnectionState) {
        let mut desk = self.desk();
        let orders = desk.fleet.on_state(connection, state);
        desk.carry_out(orders, self);
    }

    fn on_proof(self: &Arc<Self>, connection: usize) {
        let mut desk = self.desk();
        let orders = desk.fleet.on_proof(connection);
        desk.carry_out(orders, self);
    }

    /// A connection's thread is about to end; `broke_off` if by a panic.
    fn on_ended(self: &Arc<Self>, connection: usize, broke_off: Option<Mono>) {
        if let Some(at) = broke_off {
            let state = ConnectionState::Failed(Failure::BrokeOff);
            self.events.publish(name(connection), &state, at);
        }
        let mut desk = self.desk();
        let orders = desk.fleet.on_ended(connection);
        desk.carry_out(orders, self);
    }
}

const fn name(connection: usize) -> StreamName {
    StreamName::Market(connection as u8 + 1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
