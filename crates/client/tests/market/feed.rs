//! Up to three connections of one account: who carries what, and what is said where there is no place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use client::market::{
    ConnectionEvents, DayEnd, Ended, MarketError, MarketFeed, SideStreams, StreamSetup,
    Subscription, Watched, Watcher,
};
use quanta::Instant;
use smartapi::stream::request::Request;
use tungstenite::Message;

use super::runtime::request;
use super::server::{Security, Server, Stream, refuse, serve};
use super::{PATIENCE, Recorder, auth, quick, setup};

/// A request, and the number of the connection that it came over.
type Asked = (usize, Request);

/// Accepts and passes all requests on, each answered with a packet.
fn carry(number: usize, stream: Stream, asked: Sender<Asked>) {
    thread::spawn(move || {
        let mut socket = tungstenite::accept(stream).expect("an upgrade");
        while let Some(text) = request(&mut socket) {
            let request = serde_json::from_str(&text).expect("a request");
            let _ = asked.send((number, request));
            let _ = socket.send(Message::Binary(vec![number as u8; 51].into()));
        }
    });
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
    mut done: impl FnMut(&MarketFeed, &mut Watcher, &[Asked]) -> bool,
) -> Vec<Asked> {
    let mut traded = setup(server, quick());
    traded.subscriptions.truncate(1);
    let others = some(&traded, 0..others);
    let (mut trader, feed) = MarketFeed::new(traded, side(others)).expect("it fits");
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

#[test]
fn where_there_is_no_other_place_the_first_connection_carries_all_and_429_is_explained() {
    let (server, requests, attempts) = places(1);
    let mut said = Vec::new();
    let all = fly(&server, &requests, 5, |feed, watcher, all| {
        said.extend(std::iter::from_fn(|| watcher.look()));
        tokens(all.iter()).len() == 6 && feed.unserved().is_empty()
    });
    assert!(all.iter().all(|(number, _)| *number == 0));
    assert_eq!(attempts.try_iter().count(), 3, "the fourth is never tried");
    let texts = said.iter().filter_map(|watched| match watched {
        Watched::Event(event) => Some((event.to_string(), event.hint())),
        Watched::Missed(_) => None,
    });
    let (text, hint) =
        texts.into_iter().find(|(text, _)| text.contains("429")).expect("it is said");
    assert!(text.contains("holds 1 of the 3") && text.contains("until"), "{text}");
    assert!(hint.is_some_and(|hint| hint.contains("close other programs")));
}

#[test]
fn what_fits_on_no_connection_is_named_and_served_when_room_comes_up() {
    let (server, requests, _) = places(1);
    let mut has_made_room = false;
    let all = fly(&server, &requests, 1500, |feed, _, all| {
        let unserved = feed.unserved();
        let carried = tokens(all.iter().filter(|(_, request)| request.action == 1)).len();
        if carried == 1000 && unserved.len() == 501 && !has_made_room {
            has_made_room = true;
            let served: BTreeSet<_> = tokens(all.iter()).into_iter().collect();
            let mut gone = unserved[0].clone();
            gone.token = served.iter().find(|token| **token != "43854").expect("one").to_string();
            feed.unsubscribe(&[gone]);
        }
        has_made_room && unserved.len() == 500 && carried == 1001
    });
    let ended = tokens(all.iter().filter(|(_, request)| request.action == 0));
    assert_eq!(ended.len(), 1);
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
