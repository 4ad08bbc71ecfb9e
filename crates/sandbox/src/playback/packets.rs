//! Fills a packet from a print; what the tape does not know is made up, the same way each time.

use smartapi::packet::{
    Depth20, Depth20Row, DepthRow, ExchangeType, FromZeros, IntoBytes, Ltp, Mode, SnapQuote,
    token_field,
};
use tungstenite::Bytes;

use super::generator::mix;
use super::tape::{Day, Print, Prints};
use crate::Instrument;

/// The book stays below this, whatever a recording claims: a billion rupees.
const HIGHEST_BOOK: i64 = 100_000_000_000;

/// One packet that is filled anew for each print.
pub(crate) struct Composer {
    packet: SnapQuote,
    lot: i64,
    /// The step of prices in paise.
    tick: i64,
    /// Shares have no open interest.
    has_interest: bool,
}

impl Composer {
    pub(crate) fn new(instrument: &Instrument, prints: &Prints) -> Self {
        let mut packet = SnapQuote::new_zeroed();
        packet.quote.head.exchange_type = instrument.exchange_type.0;
        packet.quote.head.token = token_field(&instrument.token).unwrap_or_default();
        let tick = instrument.tick_paise;
        let highest = on_grid(prints.highest().clamp(tick, HIGHEST_BOOK), tick);
        packet.upper_circuit = (highest * 3).into();
        packet.lower_circuit = tick.into();
        let shares = [ExchangeType::NSE_CM, ExchangeType::BSE_CM];
        let has_interest = !shares.contains(&instrument.exchange_type);
        Self { packet, lot: instrument.lot_size, tick, has_interest }
    }

    /// Fills the packet with `print`; [`Composer::bytes`] then gives it in any mode.
    pub(crate) fn fill(&mut self, print: &Print, day: &Day, sequence: i64) {
        let row = print.row;
        let chance = mix(sequence as u64);
        let quote = &mut self.packet.quote;
        quote.head.sequence = sequence.into();
        quote.head.exchange_ts_ms = row.exchange_ts_ms.into();
        quote.head.ltp = row.price_paise.into();
        quote.last_traded_qty = row.qty.into();
        quote.average_price = print.average.into();
        quote.day_volume = print.volume.into();
        quote.total_buy_qty =
            ((self.lot * (2_000 + ((chance >> 48) & 0xFFF) as i64)) as f64).into();
        quote.total_sell_qty =
            ((self.lot * (2_000 + ((chance >> 36) & 0xFFF) as i64)) as f64).into();
        quote.open = day.open.into();
        quote.high = print.high.into();
        quote.low = print.low.into();
        quote.previous_close = day.previous_close.into();
        self.packet.last_traded_ts_s = row.exchange_ts_ms.div_euclid(1000).into();
        if self.has_interest {
            let start = opening_interest(self.lot);
            let interest = open_interest(self.lot, print.volume);
            self.packet.open_interest = interest.into();
            let change = (interest - start) as f64 / start as f64 * 100.0;
            self.packet.open_interest_change_pct = change.into();
        }
        self.fill_depth(row.price_paise, chance);
    }

    /// Five rows a side with the last price on one of the two best; below the grid a row is empty.
    fn fill_depth(&mut self, price: i64, mut chance: u64) {
        let tick = self.tick;
        let floor = on_grid(price.clamp(0, HIGHEST_BOOK), tick);
        let sold_at_ask = floor == price && chance & 1 == 1;
        let bid = if sold_at_ask { floor - tick } else { floor };
        let ask = bid + tick;
        for (place, row) in (0..).zip(self.packet.depth.iter_mut()) {
            let level = tick * (place % 5);
            let (flag, px) = if place < 5 { (1u16, bid - level) } else { (0, ask + level) };
            chance = chance.rotate_right(5);
            let shown = px >= tick;
            *row = DepthRow {
                flag: flag.into(),
                qty: (if shown { self.lot * (1 + (chance & 31) as i64) } else { 0 }).into(),
                px: (if shown { px } else { 0 }).into(),
                orders: (if shown { 1 + ((chance >> 5) & 15) as u16 } else { 0 }).into(),
            };
        }
    }

    /// The packet as it was filled last.
    pub(crate) const fn packet(&self) -> &SnapQuote {
        &self.packet
    }

    /// The packet in `mode`: a poorer mode is the beginning of a richer one.
    pub(crate) fn bytes(&mut self, mode: Mode) -> Bytes {
        if mode == Mode::Depth20 {
            return self.depth_20();
        }
        self.packet.quote.head.mode = mode as u8;
        let all = self.packet.as_bytes();
        Bytes::copy_from_slice(all.get(..mode.packet_len()).unwrap_or(all))
    }

    /// Twenty levels a side: the five of the richest mode, and more behind them.
    fn depth_20(&self) -> Bytes {
        let head = &self.packet.quote.head;
        let mut packet = Depth20::new_zeroed();
        packet.mode = Mode::Depth20 as u8;
        packet.exchange_type = head.exchange_type;
        packet.token = head.token;
        packet.exchange_ts_ms = head.exchange_ts_ms;
        packet.received_ts_ms = head.exchange_ts_ms;
        let chance = |place: i64| mix(head.sequence.get() as u64 ^ mix(place as u64));
        self.deepen(&mut packet.buys, self.packet.buys(), -self.tick, chance);
        self.deepen(&mut packet.sells, self.packet.sells(), self.tick, |place| chance(-place));
        Bytes::copy_from_slice(packet.as_bytes())
    }

    /// Fills one side's levels, each `step` behind the one before; below the grid they are empty.
    fn deepen(
        &self,
        levels: &mut [Depth20Row],
        best: &[DepthRow],
        step: i64,
        chance: impl Fn(i64) -> u64,
    ) {
        let first = best.first().map_or(0, |row| row.px.get());
        let fits = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        for (place, level) in levels.iter_mut().enumerate() {
            let known = best.get(place).map(|row| (row.px.get(), row.qty.get(), row.orders.get()));
            let (px, qty, orders) = known.unwrap_or_else(|| {
                let px = first.saturating_add(step * place as i64);
                let drawn = chance(place as i64);
                if first < self.tick || px < self.tick {
                    return (0, 0, 0);
                }
                (px, self.lot * (1 + (drawn & 31) as i64), 1 + ((drawn >> 5) & 15) as u16)
            });
            level.px = fits(px).into();
            level.qty = fits(qty).into();
            level.orders = i16::try_from(orders).unwrap_or(i16::MAX).into();
        }
    }

    /// The packet in `mode` with its head edited, this once.
    pub(crate) fn edited(&mut self, mode: Mode, edit: impl FnOnce(&mut Ltp)) -> Bytes {
        let head = self.packet.quote.head;
        edit(&mut self.packet.quote.head);
        let bytes = self.bytes(mode);
        self.packet.quote.head = head;
        bytes
    }
}

/// The open interest before the day's first trade.
pub(crate) const fn opening_interest(lot: i64) -> i64 {
    lot * 20_000
}

/// The open interest after so much was traded: an eighth of it stays open.
pub(crate) const fn open_interest(lot: i64, volume: i64) -> i64 {
    opening_interest(lot) + volume / (lot * 8) * lot
}

/// The grid price at or below `price`.
const fn on_grid(price: i64, tick: i64) -> i64 {
    price - price.rem_euclid(tick)
}

#[cfg(test)]
mod tests {
    use smartapi::packet::{Packet, decode};

    use super::*;
    use crate::Row;

    const GRID: i64 = 5;

    fn composed(price_paise: i64, sequence: i64) -> SnapQuote {
        composed_of(&Instrument::default(), price_paise, sequence)
    }

    fn composed_of(played: &Instrument, price_paise: i64, sequence: i64) -> SnapQuote {
        let rows = [Row { exchange_ts_ms: 1_759_290_360_000, price_paise, qty: 150 }];
        let prints = Prints::new(&rows);
        let mut composer = Composer::new(played, &prints);
        let (print, day) = prints.at(0).unwrap();
        composer.fill(&print, &day, sequence);
        let bytes = composer.bytes(Mode::SnapQuote);
        let Ok(Packet::SnapQuote(packet)) = decode(&bytes) else { panic!("no packet") };
        *packet
    }

    #[test]
    fn the_book_lies_around_the_price_on_the_grid() {
        for (sequence, price) in (1..200).zip((5..).step_by(5)) {
            let packet = composed(price, sequence);
            let bid = packet.buys()[0].px.get();
            let ask = packet.sells()[0].px.get();
            assert!(bid <= price && price <= ask && bid < ask, "{bid} {price} {ask}");
            assert!(ask - bid == GRID || bid == 0, "{bid} {ask}");
            for row in packet.buys() {
                let px = row.px.get();
                assert_eq!(row.flag.get(), 1);
                assert_eq!(px % GRID, 0);
                assert!(px >= GRID || (px, row.qty.get(), row.orders.get()) == (0, 0, 0));
            }
            assert!(packet.sells().iter().all(|row| row.flag.get() == 0 && row.qty.get() > 0));
            assert!(packet.upper_circuit.get() > price);
        }
    }

    #[test]
    fn a_coarser_grid_has_a_wider_book() {
        let played = Instrument { tick_paise: 100, ..Instrument::default() };
        let packet = composed_of(&played, 530_000, 1);
        let [bid, ask] = [packet.buys()[0].px.get(), packet.sells()[0].px.get()];
        assert_eq!((ask - bid, bid % 100), (100, 0));
        assert_eq!((packet.lower_circuit.get(), packet.upper_circuit.get()), (100, 1_590_000));
    }

    #[test]
    fn shares_have_no_open_interest() {
        assert!(composed(10_000, 1).open_interest.get() > 0);
        let share = Instrument { exchange_type: ExchangeType::NSE_CM, ..Instrument::default() };
        let packet = composed_of(&share, 10_000, 1);
        let told = (packet.open_interest.get(), packet.open_interest_change_pct.get());
        assert_eq!(told, (0, 0.0));
    }

    #[test]
    fn senseless_prices_are_sent_as_they_are() {
        for price in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(composed(price, 1).quote.head.ltp.get(), price);
        }
    }

    #[test]
    fn the_same_sequence_gives_the_same_bytes() {
        assert_eq!(composed(12_345, 7).as_bytes(), composed(12_345, 7).as_bytes());
        assert_eq!(composed(12_345, 7).last_traded_ts_s.get(), 1_759_290_360);
    }

    #[test]
    fn twenty_levels_begin_with_the_best_five() {
        for price in [10_000, 50, 5] {
            let rows = [Row { exchange_ts_ms: 1_759_290_360_000, price_paise: price, qty: 150 }];
            let prints = Prints::new(&rows);
            let mut composer = Composer::new(&Instrument::default(), &prints);
            let (print, day) = prints.at(0).unwrap();
            composer.fill(&print, &day, 7);
            let bytes = composer.bytes(Mode::Depth20);
            let Ok(Packet::Depth20(deep)) = decode(&bytes) else { panic!("no packet") };
            let snap = composer.packet();
            for (levels, best, step) in
                [(&deep.buys, snap.buys(), -GRID), (&deep.sells, snap.sells(), GRID)]
            {
                let first = best[0].px.get();
                for (place, level) in (0..).zip(levels) {
                    let px = first + step * place;
                    let shown = px >= GRID && first >= GRID;
                    assert_eq!(i64::from(level.px.get()), if shown { px } else { 0 });
                    assert_eq!((level.qty.get() > 0, level.orders.get() > 0), (shown, shown));
                    if let Some(row) = best.get(place as usize) {
                        assert_eq!(i64::from(level.qty.get()), row.qty.get());
                    }
                }
            }
            assert_eq!(deep.exchange_ts_ms.get(), rows[0].exchange_ts_ms);
            assert_eq!(deep.token, snap.quote.head.token);
        }
    }

    #[test]
    fn a_poorer_mode_is_a_beginning() {
        let prints = Prints::new(&[Row { exchange_ts_ms: 0, price_paise: 100, qty: 1 }]);
        let mut composer = Composer::new(&Instrument::default(), &prints);
        for mode in [Mode::Ltp, Mode::Quote, Mode::SnapQuote] {
            let bytes = composer.bytes(mode);
            assert_eq!(bytes.len(), mode.packet_len());
            assert_eq!(decode(&bytes).unwrap().mode(), mode);
        }
    }
}
