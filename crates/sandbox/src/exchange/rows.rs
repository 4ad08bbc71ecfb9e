//! The venue's orders, trades, positions and rules as rows of the broker's books.

use engine::units::{Money, Paise, Qty};
use engine::venue::{self, Order, Position, Rule, RuleRequest, Terms, Trade, average};
use smartapi::rest::{OrderRow, PositionRow, RuleKind, RuleRow, TradeRow};
use smartapi::wire::{Decimal, Open};

use super::listing::Listing;
use super::words::{amount, rupees, time_of_day, wall, word};

/// An order as the order book has it.
pub(crate) fn order(listing: &Listing, order: &Order) -> OrderRow {
    let Terms { order_type, product, duration, qty, price, trigger } = order.terms;
    let fill_time = order.last_fill.map(|(_, at)| time_of_day(at).to_string());
    OrderRow {
        variety: word(order.variety.word()),
        ordertype: word(order_type.word()),
        producttype: word(product.word()),
        duration: word(duration.word()),
        price: rupees(if order_type.is_priced() { price } else { Paise(0) }),
        triggerprice: rupees(trigger),
        quantity: Some(qty.0),
        disclosedquantity: Some(order.disclosed.0),
        tradingsymbol: listing.symbol.clone(),
        transactiontype: word(order.side.word()),
        exchange: exchange(listing),
        symboltoken: listing.token.clone(),
        ordertag: order.tag.clone(),
        instrumenttype: listing.kind.to_owned(),
        strikeprice: listing.strike,
        optiontype: listing.option.to_owned(),
        expirydate: listing.expiry.clone(),
        lotsize: Some(listing.lot),
        cancelsize: Some(order.cancelled.0),
        averageprice: rupees(order.average()),
        filledshares: Some(order.filled.0),
        unfilledshares: Some(order.unfilled().0),
        orderid: order.id.to_string(),
        text: order.note.to_string(),
        status: word(order.status.word()),
        orderstatus: word(order.status.word()),
        updatetime: Some(wall(order.updated_at)),
        exchtime: order.arrived_at.map(wall),
        exchorderupdatetime: order.arrived_at.map(|_| wall(order.updated_at)),
        fillid: order.last_fill.map(|(id, _)| id.to_string()).unwrap_or_default(),
        filltime: fill_time.unwrap_or_default(),
        uniqueorderid: order.unique_id.to_string(),
        exchangeorderid: order.exchange_id.map(|id| id.to_string()).unwrap_or_default(),
        ..OrderRow::default()
    }
}

fn exchange(listing: &Listing) -> Open<smartapi::rest::Exchange> {
    listing.exchange.map(Open::Known).unwrap_or_default()
}

/// A trade as the trade book has it.
pub(crate) fn trade(listing: &Listing, trade: &Trade) -> TradeRow {
    TradeRow {
        exchange: exchange(listing),
        producttype: word(trade.product.word()),
        tradingsymbol: listing.symbol.clone(),
        instrumenttype: listing.kind.to_owned(),
        symbolgroup: symbol_group(listing).to_owned(),
        strikeprice: listing.strike,
        optiontype: listing.option.to_owned(),
        expirydate: listing.expiry.clone(),
        marketlot: Some(listing.lot),
        precision: Some(2),
        multiplier: Some(-1),
        tradevalue: Some(amount(trade.value())),
        transactiontype: word(trade.side.word()),
        fillprice: rupees(trade.price),
        fillsize: trade.qty.0,
        orderid: trade.order.to_string(),
        fillid: trade.id.to_string(),
        filltime: Some(time_of_day(trade.at)),
    }
}

fn symbol_group(listing: &Listing) -> &'static str {
    if listing.is_share() { "EQ" } else { "" }
}

/// The prices by which a position is worth something.
#[derive(Clone, Copy)]
pub(crate) struct Prices {
    pub(crate) last: Paise,
    pub(crate) previous_close: Paise,
}

/// A position as the broker shows it; `None` for one of which nothing is or was there today.
///
/// What was converted from another product counts as carried in: it has no trade of its own.
pub(crate) fn position(
    listing: &Listing,
    product: venue::Product,
    held: &Position,
    prices: Prices,
) -> Option<PositionRow> {
    let &Position { bought, bought_for, sold, sold_for, brought, brought_for, .. } = held;
    if [bought, sold, brought] == [Qty::ZERO; 3] {
        return None;
    }
    let (brought_in, carried_in) = part(brought, brought_for, 1);
    let (brought_out, carried_out) = part(brought, brought_for, -1);
    let price = |money, qty| Some(rupees(average(money, qty)));
    let one = Some(Decimal::from_raw(1_000_000));
    let unrealised = held.unrealised(prices.last);
    Some(PositionRow {
        exchange: exchange(listing),
        symboltoken: listing.token.clone(),
        producttype: word(product.word()),
        tradingsymbol: listing.symbol.clone(),
        symbolname: listing.name.clone(),
        instrumenttype: listing.kind.to_owned(),
        priceden: one,
        pricenum: one,
        genden: one,
        gennum: one,
        precision: Some(2),
        multiplier: Some(Decimal::from_raw(-1_000_000)),
        boardlotsize: Some(1),
        buyqty: Some(bought.0),
        sellqty: Some(sold.0),
        buyamount: Some(amount(bought_for)),
        sellamount: Some(amount(sold_for)),
        symbolgroup: symbol_group(listing).to_owned(),
        strikeprice: listing.strike,
        optiontype: listing.option.to_owned(),
        expirydate: listing.expiry.clone(),
        lotsize: Some(listing.lot),
        cfbuyqty: Some(brought_in.0),
        cfsellqty: Some(brought_out.0),
        cfbuyamount: Some(amount(carried_in)),
        cfsellamount: Some(amount(carried_out)),
        buyavgprice: price(bought_for, bought),
        sellavgprice: price(sold_for, sold),
        avgnetprice: Some(rupees(held.average())),
        netvalue: Some(amount(sold_for - bought_for - brought_for)),
        netqty: held.net().0,
        totalbuyvalue: Some(amount(bought_for + carried_in)),
        totalsellvalue: Some(amount(sold_for + carried_out)),
        cfbuyavgprice: price(carried_in, brought_in),
        cfsellavgprice: price(carried_out, brought_out),
        totalbuyavgprice: price(bought_for + carried_in, bought + brought_in),
        totalsellavgprice: price(sold_for + carried_out, sold + brought_out),
        netprice: Some(rupees(held.average())),
        ltp: Some(rupees(prices.last)),
        close: Some(rupees(prices.previous_close)),
        pnl: Some(amount(held.realised() + unrealised)),
        realised: Some(amount(held.realised())),
        unrealised: Some(amount(unrealised)),
    })
}

/// A GTT rule as its details have it.
pub(crate) fn rule(listing: &Listing, client: &str, rule: &Rule) -> RuleRow {
    let RuleRequest { side, product, qty, disclosed, leg, stop, .. } = rule.request;
    RuleRow {
        id: String::new(),
        status: word(rule.status.word()),
        createddate: Some(wall(rule.created_at)),
        updateddate: Some(wall(rule.updated_at)),
        expirydate: Some(wall(rule.expires_at)),
        clientid: client.to_owned(),
        tradingsymbol: listing.symbol.clone(),
        symboltoken: listing.token.clone(),
        exchange: exchange(listing),
        transactiontype: word(side.word()),
        producttype: word(product.word()),
        price: rupees(leg.price),
        qty: qty.0,
        triggerprice: rupees(leg.trigger),
        disclosedqty: Some(disclosed.0),
        gtt_type: stop.map(|_| Open::Known(RuleKind::Oco)).unwrap_or_default(),
        stoplossprice: stop.map(|stop| rupees(stop.price)),
        stoplosstriggerprice: stop.map(|stop| rupees(stop.trigger)),
    }
}

/// A quantity and its value, if they are of this sign; else nothing.
fn part(qty: Qty, value: Money, sign: i64) -> (Qty, Money) {
    if qty.0 * sign > 0 {
        (Qty(qty.0 * sign), Money(value.0 * i128::from(sign)))
    } else {
        (Qty::ZERO, Money::ZERO)
    }
}
