//! The TLS handshake over a blocking socket, up to the hand-over of the keys.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};

use super::record::{Opener, Records, Sealer, invalid};
use super::{TlsStream, hung_up};
use crate::market::connect::Deadline;
use crate::market::reader::Reader;

/// What the handshake needs next.
enum Step {
    Again,
    Read,
    Done,
}

/// Makes the handshake before `deadline`; `config` must allow the extraction of secrets.
///
/// `reader` makes a reader of the socket when the handshake is done.
pub(in crate::market) fn connect(
    mut socket: TcpStream,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    deadline: &Deadline,
    reader: impl FnOnce(TcpStream) -> Reader,
) -> io::Result<TlsStream> {
    let mut tls = UnbufferedClientConnection::new(config, name).map_err(invalid)?;
    let mut records = Records::new();
    let mut outgoing = Vec::new();
    loop {
        let UnbufferedStatus { discard, state } = tls.process_tls_records(records.filled_mut());
        let step = match state {
            Ok(state) => advance(state, &mut socket, &mut outgoing)?,
            Err(error) => {
                send_alert(&mut tls, &mut socket);
                return Err(invalid(error));
            }
        };
        records.discard(discard);
        match step {
            Step::Again => {}
            Step::Read => read(&mut socket, &mut records, deadline)?,
            Step::Done => break,
        }
    }
    let (secrets, keys) = tls.dangerous_into_kernel_connection().map_err(invalid)?;
    let suite = keys.negotiated_cipher_suite();
    let (opener, sealer) = (Opener::new(suite, secrets.rx)?, Sealer::new(suite, secrets.tx)?);
    let handshake = Vec::new();
    let reader = reader(socket);
    Ok(TlsStream { reader, records, keys, opener, sealer, handshake, idle_records: 0 })
}

fn advance(
    state: ConnectionState<'_, '_, ClientConnectionData>,
    socket: &mut TcpStream,
    outgoing: &mut Vec<u8>,
) -> io::Result<Step> {
    match state {
        ConnectionState::EncodeTlsData(mut data) => {
            encode(&mut data, outgoing)?;
            Ok(Step::Again)
        }
        ConnectionState::TransmitTlsData(data) => {
            socket.write_all(outgoing)?;
            outgoing.clear();
            data.done();
            Ok(Step::Again)
        }
        ConnectionState::BlockedHandshake => Ok(Step::Read),
        ConnectionState::WriteTraffic(_) => Ok(Step::Done),
        ConnectionState::PeerClosed | ConnectionState::Closed => Err(hung_up()),
        other => Err(invalid(format!("unexpected TLS state {other:?} in the handshake"))),
    }
}

/// Appends what rustls wants to send to `outgoing`.
fn encode(
    data: &mut EncodeTlsData<'_, ClientConnectionData>,
    outgoing: &mut Vec<u8>,
) -> io::Result<()> {
    let start = outgoing.len();
    loop {
        match data.encode(outgoing.get_mut(start..).unwrap_or_default()) {
            Ok(written) => {
                outgoing.truncate(start + written);
                return Ok(());
            }
            Err(EncodeError::InsufficientSize(size)) => {
                outgoing.resize(start + size.required_size, 0);
            }
            Err(error) => return Err(invalid(error)),
        }
    }
}

/// Tells the server why the handshake failed; whether it hears that makes no difference.
fn send_alert(tls: &mut UnbufferedClientConnection, socket: &mut TcpStream) {
    let mut outgoing = Vec::new();
    let status = tls.process_tls_records(&mut []);
    if let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state
        && encode(&mut data, &mut outgoing).is_ok()
    {
        let _ = socket.write_all(&outgoing);
    }
}

fn read(socket: &mut TcpStream, records: &mut Records, deadline: &Deadline) -> io::Result<()> {
    deadline.arm(socket)?;
    records.compact();
    let space = records.space();
    if space.is_empty() {
        return Err(invalid("the server's part of the handshake does not end"));
    }
    match socket.read(space)? {
        0 => Err(hung_up()),
        bytes => {
            records.fill(bytes);
            Ok(())
        }
    }
}
