//! Bytes in and out of one connection, plain or TLS, with the stamp of each read.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use quanta::Clock;
use smartapi::stream::frame::FrameReader;

use super::tls::TlsStream;

/// An open connection.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Transport {
    /// Makes one read call; its stamp, or `None` if nothing came within the socket's time limit.
    ///
    /// Plain bytes are then in `frames`; those of TLS come by [`Self::unseal`].
    pub(super) fn read(
        &mut self,
        frames: &mut FrameReader,
        clock: &Clock,
    ) -> io::Result<Option<u64>> {
        match self {
            Self::Plain(socket) => {
                let received = receive(socket, frames.space(), clock)?;
                Ok(received.map(|Received { bytes, read }| {
                    frames.fill(bytes);
                    read
                }))
            }
            Self::Tls(tls) => tls.read(clock),
        }
    }

    /// Decrypts the next whole record that was read into `frames`; `false` if there is none.
    pub(super) fn unseal(&mut self, frames: &mut FrameReader) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(false),
            Self::Tls(tls) => tls.unseal(frames),
        }
    }

    /// Writes all of `bytes`.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    /// The socket beneath, for its options.
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.socket(),
        }
    }

    /// Ends the connection without waiting for the other side.
    pub(super) fn close(mut self) {
        // The connection is given up whether or not the other side hears of it.
        if let Self::Tls(tls) = &mut self {
            let _ = tls.send_close_notify();
        }
        let _ = self.socket().shutdown(Shutdown::Write);
    }
}

/// What one read call returned.
pub(super) struct Received {
    pub(super) bytes: usize,
    /// The raw clock right after the call.
    pub(super) read: u64,
}

/// The one place where a live connection is read; `None` if nothing came in time.
#[inline]
pub(super) fn receive(
    mut socket: &TcpStream,
    into: &mut [u8],
    clock: &Clock,
) -> io::Result<Option<Received>> {
    let result = socket.read(into);
    let read = clock.raw();
    match result {
        Ok(0) => Err(hung_up()),
        Ok(bytes) => Ok(Some(Received { bytes, read })),
        Err(error) if is_idle(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a read only ran out of time, or was woken by a signal.
fn is_idle(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

pub(super) fn hung_up() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up")
}
