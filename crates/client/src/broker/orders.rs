//! Orders: placed, modified and cancelled once each, and the books of the day.

use smartapi::rest::{
    CancelOrder, ModifyOrder, OrderFault, OrderReceipt, OrderRow, PlaceOrder, TradeRow, routes,
};

use super::Broker;
use super::calls;
use super::error::BrokerError;
use super::outcome::{Outcome, Placement};
use super::transport::Request;

impl Broker {
    /// A tag for an order that no other order has, for callers that note it down before they send.
    #[must_use]
    pub fn next_tag(&self) -> String {
        self.tags.next()
    }

    /// Sends a new order, once; without a tag of its own it gets [`next_tag`](Self::next_tag).
    ///
    /// A tag belongs to one order: it is free again only if that one certainly does not exist. Whoever
    /// may drop the future before it ends gives the order its tag, for what has left is not called back,
    /// and [`resolve`](Self::resolve) with that tag tells what became of it.
    ///
    /// Errors: whatever stopped the order before a byte of it left, so that there is none. It does
    ///         not wait: a full window of the rate limit is [`BrokerError::Limited`] with the time.
    pub async fn place(&self, order: PlaceOrder) -> Result<Placement, BrokerError> {
        self.rules.check(order.is_market(), order.is_ioc())?;
        let order = match &order.ordertag {
            Some(_) => order,
            None => order.with_tag(&self.next_tag())?,
        };
        order.check()?;
        let tag = order.ordertag.clone().unwrap_or_default();
        if !self.tags.note(&tag, &order) {
            return Err(BrokerError::TagSent { tag });
        }
        let outcome = self.session.write(&calls::PLACE, &order).await;
        if matches!(outcome, Err(_) | Ok(Outcome::Refused(_))) {
            self.tags.forget(&tag);
        }
        Ok(match outcome?.with_id(calls::PLACE.doing) {
            Outcome::Accepted(receipt) => Placement::Accepted(receipt),
            Outcome::Refused(refusal) => Placement::Refused(refusal),
            Outcome::Unknown(because) => Placement::Unknown { tag, because },
        })
    }

    /// Changes an open order, once; what is unknown [`resolve_change`](Self::resolve_change) finds out.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn modify(&self, change: &ModifyOrder) -> Result<Outcome<OrderReceipt>, BrokerError> {
        self.rules.check(change.is_market(), change.is_ioc())?;
        change.check()?;
        Ok(self.session.write(&calls::MODIFY, change).await?.with_id(calls::MODIFY.doing))
    }

    /// Ends an open order, once; what is unknown [`resolve_cancel`](Self::resolve_cancel) finds out.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn cancel(&self, end: &CancelOrder) -> Result<Outcome<OrderReceipt>, BrokerError> {
        end.check()?;
        Ok(self.session.write(&calls::CANCEL, end).await?.with_id(calls::CANCEL.doing))
    }

    /// The orders of the day.
    pub async fn order_book(&self) -> Result<Vec<OrderRow>, BrokerError> {
        self.list(&calls::ORDER_BOOK, &()).await
    }

    /// The trades of the day.
    pub async fn trade_book(&self) -> Result<Vec<TradeRow>, BrokerError> {
        self.list(&calls::TRADE_BOOK, &()).await
    }

    /// One order, by the unique id of its receipt.
    pub async fn order(&self, uniqueorderid: &str) -> Result<OrderRow, BrokerError> {
        let path = routes::order_details(uniqueorderid).ok_or_else(|| OrderFault::Id {
            was: uniqueorderid.chars().filter(|letter| !letter.is_control()).take(40).collect(),
        })?;
        self.session.read_request(&Request::at(&calls::ORDER, path)).await
    }
}
