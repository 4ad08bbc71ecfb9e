//! Tells order updates that came before from new ones.

use std::collections::{BTreeSet, VecDeque};

use super::OrderUpdate;

/// What makes two updates the same: order, state, filled quantity and time, and what a modification
/// within the same second changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    orderid: String,
    state: String,
    filled: Option<i64>,
    updatetime: String,
    terms: [String; 3],
}

/// The newest updates of a stream; older ones are forgotten, so that memory stays bounded.
#[derive(Clone, Debug)]
pub struct Repeats {
    marks: BTreeSet<Mark>,
    order: VecDeque<Mark>,
    most: usize,
}

impl Repeats {
    /// Remembers the last `most` updates.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { marks: BTreeSet::new(), order: VecDeque::new(), most }
    }

    /// Whether this update has not come before; it is remembered.
    pub fn is_new(&mut self, update: &OrderUpdate) -> bool {
        let row = &update.order;
        let mark = Mark {
            orderid: row.orderid.clone(),
            state: update.state().as_str().to_owned(),
            filled: row.filledshares,
            updatetime: format!("{:?}", row.updatetime),
            terms: [
                row.price.to_string(),
                row.triggerprice.to_string(),
                format!("{:?}", row.quantity),
            ],
        };
        if !self.marks.insert(mark.clone()) {
            return false;
        }
        self.order.push_back(mark);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.marks.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::{OrderRow, OrderStatus};
    use crate::wire::Open;

    fn update(orderid: &str, status: OrderStatus, filled: i64) -> OrderUpdate {
        let row = OrderRow {
            orderid: orderid.to_owned(),
            orderstatus: Open::Known(status),
            status: Open::Known(status),
            filledshares: Some(filled),
            ..OrderRow::default()
        };
        OrderUpdate::new("A1", row)
    }

    #[test]
    fn the_same_update_is_new_once() {
        let mut repeats = Repeats::new(8);
        let open = update("1", OrderStatus::Open, 0);
        assert!(repeats.is_new(&open) && !repeats.is_new(&open));
        assert!(repeats.is_new(&update("2", OrderStatus::Open, 0)), "another order");
        assert!(repeats.is_new(&update("1", OrderStatus::Open, 25)), "a part was filled");
        assert!(repeats.is_new(&update("1", OrderStatus::Complete, 25)), "another state");
        let mut modified = open.clone();
        modified.order.price = "12.05".parse().expect("a price");
        assert!(repeats.is_new(&modified), "modified within the same second");
        assert!(!repeats.is_new(&open));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut repeats = Repeats::new(2);
        for order in ["1", "2", "3"] {
            assert!(repeats.is_new(&update(order, OrderStatus::Open, 0)));
        }
        assert!(!repeats.is_new(&update("3", OrderStatus::Open, 0)));
        assert!(repeats.is_new(&update("1", OrderStatus::Open, 0)), "forgotten");
        assert_eq!((repeats.marks.len(), repeats.order.len()), (2, 2));
    }
}
