//! A connection's bytes: first under tokio for HTTP, then on a plain thread for a stream.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection while it speaks HTTP.
pub(crate) enum Wire {
    Plain(tokio::net::TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<tokio::net::TcpStream>>),
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A connection after its upgrade: a socket that never blocks, with TLS on top or not.
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls { tcp: TcpStream, tls: Box<ServerConnection> },
}

impl Socket {
    /// Takes the connection out of tokio's hands.
    pub(crate) fn from_wire(wire: Wire) -> io::Result<Self> {
        Ok(match wire {
            Wire::Plain(stream) => Self::Plain(stream.into_std()?),
            Wire::Tls(stream) => {
                let (stream, tls) = stream.into_inner();
                Self::Tls { tcp: stream.into_std()?, tls: Box::new(tls) }
            }
        })
    }

    /// Says that no more bytes follow, as far as the socket takes that at once.
    pub(crate) fn end(&mut self) {
        if let Self::Tls { tcp, tls } = self {
            tls.send_close_notify();
            let _ = push(tcp, tls);
        }
        let (Self::Plain(tcp) | Self::Tls { tcp, .. }) = self;
        let _ = tcp.shutdown(std::net::Shutdown::Write);
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Plain(tcp) | Self::Tls { tcp, .. } => tcp.as_fd(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (tcp, tls) = match self {
            Self::Plain(tcp) => return tcp.read(buf),
            Self::Tls { tcp, tls } => (tcp, tls),
        };
        loop {
            match tls.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            if tls.read_tls(tcp)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let (tcp, tls) = match self {
            Self::Plain(tcp) => return tcp.write(buf),
            Self::Tls { tcp, tls } => (tcp, tls),
        };
        // Records of before go first, so that no more than rustls's own limit is ever held back.
        push(tcp, tls)?;
        tls.writer().write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls { tcp, tls } => push(tcp, tls),
        }
    }
}

/// Writes the records that wait.
fn push(tcp: &mut TcpStream, tls: &mut ServerConnection) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(tcp)?;
    }
    Ok(())
}
