//! Tests of the session against a server on this machine that speaks the login.

mod errors;
mod keeper;
mod orders;
mod reads;
mod renewals;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use smartapi::rest::{ApiError, Envelope, GatewayFailure, RATE_LIMIT_TEXT, routes};
use smartapi::stream::expiry::DayEnd;
use tokio::net::TcpListener;

use super::*;
use crate::credentials::PlainCredentials;
use crate::servers::Addresses;
use crate::state::StateError;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SECRETS: [&str; 7] =
    ["key1secret", "pin4321", SECRET, "jwt-secret", "refresh-secret", "feed-secret", "287082"];
/// 2026-11-20 09:30:02 IST, two seconds into a TOTP step.
const MORNING_MS: u64 = 1_795_147_202_000;

/// One request as the server saw it.
struct Seen {
    path: String,
    headers: HeaderMap,
    body: Value,
    /// Earlier requests of the same path.
    earlier: usize,
}

type Answer = (u16, &'static str, String);

/// Instead of a status: no answer at all, and the end of the connection.
const SILENCE: u16 = 0;
const HANG_UP: u16 = 1;

/// A server whose answers a test writes, and all that was asked of it.
struct Twin {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    folder: tempfile::TempDir,
    now: Arc<AtomicU64>,
    serving: tokio::task::JoinHandle<()>,
}

/// For tests that send no orders: no reads but those that they make.
const NO_KEEPER: Rules = Rules {
    allow_market: false,
    quotes_per_second: 6,
    public_address: None,
    keep_warm: None,
    day_end: DayEnd::MIDNIGHT,
};

impl Twin {
    async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let app = router(Arc::clone(&seen), answer);
        let serving =
            tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        let folder = tempfile::tempdir().expect("a folder");
        let now = Arc::new(AtomicU64::new(MORNING_MS));
        Self { address, seen, folder, now, serving }
    }

    async fn connect(&self) -> Result<Broker, BrokerError> {
        self.connect_with(NO_KEEPER, Pace::default()).await
    }

    async fn connect_with(&self, rules: Rules, pace: Pace) -> Result<Broker, BrokerError> {
        let (http, ws) = (format!("http://{}", self.address), format!("ws://{}", self.address));
        let addresses = Addresses { rest: &http, market_stream: &ws, scrip_master: &http };
        let servers = Servers::local(&addresses, None);
        let state = StateFolder::at(self.folder.path().join("state"));
        let clock = Clock::Jumping(Arc::clone(&self.now));
        let servers = servers.expect("local");
        Broker::connect_by(clock, pace, servers, credentials(), &state, rules).await
    }

    /// The last parts of the paths asked for, in order.
    fn asked(&self) -> Vec<String> {
        let seen = self.seen.lock().expect("whole");
        let last = |seen: &Seen| seen.path.rsplit('/').next().map(str::to_owned);
        seen.iter().filter_map(last).collect()
    }

    fn body(&self, index: usize, name: &str) -> String {
        let seen = self.seen.lock().expect("whole");
        seen[index].body[name].as_str().expect("text").to_owned()
    }

    fn header(&self, index: usize, name: &str) -> Option<String> {
        let seen = self.seen.lock().expect("whole");
        Some(seen[index].headers.get(name)?.to_str().expect("text").to_owned())
    }

    fn session_file(&self) -> PathBuf {
        let listed = fs::read_dir(self.folder.path().join("state")).expect("a folder");
        let mut paths: Vec<_> = listed.map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(paths.len(), 1, "one session file and nothing beside it");
        paths.remove(0)
    }
}

fn router(
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
) -> Router {
    let answer = Arc::new(answer);
    Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let (status, kind, text) = {
            let mut seen = seen.lock().expect("whole");
            let path = uri.path().to_owned();
            let earlier = seen.iter().filter(|seen| seen.path == path).count();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            seen.push(Seen { path, headers, body, earlier });
            answer(seen.last().expect("just pushed"))
        };
        match status {
            SILENCE => std::future::pending().await,
            // Ends the task of the connection, and the socket with it.
            HANG_UP => std::panic::resume_unwind(Box::new(())),
            _ => {}
        }
        let status = StatusCode::from_u16(status).expect("a status");
        (status, [(header::CONTENT_TYPE, kind)], text).into_response()
    })
}

fn credentials() -> Credentials {
    let plain = PlainCredentials {
        api_key: "key1secret".into(),
        client_id: "A1".into(),
        pin: "pin4321".into(),
        totp_secret: SECRET.into(),
    };
    Credentials::given(plain).expect("fit")
}

fn good(data: Value) -> Answer {
    (200, "application/json", serde_json::to_string(&Envelope::success(data)).expect("writes"))
}

fn bad(code: &str, message: &str) -> Answer {
    let text = serde_json::to_string(&Envelope::failure(code, message)).expect("writes");
    (200, "application/json", text)
}

fn dead() -> Answer {
    let failure = GatewayFailure::new("AG8001", "Invalid Token");
    (200, "application/json", serde_json::to_string(&failure).expect("writes"))
}

/// A broker in good order; its tokens carry the number of the login or refresh.
fn well(seen: &Seen) -> Answer {
    let tokens = |kind: &str| {
        json!({
            "jwtToken": format!("jwt-secret-{kind}{}", seen.earlier),
            "refreshToken": format!("refresh-secret-{kind}{}", seen.earlier),
            "feedToken": format!("feed-secret-{kind}{}", seen.earlier),
        })
    };
    match seen.path.as_str() {
        routes::LOGIN => good(tokens("login")),
        routes::GENERATE_TOKENS => good(tokens("fresh")),
        routes::PROFILE => good(json!({ "clientcode": "A1", "name": "N", "exchanges": ["NFO"] })),
        routes::SEARCH_SCRIP => good(json!([
            { "exchange": "NFO", "tradingsymbol": "NIFTY28NOV2626000CE", "symboltoken": "43125" }
        ])),
        routes::LOGOUT => good(json!("")),
        other => panic!("no route {other}"),
    }
}

#[track_caller]
fn shows_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn a_first_start_logs_in_and_a_second_takes_the_session_up() {
    let twin = Twin::start(well).await;
    let first = twin.connect().await.expect("logs in");
    assert_eq!(first.start(), SessionStart::LoggedIn(LoginReason::NothingSaved));
    let mode = fs::metadata(twin.session_file()).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);

    let second = twin.connect().await.expect("takes up");
    assert_eq!(second.start(), SessionStart::Restored);
    assert_eq!(twin.asked(), ["loginByPassword", "getProfile"]);
    assert_eq!(twin.header(1, "authorization").as_deref(), Some("Bearer jwt-secret-login0"));
    shows_no_secret(&format!("{first:?} {second:?} {}", second.start()));
}

#[tokio::test]
async fn a_login_sends_what_the_broker_asks_for() {
    let twin = Twin::start(well).await;
    twin.connect().await.expect("logs in");
    assert_eq!(twin.body(0, "clientcode"), "A1");
    assert_eq!(twin.body(0, "password"), "pin4321");
    let code = twin.body(0, "totp");
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    for (name, value) in [
        ("x-privatekey", "key1secret"),
        ("x-usertype", "USER"),
        ("x-sourceid", "WEB"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(twin.header(0, name).as_deref(), Some(value), "{name}");
    }
    for name in ["x-clientlocalip", "x-clientpublicip", "x-macaddress", "user-agent"] {
        assert!(twin.header(0, name).is_some(), "{name}");
    }
    assert_eq!(twin.header(0, "authorization"), None);
}

#[tokio::test]
async fn a_saved_session_that_the_broker_refuses_costs_one_login() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::PROFILE => dead(),
        _ => well(seen),
    })
    .await;
    twin.connect().await.expect("logs in");
    let broker = twin.connect().await.expect("logs in again");
    assert_eq!(broker.start(), SessionStart::LoggedIn(LoginReason::SavedRefused));
    assert_eq!(twin.asked(), ["loginByPassword", "getProfile", "loginByPassword"]);
}

#[tokio::test]
async fn a_session_from_before_midnight_in_india_is_not_even_asked_for() {
    let twin = Twin::start(well).await;
    twin.connect().await.expect("logs in");
    let until_midnight = 86_400_000 - (MORNING_MS + 19_800_000) % 86_400_000;
    twin.now.store(MORNING_MS + until_midnight, Ordering::Relaxed);
    let broker = twin.connect().await.expect("logs in again");
    assert_eq!(broker.start(), SessionStart::LoggedIn(LoginReason::SavedExpired));
    assert_eq!(twin.asked(), ["loginByPassword", "loginByPassword"]);
}

#[tokio::test]
async fn a_damaged_session_file_is_said_and_replaced() {
    let twin = Twin::start(well).await;
    twin.connect().await.expect("logs in");
    fs::write(twin.session_file(), "{\"jwt").expect("damages");
    let broker = twin.connect().await.expect("logs in again");
    assert_eq!(broker.start(), SessionStart::LoggedIn(LoginReason::SavedDamaged));
    assert!(broker.start().to_string().contains("damaged"));
    assert_eq!(twin.connect().await.expect("takes up").start(), SessionStart::Restored);
}

#[tokio::test]
async fn a_session_file_that_others_can_read_stops_the_start() {
    let twin = Twin::start(well).await;
    twin.connect().await.expect("logs in");
    let path = twin.session_file();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("opens up");
    let error = twin.connect().await.expect_err("refused");
    assert!(matches!(error, BrokerError::State(StateError::TooOpen { mode: 0o644, .. })));
    assert!(error.hint().contains("chmod 600"), "{}", error.hint());
    assert_eq!(twin.asked(), ["loginByPassword"], "no call and no second login");
}

#[tokio::test]
async fn a_refused_totp_is_tried_once_more_in_the_next_step() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::LOGIN, 0) => bad("AB1050", "Invalid totp"),
        _ => well(seen),
    })
    .await;
    twin.connect().await.expect("the second code is taken");
    assert_eq!(twin.asked(), ["loginByPassword", "loginByPassword"]);
    assert_ne!(twin.body(0, "totp"), twin.body(1, "totp"));
    assert_eq!(twin.now.load(Ordering::Relaxed), MORNING_MS + 28_000, "the start of the next step");
}

#[tokio::test]
async fn a_totp_that_is_refused_twice_ends_it() {
    let twin = Twin::start(|_| bad("AB1050", "Invalid totp")).await;
    let error = twin.connect().await.expect_err("refused");
    assert_eq!(twin.asked().len(), 2, "no third try");
    assert!(error.to_string().contains("AB1050"), "{error}");
    assert!(error.hint().contains("clock") && error.hint().contains("SMARTAPI_TOTP_SECRET"));
    shows_no_secret(&format!("{error} {error:?} {}", error.hint()));
}

#[tokio::test]
async fn a_login_waits_for_the_next_step_when_this_one_is_nearly_over() {
    let twin = Twin::start(well).await;
    twin.now.store(MORNING_MS + 26_000, Ordering::Relaxed);
    twin.connect().await.expect("logs in");
    assert_eq!(twin.now.load(Ordering::Relaxed), MORNING_MS + 28_000);
}

#[tokio::test]
async fn a_wrong_pin_is_said_and_not_tried_again() {
    let twin = Twin::start(|_| bad("AB1007", "Invalid Password")).await;
    let error = twin.connect().await.expect_err("refused");
    assert_eq!(twin.asked(), ["loginByPassword"]);
    let told = error.to_string();
    assert!(told.contains("AB1007") && told.contains("while logging in"), "{told}");
    assert!(error.hint().contains("PIN"), "{}", error.hint());
    shows_no_secret(&format!("{error} {error:?} {}", error.hint()));
}

#[tokio::test]
async fn a_broker_in_trouble_costs_neither_the_saved_session_nor_the_start() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::PROFILE, 0 | 3) => (403, "text/plain", RATE_LIMIT_TEXT.to_owned()),
        (routes::PROFILE, 1) => (502, "text/html", "<html>".to_owned()),
        (routes::PROFILE, 2) => (200, "application/json", String::new()),
        _ => well(seen),
    })
    .await;
    let quick = Pace { retry: Duration::from_millis(1), retries: 2, ..Pace::default() };
    twin.connect().await.expect("logs in");
    let error = twin.connect_with(NO_KEEPER, quick).await.expect_err("three times in trouble");
    assert!(matches!(error.api(), Some(ApiError::Empty { .. })), "{error}");
    let broker = twin.connect_with(NO_KEEPER, quick).await.expect("takes up, the second time");
    assert_eq!(broker.start(), SessionStart::Restored);
    assert_eq!(twin.asked().iter().filter(|path| *path == "loginByPassword").count(), 1);
}

#[tokio::test]
async fn a_read_on_a_dead_session_renews_it_and_is_made_again() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::SEARCH_SCRIP, 0) => dead(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    let found = broker.search("NFO", "nifty 26000 ce").await.expect("finds");
    assert_eq!(found[0].symboltoken, "43125");
    assert_eq!(twin.asked(), ["loginByPassword", "searchScrip", "generateTokens", "searchScrip"]);
    assert_eq!(twin.body(2, "refreshToken"), "refresh-secret-login0");
    assert_eq!(twin.header(3, "authorization").as_deref(), Some("Bearer jwt-secret-fresh0"));
    assert_eq!(twin.body(3, "searchscrip"), "nifty 26000 ce");
    let saved = fs::read_to_string(twin.session_file()).expect("reads");
    assert!(saved.contains("jwt-secret-fresh0"), "the renewed session is the saved one");
}

#[tokio::test]
async fn a_refused_refresh_falls_back_to_one_login_for_all_callers() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::GENERATE_TOKENS => bad("AB8051", "Refresh Token Expired"),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    // Any thread may drive a call.
    fn any_thread<F: Future + Send>(call: F) -> F {
        call
    }
    let refused = broker.stream_auth().expect("fit");
    let renew = || any_thread(broker.renew(&refused));
    let (one, two, three) = tokio::join!(renew(), renew(), renew());
    one.and(two).and(three).expect("all renewed");
    assert_eq!(twin.asked(), ["loginByPassword", "generateTokens", "loginByPassword"]);
}

#[tokio::test]
async fn tokens_that_were_replaced_since_a_stream_took_them_are_not_replaced_again() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::SEARCH_SCRIP, 0) => dead(),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    let old = broker.stream_auth().expect("fit");
    broker.search("NFO", "nifty").await.expect("renews and finds");
    broker.renew(&old).await.expect("nothing to do");
    let calls = ["loginByPassword", "searchScrip", "generateTokens", "searchScrip"];
    assert_eq!(twin.asked(), calls);
    broker.renew(&broker.stream_auth().expect("fit")).await.expect("renews");
    assert_eq!(twin.asked().len(), calls.len() + 1, "those of this moment are replaced");
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_goes_on_and_says_so() {
    let twin = Twin::start(|seen| match (seen.path.as_str(), seen.earlier) {
        (routes::SEARCH_SCRIP, 0) => dead(),
        _ => well(seen),
    })
    .await;
    // A link to nowhere: nothing to read and nowhere to write, for root as well.
    let state = twin.folder.path().join("state");
    symlink("nowhere/at/all", &state).expect("links");
    let broker = twin.connect().await.expect("logs in all the same");
    let unsaved = broker.unsaved().expect("said");
    assert!(matches!(*unsaved, StateError::Io { .. }) && !unsaved.hint().is_empty(), "{unsaved}");
    shows_no_secret(&format!("{unsaved} {unsaved:?} {}", unsaved.hint()));

    fs::remove_file(&state).expect("makes room");
    broker.renew(&broker.stream_auth().expect("fit")).await.expect("renews");
    assert!(broker.unsaved().is_none(), "saved by now");
    fs::remove_dir_all(&state).expect("takes it away");
    symlink("nowhere/at/all", &state).expect("links");
    broker.search("NFO", "nifty").await.expect("renews all the same, and finds");
    assert!(broker.unsaved().is_some(), "said again");
    let renewal = ["generateTokens", "searchScrip", "generateTokens", "searchScrip"];
    assert_eq!(twin.asked(), [&["loginByPassword"][..], &renewal].concat(), "one login");
}

#[tokio::test]
async fn a_search_without_hits_is_empty_and_a_profile_is_read() {
    let twin = Twin::start(|seen| match seen.path.as_str() {
        routes::SEARCH_SCRIP => good(Value::Null),
        _ => well(seen),
    })
    .await;
    let broker = twin.connect().await.expect("logs in");
    assert!(broker.stream_auth().is_ok());
    assert!(broker.search("NFO", "nothing").await.expect("answers").is_empty());
    assert_eq!(broker.profile().await.expect("answers").clientcode, "A1");
}

#[tokio::test]
async fn a_logout_ends_the_session_there_and_here() {
    let twin = Twin::start(well).await;
    twin.connect().await.expect("logs in").logout().await.expect("logs out");
    assert_eq!(twin.asked(), ["loginByPassword", "logout"]);
    assert_eq!(twin.body(1, "clientcode"), "A1");
    let left = fs::read_dir(twin.folder.path().join("state")).expect("a folder").count();
    assert_eq!(left, 0, "no session file");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let twin = Twin { address: address.clone(), ..Twin::start(well).await };
    let pace = Pace { retry: Duration::from_millis(1), ..Pace::default() };
    let error = twin.connect_with(NO_KEEPER, pace).await.expect_err("nobody there");
    assert!(matches!(error, BrokerError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&address) && error.hint().contains(&address));
}

/// The TLS of a server on this machine with a certificate of its own, and that certificate as PEM.
fn certified() -> (tokio_rustls::TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("makes one");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.expect("a key"))
        .expect("a configuration");
    (tokio_rustls::TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// A TLS server; its address and its certificate.
async fn secured() -> (String, String) {
    let (acceptor, pem) = certified();
    let inner = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = inner.local_addr().expect("bound").to_string();
    let app = router(Arc::default(), well);
    tokio::spawn(async move { axum::serve(Secured { inner, acceptor }, app).await });
    (address, pem)
}

struct Secured {
    inner: TcpListener,
    acceptor: tokio_rustls::TlsAcceptor,
}

impl axum::serve::Listener for Secured {
    type Io = tokio_rustls::server::TlsStream<tokio::net::TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (socket, peer) = self.inner.accept().await.expect("a socket");
            if let Ok(stream) = self.acceptor.accept(socket).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

#[tokio::test]
async fn only_the_given_authority_is_believed() {
    let (address, pem) = secured().await;
    let (_, stranger) = secured().await;
    let folder = tempfile::tempdir().expect("a folder");
    let connect = async |pem: &str| {
        let (https, wss) = (format!("https://{address}"), format!("wss://{address}"));
        let addresses = Addresses { rest: &https, market_stream: &wss, scrip_master: &https };
        let servers = Servers::local(&addresses, Some(pem.as_bytes())).expect("local");
        let state = StateFolder::at(folder.path());
        Broker::connect(servers, credentials(), state, NO_KEEPER).await
    };
    let error = connect(&stranger).await.expect_err("another authority");
    assert!(matches!(error, BrokerError::Certificate { .. }), "{error:?}");
    assert!(error.hint().contains("ca_file"));
    connect(&pem).await.expect("the right authority");
}
