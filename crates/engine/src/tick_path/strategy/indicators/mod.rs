//! The indicators: small types with one `update` a tick, in constant time and without allocation.
//!
//! Each is usable by itself, and has an [`EntryFilter`] beside it that makes it an entry condition of the
//! default strategy. Prices go in as whole paise; averages are doubles in paise, evaluated in exactly the
//! order that the strategy's rules write.
//!
//! To add one: a new file with the indicator and its filter, its `mod` line here, and a row in the list.

mod atr;
mod bollinger;
mod ema;
mod htf;
mod macd;
mod rsi;
mod stochastic;
mod vwap;
mod wilder;

pub use atr::{Atr, AtrFilter};
pub use bollinger::{Bollinger, BollingerFilter};
pub use ema::{Ema, EmaCross, EmaFilter};
pub use htf::{Htf, HtfFilter};
pub use macd::{Macd, MacdFilter};
pub use rsi::{Rsi, RsiFilter};
pub use stochastic::{Stochastic, StochasticFilter};
pub use vwap::{Vwap, VwapFilter};
pub use wilder::Wilder;

use super::{Check, Compute, Unit};
use crate::config::{Config, Key};
use crate::tick_path::broker::Tick;
use crate::units::EventTime;

/// An indicator as an entry condition.
pub trait EntryFilter: Sized {
    /// The name of its reason against an entry.
    const NAME: &'static str;
    /// Configuration keys of its own, in a section of its own; none where `[strategy]` has them.
    const KEYS: &'static [Key] = &[];
    /// Names and units of what it shows.
    const READINGS: &'static [(&'static str, Unit)];

    /// The filter of a configuration.
    fn new(config: &Config) -> Self;

    /// Whether the configuration asks for it.
    fn enabled(config: &Config) -> bool;

    /// A new exchange day begins.
    fn restart(&mut self, session_start: EventTime);

    /// Sees a processed tick.
    fn update(&mut self, tick: &Tick);

    /// Whether it lets an entry through, after `update` with the same tick. Not ready never does.
    fn passes(&self, tick: &Tick) -> bool;

    /// Says what it shows, one value for each of its readings.
    fn read(&self, show: &mut dyn FnMut(Option<f64>));

    /// Says its conditions with their values against their thresholds.
    fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check));
}

/// A filter of the list: computed or not, and whether it counts.
#[derive(Clone, Debug)]
struct Slot<F> {
    filter: Option<F>,
    enabled: bool,
}

impl<F: EntryFilter> Slot<F> {
    fn new(config: &Config, compute: Compute) -> Self {
        let enabled = F::enabled(config);
        let computed = enabled || compute == Compute::All;
        Self { filter: computed.then(|| F::new(config)), enabled }
    }

    #[inline]
    fn fails(&self, tick: &Tick) -> bool {
        self.enabled && !self.filter.as_ref().is_some_and(|filter| filter.passes(tick))
    }

    fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
        match &self.filter {
            Some(filter) => filter.read(show),
            None => F::READINGS.iter().for_each(|_| show(None)),
        }
    }

    fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check)) {
        if let Some(filter) = self.filter.as_ref().filter(|_| self.enabled) {
            filter.explain(tick, say);
        }
    }
}

/// Makes [`Filters`] of the list, and the names that belong to it.
macro_rules! filters {
    ($($field:ident: $Filter:ident,)*) => {
        /// Every entry filter, in the order in which they are checked.
        #[derive(Clone, Debug)]
        pub(super) struct Filters {
            $($field: Slot<$Filter>,)*
        }

        impl Filters {
            /// The names of their reasons, in order.
            pub(super) const NAMES: &'static [&'static str] = &[$($Filter::NAME,)*];
            /// The keys that they bring.
            pub(super) const KEYS: &'static [&'static [Key]] = &[$($Filter::KEYS,)*];
            /// What they show, in order.
            pub(super) const READINGS: &'static [&'static [(&'static str, Unit)]] =
                &[$($Filter::READINGS,)*];

            pub(super) fn new(config: &Config, compute: Compute) -> Self {
                Self { $($field: Slot::new(config, compute),)* }
            }

            pub(super) fn restart(&mut self, session_start: EventTime) {
                $(if let Some(filter) = &mut self.$field.filter {
                    filter.restart(session_start);
                })*
            }

            #[inline]
            pub(super) fn update(&mut self, tick: &Tick) {
                $(if let Some(filter) = &mut self.$field.filter {
                    filter.update(tick);
                })*
            }

            /// The place in the list of the first enabled filter that the tick does not pass.
            #[inline]
            pub(super) fn failing(&self, tick: &Tick) -> Option<u8> {
                let mut place = 0;
                $(if self.$field.fails(tick) {
                    return Some(place);
                }
                place += 1;)*
                let _ = place;
                None
            }

            pub(super) fn read(&self, show: &mut dyn FnMut(Option<f64>)) {
                $(self.$field.read(show);)*
            }

            pub(super) fn explain(&self, tick: &Tick, say: &mut dyn FnMut(Check)) {
                $(self.$field.explain(tick, say);)*
            }
        }
    };
}

filters! {
    ema: EmaFilter,
    macd: MacdFilter,
    vwap: VwapFilter,
    htf: HtfFilter,
    rsi: RsiFilter,
    atr: AtrFilter,
    bollinger: BollingerFilter,
    stochastic: StochasticFilter,
}
