//! Opening-range breakout: buys when the price leaves the range of the session's first minutes upwards.

use engine::config::{Config, Key, Kind, Range};
use engine::tick_path::broker::Tick;
use engine::tick_path::position::Account;
use engine::tick_path::strategy::{Check, Comparison, Readings, Reason, Strategy, Unit, Wish};
use engine::units::{EventTime, Micros, Paise};

/// The range of the first minutes, and how far above it the price must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpeningRange {
    length: Micros,
    margin: Paise,
    ends: EventTime,
    high: Option<Paise>,
    low: Option<Paise>,
}

/// The range is still being made.
const OPENING: Reason = Reason(0);
/// The price is not above it.
const INSIDE: Reason = Reason(1);
/// Too near the last stop-out price.
const PRICE_FILTER: Reason = Reason(2);

impl OpeningRange {
    /// The price that has to be reached, once the range is complete.
    fn trigger(&self, now: EventTime) -> Option<Paise> {
        self.high.filter(|_| now >= self.ends).map(|high| high + self.margin)
    }
}

impl Strategy for OpeningRange {
    const NAME: &'static str = "opening_range";
    const KEYS: &'static [&'static [Key]] = &[&[
        Key {
            path: "opening_range.minutes",
            kind: Kind::Int(1, 360),
            default: "30",
            unit: "minutes",
            about: "length of the range from the session start",
        },
        Key {
            path: "opening_range.margin_points",
            kind: Kind::Points(Range { min: 0.0, open: false, max: 1e6 }),
            default: "1.0",
            unit: "points",
            about: "distance above the range at which to buy",
        },
    ]];
    const REASONS: &'static [&'static str] = &["opening", "inside_range", "price_filter"];
    const READINGS: &'static [(&'static str, Unit)] =
        &[("range_low", Unit::Paise), ("range_high", Unit::Paise)];

    fn new(config: &Config) -> Self {
        Self {
            length: Micros::minutes(config.int("opening_range.minutes").unwrap_or(30)),
            margin: config.points("opening_range.margin_points").unwrap_or(Paise(100)),
            ends: EventTime::END,
            high: None,
            low: None,
        }
    }

    fn on_day(&mut self, session_start: EventTime) {
        self.ends = session_start + self.length;
        self.high = None;
        self.low = None;
    }

    fn update(&mut self, tick: &Tick) {
        if tick.time < self.ends {
            self.high = self.high.max(Some(tick.price));
            self.low = Some(self.low.map_or(tick.price, |low| low.min(tick.price)));
        }
    }

    fn signal(&self, tick: &Tick, account: &Account) -> Result<Wish, Reason> {
        let trigger = self.trigger(tick.time).ok_or(OPENING)?;
        if tick.price < trigger {
            return Err(INSIDE);
        }
        if !account.clear_of_last_stop(tick) {
            return Err(PRICE_FILTER);
        }
        Ok(Wish::Buy)
    }

    fn readings(&self) -> Readings {
        Readings::of(&[self.low.map(Paise::as_f64), self.high.map(Paise::as_f64)])
    }

    fn explain(&self, tick: &Tick, account: &Account, say: &mut dyn FnMut(Check)) {
        let trigger = self.trigger(tick.time);
        let price = Some(tick.price.as_f64());
        let mut at_least = |name, threshold: Option<Paise>| {
            let threshold = threshold.map(Paise::as_f64);
            say(Check::new(name, price, Comparison::AtLeast, threshold, Unit::Paise));
        };
        at_least(if trigger.is_some() { "inside_range" } else { "opening" }, trigger);
        if let Some(floor) = account.entry_floor(tick.time) {
            at_least("price_filter", Some(floor));
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::config::{Schema, Source};
    use engine::replay::{CsvRows, Outcome, run};
    use engine::venue::FillModel;

    use super::*;

    fn replayed(rows: &str) -> Outcome {
        let schema = Schema::default().with(OpeningRange::KEYS[0]);
        let set = |key, value| Source::Set { key, value };
        let sources = [set("strategy.min_warmup_ticks", "0"), set("opening_range.minutes", "25")];
        let config = schema.load(&sources).expect("allowed");
        let file = format!("timestamp,price,volume\n{rows}");
        let rows = CsvRows::new(file.as_bytes(), config.session.zone).expect("columns");
        run(&config, OpeningRange::new(&config), FillModel::default(), rows)
    }

    #[test]
    fn buys_above_the_range_and_not_before_it_is_complete() {
        let outcome = replayed(
            "2025-10-06 09:20:00,100.00,75\n2025-10-06 09:36:00,103.00,75\n\
             2025-10-06 09:39:59,120.00,75\n2025-10-06 09:40:00,119.00,75\n\
             2025-10-06 09:50:00,121.00,75\n2025-10-06 09:51:00,121.05,75\n",
        );
        assert_eq!(outcome.counts.entries, 1);
        assert_eq!(outcome.trades[0].entry_price, Paise(12_100));
        assert_eq!(outcome.trades[0].at_entry.0[..2], [Some(10_000.0), Some(12_000.0)]);
        assert_eq!(outcome.blocked.get("inside_range"), Some(&1));
        assert_eq!(outcome.blocked.get("opening"), Some(&2));
    }

    #[test]
    fn a_new_day_makes_a_new_range() {
        let outcome = replayed(
            "2025-10-06 09:20:00,100.00,75\n2025-10-06 09:41:00,99.00,75\n\
             2025-10-07 09:20:00,50.00,75\n2025-10-07 09:41:00,51.00,75\n\
             2025-10-07 09:42:00,51.05,75\n",
        );
        assert_eq!(outcome.counts.entries, 1);
        assert_eq!(outcome.trades[0].entry_price, Paise(5_100));
    }
}
