//! Any bytes as an answer or as a request of every route, and as a message of the order stream: no
//! panic, and no error that shows a long word of what was read, which may be a token.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use smartapi::order_update;
use smartapi::rest::*;
use smartapi::wire::Rows;

/// As long as the shortest part of a token.
const LONG: usize = 31;

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, body)) = bytes.split_first() else { return };
    let status = [200, 403, 429, 502][usize::from(kind >> 6)];
    answers(kind & 63, status, body);
    requests(kind & 63, body);
    let _ = order_update::read(body);
    // The envelope itself, whatever is in it.
    let _ = seen::<serde_json::Value>(status, body);
});

/// Reads a body as one answer.
fn seen<T: DeserializeOwned>(status: u16, body: &[u8]) {
    let Err(error) = parse_reply::<T>(status, Some("application/json"), body) else { return };
    let text = error.to_string();
    assert!(!error.hint().is_empty());
    let long = |word: &str| word.len() >= LONG && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let shown = text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(long);
    assert!(!shown, "{text}");
}

fn answers(kind: u8, status: u16, body: &[u8]) {
    match kind {
        0 => seen::<Tokens>(status, body),
        1 => seen::<Profile>(status, body),
        2 => seen::<Funds>(status, body),
        3 => seen::<OrderReceipt>(status, body),
        4 => seen::<Rows<OrderRow>>(status, body),
        5 => seen::<Rows<TradeRow>>(status, body),
        6 => seen::<OrderRow>(status, body),
        7 => seen::<Rows<PositionRow>>(status, body),
        8 => seen::<Rows<HoldingRow>>(status, body),
        9 => seen::<AllHoldings>(status, body),
        10 => seen::<LastPrice>(status, body),
        11 => seen::<Quotes>(status, body),
        12 => seen::<Rows<Candle>>(status, body),
        13 => seen::<Rows<OpenInterestRow>>(status, body),
        14 => seen::<Rows<Scrip>>(status, body),
        15 => seen::<Margin>(status, body),
        16 => seen::<ChargesEstimate>(status, body),
        17 => seen::<RuleId>(status, body),
        18 => seen::<RuleRow>(status, body),
        19 => seen::<Rows<RuleRow>>(status, body),
        20 => seen::<Dis>(status, body),
        21 => seen::<DisStatus>(status, body),
        22 => seen::<Rows<GreeksRow>>(status, body),
        23 => seen::<Rows<MoverRow>>(status, body),
        24 => seen::<Rows<PutCallRow>>(status, body),
        25 => seen::<Rows<BuildUpRow>>(status, body),
        26 => seen::<Rows<IntradayRow>>(status, body),
        _ => seen::<Rows<CautionaryRow>>(status, body),
    }
}

fn requests(kind: u8, body: &[u8]) {
    match kind {
        0 => drop(parse_request::<LoginRequest>(body)),
        1 => drop(parse_request::<RefreshRequest>(body)),
        2 => drop(parse_request::<PlaceOrder>(body).map(|order| order.check())),
        3 => drop(parse_request::<ModifyOrder>(body)),
        4 => drop(parse_request::<CancelOrder>(body)),
        5 => drop(parse_request::<ConvertPosition>(body)),
        6 => drop(parse_request::<LtpRequest>(body)),
        7 => drop(parse_request::<QuoteRequest>(body).map(|quote| quote.check())),
        8 => drop(parse_request::<HistoryRequest>(body).map(|history| history.check())),
        9 => drop(parse_request::<SearchRequest>(body)),
        10 => drop(parse_request::<MarginRequest>(body)),
        11 => drop(parse_request::<ChargesRequest>(body)),
        12 => drop(parse_request::<CreateRule>(body)),
        13 => drop(parse_request::<ModifyRule>(body)),
        14 => drop(parse_request::<RuleListRequest>(body)),
        15 => drop(parse_request::<DisRequest>(body)),
        16 => drop(parse_request::<TpinRequest>(body)),
        17 => drop(parse_request::<GreeksRequest>(body)),
        18 => drop(parse_request::<MoversRequest>(body)),
        _ => drop(parse_request::<BuildUpRequest>(body)),
    }
}
