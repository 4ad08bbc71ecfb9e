//! First room: a frame of the market stream becomes a tick of the traded instrument.

use smartapi::packet::{self, DepthRow, ExchangeType, FrameError, Mode, Packet};

use crate::units::{EventTime, Paise, Qty, Touch};

/// A tick as its source delivered it, before acceptance; what could not be read is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawTick {
    /// Exchange time; `None` if missing, unreadable or outside the years 1970 to 2100.
    pub time: Option<EventTime>,
    /// Last traded price; `None` if unreadable, below half a paisa or above 1e9 rupees.
    pub price: Option<Paise>,
    /// Quantity of this tick; `None` if missing, unreadable, negative or above 1e12.
    pub volume: Option<Qty>,
    /// The best prices of both sides, where the source has depth and both sides have one.
    pub touch: Option<Touch>,
}

impl RawTick {
    /// The largest volume that is believed.
    pub const MAX_VOLUME: i64 = 1_000_000_000_000;
}

/// A tick with the sequence number of its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// What the packet says.
    pub raw: RawTick,
    /// The packet's sequence number; 0 has no meaning.
    pub sequence: i64,
}

/// Why a frame did not become a tick. Counted by the caller, never logged here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedFault {
    /// A keep-alive, or bytes that are no packet.
    Frame(FrameError),
    /// A packet of another instrument, or of another mode than was subscribed.
    OtherInstrument,
    /// The segment's prices are finer than a paisa.
    Segment(ExchangeType),
    /// The exchange stamp lies further ahead of this machine's clock than `live.max_future_seconds`.
    Future(EventTime),
}

/// What the traded instrument's packets carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The segment on the stream.
    pub segment: ExchangeType,
    /// The token, padded with NULs.
    pub token: [u8; 25],
    /// The mode that was asked for.
    pub mode: Mode,
}

/// Decodes and validates frames of one subscription.
#[derive(Clone, Debug)]
pub struct Feed {
    subscription: Subscription,
    /// Bytes of the token before its first NUL.
    token_len: usize,
}

impl Feed {
    /// A feed for one instrument in one mode.
    #[must_use]
    pub fn new(subscription: Subscription) -> Self {
        Self { subscription, token_len: packet::token_text(&subscription.token).len() }
    }

    /// Whether a packet's token is ours; what follows its first NUL does not matter.
    #[inline]
    fn is_ours(&self, token: &[u8; 25]) -> bool {
        let (ours, _) = self.subscription.token.split_at(self.token_len);
        token.strip_prefix(ours).is_some_and(|rest| rest.first().is_none_or(|&byte| byte == 0))
    }

    /// Reads one binary frame; `latest` is the last exchange time that can be true now.
    ///
    /// Units:  tick time is the packet's exchange time, tick volume its last traded quantity.
    /// Errors: [`FeedFault`], by kind.
    #[inline]
    pub fn read(&self, frame: &[u8], latest: EventTime) -> Result<Received, FeedFault> {
        let packet = packet::decode(frame).map_err(FeedFault::Frame)?;
        let head = packet.head().ok_or(FeedFault::OtherInstrument)?;
        let of_ours = packet.mode() == self.subscription.mode
            && head.exchange_type() == self.subscription.segment
            && self.is_ours(&head.token);
        if !of_ours {
            return Err(FeedFault::OtherInstrument);
        }
        let segment = head.exchange_type();
        let price = head.price().paise(segment).ok_or(FeedFault::Segment(segment))?;
        let time = EventTime::from_millis(head.exchange_ts_ms.get());
        if let Some(time) = time.filter(|time| *time > latest) {
            return Err(FeedFault::Future(time));
        }
        let raw = RawTick {
            time,
            price: believable(price),
            volume: volume(&packet),
            touch: touch(&packet),
        };
        Ok(Received { raw, sequence: head.sequence.get() })
    }
}

#[inline]
fn believable(paise: i64) -> Option<Paise> {
    (paise > 0 && paise <= Paise::MAX_PRICE.0).then_some(Paise(paise))
}

#[inline]
fn volume(packet: &Packet<'_>) -> Option<Qty> {
    let qty = packet.last_traded_qty()?;
    (0..=RawTick::MAX_VOLUME).contains(&qty).then_some(Qty(qty))
}

/// The best price of each side; index packets carry a placeholder book with negative numbers.
#[inline]
fn touch(packet: &Packet<'_>) -> Option<Touch> {
    let Packet::SnapQuote(packet) = packet else { return None };
    let best = |rows: &[DepthRow]| {
        let row = rows.first().filter(|row| row.qty.get() > 0)?;
        believable(row.px.get())
    };
    Some(Touch { bid: best(packet.buys())?, ask: best(packet.sells())? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smartapi::packet::{token_field, token_text};

    use super::*;

    fn feed(token: [u8; 25]) -> Feed {
        let (segment, mode) = (ExchangeType::NSE_FO, Mode::SnapQuote);
        Feed::new(Subscription { segment, token, mode })
    }

    #[test]
    fn a_longer_or_shorter_token_is_another_instruments() {
        let token = |text| token_field(text).expect("fits");
        let ours = feed(token("47338"));
        assert!(ours.is_ours(&token("47338")));
        assert!(!ours.is_ours(&token("473380")) && !ours.is_ours(&token("4733")));
        let longest = token("1234567890123456789012345");
        assert!(feed(longest).is_ours(&longest));
    }

    proptest! {
        #[test]
        fn tokens_are_compared_up_to_their_first_nul(
            ours in prop::array::uniform25(prop_oneof![Just(0u8), Just(b'1'), Just(b'2')]),
            theirs in prop::array::uniform25(prop_oneof![Just(0u8), Just(b'1'), Just(b'2')]),
            same in 0usize..26,
        ) {
            let mut theirs = theirs;
            theirs[..same].copy_from_slice(&ours[..same]);
            prop_assert_eq!(feed(ours).is_ours(&theirs), token_text(&ours) == token_text(&theirs));
        }
    }
}
