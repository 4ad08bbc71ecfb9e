//! Sales put together into the positions they came from.

use engine::replay::Outcome;
use engine::tick_path::position::Trade;
use engine::units::{EventTime, Money, Paise, Qty};

/// One entry and all its sales, in order; never empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position<'a> {
    first: &'a Trade,
    last: &'a Trade,
    pub(super) sales: &'a [Trade],
}

/// The positions of a run in order.
pub(super) fn positions(outcome: &Outcome) -> Vec<Position<'_>> {
    let groups = outcome.trades.chunk_by(|earlier, later| earlier.position == later.position);
    groups
        .filter_map(|sales| Some(Position { first: sales.first()?, last: sales.last()?, sales }))
        .collect()
}

impl Position<'_> {
    pub(super) const fn entry_time(&self) -> EventTime {
        self.first.entry_time
    }

    pub(super) const fn entry_price(&self) -> Paise {
        self.first.entry_price
    }

    /// Time of the last sale.
    pub(super) const fn exit_time(&self) -> EventTime {
        self.last.exit_time
    }

    /// Units bought.
    pub(super) fn quantity(&self) -> Qty {
        self.sales.iter().fold(Qty::ZERO, |sum, sale| sum + sale.quantity)
    }

    pub(super) fn net(&self) -> Money {
        self.sales.iter().map(|sale| sale.net).sum()
    }
}
