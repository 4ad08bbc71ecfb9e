//! Places a limit order far from the market, finds it in the book, and cancels it.
//!
//! `cargo run -p client --example orders SYMBOL TOKEN LOT PRICE [LINE]`; the order is real unless LINE, a
//! sandbox's line of JSON or a file with it, is given.

use std::io::Write as _;

use client::{Broker, Outcome, Placement, Resolution, Rules};
use smartapi::rest::{
    CancelOrder, Contract, Exchange, PlaceOrder, Pricing, Product, Side, Variety,
};

mod common;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), common::Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [symbol, token, lot, price, given @ ..] = arguments.as_slice() else {
        return Err("give SYMBOL TOKEN LOT PRICE and, for a sandbox, its line".into());
    };
    let option = Contract { exchange: Exchange::Nfo, tradingsymbol: symbol, symboltoken: token };
    let limit = Pricing::Limit { price: price.parse()? };
    let order = PlaceOrder::new(option, Side::Buy, lot.parse()?, Product::Intraday, limit)?;

    let given = given.first().map(String::as_str);
    let broker = common::connect(given, Rules::default()).await?;
    let Some(orderid) = place(&broker, order).await? else { return Ok(()) };
    let mut out = std::io::stdout();
    for row in broker.order_book().await?.iter().filter(|row| row.orderid == orderid) {
        writeln!(out, "{orderid} is {} {}", row.state().as_str(), row.text)?;
    }
    match broker.cancel(&CancelOrder::new(Variety::Normal, &orderid)?).await? {
        Outcome::Accepted(_) => writeln!(out, "{orderid} is being cancelled")?,
        Outcome::Refused(no) => writeln!(out, "not cancelled: {no}; {}", no.hint())?,
        Outcome::Unknown(why) => {
            let now = broker.resolve_cancel(&orderid).await;
            writeln!(out, "the answer was lost ({why}), and the book says {now:?}")?;
        }
    }
    Ok(())
}

/// The id of the order, however its answer came; none if there is no order.
async fn place(broker: &Broker, order: PlaceOrder) -> Result<Option<String>, common::Failed> {
    let mut out = std::io::stdout();
    match broker.place(order).await? {
        Placement::Accepted(receipt) => Ok(Some(receipt.orderid)),
        Placement::Refused(no) => {
            writeln!(out, "refused: {no}; {}", no.hint())?;
            Ok(None)
        }
        Placement::Unknown { tag, because } => {
            writeln!(out, "the answer to {tag} was lost: {because}")?;
            match broker.resolve(&tag).await {
                Resolution::Found(row) => Ok(Some(row.orderid)),
                other => Err(format!("look at the order book before you go on: {other:?}").into()),
            }
        }
    }
}
