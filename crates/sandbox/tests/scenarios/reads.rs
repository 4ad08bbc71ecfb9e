//! Faults of reads: passing trouble is waited out in silence, and what stays is said.

use crate::stage::{Case, Stage};

/// The scenarios of this file.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a_rate_limit_in_plain_text_is_waited_for",
        faults: &["rate-limit@getOrderBook"],
        says: "",
        hint: "",
        then: "the read is made again after a pause and succeeds",
    },
    Case {
        name: "a_rate_limit_by_code_is_waited_for",
        faults: &["rate-limit@getOrderBook:json"],
        says: "",
        hint: "",
        then: "the read is made again after a pause and succeeds",
    },
    Case {
        name: "a_rate_limit_by_status_429_is_waited_for",
        faults: &["rate-limit@getOrderBook:http-429"],
        says: "",
        hint: "",
        then: "the read is made again after a pause and succeeds",
    },
    Case {
        name: "two_gateway_errors_in_a_row_are_waited_for",
        faults: &["server-error@getOrderBook:502,times=2"],
        says: "",
        hint: "",
        then: "the read is made again after growing pauses and succeeds",
    },
    Case {
        name: "an_empty_answer_is_asked_for_again",
        faults: &["empty-body@getOrderBook"],
        says: "",
        hint: "",
        then: "the read is made again and succeeds",
    },
    Case {
        name: "an_answer_that_is_lost_on_the_way_is_asked_for_again",
        faults: &["lost-answer@getOrderBook"],
        says: "",
        hint: "",
        then: "the read is made again and succeeds",
    },
    Case {
        name: "a_slow_answer_within_the_limit_is_waited_for",
        faults: &["slow-answer@getOrderBook:300ms"],
        says: "",
        hint: "",
        then: "the read succeeds, later",
    },
    Case {
        name: "a_token_that_expired_is_renewed_once",
        faults: &["expire-tokens@getOrderBook"],
        says: "",
        hint: "",
        then: "the read is made again with fresh tokens and succeeds",
    },
    Case {
        name: "a_token_that_expired_and_a_refused_renewal_lead_to_a_login",
        faults: &["expire-tokens@getOrderBook", "failure@generateTokens:AB8050"],
        says: "",
        hint: "",
        then: "logged in anew; the read is made again and succeeds",
    },
    Case {
        name: "fresh_tokens_that_are_refused_as_well_are_said",
        faults: &["gateway-failure@getRMS:AG8001,times=2"],
        says: "the session is over: AG8001 the session token is invalid (\"the session token is \
               invalid\") while reading the funds",
        hint: "run the command again: a fresh login follows; if it stays, check API_KEY",
        then: "renewed once and not again",
    },
    Case {
        name: "a_status_that_is_the_text_false_is_a_refusal",
        faults: &["status-as-text@getRMS"],
        says: "the broker refused: AB1004 the broker failed, or a date or token in the request \
               is wrong (\"Something Went Wrong, Please Try After Sometime\") while reading the \
               funds",
        hint: "try again in a few minutes; if it stays, ask Angel One and name the code",
        then: "it is not repeated",
    },
    Case {
        name: "an_answer_that_is_null_is_no_answer",
        faults: &["null-body@getRMS"],
        says: "the broker's reply was application/json of N bytes and not a JSON object (HTTP \
               200) while reading the funds",
        hint: "check that nothing between this machine and the broker answers in its place, such \
               as a proxy or a login page of the network",
        then: "it is not repeated",
    },
    Case {
        name: "half_an_answer_is_not_taken_for_a_whole_one",
        faults: &["truncated-body@getRMS"],
        says: "the broker's reply was application/json of N bytes and not a JSON object (HTTP \
               200) while reading the funds",
        hint: "check that nothing between this machine and the broker answers in its place, such \
               as a proxy or a login page of the network",
        then: "it is not repeated",
    },
    Case {
        name: "the_firewalls_page_is_told_from_a_refused_read",
        faults: &["html-page@getRMS"],
        says: "the broker's firewall blocked the request (HTTP 200, \"Request Rejected\") while \
               reading the funds",
        hint: "check for characters such as < > ' in what was sent; if there are none, report \
               this as a bug",
        then: "it is not repeated",
    },
    Case {
        name: "a_broker_that_says_that_it_failed_is_quoted",
        faults: &["failure@getRMS:AB2001"],
        says: "the broker refused: AB2001 an internal error of the broker (\"an internal error \
               of the broker\") while reading the funds",
        hint: "try again in a few minutes; if it stays, ask Angel One and name the code",
        then: "it is not repeated",
    },
    Case {
        name: "a_code_that_nobody_knows_is_shown_as_it_is",
        faults: &["failure@getRMS:XX4711"],
        says: "the broker refused: XX4711 \"failed on demand\" while reading the funds",
        hint: "look the message up at smartapi.angelone.in and name the code",
        then: "it is not repeated",
    },
];

/// Reads the funds in vain, and sees what the table says.
#[track_caller]
fn fails(name: &str) {
    let stage = Stage::of(name);
    let error = stage.wait(stage.broker().funds()).expect_err("it cannot be read");
    stage.sees(&error, &error.hint());
}

/// Reads the empty order book, and sees nothing of the fault.
#[track_caller]
fn comes_through(name: &str) {
    let stage = Stage::of(name);
    assert!(stage.wait(stage.broker().order_book()).expect("the book").is_empty());
    stage.sees_nothing();
}

#[test]
fn a_rate_limit_in_plain_text_is_waited_for() {
    comes_through("a_rate_limit_in_plain_text_is_waited_for");
}

#[test]
fn a_rate_limit_by_code_is_waited_for() {
    comes_through("a_rate_limit_by_code_is_waited_for");
}

#[test]
fn a_rate_limit_by_status_429_is_waited_for() {
    comes_through("a_rate_limit_by_status_429_is_waited_for");
}

#[test]
fn two_gateway_errors_in_a_row_are_waited_for() {
    comes_through("two_gateway_errors_in_a_row_are_waited_for");
}

#[test]
fn an_empty_answer_is_asked_for_again() {
    comes_through("an_empty_answer_is_asked_for_again");
}

#[test]
fn an_answer_that_is_lost_on_the_way_is_asked_for_again() {
    comes_through("an_answer_that_is_lost_on_the_way_is_asked_for_again");
}

#[test]
fn a_slow_answer_within_the_limit_is_waited_for() {
    comes_through("a_slow_answer_within_the_limit_is_waited_for");
}

#[test]
fn a_token_that_expired_is_renewed_once() {
    comes_through("a_token_that_expired_is_renewed_once");
}

#[test]
fn a_token_that_expired_and_a_refused_renewal_lead_to_a_login() {
    comes_through("a_token_that_expired_and_a_refused_renewal_lead_to_a_login");
}

#[test]
fn fresh_tokens_that_are_refused_as_well_are_said() {
    fails("fresh_tokens_that_are_refused_as_well_are_said");
}

#[test]
fn a_status_that_is_the_text_false_is_a_refusal() {
    fails("a_status_that_is_the_text_false_is_a_refusal");
}

#[test]
fn an_answer_that_is_null_is_no_answer() {
    fails("an_answer_that_is_null_is_no_answer");
}

#[test]
fn half_an_answer_is_not_taken_for_a_whole_one() {
    fails("half_an_answer_is_not_taken_for_a_whole_one");
}

#[test]
fn the_firewalls_page_is_told_from_a_refused_read() {
    fails("the_firewalls_page_is_told_from_a_refused_read");
}

#[test]
fn a_broker_that_says_that_it_failed_is_quoted() {
    fails("a_broker_that_says_that_it_failed_is_quoted");
}

#[test]
fn a_code_that_nobody_knows_is_shown_as_it_is() {
    fails("a_code_that_nobody_knows_is_shown_as_it_is");
}
