//! The default strategy: buys a run of green ticks that every enabled filter agrees with.

use super::indicators::Filters;
use super::{
    Check, Comparison, GreenCounter, MOST_READINGS, Readings, Reason, Strategy, Unit, Wish,
};
use crate::config::{Config, Key};
use crate::tick_path::broker::Tick;
use crate::tick_path::position::Account;
use crate::units::EventTime;

/// Which indicators are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compute {
    /// Those whose filters are enabled.
    Enabled,
    /// All of them, for a dump; the filters that apply stay the same.
    All,
}

/// Green ticks, then the filters.
#[derive(Clone, Debug)]
pub struct Momentum {
    use_green: bool,
    green_needed: i64,
    /// Green ticks that are needed after a base stop; `None` = no other number.
    green_needed_after_base_stop: Option<i64>,
    price_filter: bool,
    green: GreenCounter,
    filters: Filters,
}

/// The conditions before the filters; their numbers are their reasons.
const GREEN: Reason = Reason(0);
const PRICE_FILTER: Reason = Reason(1);
const OWN: [&str; 2] = ["green", "price_filter"];

/// The names of the own conditions, then of the filters.
#[expect(
    clippy::indexing_slicing,
    reason = "at compile time, where a wrong place does not compile"
)]
const REASONS: [&str; OWN.len() + Filters::NAMES.len()] = {
    let mut all = [OWN[0]; OWN.len() + Filters::NAMES.len()];
    all[1] = OWN[1];
    let mut place = 0;
    while place < Filters::NAMES.len() {
        all[OWN.len() + place] = Filters::NAMES[place];
        place += 1;
    }
    all
};

#[expect(
    clippy::indexing_slicing,
    reason = "at compile time, where a wrong place does not compile"
)]
const READING_COUNT: usize = {
    let (mut count, mut filter) = (1, 0);
    while filter < Filters::READINGS.len() {
        count += Filters::READINGS[filter].len();
        filter += 1;
    }
    assert!(count <= MOST_READINGS, "raise MOST_READINGS for another filter");
    count
};

/// The green count, then what the filters show.
#[expect(
    clippy::indexing_slicing,
    reason = "at compile time, where a wrong place does not compile"
)]
const READINGS: [(&str, Unit); READING_COUNT] = {
    let mut all = [("green_count", Unit::Count); READING_COUNT];
    let (mut place, mut filter) = (1, 0);
    while filter < Filters::READINGS.len() {
        let mut reading = 0;
        while reading < Filters::READINGS[filter].len() {
            all[place] = Filters::READINGS[filter][reading];
            place += 1;
            reading += 1;
        }
        filter += 1;
    }
    all
};

impl Momentum {
    /// The strategy of a configuration, with the indicators that are wanted.
    #[must_use]
    pub fn computing(config: &Config, compute: Compute) -> Self {
        let rules = &config.strategy;
        let controlled = rules.control_base_sl_green_ticks_enabled;
        Self {
            use_green: rules.use_consecutive_green,
            green_needed: rules.consecutive_green_bars,
            green_needed_after_base_stop: controlled.then_some(rules.control_base_sl_green_ticks),
            price_filter: config.risk.price_above_exit_filter_enabled,
            green: GreenCounter::new(rules, config.instrument.tick_size),
            filters: Filters::new(config, compute),
        }
    }

    /// Green ticks that an entry needs now.
    #[inline]
    fn green_needed(&self, account: &Account) -> i64 {
        let after_base_stop =
            self.green_needed_after_base_stop.filter(|_| account.after_base_stop());
        after_base_stop.unwrap_or(self.green_needed)
    }
}

impl Strategy for Momentum {
    const NAME: &'static str = "momentum";
    /// Its other keys are those of `[strategy]`, which every configuration has.
    const KEYS: &'static [&'static [Key]] = Filters::KEYS;
    const REASONS: &'static [&'static str] = &REASONS;
    const READINGS: &'static [(&'static str, Unit)] = &READINGS;

    fn new(config: &Config) -> Self {
        Self::computing(config, Compute::Enabled)
    }

    fn showing_all(config: &Config) -> Self {
        Self::computing(config, Compute::All)
    }

    fn on_day(&mut self, session_start: EventTime) {
        self.green.restart();
        self.filters.restart(session_start);
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        self.filters.update(tick);
        self.green.update(tick.price);
    }

    #[inline]
    fn signal(&self, tick: &Tick, account: &Account) -> Result<Wish, Reason> {
        if self.use_green && self.green.count() < self.green_needed(account) {
            return Err(GREEN);
        }
        if self.price_filter && !account.clear_of_last_stop(tick) {
            return Err(PRICE_FILTER);
        }
        match self.filters.failing(tick) {
            None => Ok(Wish::Buy),
            Some(place) => Err(Reason(OWN.len() as u8 + place)),
        }
    }

    fn readings(&self) -> Readings {
        let mut readings = Readings::default();
        let mut places = readings.0.iter_mut();
        let mut show = |value| {
            if let Some(place) = places.next() {
                *place = value;
            }
        };
        show(Some(self.green.count() as f64));
        self.filters.read(&mut show);
        readings
    }

    fn explain(&self, tick: &Tick, account: &Account, say: &mut dyn FnMut(Check)) {
        use Comparison::AtLeast;
        if self.use_green {
            let (count, needed) = (self.green.count() as f64, self.green_needed(account) as f64);
            say(Check::new(OWN[0], Some(count), AtLeast, Some(needed), Unit::Count));
        }
        if let Some(floor) = account.entry_floor(tick.time).filter(|_| self.price_filter) {
            let price = Some(tick.price.as_f64());
            say(Check::new(OWN[1], price, AtLeast, Some(floor.as_f64()), Unit::Paise));
        }
        self.filters.explain(tick, say);
    }
}
