//! The ticks that the benchmarks walk: one seeded day of the sandbox's generator.

use sandbox::{Instrument, Recipe, Regime, Row, Tape, generate};
use smartapi::packet::{DepthRow, FromZeros as _, Mode, SnapQuote, token_field};

/// 09:36:00 in India on Monday, 6 Oct 2025, in milliseconds.
const FIRST_TS_MS: i64 = 1_759_723_560_000;
/// Seconds from there to the close of positions, less a margin.
const SESSION_S: usize = 18_000;
/// The price grid in paise.
const GRID: i64 = 5;

/// So many trades within one session, the same on every machine.
#[must_use]
pub fn rows(count: usize) -> Vec<Row> {
    generate(&Recipe {
        regime: Regime::Calm,
        seed: 1,
        rows: count,
        per_second: count.div_ceil(SESSION_S).max(4) as u32,
        first_ts_ms: FIRST_TS_MS,
        lot_size: Instrument::default().lot_size,
        tick_paise: GRID,
    })
}

/// The rows as a sandbox plays them.
#[must_use]
pub fn tape(count: usize) -> Tape {
    Tape::new(rows(count), 0)
}

/// The rows as full SnapQuote packets, no field of which is empty.
#[must_use]
pub fn packets(count: usize) -> Vec<SnapQuote> {
    let rows = rows(count);
    (1..).zip(&rows).map(|(sequence, row)| packet(sequence, row)).collect()
}

fn packet(sequence: i64, row: &Row) -> SnapQuote {
    let instrument = Instrument::default();
    let price = row.price_paise;
    let mut packet = SnapQuote::new_zeroed();
    let quote = &mut packet.quote;
    quote.head.mode = Mode::SnapQuote as u8;
    quote.head.exchange_type = instrument.exchange_type.0;
    quote.head.token = token_field(&instrument.token).unwrap_or_default();
    quote.head.sequence = sequence.into();
    quote.head.exchange_ts_ms = row.exchange_ts_ms.into();
    quote.head.ltp = price.into();
    quote.last_traded_qty = row.qty.into();
    quote.average_price = (price - GRID).into();
    quote.day_volume = (row.qty * sequence).into();
    quote.total_buy_qty = ((row.qty * 900) as f64).into();
    quote.total_sell_qty = ((row.qty * 800) as f64).into();
    quote.open = (price - 4 * GRID).into();
    quote.high = (price + 8 * GRID).into();
    quote.low = (price - 8 * GRID).into();
    quote.previous_close = (price - 6 * GRID).into();
    packet.last_traded_ts_s = (row.exchange_ts_ms / 1000).into();
    packet.open_interest = (1_000_000 + sequence).into();
    packet.open_interest_change_pct = (sequence as f64 / 128.0).into();
    packet.upper_circuit = (price * 3).into();
    packet.lower_circuit = GRID.into();
    packet.high_52w = (price * 2).into();
    packet.low_52w = (price / 2).into();
    for (place, level) in (0..).zip(&mut packet.depth) {
        let (flag, px) =
            if place < 5 { (1, price - place * GRID) } else { (0, price + (place - 4) * GRID) };
        *level = DepthRow {
            flag: u16::into(flag),
            qty: (row.qty * (place + 1)).into(),
            px: px.into(),
            orders: (place as u16 + 1).into(),
        };
    }
    packet
}

#[test]
fn packets_are_whole_and_their_book_lies_around_the_price() {
    for (sequence, packet) in (1..).zip(packets(500)) {
        let price = packet.quote.head.ltp.get();
        assert_eq!(packet.quote.head.sequence.get(), sequence);
        assert!(packet.buys().iter().all(|row| row.flag.get() == 1 && row.px.get() <= price));
        assert!(packet.sells().iter().all(|row| row.flag.get() == 0 && row.px.get() > price));
        assert!(packet.depth.iter().all(|row| row.qty.get() > 0 && row.orders.get() > 0));
    }
}
