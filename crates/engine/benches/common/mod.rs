//! The ticks that every benchmark of the engine walks.

use engine::tick_path::feed::RawTick;
use engine::units::{EventTime, Micros, Paise, Qty};

/// 09:36:00 in India on 6 Oct 2025.
const FIRST: EventTime = EventTime(1_759_723_560_000_000);

/// A random walk on the 0.05 grid, five ticks a second and more, within one session.
pub(crate) fn day(ticks: usize) -> Vec<RawTick> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut price = 18_000;
    let tick = |number: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        price = (price + (state % 9) as i64 * 5 - 20).max(5_000);
        RawTick {
            time: Some(FIRST + Micros(number as i64 * 180_000)),
            price: Some(Paise(price)),
            volume: Some(Qty(75)),
            touch: None,
        }
    };
    (0..ticks).map(tick).collect()
}
