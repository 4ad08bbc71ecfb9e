//! What changes while a stream runs: its subscriptions, its tokens when their day ends, and whether
//! anything of use comes.

use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

use client::market::{
    ConnectionState, DayEnd, Ended, Expiry, Limits, MarketStream, Renew, StreamSetup,
};
use smartapi::clock::Wall;
use smartapi::stream::state::Because;
use smartapi::wire::TimeOfDay;
use tungstenite::Message;

use super::server::{Security, accept, linger, serve};
use super::{Recorder, auth, backed_off, first, quick, run, setup};

/// Reads the next text that is no heartbeat.
pub(crate) fn request(socket: &mut super::server::Socket) -> Option<String> {
    loop {
        match socket.read() {
            Ok(Message::Text(text)) if text.as_str() != "ping" => return Some(text.to_string()),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

#[test]
fn a_running_stream_subscribes_and_unsubscribes_between_two_reads() {
    for security in [Security::Plain, Security::Tls13] {
        let (requests, requests_seen) = channel();
        let server = serve(security, move |_, stream| {
            let (mut socket, _) = accept(stream);
            socket.send(Message::Binary(vec![1; 51].into())).expect("sent");
            for _ in 0..2 {
                let request = request(&mut socket).expect("a change");
                requests.send(request).expect("the test listens");
            }
            socket.send(Message::Binary(vec![2; 51].into())).expect("sent");
            linger(&mut socket);
        });
        let setup = setup(&server, quick());
        let (old, mut new) = (setup.subscriptions[0].clone(), setup.subscriptions[0].clone());
        new.token = "777".to_owned();
        let mut stream = MarketStream::new(setup).expect("a legal set-up");
        let remote = stream.remote();
        let mut recorder = Recorder::new(move |seen| {
            if seen.payloads.len() == 1 {
                remote.subscribe(std::slice::from_ref(&new)).expect("few");
                remote.unsubscribe(std::slice::from_ref(&old));
            }
            seen.payloads.len() == 2
        });
        assert_eq!(stream.run(&mut recorder), Ended::Stopped);
        let (ended, begun) = (first(&requests_seen), first(&requests_seen));
        assert!(ended.contains(r#""action":0"#) && ended.contains(r#"["43854"]"#), "{ended}");
        assert!(begun.contains(r#""action":1"#) && begun.contains(r#"["777"]"#), "{begun}");
    }
}

#[test]
fn when_the_tokens_day_ends_fresh_ones_are_used_and_all_is_subscribed_again() {
    let (requests, requests_seen) = channel();
    let server = serve(Security::Plain, move |number, stream| {
        let (mut socket, request) = accept(stream);
        requests.send(request).expect("the test listens");
        socket.send(Message::Binary(vec![number as u8; 51].into())).expect("sent");
        linger(&mut socket);
    });
    let (renewed, renewals) = channel();
    let renew: Renew = Box::new(move |_| {
        renewed.send(()).expect("the test listens");
        Ok(auth("FRESH"))
    });
    let setup = StreamSetup { renew, ..setup(&server, quick()) };
    let mut stream = MarketStream::new(setup).expect("a legal set-up");
    // The day of the tokens ended nine seconds ago; after ten they are replaced.
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs() as i64;
    let end = DayEnd(TimeOfDay(((now - 9 + 19_800) % 86_400) as u32));
    stream.set_expiry(Expiry::new(end, Wall(now - 3600), 0));
    let mut recorder = Recorder::new(|seen| seen.payloads.contains(&vec![1; 51]));
    assert_eq!(stream.run(&mut recorder), Ended::Stopped);
    assert!(recorder.states.contains(&ConnectionState::Renewing));
    let paused = |state: &ConnectionState| matches!(state, ConnectionState::BackingOff { .. });
    assert!(!recorder.states.iter().any(paused), "{:?}", recorder.states);
    assert_eq!(first(&requests_seen), first(&requests_seen));
    assert_eq!(renewals.try_iter().count(), 1);
    assert!(renewals.recv_timeout(Duration::ZERO).is_err());
}

#[test]
fn a_server_that_sends_only_noise_is_stale_and_then_dead() {
    for noise in [vec![], vec![0], b"pong".to_vec(), vec![9; 379], vec![1; 50]] {
        let server = serve(Security::Plain, move |_, stream| {
            let (mut socket, _) = accept(stream);
            while let Ok(Message::Text(_)) = socket.read() {
                let _ = socket.send(Message::Binary(noise.clone().into()));
            }
        });
        let limits = Limits {
            heartbeat: Duration::from_millis(20),
            data_stale: Duration::from_millis(150),
            data_dead: Duration::from_millis(300),
            ..quick()
        };
        let (_, recorder) =
            run(setup(&server, limits), |seen| backed_off(seen.states).next().is_some());
        assert!(!recorder.payloads.is_empty(), "the noise is handed over all the same");
        let is_stale = |state: &ConnectionState| matches!(state, ConnectionState::Stale { .. });
        assert!(recorder.states.iter().any(is_stale), "{:?}", recorder.states);
        assert!(matches!(backed_off(&recorder.states).next(), Some(Because::NoData(_))));
    }
}
