//! Faults of the order stream: nothing is told twice, and what may have been missed is said.

use std::sync::Arc;
use std::time::Duration;

use client::Broker;
use client::market::{ConnectionEvents, ConnectionState, DayEnd, Limits, Watched, Watcher};
use client::order_stream::{Missed, OrderEvent, OrderStream, OrderStreamSetup};
use sandbox::Instrument;
use smartapi::rest::{Contract, Exchange, PlaceOrder, Pricing, Product, Side};

use crate::stage::{Case, PATIENCE, Stage};

/// The scenarios of this file.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "an_update_that_is_lost_is_in_the_book_to_which_the_gap_points",
        faults: &["lost-update@update2", "drop@update2:stream=order"],
        says: "the order stream has gone live, what came before was not heard",
        hint: "",
        then: "the stream is live again; the order book has the order as it is",
    },
    Case {
        name: "an_update_that_comes_twice_is_told_once",
        faults: &["duplicate-update@update1"],
        says: "",
        hint: "",
        then: "one is counted as a duplicate",
    },
    Case {
        name: "an_update_that_comes_late_is_told_when_it_comes",
        faults: &["late-update@update1:300ms"],
        says: "open, then open pending",
        hint: "",
        then: "the order book has the order as it is",
    },
    Case {
        name: "an_order_stream_that_is_dropped_comes_back_with_a_gap",
        faults: &["drop@update2:stream=order"],
        says: "order stream: backing off until HH:MM:SS IST: connection lost: the server hung up",
        hint: "nothing is to be done: the stream reconnects and subscribes again by itself; if \
               it happens often, look at the network",
        then: "a gap is told and the stream is live again",
    },
    Case {
        name: "an_order_stream_that_the_server_closes_comes_back_with_a_gap",
        faults: &["close@update2:stream=order"],
        says: "order stream: backing off until HH:MM:SS IST: stream closed by the server with \
               code 1005, reason ''",
        hint: "if it comes right after each connect, another program holds the account's 3 \
               connections; else nothing is to be done",
        then: "a gap is told and the stream is live again",
    },
    Case {
        name: "an_order_stream_that_freezes_is_given_up_and_comes_back_with_a_gap",
        faults: &["freeze@update2:stream=order"],
        says: "order stream: backing off until HH:MM:SS IST: no frame for N s, the heartbeat was \
               not answered",
        hint: "nothing is to be done: the stream reconnects and subscribes again by itself; if \
               it happens often, look at the network",
        then: "a gap is told and the stream is live again",
    },
    Case {
        name: "an_expired_token_at_the_order_stream_is_renewed",
        faults: &["refuse:403,stream=order"],
        says: "order stream: renewing: fetching fresh tokens",
        hint: "",
        then: "renewed once; live",
    },
    Case {
        name: "too_many_order_streams_wait_for_the_cool_down",
        faults: &["refuse:429,stream=order"],
        says: "order stream: backing off until HH:MM:SS IST: stream refused with status 429: too \
               many connections: a client code may hold 3, all its API keys together, and stale \
               ones count until the server notices; this program holds 0 of the 3",
        hint: "close other programs of this account: all share its 3 stream connections; or \
               wait: a place comes free once the server has noticed that a connection is dead, \
               and the next attempt is made after the cool-down",
        then: "tried again after the cool-down; live",
    },
];

/// Somebody who hears of his orders.
struct Ear {
    stream: OrderStream,
    watcher: Watcher,
    broker: Arc<Broker>,
    stage: Stage,
}

impl Ear {
    /// He is there once the stream is live.
    fn new(stage: Stage) -> Self {
        let broker = Arc::new(stage.broker());
        let servers = stage.servers();
        let renew = stage.renewal(&broker);
        let events = ConnectionEvents::new(64);
        let watcher = events.watch();
        let limits = Limits {
            heartbeat: Duration::from_millis(100),
            frame_dead: Duration::from_millis(600),
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(20),
            cool_down: Duration::from_millis(100),
            ..Limits::default()
        };
        let stream = OrderStream::start(OrderStreamSetup {
            url: servers.order_stream().to_string(),
            tls: Arc::clone(servers.tls()),
            auth: broker.stream_auth().expect("they fit"),
            renew: Box::new(move |refused| renew(refused)),
            limits,
            clock: quanta::Clock::new(),
            entropy: 5,
            day_end: DayEnd::MIDNIGHT,
            events,
            room: 64,
        });
        let ear = Self { stream: stream.expect("legal"), watcher, broker, stage };
        assert_eq!(ear.gap(), Missed::Before);
        ear
    }

    fn next(&self) -> OrderEvent {
        self.stream.events().recv_timeout(PATIENCE).expect("an event")
    }

    /// The next gap, which says that the stream has gone live.
    fn gap(&self) -> Missed {
        loop {
            if let OrderEvent::Gap(missed) = self.next() {
                assert_eq!(missed, Missed::Before);
                return missed;
            }
        }
    }

    /// The order's state in the next update.
    fn update(&self) -> String {
        loop {
            if let OrderEvent::Update { update, .. } = self.next() {
                return update.order.orderstatus.to_string();
            }
        }
    }

    /// Places an order that rests.
    fn place(&self) {
        let Instrument { symbol, token, .. } = Instrument::default();
        let option =
            Contract { exchange: Exchange::Nfo, tradingsymbol: &symbol, symboltoken: &token };
        let limit = Pricing::Limit { price: "95".parse().expect("a price") };
        let order = PlaceOrder::new(option, Side::Buy, 75, Product::Intraday, limit);
        let placement = self.stage.wait(self.broker.place(order.expect("fits")));
        assert!(matches!(placement, Ok(client::Placement::Accepted(_))), "{placement:?}");
    }

    /// The orders' states in the book.
    fn book(&self) -> Vec<String> {
        let book = self.stage.wait(self.broker.order_book()).expect("the book");
        book.iter().map(|row| row.orderstatus.to_string()).collect()
    }

    /// Checks the first event that is neither an attempt nor a success.
    #[track_caller]
    fn shows(&mut self) {
        while let Some(watched) = self.watcher.look() {
            let Watched::Event(event) = watched else { panic!("{watched:?}") };
            if !matches!(event.state, ConnectionState::Connecting { .. } | ConnectionState::Live) {
                return self.stage.sees(&event, event.hint().unwrap_or_default());
            }
        }
        panic!("nothing was said");
    }
}

#[test]
fn an_update_that_is_lost_is_in_the_book_to_which_the_gap_points() {
    let ear = Ear::new(Stage::of("an_update_that_is_lost_is_in_the_book_to_which_the_gap_points"));
    ear.place();
    let gap = ear.gap();
    ear.stage.sees(&gap, "");
    assert_eq!(ear.book(), ["open"]);
}

#[test]
fn an_update_that_comes_twice_is_told_once() {
    let ear = Ear::new(Stage::of("an_update_that_comes_twice_is_told_once"));
    ear.place();
    assert_eq!([ear.update(), ear.update()], ["open pending", "open"]);
    ear.stage.sees_nothing();
    assert_eq!(ear.stream.counts().duplicates, 1);
}

#[test]
fn an_update_that_comes_late_is_told_when_it_comes() {
    let ear = Ear::new(Stage::of("an_update_that_comes_late_is_told_when_it_comes"));
    ear.place();
    let told = [ear.update(), ear.update()];
    ear.stage.sees(&told.join(", then "), "");
    assert_eq!(ear.book(), ["open"]);
}

#[test]
fn an_order_stream_that_is_dropped_comes_back_with_a_gap() {
    let mut ear = Ear::new(Stage::of("an_order_stream_that_is_dropped_comes_back_with_a_gap"));
    ear.place();
    ear.gap();
    ear.shows();
}

#[test]
fn an_order_stream_that_the_server_closes_comes_back_with_a_gap() {
    let mut ear =
        Ear::new(Stage::of("an_order_stream_that_the_server_closes_comes_back_with_a_gap"));
    ear.place();
    ear.gap();
    ear.shows();
}

#[test]
fn an_order_stream_that_freezes_is_given_up_and_comes_back_with_a_gap() {
    let mut ear =
        Ear::new(Stage::of("an_order_stream_that_freezes_is_given_up_and_comes_back_with_a_gap"));
    ear.place();
    ear.gap();
    ear.shows();
}

#[test]
fn an_expired_token_at_the_order_stream_is_renewed() {
    let mut ear = Ear::new(Stage::of("an_expired_token_at_the_order_stream_is_renewed"));
    ear.shows();
    ear.place();
    assert_eq!([ear.update(), ear.update()], ["open pending", "open"]);
}

#[test]
fn too_many_order_streams_wait_for_the_cool_down() {
    let mut ear = Ear::new(Stage::of("too_many_order_streams_wait_for_the_cool_down"));
    ear.shows();
}
