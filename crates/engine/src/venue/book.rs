//! What the market offers: the five levels of each side, what is left of them, and the last print.

use super::order::Side;
use crate::units::{EventTime, Paise, Qty};

/// One price of the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The price; not above zero where the level is empty.
    pub price: Paise,
    /// What is offered at it.
    pub qty: Qty,
    /// By how many orders.
    pub orders: u32,
}

/// A packet's view of the market.
///
/// Without levels, as in packets of the modes LTP and Quote, stops are triggered and prices protected,
/// but nothing is there to trade with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// The last traded price; a quote whose price is not above zero is ignored.
    pub last: Paise,
    /// The quantity of the last trade.
    pub last_qty: Qty,
    /// All that was traded today; it tells a new trade from the repetition of an old one.
    pub volume: Qty,
    /// Best first.
    pub bids: [Level; 5],
    /// Best first.
    pub asks: [Level; 5],
}

/// When a resting order trades at its own price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// Only when a trade prints beyond it: whoever traded there would have met our order first.
    #[default]
    Through,
    /// Also when all that was displayed at the price before us has been traded there since.
    Behind,
}

/// The quantity ahead of an order whose price is not displayed.
const UNKNOWN: Qty = Qty(i64::MAX);

/// Quantities above this are noise, and are cut.
const MOST_QTY: i64 = 1_000_000_000_000;

/// One instrument's market as of its last quote, without what our orders took from it since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    quote: Option<Quote>,
    /// The levels with what is left of them.
    bids: [Level; 5],
    asks: [Level; 5],
    /// What is left of a print that the last quote brought.
    printed: Qty,
    pub(super) quoted_at: EventTime,
}

impl Book {
    pub(super) fn last(&self) -> Option<Paise> {
        self.quote.map(|quote| quote.last)
    }

    /// Takes a quote; one that repeats the last refreshes nothing. Says whether it was usable.
    pub(super) fn on_quote(&mut self, quote: &Quote, at: EventTime) -> bool {
        if quote.last.0 <= 0 || quote.last > Paise::MAX_PRICE {
            return false;
        }
        self.quoted_at = at;
        self.printed = Qty::ZERO;
        if self.quote.as_ref() == Some(quote) {
            return true;
        }
        let before = self.quote.map(|quote| quote.volume);
        let traded = before.map_or(0, |before| quote.volume.0.saturating_sub(before.0));
        self.printed = Qty(traded.min(quote.last_qty.0).clamp(0, MOST_QTY));
        self.bids = quote.bids.map(usable);
        self.asks = quote.asks.map(usable);
        self.quote = Some(*quote);
        true
    }

    /// The side that an order of `side` trades with.
    const fn other_side(&mut self, side: Side) -> &mut [Level; 5] {
        match side {
            Side::Buy => &mut self.asks,
            Side::Sell => &mut self.bids,
        }
    }

    /// The side that an order of `side` rests on.
    const fn own_side(&self, side: Side) -> &[Level; 5] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Takes up to `want` from the levels that reach `limit`, best first, in whole lots.
    pub(super) fn take(&mut self, side: Side, limit: Paise, want: Qty, lot: Qty) -> Vec<Level> {
        let mut want = want;
        let mut taken = Vec::new();
        for level in self.other_side(side) {
            let offered = level.qty.0 - level.qty.0 % lot.0;
            let qty = Qty(offered.min(want.0));
            if level.price.0 > 0 && side.reaches(limit, level.price) && qty > Qty::ZERO {
                level.qty -= qty;
                want -= qty;
                taken.push(Level { qty, ..*level });
            }
        }
        taken
    }

    /// Takes up to `want` from the last print, if it was beyond `limit` or, with `ahead` traded, at it.
    pub(super) fn take_print(&mut self, order: Resting, ahead: Option<&mut Qty>) -> Qty {
        let Some(last) = self.last().filter(|_| self.printed > Qty::ZERO) else { return Qty::ZERO };
        let through = last != order.limit && order.side.reaches(order.limit, last);
        let mut share = self.printed;
        if !through {
            let Some(ahead) = ahead.filter(|_| last == order.limit) else { return Qty::ZERO };
            let served = (*ahead).min(share);
            *ahead -= served;
            share -= served;
        }
        let share = Qty((share.0 - share.0 % order.lot.0).min(order.want.0));
        self.printed -= share;
        share
    }

    /// What stands before an order that comes to rest at `limit` now.
    pub(super) fn ahead(&self, side: Side, limit: Paise) -> Qty {
        self.displayed(side, limit).unwrap_or(UNKNOWN)
    }

    /// The quantity at a price of our side; `None` where the five levels do not reach.
    pub(super) fn displayed(&self, side: Side, limit: Paise) -> Option<Qty> {
        let levels = self.own_side(side).iter().filter(|level| level.price.0 > 0);
        let shown: Vec<&Level> = levels.collect();
        if let Some(level) = shown.iter().find(|level| level.price == limit) {
            return Some(level.qty);
        }
        let worst = shown.last()?.price;
        let within = limit != worst && side.reaches(limit, worst);
        (within || shown.len() < 5).then_some(Qty::ZERO)
    }
}

/// An order in the book that meets a print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resting {
    pub(super) side: Side,
    pub(super) limit: Paise,
    pub(super) want: Qty,
    pub(super) lot: Qty,
}

fn usable(level: Level) -> Level {
    let price = if level.price > Paise::MAX_PRICE { Paise(0) } else { level.price };
    Level { price, qty: Qty(level.qty.0.clamp(0, MOST_QTY)), ..level }
}
