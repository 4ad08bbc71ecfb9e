//! Who carries out what the fleet orders: begins streams on threads, tells and ends them.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use quanta::Clock;
use smartapi::clock::Wall;
use smartapi::stream::expiry::{DayEnd, Expiry};
use smartapi::stream::fleet::{Fleet, Order};
use smartapi::stream::session::Change;
use smartapi::stream::spread::{FIRST, MAX_CONNECTIONS, Move};

use super::watched::{OnEnd, Watched};
use super::{Shared, SharedRenew, SinkMaker, lock};
use crate::clock::Clock as WallClock;
use crate::market::{
    Limits, MarketError, MarketStream, Remote, RenewalFault, StreamAuth, StreamSetup, Subscription,
    Tuning,
};

/// The newest tokens of the account, as far as its streams know, and when they were given out.
#[derive(Clone)]
pub(super) struct Tokens(Arc<Mutex<(StreamAuth, Wall)>>);

impl Tokens {
    pub(super) fn new(auth: StreamAuth) -> Self {
        Self(Arc::new(Mutex::new((auth, WallClock::System.date()))))
    }

    /// Keeps what a renewal has brought.
    pub(super) fn keep(
        &self,
        renewed: Result<StreamAuth, RenewalFault>,
    ) -> Result<StreamAuth, RenewalFault> {
        if let Ok(auth) = &renewed {
            *lock(&self.0) = (auth.clone(), WallClock::System.date());
        }
        renewed
    }

    fn newest(&self) -> (StreamAuth, Wall) {
        lock(&self.0).clone()
    }
}

/// What the other streams are made of.
pub(super) struct Template {
    pub(super) url: String,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) tokens: Tokens,
    pub(super) renew: SharedRenew,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) entropy: u64,
    pub(super) day_end: DayEnd,
}

/// The connections of the feed, behind one lock.
pub(super) struct Desk {
    pub(super) fleet: Fleet,
    /// The threads of the others.
    pub(super) threads: Vec<JoinHandle<()>>,
    remotes: [Option<Remote>; MAX_CONNECTIONS],
    template: Template,
    sinks: SinkMaker,
}

impl Desk {
    pub(super) const fn new(
        fleet: Fleet,
        first: Remote,
        template: Template,
        sinks: SinkMaker,
    ) -> Self {
        Self { fleet, threads: Vec::new(), remotes: [Some(first), None, None], template, sinks }
    }

    /// Carries orders out, and those that follow from them.
    pub(super) fn carry_out(&mut self, orders: Vec<Order>, shared: &Arc<Shared>) {
        let mut orders = VecDeque::from(orders);
        while let Some(order) = orders.pop_front() {
            match order {
                Order::Begin { connection, subscriptions } => {
                    match self.begin(connection, subscriptions, shared) {
                        Ok(remote) => self.remotes[connection] = Some(remote),
                        // Without a thread it serves nothing, and says so as what is unserved.
                        Err(_) => orders.extend(self.fleet.on_ended(connection)),
                    }
                }
                Order::Change(Move { connection, change }) => {
                    self.change(connection, &change, shared);
                }
                Order::Leave { connection } => {
                    shared.over[connection].store(true, Ordering::Relaxed);
                }
                Order::HurryFirst => {
                    self.remotes[FIRST].iter().for_each(Remote::hurry);
                }
            }
        }
    }

    fn change(&self, connection: usize, change: &Change, shared: &Shared) {
        if let Some(remote) = &self.remotes[connection] {
            // The plan keeps to the limit of each connection.
            let _ = remote.change(change);
        }
        // Whatever number comes next is no gap.
        let mut sequences = lock(&shared.sequences[connection]);
        change.unsubscribe.iter().chain(&change.subscribe).for_each(|one| sequences.forget(one));
    }

    fn begin(
        &mut self,
        connection: usize,
        subscriptions: Vec<Subscription>,
        shared: &Arc<Shared>,
    ) -> Result<Remote, MarketError> {
        let from = &self.template;
        let (renew, tokens) = (Arc::clone(&from.renew), from.tokens.clone());
        let (auth, given) = tokens.newest();
        {
            let mut sequences = lock(&shared.sequences[connection]);
            subscriptions.iter().for_each(|one| sequences.forget(one));
        }
        let mut stream = MarketStream::new(StreamSetup {
            url: from.url.clone(),
            tls: Arc::clone(&from.tls),
            auth,
            renew: Box::new(move |refused| tokens.keep(renew(refused))),
            subscriptions,
            limits: from.limits,
            // Only the traded stream is worth a processor of its own.
            tuning: Tuning::default(),
            clock: from.clock.clone(),
            entropy: from.entropy.wrapping_add(connection as u64),
        })?;
        stream.set_expiry(Expiry::new(from.day_end, given, connection as u8));
        let remote = stream.remote();
        let shared = Arc::clone(shared);
        let sink = (self.sinks)(connection);
        shared.over[connection].store(false, Ordering::Relaxed);
        let run = move || {
            // Told last, when the socket is closed and the sink is gone.
            let _end = OnEnd::new(&shared, connection, &stream);
            let (mut stream, mut sink) = (stream, sink);
            let mut watched = Watched::new(&mut *sink, &shared, connection, &stream);
            stream.run(&mut watched);
        };
        let thread = thread::Builder::new().name(format!("market-{}", connection + 1)).spawn(run);
        let thread = thread.map_err(|error| MarketError::Thread { detail: error.to_string() })?;
        self.threads.retain(|thread| !thread.is_finished());
        self.threads.push(thread);
        Ok(remote)
    }
}
