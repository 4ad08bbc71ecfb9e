//! Whether the report shows a delay where it was made, how long it was, and nowhere else.
//!
//! The real stream, pilot, path and meter run on one thread, which also plays the server: it writes
//! the next packet right before it reads. So there is one packet in flight, and nothing is waited for.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use client::market::{
    self, ConnectionState, ControlFrame, Ended, Flow, KernelStamps, Limits, MarketStream,
    RenewalFault, Sink, StreamAuth, StreamSetup,
};
use client::{Addresses, Servers};
use engine::probe::{self, Counter as _, Filed, Meter, Probe, Stage};
use engine::tick_path::TickPath;
use engine::tick_path::feed::{Feed, Subscription};
use engine::tick_path::strategy::{Momentum, Strategy as _};
use engine::venue::FillModel;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use smartapi::packet::{
    ExchangeType, FromZeros as _, IntoBytes as _, Mode, SnapQuote, token_field,
};
use tungstenite::{Message, WebSocket};

use super::arrival::{ArrivalCounts, Arrivals};
use super::pilot::{Metering, Order, Pilot};
use crate::clock::{Cycles, OffsetWatch};
use crate::failure::{Failure, Status};
use crate::report::{StageFigures, complete, stages};

const TICKS: u64 = 60;
const SETTLE: u64 = 20;
/// How long a delay is at least.
const DELAY_NS: u64 = 1_000_000;
/// 09:36:00 in India on 6 Oct 2025, in milliseconds.
const FIRST_MS: i64 = 1_759_723_560_000;
const TOKEN: &str = "47338";

/// Where a delay is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delay {
    Nowhere,
    /// Before the mark at the end of this stage.
    Mark(Stage),
    /// Between the arrival of a packet and the read call.
    BeforeRead,
    /// Between the read call and the frame: a frame before it in the same read takes long.
    BeforeFrame,
    /// Between the first half of a frame and the second, by the server.
    InFrame,
}

/// How the stream comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Plain,
    Tls,
}

/// What is done to a run.
#[derive(Clone, Copy, Debug)]
struct Trick {
    over: Over,
    delay: Delay,
    /// A stage that is never marked.
    leaves_out: Option<Stage>,
    /// Whether the server sends anything.
    sends: bool,
}

const PLAIN: Trick =
    Trick { over: Over::Plain, delay: Delay::Nowhere, leaves_out: None, sends: true };

/// Spins for the delay; how long it really was.
fn spin(cycles: &Cycles) -> u64 {
    let begin = cycles.raw();
    loop {
        let spun = cycles.nanos(begin, cycles.raw());
        if spun >= DELAY_NS {
            return spun;
        }
        std::hint::spin_loop();
    }
}

/// The real meter, with a delay before one of its marks, or without one of them.
struct Tricked {
    meter: Meter<Cycles>,
    trick: Trick,
    spun: Vec<u64>,
}

impl Probe for Tricked {
    type Trace = probe::Stamps;

    fn mark(&mut self, trace: &mut probe::Stamps, stage: Stage) {
        if self.trick.delay == Delay::Mark(stage) {
            self.spun.push(spin(self.meter.counter()));
        }
        if self.trick.leaves_out != Some(stage) {
            self.meter.mark(trace, stage);
        }
    }

    fn file(&mut self, trace: probe::Stamps, filed: &Filed) {
        self.meter.file(trace, filed);
    }

    fn conclude(&mut self) {
        self.meter.conclude();
    }
}

impl Metering for Tricked {
    fn meter(&self) -> &Meter<Cycles> {
        &self.meter
    }

    fn meter_mut(&mut self) -> &mut Meter<Cycles> {
        &mut self.meter
    }
}

/// The server's end of a stream, behind its handshakes.
type FarEnd = Box<dyn Write + Send>;

/// The pilot, and the server's end of its stream.
struct Lockstep {
    pilot: Pilot<Momentum, Tricked>,
    cycles: Cycles,
    offsets: OffsetWatch,
    /// Where the server's end comes from when the client is subscribed.
    far_ends: Receiver<FarEnd>,
    far_end: Option<FarEnd>,
    delay: Delay,
    sent: i64,
    /// The second half of a frame, and how many reads are to come before it is sent.
    held_back: Option<(Vec<u8>, u8)>,
    /// How long the delays were that are not made by the probe.
    waited: Vec<u64>,
    idles: usize,
}

impl Lockstep {
    fn write(&mut self, bytes: &[u8]) {
        let come = || self.far_ends.recv().expect("an upgrade and a subscription");
        let far_end = self.far_end.get_or_insert_with(come);
        far_end.write_all(bytes).and_then(|()| far_end.flush()).expect("the stream is open");
    }

    fn send_next(&mut self) {
        const PONG: [u8; 2] = [0x8a, 0];
        let frame = frame(self.sent);
        self.sent += 1;
        match self.delay {
            Delay::Nowhere => {
                // As slow as with a delay, so that the caches are as cold.
                spin(&self.cycles);
                self.write(&frame);
            }
            Delay::Mark(_) => self.write(&frame),
            Delay::BeforeRead => {
                self.write(&frame);
                self.waited.push(spin(&self.cycles));
            }
            Delay::BeforeFrame => self.write(&[&PONG, frame.as_slice()].concat()),
            Delay::InFrame => {
                let (first, second) = frame.split_at(200);
                self.write(first);
                self.held_back = Some((second.to_vec(), 1));
            }
        }
    }
}

impl Sink for Lockstep {
    fn on_payload(&mut self, payload: &[u8], stamps: market::Stamps) -> Flow {
        let flow = self.pilot.on_payload(payload, stamps);
        self.offsets.look(&self.cycles);
        if flow == Flow::Continue {
            self.send_next();
        }
        flow
    }

    fn on_control(&mut self, kind: ControlFrame) {
        self.pilot.on_control(kind);
        if self.delay == Delay::BeforeFrame {
            self.waited.push(spin(&self.cycles));
        }
    }

    fn on_text(&mut self, text: &str) {
        self.pilot.on_text(text);
    }

    fn on_state(&mut self, state: &ConnectionState) {
        self.pilot.on_state(state);
    }

    fn on_idle(&mut self) -> Flow {
        self.idles += 1;
        if self.idles == 2 {
            self.pilot.orders.give(Order::Stop);
        }
        self.pilot.on_idle()
    }

    fn before_read(&mut self, now: u64) {
        if self.sent == 0 && self.pilot.path.trader().probe().trick.sends {
            self.send_next();
        }
        match self.held_back.take() {
            Some((rest, 0)) => {
                self.waited.push(spin(&self.cycles));
                self.write(&rest);
            }
            Some((rest, reads)) => self.held_back = Some((rest, reads - 1)),
            None => {}
        }
        self.pilot.before_read(now);
    }

    fn is_stopping(&self) -> bool {
        self.pilot.is_stopping()
    }
}

/// One packet as a server's frame.
fn frame(number: i64) -> Vec<u8> {
    let mut packet = SnapQuote::new_zeroed();
    packet.quote.head.mode = Mode::SnapQuote as u8;
    packet.quote.head.exchange_type = ExchangeType::NSE_FO.0;
    packet.quote.head.token = token_field(TOKEN).expect("fits");
    packet.quote.head.sequence.set(number + 1);
    packet.quote.head.exchange_ts_ms.set(FIRST_MS + number * 200);
    packet.quote.head.ltp.set(18_000 + number % 7 * 5);
    packet.quote.last_traded_qty.set(75);
    let payload = packet.as_bytes();
    let length = (payload.len() as u16).to_be_bytes();
    [&[0x82, 126], &length[..], payload].concat()
}

/// A socket behind the upgrade, to be written to.
struct Upgraded<S>(WebSocket<S>);

impl<S: Read + Write> Write for Upgraded<S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.get_mut().flush()
    }
}

/// Upgrades, and takes the subscription.
fn upgrade(socket: impl Read + Write + Send + 'static) -> FarEnd {
    let mut socket = tungstenite::accept(socket).expect("an upgrade");
    assert!(matches!(socket.read(), Ok(Message::Text(_))), "a subscription comes first");
    Box::new(Upgraded(socket))
}

/// A server's TLS, and its certificate as PEM.
fn tls() -> (Arc<ServerConfig>, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("key and certificate");
    (Arc::new(config), cert.pem())
}

/// A stream, and where the server's end of its connection comes from.
fn stream(cycles: &Cycles, over: Over) -> (MarketStream, Receiver<FarEnd>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (config, authority) = tls();
    let (subscribed, far_ends) = sync_channel(1);
    std::thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        socket.set_nodelay(true).expect("a socket option");
        let far_end = match over {
            Over::Plain => upgrade(socket),
            Over::Tls => {
                let tls = ServerConnection::new(config).expect("a connection");
                upgrade(StreamOwned::new(tls, socket))
            }
        };
        subscribed.send(far_end).expect("awaited");
    });
    let (scheme, rest) = match over {
        Over::Plain => ("ws", "http://localhost:1"),
        Over::Tls => ("wss", "https://localhost:1"),
    };
    let url = format!("{scheme}://localhost:{port}");
    let secret = |text: &str| text.to_owned().into();
    let auth = StreamAuth::new(secret("KEY"), "A1".to_owned(), secret("JWT"), secret("FEED"));
    let subscription = market::Subscription {
        mode: Mode::SnapQuote,
        exchange_type: ExchangeType::NSE_FO,
        token: TOKEN.to_owned(),
    };
    let addresses = Addresses { rest, market_stream: &url, scrip_master: rest };
    let authority = (over == Over::Tls).then_some(authority.as_bytes());
    let servers = Servers::local(&addresses, authority).expect("this machine");
    let setup = StreamSetup {
        url,
        tls: servers.tls().clone(),
        auth: auth.expect("fit for headers"),
        renew: Box::new(|_| Err(RenewalFault { text: "no login".to_owned(), retryable: false })),
        subscriptions: vec![subscription],
        limits: Limits::default(),
        tuning: market::Tuning::default(),
        clock: cycles.clock(),
        entropy: 1,
    };
    (MarketStream::new(setup).expect("a legal set-up"), far_ends)
}

/// What a run came to.
struct Seen {
    figures: Vec<StageFigures>,
    /// The median of the delays that were made; 0 if there were none.
    delay_ns: u64,
    arrived: ArrivalCounts,
    complaints: Vec<Failure>,
}

fn fly(trick: Trick) -> Seen {
    let cycles = Cycles::new();
    let _on = KernelStamps::switch_on(&cycles.clock()).expect("Linux stamps");
    let config = engine::config::load(&[]).expect("defaults");
    let meter = Meter::new(cycles.clone(), Stage::KernelWait, TICKS as usize);
    let probe = Tricked { meter, trick, spun: Vec::new() };
    let token = token_field(TOKEN).expect("fits");
    let feed =
        Feed::new(Subscription { segment: ExchangeType::NSE_FO, token, mode: Mode::SnapQuote });
    let (fills, strategy) = (FillModel::default(), Momentum::new(&config));
    let (mut stream, far_ends) = stream(&cycles, trick.over);
    let offsets = OffsetWatch::new(&cycles);
    let path = TickPath::live(&config, feed, strategy, fills, probe, SETTLE);
    let pilot = Pilot {
        arrivals: Some(Arrivals::new(&cycles, offsets.clock())),
        ..Pilot::new(path, &cycles, TICKS)
    };
    let mut lockstep = Lockstep {
        pilot,
        cycles,
        offsets,
        far_ends,
        far_end: None,
        delay: trick.delay,
        sent: 0,
        held_back: None,
        waited: Vec::new(),
        idles: 0,
    };
    assert_eq!(stream.run(&mut lockstep), Ended::Stopped);
    lockstep.pilot.finish();
    let Lockstep { pilot: Pilot { path, arrived, .. }, mut waited, .. } = lockstep;
    let Tricked { meter, spun, .. } = path.trader().probe();
    waited.extend(spun);
    waited.sort_unstable();
    Seen {
        figures: stages(meter),
        delay_ns: waited.get(waited.len() / 2).copied().unwrap_or_default(),
        arrived,
        complaints: complete::complaints(path.frames(), meter, arrived.unknown()),
    }
}

/// What a run with a delay shows wrongly: each stage has to show what it shows without, and `stage`
/// the delay besides, within a fiftieth of the delay.
fn shown_wrongly(over: Over, delay: Delay, stage: Option<Stage>) -> Vec<String> {
    let without = Trick { over, ..PLAIN };
    let (without, with) = (fly(without), fly(Trick { delay, ..without }));
    // A run in which a stamp was missing says nothing of the stages.
    let all_exact = ArrivalCounts { exact: TICKS, ..ArrivalCounts::default() };
    let unsure = |seen: &Seen| (seen.arrived != all_exact).then(|| format!("{:?}", seen.arrived));
    let complaints = [&without, &with].into_iter().flat_map(|seen| &seen.complaints);
    let spoilt: Vec<String> = [&without, &with].into_iter().filter_map(unsure).collect();
    let spoilt: Vec<String> = complaints.map(Failure::to_string).chain(spoilt).collect();
    if !spoilt.is_empty() {
        return spoilt;
    }
    assert!(with.delay_ns >= DELAY_NS, "{} ns", with.delay_ns);
    let median = |stage: &StageFigures| stage.figures.p50_ns.expect("sixty ticks");
    let wrong = without.figures.iter().zip(&with.figures).filter_map(|(before, after)| {
        let is_delayed = stage.is_some_and(|stage| stage.name() == after.name);
        let wanted = median(before) + if is_delayed { with.delay_ns } else { 0 };
        let wrong = median(after).abs_diff(wanted) > with.delay_ns / 50;
        wrong.then(|| format!("{} shows {} ns instead of {wanted}", after.name, median(after)))
    });
    wrong.collect()
}

/// The delay is in `stage` and in no other, without TLS and with it. Other programs may spoil a run,
/// but not three of them.
#[track_caller]
fn assert_shown(delay: Delay, stage: Option<Stage>) {
    for over in [Over::Plain, Over::Tls] {
        let tries = (0..3).map(|_| shown_wrongly(over, delay, stage));
        let wrong: Vec<_> = tries.take_while(|wrong| !wrong.is_empty()).collect();
        assert!(wrong.len() < 3, "{delay:?} over {over:?}: {wrong:?}");
    }
}

#[test]
fn a_delay_before_a_mark_is_in_the_stage_that_ends_there() {
    for stage in Stage::ALL.into_iter().filter(|stage| *stage >= Stage::Feed) {
        assert_shown(Delay::Mark(stage), Some(stage));
    }
}

#[test]
fn a_packet_that_is_not_read_waits_in_the_kernel() {
    assert_shown(Delay::BeforeRead, Some(Stage::KernelWait));
}

#[test]
fn a_frame_that_was_read_and_is_held_up_by_another_one_waits_in_framing() {
    assert_shown(Delay::BeforeFrame, Some(Stage::Framing));
}

#[test]
fn a_frame_whose_end_the_server_keeps_back_waits_nowhere() {
    assert_shown(Delay::InFrame, None);
}

#[test]
fn a_stage_that_the_probe_leaves_out_makes_the_measurement_incomplete() {
    for stage in Stage::ALL.into_iter().filter(|stage| *stage >= Stage::Feed) {
        let seen = fly(Trick { leaves_out: Some(stage), ..PLAIN });
        let told: Vec<String> = seen.complaints.iter().map(Failure::to_string).collect();
        let expected = format!("stage {} holds 0 of {TICKS} traces", stage.name());
        assert!(told.iter().any(|told| told.contains(&expected)), "{told:?}");
        assert!(seen.complaints.iter().all(|failure| failure.status == Status::Incomplete));
    }
}

#[test]
fn a_feed_that_sends_nothing_makes_the_measurement_incomplete() {
    let seen = fly(Trick { sends: false, ..PLAIN });
    let told = seen.complaints.first().expect("a complaint");
    assert_eq!(told.status, Status::Incomplete);
    assert!(told.to_string().contains("nothing was traced: 0 frames came"), "{told}");
}
