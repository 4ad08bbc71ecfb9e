//! Connections for orders are open before an order needs one.

use std::sync::atomic::AtomicBool;

use smartapi::rest::{Contract, Exchange, PlaceOrder, Pricing, Product, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::*;
use crate::broker::lanes::LANES;

const PATIENCE: Duration = Duration::from_secs(30);
/// The connections of an account.
const ALL: usize = 1 + LANES;

/// A TLS server that counts handshakes and can close all its connections.
struct Counting {
    address: String,
    pem: String,
    handshakes: watch::Sender<usize>,
    open: watch::Sender<usize>,
    closings: watch::Sender<usize>,
    orders: watch::Sender<usize>,
    /// Whether an order ends its connection and has no answer.
    hangs_up: AtomicBool,
}

impl Counting {
    async fn start() -> Arc<Self> {
        let (acceptor, pem) = certified();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let [handshakes, open, closings, orders] = [0; 4].map(|zero| watch::channel(zero).0);
        let hangs_up = AtomicBool::new(false);
        let server = Self { address, pem, handshakes, open, closings, orders, hangs_up };
        let server = Arc::new(server);
        let accepting = Arc::clone(&server);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a socket");
                tokio::spawn(Arc::clone(&accepting).serve(acceptor.clone(), socket));
            }
        });
        server
    }

    async fn serve(self: Arc<Self>, acceptor: tokio_rustls::TlsAcceptor, socket: TcpStream) {
        let mut closed = self.closings.subscribe();
        let Ok(mut stream) = acceptor.accept(socket).await else { return };
        self.open.send_modify(|count| *count += 1);
        self.handshakes.send_modify(|count| *count += 1);
        loop {
            let path = tokio::select! {
                _ = closed.changed() => break,
                path = request(&mut stream) => path,
            };
            let Some(path) = path else { break };
            self.orders.send_modify(|count| *count += usize::from(path == routes::PLACE_ORDER));
            if path == routes::PLACE_ORDER && self.hangs_up.load(Ordering::Relaxed) {
                break;
            }
            let seen = Seen { path, headers: HeaderMap::new(), body: Value::Null, earlier: 0 };
            let (_, kind, body) = answer(&seen);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).await.expect("writes");
        }
        self.open.send_modify(|count| *count -= 1);
    }

    async fn connect(&self, period: Duration, folder: &tempfile::TempDir) -> Broker {
        let (rest, stream) = (format!("https://{0}", self.address), "wss://127.0.0.1");
        let addresses = Addresses { rest: &rest, market_stream: stream, scrip_master: &rest };
        let servers = Servers::local(&addresses, Some(self.pem.as_bytes())).expect("local");
        let rules = Rules { keep_warm: Some(period), ..Rules::default() };
        let state = StateFolder::at(folder.path());
        let pace = Pace { queue: PATIENCE, ..Pace::default() };
        let broker = Broker::connect_by(Clock::System, pace, servers, credentials(), &state, rules);
        broker.await.expect("logs in")
    }

    fn handshakes(&self) -> usize {
        *self.handshakes.borrow()
    }
}

/// The path of the next request, once all of it is there; none if the client has gone.
async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return head.split(' ').nth(1).map(str::to_owned);
            }
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        text += std::str::from_utf8(&part[..count]).expect("text");
    }
}

fn answer(seen: &Seen) -> Answer {
    match seen.path.as_str() {
        routes::FUNDS => good(json!({ "net": "1" })),
        routes::PLACE_ORDER => good(json!({ "orderid": "1" })),
        _ => well(seen),
    }
}

async fn reaches(count: &watch::Sender<usize>, right: impl Fn(usize) -> bool) {
    let mut count = count.subscribe();
    let waiting = count.wait_for(|count| right(*count));
    tokio::time::timeout(PATIENCE, waiting).await.expect("in time").expect("open");
}

fn order() -> PlaceOrder {
    let option = Contract { exchange: Exchange::Nfo, tradingsymbol: "NIFTY", symboltoken: "1" };
    let limit = Pricing::Limit { price: "1".parse().expect("a price") };
    PlaceOrder::new(option, Side::Buy, 75, Product::Intraday, limit).expect("fits")
}

#[tokio::test]
async fn an_order_makes_no_handshake_even_after_the_server_closed_its_connections() {
    let server = Counting::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let broker = server.connect(Duration::from_millis(10), &folder).await;
    assert_eq!(server.handshakes(), ALL, "one for reads and the others for orders");
    assert!(matches!(broker.place(order()).await, Ok(Placement::Accepted(_))));
    assert_eq!(server.handshakes(), ALL);

    server.closings.send_modify(|closings| *closings += 1);
    // The keeper, and nobody else, opens those for orders again.
    reaches(&server.handshakes, |count| count >= ALL + LANES).await;
    assert!(matches!(broker.place(order()).await, Ok(Placement::Accepted(_))));
    assert_eq!(server.handshakes(), ALL + LANES);
}

#[tokio::test]
async fn as_many_orders_at_once_as_the_limit_allows_make_no_handshake() {
    let server = Counting::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Arc::new(server.connect(Duration::from_secs(3600), &folder).await);
    let place = |_| {
        let broker = Arc::clone(&broker);
        tokio::spawn(async move { broker.place(order()).await })
    };
    let all: Vec<_> = (0..9).map(place).collect();
    for one in all {
        let placed = one.await.expect("ends");
        assert!(matches!(placed, Ok(Placement::Accepted(_))), "{placed:?}");
    }
    assert_eq!(server.handshakes(), ALL);
}

#[tokio::test]
async fn a_connection_that_an_order_broke_is_opened_again_at_once() {
    let server = Counting::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let broker = server.connect(Duration::from_secs(3600), &folder).await;
    server.hangs_up.store(true, Ordering::Relaxed);
    assert!(matches!(broker.place(order()).await, Ok(Placement::Unknown { .. })));
    // By the keeper, long before its period is over.
    reaches(&server.handshakes, |count| count == ALL + 1).await;
}

/// A twin whose session is over for everything but logins, as long as `refuses` says so of a request.
async fn kept(
    pace: Pace,
    refuses: impl Fn(&Seen) -> bool + Send + Sync + 'static,
) -> (Twin, Broker) {
    let twin = Twin::start(move |seen| match seen.path.as_str() {
        routes::FUNDS | routes::PROFILE if refuses(seen) => dead(),
        _ => answer(seen),
    })
    .await;
    let rules = Rules { keep_warm: Some(Duration::from_millis(10)), ..NO_KEEPER };
    let broker = twin.connect_with(rules, pace).await.expect("logs in");
    (twin, broker)
}

async fn until(twin: &Twin, path: &str, count: usize) {
    let is_there = async {
        while twin.asked().iter().filter(|asked| *asked == path).count() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_there).await.expect("in time");
}

#[tokio::test]
async fn the_keeper_renews_a_session_that_the_broker_ended() {
    let is_old = |seen: &Seen| {
        seen.headers.get("authorization").is_some_and(|jwt| jwt == "Bearer jwt-secret-login0")
    };
    let (twin, broker) = kept(Pace::default(), is_old).await;
    until(&twin, "generateTokens", 1).await;
    let old = broker.stream_auth().expect("fit");
    broker.renew(&old).await.expect("renews");
    assert!(matches!(broker.place(order()).await, Ok(Placement::Accepted(_))));
    assert!(broker.not_renewed().is_none());
}

#[tokio::test]
async fn the_keeper_logs_in_after_midnight_before_an_order_comes() {
    let (twin, _broker) = kept(Pace::default(), |_| false).await;
    let until_midnight = 86_400_000 - (MORNING_MS + 19_800_000) % 86_400_000;
    twin.now.store(MORNING_MS + until_midnight, Ordering::Relaxed);
    until(&twin, "loginByPassword", 2).await;
    assert!(!twin.asked().contains(&"generateTokens".to_owned()), "the refresh token is over too");
}

#[tokio::test]
async fn an_order_that_meets_a_connection_closed_a_moment_ago_is_not_sent_twice() {
    let server = Counting::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let broker = server.connect(Duration::from_secs(3600), &folder).await;
    for round in 1..=5 {
        server.closings.send_modify(|closings| *closings += 1);
        // Whether the client has noticed is open, and with it what becomes of the order.
        let placement = broker.place(order()).await;
        let sent = *server.orders.borrow();
        match placement {
            Ok(Placement::Accepted(_)) => assert_eq!(sent, 1, "round {round}"),
            Ok(Placement::Unknown { .. }) => assert!(sent <= 1, "round {round}: {sent}"),
            other => panic!("{other:?}"),
        }
        server.orders.send_replace(0);
    }
}

#[tokio::test]
async fn the_keeper_and_all_connections_end_with_the_broker() {
    let server = Counting::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let broker = server.connect(Duration::from_millis(10), &folder).await;
    reaches(&server.open, |count| count == ALL).await;
    drop(broker);
    reaches(&server.open, |count| count == 0).await;
}

#[tokio::test]
async fn without_a_keeper_nothing_is_read_that_nobody_asked_for() {
    let twin = Twin::start(well).await;
    let broker = twin.connect_with(NO_KEEPER, Pace::default()).await.expect("logs in");
    broker.profile().await.expect("answers");
    assert_eq!(twin.asked(), ["loginByPassword", "getProfile"]);
}
