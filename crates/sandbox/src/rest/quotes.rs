//! Prices: the last one, and quotes in three sizes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use engine::units::Paise;
use smartapi::clock::Wall;
use smartapi::packet::{DepthRow, SnapQuote};
use smartapi::rest::{
    Depth, DepthLevel, Exchange, LastPrice, LtpRequest, MOST_QUOTE_TOKENS, QuoteMode, QuoteRequest,
    QuoteRow, Quotes, Unfetched, routes,
};
use smartapi::wire::Decimal;

use super::{Answer, Refusal, success, under};
use crate::exchange::words::rupees;
use crate::playback::index::{self, IndexComposer};
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([(routes::LTP, post(last_price)), (routes::QUOTE, post(quote))])
}

async fn last_price(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: LtpRequest = twin.admit(routes::LTP, &headers, &body)?;
    let is_index = is_index(asked.exchange, &asked.symboltoken);
    if !is_index {
        twin.traded(asked.exchange, &asked.symboltoken, &asked.tradingsymbol)?;
    }
    let mut packet = twin.at_exchange(|floor| *floor.packet());
    let mut symbol = twin.exchange.listing.symbol.as_str();
    if is_index {
        (packet, symbol) = (index_beside(&twin, &packet), index::SYMBOL);
    }
    let day = &packet.quote;
    let price = |paise: i64| Some(rupees(Paise(paise)));
    Ok(success(LastPrice {
        exchange: asked.exchange.into(),
        tradingsymbol: symbol.to_owned(),
        symboltoken: asked.symboltoken,
        open: price(day.open.get()),
        high: price(day.high.get()),
        low: price(day.low.get()),
        close: price(day.previous_close.get()),
        ltp: rupees(Paise(day.head.ltp.get())),
    }))
}

/// A token that is not played fails alone, not the call.
async fn quote(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: QuoteRequest = twin.admit(routes::QUOTE, &headers, &body)?;
    if !(1..=MOST_QUOTE_TOKENS).contains(&asked.count()) {
        let what = format!("{} tokens asked, 1 to {MOST_QUOTE_TOKENS} are allowed", asked.count());
        return Err(Refusal::Broker("AB1004", what.into()));
    }
    let packet = twin.at_exchange(|floor| *floor.packet());
    let listing = &twin.exchange.listing;
    let mut quotes = Quotes::default();
    for (&exchange, tokens) in &asked.exchange_tokens {
        for token in tokens {
            if listing.is(exchange, token) {
                quotes.fetched.push(row(&listing.symbol, token, exchange, &packet, asked.mode));
            } else if is_index(exchange, token) {
                let packet = index_beside(&twin, &packet);
                quotes.fetched.push(row(index::SYMBOL, token, exchange, &packet, asked.mode));
            } else {
                quotes.unfetched.push(unfetched(exchange, token));
            }
        }
    }
    Ok(success(quotes))
}

fn is_index(exchange: Exchange, token: &str) -> bool {
    exchange == Exchange::Nse && token == index::TOKEN
}

/// The index as it stands beside the played instrument's packet.
fn index_beside(twin: &Twin, packet: &SnapQuote) -> SnapQuote {
    let prints = &twin.playback.prints;
    let row = usize::try_from(packet.quote.head.sequence.get() - 1).unwrap_or_default();
    let (print, day) = prints.at(row).unwrap_or_default();
    *IndexComposer::new(prints).fill(&print, &day)
}

/// The broker documents a code for an empty token alone.
fn unfetched(exchange: Exchange, token: &str) -> Unfetched {
    let (code, message) = if token.is_empty() {
        ("AB4018", "Symbol token cannot be empty")
    } else {
        ("AB1009", "Symbol Not Found")
    };
    Unfetched {
        exchange: exchange.into(),
        symbol_token: token.to_owned(),
        message: message.to_owned(),
        error_code: code.to_owned(),
    }
}

fn row(
    symbol: &str,
    token: &str,
    exchange: Exchange,
    packet: &SnapQuote,
    mode: QuoteMode,
) -> QuoteRow {
    let day = &packet.quote;
    let price = |paise: i64| Some(rupees(Paise(paise)));
    let last = QuoteRow {
        exchange: exchange.into(),
        trading_symbol: symbol.to_owned(),
        symbol_token: token.to_owned(),
        ltp: rupees(Paise(day.head.ltp.get())),
        ..QuoteRow::default()
    };
    if mode == QuoteMode::Ltp {
        return last;
    }
    let ohlc = QuoteRow {
        open: price(day.open.get()),
        high: price(day.high.get()),
        low: price(day.low.get()),
        close: price(day.previous_close.get()),
        ..last
    };
    if mode == QuoteMode::Ohlc {
        return ohlc;
    }
    let (ltp, close) = (day.head.ltp.get(), day.previous_close.get());
    QuoteRow {
        last_trade_qty: Some(day.last_traded_qty.get()),
        exch_feed_time: Some(Wall(day.head.exchange_ts_ms.get().div_euclid(1000))),
        exch_trade_time: Some(Wall(packet.last_traded_ts_s.get())),
        net_change: price(ltp.saturating_sub(close)),
        percent_change: Some(percent(ltp.saturating_sub(close), close)),
        avg_price: price(day.average_price.get()),
        trade_volume: Some(day.day_volume.get()),
        opn_interest: Some(packet.open_interest.get()),
        lower_circuit: price(packet.lower_circuit.get()),
        upper_circuit: price(packet.upper_circuit.get()),
        tot_buy_quan: Some(day.total_buy_qty.get() as i64),
        tot_sell_quan: Some(day.total_sell_qty.get() as i64),
        low_52_week: price(packet.low_52w.get()),
        high_52_week: price(packet.high_52w.get()),
        depth: Some(Depth { buy: levels(packet.buys()), sell: levels(packet.sells()) }),
        ..ohlc
    }
}

fn levels(rows: &[DepthRow]) -> Vec<DepthLevel> {
    let level = |row: &DepthRow| DepthLevel {
        price: rupees(Paise(row.px.get())),
        quantity: row.qty.get(),
        orders: row.orders.get().into(),
    };
    rows.iter().map(level).collect()
}

/// A part in percent with two decimals, rounded towards zero; 0 of nothing.
pub(super) fn percent(part: i64, whole: i64) -> Decimal {
    let hundredths = part.saturating_mul(10_000).checked_div(whole).unwrap_or_default();
    Decimal::from_raw(hundredths.saturating_mul(10_000))
}
