//! WebSocket framing for a client (RFC 6455): frames are taken in place from the bytes that were read.

use std::ops::Range;

/// The longest message that is accepted, in bytes; a SnapQuote packet has 379.
pub const MAX_MESSAGE: usize = 1 << 20;
/// The longest header: two bytes, eight of length; a server's frame has no mask.
const MAX_HEADER: usize = 10;
/// The buffer's first size; it grows only if one frame needs more.
const FIRST_SIZE: usize = 64 << 10;
/// Less room than this is not worth a read: the rest is moved to the front first.
const LEAST_SPACE: usize = 4 << 10;
/// The longest payload of a ping, pong or close.
const MAX_CONTROL: usize = 125;

/// What is wrong with bytes that should be WebSocket frames; the connection cannot go on.
///
/// Source: RFC 6455 sections 5.2, 5.4, 5.5 and 8.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WsError {
    /// A reserved bit is set, which only an extension may do.
    #[error("frame begins with byte {0:#04x}, its reserved bits must be zero")]
    Reserved(u8),
    /// The opcode is none of 0, 1, 2, 8, 9 and 10.
    #[error("frame has opcode {0}, known are 0, 1, 2, 8, 9 and 10")]
    Opcode(u8),
    /// The frame is masked.
    #[error("frame of opcode {0} is masked, a server's frames must not be")]
    Masked(u8),
    /// The length takes more bytes than it needs.
    #[error("frame length {0} was written in a longer form than it needs")]
    LongForm(u64),
    /// The message, or the sum of its fragments, is longer than we take.
    #[error("message was {was} bytes, at most {MAX_MESSAGE} are taken")]
    TooLong {
        /// The length so far in bytes.
        was: u64,
    },
    /// A ping, pong or close is longer than the protocol allows.
    #[error("control frame was {was} bytes, at most {MAX_CONTROL} are allowed")]
    ControlLength {
        /// Its length in bytes.
        was: u64,
    },
    /// A ping, pong or close is split.
    #[error("control frame of opcode {0} is fragmented")]
    ControlFragment(u8),
    /// A continuation without a message to continue.
    #[error("continuation frame without a message to continue")]
    Continuation,
    /// A new message began inside a fragmented one.
    #[error("frame of opcode {0} inside a fragmented message")]
    Interleaved(u8),
    /// A text or a close reason is not UTF-8.
    #[error("text is not UTF-8 after byte {valid}")]
    Utf8 {
        /// How many bytes were good.
        valid: usize,
    },
    /// A close frame has one byte, or a code below 1000.
    #[error("close frame of {len} bytes has code {code}, needs none or 1000 and above")]
    Close {
        /// The payload's length in bytes.
        len: usize,
        /// The code, 0 where there is none.
        code: u16,
    },
}

/// One whole message or control frame, as a view of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'buffer> {
    /// A binary message: on the market stream, one packet.
    Binary(&'buffer [u8]),
    /// A text message: a `pong` or an error.
    Text(&'buffer str),
    /// The server asks for a pong with the same payload.
    Ping(&'buffer [u8]),
    /// The answer to a ping of ours, or a life sign.
    Pong(&'buffer [u8]),
    /// The server says good-bye; nothing follows.
    Close {
        /// The code, if one was given.
        code: Option<u16>,
        /// The reason, often empty.
        reason: &'buffer str,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

/// The header of one frame, checked.
#[derive(Clone, Copy)]
struct Header {
    fin: bool,
    opcode: u8,
    /// Bytes of the header.
    len: usize,
    payload_len: usize,
}

/// The read buffer of one connection, and the frames in it.
///
/// After each read, take *all* frames, then read again:
/// ```text
/// let n = socket.read(reader.space())?;    or: reader.push(plaintext)
/// reader.fill(n);                          (push does it itself)
/// while let Some((frame, rest)) = reader.next_frame()? { … }
/// ```
/// So every frame was completed by the read just before, whose time stamps are the frame's.
/// Payloads are slices of the buffer; only the fragments of a split message are copied together.
/// In steady state nothing is allocated: the buffer grows if one frame does not fit it, up to
/// [`MAX_MESSAGE`]. After an error or a [`Frame::Close`] the connection is to be given up.
pub struct FrameReader {
    buffer: Vec<u8>,
    /// The bytes that were read and not yet taken.
    filled: Range<usize>,
    /// How many bytes the frame at the front needs altogether, as far as it is known.
    wanted: usize,
    /// The fragments of a split message.
    message: Vec<u8>,
    /// The kind of the split message that is under way.
    split: Option<Kind>,
    closed: bool,
}

impl Default for FrameReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameReader {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: vec![0; FIRST_SIZE],
            filled: 0..0,
            wanted: 0,
            message: Vec::new(),
            split: None,
            closed: false,
        }
    }

    /// Room for the next read; never empty as long as the frames are taken after each read.
    pub fn space(&mut self) -> &mut [u8] {
        self.make_room(LEAST_SPACE);
        self.buffer.get_mut(self.filled.end..).unwrap_or_default()
    }

    /// Says that the first `len` bytes of [`Self::space`] were written.
    pub fn fill(&mut self, len: usize) {
        self.filled.end = self.buffer.len().min(self.filled.end + len);
    }

    /// Appends bytes that were read elsewhere, such as the plaintext of one TLS record.
    pub fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        let end = self.filled.end + bytes.len();
        if let Some(space) = self.buffer.get_mut(self.filled.end..end) {
            space.copy_from_slice(bytes);
            self.filled.end = end;
        }
    }

    /// The bytes that were read and not yet taken: the answer to the upgrade, before any frame.
    #[must_use]
    pub fn waiting(&self) -> &[u8] {
        self.slice(self.filled.clone())
    }

    /// Passes over the first `len` waiting bytes: the head of that answer.
    pub fn skip(&mut self, len: usize) {
        self.filled.start = self.filled.end.min(self.filled.start + len);
    }

    fn make_room(&mut self, room: usize) {
        if self.filled.is_empty() {
            self.filled = 0..0;
        }
        let waiting = self.filled.len();
        let needed = (waiting + room).max(self.wanted);
        if self.filled.start + needed <= self.buffer.len() {
            return;
        }
        self.buffer.copy_within(self.filled.clone(), 0);
        self.filled = 0..waiting;
        if needed > self.buffer.len() {
            self.buffer.resize(needed.next_power_of_two(), 0);
        }
    }

    /// Takes the next whole frame out of what was read, and says how many bytes wait behind it.
    ///
    /// `None` if the next frame needs another read. A frame without bytes behind it ends with the
    /// last byte that was read.
    ///
    /// Errors: any [`WsError`]; give the connection up then.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<(Frame<'_>, usize)>, WsError> {
        loop {
            let Some(header) = self.next_header()? else { return Ok(None) };
            let start = self.filled.start + header.len;
            let payload = start..start + header.payload_len;
            if payload.end > self.filled.end {
                self.wanted = header.len + header.payload_len;
                return Ok(None);
            }
            self.filled.start = payload.end;
            self.wanted = 0;
            let rest = self.filled.len();
            let frame = match header.opcode {
                2 if header.fin => Frame::Binary(self.slice(payload)),
                1 if header.fin => Frame::Text(text(self.slice(payload))?),
                0..=2 => match self.add_fragment(header, payload) {
                    Some(kind) => self.whole_message(kind)?,
                    None => continue,
                },
                _ => self.control(header.opcode, payload)?,
            };
            return Ok(Some((frame, rest)));
        }
    }

    #[inline]
    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// The header at the front, checked against what came before it; `None` if it is not whole.
    #[inline]
    fn next_header(&self) -> Result<Option<Header>, WsError> {
        if self.closed {
            return Ok(None);
        }
        let Some(header) = parse_header(self.slice(self.filled.clone()))? else { return Ok(None) };
        match (header.opcode, self.split) {
            (0, None) => return Err(WsError::Continuation),
            (opcode @ 1..=2, Some(_)) => return Err(WsError::Interleaved(opcode)),
            (0, Some(_)) => {
                let was = self.message.len() + header.payload_len;
                if was > MAX_MESSAGE {
                    return Err(WsError::TooLong { was: was as u64 });
                }
            }
            _ => {}
        }
        Ok(Some(header))
    }

    /// Keeps one fragment; answers the kind if it was the last of its message.
    fn add_fragment(&mut self, header: Header, payload: Range<usize>) -> Option<Kind> {
        let kind = match header.opcode {
            0 => self.split?,
            opcode => {
                self.message.clear();
                if opcode == 1 { Kind::Text } else { Kind::Binary }
            }
        };
        self.message.extend_from_slice(self.buffer.get(payload).unwrap_or_default());
        self.split = if header.fin { None } else { Some(kind) };
        header.fin.then_some(kind)
    }

    fn whole_message(&self, kind: Kind) -> Result<Frame<'_>, WsError> {
        match kind {
            Kind::Binary => Ok(Frame::Binary(&self.message)),
            Kind::Text => text(&self.message).map(Frame::Text),
        }
    }

    fn control(&mut self, opcode: u8, payload: Range<usize>) -> Result<Frame<'_>, WsError> {
        match opcode {
            9 => Ok(Frame::Ping(self.slice(payload))),
            10 => Ok(Frame::Pong(self.slice(payload))),
            _ => {
                self.closed = true;
                close(self.slice(payload))
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, WsError> {
    std::str::from_utf8(bytes).map_err(|error| WsError::Utf8 { valid: error.valid_up_to() })
}

fn close(payload: &[u8]) -> Result<Frame<'_>, WsError> {
    let len = payload.len();
    match payload {
        [] => Ok(Frame::Close { code: None, reason: "" }),
        [_] => Err(WsError::Close { len, code: 0 }),
        [high, low, reason @ ..] => match u16::from_be_bytes([*high, *low]) {
            code @ ..1000 => Err(WsError::Close { len, code }),
            code => Ok(Frame::Close { code: Some(code), reason: text(reason)? }),
        },
    }
}

/// Reads and checks one header; `None` if there are too few bytes.
#[inline]
fn parse_header(bytes: &[u8]) -> Result<Option<Header>, WsError> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let (first, second, opcode) = (*first, *second, first & 0x0f);
    if first & 0x70 != 0 {
        return Err(WsError::Reserved(first));
    }
    if !matches!(opcode, 0..=2 | 8..=10) {
        return Err(WsError::Opcode(opcode));
    }
    if second & 0x80 != 0 {
        return Err(WsError::Masked(opcode));
    }
    let (long, least, len) = match second {
        126 => match rest {
            [a, b, ..] => (u64::from(u16::from_be_bytes([*a, *b])), 126, 4),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(long) => (u64::from_be_bytes(*long), 1 << 16, MAX_HEADER),
            None => return Ok(None),
        },
        short => (u64::from(short), 0, 2),
    };
    if long < least {
        return Err(WsError::LongForm(long));
    }
    let fin = first & 0x80 != 0;
    if opcode >= 8 && long > MAX_CONTROL as u64 {
        return Err(WsError::ControlLength { was: long });
    }
    if opcode >= 8 && !fin {
        return Err(WsError::ControlFragment(opcode));
    }
    if long > MAX_MESSAGE as u64 {
        return Err(WsError::TooLong { was: long });
    }
    Ok(Some(Header { fin, opcode, len, payload_len: long as usize }))
}

/// A frame that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFrame<'payload> {
    /// A request or a life sign.
    Text(&'payload str),
    /// Asks the server for a pong, with at most 125 bytes of payload.
    Ping(&'payload [u8]),
    /// The answer to a ping, with its payload.
    Pong(&'payload [u8]),
    /// Good-bye, with a code: 1000 for a normal end.
    Close(u16),
}

/// Appends one masked frame to `out`.
///
/// Shape:  header of 6, 8 or 14 bytes with `mask`, then the payload XORed with it.
/// Source: RFC 6455 sections 5.2 and 5.3. The mask keeps hostile payloads from being read as HTTP by
///         proxies; all our payloads are our own, so a seeded sequence is enough.
pub fn encode(frame: ClientFrame<'_>, mask: [u8; 4], out: &mut Vec<u8>) {
    let code;
    let (opcode, payload): (u8, &[u8]) = match frame {
        ClientFrame::Text(text) => (1, text.as_bytes()),
        ClientFrame::Ping(payload) => (9, payload),
        ClientFrame::Pong(payload) => (10, payload),
        ClientFrame::Close(number) => {
            code = number.to_be_bytes();
            (8, &code)
        }
    };
    out.push(0x80 | opcode);
    match payload.len() {
        len @ ..=125 => out.push(0x80 | len as u8),
        len @ ..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
}

#[cfg(test)]
mod tests;
