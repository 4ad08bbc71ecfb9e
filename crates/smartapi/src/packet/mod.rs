//! Market-data packets: decode and encode over one table of layouts.
//!
//! [`decode`] borrows from the frame, allocates nothing and never panics; the bytes of a packet to
//! send are [`zerocopy::IntoBytes::as_bytes`] of the same structs.

mod layout;
#[cfg(test)]
mod tests;

pub use layout::{Depth20, Depth20Row, DepthRow, Ltp, Quote, SnapQuote};
use zerocopy::FromBytes;
pub use zerocopy::{FromZeros, IntoBytes};

/// What a subscription asks for, and the first byte of every packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Last traded price: 51 bytes.
    Ltp = 1,
    /// Price, quantities and the day's figures: 123 bytes.
    Quote = 2,
    /// Everything, with the best five of both sides: 379 bytes.
    SnapQuote = 3,
    /// Twenty levels of depth: 443 bytes, withdrawn in 2025.
    Depth20 = 4,
}

impl Mode {
    /// The mode with this number on the wire.
    #[must_use]
    pub const fn from_wire(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Ltp),
            2 => Some(Self::Quote),
            3 => Some(Self::SnapQuote),
            4 => Some(Self::Depth20),
            _ => None,
        }
    }

    /// The length of a packet of this mode in bytes; longer frames are cut to it.
    #[must_use]
    pub const fn packet_len(self) -> usize {
        match self {
            Self::Ltp => size_of::<Ltp>(),
            Self::Quote => size_of::<Quote>(),
            Self::SnapQuote => size_of::<SnapQuote>(),
            Self::Depth20 => size_of::<Depth20>(),
        }
    }
}

/// The segment's number on the stream; unknown numbers are carried, not refused.
///
/// Source: SmartAPI "WebSocket Streaming 2.0", request contract; 7 and 13 from older pages and all SDKs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeType(pub u8);

impl ExchangeType {
    /// NSE cash and NSE indices.
    pub const NSE_CM: Self = Self(1);
    /// NSE futures and options.
    pub const NSE_FO: Self = Self(2);
    /// BSE cash and BSE indices.
    pub const BSE_CM: Self = Self(3);
    /// BSE futures and options.
    pub const BSE_FO: Self = Self(4);
    /// MCX commodities.
    pub const MCX_FO: Self = Self(5);
    /// NCDEX commodities.
    pub const NCX_FO: Self = Self(7);
    /// NSE currency: the one segment whose prices are 10^-7 rupees.
    pub const CDE_FO: Self = Self(13);

    /// Every segment that has a name.
    pub const NAMED: [(Self, &'static str); 7] = [
        (Self::NSE_CM, "NSE"),
        (Self::NSE_FO, "NFO"),
        (Self::BSE_CM, "BSE"),
        (Self::BSE_FO, "BFO"),
        (Self::MCX_FO, "MCX"),
        (Self::NCX_FO, "NCDEX"),
        (Self::CDE_FO, "CDS"),
    ];

    /// The stream's number for a segment name of REST and the scrip master, such as `NFO`.
    #[must_use]
    pub fn of_segment(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(_, known)| *known == name).map(|(segment, _)| *segment)
    }

    /// The inverse of [`ExchangeType::of_segment`].
    #[must_use]
    pub fn segment_name(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(known, _)| *known == self).map(|(_, name)| *name)
    }

    /// What a price of this segment is divided by to give rupees.
    #[must_use]
    pub const fn price_divisor(self) -> i64 {
        if self.0 == Self::CDE_FO.0 { 10_000_000 } else { 100 }
    }
}

/// A price as the wire has it: paise, or 10^-7 rupees in the currency segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WirePrice(pub i64);

impl WirePrice {
    /// The price in paise, or `None` where the segment's prices are finer than a paisa.
    #[must_use]
    pub const fn paise(self, segment: ExchangeType) -> Option<i64> {
        if segment.0 == ExchangeType::CDE_FO.0 { None } else { Some(self.0) }
    }
}

/// The meaningful bytes of a token field: all before the first NUL.
#[must_use]
pub fn token_text(field: &[u8; 25]) -> &[u8] {
    let len = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    field.split_at(len).0
}

/// A token field holding `token`, padded with NULs; `None` if it is longer than 25 bytes.
#[must_use]
pub fn token_field(token: &str) -> Option<[u8; 25]> {
    let mut field = [0; 25];
    field.get_mut(..token.len())?.copy_from_slice(token.as_bytes());
    Some(field)
}

/// A decoded packet: a view of the frame's own bytes.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'frame> {
    /// Mode 1.
    Ltp(&'frame Ltp),
    /// Mode 2.
    Quote(&'frame Quote),
    /// Mode 3.
    SnapQuote(&'frame SnapQuote),
    /// Mode 4.
    Depth20(&'frame Depth20),
}

/// Why a binary frame is not a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// An empty, one-byte or `pong` frame: keep-alive noise, to be counted and forgotten.
    #[error("frame of {was} bytes is keep-alive noise, not a packet")]
    Noise {
        /// The frame's length in bytes.
        was: usize,
    },
    /// The frame is shorter than its mode needs.
    #[error("frame was {was} bytes, mode {mode} needs {needs}")]
    Length {
        /// The frame's first byte.
        mode: u8,
        /// The frame's length in bytes.
        was: usize,
        /// The least length for that mode.
        needs: usize,
    },
    /// The frame's first byte is no mode.
    #[error("frame has mode {0}, known modes are 1 to 4")]
    Mode(u8),
}

/// Decodes one binary frame of the market stream.
///
/// Shape:  see the structs; bytes after the packet are ignored. Borrows, never copies.
/// Errors: [`FrameError::Noise`] for an empty, one-byte or `pong` frame; [`FrameError::Mode`] unless
///         byte 0 is 1 to 4; [`FrameError::Length`] if the frame is shorter than its mode needs.
/// Source: SmartAPI "WebSocket Streaming 2.0", response contract.
#[inline]
pub fn decode(frame: &[u8]) -> Result<Packet<'_>, FrameError> {
    let number = match frame {
        [] | [_] | b"pong" => return Err(FrameError::Noise { was: frame.len() }),
        [number, ..] => *number,
    };
    let Some(mode) = Mode::from_wire(number) else { return Err(FrameError::Mode(number)) };
    let packet = match mode {
        Mode::Ltp => view(frame).map(Packet::Ltp),
        Mode::Quote => view(frame).map(Packet::Quote),
        Mode::SnapQuote => view(frame).map(Packet::SnapQuote),
        Mode::Depth20 => view(frame).map(Packet::Depth20),
    };
    packet.ok_or(FrameError::Length { mode: number, was: frame.len(), needs: mode.packet_len() })
}

/// The frame's beginning seen as a `T`, if it is long enough.
#[inline]
fn view<T>(frame: &[u8]) -> Option<&T>
where
    T: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable + zerocopy::Unaligned,
{
    T::ref_from_prefix(frame).ok().map(|(packet, _rest)| packet)
}

impl<'frame> Packet<'frame> {
    /// The mode this packet was sent in.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self {
            Self::Ltp(_) => Mode::Ltp,
            Self::Quote(_) => Mode::Quote,
            Self::SnapQuote(_) => Mode::SnapQuote,
            Self::Depth20(_) => Mode::Depth20,
        }
    }

    /// The part that modes 1 to 3 share; mode 4 has none.
    #[must_use]
    #[inline]
    pub const fn head(&self) -> Option<&'frame Ltp> {
        match self {
            Self::Ltp(packet) => Some(packet),
            Self::Quote(packet) => Some(&packet.head),
            Self::SnapQuote(packet) => Some(&packet.quote.head),
            Self::Depth20(_) => None,
        }
    }

    /// The last traded quantity in units; mode 1 and mode 4 have none.
    #[must_use]
    #[inline]
    pub const fn last_traded_qty(&self) -> Option<i64> {
        match self {
            Self::Quote(packet) => Some(packet.last_traded_qty.get()),
            Self::SnapQuote(packet) => Some(packet.quote.last_traded_qty.get()),
            Self::Ltp(_) | Self::Depth20(_) => None,
        }
    }
}
