//! What faults do to one connection of either stream, beside what they do to its packets.

use std::sync::Arc;

use serde_json::json;
use smartapi::packet::Mode;
use tungstenite::{Bytes, Message};

use super::line::{Ended, Line};
use crate::faults::{Faults, LineFault, PacketFault, Stream};
use crate::playback::packets::Composer;

/// One connection's share of the faults.
pub(super) struct Trouble {
    faults: Arc<Faults>,
    stream: Stream,
    /// Which connection of its stream this is.
    number: u64,
    hold: Option<Hold>,
}

/// Silence on demand.
#[derive(Clone, Copy)]
struct Hold {
    /// [`u64::MAX`] is for ever.
    until: u64,
    pongs: bool,
    /// How often everything had been called off when it began.
    called_off: u64,
}

/// What a connection may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Everything.
    Free,
    /// Answer pings, and nothing else until then.
    Stalled { until: u64 },
    /// Nothing at all until then.
    Frozen { until: u64 },
}

impl Trouble {
    pub(super) const fn new(faults: Arc<Faults>, stream: Stream, number: u64) -> Self {
        Self { faults, stream, number, hold: None }
    }

    /// Whether there is anything to ask for.
    pub(super) fn is_near(&self) -> bool {
        self.hold.is_some() || self.faults.disturbs_streams()
    }

    /// Lets happen to the line what is to happen to it before packet `sent` + 1 of the tape.
    pub(super) fn meet(&mut self, line: &mut Line, sent: usize) -> Result<Leave, Ended> {
        if !self.is_near() {
            return Ok(Leave::Free);
        }
        let now = line.now();
        let lasts = |hold: &Hold| now < hold.until && hold.called_off == self.faults.called_off();
        self.hold = self.hold.filter(lasts);
        while let Some(fault) =
            self.faults.line(self.stream, self.number, self.hold.is_some(), sent)
        {
            match fault {
                LineFault::Drop => return line.cut(),
                LineFault::Close => return line.close(),
                LineFault::OneByteFrame => line.queue(Message::Binary(Bytes::from_static(&[0])))?,
                LineFault::TextError(code) => line.queue(text_error(&code))?,
                LineFault::Hold { lasting, pongs } => {
                    // What was sent before is not held back.
                    line.flush()?;
                    let until =
                        lasting.map_or(u64::MAX, |time| now.saturating_add(time.as_nanos() as u64));
                    let called_off = self.faults.called_off();
                    self.hold = Some(Hold { until, pongs, called_off });
                }
            }
        }
        Ok(match self.hold {
            None => Leave::Free,
            Some(Hold { until, pongs: true, .. }) => Leave::Stalled { until },
            Some(Hold { until, pongs: false, .. }) => Leave::Frozen { until },
        })
    }

    /// What happens to the packet of `row`, which is sent next.
    pub(super) fn packet(&self, row: usize) -> Option<PacketFault> {
        if self.faults.disturbs_streams() { self.faults.packet(self.number, row) } else { None }
    }

    /// When a line that has nothing to do has to ask again.
    pub(super) fn next_look(&self) -> Option<u64> {
        if self.faults.disturbs_streams() { self.faults.next_look(self.stream) } else { None }
    }
}

/// An error of the stream that nobody asked for.
fn text_error(code: &str) -> Message {
    let message = match code {
        "E1001" => "Invalid Request Payload.",
        "E1002" => "Invalid Request. Subscription Limit Exceeded.",
        _ => "Failed on demand.",
    };
    let error = json!({ "correlationID": null, "errorCode": code, "errorMessage": message });
    Message::text(error.to_string())
}

/// The packet that is composed, in one mode, as its fault leaves it: none, one or two.
pub(super) fn bent(composer: &mut Composer, mode: Mode, fault: Option<PacketFault>) -> Vec<Bytes> {
    match fault {
        None | Some(PacketFault::Reorder) => vec![composer.bytes(mode)],
        Some(PacketFault::Gap) => Vec::new(),
        Some(PacketFault::Duplicate) => vec![composer.bytes(mode); 2],
        Some(PacketFault::Length(bytes)) => {
            let mut packet = composer.bytes(mode).to_vec();
            packet.resize(bytes.unwrap_or(packet.len() - 1), 0);
            vec![packet.into()]
        }
        Some(PacketFault::HugePrice) => {
            vec![
                composer
                    .edited(mode, |head| head.ltp = head.ltp.get().saturating_add(1 << 32).into()),
            ]
        }
        Some(PacketFault::LongToken) => vec![composer.edited(mode, |head| {
            let free = head.token.iter_mut().filter(|letter| **letter == 0);
            free.for_each(|letter| *letter = b'9');
        })],
    }
}
