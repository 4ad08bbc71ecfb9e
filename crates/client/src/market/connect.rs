//! Opening a connection: name, TCP, TLS, upgrade, all before one deadline.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use quanta::{Clock, Instant};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use smartapi::stream::frame::FrameReader;
use smartapi::stream::upgrade::{self, Refusal, Target, UpgradeError};

use super::address::Address;
use super::reader::{ReadCall, Reader, ask_for_stamps};
use super::transport::Transport;
use super::{StreamAuth, Tuning, tls};

/// A live connection's read returns after this long even if nothing came.
pub(super) const SLICE: Duration = Duration::from_millis(100);
/// A write of ours is a few bytes: if it blocks for this long, the connection is dead.
const WRITE_LIMIT: Duration = Duration::from_millis(500);

/// An upgraded connection.
pub(super) struct Connection {
    pub(super) transport: Transport,
    pub(super) frames: FrameReader,
    /// The upgrade's last read, which may have brought frames already.
    pub(super) read: Option<ReadCall>,
}

/// Everything that one attempt needs, owned, because it runs on a thread of its own.
pub(super) struct Attempt {
    pub(super) address: Address,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) auth: StreamAuth,
    pub(super) nonce: [u8; 16],
    pub(super) clock: Clock,
    pub(super) tuning: Tuning,
    pub(super) limit: Duration,
}

/// Why an attempt failed.
pub(super) enum ConnectFault {
    Refused(Refusal),
    Unreachable { detail: String, tls: bool },
}

/// The end of the time that an attempt may take.
pub(super) struct Deadline {
    clock: Clock,
    end: Instant,
}

impl Deadline {
    fn left(&self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(self.clock.now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the time for connecting is over"));
        }
        Ok(left)
    }

    /// Lets the socket's next call last until the deadline and no longer.
    pub(super) fn arm(&self, socket: &TcpStream) -> io::Result<()> {
        let left = self.left()?;
        socket.set_read_timeout(Some(left))?;
        socket.set_write_timeout(Some(left))
    }
}

impl Attempt {
    /// Opens the connection; blocks until the deadline at most, but for the name look-up.
    pub(super) fn run(self) -> Result<Connection, ConnectFault> {
        let end = self.clock.now() + self.limit;
        let deadline = Deadline { clock: self.clock.clone(), end };
        let what = |doing: &'static str, tls| {
            let host = self.address.host_header.clone();
            move |error: io::Error| ConnectFault::Unreachable {
                detail: format!("{doing} {host}: {}", told(&error)),
                tls,
            }
        };
        let socket = self.dial(&deadline).map_err(what("connecting to", false))?;
        let transport = self.secure(socket, &deadline).map_err(what("TLS with", true))?;
        let mut connection = self.upgrade(transport, &deadline).map_err(|fault| match fault {
            UpgradeFault::Io(error) => what("upgrade at", false)(error),
            UpgradeFault::Answer(UpgradeError::Refused(refusal)) => ConnectFault::Refused(refusal),
            UpgradeFault::Answer(error) => what("upgrade at", false)(io::Error::other(error)),
        })?;
        settle(&mut connection).map_err(what("setting up", false))?;
        Ok(connection)
    }

    /// Tries each address of the host, giving each a fair part of the time.
    fn dial(&self, deadline: &Deadline) -> io::Result<TcpStream> {
        let addresses: Vec<SocketAddr> =
            (self.address.host.as_str(), self.address.port).to_socket_addrs()?.collect();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for (tried, address) in addresses.iter().enumerate() {
            let part = deadline.left()? / (addresses.len() - tried) as u32;
            match TcpStream::connect_timeout(address, part) {
                Ok(socket) => {
                    socket.set_nodelay(self.tuning.no_delay)?;
                    // Without stamps each read says so; `KernelStamps` says why.
                    let _ = ask_for_stamps(&socket);
                    return Ok(socket);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn secure(&self, socket: TcpStream, deadline: &Deadline) -> io::Result<Transport> {
        let reader = |socket| Reader::new(socket, self.tuning.busy_poll, &self.clock);
        if !self.address.is_tls {
            return Ok(Transport::Plain(reader(socket)));
        }
        let name = ServerName::try_from(self.address.host.clone()).map_err(io::Error::other)?;
        deadline.arm(&socket)?;
        let tls = tls::connect(socket, Arc::clone(&self.tls), name, deadline, reader)?;
        Ok(Transport::Tls(Box::new(tls)))
    }

    fn upgrade(
        &self,
        mut transport: Transport,
        deadline: &Deadline,
    ) -> Result<Connection, UpgradeFault> {
        let target = Target { host: &self.address.host_header, path: &self.address.path };
        let request = upgrade::request(target, self.auth.exposed(), self.nonce)?;
        deadline.arm(transport.socket())?;
        transport.write(&request)?;
        let mut frames = FrameReader::new();
        loop {
            deadline.arm(transport.socket())?;
            let read = transport.read(&mut frames, &self.clock, &mut |_| {})?;
            let Some(read) = read else { continue };
            while transport.unseal(&mut frames)? {}
            if let Some(head) = upgrade::answer(frames.waiting(), self.nonce)? {
                frames.skip(head);
                return Ok(Connection { transport, frames, read: Some(read) });
            }
        }
    }
}

enum UpgradeFault {
    Io(io::Error),
    Answer(UpgradeError),
}

impl From<io::Error> for UpgradeFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<UpgradeError> for UpgradeFault {
    fn from(error: UpgradeError) -> Self {
        Self::Answer(error)
    }
}

/// From deadlines to the time limits of a live connection.
fn settle(connection: &mut Connection) -> io::Result<()> {
    let socket = connection.transport.socket();
    socket.set_read_timeout(Some(SLICE))?;
    socket.set_write_timeout(Some(WRITE_LIMIT))
}

/// The error in words; a socket's time limit is told as what it is here.
fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        _ => error.to_string(),
    }
}
