//! Positions, their conversion, and holdings.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use engine::units::{Paise, Qty};
use engine::venue::Conversion;
use smartapi::rest::{
    AllHoldings, ConvertPosition, HoldingRow, HoldingsTotal, PositionRow, routes,
};
use smartapi::wire::{Decimal, Rows, Rupees};

use super::{Answer, success, under, unknown};
use crate::exchange::rows::{self, Prices};
use crate::exchange::words;
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([
        (routes::POSITIONS, get(positions)),
        (routes::CONVERT_POSITION, post(convert)),
        (routes::HOLDINGS, get(holdings)),
        (routes::ALL_HOLDINGS, get(all_holdings)),
    ])
}

async fn positions(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::POSITIONS, &headers)?;
    let all: Vec<PositionRow> = twin.at_exchange(|floor| {
        let quote = &floor.packet().quote;
        let (last, previous_close) =
            (Paise(quote.head.ltp.get()), Paise(quote.previous_close.get()));
        let prices = Prices { last, previous_close };
        let held = floor.venue.positions();
        held.filter_map(|(_, product, position)| {
            rows::position(&twin.exchange.listing, product, position, prices)
        })
        .collect()
    });
    Ok(success(Rows(all)))
}

async fn convert(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: ConvertPosition = twin.admit(routes::CONVERT_POSITION, &headers, &body)?;
    let listing = &twin.exchange.listing;
    // The symbol may be missing here.
    let instrument = listing.instrument.filter(|_| listing.is(asked.exchange, &asked.symboltoken));
    let instrument = instrument.ok_or_else(|| unknown(asked.exchange, &asked.symboltoken))?;
    let conversion = Conversion {
        instrument: instrument.key,
        from: words::product(asked.oldproducttype),
        to: words::product(asked.newproducttype),
        side: words::side(asked.transactiontype),
        qty: Qty(asked.quantity),
    };
    twin.at_exchange(|floor| floor.venue.convert(conversion, floor.now))?;
    Ok(success(()))
}

/// The account has no depository: shares that are bought stay positions.
async fn holdings(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::HOLDINGS, &headers)?;
    Ok(success(Rows::<HoldingRow>::default()))
}

async fn all_holdings(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::ALL_HOLDINGS, &headers)?;
    let nothing = Some(Rupees::ZERO);
    let total = HoldingsTotal {
        totalholdingvalue: nothing,
        totalinvvalue: nothing,
        totalprofitandloss: nothing,
        totalpnlpercentage: Some(Decimal::ZERO),
    };
    Ok(success(AllHoldings { holdings: Vec::new(), totalholding: Some(total) }))
}
