//! The world around one session: its server, its wire, its clock, and the rules that are checked.

use std::collections::BTreeSet;

use super::super::*;
use crate::order_update::OrderUpdate;
use crate::packet::{ExchangeType, FromZeros as _, IntoBytes as _, Mode};
use crate::stream::frame::{Frame, FrameReader};
use crate::stream::request::ServerText;

/// What the server does to one connection attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// No TCP connection, after so many milliseconds.
    Unreachable { after_ms: u64 },
    /// Another status than 101.
    Refuse(u16),
    /// Accepted; data for so long, then the connection breaks.
    Break { after_ms: u64 },
    /// Accepted; data for so long, then a close frame.
    Close { after_ms: u64 },
    /// Accepted; data for so long, then not a byte.
    FallSilent { after_ms: u64 },
    /// Accepted; data for so long, then pongs only.
    OnlyPongs { after_ms: u64 },
    /// Accepted; data for so long, then binary frames that are no packets.
    OnlyNoise { after_ms: u64 },
    /// Accepted; data for so long, then bytes that are no frames.
    Garbage { after_ms: u64 },
    /// Accepted; the first write fails.
    WriteFails,
    /// Accepted; pongs only, never a greeting.
    NeverGreets,
}

impl Fault {
    pub(super) fn draw(noise: &mut Noise) -> Self {
        // Short lives are as likely as long ones.
        let after_ms = noise.next() % [1, 500, 40_000, 400_000][(noise.next() % 4) as usize];
        match noise.next() % 12 {
            0 => Self::Unreachable { after_ms: after_ms.min(10_000) },
            1 => Self::Refuse([400, 404, 500, 502, 503][(noise.next() % 5) as usize]),
            2 => Self::Refuse(429),
            3 => Self::Refuse([401, 403][(noise.next() % 2) as usize]),
            4 => Self::Break { after_ms },
            5 => Self::Close { after_ms },
            6 => Self::FallSilent { after_ms },
            7 => Self::OnlyPongs { after_ms },
            8 => Self::Garbage { after_ms },
            9 => Self::NeverGreets,
            10 => Self::OnlyNoise { after_ms },
            _ => Self::WriteFails,
        }
    }
}

/// What the login server does to renewals.
pub(super) struct Renewals {
    /// So many fail in passing before each that is decided.
    pub(super) faults: u64,
    /// How the others are decided.
    pub(super) granted: bool,
}

/// One open connection as the server sees it.
pub(super) struct Wire {
    pub(super) fault: Option<Fault>,
    pub(super) since: Mono,
    pub(super) subscribed: BTreeSet<Subscription>,
    /// When something is delivered next.
    pub(super) next: Mono,
    pub(super) last_frame: Mono,
    pub(super) last_data: Mono,
    /// Market streams have no greeting and count as greeted.
    pub(super) is_greeted: bool,
    /// Texts that are still to be delivered: what became of bad requests.
    pub(super) texts: Vec<String>,
    pub(super) reader: FrameReader,
}

/// What went wrong last, as the world knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cause {
    Unreachable,
    Status(u16),
    Renewal,
    Lost,
    Closed,
    Protocol,
    Silent,
    NoData,
    NoGreeting,
}

impl Cause {
    pub(super) fn of(because: &Because) -> Self {
        match because {
            Because::Refused(refusal) => Self::Status(refusal.status),
            Because::Unreachable { .. } => Self::Unreachable,
            Because::Renewal { .. } => Self::Renewal,
            Because::Lost { .. } => Self::Lost,
            Because::Protocol(_) => Self::Protocol,
            Because::Closed { .. } => Self::Closed,
            Because::Silent(_) => Self::Silent,
            Because::NoData(_) => Self::NoData,
            Because::NoGreeting(_) => Self::NoGreeting,
        }
    }
}

/// How a schedule ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Live,
    Stopped,
    Failed,
}

/// The world around one session: server, wire, clock, and the rules that are checked.
pub(super) struct World {
    pub(super) now: Mono,
    pub(super) noise: Noise,
    pub(super) faults: Vec<Fault>,
    pub(super) wire: Option<Wire>,
    pub(super) renewals: Renewals,
    /// The earliest time at which the next connect or renewal is legal.
    pub(super) earliest: Mono,
    pub(super) failures: u32,
    /// The server has refused the tokens that the client has.
    pub(super) refused: bool,
    /// Tokens were renewed since the server last accepted some.
    pub(super) renewed: bool,
    pub(super) limits: Limits,
    pub(super) wanted: BTreeSet<Subscription>,
    pub(super) is_orders: bool,
    /// What the client changes, and when; the last comes first.
    pub(super) changes: Vec<(Mono, Change)>,
    /// When the server ends all tokens given out before.
    pub(super) midnight: Mono,
    /// The tokens at hand are from before midnight.
    pub(super) is_of_yesterday: bool,
    /// When the client means to renew; `None` once it has.
    pub(super) tokens_end: Option<Mono>,
    /// What went wrong last.
    pub(super) cause: Option<Cause>,
    /// The server refuses requests that have one of these in them.
    pub(super) bad: BTreeSet<Subscription>,
    /// What the client says was refused on this connection.
    pub(super) named: BTreeSet<Subscription>,
    /// When the owner has had enough.
    pub(super) stop: Option<Mono>,
}

impl World {
    /// The rule of the pauses, written a second time: after a failure, when may the next connect be.
    pub(super) fn lost(&mut self, proven: bool, status: u16) {
        self.failures = if proven { 0 } else { self.failures + 1 };
        let doubled = 0.5 * 2_f64.powi(self.failures.saturating_sub(1).min(20) as i32);
        let pause = if status == 429 { 60.0 } else { doubled.min(30.0) };
        self.earliest = self.now.after(Duration::from_secs_f64(pause));
        self.wire = None;
    }

    pub(super) fn is_proven(&self, wire: &Wire, has_data: bool) -> bool {
        let least = if has_data { self.limits.settled } else { self.limits.proven };
        self.now.since(wire.since) >= least
    }

    /// Why the client has left an open connection by itself.
    pub(super) fn left(&self, wire: &Wire) -> Cause {
        let is_watched = !self.is_orders && !self.wanted.is_empty();
        if !wire.is_greeted && self.now.since(wire.since) >= self.limits.connect {
            Cause::NoGreeting
        } else if self.now.since(wire.last_frame) >= self.limits.frame_dead {
            Cause::Silent
        } else {
            let no_data = self.now.since(wire.last_data);
            assert!(is_watched && no_data >= self.limits.data_dead, "left a good connection");
            Cause::NoData
        }
    }

    /// A failure has to be the one that the world has made.
    pub(super) fn check_failure(&self, failure: &Failure) {
        let is_right = match failure {
            Failure::Refused(refusal) => {
                self.refused && self.renewed && self.cause == Some(Cause::Status(refusal.status))
            }
            Failure::Renewal { .. } => !self.renewals.granted,
            Failure::GaveUp { attempts, last } => {
                Some(*attempts) == self.limits.max_attempts
                    && *attempts == self.failures
                    && self.cause == Some(Cause::of(last))
            }
            Failure::BrokeOff => false,
        };
        assert!(is_right, "{failure}, although it was {:?}", self.cause);
    }

    /// What people are shown of an open connection.
    pub(super) fn check_shown(&self, session: &Session) {
        let Some(wire) = self.wire.as_ref().filter(|wire| wire.is_greeted) else { return };
        let is_watched = !self.is_orders && !self.wanted.is_empty();
        let no_frame = self.now.since(wire.last_frame) >= self.limits.frame_stale;
        let no_data = is_watched && self.now.since(wire.last_data) >= self.limits.data_stale;
        match session.state() {
            ConnectionState::Live => assert!(!no_frame && !no_data, "silence is not shown"),
            ConnectionState::Stale { .. } => {
                assert!(no_frame || no_data || !is_watched, "shown as stale without a cause");
            }
            other => panic!("{other} although a connection is open"),
        }
    }

    /// What holds for each connect and each renewal.
    pub(super) fn attempt(&self) {
        let early = self.earliest.since(self.now);
        assert!(self.now >= self.earliest, "attempted {early:?} too early");
        assert!(self.wire.is_none(), "attempted with a connection open");
        let most = self.limits.max_attempts.unwrap_or(u32::MAX);
        assert!(self.failures < most, "attempted after {} failures", self.failures);
    }

    pub(super) fn connect(&mut self, session: &mut Session) {
        self.attempt();
        assert!(!self.refused, "connected with tokens that were refused");
        assert!(
            self.tokens_end.is_none_or(|end| self.now < end),
            "connected with tokens of yesterday"
        );
        if self.is_of_yesterday && self.now >= self.midnight {
            self.refused = true;
            self.cause = Some(Cause::Status(401));
            return session.on_refused(self.now, Refusal { status: 401, message: None });
        }
        let fault = self.faults.pop();
        match fault {
            Some(Fault::Unreachable { after_ms }) => {
                self.now = self.now.after(Duration::from_millis(after_ms));
                self.lost(false, 0);
                self.cause = Some(Cause::Unreachable);
                let detail = "refused".to_owned();
                session.on_lost(self.now, Because::Unreachable { detail, tls: false });
            }
            Some(Fault::Refuse(status)) => {
                self.cause = Some(Cause::Status(status));
                if matches!(status, 401 | 403) {
                    self.refused = true;
                    self.renewals.faults = self.noise.next() % 4;
                } else {
                    self.lost(false, status);
                }
                session.on_refused(self.now, Refusal { status, message: None });
            }
            _ => {
                self.renewed = false;
                self.cause = None;
                self.named.clear();
                self.wire = Some(Wire {
                    fault,
                    since: self.now,
                    subscribed: BTreeSet::new(),
                    next: self.now,
                    last_frame: self.now,
                    last_data: self.now,
                    is_greeted: !self.is_orders,
                    texts: Vec::new(),
                    reader: FrameReader::new(),
                });
                session.on_connected(self.now);
            }
        }
    }

    pub(super) fn renew(&mut self, session: &mut Session) {
        self.attempt();
        let is_over = self.tokens_end.is_some_and(|end| self.now >= end);
        assert!(self.refused || is_over, "renewed tokens that were good");
        assert!(
            !self.renewed || !self.refused || is_over,
            "renewed twice without an accepted connection"
        );
        self.now = self.now.after(Duration::from_millis(self.noise.next() % 7000));
        let retryable = self.renewals.faults > 0;
        if !retryable && self.renewals.granted {
            (self.refused, self.renewed) = (false, self.refused);
            session.on_renewed();
            if self.now >= self.midnight {
                (self.is_of_yesterday, self.tokens_end) = (false, None);
            }
            return session.set_tokens_end(self.tokens_end);
        }
        if retryable {
            self.renewals.faults -= 1;
            self.lost(false, 0);
            self.cause = Some(Cause::Renewal);
        }
        let text = "no".to_owned();
        session.on_renewal_failed(self.now, RenewalFault { text, retryable });
    }

    /// The client's frames arrive; `false` if the write fails.
    pub(super) fn receive(&mut self, frames: &[String]) -> bool {
        let Some(wire) = self.wire.as_mut() else {
            assert!(frames.iter().all(|frame| frame.starts_with("8:")), "only good-bye is left");
            return true;
        };
        if wire.fault == Some(Fault::WriteFails) {
            self.cause = Some(Cause::Lost);
            return false;
        }
        assert!(!self.is_orders || frames.iter().all(|frame| !frame.starts_with('{')));
        for frame in frames.iter().filter(|frame| frame.starts_with('{')) {
            let request: Request = serde_json::from_str(frame).expect("a legal request");
            let all = subscriptions(&request);
            if request.action == 1 && all.iter().any(|one| self.bad.contains(one)) {
                let id = request.correlation_id.expect("each request has an id");
                assert!(id.len() <= 10 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                wire.texts.push(format!(
                    r#"{{"correlationID":"{id}","errorCode":"E1001","errorMessage":"Invalid"}}"#
                ));
                continue;
            }
            for one in all {
                if request.action == 1 {
                    wire.subscribed.insert(one);
                } else {
                    let was_there = wire.subscribed.remove(&one) || !self.bad.is_empty();
                    assert!(was_there, "ended what was not there: {one:?}");
                }
            }
            assert!(wire.subscribed.len() <= MAX_SUBSCRIPTIONS, "over the limit");
        }
        true
    }

    /// Lets the server act, or time pass until `until`.
    pub(super) fn read(&mut self, session: &mut Session, until: Mono) {
        let wire = self.wire.as_mut().expect("nothing is read without a connection");
        assert!(
            self.now.since(wire.last_frame) < self.limits.frame_dead,
            "silence was not noticed"
        );
        let is_watched = !self.is_orders && !self.wanted.is_empty();
        let no_data = self.now.since(wire.last_data);
        assert!(!is_watched || no_data < self.limits.data_dead, "no data was not noticed");
        let life = self.now.since(wire.since);
        assert!(wire.is_greeted || life < self.limits.connect, "no greeting was not noticed");
        let silent = matches!(wire.fault, Some(Fault::FallSilent { after_ms })
            if self.now.since(wire.since) >= Duration::from_millis(after_ms));
        if silent || wire.next > until {
            self.now = until.max(self.now);
            return;
        }
        self.now = self.now.max(wire.next);
        let gap = Duration::from_millis(20 + self.noise.next() % 5000);
        wire.next = self.now.after(gap);
        let life = self.now.since(wire.since);
        let greets = !wire.is_greeted && wire.fault != Some(Fault::NeverGreets);
        let over = |after_ms| life >= Duration::from_millis(after_ms);
        let only = |opcode, payload: &[u8]| Some((opcode, payload.to_vec()));
        let frame = match wire.fault {
            Some(Fault::Break { after_ms }) if over(after_ms) => {
                self.cause = Some(Cause::Lost);
                let detail = "reset".to_owned();
                return session.on_lost(self.now, Because::Lost { detail });
            }
            Some(Fault::Close { after_ms }) if over(after_ms) => only(8, b"\x03\xe9going away"),
            Some(Fault::Garbage { after_ms }) if over(after_ms) => only(7, b"?"),
            Some(Fault::OnlyPongs { after_ms }) if over(after_ms) => only(10, b""),
            Some(Fault::OnlyNoise { after_ms }) if over(after_ms) => only(2, b"\0"),
            Some(Fault::NeverGreets) => only(10, b""),
            _ => None,
        };
        let text = wire.texts.pop().map(|text| (1, text.into_bytes()));
        let luck = self.noise.next() % 16;
        let (opcode, payload) = match frame.or(text) {
            Some(frame) => frame,
            None if greets => (1, greeting().into_bytes()),
            None if self.is_orders || luck < 2 => (9, b"are you there".to_vec()),
            None if luck == 2 => (2, b"pong".to_vec()),
            None if luck == 3 => (1, b"hello".to_vec()),
            None => (2, packet()),
        };
        self.deliver(session, opcode, &payload);
    }

    /// The server's frame in bytes, in two reads, as the client's driver takes them.
    pub(super) fn deliver(&mut self, session: &mut Session, opcode: u8, payload: &[u8]) {
        let Some(wire) = self.wire.as_mut() else { return };
        let mut bytes = vec![0x80 | opcode];
        if payload.len() < 126 {
            bytes.push(payload.len() as u8);
        } else {
            bytes.push(126);
            bytes.extend((payload.len() as u16).to_be_bytes());
        }
        bytes.extend(payload);
        let (early, late) = bytes.split_at(bytes.len() / 2);
        for part in [early, late] {
            wire.reader.push(part);
            loop {
                let frame = match wire.reader.next_frame() {
                    Ok(Some((frame, _))) => frame,
                    Ok(None) => break,
                    Err(error) => {
                        self.cause = Some(Cause::Protocol);
                        return session.on_protocol_error(self.now, error);
                    }
                };
                wire.last_frame = self.now;
                match frame {
                    Frame::Binary(payload) if Session::is_data(payload) => {
                        wire.last_data = self.now;
                        session.on_data(self.now);
                        continue;
                    }
                    _ => session.on_control(self.now),
                }
                match frame {
                    Frame::Ping(payload) => session.on_ping(payload),
                    Frame::Text(text) => {
                        wire.is_greeted |= !matches!(ServerText::read(text), ServerText::Pong);
                        session.on_text(self.now, text);
                    }
                    Frame::Close { code, reason } => {
                        self.cause = Some(Cause::Closed);
                        session.on_close(self.now, code, reason);
                    }
                    Frame::Binary(_) | Frame::Pong(_) => {}
                }
            }
        }
        if let Some((_, refused)) = session.take_refused() {
            self.named.extend(refused);
        }
    }

    /// Live with all its subscriptions on a server without further faults.
    pub(super) fn is_well(&self, session: &Session) -> bool {
        let is_watched = !self.is_orders && !self.wanted.is_empty();
        let Some(wire) = &self.wire else { return false };
        let is_calm = match wire.fault {
            None => true,
            // Where nothing is awaited, life signs are all that there should be.
            Some(Fault::OnlyPongs { .. } | Fault::OnlyNoise { .. } | Fault::NeverGreets) => {
                !is_watched && wire.is_greeted
            }
            Some(_) => false,
        };
        let is_late = self.now > self.midnight.after(Duration::from_secs(200));
        let is_long = self.now.since(wire.since) > Duration::from_secs(100);
        is_calm
            && is_late
            && is_long
            && self.changes.is_empty()
            && session.state() == &ConnectionState::Live
            && self.has_all(wire)
    }

    /// Whether the server has all that is wanted, but for what it refuses, which the client has named.
    pub(super) fn has_all(&self, wire: &Wire) -> bool {
        assert!(self.named.is_subset(&self.bad), "a good one is named as refused");
        assert!(wire.subscribed.is_subset(&self.wanted), "what is not wanted is left");
        self.wanted.iter().all(|one| wire.subscribed.contains(one) || self.named.contains(one))
    }
}

/// The shortest packet.
fn packet() -> Vec<u8> {
    let mut packet = Ltp::new_zeroed();
    packet.mode = 1;
    packet.as_bytes().to_vec()
}

fn greeting() -> String {
    serde_json::to_string(&OrderUpdate::greeting("A1")).expect("plain data")
}

fn subscriptions(request: &Request) -> Vec<Subscription> {
    let mode = Mode::from_wire(request.params.mode).expect("a mode");
    let groups = request.params.token_list.iter();
    let each = groups.flat_map(|group| group.tokens.iter().map(move |token| (group, token)));
    each.map(|(group, token)| Subscription {
        mode,
        exchange_type: ExchangeType(group.exchange_type),
        token: token.clone(),
    })
    .collect()
}
