//! Numbers and names of orders and trades: the same from the same seed.

use super::fill_model::scramble;
use super::order::{OrderId, UniqueId};
use crate::units::{EventTime, Micros, Zone, civil_from_days};

/// Gives numbers.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    seed: u64,
    orders: u64,
    arrivals: u64,
    trades: u64,
    rules: u64,
}

impl Ids {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, orders: 0, arrivals: 0, trades: 0, rules: 0 }
    }

    /// An order's two names: YYMMDD of its day with nine digits, and a random-looking UUID.
    pub(super) fn order(&mut self, zone: Zone, now: EventTime) -> (OrderId, UniqueId) {
        self.orders += 1;
        let days = (zone.day_start(now) + zone.offset - EventTime::MIN).0.div_euclid(Micros::DAY.0);
        let (year, month, day) = civil_from_days(days);
        let date = (year.rem_euclid(100) * 10_000 + month * 100 + day) as u64;
        let id = OrderId(date * 1_000_000_000 + self.orders % 1_000_000_000);
        let half = |salt: u64| u128::from(scramble(scramble(self.seed ^ salt) ^ self.orders));
        let random = (half(1) << 64) | half(2);
        // Version 4, variant 1.
        let uuid = random & !(0xF << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
        (id, UniqueId(uuid))
    }

    /// The exchange's number of an order.
    pub(super) const fn arrival(&mut self) -> u64 {
        self.arrivals += 1;
        1_100_000_000_000_000 + self.arrivals
    }

    pub(super) const fn trade(&mut self) -> u64 {
        self.trades += 1;
        50_000_000 + self.trades
    }

    pub(super) const fn rule(&mut self) -> u64 {
        self.rules += 1;
        1_000_000 + self.rules
    }
}
