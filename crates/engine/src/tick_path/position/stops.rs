//! What the day's stop-outs mean for the next entry: stop regression, price filter, control flag.

use crate::config;
use crate::tick_path::broker::Tick;
use crate::units::{EventTime, Micros, Paise};

/// The stop-outs of a day, as functions of event time.
#[derive(Clone, Copy, Debug)]
pub struct StopMemory {
    base: Paise,
    regression: Option<Regression>,
    buffer: Paise,
    filter_for: Micros,
    last: Option<(EventTime, Paise)>,
    reduced: Option<(EventTime, Paise)>,
    after_base_stop: bool,
}

#[derive(Clone, Copy, Debug)]
struct Regression {
    least: Paise,
    step: Paise,
    window: Micros,
}

impl StopMemory {
    /// No stop-out yet.
    #[must_use]
    pub fn new(risk: &config::Risk) -> Self {
        let regression = Regression {
            least: risk.min_base_sl,
            step: risk.sl_regression_step,
            window: risk.sl_regression_window,
        };
        Self {
            base: risk.base_sl_points,
            regression: risk.sl_regression_enabled.then_some(regression),
            buffer: risk.price_buffer_points,
            filter_for: risk.filter_duration,
            last: None,
            reduced: None,
            after_base_stop: false,
        }
    }

    /// A new exchange day begins.
    pub const fn on_day(&mut self) {
        self.last = None;
        self.reduced = None;
        self.after_base_stop = false;
    }

    /// The stop distance that an entry at `now` would get.
    #[must_use]
    pub fn distance(&self, now: EventTime) -> Paise {
        match (self.regression, self.reduced) {
            (Some(rule), Some((at, distance))) if now - at < rule.window => distance,
            _ => self.base,
        }
    }

    /// A position was closed by a stop, at this time and fill.
    pub fn on_stop_out(&mut self, now: EventTime, fill: Paise) {
        if let Some(rule) = self.regression {
            let current = self.distance(now);
            let lower = (current - rule.step).max(rule.least);
            if lower < current {
                self.reduced = Some((now, lower));
            }
        }
        self.last = Some((now, fill));
    }

    /// A position was closed, by the base stop or by something else.
    pub const fn on_flat(&mut self, by_base_stop: bool) {
        self.after_base_stop = by_base_stop;
    }

    /// An entry was filled.
    pub const fn on_entry(&mut self) {
        self.after_base_stop = false;
    }

    /// Whether the last position was closed by its base stop.
    #[must_use]
    #[inline]
    pub const fn after_base_stop(&self) -> bool {
        self.after_base_stop
    }

    /// The least price of an entry at `now`, while the last stop-out matters.
    #[must_use]
    #[inline]
    pub fn entry_floor(&self, now: EventTime) -> Option<Paise> {
        let (time, price) = self.last?;
        (now - time <= self.filter_for).then(|| price + self.buffer)
    }

    /// Whether the last stop-out is long ago, or its price far enough below.
    #[must_use]
    #[inline]
    pub fn clear_of_last(&self, tick: &Tick) -> bool {
        self.entry_floor(tick.time).is_none_or(|floor| tick.price >= floor)
    }
}
