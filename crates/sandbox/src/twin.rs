//! What all routes and streams of one sandbox share.

use std::io::{self, Read as _, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smartapi::clock::Mono;
use smartapi::instruments::Day;
use tungstenite::Utf8Bytes;

use crate::account::limits::Limits;
use crate::account::sessions::Sessions;
use crate::exchange::Exchange;
use crate::faults::{Account, Faults, Latencies, Meeting, Stream, UpdateFault};
use crate::playback::Playback;
use crate::playback::schedule::now_ns;
use crate::stream::updates::Updates;
use crate::{Credentials, Error, Holding, Instrument, Options, RateRefusal, Step, Wall, lock};

/// Connections of one kind that a client code may hold.
const MOST_CONNECTIONS: usize = 3;

/// The broker's twin: its account, its instrument, and what it plays.
pub(crate) struct Twin {
    pub(crate) credentials: Credentials,
    pub(crate) strict: bool,
    pub(crate) rate_refusal: RateRefusal,
    pub(crate) depth_20: bool,
    pub(crate) holdings: Vec<Holding>,
    pub(crate) instrument: Instrument,
    pub(crate) exchange: Exchange,
    /// The address from which orders may come; `None` is any.
    pub(crate) static_ip: Option<Ipv4Addr>,
    /// The day of the list of instruments; `None` is the date's.
    pub(crate) list_day: Option<Day>,
    pub(crate) playback: Arc<Playback>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) clock: quanta::Clock,
    pub(crate) idle_timeout: Duration,
    pub(crate) market_slots: Slots,
    pub(crate) order_slots: Slots,
    pub(crate) threads: Threads,
    pub(crate) updates: Updates,
    sessions: Mutex<Sessions>,
    limits: Mutex<Limits>,
    wall: Wall,
    /// How wrong the date is on demand.
    skew_s: AtomicI64,
}

impl Twin {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let credentials = options.credentials.clone().map_or_else(Credentials::random, Ok)?;
        let playback = Arc::new(Playback::new(options));
        Ok(Self {
            sessions: Mutex::new(Sessions::new(credentials.clone(), options.sessions)?),
            credentials,
            strict: options.strict,
            rate_refusal: options.rate_refusal,
            depth_20: options.depth_20,
            holdings: options.holdings.clone(),
            instrument: options.instrument.clone(),
            exchange: Exchange::new(options, &playback),
            static_ip: options.static_ip,
            list_day: options.list_day,
            faults: Arc::new(Faults::new(&options.scenario, &playback, &options.clock)),
            playback,
            clock: options.clock.clone(),
            idle_timeout: options.idle_timeout,
            market_slots: Slots::default(),
            order_slots: Slots::default(),
            threads: Threads::new(),
            updates: Updates::default(),
            limits: Mutex::default(),
            wall: Arc::clone(&options.wall),
            skew_s: AtomicI64::new(0),
        })
    }

    /// Seconds since 1970 UTC, as wrong as [`Twin::settle`] last made them.
    pub(crate) fn wall_s(&self) -> i64 {
        (self.wall)().saturating_add(self.skew_s.load(Ordering::SeqCst))
    }

    /// Lets the tape play from now on, unless it does.
    pub(crate) fn begin(&self) {
        if self.playback.begin() {
            // Faults may be due so long after the start.
            self.wake_disturbed();
        }
    }

    /// Lets happen to the account what is to happen by now.
    pub(crate) fn settle(&self) {
        let Account { expire, skew_s } = self.faults.account();
        if let Some(skew_s) = skew_s {
            self.skew_s.store(skew_s, Ordering::SeqCst);
        }
        if expire {
            lock(&self.sessions).expire(self.wall_s());
        }
    }

    /// The account's sessions, after what was to happen to them.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.settle();
        lock(&self.sessions)
    }

    /// Ends the session of `jwt` for REST, and its streams where that is the rule.
    pub(crate) fn log_out(&self, jwt: &str) {
        let left = self.sessions().logout(jwt);
        if let Some(session) = left.filter(|&session| lock(&self.sessions).ends_streams(session)) {
            self.threads.end(session);
        }
    }

    /// What meets a request for `path`; streams may be waiting for it too.
    pub(crate) fn on_request(&self, path: &str) -> Meeting {
        let meeting = self.faults.on_request(path);
        self.wake_disturbed();
        meeting
    }

    /// Tells all connections of the order stream of an order, as its fault and the latency have it.
    pub(crate) fn tell_order(&self, update: String) {
        let text = Utf8Bytes::from(update);
        let fault = self.faults.on_update();
        let number = self.updates.pushed();
        let latency = self.faults.stream_latency(number).unwrap_or_default();
        let due = now_ns(&self.clock).saturating_add(latency.as_nanos() as u64);
        match fault {
            Some(UpdateFault::Lost) => {}
            Some(UpdateFault::Late(time)) => {
                self.updates.push_late(text, due.saturating_add(time.as_nanos() as u64));
            }
            Some(UpdateFault::Duplicate) => {
                self.updates.push(text.clone(), due);
                self.updates.push(text, due);
            }
            None => self.updates.push(text, due),
        }
        self.threads.ring(Stream::Order);
        self.wake_disturbed();
    }

    /// Adds faults; `false` if they are too many.
    pub(crate) fn add_faults(&self, steps: Vec<Step>) -> bool {
        let added = self.faults.add(steps);
        self.wake_disturbed();
        added
    }

    /// Calls off every fault and ends what lasts; tokens that have expired stay so.
    pub(crate) fn clear_faults(&self) {
        self.faults.clear();
        self.skew_s.store(0, Ordering::SeqCst);
        self.ring_all();
    }

    /// Takes other latencies from now on.
    pub(crate) fn set_latency(&self, latencies: Latencies) {
        self.faults.set_latency(latencies);
        self.ring_all();
    }

    /// Lets the date be this one now; it goes on from there.
    pub(crate) fn set_wall(&self, wall_s: i64) {
        // A skew that is due by now is behind us.
        self.settle();
        self.skew_s.store(wall_s.saturating_sub((self.wall)()), Ordering::SeqCst);
    }

    /// Lets connections look for what is to happen to them.
    fn wake_disturbed(&self) {
        if self.faults.disturbs_streams() {
            self.ring_all();
        }
    }

    fn ring_all(&self) {
        self.threads.ring(Stream::Market);
        self.threads.ring(Stream::Order);
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

/// The threads of the stream connections, and the bells that wake or end them.
///
/// A bell is a socket pair: a byte wakes the thread that polls one end, and when the other is dropped
/// the thread ends.
pub(crate) struct Threads {
    /// The far ends; `None` once everything is to end.
    bells: Mutex<Option<Vec<Bell>>>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

/// The far end of a bell, by the stream and the session of its connection.
struct Bell {
    stream: Stream,
    session: u64,
    far: UnixStream,
}

impl Threads {
    fn new() -> Self {
        Self { bells: Mutex::new(Some(Vec::new())), running: Mutex::default() }
    }

    /// A bell to poll; it reads as ended when everything is to end.
    pub(crate) fn bell(&self, stream: Stream, session: u64) -> io::Result<UnixStream> {
        let (far, near) = UnixStream::pair()?;
        far.set_nonblocking(true)?;
        near.set_nonblocking(true)?;
        if let Some(bells) = &mut *lock(&self.bells) {
            // Nobody writes to a far end: it reads as ended when its connection is gone.
            bells.retain_mut(|bell| !matches!(bell.far.read(&mut [0]), Ok(0)));
            bells.push(Bell { stream, session, far });
        }
        Ok(near)
    }

    /// Wakes the threads of one stream.
    pub(crate) fn ring(&self, stream: Stream) {
        let mut bells = lock(&self.bells);
        for bell in bells.iter_mut().flatten().filter(|bell| bell.stream == stream) {
            // One that is full rings already, and one that is gone needs no bell.
            let _ = bell.far.write(&[1]);
        }
    }

    /// Ends the threads of a session.
    pub(crate) fn end(&self, session: u64) {
        if let Some(bells) = &mut *lock(&self.bells) {
            bells.retain(|bell| bell.session != session);
        }
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
