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
    AllHoldings, ConvertPosition, Exchange, HoldingRow, HoldingsTotal, PositionRow, Product, routes,
};
use smartapi::wire::{Decimal, Open, Rows};

use super::quotes::percent;
use super::{Answer, success, under, unknown};
use crate::Holding;
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

async fn holdings(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::HOLDINGS, &headers)?;
    Ok(success(Rows(held(&twin).into_iter().map(|held| held.row()).collect::<Vec<_>>())))
}

async fn all_holdings(State(twin): State<Arc<Twin>>, headers: HeaderMap) -> Answer {
    twin.pass_logged_in(routes::ALL_HOLDINGS, &headers)?;
    let all = held(&twin);
    let value = all.iter().map(Held::value).fold(0, i64::saturating_add);
    let cost = all.iter().map(Held::cost).fold(0, i64::saturating_add);
    let gain = value.saturating_sub(cost);
    let total = HoldingsTotal {
        totalholdingvalue: Some(words::rupees(Paise(value))),
        totalinvvalue: Some(words::rupees(Paise(cost))),
        totalprofitandloss: Some(words::rupees(Paise(gain))),
        totalpnlpercentage: Some(percent(gain, cost)),
    };
    let holdings = all.iter().map(Held::row).collect();
    Ok(success(AllHoldings { holdings, totalholding: Some(total) }))
}

/// A holding and its prices in paise.
struct Held<'t> {
    holding: &'t Holding,
    last: i64,
    close: i64,
}

/// What the account holds. The share that is played has its prices; any other stands still.
fn held(twin: &Twin) -> Vec<Held<'_>> {
    let quote = twin.at_exchange(|floor| floor.packet().quote);
    let price = |holding: &Holding| {
        if twin.exchange.listing.is(Exchange::Nse, &holding.token) {
            (quote.head.ltp.get(), quote.previous_close.get())
        } else {
            (holding.average.0, holding.average.0)
        }
    };
    let with_prices = |holding| {
        let (last, close) = price(holding);
        Held { holding, last, close }
    };
    twin.holdings.iter().map(with_prices).collect()
}

impl Held<'_> {
    const fn value(&self) -> i64 {
        self.last.saturating_mul(self.holding.qty)
    }

    const fn cost(&self) -> i64 {
        self.holding.average.0.saturating_mul(self.holding.qty)
    }

    fn row(&self) -> HoldingRow {
        let Holding { symbol, token, qty, average } = self.holding;
        let gain = self.value().saturating_sub(self.cost());
        HoldingRow {
            tradingsymbol: symbol.clone(),
            exchange: Exchange::Nse.into(),
            // Invented, in the form of one.
            isin: format!("INE{token:0>6}010"),
            t1quantity: Some(0),
            realisedquantity: Some(*qty),
            quantity: *qty,
            authorisedquantity: Some(0),
            product: Open::Known(Product::Delivery),
            collateralquantity: None,
            collateraltype: None,
            haircut: Some(Decimal::ZERO),
            averageprice: Some(words::rupees(*average)),
            ltp: Some(words::rupees(Paise(self.last))),
            symboltoken: token.clone(),
            close: Some(words::rupees(Paise(self.close))),
            profitandloss: Some(words::rupees(Paise(gain))),
            pnlpercentage: Some(percent(gain, self.cost())),
        }
    }
}
