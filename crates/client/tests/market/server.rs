//! A stream server for tests: real sockets, real TLS, tungstenite's WebSocket, and a script.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls::{SupportedProtocolVersion, version};
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::{Message, WebSocket};

/// One accepted connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

pub(crate) type Socket = WebSocket<Stream>;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    Tls12,
    Tls13,
}

/// Where the server is and which certificates its client trusts.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) tls: Arc<ClientConfig>,
}

/// Starts a server whose n-th connection is handed to `script` with n from 0.
pub(crate) fn serve(
    security: Security,
    mut script: impl FnMut(usize, Stream) + Send + 'static,
) -> Server {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("our own root");
    let versions: &[&SupportedProtocolVersion] =
        if security == Security::Tls12 { &[&version::TLS12] } else { &[&version::TLS13] };
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("key and certificate");
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let Ok(socket) = socket else { return };
            socket.set_nodelay(true).expect("a socket option");
            let stream = if security == Security::Plain {
                Stream::Plain(socket)
            } else {
                let tls = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                Stream::Tls(Box::new(StreamOwned::new(tls, socket)))
            };
            script(number, stream);
        }
    });
    let scheme = if security == Security::Plain { "ws" } else { "wss" };
    Server { url: format!("{scheme}://localhost:{port}/smart-stream"), tls: Arc::new(tls) }
}

/// Upgrades and takes the first request; the socket and the request's text.
pub(crate) fn accept(stream: Stream) -> (Socket, String) {
    let mut socket = tungstenite::accept(stream).expect("an upgrade");
    let Ok(Message::Text(request)) = socket.read() else { panic!("a subscription comes first") };
    (socket, request.to_string())
}

/// Answers the upgrade with a status, and with the broker's words if there are any.
pub(crate) fn refuse(stream: Stream, status: u16, words: &str) {
    let words = words.to_owned();
    #[allow(clippy::result_large_err, reason = "tungstenite's own type")]
    let callback = |_: &Request, _: Response| -> Result<Response, ErrorResponse> {
        let mut answer = ErrorResponse::new(None);
        *answer.status_mut() = status.try_into().expect("a status");
        answer.headers_mut().insert("x-error-message", words.parse().expect("a header"));
        Err(answer)
    };
    assert!(tungstenite::accept_hdr(stream, callback).is_err(), "refused");
}

/// A server's frame in bytes.
pub(crate) fn binary(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x82];
    match payload.len() {
        len @ ..=125 => out.push(len as u8),
        len @ ..=0xffff => {
            out.push(126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(payload);
    out
}

/// Reads until the client hangs up.
pub(crate) fn linger(socket: &mut Socket) {
    while socket.read().is_ok() {}
}
