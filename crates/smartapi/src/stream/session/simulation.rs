//! A session against a scripted server, on an in-memory wire with a clock that jumps: random faults.

use std::collections::BTreeSet;

use super::tests::client_frames;
use super::*;
use crate::order_update::OrderUpdate;
use crate::packet::{ExchangeType, Mode};

/// How many random schedules are played.
const SCHEDULES: u64 = 10_000;
/// No schedule may take longer than this, by the virtual clock.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// What the server does to one connection attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
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
    /// Accepted; data for so long, then bytes that are no frames.
    Garbage { after_ms: u64 },
    /// Accepted; the first write fails.
    WriteFails,
    /// Accepted; pongs only, never a greeting.
    NeverGreets,
}

impl Fault {
    fn draw(noise: &mut Noise) -> Self {
        // Short lives are as likely as long ones.
        let after_ms = noise.next() % [1, 500, 40_000, 400_000][(noise.next() % 4) as usize];
        match noise.next() % 11 {
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
            _ => Self::WriteFails,
        }
    }
}

/// What the login server does to renewals.
struct Renewals {
    /// So many fail in passing before each that is decided.
    faults: u64,
    /// How the others are decided.
    granted: bool,
}

/// One open connection as the server sees it.
struct Wire {
    fault: Option<Fault>,
    since: Mono,
    subscribed: BTreeSet<Subscription>,
    /// When something is delivered next.
    next: Mono,
    last_frame: Mono,
    last_data: Mono,
    /// Market streams have no greeting and count as greeted.
    is_greeted: bool,
}

/// The world around one session: server, wire, clock, and the rules that are checked.
struct World {
    now: Mono,
    noise: Noise,
    faults: Vec<Fault>,
    wire: Option<Wire>,
    renewals: Renewals,
    /// The earliest time at which the next connect or renewal is legal.
    earliest: Mono,
    failures: u32,
    /// The server has refused the tokens that the client has.
    refused: bool,
    /// Tokens were renewed since the server last accepted some.
    renewed: bool,
    limits: Limits,
    wanted: BTreeSet<Subscription>,
    is_orders: bool,
    /// What the client changes, and when; the last comes first.
    changes: Vec<(Mono, Change)>,
    /// When the server ends all tokens given out before.
    midnight: Mono,
    /// The tokens at hand are from before midnight.
    is_of_yesterday: bool,
    /// When the client means to renew; `None` once it has.
    tokens_end: Option<Mono>,
}

impl World {
    /// The rule of the pauses, written a second time: after a failure, when may the next connect be.
    fn lost(&mut self, proven: bool, status: u16) {
        self.failures = if proven { 0 } else { self.failures + 1 };
        let doubled = 0.5 * 2_f64.powi(self.failures.saturating_sub(1).min(20) as i32);
        let pause = if status == 429 { 60.0 } else { doubled.min(30.0) };
        self.earliest = self.now.after(Duration::from_secs_f64(pause));
        self.wire = None;
    }

    fn is_proven(&self, wire: &Wire, has_data: bool) -> bool {
        has_data || self.now.since(wire.since) >= self.limits.proven
    }

    /// What holds for each connect and each renewal.
    fn attempt(&self) {
        let early = self.earliest.since(self.now);
        assert!(self.now >= self.earliest, "attempted {early:?} too early");
        assert!(self.wire.is_none(), "attempted with a connection open");
        let most = self.limits.max_attempts.unwrap_or(u32::MAX);
        assert!(self.failures < most, "attempted after {} failures", self.failures);
    }

    fn connect(&mut self, session: &mut Session) {
        self.attempt();
        assert!(!self.refused, "connected with tokens that were refused");
        assert!(
            self.tokens_end.is_none_or(|end| self.now < end),
            "connected with tokens of yesterday"
        );
        if self.is_of_yesterday && self.now >= self.midnight {
            self.refused = true;
            return session.on_refused(self.now, Refusal { status: 401, message: None });
        }
        let fault = self.faults.pop();
        match fault {
            Some(Fault::Unreachable { after_ms }) => {
                self.now = self.now.after(Duration::from_millis(after_ms));
                self.lost(false, 0);
                let detail = "refused".to_owned();
                session.on_lost(self.now, Because::Unreachable { detail, tls: false });
            }
            Some(Fault::Refuse(status)) => {
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
                self.wire = Some(Wire {
                    fault,
                    since: self.now,
                    subscribed: BTreeSet::new(),
                    next: self.now,
                    last_frame: self.now,
                    last_data: self.now,
                    is_greeted: !self.is_orders,
                });
                session.on_connected(self.now);
            }
        }
    }

    fn renew(&mut self, session: &mut Session) {
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
        }
        let text = "no".to_owned();
        session.on_renewal_failed(self.now, RenewalFault { text, retryable });
    }

    /// The client's frames arrive; `false` if the write fails.
    fn receive(&mut self, frames: &[String]) -> bool {
        let Some(wire) = self.wire.as_mut() else {
            assert!(frames.iter().all(|frame| frame.starts_with("8:")), "only good-bye is left");
            return true;
        };
        if wire.fault == Some(Fault::WriteFails) {
            return false;
        }
        for frame in frames.iter().filter(|frame| frame.starts_with('{')) {
            let request: Request = serde_json::from_str(frame).expect("a legal request");
            for one in subscriptions(&request) {
                if request.action == 1 {
                    wire.subscribed.insert(one);
                } else {
                    assert!(wire.subscribed.remove(&one), "ended what was not there: {one:?}");
                }
            }
            assert!(wire.subscribed.len() <= MAX_SUBSCRIPTIONS, "over the limit");
        }
        true
    }

    /// Lets the server act, or time pass until `until`.
    fn read(&mut self, session: &mut Session, until: Mono) {
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
        match wire.fault {
            Some(Fault::Break { after_ms }) if over(after_ms) => {
                session.on_lost(self.now, Because::Lost { detail: "reset".to_owned() });
            }
            Some(Fault::Close { after_ms }) if over(after_ms) => {
                session.on_close(self.now, Some(1001), "going away");
            }
            Some(Fault::Garbage { after_ms }) if over(after_ms) => {
                session.on_protocol_error(self.now, WsError::Opcode(7));
            }
            Some(Fault::OnlyPongs { after_ms }) if over(after_ms) => {
                wire.last_frame = self.now;
                session.on_control(self.now);
            }
            Some(Fault::NeverGreets) => {
                wire.last_frame = self.now;
                session.on_control(self.now);
            }
            _ if greets => {
                (wire.is_greeted, wire.last_frame) = (true, self.now);
                session.on_control(self.now);
                session.on_text(self.now, &greeting());
            }
            _ if self.is_orders || self.noise.next().is_multiple_of(8) => {
                wire.last_frame = self.now;
                session.on_ping(b"are you there");
                session.on_control(self.now);
            }
            _ => {
                (wire.last_frame, wire.last_data) = (self.now, self.now);
                session.on_data(self.now);
            }
        }
    }

    /// Live with all its subscriptions on a server without further faults.
    fn is_well(&self, session: &Session) -> bool {
        let is_watched = !self.is_orders && !self.wanted.is_empty();
        let wire = self.wire.as_ref().filter(|wire| match wire.fault {
            None => true,
            // Where nothing is awaited, pongs are all that there should be.
            Some(Fault::OnlyPongs { .. } | Fault::NeverGreets) => !is_watched && wire.is_greeted,
            Some(_) => false,
        });
        wire.is_some_and(|wire| {
            wire.subscribed == self.wanted && self.now.since(wire.since) > Duration::from_secs(100)
        }) && self.changes.is_empty()
            && self.now > self.midnight.after(Duration::from_secs(200))
            && session.state() == &ConnectionState::Live
    }
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

/// A few of the same eight, or nearly as many as one connection carries.
fn some(noise: &mut Noise) -> Vec<Subscription> {
    let most = if noise.next().is_multiple_of(256) { 998 } else { 5 };
    let first = noise.next() % 4;
    (first..first + noise.next() % most)
        .map(|number| Subscription {
            mode: [Mode::Ltp, Mode::Quote, Mode::SnapQuote][(number % 3) as usize],
            exchange_type: ExchangeType(1 + (number % 5) as u8),
            token: number.to_string(),
        })
        .collect()
}

/// Changes at random times within the first half hour, the last first.
fn changes(noise: &mut Noise) -> Vec<(Mono, Change)> {
    let mut changes: Vec<_> = (0..noise.next() % 5)
        .map(|_| {
            let at = Mono(0).after(Duration::from_millis(noise.next() % 1_800_000));
            (at, Change { unsubscribe: some(noise), subscribe: some(noise) })
        })
        .collect();
    changes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    changes
}

/// The world and the session of one schedule.
fn begin(seed: u64) -> (World, Session) {
    let mut noise = Noise(seed);
    let is_orders = noise.next().is_multiple_of(4);
    let wanted = if is_orders { Vec::new() } else { some(&mut noise) };
    let changes = if is_orders { Vec::new() } else { changes(&mut noise) };
    let faults = (0..noise.next() % 12).map(|_| Fault::draw(&mut noise)).collect();
    let max_attempts = noise.next().is_multiple_of(4).then_some(3);
    let limits = Limits { max_attempts, ..Limits::default() };
    let mut session = if is_orders {
        Session::orders(limits, noise.next())
    } else {
        Session::new(&wanted, limits, noise.next()).expect("few subscriptions")
    };
    let midnight = Mono(0).after(Duration::from_millis(noise.next() % 3_600_000));
    // Some programs do not know the time of the day, and learn of midnight by a refusal.
    let knows = !noise.next().is_multiple_of(4);
    let tokens_end = knows.then(|| midnight.after(Duration::from_secs(10)));
    session.set_tokens_end(tokens_end);
    let world = World {
        now: Mono(noise.next() % 1_000_000),
        renewals: Renewals { faults: 0, granted: !noise.next().is_multiple_of(8) },
        noise,
        faults,
        wire: None,
        earliest: Mono(0),
        failures: 0,
        refused: false,
        renewed: false,
        limits,
        wanted: wanted.into_iter().collect(),
        is_orders,
        changes,
        midnight,
        is_of_yesterday: true,
        tokens_end,
    };
    (world, session)
}

/// Makes the changes that are due, here and in the session.
fn change(world: &mut World, session: &mut Session) {
    while let Some((_, change)) = world.changes.pop_if(|(at, _)| *at <= world.now) {
        let mut wanted = world.wanted.clone();
        change.unsubscribe.iter().for_each(|one| {
            wanted.remove(one);
        });
        wanted.extend(change.subscribe.iter().cloned());
        let result = session.change(world.now, &change);
        if wanted.len() > MAX_SUBSCRIPTIONS {
            assert_eq!(result, Err(TooManySubscriptions { was: wanted.len() }));
            continue;
        }
        assert_eq!(result, Ok(()));
        if world.wanted.is_empty()
            && let Some(wire) = &mut world.wire
        {
            wire.last_data = world.now;
        }
        world.wanted = wanted;
    }
}

/// Plays one schedule; gives how it ended, or breaks a rule by panicking.
fn play(seed: u64) -> Option<Failure> {
    let (mut world, mut session) = begin(seed);
    let mut has_data = false;
    while world.now < Mono(0).after(LONGEST) {
        change(&mut world, &mut session);
        if step(&mut world, &mut session, &mut has_data) {
            return None;
        }
        if let Phase::Ended(End::Failed(failure)) = &session.phase {
            return Some(failure.clone());
        }
    }
    panic!("neither live nor failed after {LONGEST:?}: {}", session.state());
}

/// One poll and what follows from it; true once all is well.
fn step(world: &mut World, session: &mut Session, has_data: &mut bool) -> bool {
    let now = world.now;
    let action = match session.poll(now) {
        Action::Send(bytes) => {
            let frames = client_frames(bytes);
            if !world.receive(&frames) {
                session.on_lost(now, Because::Lost { detail: "broken pipe".to_owned() });
            }
            None
        }
        Action::Connect => Some(Action::Connect),
        Action::Renew => Some(Action::Renew),
        Action::Read { until } => Some(Action::Read { until }),
        Action::Wait { until } => Some(Action::Wait { until }),
        Action::Disconnect | Action::Ended(_) => None,
    };
    match action {
        Some(Action::Connect) => {
            *has_data = false;
            world.connect(session);
        }
        Some(Action::Renew) => world.renew(session),
        Some(Action::Read { until }) => {
            assert!(until > now, "a deadline that has passed makes the driver spin");
            world.read(session, until);
        }
        Some(Action::Wait { until }) => world.now = until,
        _ => {}
    }
    if let Phase::Live(open) = session.phase {
        *has_data = open.has_data;
        return world.is_well(session);
    }
    if let Some(wire) = world.wire.take() {
        let proven = world.is_proven(&wire, *has_data);
        let is_over = world.tokens_end.is_some_and(|end| now >= end);
        if matches!(session.phase, Phase::Leaving(ref next) if matches!(**next, Phase::RenewDue(_)))
        {
            assert!(is_over, "left a good connection");
            world.failures = if proven { 0 } else { world.failures };
        } else {
            world.lost(proven, 0);
        }
    }
    false
}

#[test]
fn ends_live_with_all_subscriptions_or_in_a_named_failure_whatever_happens() {
    let (mut live, mut failed) = (0, 0);
    for seed in 0..SCHEDULES {
        match std::panic::catch_unwind(|| play(seed)) {
            Ok(None) => live += 1,
            Ok(Some(_)) => failed += 1,
            Err(cause) => {
                let owned = cause.downcast_ref::<String>().map(String::as_str);
                let text =
                    owned.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or_default();
                panic!("schedule with seed {seed} broke a rule: {text}");
            }
        }
    }
    assert!(live > SCHEDULES / 2 && failed > SCHEDULES / 50, "{live} live, {failed} failed");
}
