//! Fourth room: indicators, then the signal. It says what it wishes; position and risk decide.

mod green;
pub mod indicators;
mod momentum;

pub use green::GreenCounter;
pub use momentum::{Compute, Momentum};

use super::broker::Tick;
use super::position::Account;
use crate::config::{Config, Key};
use crate::units::EventTime;

/// What a strategy wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Buy as much as sizing allows.
    Buy,
}

/// Why a strategy does not enter: a place in its [`Strategy::REASONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub u8);

/// The most reasons and readings that a strategy can have.
pub const MOST_REASONS: usize = 24;
/// See [`Readings`].
pub const MOST_READINGS: usize = 16;

/// What a strategy's indicators show, in the order of [`Strategy::READINGS`]; `None` = not ready.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Readings(pub [Option<f64>; MOST_READINGS]);

impl Readings {
    /// The readings of `values` in their order; those beyond the limit are left out.
    #[must_use]
    pub fn of(values: &[Option<f64>]) -> Self {
        let mut readings = Self::default();
        for (place, value) in readings.0.iter_mut().zip(values) {
            *place = *value;
        }
        readings
    }
}

/// What the number of a reading or a check means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A price or a distance in paise.
    Paise,
    /// 0 to 100, or a plain ratio.
    Number,
    /// Microseconds since midnight in exchange time.
    TimeOfDay,
    /// 0 is no, 1 is yes.
    Flag,
}

/// How a check compares its value with its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// value > threshold
    Above,
    /// value ≥ threshold
    AtLeast,
    /// value < threshold
    Below,
    /// value ≤ threshold
    AtMost,
    /// value = threshold
    Equal,
}

/// One gate or entry condition at one tick, for people who ask why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// The reason's name, as in the counts.
    pub name: &'static str,
    /// What is looked at; `None` = not ready.
    pub value: Option<f64>,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub threshold: Option<f64>,
    /// What both are.
    pub unit: Unit,
    /// Whether it lets an entry through.
    pub passed: bool,
}

impl Check {
    /// Compares a value with a threshold; what is not ready does not pass.
    #[must_use]
    pub fn new(
        name: &'static str,
        value: Option<f64>,
        comparison: Comparison,
        threshold: Option<f64>,
        unit: Unit,
    ) -> Self {
        let passed = value.zip(threshold).is_some_and(|(value, threshold)| match comparison {
            Comparison::Above => value > threshold,
            Comparison::AtLeast => value >= threshold,
            Comparison::Below => value < threshold,
            Comparison::AtMost => value <= threshold,
            Comparison::Equal => value == threshold,
        });
        Self { name, value, comparison, threshold, unit, passed }
    }
}

/// Decides when to enter. Called by the trader, on its thread, once a tick in this order.
pub trait Strategy: Clone {
    /// The name that `strategy.name` selects.
    const NAME: &'static str;
    /// Tables of its own configuration keys, each in a section of its own.
    const KEYS: &'static [&'static [Key]];
    /// The names of its reasons against an entry, at most [`MOST_REASONS`].
    const REASONS: &'static [&'static str];
    /// The names and units of its readings, at most [`MOST_READINGS`].
    const READINGS: &'static [(&'static str, Unit)];

    /// The strategy of a configuration, before its first tick.
    fn new(config: &Config) -> Self;

    /// As `new`, but with every indicator that it can show, for a dump; it decides the same.
    fn showing_all(config: &Config) -> Self {
        Self::new(config)
    }

    /// A new exchange day begins; nothing of the old one may be remembered.
    fn on_day(&mut self, session_start: EventTime);

    /// Sees a processed tick, in a position or not.
    fn update(&mut self, tick: &Tick);

    /// Asked only while flat, after `update` with the same tick. It has no side effects.
    ///
    /// Errors: the first condition that failed.
    fn signal(&self, tick: &Tick, account: &Account) -> Result<Wish, Reason>;

    /// What its indicators show after `update`; kept with each trade at entry and exit.
    fn readings(&self) -> Readings;

    /// Says every condition of `signal` with its value against its threshold, in order.
    fn explain(&self, tick: &Tick, account: &Account, say: &mut dyn FnMut(Check));
}
