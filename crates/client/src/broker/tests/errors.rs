//! What errors say, by one example of each.

use super::*;

/// An error of each kind, what it says, and what its hint has in it.
fn examples() -> Vec<(BrokerError, &'static str, &'static str)> {
    let (doing, server) = ("logging in", "host:1".to_owned());
    let cause = "x".to_owned();
    vec![
        (
            BrokerError::Api { doing, cause: ApiError::Empty { status: 500 } },
            "the broker's reply was empty (HTTP 500) while logging in",
            "try again in a minute",
        ),
        (
            BrokerError::Silent { doing, server: server.clone(), limit: Duration::from_secs(7) },
            "host:1 did not answer within 7s while logging in",
            "check that this machine reaches host:1",
        ),
        (
            BrokerError::Certificate { doing, server: server.clone(), cause: cause.clone() },
            "the certificate of host:1 was refused while logging in: x",
            "do not log in through this network",
        ),
        (
            BrokerError::Unreachable { doing, server: server.clone(), cause: cause.clone() },
            "host:1 cannot be reached while logging in: x",
            "check that this machine reaches host:1",
        ),
        (
            BrokerError::Broken { doing, server: server.clone(), cause: cause.clone() },
            "the connection to host:1 broke while logging in: x",
            "look whether the network to host:1 is steady",
        ),
        (
            BrokerError::TooLarge { doing, server, limit: 9 },
            "the answer of host:1 was larger than 9 bytes while logging in",
            "update this program",
        ),
        (
            BrokerError::Http { doing, cause },
            "the HTTP client failed while logging in: x",
            "report this as a bug",
        ),
    ]
}

/// The same for what is found before anything is sent.
fn unsent() -> Vec<(BrokerError, &'static str, &'static str)> {
    let wait = Duration::from_micros(119_001);
    let price = smartapi::rest::OrderFault::Quantity { was: 0 };
    let empty = smartapi::rest::QuoteFault::Count { was: 0 };
    let backwards = smartapi::rest::HistoryFault::Backwards { by_s: 5 };
    vec![
        (
            BrokerError::Limited { doing: "placing an order", wait },
            "the rate limit had no room while placing an order: nothing was sent, and 120 ms are \
             to be waited",
            "send it after 120 ms",
        ),
        (
            BrokerError::Prohibited { what: "MARKET" },
            "the order was MARKET, which Angel One prohibits to algorithms since 1 April 2026; \
             LIMIT and STOPLOSS_LIMIT for the DAY are allowed",
            "set orders.allow_market = true",
        ),
        (
            BrokerError::Limited { doing: "creating a GTT rule", wait: Duration::from_nanos(1) },
            "the rate limit had no room while creating a GTT rule: nothing was sent, and 1 ms are to \
             be waited",
            "send it after 1 ms if it is still wanted",
        ),
        (
            BrokerError::TagSent { tag: "strat1".to_owned() },
            "ordertag was \"strat1\", which an order of this session has already; another is needed",
            "give each order a tag of its own",
        ),
        (price.into(), "quantity was 0, at least 1 is needed", "order at least one lot"),
        (backwards.into(), "fromdate was 5 s after todate, it may not be later", "swap the two"),
        (empty.into(), "a quote for 0 tokens was asked, 1 to 50 are allowed", "split the tokens"),
        (
            BrokerError::Count { doing: "asking for a margin", was: 51, most: 50 },
            "51 were given while asking for a margin, 1 to 50 are allowed",
            "split them into calls of at most 50",
        ),
        (
            BrokerError::State(StateError::TooOpen { path: "/s".into(), mode: 0o644 }),
            "the session file /s can be used by others: its mode was 0644 and must be 0600",
            "if others use this machine run `rm '/s'`",
        ),
    ]
}

#[test]
fn every_error_says_what_was_wrong_and_what_to_do() {
    for (error, told, hint) in examples().into_iter().chain(unsent()) {
        assert_eq!(error.to_string(), told);
        assert!(error.hint().contains(hint), "{}", error.hint());
        shows_no_secret(&format!("{error} {error:?} {}", error.hint()));
    }
}

#[test]
fn every_trouble_with_the_session_file_has_a_hint() {
    for error in [
        StateError::NoHome,
        StateError::OpenFolder { path: "/s".into(), mode: 0o777 },
        StateError::NotYours { path: "/s".into(), owner: 1, user: 2 },
        StateError::NotAFile { path: "/s".into() },
    ] {
        assert!(!BrokerError::State(error).hint().is_empty());
    }
}
