//! The life of one stream as a state machine: connect, subscribe, heartbeat, watchdog, back-off.

mod changes;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

pub use changes::Change;

use super::frame::{ClientFrame, WsError, encode};
use super::limits::{Limits, MAX_SUBSCRIPTIONS, Noise};
use super::request::{PING, Request, StreamError, Subscription, SubscriptionFault};
use super::state::{Because, ConnectionState, Failure, RenewalFault, TokenFault};
use super::upgrade::Refusal;
use crate::clock::Mono;
use crate::packet::Ltp;

/// WebSocket close code of a normal end.
const NORMAL: u16 = 1000;

/// So often does a session try again soon after a place has come free.
const HURRIES: u8 = 3;

/// What the driver is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'session> {
    /// Open a connection, upgrade included; then [`Session::on_connected`], [`Session::on_refused`]
    /// or [`Session::on_lost`].
    Connect,
    /// Fetch fresh tokens; then [`Session::on_renewed`] or [`Session::on_renewal_failed`].
    Renew,
    /// Write these bytes, which are masked frames; [`Session::on_lost`] if it fails.
    Send(&'session [u8]),
    /// Read until then at the latest; what comes goes to the `on_*` calls.
    Read {
        /// The session's next deadline.
        until: Mono,
    },
    /// Do nothing until then.
    Wait {
        /// When the next attempt is due.
        until: Mono,
    },
    /// Close the connection.
    Disconnect,
    /// It is over; no other action follows.
    Ended(End),
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// [`Session::on_stop`] was called.
    Stopped,
    /// It does not work out.
    Failed(Failure),
}

/// What an open connection has shown so far.
#[derive(Clone, Copy)]
struct Open {
    since: Mono,
    last_frame: Mono,
    last_data: Mono,
    next_heartbeat: Mono,
    /// A packet, or an order update, came on this connection.
    has_data: bool,
    /// The server has said its greeting, if it has one.
    is_greeted: bool,
}

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Subscriptions are sent, packets are awaited.
    Market,
    /// A greeting is awaited; then silence is normal.
    Orders,
}

enum Phase {
    ConnectDue,
    Connecting,
    Live(Open),
    RenewDue(TokenFault),
    Waiting {
        until: Mono,
        /// What is wrong with the tokens, which then come first; else the next thing is a connection.
        tokens: Option<TokenFault>,
    },
    /// The connection is to be closed, then this comes.
    Leaving(Box<Phase>),
    Ended(End),
}

/// One stream of the market or of orders: what to say on its socket and when, across reconnects,
/// without any I/O.
///
/// The driver is a loop: `poll(now)` says what to do, the driver does it and reports:
///
/// | [`Action`] | what the driver does | and reports |
/// |---|---|---|
/// | `Connect` | TCP, TLS, upgrade | `on_connected`, or `on_refused`, or `on_lost` |
/// | `Renew` | new tokens for the next `Connect` | `on_renewed`, or `on_renewal_failed` |
/// | `Send` | write all the bytes | `on_lost` if that fails |
/// | `Read` | reads; [`Session::wants_poll`] after each | `on_data` or `on_control` once a read, `on_ping`, `on_text` and `on_close` for each such frame, `on_lost` if reading or decoding fails |
/// | `Wait` | waits, interruptibly | nothing |
/// | `Disconnect` | drops the connection | nothing |
/// | `Ended` | leaves the loop | nothing |
///
/// After each `poll` and each `on_*` a change of state may lie in [`Session::take_state_change`].
/// [`Session::on_stop`] may come at any time; the next polls then say good-bye and end. After an
/// `on_lost` the connection is gone: no `Disconnect` follows. Times must not run backwards.
///
/// It keeps these rules: all subscriptions are sent after each connect; a failed attempt is followed
/// by a pause that doubles, never shorter than [`Limits::first_pause`], until a connection has been
/// good for a while; after 429 the pause is at least [`Limits::cool_down`], unless [`Session::hurry`]
/// says that a place has come free; tokens that were refused (401, 403) are renewed once, without a
/// pause, and a second refusal ends the session. A renewal that a passing fault of the broker or the
/// network stopped is made again after a pause, and counts as a failed attempt; one that the broker
/// refused ends the session, because repeated logins lock accounts.
///
/// [`Session::change`] subscribes and unsubscribes at any time. Once the tokens' day is over, as
/// [`Session::set_tokens_end`] has it, a connection that is open is left, tokens are renewed without
/// waiting for a refusal, and all subscriptions are sent again. A session of orders
/// ([`Session::orders`]) counts as live when the greeting has come, and may be silent but for heartbeats.
///
/// Each request to subscribe has an id of its own. One that the server refuses as invalid is cut in two
/// and asked again, until the bad subscription is alone; [`Session::take_refused`] names it.
pub struct Session {
    kind: Kind,
    wanted: BTreeSet<Subscription>,
    /// Requests that are still to be sent on the open connection.
    changes: Vec<Request>,
    /// The newest requests to subscribe on it, by their correlation ids.
    asked: VecDeque<(String, Vec<Subscription>)>,
    /// How many requests were sent on it.
    requests: u32,
    /// What the server has refused since the last [`Self::take_refused`].
    refused: Option<(StreamError, Vec<Subscription>)>,
    /// When tokens are to be renewed in any case.
    tokens_end: Option<Mono>,
    limits: Limits,
    noise: Noise,
    phase: Phase,
    state: ConnectionState,
    is_new_state: bool,
    /// Failed attempts in a row.
    failures: u32,
    /// So many refusals with 429 are still followed by a common pause.
    hurries: u8,
    /// Tokens were renewed since the server last took some.
    renewed: bool,
    /// Encoded frames for the next `Send`.
    out: Vec<u8>,
    /// `out` was handed to the driver and is emptied by the next poll.
    is_sent: bool,
    /// Payload of the newest ping that is to be answered.
    ping: Option<Vec<u8>>,
    /// The deadline of the last `Read`.
    deadline: Mono,
}

impl Session {
    /// A session of the market that has not begun; `seed` makes its pauses and masks.
    ///
    /// Errors: [`SubscriptionFault`], as each is checked, and above [`MAX_SUBSCRIPTIONS`]; a repeated
    /// one counts once.
    pub fn new(
        wanted: &[Subscription],
        limits: Limits,
        seed: u64,
    ) -> Result<Self, SubscriptionFault> {
        wanted.iter().try_for_each(Subscription::check)?;
        let wanted: BTreeSet<Subscription> = wanted.iter().cloned().collect();
        if wanted.len() > MAX_SUBSCRIPTIONS {
            return Err(SubscriptionFault::TooMany { was: wanted.len() });
        }
        Ok(Self::begin(Kind::Market, wanted, limits, seed))
    }

    fn begin(kind: Kind, wanted: BTreeSet<Subscription>, limits: Limits, seed: u64) -> Self {
        Self {
            kind,
            wanted,
            changes: Vec::new(),
            asked: VecDeque::new(),
            requests: 0,
            refused: None,
            tokens_end: None,
            limits: limits.sound(),
            noise: Noise(seed),
            phase: Phase::ConnectDue,
            state: ConnectionState::Connecting { attempt: 1 },
            is_new_state: false,
            failures: 0,
            hurries: 0,
            renewed: false,
            out: Vec::new(),
            is_sent: false,
            ping: None,
            deadline: Mono(0),
        }
    }

    /// The state that people are shown.
    #[must_use]
    pub const fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// The state, if it has changed since the last call.
    pub fn take_state_change(&mut self) -> Option<ConnectionState> {
        std::mem::take(&mut self.is_new_state).then(|| self.state.clone())
    }

    /// What to do next. `Send` and `Disconnect` are said once; the others again and again, until the
    /// driver has reported or time has passed.
    pub fn poll(&mut self, now: Mono) -> Action<'_> {
        if std::mem::take(&mut self.is_sent) {
            self.out.clear();
        }
        if let Phase::Live(open) = self.phase {
            self.tend(now, open);
        }
        self.end_pause(now);
        self.end_tokens(now);
        if !self.out.is_empty() {
            self.is_sent = true;
            return Action::Send(&self.out);
        }
        match &mut self.phase {
            Phase::ConnectDue => {
                self.phase = Phase::Connecting;
                self.show(ConnectionState::Connecting { attempt: self.failures.saturating_add(1) });
                Action::Connect
            }
            Phase::Connecting => Action::Connect,
            Phase::RenewDue(_) => Action::Renew,
            Phase::Live(_) => Action::Read { until: self.deadline },
            Phase::Waiting { until, .. } => Action::Wait { until: *until },
            Phase::Leaving(next) => {
                self.phase = std::mem::replace(next, Phase::ConnectDue);
                Action::Disconnect
            }
            Phase::Ended(end) => Action::Ended(end.clone()),
        }
    }

    /// Sixteen bytes for the key of the next upgrade.
    pub fn nonce(&mut self) -> [u8; 16] {
        ((u128::from(self.noise.next()) << 64) | u128::from(self.noise.next())).to_be_bytes()
    }

    /// Whether a driver that was told to read should poll now: the deadline has passed, or there is
    /// something to say.
    #[must_use]
    #[inline]
    pub fn wants_poll(&self, now: Mono) -> bool {
        self.deadline <= now || self.ping.is_some() || !matches!(self.phase, Phase::Live(_))
    }

    /// The connection is open and upgraded.
    pub fn on_connected(&mut self, now: Mono) {
        if !matches!(self.phase, Phase::Connecting) {
            return;
        }
        (self.renewed, self.hurries) = (false, 0);
        self.out.clear();
        self.ping = None;
        let wanted: Vec<Subscription> = self.wanted.iter().cloned().collect();
        self.changes = Request::subscribe(&wanted);
        self.asked.clear();
        self.requests = 0;
        self.say_changes();
        let is_greeted = self.kind == Kind::Market;
        self.phase = Phase::Live(Open {
            since: now,
            last_frame: now,
            last_data: now,
            next_heartbeat: now.after(self.limits.heartbeat),
            has_data: false,
            is_greeted,
        });
        self.deadline = now;
        if is_greeted {
            self.show(ConnectionState::Live);
        }
    }

    /// The server answered the upgrade with a status other than 101.
    pub fn on_refused(&mut self, now: Mono, refusal: Refusal) {
        if !matches!(self.phase, Phase::Connecting) {
            return;
        }
        if !refusal.is_about_tokens() {
            self.lose(now, Because::Refused(refusal));
        } else if self.renewed {
            self.end(End::Failed(Failure::Refused(refusal)));
        } else {
            self.renewed = true;
            self.renew_for(TokenFault::Refused(refusal));
        }
    }

    /// The connection could not be opened, or broke.
    pub fn on_lost(&mut self, now: Mono, because: Because) {
        if matches!(self.phase, Phase::Connecting | Phase::Live(_)) {
            self.lose(now, because);
        } else if let Phase::Leaving(next) = &mut self.phase {
            self.phase = std::mem::replace(next, Phase::ConnectDue);
        }
        self.out.clear();
    }

    /// What was read is not WebSocket: it is answered with a close frame and given up.
    pub fn on_protocol_error(&mut self, now: Mono, error: WsError) {
        let code = match error {
            WsError::TooLong { .. } => 1009,
            WsError::Utf8 { .. } => 1007,
            _ => 1002,
        };
        self.leave(now, code, Because::Protocol(error));
    }

    /// Fresh tokens are at hand.
    pub fn on_renewed(&mut self) {
        if matches!(self.phase, Phase::RenewDue(_)) {
            self.tokens_end = None;
            self.phase = Phase::ConnectDue;
        }
    }

    /// No fresh tokens could be had: a pause and another renewal if that may help, else the end.
    pub fn on_renewal_failed(&mut self, now: Mono, fault: RenewalFault) {
        let Phase::RenewDue(tokens) = &self.phase else { return };
        let (tokens, reason) = (tokens.clone(), fault.text);
        if fault.retryable {
            self.lose(now, Because::Renewal { tokens, reason });
        } else {
            self.end(End::Failed(Failure::Renewal { tokens, reason }));
        }
    }

    /// Whether a binary frame can be a packet: of a known mode, and at least as long as the shortest.
    /// Anything else is a life sign and no data, such as the single byte 0x00 that some servers send.
    #[must_use]
    #[inline]
    pub fn is_data(payload: &[u8]) -> bool {
        payload.len() >= size_of::<Ltp>() && matches!(payload, [1..=4, ..])
    }

    /// At least one packet, see [`Self::is_data`], came with the read that ended at `now`.
    #[inline]
    pub fn on_data(&mut self, now: Mono) {
        if let Phase::Live(open) = &mut self.phase {
            (open.last_frame, open.last_data, open.has_data) = (now, now, true);
            if open.is_greeted && self.state != ConnectionState::Live {
                self.show(ConnectionState::Live);
            }
        }
    }

    /// At least one frame came with the read that ended at `now`, but no packet.
    pub fn on_control(&mut self, now: Mono) {
        if let Phase::Live(open) = &mut self.phase {
            open.last_frame = now;
            if !open.is_greeted {
                return;
            }
            let since = open.last_data;
            let has_data = now < since.after(self.limits.data_stale) || self.wanted.is_empty();
            self.show(if has_data {
                ConnectionState::Live
            } else {
                ConnectionState::Stale { since }
            });
        }
    }

    /// A ping came; only the newest of several is answered, as RFC 6455 section 5.5.3 allows.
    pub fn on_ping(&mut self, payload: &[u8]) {
        if let Phase::Live(_) = self.phase {
            let kept = self.ping.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(payload);
        }
    }

    /// The server said good-bye, and is answered.
    pub fn on_close(&mut self, now: Mono, code: Option<u16>, reason: &str) {
        let reason = reason.chars().filter(|c| !c.is_control()).collect();
        self.leave(now, NORMAL, Because::Closed { code, reason });
    }

    /// The owner has had enough; a close frame is sent if a connection is open.
    pub fn on_stop(&mut self) {
        match &mut self.phase {
            Phase::Ended(_) => {}
            Phase::Leaving(next) => {
                **next = Phase::Ended(End::Stopped);
                self.show(ConnectionState::Stopped);
            }
            Phase::Live(_) => {
                self.out.clear();
                self.end(End::Stopped);
                self.say_goodbye(NORMAL);
            }
            _ => self.end(End::Stopped),
        }
    }

    /// A session that has ended begins anew.
    pub fn restart(&mut self) {
        if matches!(self.phase, Phase::Ended(_)) {
            (self.phase, self.failures, self.renewed) = (Phase::ConnectDue, 0, false);
            self.out.clear();
            self.ping = None;
        }
    }

    /// A place has come free: a pause before the next connection is cut short, and the next few
    /// refusals with 429 are followed by common pauses, because the server may be late to notice.
    pub fn hurry(&mut self, now: Mono) {
        self.hurries = HURRIES;
        let sooner = now.after(self.limits.pause(1, &mut self.noise));
        let ConnectionState::BackingOff { because, .. } = &self.state else { return };
        if let Phase::Waiting { until, tokens: None } = &mut self.phase
            && sooner < *until
        {
            *until = sooner;
            let because = because.clone();
            self.show(ConnectionState::BackingOff { until: sooner, because });
        }
    }

    fn renew_for(&mut self, tokens: TokenFault) {
        self.phase = Phase::RenewDue(tokens);
        self.show(ConnectionState::Renewing);
    }

    /// Goes on with what the pause was for, once it is over.
    fn end_pause(&mut self, now: Mono) {
        if let Phase::Waiting { until, tokens } = &mut self.phase
            && *until <= now
        {
            match tokens.take() {
                Some(tokens) => self.renew_for(tokens),
                None => self.phase = Phase::ConnectDue,
            }
        }
    }

    /// Heartbeat, pong and watchdog of an open connection.
    fn tend(&mut self, now: Mono, mut open: Open) {
        let limits = self.limits;
        let no_frame = now.since(open.last_frame);
        let no_data = now.since(open.last_data);
        let watches_data = !self.wanted.is_empty();
        if !open.is_greeted && now.since(open.since) >= limits.connect {
            return self.leave(now, NORMAL, Because::NoGreeting(now.since(open.since)));
        }
        if no_frame >= limits.frame_dead {
            return self.leave(now, NORMAL, Because::Silent(no_frame));
        }
        if watches_data && no_data >= limits.data_dead {
            return self.leave(now, NORMAL, Because::NoData(no_data));
        }
        self.say_changes();
        if let Some(payload) = self.ping.take() {
            encode(ClientFrame::Pong(&payload), self.noise.mask(), &mut self.out);
        }
        if open.next_heartbeat <= now {
            encode(ClientFrame::Text(PING), self.noise.mask(), &mut self.out);
            if self.kind == Kind::Orders {
                // Nobody says that a text is answered there; a ping of the protocol has to be.
                encode(ClientFrame::Ping(&[]), self.noise.mask(), &mut self.out);
            }
            open.next_heartbeat = now.after(limits.heartbeat);
            self.phase = Phase::Live(open);
        }
        if !open.is_greeted {
            // It is still shown as connecting.
        } else if no_frame >= limits.frame_stale {
            self.show(ConnectionState::Stale { since: open.last_frame });
        } else if watches_data && no_data >= limits.data_stale {
            self.show(ConnectionState::Stale { since: open.last_data });
        }
        self.deadline = self.next_deadline(now, open);
    }

    /// The next time at which [`Self::tend`] has something to do, if nothing comes until then.
    fn next_deadline(&self, now: Mono, open: Open) -> Mono {
        let limits = self.limits;
        let frames = [limits.frame_stale, limits.frame_dead].map(|t| open.last_frame.after(t));
        let data = [limits.data_stale, limits.data_dead].map(|t| open.last_data.after(t));
        let data = data.into_iter().filter(|_| !self.wanted.is_empty());
        let greeting = (!open.is_greeted).then(|| open.since.after(limits.connect));
        let rare = greeting.into_iter().chain(self.tokens_end);
        let all = frames.into_iter().chain(data).chain(rare).filter(|&at| at > now);
        all.fold(open.next_heartbeat, Mono::min)
    }

    fn leave(&mut self, now: Mono, code: u16, because: Because) {
        if matches!(self.phase, Phase::Live(_)) {
            self.lose(now, because);
            self.say_goodbye(code);
        }
    }

    /// Sends a close frame and disconnects before whatever phase is next.
    fn say_goodbye(&mut self, code: u16) {
        encode(ClientFrame::Close(code), self.noise.mask(), &mut self.out);
        let next = std::mem::replace(&mut self.phase, Phase::ConnectDue);
        self.phase = Phase::Leaving(Box::new(next));
    }

    /// Whether the open connection has been good: one that brings a packet and breaks at once is not.
    fn is_proven(&self, now: Mono) -> bool {
        let Phase::Live(open) = self.phase else { return false };
        let life = now.since(open.since);
        life >= if open.has_data { self.limits.settled } else { self.limits.proven }
    }

    /// Counts a lost or failed connection, or renewal, and settles the pause before the next one.
    fn lose(&mut self, now: Mono, because: Because) {
        self.out.clear();
        self.ping = None;
        self.failures = if self.is_proven(now) { 0 } else { self.failures.saturating_add(1) };
        if self.limits.max_attempts.is_some_and(|most| self.failures >= most) {
            let attempts = self.failures;
            return self.end(End::Failed(Failure::GaveUp { attempts, last: because }));
        }
        let pause = match &because {
            Because::Refused(refusal) if refusal.is_too_many() && self.hurries > 0 => {
                self.hurries -= 1;
                Duration::ZERO
            }
            Because::Refused(refusal) if refusal.is_too_many() => {
                self.limits.pause_after_429(&mut self.noise)
            }
            _ => Duration::ZERO,
        };
        let until = now.after(pause.max(self.limits.pause(self.failures, &mut self.noise)));
        let tokens = match &because {
            Because::Renewal { tokens, .. } => Some(tokens.clone()),
            _ => None,
        };
        self.phase = Phase::Waiting { until, tokens };
        self.show(ConnectionState::BackingOff { until, because });
    }

    fn end(&mut self, end: End) {
        self.show(match &end {
            End::Stopped => ConnectionState::Stopped,
            End::Failed(failure) => ConnectionState::Failed(failure.clone()),
        });
        self.phase = Phase::Ended(end);
    }

    fn show(&mut self, state: ConnectionState) {
        if self.state != state || matches!(state, ConnectionState::Connecting { .. }) {
            self.state = state;
            self.is_new_state = true;
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
