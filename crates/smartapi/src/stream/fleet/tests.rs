//! Tests of the fleet: examples, and random servers against a model of three sockets.

use super::*;
use crate::clock::Mono;
use crate::packet::{ExchangeType, Mode};
use crate::stream::limits::Noise;
use crate::stream::upgrade::Refusal;

fn some(numbers: std::ops::Range<usize>) -> Vec<Subscription> {
    let one = |number: usize| Subscription {
        mode: Mode::Quote,
        exchange_type: ExchangeType::NSE_FO,
        token: format!("{number:05}"),
    };
    numbers.map(one).collect()
}

fn paused(because: Because) -> ConnectionState {
    ConnectionState::BackingOff { until: Mono(0), because }
}

fn too_many() -> ConnectionState {
    paused(Because::Refused(Refusal { status: 429, message: None }))
}

fn closed() -> ConnectionState {
    paused(Because::Closed { code: Some(1008), reason: String::new() })
}

const fn connecting(attempt: u32) -> ConnectionState {
    ConnectionState::Connecting { attempt }
}

/// One traded subscription and so many others, with the first connection live.
fn live(others: usize) -> (Fleet, Vec<Order>) {
    let mut fleet = Fleet::new(Spread::new(&some(0..1), &some(1..others + 1)).expect("fits"));
    assert_eq!(fleet.on_state(FIRST, &connecting(1)), []);
    assert_eq!(fleet.unserved().count(), others, "nothing beside trading has begun");
    let orders = fleet.on_state(FIRST, &ConnectionState::Live);
    (fleet, orders)
}

fn accept(fleet: &mut Fleet, connection: usize) -> Vec<Order> {
    assert_eq!(fleet.on_state(connection, &connecting(1)), []);
    fleet.on_state(connection, &ConnectionState::Live)
}

#[test]
fn a_refused_place_is_tried_again_as_long_as_anything_is_not_served() {
    let (mut fleet, orders) = live(1500);
    assert!(matches!(orders[..], [Order::Begin { connection: 1, .. }, Order::Begin { .. }]));
    assert_eq!(accept(&mut fleet, 1), []);
    assert_eq!(fleet.on_state(2, &connecting(1)), []);
    assert_eq!(fleet.on_state(2, &too_many()), [], "the second is full");
    assert_eq!(fleet.unserved().count(), 500);
    assert_eq!(fleet.on_state(2, &connecting(2)), [], "it may try");
    assert_eq!(fleet.on_state(2, &ConnectionState::Live), []);
    assert_eq!(fleet.unserved().count(), 0);
}

#[test]
fn a_refused_place_that_is_not_needed_ends_before_its_next_attempt() {
    let (mut fleet, _) = live(5);
    assert_eq!(fleet.on_state(1, &connecting(1)), []);
    let orders = fleet.on_state(1, &too_many());
    let subscriptions = some(1..6);
    let change = super::super::session::Change { unsubscribe: some(1..6), subscribe: vec![] };
    let expected = [
        Order::Change(Move { connection: 1, change }),
        Order::Begin { connection: 2, subscriptions },
    ];
    assert_eq!(orders, expected, "the other place is tried");
    assert_eq!(fleet.unserved().count(), 0);
    assert_eq!(fleet.on_state(1, &connecting(2)), [Order::Leave { connection: 1 }]);
    assert_eq!(fleet.on_ended(1), []);
}

#[test]
fn a_place_that_is_closed_at_once_twice_counts_as_refused_until_a_packet_comes() {
    let (mut fleet, _) = live(1500);
    let _ = accept(&mut fleet, 1);
    for attempt in 1..=2 {
        assert_eq!(fleet.unserved().count(), 0);
        assert_eq!(fleet.on_state(2, &connecting(attempt)), []);
        assert_eq!(fleet.on_state(2, &ConnectionState::Live), []);
        assert_eq!(fleet.on_state(2, &closed()), []);
    }
    assert_eq!(fleet.unserved().count(), 500);
    let _ = fleet.on_state(2, &connecting(3));
    let _ = fleet.on_state(2, &ConnectionState::Live);
    assert!(fleet.is_doubted(2) && fleet.unserved().count() == 500, "accepted is not enough");
    let _ = fleet.on_proof(2);
    assert!(!fleet.is_doubted(2) && fleet.unserved().count() == 0);
}

#[test]
fn the_others_give_their_places_to_the_first_one_by_one_and_come_back_after_it() {
    let (mut fleet, _) = live(1500);
    let _ = (accept(&mut fleet, 1), accept(&mut fleet, 2));
    let lost = paused(Because::Lost { detail: "reset".to_owned() });
    assert_eq!(fleet.on_state(FIRST, &lost), []);
    assert_eq!(fleet.on_state(FIRST, &connecting(1)), []);
    assert_eq!(fleet.on_state(FIRST, &too_many()), [Order::Leave { connection: 2 }]);
    assert_eq!(fleet.unserved().count(), 501, "what is traded is named too");
    assert_eq!(fleet.on_ended(2), [Order::HurryFirst]);
    assert_eq!(fleet.on_state(FIRST, &too_many()), [], "a shorter pause is no new refusal");
    for attempt in 2..4 {
        assert_eq!(fleet.on_state(FIRST, &connecting(attempt)), []);
        assert_eq!(fleet.on_state(FIRST, &too_many()), [], "the server may be late to notice");
    }
    assert_eq!(fleet.on_state(FIRST, &connecting(4)), []);
    assert_eq!(fleet.on_state(FIRST, &too_many()), [Order::Leave { connection: 1 }]);
    assert_eq!(fleet.on_ended(1), [Order::HurryFirst]);
    assert_eq!(fleet.on_state(FIRST, &connecting(5)), []);
    let orders = fleet.on_state(FIRST, &ConnectionState::Live);
    assert!(matches!(orders[..], [Order::Begin { connection: 1, .. }, Order::Begin { .. }]));
}

#[test]
fn while_the_first_waits_none_of_the_others_takes_the_place_that_it_needs() {
    let (mut fleet, _) = live(5);
    let lost = paused(Because::Lost { detail: "reset".to_owned() });
    let _ = fleet.on_state(1, &connecting(1));
    let _ = fleet.on_state(1, &lost);
    let _ = fleet.on_state(FIRST, &lost);
    let _ = fleet.on_state(FIRST, &connecting(1));
    assert_eq!(fleet.on_state(FIRST, &too_many()), [], "nobody holds one");
    assert_eq!(fleet.on_state(1, &connecting(2)), [Order::Leave { connection: 1 }]);
    assert_eq!(fleet.on_ended(1), [Order::HurryFirst]);
    assert_eq!(fleet.unserved().count(), 6);
}

#[test]
fn what_ends_for_good_is_named_or_moved_and_can_be_begun_again() {
    let (mut fleet, _) = live(1500);
    let _ = (accept(&mut fleet, 1), accept(&mut fleet, 2));
    let orders = fleet.on_ended(1);
    assert!(matches!(&orders[..], [Order::Change(to)] if to.change.subscribe.len() == 500));
    assert_eq!(fleet.unserved().count(), 500);
    assert!(matches!(fleet.restart()[..], [Order::Begin { connection: 1, .. }]));
    let _ = accept(&mut fleet, 1);
    assert_eq!(fleet.unserved().count(), 0);
    assert_eq!(fleet.on_ended(FIRST), []);
    assert_eq!(fleet.unserved().cloned().collect::<Vec<_>>(), some(0..1));
    fleet.on_first_begins();
    let _ = accept(&mut fleet, FIRST);
    assert_eq!(fleet.unserved().count(), 0);
}

#[test]
fn what_the_server_refuses_is_named_until_it_is_asked_again() {
    let (mut fleet, _) = live(5);
    let _ = accept(&mut fleet, 1);
    fleet.on_faulty(1, &some(2..4));
    assert_eq!(fleet.unserved().cloned().collect::<Vec<_>>(), some(2..4));
    let _ = fleet.unsubscribe(&some(2..3));
    assert_eq!(fleet.unserved().cloned().collect::<Vec<_>>(), some(3..4));
    let _ = accept(&mut fleet, 1);
    assert_eq!(fleet.unserved().count(), 0);
}

/// How many a connection of the model carries.
const ROOM: usize = 5;

/// One connection of the model, as its session and the server see it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Socket {
    None,
    Pausing,
    Connecting,
    Open,
}

struct Peer {
    runs: bool,
    leaves: bool,
    socket: Socket,
    attempt: u32,
    has: BTreeSet<Subscription>,
}

/// Three sessions and a server that other programs use as well.
struct World {
    noise: Noise,
    fleet: Fleet,
    peers: [Peer; MAX_CONNECTIONS],
    /// Sockets of other programs, and of ours that the server has not seen the end of.
    foreign: usize,
    wanted: BTreeSet<Subscription>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut noise = Noise(seed);
        let (first, others) = (some(0..1), some(1..1 + noise.next() as usize % 10));
        let plan = Spread::with_room(ROOM, &first, &others).expect("fits");
        let peer = || Peer {
            runs: false,
            leaves: false,
            socket: Socket::None,
            attempt: 1,
            has: BTreeSet::new(),
        };
        let mut peers = [peer(), peer(), peer()];
        (peers[FIRST].runs, peers[FIRST].socket) = (true, Socket::Pausing);
        peers[FIRST].has.extend(first.iter().cloned());
        let wanted = first.into_iter().chain(others).collect();
        Self { noise, fleet: Fleet::new(plan), peers, foreign: 0, wanted }
    }

    fn obey(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Begin { connection, subscriptions } => {
                    let peer = &mut self.peers[connection];
                    assert!(!peer.runs, "begun twice");
                    (peer.runs, peer.leaves) = (true, false);
                    (peer.socket, peer.attempt) = (Socket::Pausing, 1);
                    peer.has = subscriptions.into_iter().collect();
                }
                Order::Change(Move { connection, change }) => {
                    let has = &mut self.peers[connection].has;
                    change.unsubscribe.iter().for_each(|one| assert!(has.remove(one)));
                    change.subscribe.into_iter().for_each(|one| assert!(has.insert(one)));
                    assert!(has.len() <= ROOM, "over the limit");
                }
                Order::Leave { connection } => self.peers[connection].leaves = true,
                Order::HurryFirst => {}
            }
        }
    }

    fn say(&mut self, connection: usize, state: &ConnectionState) {
        let orders = self.fleet.on_state(connection, state);
        self.obey(orders);
    }

    /// One thing happens to one connection.
    fn act(&mut self, connection: usize, is_calm: bool) {
        let peer = &mut self.peers[connection];
        if !peer.runs {
            return;
        }
        if peer.leaves {
            return self.end(connection);
        }
        let luck = if is_calm { u64::MAX } else { self.noise.next() % 8 };
        match peer.socket {
            Socket::None => {}
            Socket::Pausing => {
                peer.socket = Socket::Connecting;
                let attempt = peer.attempt;
                self.say(connection, &connecting(attempt));
                if self.peers[connection].leaves {
                    self.peers[connection].socket = Socket::Pausing;
                }
            }
            Socket::Connecting => {
                let open = self.peers.iter().filter(|peer| peer.socket == Socket::Open).count();
                let peer = &mut self.peers[connection];
                if open + self.foreign >= MAX_CONNECTIONS || luck == 0 {
                    (peer.socket, peer.attempt) = (Socket::Pausing, peer.attempt + 1);
                    return self.say(connection, &too_many());
                }
                peer.socket = Socket::Open;
                self.say(connection, &ConnectionState::Live);
            }
            Socket::Open => match luck {
                0..=1 => {
                    (peer.socket, peer.attempt) = (Socket::Pausing, peer.attempt + 1);
                    self.say(connection, &closed());
                }
                2 => self.end(connection),
                _ => {
                    peer.attempt = 1;
                    if self.fleet.is_doubted(connection) {
                        let orders = self.fleet.on_proof(connection);
                        self.obey(orders);
                    }
                }
            },
        }
    }

    fn end(&mut self, connection: usize) {
        let peer = &mut self.peers[connection];
        (peer.runs, peer.leaves, peer.socket) = (false, false, Socket::None);
        if connection != FIRST {
            peer.has.clear();
        }
        let orders = self.fleet.on_ended(connection);
        self.obey(orders);
    }

    fn change(&mut self) {
        let from = self.noise.next() as usize % 16;
        let these = some(from..from + self.noise.next() as usize % 6);
        let orders = match self.noise.next() % 3 {
            0 => {
                these.iter().for_each(|one| {
                    self.wanted.remove(one);
                });
                self.fleet.unsubscribe(&these)
            }
            1 => match self.fleet.subscribe(&these) {
                Ok(orders) => {
                    self.wanted.extend(these);
                    orders
                }
                Err(SpreadFault::Full { was, .. }) => {
                    assert!(was > 2 * ROOM);
                    Vec::new()
                }
                Err(fault) => panic!("{fault}"),
            },
            _ => {
                let traded: Vec<_> = these.into_iter().take(3).collect();
                for one in self.fleet.plan().of(FIRST) {
                    self.wanted.remove(one);
                }
                self.wanted.extend(traded.iter().cloned());
                self.fleet.trade(&traded).expect("few")
            }
        };
        self.obey(orders);
    }

    fn check(&self) {
        let sockets = self.peers.iter().filter(|peer| peer.socket != Socket::None && peer.runs);
        assert!(sockets.count() <= MAX_CONNECTIONS);
        let unserved: BTreeSet<_> = self.fleet.unserved().cloned().collect();
        let carried: Vec<_> = self
            .peers
            .iter()
            .filter(|peer| peer.runs && !peer.leaves)
            .flat_map(|peer| peer.has.iter().cloned())
            .collect();
        let unique: BTreeSet<_> = carried.iter().cloned().collect();
        assert_eq!(unique.len(), carried.len(), "carried twice");
        assert!(unique.is_subset(&self.wanted), "carries what nobody wants");
        let known: BTreeSet<_> = unique.union(&unserved).cloned().collect();
        assert_eq!(known, self.wanted, "neither carried nor named");
    }
}

fn play(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..40 + world.noise.next() % 60 {
        match world.noise.next() % 12 {
            0 => world.foreign = world.noise.next() as usize % 4,
            1 => world.change(),
            2 => {
                let orders = world.fleet.restart();
                world.obey(orders);
                if !world.peers[FIRST].runs {
                    world.fleet.on_first_begins();
                    let first = &mut world.peers[FIRST];
                    (first.runs, first.socket, first.attempt) = (true, Socket::Pausing, 1);
                }
            }
            _ => {
                let connection = world.noise.next() as usize % MAX_CONNECTIONS;
                world.act(connection, false);
            }
        }
        world.check();
    }
    calm(&mut world);
}

/// The server has room for all and nothing fails any more: everything comes to be served.
fn calm(world: &mut World) {
    world.foreign = 0;
    for round in 0..40 {
        if round == 0 || !world.peers[FIRST].runs {
            world.fleet.on_first_begins();
            let first = &mut world.peers[FIRST];
            if !first.runs {
                (first.runs, first.socket, first.attempt) = (true, Socket::Pausing, 1);
            }
            let orders = world.fleet.restart();
            world.obey(orders);
        }
        for connection in 0..MAX_CONNECTIONS {
            world.act(connection, true);
            world.check();
        }
    }
    assert_eq!(world.fleet.unserved().count(), 0, "not served although nothing is wrong");
    let open = world.peers.iter().filter(|peer| peer.socket == Socket::Open);
    let served: BTreeSet<_> = open.flat_map(|peer| peer.has.iter().cloned()).collect();
    assert_eq!(served, world.wanted);
}

#[test]
fn whatever_happens_each_subscription_is_carried_or_named_and_in_the_end_served() {
    for seed in 0..1000 {
        if let Err(cause) = std::panic::catch_unwind(|| play(seed)) {
            let owned = cause.downcast_ref::<String>().map(String::as_str);
            let text = owned.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or_default();
            panic!("seed {seed} broke a rule: {text}");
        }
    }
}
