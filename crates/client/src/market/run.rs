//! The driver of a market stream: does what the session says and hands over what comes.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use quanta::Clock;
use rustls::ClientConfig;
use smartapi::clock::Mono;
use smartapi::stream::expiry::{DayEnd, Expiry};
use smartapi::stream::frame::Frame;
use smartapi::stream::session::{Action, End, Session};
use smartapi::stream::state::{Because, RenewalFault};

use super::address::Address;
use super::connect::{Attempt, ConnectFault, Connection, SLICE};
use super::reader::ReadCall;
use super::remote::Remote;
use super::{ControlFrame, Flow, Limits, MarketError, Sink, StreamAuth, Subscription, Tuning};
use crate::clock::Clock as WallClock;

/// Fetches fresh tokens after the stream has refused the given ones.
pub type Renew = Box<dyn FnMut(&StreamAuth) -> Result<StreamAuth, RenewalFault> + Send>;

/// What a [`MarketStream`] is made of.
pub struct StreamSetup {
    /// `wss://host[:port]/path`, or `ws://` without TLS.
    pub url: String,
    /// Which certificates are trusted, and the crypto provider.
    pub tls: Arc<ClientConfig>,
    /// The secrets of the first connection.
    pub auth: StreamAuth,
    /// Brings later ones; called on a thread of its own.
    pub renew: Renew,
    /// What to subscribe after each connect; at most 1000.
    pub subscriptions: Vec<Subscription>,
    /// Heartbeat, watchdog and pauses.
    pub limits: Limits,
    /// How the socket is treated.
    pub tuning: Tuning,
    /// The clock of the stamps.
    pub clock: Clock,
    /// Seeds masks and pauses: anything that differs between runs.
    pub entropy: u64,
}

/// How [`MarketStream::run`] ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The sink said [`Flow::Stop`].
    Stopped,
    /// The stream does not work out.
    Failed(MarketError),
}

/// One market-data connection that keeps itself alive: reconnects, subscribes again, renews tokens.
///
/// [`Self::run`] blocks until the sink says stop or the session gives up; a stop is obeyed within a
/// second at any moment, because the sink is asked after every read, reads and pauses are cut into
/// tenths of a second, and connecting and renewing happen on short-lived threads.
pub struct MarketStream {
    address: Address,
    tls: Arc<ClientConfig>,
    auth: StreamAuth,
    /// Absent while it runs on its own thread.
    renew: Option<Renew>,
    limits: Limits,
    tuning: Tuning,
    session: Session,
    clock: Clock,
    /// The raw clock at [`Mono`] zero.
    origin: u64,
    /// What others change while it runs.
    remote: Remote,
    expiry: Expiry,
}

/// What became of a job on a thread of its own.
enum Awaited<T> {
    Done(T),
    Stopped,
    /// The thread could not be started, or it panicked.
    Broken(String),
}

/// What a read brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brought {
    Payloads,
    /// Frames of other kinds, or a part of one.
    Rest,
}

/// Whether a connection is still of use.
enum Wire {
    Open,
    Over,
}

impl MarketStream {
    /// A stream that has not begun.
    ///
    /// Errors: [`MarketError::Address`], [`MarketError::Subscriptions`].
    pub fn new(setup: StreamSetup) -> Result<Self, MarketError> {
        let session = Session::new(&setup.subscriptions, setup.limits, setup.entropy)?;
        Self::with_session(session, setup)
    }

    /// The stream of a session of any kind; the one for orders has no subscriptions.
    pub(crate) fn with_session(session: Session, setup: StreamSetup) -> Result<Self, MarketError> {
        let StreamSetup { url, tls, auth, renew, subscriptions, limits, tuning, clock, .. } = setup;
        let mut tls = Arc::unwrap_or_clone(tls);
        // Records are opened in our own buffer, for which rustls has to hand over the keys.
        tls.enable_secret_extraction = true;
        // A list made for HTTP calls may offer HTTP/2, over which there is no such upgrade.
        tls.alpn_protocols.clear();
        Ok(Self {
            address: Address::parse(&url)?,
            tls: Arc::new(tls),
            auth,
            renew: Some(renew),
            limits,
            tuning,
            session,
            remote: Remote::new(subscriptions),
            expiry: Expiry::new(DayEnd::default(), WallClock::System.date(), 0),
            origin: clock.raw(),
            clock,
        })
    }

    /// What subscribes and unsubscribes while the stream runs, from any thread.
    #[must_use]
    pub fn remote(&self) -> Remote {
        self.remote.clone()
    }

    /// When tokens are replaced, if not ten seconds after midnight in India.
    pub const fn set_expiry(&mut self, expiry: Expiry) {
        self.expiry = expiry;
    }

    /// The clock of this stream's times.
    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The raw clock at the zero of the times in this stream's states.
    #[must_use]
    pub const fn origin(&self) -> u64 {
        self.origin
    }

    /// Runs the stream on this thread until the sink stops it or it fails for good; it may be run again
    /// then.
    pub fn run(&mut self, sink: &mut impl Sink) -> Ended {
        let mut connection: Option<Connection> = None;
        self.session.restart();
        self.watch_tokens();
        loop {
            let now = self.now();
            self.obey(now);
            match self.session.poll(now) {
                Action::Connect => connection = self.connect(sink),
                Action::Renew => self.renew(sink),
                Action::Send(bytes) => {
                    let result = connection.as_mut().map(|open| open.transport.write(bytes));
                    if let Some(Err(error)) = result {
                        connection = None;
                        self.session.on_lost(now, lost(&error));
                    }
                }
                Action::Read { .. } => {
                    let wire = connection.as_mut().map(|open| self.read(open, sink));
                    if !matches!(wire, Some(Wire::Open)) {
                        connection = None;
                    }
                }
                Action::Wait { until } => self.wait(until, sink),
                Action::Disconnect => {
                    if let Some(open) = connection.take() {
                        open.transport.close();
                    }
                }
                Action::Ended(end) => {
                    self.show(sink);
                    return match end {
                        End::Stopped => Ended::Stopped,
                        End::Failed(failure) => Ended::Failed(failure.into()),
                    };
                }
            }
            self.show(sink);
        }
    }

    fn now(&self) -> Mono {
        self.mono(self.clock.raw())
    }

    fn mono(&self, raw: u64) -> Mono {
        Mono(self.clock.delta_as_nanos(self.origin, raw))
    }

    /// Makes the changes that others have asked for.
    fn obey(&mut self, now: Mono) {
        if let Some(change) = self.remote.take() {
            // The remote has checked it as the session does.
            let _ = self.session.change(now, &change);
        }
        if self.remote.takes_hurry() {
            self.session.hurry(now);
        }
    }

    fn watch_tokens(&mut self) {
        let end = self.now().after(self.expiry.left(WallClock::System.date()));
        self.session.set_tokens_end(Some(end));
    }

    fn show(&mut self, sink: &mut impl Sink) {
        if let Some(state) = self.session.take_state_change() {
            sink.on_state(&state);
        }
    }

    fn connect(&mut self, sink: &mut impl Sink) -> Option<Connection> {
        self.show(sink);
        if sink.is_stopping() {
            self.session.on_stop();
            return None;
        }
        let attempt = Attempt {
            address: self.address.clone(),
            tls: Arc::clone(&self.tls),
            auth: self.auth.clone(),
            nonce: self.session.nonce(),
            clock: self.clock.clone(),
            tuning: self.tuning,
            limit: self.limits.connect,
        };
        let give_up = self.now().after(self.limits.connect + SLICE);
        let result = self.on_thread(sink, Some(give_up), move || attempt.run());
        let now = self.now();
        let unreachable = |detail| Because::Unreachable { detail, tls: false };
        match result {
            Awaited::Done(Ok(connection)) => {
                self.session.on_connected(now);
                // The wall clock may have been set meanwhile.
                self.watch_tokens();
                return Some(connection);
            }
            Awaited::Done(Err(ConnectFault::Refused(refusal))) => {
                self.session.on_refused(now, refusal);
            }
            Awaited::Done(Err(ConnectFault::Unreachable { detail, tls })) => {
                self.session.on_lost(now, Because::Unreachable { detail, tls });
            }
            Awaited::Broken(detail) => self.session.on_lost(now, unreachable(detail)),
            Awaited::Stopped => self.session.on_stop(),
        }
        None
    }

    fn renew(&mut self, sink: &mut impl Sink) {
        self.show(sink);
        let broken = |text| RenewalFault { text, retryable: false };
        let Some(mut renew) = self.renew.take() else {
            let fault = broken("the renewal broke off earlier".to_owned());
            return self.session.on_renewal_failed(self.now(), fault);
        };
        let refused = self.auth.clone();
        let result = self.on_thread(sink, None, move || {
            let result = renew(&refused);
            (renew, result)
        });
        let now = self.now();
        match result {
            Awaited::Done((renew, result)) => {
                self.renew = Some(renew);
                match result {
                    Ok(auth) => {
                        self.auth = auth;
                        self.session.on_renewed();
                        self.expiry.renewed(WallClock::System.date());
                        self.watch_tokens();
                    }
                    Err(fault) => self.session.on_renewal_failed(now, fault),
                }
            }
            Awaited::Broken(text) => self.session.on_renewal_failed(now, broken(text)),
            Awaited::Stopped => self.session.on_stop(),
        }
    }

    /// Runs a job on a thread of its own and asks the sink meanwhile whether to go on.
    ///
    /// A job that is not waited for any more ends by itself; its result is dropped.
    fn on_thread<T: Send + 'static>(
        &self,
        sink: &mut impl Sink,
        give_up: Option<Mono>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Awaited<T> {
        let (done, result) = sync_channel(1);
        let job = move || {
            let _ = done.send(job());
        };
        if let Err(error) = thread::Builder::new().name("market-aside".to_owned()).spawn(job) {
            return Awaited::Broken(error.to_string());
        }
        loop {
            match result.recv_timeout(SLICE) {
                Ok(result) => return Awaited::Done(result),
                Err(RecvTimeoutError::Disconnected) => {
                    return Awaited::Broken("its thread broke off".to_owned());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if sink.on_idle() == Flow::Stop {
                return Awaited::Stopped;
            }
            if give_up.is_some_and(|end| end <= self.now()) {
                return Awaited::Broken("the host's name was not found in time".to_owned());
            }
        }
    }

    fn wait(&mut self, until: Mono, sink: &mut impl Sink) {
        let left = until.since(self.now());
        thread::sleep(left.min(SLICE));
        if sink.on_idle() == Flow::Stop {
            self.session.on_stop();
        }
    }

    /// Reads until the session has something to say or the connection is over.
    fn read(&mut self, open: &mut Connection, sink: &mut impl Sink) -> Wire {
        // The upgrade's last read, and a record behind it, may have brought frames.
        let mut first = open.read.take();
        loop {
            let read = match first.take() {
                Some(read) => Ok(Some(read)),
                None => {
                    let mut before = |now| sink.before_read(now);
                    open.transport.read(&mut open.frames, &self.clock, &mut before)
                }
            };
            let (now, flow) = match read {
                Ok(Some(read)) => {
                    let now = self.mono(read.returned);
                    match self.take(open, &read, now, sink) {
                        Ok(Brought::Rest) if sink.is_stopping() => (now, Flow::Stop),
                        Ok(_) => (now, Flow::Continue),
                        Err(because) => {
                            self.session.on_lost(now, because);
                            return Wire::Over;
                        }
                    }
                }
                Ok(None) => (self.now(), sink.on_idle()),
                Err(error) => {
                    self.session.on_lost(self.now(), lost(&error));
                    return Wire::Over;
                }
            };
            if flow == Flow::Stop {
                self.session.on_stop();
            }
            self.show(sink);
            if self.session.wants_poll(now) || self.remote.has_changes() {
                return Wire::Open;
            }
        }
    }

    /// Hands over all frames that `read` has completed.
    #[inline]
    fn take(
        &mut self,
        open: &mut Connection,
        read: &ReadCall,
        now: Mono,
        sink: &mut impl Sink,
    ) -> Result<Brought, Because> {
        let mut brought = Brought::Rest;
        loop {
            loop {
                let (frame, rest) = match open.frames.next_frame() {
                    Ok(Some(frame)) => frame,
                    Ok(None) => break,
                    Err(error) => {
                        sink.on_control(ControlFrame::Broken);
                        self.session.on_protocol_error(now, error);
                        return Ok(brought);
                    }
                };
                let Frame::Binary(payload) = frame else {
                    self.control(frame, now, sink);
                    continue;
                };
                let is_last = rest == 0 && open.transport.is_unsealed();
                let stamps = read.stamps(is_last, self.clock.raw());
                if brought == Brought::Rest {
                    // Whatever else a server may send in binary frames is a life sign and no data.
                    if Session::is_data(payload) {
                        brought = Brought::Payloads;
                        self.session.on_data(now);
                    } else {
                        self.session.on_control(now);
                    }
                }
                if sink.on_payload(payload, stamps) == Flow::Stop {
                    self.session.on_stop();
                    return Ok(brought);
                }
            }
            if !open.transport.unseal(&mut open.frames).map_err(|error| lost(&error))? {
                return Ok(brought);
            }
        }
    }

    #[cold]
    fn control(&mut self, frame: Frame<'_>, now: Mono, sink: &mut impl Sink) {
        self.session.on_control(now);
        match frame {
            Frame::Ping(payload) => {
                sink.on_control(ControlFrame::Ping);
                self.session.on_ping(payload);
            }
            Frame::Pong(_) => sink.on_control(ControlFrame::Pong),
            Frame::Close { code, reason } => {
                sink.on_control(ControlFrame::Close);
                self.session.on_close(now, code, reason);
            }
            Frame::Text(text) => {
                self.session.on_text(now, text);
                sink.on_control(ControlFrame::Text);
                sink.on_text(text);
                if let Some((error, refused)) = self.session.take_refused() {
                    sink.on_refused(&error, &refused);
                }
            }
            Frame::Binary(_) => {}
        }
    }
}

fn lost(error: &std::io::Error) -> Because {
    Because::Lost { detail: error.to_string() }
}
