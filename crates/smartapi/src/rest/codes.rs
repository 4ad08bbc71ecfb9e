//! Table: the broker's error codes, what each means and its cure.
//!
//! Source: SmartAPI documentation (July 2026); SmartAPI forum and the SDKs for the undocumented
//!         ones (AB1021, AB1050, AB7001, AG7002, AG8004).

/// What is known about one error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCode {
    pub code: &'static str,
    /// What the broker means by it.
    pub meaning: &'static str,
    /// What the user can do about it.
    pub cure: &'static str,
}

/// The codes that say "log in again".
pub const SESSION_DEAD: [&str; 7] =
    ["AG8001", "AG8002", "AG8003", "AB8050", "AB8051", "AB1010", "AB1011"];

const AGAIN: &str = "run the command again: a fresh login follows; if it stays, check API_KEY";
const LATER: &str = "try again in a few minutes; if it stays, ask Angel One and name the code";
const LOGIN: &str = "check CLIENT_ID and PASSWORD (the PIN of the app, not the web password)";
const ORDER: &str = "look the order up in the order book; its id may be wrong or of another day";
const SYMBOL: &str = "check the exchange and the trading symbol, as the broker spells them";
const REQUEST: &str = "report this as a bug of this program and name the code";

/// What is known about `code`, if anything.
#[must_use]
pub fn known_code(code: &str) -> Option<&'static KnownCode> {
    CODES.iter().find(|known| known.code == code)
}

const fn row(code: &'static str, meaning: &'static str, cure: &'static str) -> KnownCode {
    KnownCode { code, meaning, cure }
}

static CODES: [KnownCode; 59] = [
    row("AG8001", "the session token is invalid", AGAIN),
    row("AG8002", "the session token has expired", AGAIN),
    row("AG8003", "the session token is missing", AGAIN),
    row(
        "AG8004",
        "the API key is invalid or missing",
        "copy the API key of your app from smartapi.angelone.in into API_KEY",
    ),
    row(
        "AG7002",
        "the request does not come from the static IP address registered for the API key",
        "register the public IPv4 address that this machine is seen with for the API key at \
         smartapi.angelone.in; behind a router or a carrier it is not the machine's own, and only \
         orders need it",
    ),
    row("AG1000", "eDIS is already registered today", "nothing to do: it holds for today"),
    row("AG2001", "the eDIS request failed", LATER),
    row(
        "AB7001",
        "login with the web password is not allowed",
        "turn TOTP on at smartapi.angelone.in/enable-totp and put the PIN into PASSWORD",
    ),
    row("AB8050", "the refresh token is invalid", AGAIN),
    row("AB8051", "the refresh token has expired", AGAIN),
    row("AB1000", "wrong client code or PIN", LOGIN),
    row("AB1001", "wrong client code", LOGIN),
    row("AB1002", "the PIN has a wrong length", LOGIN),
    row("AB1003", "the client exists already", LOGIN),
    row("AB1004", "the broker failed, or a date or token in the request is wrong", LATER),
    row("AB1005", "the user type must be USER", REQUEST),
    row("AB1006", "the client is blocked for trading", "ask Angel One to unblock the account"),
    row(
        "AB1007",
        "the order system refused: wrong login, blocked user or unknown order",
        "read what the broker says in quotes; at a login check CLIENT_ID and PASSWORD (the PIN) before \
         you try again, for repeated failures block the user; of an order check price, symbol and rights",
    ),
    row("AB1008", "the order variety is wrong", REQUEST),
    row("AB1009", "the symbol was not found", SYMBOL),
    row("AB1010", "the session of the order system has expired", AGAIN),
    row("AB1011", "the client is not logged in", AGAIN),
    row("AB1012", "the product type is wrong", REQUEST),
    row("AB1013", "the order was not found", ORDER),
    row("AB1014", "the trade was not found", ORDER),
    row("AB1015", "the holding was not found", "look at the holdings in the Angel One app"),
    row("AB1016", "the position was not found", "look at the positions in the Angel One app"),
    row("AB1017", "the position could not be converted", LATER),
    row("AB1018", "the details of the symbol could not be read", SYMBOL),
    row("AB1021", "too many requests", "wait a minute; other programs of this account count too"),
    row("AB1031", "the old password does not match", LOGIN),
    row("AB1032", "the user was not found", LOGIN),
    row(
        "AB1050",
        "the TOTP code is invalid",
        "set the clock of this machine by NTP; check that SMARTAPI_TOTP_SECRET is the \
         secret shown with the QR code at smartapi.angelone.in/enable-totp and not the secret of \
         the API key; do not try often: repeated failures block the user",
    ),
    row("AB2000", "the broker failed without saying why", LATER),
    row("AB2001", "an internal error of the broker", LATER),
    row("AB2002", "ROBO orders are blocked", "use another order variety"),
    row("AB4008", "the order tag is too long", REQUEST),
    row("AB4018", "a quote was asked for without a token", REQUEST),
    row("AB9000", "an internal error of the GTT service", LATER),
    row("AB9001", "a parameter of the GTT request is wrong", REQUEST),
    row("AB9002", "the method of the GTT request is wrong", REQUEST),
    row("AB9003", "the client id of the GTT request is wrong", REQUEST),
    row("AB9004", "too many states in the GTT list request", REQUEST),
    row("AB9005", "the session of the GTT service is wrong", AGAIN),
    row("AB9006", "the quantity of the GTT rule is wrong", REQUEST),
    row("AB9007", "the disclosed quantity of the GTT rule is wrong", REQUEST),
    row("AB9008", "the price of the GTT rule is wrong", REQUEST),
    row("AB9009", "the trigger price of the GTT rule is wrong", REQUEST),
    row("AB9010", "the segment of the GTT rule is wrong", REQUEST),
    row("AB9011", "the token of the GTT rule is wrong", REQUEST),
    row("AB9012", "the symbol of the GTT rule is wrong", REQUEST),
    row("AB9013", "the id of the GTT rule is wrong", REQUEST),
    row("AB9014", "the side of the GTT rule is wrong", REQUEST),
    row("AB9015", "the product of the GTT rule is wrong", REQUEST),
    row("AB9016", "the time period of the GTT rule is wrong", REQUEST),
    row("AB9017", "the page of the GTT list is wrong", REQUEST),
    row("AB9018", "the count of the GTT list is wrong", REQUEST),
    row("E1001", "the stream could not read the request", REQUEST),
    row(
        "E1002",
        "too many subscriptions on one stream",
        "subscribe to at most 1,000 instruments on one connection",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// As the fact sheet of the protocol lists them.
    const LISTED: &str = "AG8001 AG8002 AG8003 AG8004 AG7002 AG1000 AG2001 AB7001 AB8050 AB8051 \
        AB1000 AB1001 AB1002 AB1003 AB1004 AB1005 AB1006 AB1007 AB1008 AB1009 AB1010 AB1011 \
        AB1012 AB1013 AB1014 AB1015 AB1016 AB1017 AB1018 AB1021 AB1031 AB1032 AB1050 AB2000 \
        AB2001 AB2002 AB4008 AB4018 E1001 E1002";

    #[test]
    fn every_listed_code_is_known_once_with_its_cure() {
        let gtt = (9000..=9018).map(|number| format!("AB{number}"));
        let listed: BTreeSet<String> =
            LISTED.split_whitespace().map(str::to_owned).chain(gtt).collect();
        let known: BTreeSet<String> = CODES.iter().map(|known| known.code.to_owned()).collect();
        assert_eq!(known, listed);
        assert_eq!(known.len(), CODES.len());
        assert!(CODES.iter().all(|known| !known.meaning.is_empty() && !known.cure.is_empty()));
    }

    #[test]
    fn an_unregistered_address_is_told_from_a_dead_session() {
        let cure = known_code("AG7002").expect("known").cure;
        assert!(cure.contains("register the public IPv4 address"));
        assert!(!SESSION_DEAD.contains(&"AG7002") && known_code("AB0000").is_none());
    }
}
