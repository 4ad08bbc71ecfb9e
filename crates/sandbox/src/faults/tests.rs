//! One vocabulary in three notations, and what each of them refuses.

use std::time::Duration;

use serde_json::json;

use super::step::Moment;
use super::table::FAULTS;
use super::{Scenario, Step};

/// A short form with all that the fault needs.
fn complete(name: &str) -> String {
    match name {
        "slow-answer" | "late-update" => format!("{name}:2s"),
        "clock-skew" => format!("{name}:-90s"),
        name => name.to_owned(),
    }
}

fn told(step: &Step) -> serde_json::Value {
    serde_json::to_value(step).unwrap()
}

#[test]
fn every_fault_is_read_from_its_name_and_told_by_it() {
    for row in &FAULTS {
        let step: Step = complete(row.name).parse().unwrap();
        assert_eq!(told(&step)["do"], row.name);
        let again: Step = serde_json::from_value(told(&step)).unwrap();
        assert_eq!((again.fault, again.when), (step.fault, step.when), "{}", row.name);
    }
}

#[test]
fn the_names_are_unique() {
    for (place, row) in FAULTS.iter().enumerate() {
        assert!(FAULTS[..place].iter().all(|other| other.name != row.name), "{}", row.name);
    }
}

#[test]
fn the_short_form_the_file_and_json_say_the_same() {
    let same = [
        (
            "stall@500:200ms",
            "after_packets = 500\ndo = \"stall\"\nfor = \"200ms\"",
            json!({ "do": "stall", "after_packets": 500, "for": "200ms" }),
        ),
        (
            "refuse@connection2:429,stream=order,times=3",
            "on_connection = 2\ndo = \"refuse\"\nstatus = 429\nstream = \"order\"\ntimes = 3",
            json!({ "do": "refuse", "on_connection": 2, "status": 429, "stream": "order", "times": 3 }),
        ),
        (
            "server-error@placeOrder#3:502,carried_out=true",
            "on_request = 3\nroute = \"placeOrder\"\ndo = \"server-error\"\nstatus = 502\ncarried_out = true",
            json!({ "do": "server-error", "on_request": 3, "route": "placeOrder", "status": 502, "carried_out": true }),
        ),
        ("drop@2.5s", "at = \"2.5s\"\ndo = \"drop\"", json!({ "do": "drop", "at": "2.5s" })),
        (
            "clock-skew@start+1m:-90s",
            "after_start = \"60s\"\ndo = \"clock-skew\"\nby = \"-90s\"",
            json!({ "do": "clock-skew", "after_start": "60s", "by": "-90s" }),
        ),
        (
            "lost-update@update2",
            "on_update = 2\ndo = \"lost-update\"",
            json!({ "do": "lost-update", "on_update": 2 }),
        ),
        (
            "rate-limit@#4:json",
            "on_request = 4\ndo = \"rate-limit\"\nform = \"json\"",
            json!({ "do": "rate-limit", "on_request": 4, "form": "json" }),
        ),
    ];
    for (short, toml, json) in same {
        let short: Step = short.parse().unwrap();
        let scenario = Scenario::from_toml(&format!("[[fault]]\n{toml}\n")).unwrap();
        assert_eq!(told(&short), json);
        assert_eq!(told(&scenario.steps[0]), json);
        assert_eq!(
            (&scenario.steps[0].fault, &scenario.steps[0].when),
            (&short.fault, &short.when)
        );
    }
}

#[test]
fn a_step_without_a_trigger_is_due_at_once_and_once() {
    let step: Step = "drop".parse().unwrap();
    assert_eq!((step.when.moment, step.times), (Moment::Now, 1));
    let step: Step = "gap@1.5m:times=7".parse().unwrap();
    assert_eq!((step.when.moment, step.times), (Moment::At(Duration::from_secs(90)), 7));
}

#[test]
fn a_whole_scenario_is_read() {
    let text = "seed = 7\n[[fault]]\nafter_packets = 500\ndo = \"stall\"\nfor = \"200ms\"\n\
                [[fault]]\non_request = 3\nroute = \"placeOrder\"\ndo = \"lost-answer\"\n\
                [latency.rest]\np50 = \"20ms\"\np99 = \"120ms\"\n\
                [latency.stream]\nuniform = [\"1ms\", \"3ms\"]\n";
    let scenario = Scenario::from_toml(text).unwrap();
    assert_eq!((scenario.seed, scenario.steps.len()), (7, 2));
    assert!(scenario.latency.rest.is_some() && scenario.latency.stream.is_some());
    assert!(Scenario::from_toml("").unwrap().steps.is_empty());
}

/// A file, the line of its fault, what is wrong, and what is allowed.
const WRONG_FILES: [(&str, usize, &str, &str); 29] = [
    ("[[fault]]\ndo = \"stal\"\n", 2, "unknown fault \"stal\"", "stall, freeze"),
    ("[[fault]]\ndo = \"drop\"\nwhen = 5\n", 3, "unknown field `when`", "`after_packets`"),
    ("[[fault]]\nafter_packets = 5\n", 1, "missing field `do`", ""),
    ("[[fault]]\ndo = \"stall\"\nfor = 200\n", 3, "invalid type: integer `200`", "\"200ms\""),
    (
        "[[fault]]\ndo = \"stall\"\nfor = \"soon\"\n",
        3,
        "\"soon\" is no time",
        "ns, us, ms, s, m or h",
    ),
    (
        "[[fault]]\ndo = \"stall\"\nfor = \"-1s\"\n",
        3,
        "\"-1s\" is no time",
        "ns, us, ms, s, m or h",
    ),
    ("[[fault]]\ndo = \"stall\"\nfor = \"25h\"\n", 3, "\"25h\" is no time", "up to 24h"),
    (
        "[[fault]]\nat = \"1s\"\ndo = \"drop\"\nafter_packets = 3\n",
        1,
        "after_packets and at",
        "one trigger",
    ),
    ("\n[[fault]]\ndo = \"gap\"\nfor = \"1s\"\n", 2, "gap has for", "times"),
    ("[[fault]]\ndo = \"gap\"\nstream = \"order\"\n", 1, "gap has stream", "times"),
    ("[[fault]]\ndo = \"drop\"\nroute = \"placeOrder\"\n", 1, "drop has route", "stream"),
    ("[[fault]]\ndo = \"expire-tokens\"\ntimes = 2\n", 1, "expire-tokens has times", "nothing"),
    ("[[fault]]\ndo = \"drop\"\nstream = \"both\"\n", 3, "unknown variant `both`", "`market`"),
    ("[[fault]]\ndo = \"drop\"\ntimes = 0\n", 3, "integer `0`", "nonzero"),
    ("[[fault]]\ndo = \"slow-answer\"\n", 1, "slow-answer has no for", "\"200ms\""),
    ("[[fault]]\ndo = \"clock-skew\"\n", 1, "clock-skew has no by", "\"-90s\""),
    (
        "[[fault]]\ndo = \"clock-skew\"\nby = \"1500ms\"\n",
        3,
        "\"1500ms\" is no shift",
        "whole seconds",
    ),
    ("[[fault]]\ndo = \"refuse\"\nstatus = 200\n", 1, "refuse has status 200", "400 to 599"),
    (
        "[[fault]]\ndo = \"server-error\"\nstatus = 404\n",
        1,
        "server-error has status 404",
        "500 to 599",
    ),
    (
        "[[fault]]\ndo = \"wrong-length\"\nbytes = 70000\n",
        1,
        "wrong-length has bytes 70000",
        "65536",
    ),
    ("[[fault]]\ndo = \"failure\"\ncode = \"ab 7\"\n", 3, "\"ab 7\" is no code", "AB1007"),
    ("[[fault]]\ndo = \"rate-limit\"\nform = \"xml\"\n", 3, "unknown variant `xml`", "`http-429`"),
    (
        "[[fault]]\ndo = \"failure\"\nroute = \"placeOrdr\"\n",
        3,
        "unknown route \"placeOrdr\"",
        "placeOrder",
    ),
    ("sed = 7\n", 1, "unknown field `sed`", "`seed`"),
    ("[latency.rests]\n", 1, "unknown field `rests`", "`rest`"),
    ("[latency.rest]\np50 = \"20ms\"\n", 1, "one distribution", "constant"),
    ("[latency.rest]\np50 = \"20ms\"\np99 = \"5ms\"\n", 1, "p50 is 20ms and p99 5ms", "not below"),
    ("[latency.rest]\nuniform = [\"2s\", \"1s\"]\n", 1, "uniform is 2s to 1s", "smaller"),
    ("seed = \n", 1, "", ""),
];

#[test]
fn what_is_wrong_in_a_file_is_told_with_what_is_allowed_and_its_line() {
    for (text, line, what, allowed) in WRONG_FILES {
        let error = Scenario::from_toml(text).map(|_| text).unwrap_err();
        assert_eq!(error.line, line, "{text}{error}");
        assert!(error.what.contains(what) && error.what.contains(allowed), "{text}{error}");
        assert!(error.to_string().starts_with(&format!("line {line}, column ")), "{error}");
        assert!(!error.hint().is_empty() && !error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn what_is_wrong_in_the_short_form_is_told() {
    let wrong = [
        ("stal", "unknown fault"),
        ("", "unknown fault"),
        ("drop@soon", "unknown route"),
        ("drop@connection", "unknown route"),
        ("drop@placeOrder#x", "ROUTE#NUMBER"),
        ("drop@placeOrder#0", "nonzero"),
        ("drop:200ms", "KEY=VALUE"),
        ("stall:200ms,2", "KEY=VALUE"),
        ("stall@500ps", "is no time"),
        ("gap:for=1s", "gap has for"),
        ("drop:color=red", "unknown field"),
    ];
    for (text, what) in wrong {
        let error = text.parse::<Step>().map(|_| text).unwrap_err();
        assert!(error.contains(what), "{text}: {error}");
    }
}

#[test]
fn a_route_is_meant_by_its_name_with_whatever_follows() {
    let step: Step = "failure:route=details".parse().unwrap();
    let route = step.when.route.unwrap();
    assert!(route.is_of("/rest/secure/angelbroking/order/v1/details/7-abc"));
    assert!(!route.is_of("/rest/secure/angelbroking/order/v1/placeOrder"));
    let step: Step = "failure:route=/rest/x".parse().unwrap();
    let route = step.when.route.unwrap();
    assert!(route.is_of("/rest/x") && !route.is_of("/rest/x/y"));
}
