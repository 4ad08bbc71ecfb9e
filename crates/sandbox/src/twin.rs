//! What all routes and streams of one sandbox share.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smartapi::clock::Mono;

use crate::account::limits::Limits;
use crate::account::sessions::Sessions;
use crate::playback::Playback;
use crate::playback::schedule::now_ns;
use crate::{Credentials, Error, Instrument, Options, Wall, lock};

/// Connections of one kind that a client code may hold.
const MOST_CONNECTIONS: usize = 3;

/// The broker's twin: its account, its instrument, and what it plays.
pub(crate) struct Twin {
    pub(crate) credentials: Credentials,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) strict: bool,
    pub(crate) instrument: Instrument,
    pub(crate) playback: Arc<Playback>,
    pub(crate) clock: quanta::Clock,
    pub(crate) idle_timeout: Duration,
    pub(crate) market_slots: Slots,
    pub(crate) order_slots: Slots,
    pub(crate) threads: Threads,
    limits: Mutex<Limits>,
    wall: Wall,
}

impl Twin {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let credentials = options.credentials.clone().map_or_else(Credentials::random, Ok)?;
        Ok(Self {
            sessions: Mutex::new(Sessions::new(credentials.clone())?),
            credentials,
            strict: options.strict,
            instrument: options.instrument.clone(),
            playback: Arc::new(Playback::new(options)),
            clock: options.clock.clone(),
            idle_timeout: options.idle_timeout,
            market_slots: Slots::default(),
            order_slots: Slots::default(),
            threads: Threads::new().map_err(Error::Thread)?,
            limits: Mutex::default(),
            wall: Arc::clone(&options.wall),
        })
    }

    /// Seconds since 1970 UTC.
    pub(crate) fn wall_s(&self) -> i64 {
        (self.wall)()
    }

    /// Whether a call of `route` is within its rate limit.
    pub(crate) fn admits(&self, route: &'static str) -> bool {
        lock(&self.limits).admit(route, Mono(now_ns(&self.clock)))
    }
}

/// The places for connections of one kind.
#[derive(Clone, Default)]
pub(crate) struct Slots(Arc<AtomicUsize>);

impl Slots {
    /// A place, or `None` if all are taken; it is free again when the guard is dropped.
    pub(crate) fn take(&self) -> Option<Slot> {
        let more = |taken| (taken < MOST_CONNECTIONS).then_some(taken + 1);
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok()?;
        Some(Slot(Arc::clone(&self.0)))
    }

    pub(crate) fn taken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A connection's place.
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The threads of the stream connections, and the signal that ends them.
///
/// The signal is a socket pair: when one end is dropped, every thread that polls the other wakes.
pub(crate) struct Threads {
    far: Mutex<Option<UnixStream>>,
    stop: Arc<UnixStream>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    fn new() -> io::Result<Self> {
        let (far, near) = UnixStream::pair()?;
        Ok(Self { far: Mutex::new(Some(far)), stop: Arc::new(near), running: Mutex::default() })
    }

    /// Becomes readable when everything is to end.
    pub(crate) fn stop(&self) -> Arc<UnixStream> {
        Arc::clone(&self.stop)
    }

    /// Runs `work` on a thread of its own; if none is to be had, the connection is dropped with it.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        let mut running = lock(&self.running);
        running.retain(|thread| !thread.is_finished());
        let thread = thread::Builder::new().name("sandbox-stream".into()).spawn(work);
        running.extend(thread);
    }

    /// Ends all threads and waits for them.
    pub(crate) fn join(&self) {
        lock(&self.far).take();
        let running = std::mem::take(&mut *lock(&self.running));
        for thread in running {
            let _ = thread.join();
        }
    }
}
