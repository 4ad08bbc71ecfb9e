//! The bare reader: connect, upgrade, subscribe, then nothing but read calls and frame ends.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use engine::probe::Counter as _;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use sandbox::Instrument;
use smartapi::packet::{Mode, decode};
use smartapi::stream::frame::{ClientFrame, encode};
use smartapi::stream::request::{Request, Subscription};
use smartapi::stream::upgrade::{Auth, Target, answer, request};

use super::frames::Frames;
use crate::clock::Cycles;
use crate::fault::Fault;
use crate::session::Session;

/// Any sixteen bytes do.
const NONCE: [u8; 16] = *b"a bare reader...";
/// Any four bytes do.
const MASK: [u8; 4] = [0; 4];

/// The bytes of the connection.
enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    #[inline]
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = match self {
            Self::Plain(socket) => socket.read(into)?,
            Self::Tls(stream) => stream.read(into)?,
        };
        if bytes == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes),
        }
    }
}

/// An upgraded connection on which nothing was subscribed yet.
pub(super) struct Bare {
    wire: Wire,
    frames: Frames,
}

/// Opens a connection to the session's sandbox.
///
/// Errors: [`Fault`] for whatever stands against it.
pub(super) fn connect(session: &Session) -> Result<Bare, Fault> {
    opened(session)
        .map_err(Fault::doing("connecting a bare reader", "look whether the sandbox still runs"))
}

fn opened(session: &Session) -> io::Result<Bare> {
    let address = session.address();
    let (scheme, rest) = address.stream_url.split_once("://").unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let socket = TcpStream::connect(host)?;
    socket.set_nodelay(true)?;
    let mut wire = if scheme == "wss" {
        let name = host.split(':').next().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(session.tls()), name);
        Wire::Tls(Box::new(StreamOwned::new(tls.map_err(io::Error::other)?, socket)))
    } else {
        Wire::Plain(socket)
    };
    let tokens = session.tokens().map_err(io::Error::other)?;
    let auth = Auth {
        api_key: &address.credentials.api_key,
        client_code: &address.credentials.client_id,
        jwt: &tokens.jwt,
        feed_token: &tokens.feed,
    };
    wire.write(&request(Target { host, path }, auth, NONCE).map_err(io::Error::other)?)?;
    let mut frames = Frames::new();
    loop {
        let bytes = wire.read(frames.space())?;
        frames.fill(bytes);
        if let Some(head) = answer(frames.waiting(), NONCE).map_err(io::Error::other)? {
            frames.skip(head);
            return Ok(Bare { wire, frames });
        }
    }
}

impl Bare {
    /// Subscribes, and reads until so many packets have come: the counter at the end of each.
    ///
    /// Errors: [`Fault`] if the connection breaks, or a packet was missed.
    pub(super) fn frame_ends(mut self, count: usize, cycles: &Cycles) -> Result<Vec<u64>, Fault> {
        let failed = Fault::doing("reading bare frames", "look whether the sandbox still runs");
        self.wire.write(&subscription().map_err(&failed)?).map_err(&failed)?;
        // Written once, so that its pages are in memory.
        let mut ends = vec![1; count];
        let (mut found, mut last) = (0, 0);
        while found < count {
            let bytes = self.wire.read(self.frames.space()).map_err(&failed)?;
            self.frames.fill(bytes);
            while let Some(payload) = self.frames.walk() {
                let (Some(payload), Some(end)) = (payload, ends.get_mut(found)) else { continue };
                *end = cycles.raw();
                found += 1;
                if found == count {
                    last = sequence(payload);
                }
            }
        }
        if last == count as i64 {
            return Ok(ends);
        }
        let what = format!("frame {count} held packet {last}: the frames are not the tape's");
        Err(Fault::new(what, "report this as a bug"))
    }
}

fn subscription() -> io::Result<Vec<u8>> {
    let Instrument { exchange_type, token, .. } = Instrument::default();
    let wanted = Subscription { mode: Mode::SnapQuote, exchange_type, token };
    let mut bytes = Vec::new();
    for request in Request::subscribe(&[wanted]) {
        encode(ClientFrame::Text(&serde_json::to_string(&request)?), MASK, &mut bytes);
    }
    Ok(bytes)
}

fn sequence(payload: &[u8]) -> i64 {
    let head = decode(payload).ok().and_then(|packet| packet.head().copied());
    head.map_or(0, |head| head.sequence.get())
}

#[cfg(test)]
mod tests {
    use sandbox::{Pacing, Transport};

    use super::*;
    use crate::session::play;
    use crate::ticks::tape;

    fn ends(transport: Transport, count: usize) -> Vec<u64> {
        let cycles = Cycles::new();
        let playing = play(tape(600), transport, Pacing::FullSpeed, &cycles).expect("a sandbox");
        let bare = connect(&playing.session).unwrap_or_else(|fault| panic!("{fault}"));
        bare.frame_ends(count, &cycles).unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn every_packet_of_the_tape_ends_once_and_in_order() {
        for transport in [Transport::Plain, Transport::Tls { folder: None }] {
            let ends = ends(transport, 600);
            assert!(ends.len() == 600 && ends.is_sorted() && ends[0] > 1);
        }
    }
}
