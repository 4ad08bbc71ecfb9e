//! The net of a run cut into parts: by hour, weekday, day and exit reason, and how it is distributed.

use std::collections::BTreeMap;

use engine::tick_path::position::{ExitReason, Trade};
use engine::units::{EventTime, Micros, Money, Zone};

/// The sales that have something in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part<K> {
    pub(super) key: K,
    pub(super) sales: u64,
    /// Sales with a net above zero.
    pub(super) won: u64,
    pub(super) gross: Money,
    pub(super) costs: Money,
    pub(super) net: Money,
}

/// By the hour of the entry in exchange time, which is what trade blocks can change.
pub(super) fn by_hour(sales: &[Trade], zone: Zone) -> Vec<Part<u32>> {
    group(sales, |sale| {
        let of_day = sale.entry_time - zone.day_start(sale.entry_time);
        (of_day.0 / Micros::minutes(60).0) as u32
    })
}

/// By the weekday of the exit; 0 is Monday.
pub(super) fn by_weekday(sales: &[Trade], zone: Zone) -> Vec<Part<u32>> {
    group(sales, |sale| {
        let days = (sale.exit_time.0 + zone.offset.0).div_euclid(Micros::DAY.0);
        // 1 Jan 1970 was a Thursday.
        (days + 3).rem_euclid(7) as u32
    })
}

/// By the exchange day of the exit, which is told by its first instant.
pub(super) fn by_day(sales: &[Trade], zone: Zone) -> Vec<Part<EventTime>> {
    group(sales, |sale| zone.day_start(sale.exit_time))
}

/// By exit reason.
pub(super) fn by_reason(sales: &[Trade]) -> Vec<Part<ExitReason>> {
    group(sales, |sale| sale.reason)
}

fn group<K: Ord + Copy>(sales: &[Trade], key: impl Fn(&Trade) -> K) -> Vec<Part<K>> {
    let mut parts = BTreeMap::new();
    for sale in sales {
        let key = key(sale);
        let (gross, costs, net) = (Money::ZERO, Money::ZERO, Money::ZERO);
        let empty = Part { key, sales: 0, won: 0, gross, costs, net };
        let part = parts.entry(key).or_insert(empty);
        part.sales += 1;
        part.won += u64::from(sale.net.0 > 0);
        part.gross += sale.gross;
        part.costs += sale.costs;
        part.net += sale.net;
    }
    parts.into_values().collect()
}

/// The positions with a net in [from, till).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bin {
    pub(super) from: Money,
    pub(super) till: Money,
    pub(super) positions: usize,
}

/// Bins that the widest distribution gets.
const MOST_BINS: i128 = 24;

/// How many positions earned how much; zero is the border of two bins.
pub(super) fn distribution(nets: &[Money]) -> Vec<Bin> {
    let (Some(least), Some(most)) = (nets.iter().min(), nets.iter().max()) else {
        return Vec::new();
    };
    let width = round_step((most.0 - least.0) / (MOST_BINS - 2) + 1);
    let first = least.0.div_euclid(width);
    let count = (most.0.div_euclid(width) - first + 1) as usize;
    let bin = |number: usize| {
        let from = Money((first + number as i128) * width);
        Bin { from, till: from + Money(width), positions: 0 }
    };
    let mut bins: Vec<Bin> = (0..count).map(bin).collect();
    for net in nets {
        let number = (net.0.div_euclid(width) - first) as usize;
        if let Some(bin) = bins.get_mut(number) {
            bin.positions += 1;
        }
    }
    bins
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
pub(crate) fn round_step(step: i128) -> i128 {
    let mut power = 1;
    loop {
        for times in [1, 2, 5] {
            if times * power >= step {
                return times * power;
            }
        }
        power *= 10;
    }
}
