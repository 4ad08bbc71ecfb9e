//! Bytes in and out of one connection, plain or TLS, with the stamps of each read.

use std::io::{self, Write as _};
use std::net::{Shutdown, TcpStream};

use quanta::Clock;
use smartapi::stream::frame::FrameReader;

use super::reader::{ReadCall, Reader};
use super::tls::TlsStream;

/// An open connection.
pub(super) enum Transport {
    Plain(Reader),
    Tls(Box<TlsStream>),
}

impl Transport {
    /// Makes one read call; its stamps, or `None` if nothing came in time. See [`Reader::receive`].
    ///
    /// Plain bytes are then in `frames`; those of TLS come by [`Self::unseal`].
    pub(super) fn read(
        &mut self,
        frames: &mut FrameReader,
        clock: &Clock,
        before: &mut impl FnMut(u64),
    ) -> io::Result<Option<ReadCall>> {
        match self {
            Self::Plain(reader) => {
                let received = reader.receive(frames.space(), clock, before)?;
                Ok(received.map(|(bytes, call)| {
                    frames.fill(bytes);
                    call
                }))
            }
            Self::Tls(tls) => tls.read(clock, before),
        }
    }

    /// Whether nothing that was read waits to be decrypted.
    #[inline]
    pub(super) fn is_unsealed(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(tls) => tls.is_unsealed(),
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
            Self::Plain(reader) => reader.socket().write_all(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    /// The socket beneath, for its options.
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(reader) => reader.socket(),
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

pub(super) fn hung_up() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up")
}
