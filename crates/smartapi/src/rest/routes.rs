//! Table: the REST routes, their methods and their other spellings.
//!
//! Source: SmartAPI documentation (July 2026) and the official SDKs. They agree on all paths but the
//!         three GTT ones that write, where the Python and Java SDKs add a prefix that the service
//!         dropped (forum topic 5602), and the quote, whose page has a slash at the end.

/// The HTTP method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Without a body.
    Get,
    /// With a JSON body.
    Post,
}

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path, one of the constants of this module.
    pub path: &'static str,
    pub method: Method,
    /// Other paths that clients use for it; a client of ours never does.
    pub aliases: &'static [&'static str],
}

/// Client code, PIN and TOTP in, three tokens out.
pub const LOGIN: &str = "/rest/auth/angelbroking/user/v1/loginByPassword";
/// Refresh token in, three fresh tokens out.
pub const GENERATE_TOKENS: &str = "/rest/auth/angelbroking/jwt/v1/generateTokens";
/// Ends the session.
pub const LOGOUT: &str = "/rest/secure/angelbroking/user/v1/logout";
/// Who is logged in.
pub const PROFILE: &str = "/rest/secure/angelbroking/user/v1/getProfile";
/// Cash and margin.
pub const FUNDS: &str = "/rest/secure/angelbroking/user/v1/getRMS";
/// A new order.
pub const PLACE_ORDER: &str = "/rest/secure/angelbroking/order/v1/placeOrder";
/// Another price, quantity or kind for an open order.
pub const MODIFY_ORDER: &str = "/rest/secure/angelbroking/order/v1/modifyOrder";
/// The end of an open order.
pub const CANCEL_ORDER: &str = "/rest/secure/angelbroking/order/v1/cancelOrder";
/// The orders of the day.
pub const ORDER_BOOK: &str = "/rest/secure/angelbroking/order/v1/getOrderBook";
/// The trades of the day.
pub const TRADE_BOOK: &str = "/rest/secure/angelbroking/order/v1/getTradeBook";
/// One order; [`order_details`] fills the last part in, and limits are kept by this constant.
pub const ORDER_DETAILS: &str = "/rest/secure/angelbroking/order/v1/details/{uniqueorderid}";
/// The last price of one instrument.
pub const LTP: &str = "/rest/secure/angelbroking/order/v1/getLtpData";
/// Instruments by words.
pub const SEARCH_SCRIP: &str = "/rest/secure/angelbroking/order/v1/searchScrip";
/// The positions of the day and those carried into it.
pub const POSITIONS: &str = "/rest/secure/angelbroking/order/v1/getPosition";
/// Another product for a position.
pub const CONVERT_POSITION: &str = "/rest/secure/angelbroking/order/v1/convertPosition";
/// The shares in the depository account.
pub const HOLDINGS: &str = "/rest/secure/angelbroking/portfolio/v1/getHolding";
/// The same, with their sums.
pub const ALL_HOLDINGS: &str = "/rest/secure/angelbroking/portfolio/v1/getAllHolding";
/// Prices of up to fifty instruments.
pub const QUOTE: &str = "/rest/secure/angelbroking/market/v1/quote";
/// Candles of one instrument.
pub const CANDLES: &str = "/rest/secure/angelbroking/historical/v1/getCandleData";
/// The open interest of one instrument over time.
pub const OPEN_INTEREST: &str = "/rest/secure/angelbroking/historical/v1/getOIData";
/// The margin that positions would need.
pub const MARGIN: &str = "/rest/secure/angelbroking/margin/v1/batch";
/// What orders would cost in charges and taxes.
pub const CHARGES: &str = "/rest/secure/angelbroking/brokerage/v1/estimateCharges";
/// Begins the authorisation to sell holdings.
pub const EDIS_VERIFY: &str = "/rest/secure/angelbroking/edis/v1/verifyDis";
/// Asks the depository for a PIN.
pub const EDIS_TPIN: &str = "/rest/secure/angelbroking/edis/v1/generateTPIN";
/// What became of the authorisation.
pub const EDIS_STATUS: &str = "/rest/secure/angelbroking/edis/v1/getTranStatus";
/// Greeks of all options of one underlying and expiry.
pub const OPTION_GREEKS: &str = "/rest/secure/angelbroking/marketData/v1/optionGreek";
/// Derivatives that gained and lost most.
pub const GAINERS_LOSERS: &str = "/rest/secure/angelbroking/marketData/v1/gainersLosers";
/// Puts over calls of each underlying.
pub const PUT_CALL_RATIO: &str = "/rest/secure/angelbroking/marketData/v1/putCallRatio";
/// Derivatives whose open interest builds up or unwinds.
pub const OI_BUILDUP: &str = "/rest/secure/angelbroking/marketData/v1/OIBuildup";
/// NSE shares that may be traded intraday.
pub const NSE_INTRADAY: &str = "/rest/secure/angelbroking/marketData/v1/nseIntraday";
/// BSE shares that may be traded intraday.
pub const BSE_INTRADAY: &str = "/rest/secure/angelbroking/marketData/v1/bseIntraday";
/// Shares that the exchanges warn of.
pub const CAUTIONARY: &str = "/rest/secure/angelbroking/securities/v1/cautionaryScrips";
/// A new GTT rule.
pub const GTT_CREATE: &str = "/rest/secure/angelbroking/gtt/v1/createRule";
/// Other prices for a rule.
pub const GTT_MODIFY: &str = "/rest/secure/angelbroking/gtt/v1/modifyRule";
/// The end of a rule.
pub const GTT_CANCEL: &str = "/rest/secure/angelbroking/gtt/v1/cancelRule";
/// One rule.
pub const GTT_DETAILS: &str = "/rest/secure/angelbroking/gtt/v1/ruleDetails";
/// Rules by their states.
pub const GTT_LIST: &str = "/rest/secure/angelbroking/gtt/v1/ruleList";

/// Every route.
pub static ROUTES: [Route; 37] = [
    post(LOGIN),
    post(GENERATE_TOKENS),
    post(LOGOUT),
    get(PROFILE),
    get(FUNDS),
    post(PLACE_ORDER),
    post(MODIFY_ORDER),
    post(CANCEL_ORDER),
    get(ORDER_BOOK),
    get(TRADE_BOOK),
    get(ORDER_DETAILS),
    Route {
        aliases: &["/order-service/rest/secure/angelbroking/order/v1/getLtpData"],
        ..post(LTP)
    },
    post(SEARCH_SCRIP),
    get(POSITIONS),
    post(CONVERT_POSITION),
    get(HOLDINGS),
    get(ALL_HOLDINGS),
    Route { aliases: &["/rest/secure/angelbroking/market/v1/quote/"], ..post(QUOTE) },
    post(CANDLES),
    post(OPEN_INTEREST),
    post(MARGIN),
    post(CHARGES),
    post(EDIS_VERIFY),
    post(EDIS_TPIN),
    post(EDIS_STATUS),
    post(OPTION_GREEKS),
    post(GAINERS_LOSERS),
    get(PUT_CALL_RATIO),
    post(OI_BUILDUP),
    get(NSE_INTRADAY),
    get(BSE_INTRADAY),
    get(CAUTIONARY),
    Route {
        aliases: &["/gtt-service/rest/secure/angelbroking/gtt/v1/createRule"],
        ..post(GTT_CREATE)
    },
    Route {
        aliases: &["/gtt-service/rest/secure/angelbroking/gtt/v1/modifyRule"],
        ..post(GTT_MODIFY)
    },
    Route {
        aliases: &["/gtt-service/rest/secure/angelbroking/gtt/v1/cancelRule"],
        ..post(GTT_CANCEL)
    },
    post(GTT_DETAILS),
    post(GTT_LIST),
];

const fn get(path: &'static str) -> Route {
    Route { path, method: Method::Get, aliases: &[] }
}

const fn post(path: &'static str) -> Route {
    Route { path, method: Method::Post, aliases: &[] }
}

/// The route with this path, which may also be an alias.
#[must_use]
pub fn route(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path || route.aliases.contains(&path))
}

/// The path of one order; `None` unless the id is letters, digits and hyphens, as UUIDs are.
#[must_use]
pub fn order_details(uniqueorderid: &str) -> Option<String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let is_id = !uniqueorderid.is_empty() && uniqueorderid.chars().all(fits);
    is_id.then(|| ORDER_DETAILS.replace("{uniqueorderid}", uniqueorderid))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_path_is_of_one_route() {
        let paths = ROUTES.iter().flat_map(|route| [&[route.path], route.aliases].concat());
        let paths: Vec<&str> = paths.collect();
        let different: BTreeSet<&str> = paths.iter().copied().collect();
        assert_eq!((paths.len(), different.len()), (42, 42));
        assert!(paths.iter().all(|path| path.starts_with('/') && !path.contains("//")));
    }

    #[test]
    fn a_route_is_found_by_every_spelling() {
        for path in [QUOTE.to_owned(), format!("{QUOTE}/")] {
            assert_eq!(route(&path).map(|route| route.path), Some(QUOTE));
        }
        let prefixed = format!("/gtt-service{GTT_MODIFY}");
        assert_eq!(
            route(&prefixed).map(|route| (route.path, route.method)),
            Some((GTT_MODIFY, Method::Post))
        );
        assert_eq!(route(FUNDS).map(|route| route.method), Some(Method::Get));
        assert_eq!(route("/rest"), None);
    }

    #[test]
    fn the_id_of_an_order_cannot_leave_its_path() {
        let path = order_details("05ebf91b-bea4-4a1d-b0f2-4259606570e3").expect("a UUID");
        assert!(path.ends_with("/order/v1/details/05ebf91b-bea4-4a1d-b0f2-4259606570e3"));
        for id in ["", "..", "a/b", "a?b", "{uniqueorderid}", "é"] {
            assert_eq!(order_details(id), None, "{id}");
        }
    }
}
