//! Cash and the one position: entries, exits, and their accounting to the paisa.

use super::costs::{Costs, Side};
use super::sizing::Sizing;
use super::stops::StopMemory;
use super::trade::{ExitReason, Trade};
use crate::config::{Config, Risk};
use crate::tick_path::broker::Tick;
use crate::tick_path::strategy::Readings;
use crate::units::{EventTime, Money, Paise, Qty};
use crate::venue::FillModel;

/// Why a signal was not carried out. It changes nothing but its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// The fill would be above `risk.max_entry_price`.
    EntryPrice,
    /// Not one lot fits value, risk and cash.
    NoLot,
}

/// The open position.
#[derive(Clone, Copy, Debug)]
struct Open {
    number: u64,
    time: EventTime,
    price: Paise,
    initial: Qty,
    remaining: Qty,
    costs: Money,
    /// The part of `costs` that earlier sales have taken.
    allocated: Money,
    base_stop: Option<Paise>,
    trail: Option<Paise>,
    highest: Paise,
    levels_hit: usize,
    at_entry: Readings,
}

/// An entry that is thought of.
#[derive(Clone, Copy, Debug)]
struct Sized {
    entry: Paise,
    distance: Paise,
    lots: i64,
}

/// The trailing stop's rule.
#[derive(Clone, Copy, Debug)]
struct Trailing {
    activation: Paise,
    distance: Paise,
}

/// Cash, the open position or none, and every sale so far.
#[derive(Clone, Debug)]
pub struct Account {
    sizing: Sizing,
    costs: Costs,
    stops: StopMemory,
    trailing: Option<Trailing>,
    use_base_stop: bool,
    levels: Vec<(Paise, f64)>,
    slippage: Paise,
    tick_size: Paise,
    max_entry_price: Option<Paise>,
    cash: Money,
    open: Option<Open>,
    opened: u64,
    trades: Vec<Trade>,
}

/// Sales for which memory is reserved at the start, whatever a day may bring.
const LEAST_RESERVED: usize = 4096;
/// So many are reserved at most: only limits that hold nothing back allow more in a day.
const MOST_RESERVED: usize = 1 << 16;

/// The sales that the limits of one day allow, within bounds: each position is sold once at each of its
/// levels, and its rest once.
fn most_sales(risk: &Risk) -> usize {
    let positions = usize::try_from(risk.max_positions_per_day).unwrap_or(usize::MAX);
    let sales = positions.saturating_mul(risk.take_profits.len() + 1);
    sales.clamp(LEAST_RESERVED, MOST_RESERVED)
}

impl Account {
    /// Flat, with the initial capital as cash.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let risk = &config.risk;
        let trailing = Trailing {
            activation: risk.trail_activation_points,
            distance: risk.trail_distance_points,
        };
        Self {
            sizing: Sizing::new(config),
            costs: Costs::new(risk),
            stops: StopMemory::new(risk),
            trailing: risk.use_trail_stop.then_some(trailing),
            use_base_stop: risk.use_base_sl,
            levels: risk.take_profits.clone(),
            slippage: risk.slippage_points,
            tick_size: config.instrument.tick_size,
            max_entry_price: risk.max_entry_price,
            cash: config.initial_capital,
            open: None,
            opened: 0,
            trades: Vec::with_capacity(most_sales(risk)),
        }
    }

    /// A new exchange day begins; only cash survives the night.
    pub const fn on_day(&mut self) {
        self.stops.on_day();
    }

    /// Whether there is a position.
    #[must_use]
    #[inline]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Money not in a position.
    #[must_use]
    #[inline]
    pub const fn cash(&self) -> Money {
        self.cash
    }

    /// Cash and the position at this price, without future costs.
    #[must_use]
    #[inline]
    pub fn worth(&self, price: Paise) -> Money {
        self.open.as_ref().map_or(self.cash, |open| self.cash + price * open.remaining)
    }

    /// Every sale so far.
    #[must_use]
    pub fn trades(&self) -> &[Trade] {
        &self.trades
    }

    /// Whether the last position was closed by its base stop.
    #[must_use]
    #[inline]
    pub const fn after_base_stop(&self) -> bool {
        self.stops.after_base_stop()
    }

    /// Whether the price is far enough above the last stop-out, or that is long ago.
    #[must_use]
    #[inline]
    pub fn clear_of_last_stop(&self, tick: &Tick) -> bool {
        self.stops.clear_of_last(tick)
    }

    /// The least price of an entry at `now`, while the last stop-out matters.
    #[must_use]
    pub fn entry_floor(&self, now: EventTime) -> Option<Paise> {
        self.stops.entry_floor(now)
    }

    /// What an entry at this tick would be.
    fn size(&self, tick: &Tick, fills: &FillModel) -> Sized {
        let entry = fills.buy(tick) + self.slippage;
        let distance = self.stops.distance(tick.time);
        let lots = self.sizing.lots(self.cash, entry, distance, &self.costs);
        Sized { entry, distance, lots }
    }

    /// What an entry at this tick would cost and how many lots it would buy, for people who ask.
    #[must_use]
    pub fn would_buy(&self, tick: &Tick, fills: &FillModel) -> (Paise, i64) {
        let Sized { entry, lots, .. } = self.size(tick, fills);
        (entry, lots)
    }

    /// The highest price of an entry; `None` = off.
    #[must_use]
    pub const fn max_entry_price(&self) -> Option<Paise> {
        self.max_entry_price
    }

    /// Buys at this tick as much as sizing allows.
    ///
    /// Errors: [`Refused`], and then nothing has changed.
    pub fn enter(
        &mut self,
        tick: &Tick,
        fills: &FillModel,
        at_entry: Readings,
    ) -> Result<(), Refused> {
        let Sized { entry, distance, lots } = self.size(tick, fills);
        if self.max_entry_price.is_some_and(|most| entry > most) {
            return Err(Refused::EntryPrice);
        }
        if lots == 0 {
            return Err(Refused::NoLot);
        }
        let quantity = Qty(self.sizing.lot.0 * lots);
        let turnover = entry * quantity;
        let costs = self.costs.of(Side::Buy, turnover);
        self.cash -= turnover + costs;
        self.stops.on_entry();
        self.opened += 1;
        self.open = Some(Open {
            number: self.opened,
            time: tick.time,
            price: entry,
            initial: quantity,
            remaining: quantity,
            costs,
            allocated: Money::ZERO,
            base_stop: self.use_base_stop.then(|| entry - distance),
            trail: None,
            highest: entry,
            levels_hit: 0,
            at_entry,
        });
        Ok(())
    }

    /// Moves the trailing stop, then says what this tick demands: a stop, or the next take-profit level.
    #[inline]
    pub fn watch(&mut self, tick: &Tick) -> Option<ExitReason> {
        let price = tick.price;
        let open = self.open.as_mut()?;
        open.highest = open.highest.max(price);
        if let Some(rule) = self.trailing {
            match open.trail {
                Some(trail) => open.trail = Some(trail.max(open.highest - rule.distance)),
                None if price - open.price >= rule.activation => {
                    open.trail = Some(price - rule.distance);
                }
                None => {}
            }
        }
        // `None` sorts below every stop, so this is the higher of those that exist.
        let stop = open.trail.max(open.base_stop);
        if stop.is_some_and(|stop| price <= stop) {
            let trailing = open.trail >= open.base_stop;
            return Some(if trailing { ExitReason::TrailingStop } else { ExitReason::BaseStop });
        }
        self.next_level(tick)
    }

    /// The next take-profit level, if this tick reaches it.
    #[inline]
    pub fn next_level(&self, tick: &Tick) -> Option<ExitReason> {
        let open = self.open.as_ref()?;
        let &(distance, _share) = self.levels.get(open.levels_hit)?;
        let reached = tick.price >= open.price + distance;
        reached.then(|| ExitReason::TakeProfit(open.levels_hit as u8 + 1))
    }

    /// Sells at this tick: the share of the next level at its price, or everything at the market.
    ///
    /// Returns whether something was sold: nothing is while flat, nor for a level that this tick does
    /// not reach: a limit order that came too late is withdrawn.
    pub fn exit(
        &mut self,
        tick: &Tick,
        reason: ExitReason,
        fills: &FillModel,
        at_exit: Readings,
    ) -> bool {
        let Some(open) = &mut self.open else { return false };
        let (quantity, fill) = match reason {
            ExitReason::TakeProfit(_) => {
                let Some(&(distance, share)) = self.levels.get(open.levels_hit) else {
                    return false;
                };
                if tick.price < open.price + distance {
                    return false;
                }
                open.levels_hit += 1;
                let lot = self.sizing.lot;
                let lots = (open.initial.0 / lot.0) as f64;
                let part = Qty(lot.0 * 1.max((lots * share + 1e-9).floor() as i64));
                let last = open.levels_hit == self.levels.len();
                let quantity = if last { open.remaining } else { part.min(open.remaining) };
                (quantity, tick.price)
            }
            _ => {
                let market = fills.sell(tick);
                let fill = (market - self.slippage).max(market.min(self.tick_size));
                (open.remaining, fill)
            }
        };
        self.sell(tick.time, quantity, fill, reason, at_exit);
        true
    }

    fn sell(
        &mut self,
        now: EventTime,
        quantity: Qty,
        fill: Paise,
        reason: ExitReason,
        at_exit: Readings,
    ) {
        let Some(open) = &mut self.open else { return };
        open.remaining -= quantity;
        let sold = i128::from((open.initial - open.remaining).0);
        let initial = i128::from(open.initial.0);
        // floor(costs × sold / initial), without a product that could leave 128 bits.
        let (whole, rest) = (open.costs.0 / initial, open.costs.0 % initial);
        let allocated = Money(whole * sold + rest * sold / initial);
        let turnover = fill * quantity;
        let exit_costs = self.costs.of(Side::Sell, turnover);
        let costs = exit_costs + allocated - open.allocated;
        let gross = (fill - open.price) * quantity;
        open.allocated = allocated;
        self.cash += turnover - exit_costs;
        self.trades.push(Trade {
            position: open.number,
            entry_time: open.time,
            exit_time: now,
            entry_price: open.price,
            exit_price: fill,
            quantity,
            gross,
            costs,
            net: gross - costs,
            reason,
            at_entry: open.at_entry,
            at_exit,
        });
        if open.remaining == Qty::ZERO {
            self.open = None;
            self.on_flat(now, fill, reason);
        }
    }

    fn on_flat(&mut self, now: EventTime, fill: Paise, reason: ExitReason) {
        if matches!(reason, ExitReason::BaseStop | ExitReason::TrailingStop) {
            self.stops.on_stop_out(now, fill);
        }
        self.stops.on_flat(reason == ExitReason::BaseStop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_within_its_limits_never_needs_more_room_for_sales() {
        let mut config = crate::config::load(&[]).expect("defaults");
        let room = |config: &Config| Account::new(config).trades.capacity();
        assert_eq!(room(&config), LEAST_RESERVED);
        config.risk.max_positions_per_day = 2000;
        assert!(room(&config) >= 2000 * (config.risk.take_profits.len() + 1));
        config.risk.max_positions_per_day = 1_000_000;
        assert_eq!(room(&config), MOST_RESERVED);
    }
}
