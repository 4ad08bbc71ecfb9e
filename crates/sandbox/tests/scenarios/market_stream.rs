//! Faults of the market stream: shown, counted, and live again with all subscriptions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use client::Broker;
use client::market::{
    ConnectionEvent, ConnectionEvents, ConnectionState, ControlFrame, DayEnd, Ended, Expiry, Flow,
    Limits, MarketFeed, MarketStream, SideStreams, Sink, Stamps, StreamSetup, Subscription, Tuning,
    Watched,
};
use quanta::{Clock, Instant};
use sandbox::Instrument;
use smartapi::clock::Wall;
use smartapi::packet::{Mode, decode};
use smartapi::stream::request::{ServerText, StreamError};
use smartapi::stream::sequence::Sequences;

use crate::stage::{Case, PATIENCE, Stage};

/// The scenarios of this file.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_stream_whose_tokens_are_refused_renews_them",
        faults: &["refuse:401"],
        says: "market stream 1: renewing: fetching fresh tokens",
        hint: "",
        then: "renewed once; live with all subscriptions",
    },
    Case {
        name: "a_fourth_connection_is_refused_with_the_limit_and_the_time_of_the_next_attempt",
        faults: &["refuse:429"],
        says: "market stream 1: backing off until HH:MM:SS IST: stream refused with status 429: \
               too many connections: a client code may hold 3, all its API keys together, and \
               stale ones count until the server notices; this program holds 0 of the 3",
        hint: "close other programs of this account: all share its 3 stream connections; or \
               wait: a place comes free once the server has noticed that a connection is dead, \
               and the next attempt is made after the cool-down",
        then: "tried again after the cool-down; live with all subscriptions",
    },
    Case {
        name: "a_server_in_trouble_refuses_the_stream_and_it_is_tried_again",
        faults: &["refuse:503"],
        says: "market stream 1: backing off until HH:MM:SS IST: stream refused with status 503: \
               the server has a fault",
        hint: "the broker's server is at fault; the next attempt is made after a pause",
        then: "tried again after a pause; live with all subscriptions",
    },
    Case {
        name: "a_connection_that_is_dropped_comes_back_with_all_subscriptions",
        faults: &["drop@50"],
        says: "market stream 1: backing off until HH:MM:SS IST: connection lost: the server hung \
               up",
        hint: "nothing is to be done: the stream reconnects and subscribes again by itself; if \
               it happens often, look at the network",
        then: "live again with all subscriptions",
    },
    Case {
        name: "a_connection_that_the_server_closes_comes_back_with_all_subscriptions",
        faults: &["close@50"],
        says: "market stream 1: backing off until HH:MM:SS IST: stream closed by the server with \
               code 1005, reason ''",
        hint: "if it comes right after each connect, another program holds the account's 3 \
               connections; else nothing is to be done",
        then: "live again with all subscriptions",
    },
    Case {
        name: "a_stall_with_answered_heartbeats_is_shown_as_stale_and_goes_on",
        faults: &["stall@50:1s"],
        says: "market stream 1: stale for 0 s",
        hint: "",
        then: "live again over the same connection",
    },
    Case {
        name: "a_stall_without_end_is_given_up_and_the_stream_comes_back",
        faults: &["stall@50"],
        says: "market stream 1: backing off until HH:MM:SS IST: no packet for N s, although \
               subscribed",
        hint: "check that the market is open and that token and segment belong together: the \
               broker answers a wrong segment with silence",
        then: "live again with all subscriptions",
    },
    Case {
        name: "a_freeze_without_a_heartbeat_is_given_up_and_the_stream_comes_back",
        faults: &["freeze@50"],
        says: "market stream 1: backing off until HH:MM:SS IST: no frame for N s, the heartbeat \
               was not answered",
        hint: "nothing is to be done: the stream reconnects and subscribes again by itself; if \
               it happens often, look at the network",
        then: "live again with all subscriptions",
    },
    Case {
        name: "a_packet_that_never_comes_is_counted_as_a_gap",
        faults: &["gap@50"],
        says: "",
        hint: "",
        then: "one gap with one number missing; the connection is kept",
    },
    Case {
        name: "a_packet_that_comes_twice_is_counted_as_a_duplicate",
        faults: &["duplicate@50"],
        says: "",
        hint: "",
        then: "one duplicate; the connection is kept",
    },
    Case {
        name: "a_packet_that_comes_late_is_counted_as_out_of_order",
        faults: &["reorder@50"],
        says: "",
        hint: "",
        then: "one out of order and none missing; the connection is kept",
    },
    Case {
        name: "a_packet_of_a_wrong_length_is_left_out",
        faults: &["wrong-length@50:20"],
        says: "frame was N bytes, mode 1 needs 51",
        hint: "",
        then: "no more than this packet is lost; the connection is kept",
    },
    Case {
        name: "a_frame_of_one_byte_is_noise",
        faults: &["one-byte-frame@50"],
        says: "frame of N bytes is keep-alive noise, not a packet",
        hint: "",
        then: "nothing is lost; the connection is kept",
    },
    Case {
        name: "an_error_as_text_is_shown_with_its_code",
        faults: &["text-error@50:E1002"],
        says: "the stream refused a request with E1002: Invalid Request. Subscription Limit \
               Exceeded.",
        hint: "one connection carries 1000 pairs of token and mode; ask for fewer",
        then: "packets go on; the connection is kept",
    },
    Case {
        name: "tokens_whose_day_is_over_are_replaced_and_all_subscriptions_kept",
        faults: &[],
        says: "renewing: fetching fresh tokens",
        hint: "",
        then: "renewed; live again with all subscriptions",
    },
];

/// Limits with which nothing takes long.
fn quick() -> Limits {
    Limits {
        heartbeat: Duration::from_millis(100),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        cool_down: Duration::from_millis(100),
        ..Limits::default()
    }
}

/// The played instrument in three modes.
fn setup(stage: &Stage, broker: &Arc<Broker>, limits: Limits) -> StreamSetup {
    let Instrument { exchange_type, token, .. } = Instrument::default();
    let of = |mode| Subscription { mode, exchange_type, token: token.clone() };
    let servers = stage.servers();
    let renew = stage.renewal(broker);
    StreamSetup {
        url: servers.market_stream().to_string(),
        tls: Arc::clone(servers.tls()),
        auth: broker.stream_auth().expect("they fit"),
        renew: Box::new(move |refused| renew(refused)),
        subscriptions: [Mode::Ltp, Mode::Quote, Mode::SnapQuote].map(of).to_vec(),
        limits,
        tuning: Tuning::default(),
        clock: Clock::new(),
        entropy: 5,
    }
}

type Done = fn(&Flight) -> bool;

/// What came over the stream and was said of it.
struct Flight {
    states: Vec<ConnectionState>,
    events: Vec<ConnectionEvent>,
    lives: usize,
    /// The modes of the packets since it was live last.
    modes: BTreeSet<u8>,
    packets: usize,
    sequences: Sequences,
    /// Why frames were no packets.
    unreadable: Vec<String>,
    errors: Vec<StreamError>,
    until: Instant,
    done: Done,
}

impl Flight {
    fn until(done: Done) -> Self {
        Self {
            states: Vec::new(),
            events: Vec::new(),
            lives: 0,
            modes: BTreeSet::new(),
            packets: 0,
            sequences: Sequences::default(),
            unreadable: Vec::new(),
            errors: Vec::new(),
            until: Instant::now() + PATIENCE,
            done,
        }
    }

    /// Live for the second time, with all subscriptions.
    fn is_back(&self) -> bool {
        self.lives == 2 && self.modes.len() == 3
    }

    fn has_renewed(&self) -> bool {
        let last = self.states.last();
        self.states.contains(&ConnectionState::Renewing) && last == Some(&ConnectionState::Live)
    }

    /// Checks the first event that is neither an attempt nor a success.
    #[track_caller]
    fn is_shown(&self, stage: &Stage) {
        let is_usual = |event: &&ConnectionEvent| {
            matches!(event.state, ConnectionState::Connecting { .. } | ConnectionState::Live)
        };
        let event = self.events.iter().find(|event| !is_usual(event)).expect("something is said");
        stage.sees(event, event.hint().unwrap_or_default());
    }

    fn flow(&self) -> Flow {
        assert!(Instant::now() < self.until, "too late; states so far: {:?}", self.states);
        if (self.done)(self) { Flow::Stop } else { Flow::Continue }
    }
}

impl Sink for Flight {
    fn on_payload(&mut self, payload: &[u8], _stamps: Stamps) -> Flow {
        match decode(payload) {
            Ok(packet) => {
                self.packets += 1;
                self.modes.insert(packet.mode() as u8);
                self.sequences.note(&packet);
            }
            Err(fault) => self.unreadable.push(fault.to_string()),
        }
        self.flow()
    }

    fn on_control(&mut self, _kind: ControlFrame) {}

    fn on_text(&mut self, text: &str) {
        if let ServerText::Error(error) = ServerText::read(text) {
            self.errors.push(error);
        }
    }

    fn on_state(&mut self, state: &ConnectionState) {
        if *state == ConnectionState::Live {
            self.lives += 1;
            self.modes.clear();
        }
        self.states.push(state.clone());
    }

    fn on_idle(&mut self) -> Flow {
        self.flow()
    }

    fn before_read(&mut self, _now: u64) {}

    fn is_stopping(&self) -> bool {
        (self.done)(self)
    }
}

/// Runs an account's market data until `done`.
fn fly(stage: &Stage, limits: Limits, done: Done) -> Flight {
    let broker = Arc::new(stage.broker());
    let side = SideStreams {
        others: Vec::new(),
        renew: stage.renewal(&broker),
        day_end: DayEnd::MIDNIGHT,
        events: ConnectionEvents::new(256),
        sinks: Box::new(|_| Box::new(Flight::until(|_| false))),
    };
    let (mut traded, feed) = MarketFeed::new(setup(stage, &broker, limits), side).expect("legal");
    let mut watcher = feed.events().watch();
    let mut flight = Flight::until(done);
    assert_eq!(traded.run(&mut flight), Ended::Stopped);
    feed.stop();
    let event = |watched| match watched {
        Watched::Event(event) => *event,
        Watched::Missed(missed) => panic!("{missed} were missed"),
    };
    flight.events = std::iter::from_fn(|| watcher.look()).map(event).collect();
    flight
}

#[test]
fn a_stream_whose_tokens_are_refused_renews_them() {
    let stage = Stage::of("a_stream_whose_tokens_are_refused_renews_them");
    let flight = fly(&stage, quick(), |flight| flight.modes.len() == 3);
    flight.is_shown(&stage);
    assert_eq!(flight.lives, 1);
}

#[test]
fn a_fourth_connection_is_refused_with_the_limit_and_the_time_of_the_next_attempt() {
    let stage =
        Stage::of("a_fourth_connection_is_refused_with_the_limit_and_the_time_of_the_next_attempt");
    let flight = fly(&stage, quick(), |flight| flight.modes.len() == 3);
    flight.is_shown(&stage);
}

#[test]
fn a_server_in_trouble_refuses_the_stream_and_it_is_tried_again() {
    let stage = Stage::of("a_server_in_trouble_refuses_the_stream_and_it_is_tried_again");
    let flight = fly(&stage, quick(), |flight| flight.modes.len() == 3);
    flight.is_shown(&stage);
}

#[test]
fn a_connection_that_is_dropped_comes_back_with_all_subscriptions() {
    let stage = Stage::of("a_connection_that_is_dropped_comes_back_with_all_subscriptions");
    let flight = fly(&stage, quick(), Flight::is_back);
    flight.is_shown(&stage);
}

#[test]
fn a_connection_that_the_server_closes_comes_back_with_all_subscriptions() {
    let stage = Stage::of("a_connection_that_the_server_closes_comes_back_with_all_subscriptions");
    let flight = fly(&stage, quick(), Flight::is_back);
    flight.is_shown(&stage);
}

#[test]
fn a_stall_with_answered_heartbeats_is_shown_as_stale_and_goes_on() {
    let stage = Stage::of("a_stall_with_answered_heartbeats_is_shown_as_stale_and_goes_on");
    let limits = Limits { data_stale: Duration::from_millis(300), ..quick() };
    let flight = fly(&stage, limits, Flight::is_back);
    flight.is_shown(&stage);
    assert!(!flight.states.iter().any(|state| matches!(state, ConnectionState::BackingOff { .. })));
}

#[test]
fn a_stall_without_end_is_given_up_and_the_stream_comes_back() {
    let stage = Stage::of("a_stall_without_end_is_given_up_and_the_stream_comes_back");
    let flight =
        fly(&stage, Limits { data_dead: Duration::from_millis(600), ..quick() }, Flight::is_back);
    flight.is_shown(&stage);
}

#[test]
fn a_freeze_without_a_heartbeat_is_given_up_and_the_stream_comes_back() {
    let stage = Stage::of("a_freeze_without_a_heartbeat_is_given_up_and_the_stream_comes_back");
    let flight =
        fly(&stage, Limits { frame_dead: Duration::from_millis(600), ..quick() }, Flight::is_back);
    flight.is_shown(&stage);
}

#[test]
fn a_packet_that_never_comes_is_counted_as_a_gap() {
    let stage = Stage::of("a_packet_that_never_comes_is_counted_as_a_gap");
    let flight = fly(&stage, quick(), |flight| flight.packets > 300);
    stage.sees_nothing();
    let total = flight.sequences.total();
    assert_eq!((total.gaps, total.missing, total.duplicates), (3, 3, 0), "in each mode");
    assert_eq!(flight.lives, 1, "the connection is kept");
}

#[test]
fn a_packet_that_comes_twice_is_counted_as_a_duplicate() {
    let stage = Stage::of("a_packet_that_comes_twice_is_counted_as_a_duplicate");
    let flight = fly(&stage, quick(), |flight| flight.packets > 300);
    stage.sees_nothing();
    let total = flight.sequences.total();
    assert_eq!((total.missing, total.duplicates), (0, 3), "in each mode");
    assert_eq!(flight.lives, 1, "the connection is kept");
}

#[test]
fn a_packet_that_comes_late_is_counted_as_out_of_order() {
    let stage = Stage::of("a_packet_that_comes_late_is_counted_as_out_of_order");
    let flight = fly(&stage, quick(), |flight| flight.packets > 300);
    stage.sees_nothing();
    let total = flight.sequences.total();
    assert_eq!((total.missing, total.out_of_order), (0, 3), "in each mode");
    assert_eq!(flight.lives, 1, "the connection is kept");
}

#[test]
fn a_packet_of_a_wrong_length_is_left_out() {
    let stage = Stage::of("a_packet_of_a_wrong_length_is_left_out");
    let flight = fly(&stage, quick(), |flight| flight.packets > 300);
    stage.sees(&flight.unreadable.first().expect("one"), "");
    assert_eq!((flight.unreadable.len(), flight.lives), (3, 1), "in each mode");
}

#[test]
fn a_frame_of_one_byte_is_noise() {
    let stage = Stage::of("a_frame_of_one_byte_is_noise");
    let flight = fly(&stage, quick(), |flight| flight.packets > 300);
    stage.sees(&flight.unreadable.first().expect("one"), "");
    assert_eq!((flight.unreadable.len(), flight.lives), (1, 1));
    assert_eq!(flight.sequences.total().missing, 0);
}

#[test]
fn an_error_as_text_is_shown_with_its_code() {
    let stage = Stage::of("an_error_as_text_is_shown_with_its_code");
    let flight = fly(&stage, quick(), |flight| flight.packets > 300);
    let [error] = &*flight.errors else { panic!("{:?}", flight.errors) };
    stage.sees(error, error.hint());
    assert_eq!(flight.lives, 1);
}

#[test]
fn tokens_whose_day_is_over_are_replaced_and_all_subscriptions_kept() {
    let stage = Stage::of("tokens_whose_day_is_over_are_replaced_and_all_subscriptions_kept");
    let broker = Arc::new(stage.broker());
    let mut stream = MarketStream::new(setup(&stage, &broker, quick())).expect("legal");
    // The tokens were given out at a moment of 1970.
    stream.set_expiry(Expiry::new(DayEnd::MIDNIGHT, Wall(0), 0));
    let mut flight = Flight::until(|flight| flight.modes.len() == 3 && flight.has_renewed());
    assert_eq!(stream.run(&mut flight), Ended::Stopped);
    let renewing = flight.states.iter().find(|state| **state == ConnectionState::Renewing);
    stage.sees(renewing.expect("it is shown"), "");
}
