//! Finds out in the order book what became of an order whose answer was lost.

use smartapi::clock::Wall;
use smartapi::rest::{ModifyOrder, OrderRow, PlaceOrder};

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
    /// Several orders have the tag, and which of them was asked for cannot be told: the tag was used
    /// before, by an earlier run or another program.
    Ambiguous(Vec<OrderRow>),
    /// The book could not be read; `looks` counts the times that it could be.
    StillUnknown { looks: u32, because: BrokerError },
}

impl Broker {
    /// Looks for a new order by its tag.
    ///
    /// Where several orders have it, that one is found which alone has the contract, the side and the
    /// quantity that were sent; a tag of [`next_tag`](Self::next_tag) needs no such guess.
    pub async fn resolve(&self, tag: &str) -> Resolution {
        let sent = self.tags.order(tag);
        self.look(|book| sole(book, tag, sent.as_deref()), |_| true).await
    }

    /// Looks whether an order is as `change` wants it; `Found` also if it has ended meanwhile.
    ///
    /// A change to the market shows only in that: the broker gives such an order a price of its own.
    pub async fn resolve_change(&self, change: &ModifyOrder) -> Resolution {
        let carried_out = |row: &OrderRow| {
            let trigger = change.trigger().unwrap_or_default();
            let same_terms = row.quantity == Some(change.quantity) && row.price == change.price;
            row.is_final() || !change.is_market() && same_terms && row.triggerprice == trigger
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
        find: impl Fn(&[OrderRow]) -> Result<Option<&OrderRow>, Vec<OrderRow>>,
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
            last = match find(&book) {
                Ok(row) => row.cloned().map(Box::new),
                Err(several) => return Resolution::Ambiguous(several),
            };
            if let Some(row) = last.take_if(|row| shows(row)) {
                return Resolution::Found(row);
            }
        }
        let as_of = Wall(self.session.clock().now().seconds() as i64);
        Resolution::NotThere { as_of, looks: pace.looks, row: last }
    }
}

fn by_id<'a>(book: &'a [OrderRow], orderid: &str) -> Result<Option<&'a OrderRow>, Vec<OrderRow>> {
    Ok(book.iter().find(|row| row.orderid == orderid))
}

/// The row of the tag, if there is one; all of them if none stands out.
fn sole<'a>(
    book: &'a [OrderRow],
    tag: &str,
    sent: Option<&PlaceOrder>,
) -> Result<Option<&'a OrderRow>, Vec<OrderRow>> {
    let of_tag = || book.iter().filter(|row| !tag.is_empty() && row.ordertag == tag);
    // A bracket's later orders may repeat the tag of the first.
    let mut rows: Vec<_> = of_tag().filter(|row| row.parentorderid.is_empty()).collect();
    if rows.is_empty() {
        rows = of_tag().collect();
    }
    if rows.len() < 2 {
        return Ok(rows.pop());
    }
    let is_it = |row: &&&OrderRow| {
        sent.is_some_and(|sent| {
            row.tradingsymbol == sent.tradingsymbol
                && row.exchange.known() == Some(sent.exchange)
                && row.transactiontype.known() == Some(sent.transactiontype)
                && row.quantity == Some(sent.quantity)
        })
    };
    let fitting: Vec<_> = rows.iter().filter(is_it).collect();
    match fitting.as_slice() {
        [row] => Ok(Some(**row)),
        _ => Err(rows.into_iter().cloned().collect()),
    }
}
