//! A small client: HTTP by hand, WebSocket by tungstenite.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sandbox::{
    Address, Credentials, Instrument, Options, Pacing, Recipe, Regime, Row, Sandbox, Tape,
    Transport, generate,
};
use serde_json::{Value, json};
use smartapi::packet::{Packet, decode};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Bytes, Message, WebSocket};

/// 2025-11-20 12:00:00 IST.
pub(crate) const NOON: i64 = 1_763_620_200;

pub(crate) fn rows(count: usize) -> Vec<Row> {
    let first_ts_ms = 1_759_291_560_000;
    let regime = Regime::Calm;
    let (seed, per_second, lot_size, tick_paise) = (7, 2, 75, 5);
    let rows = count;
    generate(&Recipe { regime, seed, rows, per_second, first_ts_ms, lot_size, tick_paise })
}

/// A plain sandbox whose date stands still at noon.
pub(crate) fn plain(count: usize, pacing: Pacing) -> Options {
    let tape = Tape::new(rows(count), 3);
    Options {
        transport: Transport::Plain,
        wall: Arc::new(|| NOON),
        ..Options::new(tape, pacing, quanta::Clock::new())
    }
}

pub(crate) fn tls(count: usize, pacing: Pacing) -> Options {
    Options { transport: Transport::Tls { folder: None }, ..plain(count, pacing) }
}

/// A byte stream, encrypted or not.
pub(crate) trait Pipe: Read + Write {}
impl<T: Read + Write> Pipe for T {}

pub(crate) fn dial(address: &Address) -> Box<dyn Pipe> {
    let host = address.rest_url.rsplit('/').next().unwrap();
    let tcp = TcpStream::connect(host).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let Some(ca_file) = &address.ca_file else { return Box::new(tcp) };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    Box::new(StreamOwned::new(tls, tcp))
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn call(
    address: &Address,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    try_call(address, method, path, headers, body).expect("an answer")
}

/// As [`call`]; `None` if the connection ended without a byte.
pub(crate) fn try_call(
    address: &Address,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Reply> {
    let mut pipe = dial(address);
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    pipe.write_all(text.as_bytes()).unwrap();
    pipe.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // An end without close_notify is an error to rustls, and none to us.
    let _ = pipe.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    if answer.is_empty() {
        return None;
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
}

/// A REST call of somebody who is logged in.
pub(crate) fn secured(
    address: &Address,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> Option<Reply> {
    let bearer = format!("Bearer {token}");
    let key = address.credentials.api_key.as_str();
    try_call(address, method, path, &[("X-PrivateKey", key), ("Authorization", &bearer)], body)
}

pub(crate) fn totp(credentials: &Credentials, time: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(&credentials.totp_secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    totp.generate(time as u64).to_string()
}

pub(crate) fn login_with(address: &Address, client: &str, pin: &str, totp: &str) -> Reply {
    let body = json!({ "clientcode": client, "password": pin, "totp": totp }).to_string();
    let key = [("X-PrivateKey", address.credentials.api_key.as_str())];
    call(address, "POST", smartapi::rest::routes::LOGIN, &key, &body)
}

/// The tokens of a login at noon.
pub(crate) struct Tokens {
    pub(crate) jwt: String,
    pub(crate) refresh: String,
    pub(crate) feed: String,
}

impl Tokens {
    pub(crate) fn of(reply: &Reply) -> Self {
        let data = &reply.json()["data"];
        let text = |key: &str| data[key].as_str().unwrap().to_owned();
        Self { jwt: text("jwtToken"), refresh: text("refreshToken"), feed: text("feedToken") }
    }
}

pub(crate) fn login(sandbox: &Sandbox) -> Tokens {
    let address = sandbox.address();
    let credentials = &address.credentials;
    let totp = totp(credentials, NOON);
    Tokens::of(&login_with(address, &credentials.client_id, &credentials.password, &totp))
}

pub(crate) struct Stream(pub(crate) WebSocket<Box<dyn Pipe>>);

/// The status of a refusal and its `x-error-message`.
pub(crate) type Refused = (u16, Option<String>);

pub(crate) fn open(
    address: &Address,
    url: &str,
    headers: &[(&'static str, String)],
) -> Result<Stream, Refused> {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match tungstenite::client(request, dial(address)) {
        Ok((socket, _)) => Ok(Stream(socket)),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
            let reason = response.headers().get("x-error-message");
            let reason = reason.map(|reason| reason.to_str().unwrap().to_owned());
            Err((response.status().as_u16(), reason))
        }
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn stream_headers(address: &Address, tokens: &Tokens) -> Vec<(&'static str, String)> {
    vec![
        ("Authorization", format!("Bearer {}", tokens.jwt)),
        ("x-api-key", address.credentials.api_key.clone()),
        ("x-client-code", address.credentials.client_id.clone()),
        ("x-feed-token", tokens.feed.clone()),
    ]
}

pub(crate) fn market(sandbox: &Sandbox, tokens: &Tokens) -> Result<Stream, Refused> {
    let address = sandbox.address();
    open(address, &address.stream_url, &stream_headers(address, tokens))
}

impl Stream {
    pub(crate) fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    pub(crate) fn ask(&mut self, action: u8, mode: u8, tokens: &[&str]) {
        let list = json!([{ "exchangeType": 2, "tokens": tokens }]);
        let params = json!({ "mode": mode, "tokenList": list });
        let request = json!({ "correlationID": "abc", "action": action, "params": params });
        self.say(&request.to_string());
    }

    pub(crate) fn subscribe(&mut self, mode: u8) {
        self.ask(1, mode, &[&Instrument::default().token]);
    }

    /// The bytes of the next binary frame.
    pub(crate) fn bytes(&mut self) -> Bytes {
        loop {
            if let Message::Binary(bytes) = self.0.read().unwrap() {
                return bytes;
            }
        }
    }

    pub(crate) fn text(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                return text.to_string();
            }
        }
    }

    /// Mode, sequence, exchange time, price and quantity of the next packet.
    pub(crate) fn packet(&mut self) -> Seen {
        let bytes = self.bytes();
        let packet = decode(&bytes).unwrap();
        assert_eq!(bytes.len(), packet.mode().packet_len());
        Seen::of(&packet)
    }

    /// The sequence numbers of the next packets.
    pub(crate) fn sequences(&mut self, count: usize) -> Vec<i64> {
        (0..count).map(|_| self.packet().sequence).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) mode: u8,
    pub(crate) sequence: i64,
    pub(crate) ts_ms: i64,
    pub(crate) price: i64,
    pub(crate) qty: Option<i64>,
}

impl Seen {
    fn of(packet: &Packet<'_>) -> Self {
        let head = packet.head().unwrap();
        assert_eq!(smartapi::packet::token_text(&head.token), b"47338");
        Self {
            mode: packet.mode() as u8,
            sequence: head.sequence.get(),
            ts_ms: head.exchange_ts_ms.get(),
            price: head.ltp.get(),
            qty: packet.last_traded_qty(),
        }
    }

    /// What mode 3 shows of row `index`.
    pub(crate) fn row(index: usize, row: &Row) -> Self {
        Self {
            mode: 3,
            sequence: index as i64 + 1,
            ts_ms: row.exchange_ts_ms,
            price: row.price_paise,
            qty: Some(row.qty),
        }
    }
}
