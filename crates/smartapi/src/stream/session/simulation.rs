//! A session against a scripted server, on an in-memory wire with a clock that jumps: random faults.

mod world;

use std::collections::BTreeSet;

use self::world::{Fault, Outcome, Renewals, World};
use super::tests::client_frames;
use super::*;
use crate::packet::{ExchangeType, Mode};

/// How many random schedules are played.
const SCHEDULES: u64 = 10_000;
/// No schedule may take longer than this, by the virtual clock.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

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
    let all = some(&mut noise);
    let is_picky = noise.next().is_multiple_of(3);
    let bad = all.into_iter().take(if is_picky { 3 } else { 0 }).collect();
    let stops = noise.next().is_multiple_of(10);
    let stop = stops.then(|| Mono(0).after(Duration::from_millis(noise.next() % 600_000)));
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
        cause: None,
        bad,
        named: BTreeSet::new(),
        stop,
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
            assert_eq!(result, Err(SubscriptionFault::TooMany { was: wanted.len() }));
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
fn play(seed: u64) -> Outcome {
    let (mut world, mut session) = begin(seed);
    let mut has_data = false;
    while world.now < Mono(0).after(LONGEST) {
        change(&mut world, &mut session);
        if world.stop.is_some_and(|stop| stop <= world.now) {
            return stop(world, session);
        }
        if step(&mut world, &mut session, &mut has_data) {
            return Outcome::Live;
        }
        if let Phase::Ended(End::Failed(failure)) = &session.phase {
            world.check_failure(failure);
            return Outcome::Failed;
        }
    }
    panic!("neither live nor failed after {LONGEST:?}: {}", session.state());
}

/// The owner has had enough: good-bye where a connection is open, and then nothing more.
fn stop(mut world: World, mut session: Session) -> Outcome {
    session.on_stop();
    for _ in 0..3 {
        let now = world.now;
        match session.poll(now) {
            Action::Send(bytes) => {
                let frames = client_frames(bytes);
                assert!(frames.iter().all(|frame| frame.starts_with("8:")), "{frames:?}");
            }
            // It may have left by itself just before.
            Action::Disconnect => world.wire = None,
            Action::Ended(End::Stopped) => {
                assert!(world.wire.is_none(), "ended with a connection open");
                assert_eq!(session.state(), &ConnectionState::Stopped);
                return Outcome::Stopped;
            }
            other => panic!("{other:?} after a stop"),
        }
    }
    panic!("does not end");
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
            world.check_shown(session);
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
            world.cause = world.cause.or_else(|| Some(world.left(&wire)));
            world.lost(proven, 0);
        }
    }
    false
}

#[test]
fn ends_live_with_all_subscriptions_or_in_a_named_failure_whatever_happens() {
    let (mut live, mut failed, mut stopped) = (0, 0, 0);
    for seed in 0..SCHEDULES {
        match std::panic::catch_unwind(|| play(seed)) {
            Ok(Outcome::Live) => live += 1,
            Ok(Outcome::Failed) => failed += 1,
            Ok(Outcome::Stopped) => stopped += 1,
            Err(cause) => {
                let owned = cause.downcast_ref::<String>().map(String::as_str);
                let text =
                    owned.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or_default();
                panic!("schedule with seed {seed} broke a rule: {text}");
            }
        }
    }
    let told = format!("{live} live, {failed} failed, {stopped} stopped");
    assert!(live > SCHEDULES / 2 && failed > SCHEDULES / 50 && stopped > SCHEDULES / 50, "{told}");
}
