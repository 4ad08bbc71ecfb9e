//! The index that streams beside the played instrument: invented from its prices.

use smartapi::packet::{
    DepthRow, ExchangeType, FromZeros, IntoBytes, Mode, SnapQuote, token_field,
};
use tungstenite::Bytes;

use super::tape::{Day, Print, Prints};

/// Its symbol in the list.
pub(crate) const SYMBOL: &str = "Nifty 50";
/// NIFTY 50, as published since March 2024.
pub(crate) const TOKEN: &str = "99926000";
/// Its level at the tape's first row, in paise.
const FIRST_LEVEL: i64 = 2_600_000;
/// Paise of the index for one of the instrument: as for an option at the money.
const SLOPE: i64 = 2;

/// One packet of the index that is filled anew for each print.
///
/// Source: live captures of August 2026: sequence, quantities and averages are 0, and the first bid is
///         a row of quantity -1 and price -1.
pub(crate) struct IndexComposer {
    packet: SnapQuote,
    first: i64,
}

impl IndexComposer {
    pub(crate) fn new(prints: &Prints) -> Self {
        let mut packet = SnapQuote::new_zeroed();
        packet.quote.head.exchange_type = ExchangeType::NSE_CM.0;
        packet.quote.head.token = token_field(TOKEN).unwrap_or_default();
        for (place, row) in packet.depth.iter_mut().enumerate() {
            let (flag, placeholder) = (u16::from(place < 5), if place == 0 { -1 } else { 0 });
            *row = DepthRow {
                flag: flag.into(),
                qty: placeholder.into(),
                px: placeholder.into(),
                orders: 0.into(),
            };
        }
        let first = prints.at(0).map_or(0, |(print, _)| print.row.price_paise);
        Self { packet, first }
    }

    fn level(&self, price: i64) -> i64 {
        let moved = price.saturating_sub(self.first).saturating_mul(SLOPE);
        FIRST_LEVEL.saturating_add(moved).max(1)
    }

    /// Fills the packet with `print`.
    pub(crate) fn fill(&mut self, print: &Print, day: &Day) -> &SnapQuote {
        let [open, high, low, close] =
            [day.open, print.high, print.low, day.previous_close].map(|price| self.level(price));
        let ltp = self.level(print.row.price_paise);
        let quote = &mut self.packet.quote;
        quote.head.exchange_ts_ms = print.row.exchange_ts_ms.into();
        quote.head.ltp = ltp.into();
        quote.open = open.into();
        quote.high = high.into();
        quote.low = low.into();
        quote.previous_close = close.into();
        self.packet.last_traded_ts_s = print.row.exchange_ts_ms.div_euclid(1000).into();
        &self.packet
    }

    /// The packet at `print` in `mode`, of which mode 4 has none: the index has no depth.
    pub(crate) fn bytes(&mut self, print: &Print, day: &Day, mode: Mode) -> Option<Bytes> {
        self.packet.quote.head.mode = mode as u8;
        self.fill(print, day);
        let all = self.packet.as_bytes();
        let fits = (mode != Mode::Depth20).then(|| all.get(..mode.packet_len())).flatten()?;
        Some(Bytes::copy_from_slice(fits))
    }
}

#[cfg(test)]
mod tests {
    use smartapi::packet::{Packet, decode};

    use super::*;
    use crate::Row;

    #[test]
    fn it_moves_with_the_instrument_and_has_neither_volume_nor_book() {
        let row =
            |second: i64, price_paise| Row { exchange_ts_ms: second * 1000, price_paise, qty: 75 };
        let prints = Prints::new(&[row(1, 10_000), row(2, 10_150), row(3, 9_900)]);
        let mut index = IndexComposer::new(&prints);
        let levels: Vec<_> = (0..3)
            .map(|at| {
                let (print, day) = prints.at(at).unwrap();
                let bytes = index.bytes(&print, &day, Mode::SnapQuote).unwrap();
                let Ok(Packet::SnapQuote(packet)) = decode(&bytes) else { panic!("no packet") };
                let quote = &packet.quote;
                let nothing = [quote.head.sequence, quote.day_volume, quote.average_price];
                assert_eq!(nothing.map(|number| number.get()), [0; 3]);
                assert_eq!(packet.open_interest.get(), 0);
                let bid = packet.buys()[0];
                assert_eq!((bid.flag.get(), bid.qty.get(), bid.px.get()), (1, -1, -1));
                assert!(packet.sells().iter().all(|row| row.qty.get() == 0));
                (quote.head.ltp.get(), quote.high.get(), quote.low.get())
            })
            .collect();
        assert_eq!(
            levels,
            [
                (2_600_000, 2_600_000, 2_600_000),
                (2_600_300, 2_600_300, 2_600_000),
                (2_599_800, 2_600_300, 2_599_800)
            ]
        );
        let (print, day) = prints.at(0).unwrap();
        for mode in [Mode::Ltp, Mode::Quote] {
            let bytes = index.bytes(&print, &day, mode).unwrap();
            assert_eq!((bytes.len(), decode(&bytes).unwrap().mode()), (mode.packet_len(), mode));
        }
        assert_eq!(index.bytes(&print, &day, Mode::Depth20), None);
    }
}
