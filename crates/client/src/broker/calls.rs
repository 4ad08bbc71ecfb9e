//! Table: the routes that are called, and what each call does in the words of an error message.

use smartapi::rest::routes::{self, Method};

/// One route, and what a call of it does.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) route: &'static str,
    pub(super) doing: &'static str,
}

impl Call {
    pub(super) fn is_get(&self) -> bool {
        routes::route(self.route).is_some_and(|route| route.method == Method::Get)
    }
}

const fn call(route: &'static str, doing: &'static str) -> Call {
    Call { route, doing }
}

pub(super) static LOGIN: Call = call(routes::LOGIN, "logging in");
pub(super) static REFRESH: Call = call(routes::GENERATE_TOKENS, "renewing the session");
pub(super) static LOGOUT: Call = call(routes::LOGOUT, "logging out");
pub(super) static PROFILE: Call = call(routes::PROFILE, "reading the profile");
pub(super) static FUNDS: Call = call(routes::FUNDS, "reading the funds");
pub(super) static PLACE: Call = call(routes::PLACE_ORDER, "placing an order");
pub(super) static MODIFY: Call = call(routes::MODIFY_ORDER, "modifying an order");
pub(super) static CANCEL: Call = call(routes::CANCEL_ORDER, "cancelling an order");
pub(super) static ORDER_BOOK: Call = call(routes::ORDER_BOOK, "reading the order book");
pub(super) static TRADE_BOOK: Call = call(routes::TRADE_BOOK, "reading the trade book");
pub(super) static ORDER: Call = call(routes::ORDER_DETAILS, "reading an order");
pub(super) static LTP: Call = call(routes::LTP, "reading a last price");
pub(super) static SEARCH: Call = call(routes::SEARCH_SCRIP, "searching for instruments");
pub(super) static POSITIONS: Call = call(routes::POSITIONS, "reading the positions");
pub(super) static CONVERT: Call = call(routes::CONVERT_POSITION, "converting a position");
pub(super) static HOLDINGS: Call = call(routes::HOLDINGS, "reading the holdings");
pub(super) static ALL_HOLDINGS: Call = call(routes::ALL_HOLDINGS, "reading all holdings");
pub(super) static QUOTES: Call = call(routes::QUOTE, "reading quotes");
pub(super) static CANDLES: Call = call(routes::CANDLES, "reading candles");
pub(super) static OPEN_INTEREST: Call = call(routes::OPEN_INTEREST, "reading open interest");
pub(super) static MARGIN: Call = call(routes::MARGIN, "asking for a margin");
pub(super) static CHARGES: Call = call(routes::CHARGES, "asking for charges");
pub(super) static EDIS_VERIFY: Call = call(routes::EDIS_VERIFY, "authorising a sale of holdings");
pub(super) static EDIS_TPIN: Call = call(routes::EDIS_TPIN, "asking for a depository PIN");
pub(super) static EDIS_STATUS: Call = call(routes::EDIS_STATUS, "reading an authorisation");
pub(super) static GREEKS: Call = call(routes::OPTION_GREEKS, "reading option greeks");
pub(super) static MOVERS: Call = call(routes::GAINERS_LOSERS, "reading gainers and losers");
pub(super) static PUT_CALL: Call = call(routes::PUT_CALL_RATIO, "reading put-call ratios");
pub(super) static BUILD_UP: Call = call(routes::OI_BUILDUP, "reading the open-interest build-up");
pub(super) static NSE_INTRADAY: Call = call(routes::NSE_INTRADAY, "reading NSE's intraday list");
pub(super) static BSE_INTRADAY: Call = call(routes::BSE_INTRADAY, "reading BSE's intraday list");
pub(super) static CAUTIONARY: Call = call(routes::CAUTIONARY, "reading the cautionary list");
pub(super) static GTT_CREATE: Call = call(routes::GTT_CREATE, "creating a GTT rule");
pub(super) static GTT_MODIFY: Call = call(routes::GTT_MODIFY, "modifying a GTT rule");
pub(super) static GTT_CANCEL: Call = call(routes::GTT_CANCEL, "cancelling a GTT rule");
pub(super) static GTT_DETAILS: Call = call(routes::GTT_DETAILS, "reading a GTT rule");
pub(super) static GTT_LIST: Call = call(routes::GTT_LIST, "reading the GTT rules");
