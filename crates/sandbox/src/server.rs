//! The sandbox itself: one port, one thread for HTTP, one for each stream connection.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::faults::{self, Lost};
use crate::playback::schedule::Schedule;
use crate::rest::Peer;
use crate::socket::Wire;
use crate::twin::Twin;
use crate::{
    Credentials, Error, Options, Transport, certificate, control, rest, scrip_master, stream,
};

/// How long a client may take for its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a sandbox listens and how to log in: the line that `myquant sandbox` prints.
///
/// It holds the credentials of the run, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Address {
    /// Scheme, host and port only: routes are appended.
    pub rest_url: String,
    pub stream_url: String,
    pub order_stream_url: String,
    pub scrip_master_url: String,
    /// `…/state`, `…/over`, `…/schedule` and `…/clock` hang below it.
    pub control_url: String,
    #[serde(flatten)]
    pub credentials: Credentials,
    /// The authority to trust, in PEM; `None` without TLS.
    pub ca_file: Option<PathBuf>,
}

/// A running sandbox; dropping it ends all its threads.
pub struct Sandbox {
    address: Address,
    twin: Arc<Twin>,
    http: Option<Http>,
    /// Looks after the exchange.
    exchange: Option<JoinHandle<()>>,
    /// Holds the certificate where no folder was given.
    _folder: Option<tempfile::TempDir>,
}

impl Sandbox {
    /// Opens the port and starts to serve; playback waits for the first subscription, unless it is to
    /// start now.
    ///
    /// Errors: [`Error`] for options that cannot be played, and for what the system refuses.
    pub fn start(options: Options) -> Result<Self, Error> {
        options.check()?;
        let (folder, certificate) = match &options.transport {
            Transport::Plain => (None, None),
            Transport::Tls { folder: Some(path) } => (None, Some(certificate::make(path)?)),
            Transport::Tls { folder: None } => {
                let folder = tempfile::tempdir()
                    .map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
                let made = certificate::make(folder.path())?;
                (Some(folder), Some(made))
            }
        };
        let twin = Arc::new(Twin::new(&options)?);
        let failed = |source| Error::Listen { port: options.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let ca_file = certificate.as_ref().map(|made| made.ca_file.clone());
        let address = Address::new(port, ca_file, twin.credentials.clone());
        let tls = certificate.map(|made| TlsAcceptor::from(made.config));
        let http = serve_on_thread(listener, tls, Arc::clone(&twin))?;
        let http = Some(http);
        let mut sandbox = Self { address, twin, http, exchange: None, _folder: folder };
        sandbox.exchange = Some(tend_on_thread(&sandbox.twin)?);
        if options.start_now {
            sandbox.twin.begin();
        }
        Ok(sandbox)
    }

    /// Where it listens and how to log in.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// When each packet is due; ask after the run.
    #[must_use]
    pub fn schedule(&self) -> Arc<Schedule> {
        Arc::clone(&self.twin.playback.schedule)
    }

    /// Whether the last row is due and every subscriber's socket has been given all it is owed.
    ///
    /// The last packets may still be on their way: whoever asks reads on until nothing comes.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.twin.playback.is_over()
    }

    /// Ends all connections and threads, and waits for them.
    pub fn stop(self) {}
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.http.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
        self.twin.exchange.close();
        if let Some(thread) = self.exchange.take() {
            let _ = thread.join();
        }
        self.twin.threads.join();
    }
}

impl Address {
    fn new(port: u16, ca_file: Option<PathBuf>, credentials: Credentials) -> Self {
        let (http, ws) = if ca_file.is_some() { ("https", "wss") } else { ("http", "ws") };
        let host = format!("127.0.0.1:{port}");
        Self {
            rest_url: format!("{http}://{host}"),
            stream_url: format!("{ws}://{host}{}", stream::MARKET_PATH),
            order_stream_url: format!("{ws}://{host}{}", stream::ORDER_PATH),
            scrip_master_url: format!("{http}://{host}{}", scrip_master::PATH),
            control_url: format!("{http}://{host}{}", control::PATH),
            credentials,
            ca_file,
        }
    }
}

type Http = (oneshot::Sender<()>, JoinHandle<()>);

fn serve_on_thread(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    twin: Arc<Twin>,
) -> Result<Http, Error> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Thread)?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener).map_err(Error::Thread)?
    };
    let (stop, stopped) = oneshot::channel();
    let serve = move || {
        runtime.block_on(async {
            tokio::select! {
                () = accept(listener, tls, twin) => {}
                _ = stopped => {}
            }
        });
    };
    let thread = thread::Builder::new().name("sandbox-http".into()).spawn(serve);
    Ok((stop, thread.map_err(Error::Thread)?))
}

fn tend_on_thread(twin: &Arc<Twin>) -> Result<JoinHandle<()>, Error> {
    let twin = Arc::clone(twin);
    let thread = thread::Builder::new().name("sandbox-exchange".into());
    thread.spawn(move || twin.tend_exchange()).map_err(Error::Thread)
}

/// Accepts connections for ever.
async fn accept(listener: tokio::net::TcpListener, tls: Option<TlsAcceptor>, twin: Arc<Twin>) {
    // Every REST route and the scrip master pass the faults' layer; control and streams do not.
    let faulty = from_fn_with_state(Arc::clone(&twin), faults::meet);
    let router = rest::routes(&twin)
        .merge(scrip_master::routes())
        .layer(faulty)
        .merge(control::routes())
        .merge(stream::routes())
        .method_not_allowed_fallback(rest::wrong_method)
        .with_state(twin);
    loop {
        match listener.accept().await {
            Ok((tcp, from)) => {
                // Small packets must not wait for each other's acknowledgement.
                let _ = tcp.set_nodelay(true);
                let router = router.clone();
                tokio::spawn(serve_connection(tcp, peer(from), tls.clone(), router));
            }
            // Out of descriptors, for instance: leave others time to close theirs.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Where a connection comes from: the port is open on IPv4 alone.
const fn peer(from: SocketAddr) -> Peer {
    match from {
        SocketAddr::V4(from) => Peer(*from.ip()),
        SocketAddr::V6(_) => Peer(Ipv4Addr::UNSPECIFIED),
    }
}

/// Speaks HTTP on one connection until it ends or is upgraded to a stream.
async fn serve_connection(
    tcp: tokio::net::TcpStream,
    peer: Peer,
    tls: Option<TlsAcceptor>,
    router: Router,
) {
    let wire = match tls {
        None => Wire::Plain(tcp),
        Some(acceptor) => {
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(tcp)).await;
            let Ok(Ok(stream)) = handshake else { return };
            Wire::Tls(Box::new(stream))
        }
    };
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let answer = router.call(request);
        async move {
            let Ok(response) = answer.await;
            // An error here ends the connection without an answer.
            response.extensions().get().copied().map_or(Ok(response), Err::<_, Lost>)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    // A client that breaks off is its own affair.
    let _ = connection.await;
}
