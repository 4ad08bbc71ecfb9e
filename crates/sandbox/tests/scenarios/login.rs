//! Faults of the login: said with their cure, and never made worse by trying again.

use client::{LoginReason, Rules, SessionStart};
use sandbox::{Options, Pacing, Transport};

use crate::stage::{Case, Stage, tape};

/// The scenarios of this file.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_wrong_pin_is_not_tried_again",
        faults: &["failure@loginByPassword:AB1007"],
        says: "the broker refused: AB1007 the order system refused: wrong login, blocked user or \
               unknown order (\"the order system refused: wrong login, blocked user or unknown \
               order\") while logging in",
        hint: "read what the broker says in quotes; at a login check CLIENT_ID and PASSWORD (the PIN) \
               before you try again, for repeated failures block the user; of an order check price, \
               symbol and rights",
        then: "one login and no second, which would block the user",
    },
    Case {
        name: "a_wrong_client_code_says_what_to_check",
        faults: &["failure@loginByPassword:AB1001"],
        says: "the broker refused: AB1001 wrong client code (\"wrong client code\") while \
               logging in",
        hint: "check CLIENT_ID and PASSWORD (the PIN of the app, not the web password)",
        then: "one login and no second",
    },
    Case {
        name: "the_web_password_instead_of_the_pin_is_said_with_the_way_to_totp",
        faults: &["failure@loginByPassword:AB7001"],
        says: "the broker refused: AB7001 login with the web password is not allowed (\"login \
               with the web password is not allowed\") while logging in",
        hint: "turn TOTP on at smartapi.angelone.in/enable-totp and put the PIN into PASSWORD",
        then: "one login and no second",
    },
    Case {
        name: "a_blocked_client_is_sent_to_angel_one",
        faults: &["failure@loginByPassword:AB1006"],
        says: "the broker refused: AB1006 the client is blocked for trading (\"the client is \
               blocked for trading\") while logging in",
        hint: "ask Angel One to unblock the account",
        then: "one login and no second",
    },
    Case {
        name: "a_code_refused_twice_is_never_tried_a_third_time",
        faults: &["failure@loginByPassword:AB1050,times=2"],
        says: "the broker refused: AB1050 the TOTP code is invalid (\"the TOTP code is \
               invalid\") while logging in",
        hint: "set the clock of this machine by NTP; check that SMARTAPI_TOTP_SECRET is the \
               secret shown with the QR code at smartapi.angelone.in/enable-totp and not the \
               secret of the API key; do not try often: repeated failures block the user",
        then: "the second login has the code of the next half minute; there is no third",
    },
    Case {
        name: "a_clock_that_is_an_hour_wrong_is_said_to_be_the_clock",
        faults: &["clock-skew:1h"],
        says: "the broker refused: AB1050 the TOTP code is invalid (\"Invalid totp\") while \
               logging in",
        hint: "set the clock of this machine by NTP; check that SMARTAPI_TOTP_SECRET is the \
               secret shown with the QR code at smartapi.angelone.in/enable-totp and not the \
               secret of the API key; do not try often: repeated failures block the user",
        then: "the second login has the code of the next half minute; there is no third",
    },
    Case {
        name: "a_token_called_invalid_at_the_login_says_to_run_again",
        faults: &["gateway-failure@loginByPassword:AG8001"],
        says: "the session is over: AG8001 the session token is invalid (\"the session token is \
               invalid\") while logging in",
        hint: "run the command again: a fresh login follows; if it stays, check API_KEY",
        then: "no session is saved",
    },
    Case {
        name: "a_token_called_expired_at_the_login_says_to_run_again",
        faults: &["gateway-failure@loginByPassword:AG8002"],
        says: "the session is over: AG8002 the session token has expired (\"the session token \
               has expired\") while logging in",
        hint: "run the command again: a fresh login follows; if it stays, check API_KEY",
        then: "no session is saved",
    },
    Case {
        name: "a_token_called_missing_at_the_login_says_to_run_again",
        faults: &["gateway-failure@loginByPassword:AG8003"],
        says: "the session is over: AG8003 the session token is missing (\"the session token is \
               missing\") while logging in",
        hint: "run the command again: a fresh login follows; if it stays, check API_KEY",
        then: "no session is saved",
    },
    Case {
        name: "a_wrong_api_key_says_where_to_copy_it_from",
        faults: &["gateway-failure@loginByPassword:AG8004"],
        says: "the broker refused: AG8004 the API key is invalid or missing (\"the API key is \
               invalid or missing\") while logging in",
        hint: "copy the API key of your app from smartapi.angelone.in into API_KEY",
        then: "no session is saved",
    },
    Case {
        name: "a_login_over_the_rate_limit_in_plain_text_says_to_wait",
        faults: &["rate-limit@loginByPassword"],
        says: "the broker refused the call by its rate limit (HTTP 403) while logging in",
        hint: "wait a minute; other programs that use this account count too",
        then: "it is not repeated",
    },
    Case {
        name: "an_html_page_from_the_firewall_is_told_from_a_wrong_login",
        faults: &["html-page@loginByPassword"],
        says: "the broker's firewall blocked the request (HTTP 200, \"Request Rejected\") while \
               logging in",
        hint: "check for characters such as < > ' in what was sent; if there are none, report \
               this as a bug",
        then: "it is not repeated",
    },
    Case {
        name: "an_empty_answer_to_the_login_says_to_try_again",
        faults: &["empty-body@loginByPassword"],
        says: "the broker's reply was empty (HTTP 200) while logging in",
        hint: "try again in a minute; if it stays, look for a notice at smartapi.angelone.in",
        then: "it is not repeated",
    },
    Case {
        name: "half_an_answer_to_the_login_is_no_json",
        faults: &["truncated-body@loginByPassword"],
        says: "the broker's reply was application/json of N bytes and not a JSON object (HTTP \
               200) while logging in",
        hint: "check that nothing between this machine and the broker answers in its place, such \
               as a proxy or a login page of the network",
        then: "it is not repeated",
    },
    Case {
        name: "a_gateway_in_trouble_during_the_login_is_named_by_its_status",
        faults: &["server-error@loginByPassword:502"],
        says: "the broker's servers are in trouble (HTTP 502) while logging in",
        hint: "try again in a minute; if it stays, look for a notice at smartapi.angelone.in",
        then: "it is not repeated",
    },
    Case {
        name: "a_login_that_is_not_answered_in_time_says_how_long_it_waited",
        faults: &["slow-answer@loginByPassword:60s"],
        says: "SERVER did not answer within 7s while logging in",
        hint: "check that this machine reaches SERVER (network, name service, firewall) and try \
               again; for a sandbox, check that it runs",
        then: "it is not repeated",
    },
    Case {
        name: "a_connection_that_ends_without_an_answer_to_the_login_is_told_with_the_server",
        faults: &["lost-request@loginByPassword"],
        says: "the connection to SERVER broke while logging in: connection closed before message \
               completed",
        hint: "look whether the network to SERVER is steady; for a sandbox, whether it still runs",
        then: "it is not repeated",
    },
    Case {
        name: "a_certificate_that_nobody_vouches_for_stops_the_login",
        faults: &[],
        says: "the certificate of SERVER was refused while logging in: BadSignature",
        hint: "do not log in through this network: something answers in the server's place; \
               check the clock of this machine, and for a sandbox give the `ca_file` of this \
               very run",
        then: "no session is saved",
    },
    Case {
        name: "a_saved_session_that_the_broker_ended_is_replaced_by_a_login",
        faults: &["gateway-failure@getProfile:AG8002,times=100"],
        says: "logged in; the broker no longer accepted the saved session",
        hint: "",
        then: "logged in again, and the new session is saved",
    },
];

/// The login fails as the table says, and nothing is saved; a second one would have succeeded.
#[track_caller]
fn is_refused(stage: &Stage) {
    let error = stage.connect().expect_err("the login fails");
    stage.sees(&error, &error.hint());
    assert_eq!(saved(stage), 0);
}

/// How many sessions are saved.
fn saved(stage: &Stage) -> usize {
    std::fs::read_dir(stage.state.path()).expect("a folder").count()
}

#[test]
fn a_wrong_pin_is_not_tried_again() {
    is_refused(&Stage::of("a_wrong_pin_is_not_tried_again"));
}

#[test]
fn a_wrong_client_code_says_what_to_check() {
    is_refused(&Stage::of("a_wrong_client_code_says_what_to_check"));
}

#[test]
fn the_web_password_instead_of_the_pin_is_said_with_the_way_to_totp() {
    is_refused(&Stage::of("the_web_password_instead_of_the_pin_is_said_with_the_way_to_totp"));
}

#[test]
fn a_blocked_client_is_sent_to_angel_one() {
    is_refused(&Stage::of("a_blocked_client_is_sent_to_angel_one"));
}

#[test]
fn a_code_refused_twice_is_never_tried_a_third_time() {
    is_refused(&Stage::of("a_code_refused_twice_is_never_tried_a_third_time"));
}

#[test]
fn a_clock_that_is_an_hour_wrong_is_said_to_be_the_clock() {
    let stage = Stage::of("a_clock_that_is_an_hour_wrong_is_said_to_be_the_clock");
    let error = stage.connect().expect_err("both codes are wrong");
    stage.sees(&error, &error.hint());
}

#[test]
fn a_token_called_invalid_at_the_login_says_to_run_again() {
    is_refused(&Stage::of("a_token_called_invalid_at_the_login_says_to_run_again"));
}

#[test]
fn a_token_called_expired_at_the_login_says_to_run_again() {
    is_refused(&Stage::of("a_token_called_expired_at_the_login_says_to_run_again"));
}

#[test]
fn a_token_called_missing_at_the_login_says_to_run_again() {
    is_refused(&Stage::of("a_token_called_missing_at_the_login_says_to_run_again"));
}

#[test]
fn a_wrong_api_key_says_where_to_copy_it_from() {
    is_refused(&Stage::of("a_wrong_api_key_says_where_to_copy_it_from"));
}

#[test]
fn a_login_over_the_rate_limit_in_plain_text_says_to_wait() {
    is_refused(&Stage::of("a_login_over_the_rate_limit_in_plain_text_says_to_wait"));
}

#[test]
fn an_html_page_from_the_firewall_is_told_from_a_wrong_login() {
    is_refused(&Stage::of("an_html_page_from_the_firewall_is_told_from_a_wrong_login"));
}

#[test]
fn an_empty_answer_to_the_login_says_to_try_again() {
    is_refused(&Stage::of("an_empty_answer_to_the_login_says_to_try_again"));
}

#[test]
fn half_an_answer_to_the_login_is_no_json() {
    is_refused(&Stage::of("half_an_answer_to_the_login_is_no_json"));
}

#[test]
fn a_gateway_in_trouble_during_the_login_is_named_by_its_status() {
    is_refused(&Stage::of("a_gateway_in_trouble_during_the_login_is_named_by_its_status"));
}

#[test]
fn a_login_that_is_not_answered_in_time_says_how_long_it_waited() {
    is_refused(&Stage::of("a_login_that_is_not_answered_in_time_says_how_long_it_waited"));
}

#[test]
fn a_connection_that_ends_without_an_answer_to_the_login_is_told_with_the_server() {
    is_refused(&Stage::of(
        "a_connection_that_ends_without_an_answer_to_the_login_is_told_with_the_server",
    ));
}

#[test]
fn a_certificate_that_nobody_vouches_for_stops_the_login() {
    let tls = |options| Options { transport: Transport::Tls { folder: None }, ..options };
    let stage = Stage::with("a_certificate_that_nobody_vouches_for_stops_the_login", tls);
    let strangers = tempfile::tempdir().expect("a folder");
    let folder = Some(strangers.path().to_owned());
    let another = sandbox::Sandbox::start(Options {
        transport: Transport::Tls { folder },
        ..Options::new(tape(), Pacing::FullSpeed, quanta::Clock::new())
    });
    let another = another.expect("starts");
    let authority = another.address().ca_file.as_ref().expect("by TLS");
    let authority = std::fs::read(authority).expect("reads");
    let servers = stage.servers_by(Some(&authority));
    let error = stage.connect_by(servers, Rules::default()).expect_err("it is not trusted");
    stage.sees(&error, &error.hint());
    assert_eq!(saved(&stage), 0);
}

#[test]
fn a_saved_session_that_the_broker_ended_is_replaced_by_a_login() {
    let stage = Stage::of("a_saved_session_that_the_broker_ended_is_replaced_by_a_login");
    drop(stage.broker());
    let broker = stage.broker_soon();
    stage.sees(&broker.start(), "");
    assert_eq!(broker.start(), SessionStart::LoggedIn(LoginReason::SavedRefused));
    assert!(stage.wait(broker.funds()).is_ok() && broker.unsaved().is_none());
}
