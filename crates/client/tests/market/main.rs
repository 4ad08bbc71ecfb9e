//! The market stream against a real local server: plain, TLS 1.2 and TLS 1.3.

mod feed;
mod orders;
mod runtime;
mod server;
mod stamps;

use std::io::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use client::market::{
    ConnectionState, ControlFrame, Ended, Flow, KernelStamp, Limits, MarketError, MarketStream,
    NotBefore, Renew, RenewalFault, Sink, Stamps, StreamAuth, StreamSetup, Subscription, Tuning,
};
use quanta::{Clock, Instant};
use rustls::HandshakeKind;
use server::{Security, Server, Stream, accept, binary, linger, refuse, serve};
use smartapi::packet::{ExchangeType, Mode};
use smartapi::stream::frame::MAX_MESSAGE;
use smartapi::stream::state::{Because, Failure};
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

/// A test that has not come to its end by then has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps everything, and stops once `done` says so.
struct Recorder<D> {
    payloads: Vec<Vec<u8>>,
    control: Vec<ControlFrame>,
    texts: Vec<String>,
    states: Vec<ConnectionState>,
    idles: usize,
    /// Whatever comes, it ends after so many frames of other kinds.
    most_control: usize,
    last: Stamps,
    until: Instant,
    done: D,
}

impl<D: FnMut(&Seen<'_>) -> bool> Recorder<D> {
    fn new(done: D) -> Self {
        Self {
            payloads: Vec::new(),
            control: Vec::new(),
            texts: Vec::new(),
            states: Vec::new(),
            idles: 0,
            most_control: usize::MAX,
            last: Stamps {
                kernel: KernelStamp::Missing,
                after: NotBefore { raw: 0, wall_ns: 0 },
                read: 0,
                framed: 0,
            },
            until: Instant::now() + PATIENCE,
            done,
        }
    }

    fn check_time(&self) {
        assert!(Instant::now() < self.until, "too late; states so far: {:?}", self.states);
    }

    fn flow(&mut self) -> Flow {
        self.check_time();
        let seen = Seen {
            payloads: &self.payloads,
            states: &self.states,
            control: &self.control,
            idles: self.idles,
        };
        if (self.done)(&seen) { Flow::Stop } else { Flow::Continue }
    }
}

struct Seen<'a> {
    payloads: &'a [Vec<u8>],
    states: &'a [ConnectionState],
    control: &'a [ControlFrame],
    idles: usize,
}

impl<D: FnMut(&Seen<'_>) -> bool> Sink for Recorder<D> {
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        assert!(self.last.read <= stamps.read && stamps.read <= stamps.framed, "{stamps:?}");
        assert!(self.last.framed <= stamps.framed);
        assert!(self.last.after.raw <= stamps.after.raw && stamps.after.raw <= stamps.read);
        self.last = stamps;
        self.payloads.push(payload.to_vec());
        self.flow()
    }

    fn on_control(&mut self, kind: ControlFrame) {
        self.check_time();
        self.control.push(kind);
    }

    fn on_text(&mut self, text: &str) {
        self.texts.push(text.to_owned());
    }

    fn on_state(&mut self, state: &ConnectionState) {
        self.states.push(state.clone());
    }

    fn on_idle(&mut self) -> Flow {
        self.idles += 1;
        self.flow()
    }

    fn before_read(&mut self, _now: u64) {}

    fn is_stopping(&self) -> bool {
        self.control.len() >= self.most_control
    }
}

fn auth(jwt: &str) -> StreamAuth {
    let secret = |text: &str| text.to_owned().into();
    StreamAuth::new(secret("API-KEY"), "A123".to_owned(), secret(jwt), secret("FEED-TOKEN"))
        .expect("fit for headers")
}

fn no_renewal() -> Renew {
    Box::new(|_| Err(fault("no other login in this test", false)))
}

fn fault(text: &str, retryable: bool) -> RenewalFault {
    RenewalFault { text: text.to_owned(), retryable }
}

fn setup(server: &Server, limits: Limits) -> StreamSetup {
    let subscription = |token: &str| Subscription {
        mode: Mode::SnapQuote,
        exchange_type: ExchangeType::NSE_FO,
        token: token.to_owned(),
    };
    StreamSetup {
        url: server.url.clone(),
        tls: server.tls.clone(),
        auth: auth("JWT"),
        renew: no_renewal(),
        subscriptions: vec![subscription("43854"), subscription("43855")],
        limits,
        tuning: Tuning::default(),
        clock: Clock::new(),
        entropy: 11,
    }
}

/// Pauses are short in tests.
fn quick() -> Limits {
    let (first_pause, longest_pause) = (Duration::from_millis(1), Duration::from_millis(20));
    Limits { first_pause, longest_pause, ..Limits::default() }
}

/// Runs a stream until `done` or its end.
fn run<D: FnMut(&Seen<'_>) -> bool>(setup: StreamSetup, done: D) -> (Ended, Recorder<D>) {
    run_with(setup, Recorder::new(done))
}

fn run_with<D: FnMut(&Seen<'_>) -> bool>(
    setup: StreamSetup,
    mut recorder: Recorder<D>,
) -> (Ended, Recorder<D>) {
    let mut stream = MarketStream::new(setup).expect("a legal set-up");
    let ended = stream.run(&mut recorder);
    (ended, recorder)
}

/// Payloads of many lengths, each different.
fn payloads() -> Vec<Vec<u8>> {
    let lengths = [0_usize, 1, 51, 123, 125, 126, 379, 443, 4096, 65_535, 65_536, 70_000];
    (0..600_usize).map(|n| vec![n as u8; if n < 500 { 379 } else { lengths[n % 12] }]).collect()
}

fn arrives_intact(security: Security, pieces: &'static [usize]) {
    let server = serve(security, move |_, stream| {
        let (mut socket, _) = accept(stream);
        let mut bytes: Vec<u8> = payloads().iter().flat_map(|one| binary(one)).collect();
        bytes.extend(binary(&vec![7; MAX_MESSAGE]));
        let (mut rest, mut lengths) = (bytes.as_slice(), pieces.iter().cycle());
        while !rest.is_empty() {
            let len = lengths.next().map_or(1, |len| rest.len().min(*len));
            socket.get_mut().write_all(&rest[..len]).expect("the client reads");
            rest = &rest[len..];
        }
        linger(&mut socket);
    });
    let mut expected = payloads();
    expected.push(vec![7; MAX_MESSAGE]);
    let count = expected.len();
    let (ended, recorder) = run(setup(&server, quick()), |seen| seen.payloads.len() == count);
    assert_eq!(ended, Ended::Stopped);
    assert!(recorder.payloads == expected, "payloads differ over {security:?}");
    assert_eq!(recorder.control, []);
}

#[test]
fn bursts_of_many_frames_arrive_intact() {
    for security in [Security::Plain, Security::Tls12, Security::Tls13] {
        arrives_intact(security, &[1 << 20]);
    }
}

#[test]
fn frames_that_are_split_over_reads_arrive_intact() {
    for security in [Security::Plain, Security::Tls12, Security::Tls13] {
        arrives_intact(security, &[1, 2, 377, 5, 16_384, 40_000]);
    }
}

#[test]
fn key_updates_and_tickets_pass_unnoticed_and_the_ticket_is_used() {
    let (kinds, kinds_seen) = channel();
    let server = serve(Security::Tls13, move |_, stream| {
        let (mut socket, _) = accept(stream);
        let Stream::Tls(tls) = socket.get_mut() else { unreachable!("TLS was asked for") };
        kinds.send(tls.conn.handshake_kind()).expect("the test listens");
        for n in 0..50_u8 {
            let Stream::Tls(tls) = socket.get_mut() else { unreachable!("TLS was asked for") };
            tls.conn.refresh_traffic_keys().expect("TLS 1.3");
            socket.send(Message::Binary(vec![n; 379].into())).expect("the client reads");
            socket.send(Message::Ping(vec![n].into())).expect("the client reads");
            let answer = socket.read().expect("a pong under the client's new key");
            assert_eq!(answer, Message::Pong(vec![n].into()));
        }
        socket.get_mut().flush().expect("flushed");
    });
    let (ended, _) = run(setup(&server, quick()), |seen| seen.payloads.len() == 100);
    assert_eq!(ended, Ended::Stopped);
    let kinds: Vec<_> = kinds_seen.iter().take(2).collect();
    assert_eq!(kinds, [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)]);
}

#[test]
fn pings_are_answered_and_every_frame_is_handed_over_once() {
    let (answers, answers_seen) = channel();
    let server = serve(Security::Tls13, move |_, stream| {
        let (mut socket, _) = accept(stream);
        let error = r#"{"errorCode":"E1001","errorMessage":"Invalid Request Payload."}"#;
        socket.send(Message::Ping(b"are you there".to_vec().into())).expect("sent");
        answers.send(socket.read().expect("an answer")).expect("the test listens");
        socket.send(Message::Text(error.into())).expect("sent");
        socket.send(Message::Pong(Vec::new().into())).expect("sent");
        socket.send(Message::Binary(vec![1; 51].into())).expect("sent");
        answers.send(socket.read().expect("a good-bye")).expect("the test listens");
    });
    let (ended, recorder) = run(setup(&server, quick()), |seen| seen.payloads.len() == 1);
    assert_eq!(ended, Ended::Stopped);
    assert_eq!(recorder.control, [ControlFrame::Ping, ControlFrame::Text, ControlFrame::Pong]);
    assert!(recorder.texts[0].contains("E1001"));
    let answers: Vec<Message> = answers_seen.iter().take(2).collect();
    assert_eq!(answers[0], Message::Pong(b"are you there".to_vec().into()));
    assert!(matches!(&answers[1], Message::Close(Some(frame)) if frame.code == CloseCode::Normal));
}

#[test]
fn the_heartbeat_is_a_text_ping() {
    let server = serve(Security::Plain, |_, stream| {
        let (mut socket, _) = accept(stream);
        while let Ok(Message::Text(text)) = socket.read() {
            assert_eq!(text.as_str(), "ping");
            socket.send(Message::Text("pong".into())).expect("sent");
        }
    });
    let limits = Limits { heartbeat: Duration::from_millis(30), ..quick() };
    let (_, recorder) = run(setup(&server, limits), |seen| seen.control.len() >= 3);
    assert_eq!(recorder.texts[..3], ["pong", "pong", "pong"]);
}

#[test]
fn reconnects_and_subscribes_again() {
    for security in [Security::Plain, Security::Tls13] {
        let (requests, requests_seen) = channel();
        let server = serve(security, move |number, stream| {
            let (mut socket, request) = accept(stream);
            requests.send(request).expect("the test listens");
            socket.send(Message::Binary(vec![number as u8; 51].into())).expect("sent");
            match number % 2 {
                0 => {}
                _ => {
                    let reason = "maintenance".into();
                    let frame = CloseFrame { code: CloseCode::Away, reason };
                    socket.close(Some(frame)).expect("sent");
                    linger(&mut socket);
                }
            }
        });
        let (_, recorder) = run(setup(&server, quick()), |seen| seen.payloads.len() == 5);
        let expected: Vec<Vec<u8>> = (0..5).map(|number| vec![number; 51]).collect();
        assert_eq!(recorder.payloads, expected);
        let requests: Vec<String> = requests_seen.try_iter().collect();
        assert!(requests[0].contains("43854") && requests[0].contains("43855"));
        assert!(requests.iter().all(|request| *request == requests[0]));
        let closed = Because::Closed { code: Some(1001), reason: "maintenance".to_owned() };
        assert!(backed_off(&recorder.states).any(|because| *because == closed));
        assert_eq!(recorder.control, [ControlFrame::Close, ControlFrame::Close]);
    }
}

fn backed_off(states: &[ConnectionState]) -> impl Iterator<Item = &Because> {
    states.iter().filter_map(|state| match state {
        ConnectionState::BackingOff { because, .. } => Some(because),
        _ => None,
    })
}

#[test]
fn status_401_without_fresh_tokens_ends_with_the_servers_words() {
    let words = "Invalid Header - Invalid Auth token";
    let server = serve(Security::Tls13, move |_, stream| refuse(stream, 401, words));
    let (ended, recorder) = run(setup(&server, quick()), |_| false);
    let Ended::Failed(error) = ended else { panic!("it fails") };
    let text = error.to_string();
    assert!(
        text.contains("401") && text.contains(words) && text.contains("no other login"),
        "{text}"
    );
    assert!(error.hint().contains("CLIENT_ID"));
    assert!(recorder.states.contains(&ConnectionState::Renewing));
}

#[test]
fn status_401_is_healed_by_fresh_tokens_even_if_they_take_three_renewals() {
    let (heads, heads_seen) = channel();
    let server = serve(Security::Plain, move |number, stream| {
        if number == 0 {
            return refuse(stream, 401, "Invalid Feed Token");
        }
        #[allow(clippy::result_large_err, reason = "tungstenite's own type")]
        let callback = |request: &tungstenite::handshake::server::Request, answer| {
            heads.send(request.headers().clone()).expect("the test listens");
            Ok(answer)
        };
        let mut socket = tungstenite::accept_hdr(stream, callback).expect("an upgrade");
        socket.send(Message::Binary(vec![1; 51].into())).expect("sent");
        linger(&mut socket);
    });
    let mut attempts = 0;
    let renew: Renew = Box::new(move |_| {
        attempts += 1;
        if attempts < 3 { Err(fault("the server is away", true)) } else { Ok(auth("FRESH")) }
    });
    let (ended, recorder) =
        run(StreamSetup { renew, ..setup(&server, quick()) }, |seen| seen.payloads.len() == 1);
    assert_eq!(ended, Ended::Stopped);
    let away = backed_off(&recorder.states).filter(|why| why.to_string().contains("is away"));
    assert_eq!(away.count(), 2, "{:?}", recorder.states);
    let headers = heads_seen.recv().expect("one upgrade");
    assert_eq!(headers["authorization"], "Bearer FRESH");
    assert_eq!(headers["x-api-key"], "API-KEY");
    assert_eq!(headers["x-client-code"], "A123");
    assert_eq!(headers["x-feed-token"], "FEED-TOKEN");
}

#[test]
fn tokens_refused_twice_end_the_stream() {
    let server = serve(Security::Plain, |_, stream| refuse(stream, 403, "blocked"));
    let renew: Renew = Box::new(|_| Ok(auth("FRESH")));
    let (ended, _) = run(StreamSetup { renew, ..setup(&server, quick()) }, |_| false);
    let Ended::Failed(MarketError::Stream(Failure::Refused(refusal))) = ended else {
        panic!("it fails, and was {ended:?}")
    };
    assert_eq!((refusal.status, refusal.message.as_deref()), (403, Some("blocked")));
}

#[test]
fn status_429_is_shown_with_its_limit_and_cools_down() {
    let server =
        serve(Security::Plain, |_, stream| refuse(stream, 429, "Connection Limit Exceeded"));
    let (ended, recorder) =
        run(setup(&server, quick()), |seen| backed_off(seen.states).next().is_some());
    assert_eq!(ended, Ended::Stopped);
    let Some(ConnectionState::BackingOff { because, .. }) =
        recorder.states.iter().find(|state| matches!(state, ConnectionState::BackingOff { .. }))
    else {
        panic!("it backs off")
    };
    let text = because.to_string();
    assert!(text.contains("429") && text.contains("Connection Limit Exceeded"), "{text}");
    assert!(because.hint().contains("3 stream connections"));
}

#[test]
fn a_silent_server_trips_the_watchdog() {
    let server = serve(Security::Tls13, |_, stream| {
        let (mut socket, _) = accept(stream);
        linger(&mut socket);
    });
    let limits = Limits {
        frame_stale: Duration::from_millis(150),
        frame_dead: Duration::from_millis(300),
        ..quick()
    };
    let (_, recorder) =
        run(setup(&server, limits), |seen| backed_off(seen.states).next().is_some());
    assert!(matches!(recorder.states[2], ConnectionState::Stale { .. }), "{:?}", recorder.states);
    assert!(matches!(backed_off(&recorder.states).next(), Some(Because::Silent(_))));
}

#[test]
fn bytes_that_are_no_frames_are_answered_and_the_stream_comes_back() {
    let (answers, answers_seen) = channel();
    let server = serve(Security::Plain, move |number, stream| {
        let (mut socket, _) = accept(stream);
        let broken = [&[0x8a, 0x00][..], &[0x83, 0x00]].concat();
        let bytes = if number == 0 { broken } else { binary(&[1; 51]) };
        socket.get_mut().write_all(&bytes).expect("sent");
        let _ = answers.send(socket.read());
    });
    let (_, recorder) = run(setup(&server, quick()), |seen| seen.payloads.len() == 1);
    assert!(matches!(backed_off(&recorder.states).next(), Some(Because::Protocol(_))));
    assert_eq!(recorder.control, [ControlFrame::Pong, ControlFrame::Broken], "each is counted");
    let answer = first(&answers_seen).expect("a good-bye");
    assert!(matches!(answer, Message::Close(Some(frame)) if frame.code == CloseCode::Protocol));
}

fn first<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(PATIENCE).expect("the server saw it")
}

#[test]
fn an_unknown_certificate_is_refused() {
    let server = serve(Security::Tls13, |_, mut stream| {
        let _ = stream.flush();
        let _ = std::io::Read::read(&mut stream, &mut [0; 16]);
    });
    let other = serve(Security::Tls13, |_, _| {});
    let setup = StreamSetup { tls: other.tls, ..setup(&server, quick()) };
    let (_, recorder) = run(setup, |seen| backed_off(seen.states).next().is_some());
    let because = backed_off(&recorder.states).next().expect("it backs off");
    assert!(matches!(because, Because::Unreachable { tls: true, .. }), "{because}");
    assert!(because.hint().contains("certificate"));
}

#[test]
fn gives_up_after_the_attempts_it_was_allowed() {
    let server = serve(Security::Plain, |_, stream| drop(stream));
    let limits = Limits { max_attempts: Some(3), ..quick() };
    let (ended, _) = run(setup(&server, limits), |_| false);
    let Ended::Failed(MarketError::Stream(Failure::GaveUp { attempts: 3, .. })) = ended else {
        panic!("it gives up, and was {ended:?}")
    };
}

/// Runs until the second idle call and gives how long that call's stop took to be obeyed.
fn time_to_stop(setup: StreamSetup) -> Duration {
    let mut stopped_at = None;
    let (ended, _) = run(setup, |seen| {
        let stops = seen.idles >= 2;
        if stops {
            stopped_at.get_or_insert_with(Instant::now);
        }
        stops
    });
    assert_eq!(ended, Ended::Stopped);
    stopped_at.expect("it was stopped").elapsed()
}

#[test]
fn a_stop_is_obeyed_within_a_second_at_any_moment() {
    let (held, _keep) = channel();
    let hanging = serve(Security::Tls13, move |_, stream| held.send(stream).expect("kept"));
    assert!(time_to_stop(setup(&hanging, quick())) < Duration::from_secs(1), "TLS hangs");

    let (held, _keep) = channel();
    let hanging = serve(Security::Plain, move |_, stream| held.send(stream).expect("kept"));
    assert!(time_to_stop(setup(&hanging, quick())) < Duration::from_secs(1), "upgrade hangs");

    let refusing = serve(Security::Plain, |_, stream| refuse(stream, 429, "limit"));
    assert!(time_to_stop(setup(&refusing, quick())) < Duration::from_secs(1), "cooling down");

    let silent = serve(Security::Tls13, |_, stream| linger(&mut accept(stream).0));
    assert!(time_to_stop(setup(&silent, quick())) < Duration::from_secs(1), "live and silent");

    let refusing = serve(Security::Plain, |_, stream| refuse(stream, 401, "no"));
    let (release, blocked) = channel::<()>();
    let renew: Renew = Box::new(move |_| {
        let _ = blocked.recv();
        Err(fault("late", false))
    });
    let setup = StreamSetup { renew, ..setup(&refusing, quick()) };
    assert!(time_to_stop(setup) < Duration::from_secs(1), "renewing");
    drop(release);
}

#[test]
fn a_stop_is_obeyed_although_frames_without_payload_keep_coming() {
    for security in [Security::Plain, Security::Tls13] {
        let server = serve(security, |_, stream| {
            let (mut socket, _) = accept(stream);
            while socket.send(Message::Pong(Vec::new().into())).is_ok() {}
        });
        let recorder = Recorder { most_control: 1000, ..Recorder::new(|_| false) };
        let (ended, recorder) = run_with(setup(&server, quick()), recorder);
        assert_eq!(ended, Ended::Stopped);
        assert_eq!(recorder.payloads.len(), 0);
    }
}

/// Ends when it is idle, but only after the server has written something behind a ping.
struct Draining {
    pinged: Sender<()>,
    written: Receiver<()>,
    drains: bool,
    payloads: usize,
}

impl Sink for Draining {
    fn on_payload(&mut self, _: &[u8], _: Stamps) -> Flow {
        self.payloads += 1;
        Flow::Continue
    }

    fn on_control(&mut self, _: ControlFrame) {
        self.pinged.send(()).expect("the server listens");
        first(&self.written);
        self.drains = true;
    }

    fn on_text(&mut self, _: &str) {}

    fn on_state(&mut self, _: &ConnectionState) {}

    fn on_idle(&mut self) -> Flow {
        if self.drains { Flow::Stop } else { Flow::Continue }
    }

    fn before_read(&mut self, _now: u64) {}

    fn is_stopping(&self) -> bool {
        false
    }
}

#[test]
fn it_is_not_idle_while_something_waits_in_the_socket() {
    for security in [Security::Plain, Security::Tls13] {
        let (pinged, ping_seen) = channel();
        let (writes, written) = channel();
        let server = serve(security, move |_, stream| {
            let (mut socket, _) = accept(stream);
            socket.send(Message::Ping(Vec::new().into())).expect("sent");
            first(&ping_seen);
            socket.send(Message::Binary(vec![1; 51].into())).expect("sent");
            writes.send(()).expect("the test listens");
            linger(&mut socket);
        });
        let mut stream = MarketStream::new(setup(&server, quick())).expect("a legal set-up");
        let mut sink = Draining { pinged, written, drains: false, payloads: 0 };
        // The ping makes the session send its answer before the next read.
        assert_eq!(stream.run(&mut sink), Ended::Stopped);
        assert_eq!(sink.payloads, 1, "over {security:?}");
    }
}

#[test]
fn a_hanging_connect_is_cut_off_and_tried_again() {
    let (held, _keep) = channel();
    let hanging = serve(Security::Tls13, move |_, stream| held.send(stream).expect("kept"));
    let limits = Limits { connect: Duration::from_millis(200), ..quick() };
    let (_, recorder) = run(setup(&hanging, limits), |seen| backed_off(seen.states).count() == 2);
    let because = backed_off(&recorder.states).next().expect("it backs off");
    assert!(because.to_string().contains("time"), "{because}");
}

#[test]
fn every_error_has_a_hint_and_shows_no_secret() {
    let secret = |text: &str| text.to_owned().into();
    let credential =
        StreamAuth::new(secret("KEY"), "A1".to_owned(), secret("SECRET\n"), secret("FEED")).err();
    let server = Server { url: "http://localhost/?t=SECRET".to_owned(), tls: serve_nothing() };
    let address = MarketStream::new(setup(&server, quick())).err();
    let server = Server { url: "ws://localhost".to_owned(), ..server };
    let mut many = setup(&server, quick());
    many.subscriptions = (0..1001)
        .map(|token| Subscription { token: token.to_string(), ..many.subscriptions[0].clone() })
        .collect();
    let errors = [credential, address, MarketStream::new(many).err()];
    for (error, value) in errors.into_iter().zip(["access token", "http://localhost/", "1001"]) {
        let error = error.expect("each is refused");
        let text = error.to_string();
        assert!(text.contains(value) && !text.contains("SECRET"), "{text}");
        assert!(!error.hint().is_empty());
    }
}

fn serve_nothing() -> std::sync::Arc<rustls::ClientConfig> {
    serve(Security::Plain, |_, _| {}).tls
}
