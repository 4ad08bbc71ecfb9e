//! How paper and replay fill: at which price a decision fills, and how much later.

use crate::config::FillPrice;
use crate::tick_path::broker::Tick;
use crate::units::{Micros, Paise, Touch};

/// How much event time lies between a decision and its effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Latency {
    /// None: the decision's own tick fills it.
    #[default]
    None,
    /// Always the same.
    Constant(Micros),
    /// Drawn from measured values, the same sequence for the same seed.
    Measured {
        /// At least one value.
        values: Vec<Micros>,
        /// Any number.
        seed: u64,
    },
}

impl Latency {
    /// The delay number `drawn`, counted from 0; `None` means at once.
    #[inline]
    pub(crate) fn draw(&self, drawn: u64) -> Option<Micros> {
        match self {
            Self::None => None,
            Self::Constant(delay) => Some(*delay),
            Self::Measured { values, seed } => {
                let place = scramble(seed.wrapping_add(drawn)) % values.len().max(1) as u64;
                values.get(place as usize).copied()
            }
        }
    }
}

/// What fills orders in paper and replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FillModel {
    /// At which price.
    price: FillPrice,
    /// How much later.
    latency: Latency,
    /// Delays drawn so far.
    drawn: u64,
}

impl FillModel {
    /// A model that has filled nothing yet.
    #[must_use]
    pub const fn new(price: FillPrice, latency: Latency) -> Self {
        Self { price, latency, drawn: 0 }
    }

    /// The model's name in reports.
    #[must_use]
    pub fn name(&self) -> String {
        let price = match self.price {
            FillPrice::Last => "last price",
            FillPrice::Touch => "touch of bid and ask",
        };
        match &self.latency {
            Latency::None => format!("{price}, at once"),
            Latency::Constant(delay) => format!("{price}, after {} µs", delay.0),
            Latency::Measured { values, seed } => {
                format!("{price}, after one of {} measured delays, seed {seed}", values.len())
            }
        }
    }

    /// The delay of the next decision; `None` fills it on its own tick.
    #[inline]
    pub(crate) fn delay(&mut self) -> Option<Micros> {
        let delay = self.latency.draw(self.drawn)?;
        self.drawn += 1;
        Some(delay)
    }

    /// The price at which a market buy fills on this tick, before slippage.
    #[inline]
    pub(crate) fn buy(&self, tick: &Tick) -> Paise {
        self.touch(tick).map_or(tick.price, |touch| touch.ask)
    }

    /// The price at which a market sale fills on this tick, before slippage.
    #[inline]
    pub(crate) fn sell(&self, tick: &Tick) -> Paise {
        self.touch(tick).map_or(tick.price, |touch| touch.bid)
    }

    #[inline]
    fn touch(&self, tick: &Tick) -> Option<Touch> {
        if self.price == FillPrice::Touch { tick.touch } else { None }
    }
}

/// Scrambles a number (SplitMix64's output function): neighbours give unrelated results.
pub(super) const fn scramble(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_delays_repeat_with_their_seed_and_use_every_value() {
        let values: Vec<Micros> = (1..=5).map(Micros).collect();
        let draw = |seed| {
            let latency = Latency::Measured { values: values.clone(), seed };
            let mut model = FillModel::new(FillPrice::Last, latency);
            (0..200).filter_map(|_| model.delay()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!(values.iter().all(|value| draw(7).contains(value)));
    }

    #[test]
    fn the_touch_fills_at_the_other_sides_price_where_there_is_one() {
        let touch = Some(Touch { bid: Paise(99), ask: Paise(102) });
        let tick = Tick { price: Paise(100), touch, ..Tick::default() };
        let model = FillModel::new(FillPrice::Touch, Latency::None);
        assert_eq!((model.buy(&tick), model.sell(&tick)), (Paise(102), Paise(99)));
        let without = Tick { touch: None, ..tick };
        assert_eq!((model.buy(&without), model.sell(&without)), (Paise(100), Paise(100)));
        let last = FillModel::default();
        assert_eq!((last.buy(&tick), last.sell(&tick)), (Paise(100), Paise(100)));
    }
}
