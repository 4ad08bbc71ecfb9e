//! TLS as a client: rustls makes the handshake and keeps the keys, records are opened in our buffer.
//!
//! rustls's own reading interfaces copy each record's plaintext into a vector of its own, the
//! unbuffered one too. So after the handshake the connection is handed over by
//! `dangerous_into_kernel_connection`, the door that is meant for kernel TLS: rustls still derives
//! new keys and stores session tickets, its ciphers decrypt in place, and this file does what is
//! left of the record layer (RFC 8446 section 5, RFC 5246 section 6).

mod handshake;
mod record;

use std::io::{self, Write as _};
use std::net::TcpStream;

pub(super) use handshake::connect;
use quanta::Clock;
use rustls::client::ClientConnectionData;
use rustls::kernel::KernelConnection;
use rustls::{ContentType, ProtocolVersion};
use smartapi::stream::frame::FrameReader;

use self::record::{Opener, Records, Sealer, invalid};
use super::reader::{ReadCall, Reader};
use super::transport::hung_up;

/// The longest plaintext of one record.
const MAX_PLAINTEXT: usize = 1 << 14;
/// The longest handshake message that is put together after the handshake: a session ticket.
const MAX_HANDSHAKE: usize = 1 << 16;
/// So many records in a row without data are a server that keeps us busy for nothing.
const MAX_IDLE_RECORDS: u32 = 64;

/// An established TLS connection.
pub(in crate::market) struct TlsStream {
    reader: Reader,
    records: Records,
    keys: KernelConnection<ClientConnectionData>,
    opener: Opener,
    sealer: Sealer,
    /// Handshake messages that are not whole yet.
    handshake: Vec<u8>,
    /// Records since the last one with data.
    idle_records: u32,
}

impl TlsStream {
    pub(super) fn socket(&self) -> &TcpStream {
        self.reader.socket()
    }

    /// Makes one read call; its stamps, or `None` if nothing came in time. See [`Reader::receive`].
    pub(super) fn read(
        &mut self,
        clock: &Clock,
        before: &mut impl FnMut(u64),
    ) -> io::Result<Option<ReadCall>> {
        let received = self.reader.receive(self.records.space(), clock, before)?;
        Ok(received.map(|(bytes, call)| {
            self.records.fill(bytes);
            call
        }))
    }

    /// Whether nothing that was read waits to be decrypted.
    #[inline]
    pub(super) fn is_unsealed(&self) -> bool {
        self.records.is_empty()
    }

    /// Decrypts the next whole record with data into `frames`; `false` if there is none.
    pub(super) fn unseal(&mut self, frames: &mut FrameReader) -> io::Result<bool> {
        while let Some(record) = self.records.next_record()? {
            let plain = self.opener.open(record)?;
            match plain.typ {
                ContentType::ApplicationData if !plain.payload.is_empty() => {
                    frames.push(plain.payload);
                    self.idle_records = 0;
                    return Ok(true);
                }
                ContentType::ApplicationData => {}
                ContentType::Handshake => {
                    self.handshake.extend_from_slice(plain.payload);
                    self.on_handshake()?;
                }
                ContentType::Alert => record::check_alert(plain.payload)?,
                other => return Err(invalid(format!("record of unexpected type {other:?}"))),
            }
            self.idle_records += 1;
            if self.idle_records > MAX_IDLE_RECORDS {
                return Err(invalid(format!("{MAX_IDLE_RECORDS} TLS records without data")));
            }
        }
        Ok(false)
    }

    /// Encrypts and writes all of `bytes`.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes
            .chunks(MAX_PLAINTEXT)
            .try_for_each(|chunk| self.send(ContentType::ApplicationData, chunk))
    }

    /// Says that nothing more is sent.
    pub(super) fn send_close_notify(&mut self) -> io::Result<()> {
        const WARNING_CLOSE_NOTIFY: [u8; 2] = [1, 0];
        self.send(ContentType::Alert, &WARNING_CLOSE_NOTIFY)
    }

    fn send(&mut self, typ: ContentType, payload: &[u8]) -> io::Result<()> {
        let record = self.sealer.seal(typ, payload)?;
        self.reader.socket().write_all(&record)
    }

    /// Acts on the whole handshake messages that have come since the handshake.
    fn on_handshake(&mut self) -> io::Result<()> {
        while let Some((&[kind, a, b, c], rest)) = self.handshake.split_first_chunk() {
            let len = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(body) = rest.get(..len) else { break };
            match (kind, self.keys.protocol_version()) {
                (0, ProtocolVersion::TLSv1_2) => {} // HelloRequest: renegotiation is declined in silence
                (4, ProtocolVersion::TLSv1_3) => {
                    self.keys.handle_new_session_ticket(body).map_err(invalid)?;
                }
                (24, ProtocolVersion::TLSv1_3) if rest.len() == len => {
                    let wants_answer = body == [1];
                    self.handshake.clear();
                    return self.on_key_update(wants_answer);
                }
                _ => return Err(invalid(format!("handshake message {kind} after the handshake"))),
            }
            self.handshake.drain(..4 + len);
        }
        if self.handshake.len() > MAX_HANDSHAKE {
            return Err(invalid(format!("handshake message above {MAX_HANDSHAKE} bytes")));
        }
        Ok(())
    }

    /// Changes to the server's next key, and to our own next one if it asks for that.
    fn on_key_update(&mut self, wants_answer: bool) -> io::Result<()> {
        const KEY_UPDATE_NOT_REQUESTED: [u8; 5] = [24, 0, 0, 1, 0];
        let suite = self.keys.negotiated_cipher_suite();
        self.opener = Opener::new(suite, self.keys.update_rx_secret().map_err(invalid)?)?;
        if wants_answer {
            self.send(ContentType::Handshake, &KEY_UPDATE_NOT_REQUESTED)?;
            self.sealer = Sealer::new(suite, self.keys.update_tx_secret().map_err(invalid)?)?;
        }
        Ok(())
    }
}
