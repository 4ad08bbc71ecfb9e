//! When orders go to the exchange, when they wait for it, and when they are refused.

use crate::units::{EventTime, Micros, Zone, days_from_civil};

/// The hours of one segment, as times of the exchange's day.
///
/// There is no calendar of holidays: a session that has none is one in which no tick comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The session begins.
    pub open: Micros,
    /// It ends: nothing trades from here on.
    pub close: Micros,
    /// From here to midnight, orders wait for the next session.
    pub after_market_from: Micros,
    /// From midnight to here, orders wait for the session of the day.
    pub after_market_until: Micros,
    /// Which days have a session.
    pub days: Days,
}

/// Which days have a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// Monday to Friday.
    Weekdays,
    /// All.
    All,
}

/// What happens to an order that comes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It goes to the exchange.
    Open,
    /// It waits for the next session.
    AfterMarket,
    /// It is rejected.
    Shut,
}

impl Hours {
    /// Shares, futures and options on them: 09:15 to 15:30; after-market orders from 16:00 to 09:00.
    pub const EQUITY: Self = Self {
        open: Micros::minutes(9 * 60 + 15),
        close: Micros::minutes(15 * 60 + 30),
        after_market_from: Micros::minutes(16 * 60),
        after_market_until: Micros::minutes(9 * 60),
        days: Days::Weekdays,
    };

    /// Commodities: 09:00 to 23:30; after-market orders from midnight to 08:45.
    pub const COMMODITY: Self = Self {
        open: Micros::minutes(9 * 60),
        close: Micros::minutes(23 * 60 + 30),
        after_market_from: Micros::DAY,
        after_market_until: Micros::minutes(8 * 60 + 45),
        days: Days::Weekdays,
    };

    /// One session from midnight to midnight, every day: for tapes that are played at any hour.
    pub const ALWAYS: Self = Self {
        open: Micros(0),
        close: Micros::DAY,
        after_market_from: Micros::DAY,
        after_market_until: Micros(0),
        days: Days::All,
    };

    fn has_session(&self, zone: Zone, midnight: EventTime) -> bool {
        let days = (midnight + zone.offset - EventTime::MIN).0.div_euclid(Micros::DAY.0);
        // Day 0 was a Thursday.
        self.days == Days::All || (days - days_from_civil(1970, 1, 5)).rem_euclid(7) < 5
    }

    /// What happens to an order that comes at `now`.
    #[must_use]
    pub fn phase(&self, zone: Zone, now: EventTime) -> Phase {
        let midnight = zone.day_start(now);
        let time = now - midnight;
        match self.has_session(zone, midnight) {
            false => Phase::AfterMarket,
            true if (self.open..self.close).contains(&time) => Phase::Open,
            true if time >= self.after_market_from || time < self.after_market_until => {
                Phase::AfterMarket
            }
            true => Phase::Shut,
        }
    }

    /// The beginning and the end of the session that runs at `now`, or of the next one.
    #[must_use]
    pub fn session(&self, zone: Zone, now: EventTime) -> (EventTime, EventTime) {
        let mut midnight = zone.day_start(now);
        while !self.has_session(zone, midnight) || midnight + self.close <= now {
            midnight = midnight + Micros::DAY;
        }
        (midnight + self.open, midnight + self.close)
    }
}
