//! Up to three connections of one account: who carries what, and what is said where there is no place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use client::market::{
    ConnectionEvents, DayEnd, Ended, Limits, MarketError, MarketFeed, SideStreams, StreamSetup,
    Subscription, Watched, Watcher,
};
use quanta::Instant;
use smartapi::stream::request::{Request, StreamError};
use tungstenite::Message;

use super::runtime::request;
use super::server::{Security, Server, Stream, refuse, serve};
use super::{PATIENCE, Recorder, auth, quick, setup};

/// A request, and the number of the connection that it came over.
type Asked = (usize, Request);

/// A request with this token in it is refused.
const BAD: &str = "66666";

/// Accepts and passes all requests on, each answered with a packet; waits for the end.
fn carry_on(number: usize, stream: Stream, asked: &Sender<Asked>) {
    let mut socket = tungstenite::accept(stream).expect("an upgrade");
    while let Some(text) = request(&mut socket) {
        let request: Request = serde_json::from_str(&text).expect("a request");
        let answer = if text.contains(&format!("\"{BAD}\"")) {
            let error = StreamError {
                correlation_id: request.correlation_id.clone(),
                error_code: "E1001".to_owned(),
                error_message: "Invalid Request Payload.".to_owned(),
            };
            Message::Text(serde_json::to_string(&error).expect("plain data").into())
        } else {
            Message::Binary(vec![1; 51].into())
        };
        let _ = asked.send((number, request));
        let _ = socket.send(answer);
    }
}

fn carry(number: usize, stream: Stream, asked: Sender<Asked>) {
    thread::spawn(move || carry_on(number, stream, &asked));
}

/// A server that has places for so many connections; it counts the attempts.
fn places(most: usize) -> (Server, Receiver<Asked>, Receiver<usize>) {
    let ((asked, requests), (tried, attempts)) = (channel(), channel());
    let server = serve(Security::Plain, move |number, stream| {
        let _ = tried.send(number);
        if number < most {
            carry(number, stream, asked.clone());
        } else {
            refuse(stream, 429, "Connection Limit Exceeded");
        }
    });
    (server, requests, attempts)
}

fn some(setup: &StreamSetup, numbers: std::ops::Range<usize>) -> Vec<Subscription> {
    let one = |number: usize| Subscription {
        token: number.to_string(),
        ..setup.subscriptions[0].clone()
    };
    numbers.map(one).collect()
}

fn side(others: Vec<Subscription>) -> SideStreams {
    SideStreams {
        others,
        renew: Arc::new(|_| Ok(auth("FRESH"))),
        day_end: DayEnd::MIDNIGHT,
        events: ConnectionEvents::new(256),
        sinks: Box::new(|_| Box::new(Recorder::new(|_| false))),
    }
}

/// Runs a feed of one traded token and `others` until `done`; gives all requests by connection.
fn fly(
    server: &Server,
    requests: &Receiver<Asked>,
    others: usize,
    done: impl FnMut(&MarketFeed, &mut Watcher, &[Asked]) -> bool,
) -> Vec<Asked> {
    let traded = traded(server, quick());
    let side = side(some(&traded, 0..others));
    fly_with(traded, side, requests, done)
}

/// The set-up of one traded token.
fn traded(server: &Server, limits: Limits) -> StreamSetup {
    let mut traded = setup(server, limits);
    traded.subscriptions.truncate(1);
    traded
}

fn fly_with(
    traded: StreamSetup,
    side: SideStreams,
    requests: &Receiver<Asked>,
    mut done: impl FnMut(&MarketFeed, &mut Watcher, &[Asked]) -> bool,
) -> Vec<Asked> {
    let (mut trader, feed) = MarketFeed::new(traded, side).expect("it fits");
    let mut watcher = feed.events().watch();
    let mut all = Vec::new();
    let mut recorder = Recorder::new(|_| {
        all.extend(requests.try_iter());
        done(&feed, &mut watcher, &all)
    });
    assert_eq!(trader.run(&mut recorder), Ended::Stopped);
    drop(recorder);
    feed.stop();
    all
}

fn tokens<'a>(asked: impl Iterator<Item = &'a Asked>) -> Vec<&'a str> {
    let groups = asked.flat_map(|(_, request)| &request.params.token_list);
    groups.flat_map(|group| group.tokens.iter().map(String::as_str)).collect()
}

#[test]
fn three_connections_carry_everything_once_and_the_first_only_what_is_traded() {
    let (server, requests, attempts) = places(usize::MAX);
    let all = fly(&server, &requests, 1500, |_, _, all| all.len() == 3);
    assert_eq!(tokens(all.iter().filter(|(number, _)| *number == 0)), ["43854"]);
    let sizes: BTreeSet<usize> = (1..3)
        .map(|wanted| tokens(all.iter().filter(|(number, _)| *number == wanted)).len())
        .collect();
    assert_eq!(sizes, BTreeSet::from([500, 1000]));
    assert_eq!(tokens(all.iter()).into_iter().collect::<BTreeSet<_>>().len(), 1501);
    assert_eq!(attempts.try_iter().count(), 3);
}

/// The text and the hint of each event.
fn told(said: &[Watched]) -> Vec<(String, Option<&'static str>)> {
    let event = |watched: &Watched| match watched {
        Watched::Event(event) => Some((event.to_string(), event.hint())),
        Watched::Missed(_) => None,
    };
    said.iter().filter_map(event).collect()
}

#[test]
fn where_there_is_no_other_place_the_first_carries_its_own_alone_and_429_is_explained() {
    let (server, requests, attempts) = places(1);
    let mut said = Vec::new();
    let all = fly(&server, &requests, 5, |feed, watcher, _| {
        said.extend(std::iter::from_fn(|| watcher.look()));
        let refused = told(&said).iter().filter(|(text, _)| text.contains("429")).count();
        refused == 2 && feed.unserved().len() == 5
    });
    assert_eq!(tokens(all.iter()), ["43854"]);
    assert_eq!(attempts.try_iter().count(), 3, "the fourth is never tried");
    let texts = told(&said);
    let (text, hint) =
        texts.into_iter().find(|(text, _)| text.contains("429")).expect("it is said");
    assert!(text.contains("holds 1 of the 3") && text.contains("until"), "{text}");
    assert!(hint.is_some_and(|hint| hint.contains("close other programs")));
}

#[test]
fn what_fits_on_no_connection_is_named_and_served_when_room_comes_up() {
    let (server, requests, _) = places(2);
    let mut has_made_room = false;
    let all = fly(&server, &requests, 1500, |feed, _, all| {
        let unserved = feed.unserved();
        let carried = tokens(all.iter().filter(|(_, request)| request.action == 1)).len();
        if carried == 1001 && unserved.len() == 500 && !has_made_room {
            has_made_room = true;
            let served: BTreeSet<_> = tokens(all.iter()).into_iter().collect();
            let mut gone = unserved[0].clone();
            gone.token = served.iter().find(|token| **token != "43854").expect("one").to_string();
            feed.unsubscribe(&[gone]);
        }
        has_made_room && unserved.len() == 499 && carried == 1002
    });
    let ended = tokens(all.iter().filter(|(_, request)| request.action == 0));
    assert_eq!(ended.len(), 1);
}

#[test]
fn a_place_that_was_refused_once_is_tried_again_and_then_carries_its_part() {
    let (asked, requests) = channel();
    let server = serve(Security::Plain, move |number, stream| {
        if number == 2 { refuse(stream, 429, "no") } else { carry(number, stream, asked.clone()) }
    });
    let limits = Limits { cool_down: Duration::from_millis(50), ..quick() };
    let traded = traded(&server, limits);
    let side = side(some(&traded, 0..1500));
    let all = fly_with(traded, side, &requests, |feed, _, all| {
        feed.unserved().is_empty() && tokens(all.iter()).len() == 1501
    });
    assert_eq!(tokens(all.iter().filter(|(number, _)| *number == 0)), ["43854"]);
}

#[test]
fn the_first_gets_the_place_of_another_at_once_when_the_account_has_no_more() {
    let (asked, requests) = channel();
    let (other_is_there, other_seen) = channel();
    let other_is_gone = Arc::new(AtomicBool::new(false));
    let mut other_seen = Some(other_seen);
    let server = serve(Security::Plain, move |number, stream| match number {
        0 => {
            let (asked, other_seen) = (asked.clone(), other_seen.take().expect("once"));
            thread::spawn(move || {
                let mut socket = tungstenite::accept(stream).expect("an upgrade");
                let text = request(&mut socket).expect("a request");
                let _ = asked.send((0, serde_json::from_str(&text).expect("a request")));
                // Breaks once the other is there.
                let _: Result<(), _> = other_seen.recv();
            });
        }
        1 => {
            let (asked, gone) = (asked.clone(), Arc::clone(&other_is_gone));
            let there = other_is_there.clone();
            thread::spawn(move || {
                let (seen, requests) = channel();
                let forward = thread::spawn(move || {
                    for one in requests {
                        let _ = (asked.send(one), there.send(()));
                    }
                });
                carry_on(1, stream, &seen);
                gone.store(true, Ordering::SeqCst);
                drop((seen, forward));
            });
        }
        2 => refuse(stream, 429, "no"),
        _ => {
            let (asked, gone) = (asked.clone(), Arc::clone(&other_is_gone));
            thread::spawn(move || {
                let deadline = Instant::now() + PATIENCE;
                while !gone.load(Ordering::SeqCst) {
                    assert!(Instant::now() < deadline, "the other keeps its place");
                    thread::yield_now();
                }
                carry_on(number, stream, &asked);
            });
        }
    });
    let traded = traded(&server, quick());
    let side = side(some(&traded, 0..5));
    let all = fly_with(traded, side, &requests, |feed, _, all| {
        feed.unserved().is_empty() && tokens(all.iter()).len() == 12
    });
    let again = |wanted| tokens(all.iter().filter(move |(number, _)| *number == wanted)).len();
    assert_eq!((again(3), again(4)), (1, 5), "the first comes first");
}

/// Sinks of which the first two end with the first packet: they say stop, or break off.
fn short_lived(is_bug: bool) -> client::market::SinkMaker {
    let mut made = 0;
    Box::new(move |_| {
        made += 1;
        let ends = made <= 2;
        Box::new(Recorder::new(move |seen| {
            let is_over = ends && !seen.payloads.is_empty();
            assert!(!is_over || !is_bug, "a bug in a sink, for this test");
            is_over
        }))
    })
}

#[test]
fn what_a_sink_that_stops_or_breaks_off_leaves_is_moved_then_named_and_can_be_begun_again() {
    for (is_bug, word) in [(false, "stopped"), (true, "broke off")] {
        let sinks = short_lived(is_bug);
        let (server, requests, _) = places(usize::MAX);
        let traded = traded(&server, quick());
        let side = SideStreams { sinks, ..side(some(&traded, 0..5)) };
        let (mut is_begun_again, mut said) = (false, Vec::new());
        let all = fly_with(traded, side, &requests, |feed, watcher, all| {
            said.extend(std::iter::from_fn(|| watcher.look()));
            let asked = tokens(all.iter()).len();
            if !is_begun_again && asked == 11 && feed.unserved().len() == 5 {
                is_begun_again = true;
                feed.restart();
            }
            is_begun_again && asked == 16 && feed.unserved().is_empty()
        });
        assert_eq!(all.len(), 4, "moved to the other, then begun again");
        let is_said = |(text, _): &(String, _)| text.contains("stream 2") && text.contains(word);
        assert!(told(&said).iter().any(is_said), "{:?}", told(&said));
    }
}

#[test]
fn a_traded_stream_that_has_ended_is_named_and_can_be_run_again() {
    let (server, requests, _) = places(usize::MAX);
    let traded = traded(&server, quick());
    let (mut trader, feed) = MarketFeed::new(traded, side(Vec::new())).expect("it fits");
    for _ in 0..2 {
        let mut recorder = Recorder::new(|seen| seen.payloads.len() == 1);
        assert_eq!(trader.run(&mut recorder), Ended::Stopped);
        assert_eq!(feed.unserved().len(), 1);
    }
    assert_eq!(requests.try_iter().count(), 2);
    feed.stop();
}

#[test]
fn what_is_traded_can_be_changed_while_the_feed_runs() {
    let (server, requests, _) = places(usize::MAX);
    let mut step = 0;
    let all = fly(&server, &requests, 2, |feed, _, all| {
        let asked = tokens(all.iter()).len();
        if step == 0 && asked == 3 {
            step = 1;
            feed.trade(&some(&setup(&serve_nothing(), quick()), 1..2)).expect("fits");
        }
        step == 1 && asked == 6
    });
    let first = all.iter().filter(|(number, _)| *number == 0).skip(1);
    let changes: Vec<_> = first.map(|one| (one.1.action, tokens(std::iter::once(one)))).collect();
    assert_eq!(changes, [(0, vec!["43854"]), (1, vec!["1"])]);
    let ended = all.iter().filter(|(number, request)| *number == 1 && request.action == 0);
    assert_eq!(tokens(ended), ["1"], "it moved over");
}

#[test]
fn a_subscription_that_the_server_refuses_is_named_alone() {
    let (server, requests, _) = places(usize::MAX);
    let traded = traded(&server, quick());
    let others = [some(&traded, 0..20), some(&traded, 66666..66667)].concat();
    let side = side(others);
    let mut unserved = Vec::new();
    let all = fly_with(traded, side, &requests, |feed, _, all| {
        unserved = feed.unserved();
        all.len() > 2 && unserved.len() == 1
    });
    assert_eq!(unserved[0].token, BAD);
    let fine = all.iter().filter(|one| !tokens(std::iter::once(*one)).contains(&BAD));
    assert_eq!(tokens(fine).len(), 21, "all the others are asked for by themselves");
}

#[test]
fn a_connection_that_begins_later_takes_the_tokens_of_the_last_renewal() {
    let (heads, heads_seen) = channel();
    let server = serve(Security::Plain, move |number, stream| {
        if number == 0 {
            return refuse(stream, 401, "Invalid Feed Token");
        }
        let heads = heads.clone();
        thread::spawn(move || {
            #[allow(clippy::result_large_err, reason = "tungstenite's own type")]
            let callback = |request: &tungstenite::handshake::server::Request, answer| {
                let _ = heads.send(request.headers()["authorization"].clone());
                Ok(answer)
            };
            let mut socket = tungstenite::accept_hdr(stream, callback).expect("an upgrade");
            while request(&mut socket).is_some() {
                let _ = socket.send(Message::Binary(vec![1; 51].into()));
            }
        });
    });
    let renew = Box::new(|_: &client::market::StreamAuth| Ok(auth("FRESH")));
    let traded = StreamSetup { renew, ..traded(&server, quick()) };
    let side = side(some(&traded, 0..1));
    let mut seen = Vec::new();
    let (_, none) = channel();
    fly_with(traded, side, &none, |_, _, _| {
        seen.extend(heads_seen.try_iter());
        seen.len() == 2
    });
    assert_eq!(seen, ["Bearer FRESH", "Bearer FRESH"]);
}

#[test]
fn subscriptions_of_a_running_feed_begin_another_connection_only_when_needed() {
    let (server, requests, attempts) = places(usize::MAX);
    let mut step = 0;
    let until = Instant::now() + PATIENCE;
    let all = fly(&server, &requests, 0, |feed, _, all| {
        assert!(Instant::now() < until, "at step {step} with {} requests", all.len());
        let more = some(&setup(&serve_nothing(), quick()), 0..2);
        match (step, all.len()) {
            (0, 1) => feed.subscribe(&more[..1]).expect("fits"),
            (1, 2) => feed.subscribe(&more).expect("fits"),
            (2, 3) => {
                // The server's packets are all the same, and so is their number.
                let arrivals = feed.sequences(1).expect("a connection").total();
                if arrivals.packets < 2 {
                    return false;
                }
                assert_eq!((arrivals.packets, arrivals.duplicates), (2, 1));
                let many = some(&setup(&serve_nothing(), quick()), 0..3000);
                let refused = feed.subscribe(&many).expect_err("too many");
                assert!(matches!(refused, MarketError::Spread(_)) && !refused.hint().is_empty());
                return true;
            }
            _ => return false,
        }
        step += 1;
        false
    });
    let numbers: Vec<usize> = all.iter().map(|(number, _)| *number).collect();
    assert_eq!((numbers, tokens(all.iter())), (vec![0, 1, 1], vec!["43854", "0", "1"]));
    assert_eq!(attempts.try_iter().count(), 2);
}

fn serve_nothing() -> Server {
    serve(Security::Plain, |_, _| {})
}
