//! Orders: placed, modified and cancelled.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use engine::units::Qty;
use engine::venue::{Modification, OrderId, OrderRequest, Receipt, Terms};
use smartapi::rest::{CancelOrder, ModifyOrder, OrderReceipt, PlaceOrder, routes};

use super::{Answer, Refusal, paise, success, under};
use crate::exchange::words;
use crate::twin::Twin;

/// The code of a price that no order can have.
const BAD_PRICE: &str = "AB1007";

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([
        (routes::PLACE_ORDER, post(place)),
        (routes::MODIFY_ORDER, post(modify)),
        (routes::CANCEL_ORDER, post(cancel)),
    ])
}

async fn place(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: PlaceOrder = twin.admit(routes::PLACE_ORDER, &headers, &body)?;
    let order = OrderRequest {
        instrument: twin.traded(asked.exchange, &asked.symboltoken, &asked.tradingsymbol)?,
        variety: words::variety(asked.variety),
        side: words::side(asked.transactiontype),
        terms: Terms {
            order_type: words::order_type(asked.ordertype),
            product: words::product(asked.producttype),
            duration: words::duration(asked.duration),
            qty: Qty(asked.quantity),
            price: paise(BAD_PRICE, asked.price)?,
            trigger: paise(BAD_PRICE, asked.triggerprice.unwrap_or_default())?,
        },
        disclosed: Qty(asked.disclosedquantity.unwrap_or_default()),
        tag: asked.ordertag.unwrap_or_default(),
    };
    let receipt = twin.at_exchange(|floor| floor.venue.place(order, floor.now))?;
    Ok(success(OrderReceipt { script: Some(asked.tradingsymbol), ..told(&receipt) }))
}

async fn modify(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: ModifyOrder = twin.admit(routes::MODIFY_ORDER, &headers, &body)?;
    twin.traded(asked.exchange, &asked.symboltoken, &asked.tradingsymbol)?;
    let change = Modification {
        id: order_id(&asked.orderid)?,
        variety: words::variety(asked.variety),
        terms: Terms {
            order_type: words::order_type(asked.ordertype),
            product: words::product(asked.producttype),
            duration: words::duration(asked.duration),
            qty: Qty(asked.quantity),
            price: paise(BAD_PRICE, asked.price)?,
            trigger: paise(BAD_PRICE, asked.trigger().unwrap_or_default())?,
        },
        disclosed: asked.disclosedquantity.map(Qty),
    };
    let receipt = twin.at_exchange(|floor| floor.venue.modify(change, floor.now))?;
    Ok(success(told(&receipt)))
}

async fn cancel(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: CancelOrder = twin.admit(routes::CANCEL_ORDER, &headers, &body)?;
    let (id, variety) = (order_id(&asked.orderid)?, words::variety(asked.variety));
    let receipt = twin.at_exchange(|floor| floor.venue.cancel(id, variety, floor.now))?;
    Ok(success(told(&receipt)))
}

/// The order that a request names; the broker's second name for it is no name here.
fn order_id(text: &str) -> Result<OrderId, Refusal> {
    text.parse().map(OrderId).map_err(|_| {
        let text: String = text.chars().take(40).collect();
        Refusal::Broker("AB1013", format!("Order Not Found: {text}").into())
    })
}

fn told(receipt: &Receipt) -> OrderReceipt {
    OrderReceipt {
        script: None,
        orderid: receipt.id.to_string(),
        uniqueorderid: receipt.unique_id.to_string(),
    }
}
