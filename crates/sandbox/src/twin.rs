//! What all routes and streams of one sandbox share.

use std::io::{self, Read as _};
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
            threads: Threads::new(),
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

/// The threads of the stream connections, and the bells that end them.
///
/// A bell is a socket pair: when one end is dropped, the thread that polls the other ends.
pub(crate) struct Threads {
    /// The far ends; `None` once everything is to end.
    bells: Mutex<Option<Vec<UnixStream>>>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    fn new() -> Self {
        Self { bells: Mutex::new(Some(Vec::new())), running: Mutex::default() }
    }

    /// A bell to poll; it reads as ended when everything is to end.
    pub(crate) fn bell(&self) -> io::Result<UnixStream> {
        let (far, near) = UnixStream::pair()?;
        far.set_nonblocking(true)?;
        near.set_nonblocking(true)?;
        if let Some(bells) = &mut *lock(&self.bells) {
            // Nobody writes to a far end: it reads as ended when its connection is gone.
            bells.retain_mut(|far| !matches!(far.read(&mut [0]), Ok(0)));
            bells.push(far);
        }
        Ok(near)
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
        lock(&self.bells).take();
        let running = std::mem::take(&mut *lock(&self.running));
        for thread in running {
            let _ = thread.join();
        }
    }
}
