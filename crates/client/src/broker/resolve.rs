//! Finds out in the order book what became of an order whose answer was lost.

use smartapi::clock::Wall;
use smartapi::rest::{ModifyOrder, OrderRow};

use super::Broker;
use super::error::BrokerError;

/// What the order book says about a request whose answer was lost.
#[derive(Debug)]
#[must_use]
pub enum Resolution {
    /// The order as the book has it, which shows what was asked, or that the order has ended.
    Found(Box<OrderRow>),
    /// The book did not show it at `as_of`, after so many looks over some seconds; `row` is the order as
    /// it was seen last, if it was there at all.
    ///
    /// It is no proof: a broker in trouble can still carry out what it took long ago.
    NotThere { as_of: Wall, looks: u32, row: Option<Box<OrderRow>> },
    /// The book could not be read; `looks` counts the times that it could be.
    StillUnknown { looks: u32, because: BrokerError },
}

impl Broker {
    /// Looks for a new order by its tag.
    pub async fn resolve(&self, tag: &str) -> Resolution {
        // A bracket's later orders may repeat the tag of the first.
        let of_tag = |row: &OrderRow| !tag.is_empty() && row.ordertag == tag;
        let first = |row: &OrderRow| of_tag(row) && row.parentorderid.is_empty();
        self.look(
            |book| book.iter().find(|row| first(row)).or(book.iter().find(|row| of_tag(row))),
            |_| true,
        )
        .await
    }

    /// Looks whether an order is as `change` wants it; `Found` also if it has ended meanwhile.
    pub async fn resolve_change(&self, change: &ModifyOrder) -> Resolution {
        let carried_out = |row: &OrderRow| {
            let is_priced = change.is_market() || row.price == change.price;
            let trigger = change.trigger().unwrap_or_default();
            let same_terms = row.quantity == Some(change.quantity) && is_priced;
            row.is_final() || same_terms && row.triggerprice == trigger
        };
        self.look(|book| by_id(book, &change.orderid), carried_out).await
    }

    /// Looks whether an order has ended, by its cancellation or otherwise.
    pub async fn resolve_cancel(&self, orderid: &str) -> Resolution {
        self.look(|book| by_id(book, orderid), OrderRow::is_final).await
    }

    /// Looks at the order book until it shows what was asked, or often enough.
    async fn look(
        &self,
        find: impl Fn(&[OrderRow]) -> Option<&OrderRow>,
        shows: impl Fn(&OrderRow) -> bool,
    ) -> Resolution {
        let pace = self.session.pace();
        let mut last = None;
        for looks in 0..pace.looks {
            if looks > 0 {
                tokio::time::sleep(pace.between_looks).await;
            }
            let book = match self.order_book().await {
                Ok(book) => book,
                Err(because) => return Resolution::StillUnknown { looks, because },
            };
            last = find(&book).cloned().map(Box::new);
            if let Some(row) = last.take_if(|row| shows(row)) {
                return Resolution::Found(row);
            }
        }
        let as_of = Wall(self.session.clock().now().seconds() as i64);
        Resolution::NotThere { as_of, looks: pace.looks, row: last }
    }
}

fn by_id<'a>(book: &'a [OrderRow], orderid: &str) -> Option<&'a OrderRow> {
    book.iter().find(|row| row.orderid == orderid)
}
