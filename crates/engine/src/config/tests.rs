//! What the configuration tests know.

use super::*;

fn file(text: &str) -> Result<Config, Problems> {
    load(&[Source::File { name: "my.toml", text }])
}

fn set(key: &str, value: &str) -> Result<Config, Problems> {
    load(&[Source::Set { key, value }])
}

fn refused(result: Result<Config, Problems>) -> Vec<String> {
    result.expect_err("refused").0.iter().map(|problem| problem.key.clone()).collect()
}

#[test]
fn the_defaults_are_allowed() {
    let config = load(&[]).expect("defaults");
    assert_eq!(config.risk.base_sl_points, Paise(1500));
    assert_eq!(config.session.window.entry_from, Micros::minutes(9 * 60 + 35));
    assert_eq!(config.session.window.close_from, Micros::minutes(14 * 60 + 50));
    assert_eq!(config.effective().count(), KEYS.len());
}

#[test]
fn the_canonical_form_reads_back_as_itself() {
    let blocks = "[{start=\"11:00\", end=\"12:30:15\"}]";
    let config = load(&[
        Source::Set { key: "session.trade_blocks", value: blocks },
        Source::Set { key: "instrument.symbol", value: "odd \" name" },
    ])
    .expect("allowed");
    let again = file(&config.to_toml()).expect("canonical form is allowed");
    assert_eq!(config.to_toml(), again.to_toml());
    assert!(config.to_toml().contains("{ start = \"11:00:00\", end = \"12:30:15\" }"));
}

#[test]
fn a_value_of_another_form_has_the_same_canonical_form() {
    let (whole, float) = (set("risk.base_sl_points", "15"), set("risk.base_sl_points", "15.00"));
    assert_eq!(whole.expect("whole").to_toml(), float.expect("float").to_toml());
}

#[test]
fn a_thread_is_pinned_to_a_processor_or_not_at_all() {
    let pin = |value| set("tuning.pin", value).map(|config| config.tuning.pin);
    assert_eq!(pin("-1").expect("allowed"), None);
    assert_eq!(pin("0").expect("allowed"), Some(0));
    assert_eq!(refused(set("tuning.pin", "1024")), ["tuning.pin"]);
}

#[test]
fn all_problems_come_at_once_with_their_places() {
    let problems =
        file("[risk]\nbase_sl_points = 0\n\n[strategy]\nfast_emma = 9\nslow_ema = 15.0\n")
            .expect_err("refused");
    let text = problems.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "my.toml:2:1: risk.base_sl_points = 0: must be > 0 (points). Fix: set a stop distance \
             such as 15.0, or set risk.use_base_sl = false to trade without a base stop.",
            "my.toml:5:1: strategy.fast_emma = 9: unknown key in [strategy]. Fix: did you mean \
             strategy.fast_ema?",
            "my.toml:6:1: strategy.slow_ema = 15.0: must be a whole number 1 … 10,000 (ticks). Fix: \
             set strategy.slow_ema = 42, the default, or another allowed value.",
            "risk.min_base_sl = 5.0: must be at most risk.base_sl_points, which is 0. Fix: lower it, \
             raise risk.base_sl_points, or set risk.sl_regression_enabled = false.",
        ]
    );
}

#[test]
fn every_removed_key_says_what_to_do() {
    for (path, instead) in keys::REMOVED {
        let text = match path.split_once('.') {
            Some((section, name)) => format!("[{section}]\n{name} = 1\n"),
            None => format!("[{path}]\nanything = 1\n"),
        };
        let problems = file(&text).expect_err(path);
        let known =
            Schema::default().sections().any(|section| path.starts_with(&format!("{section}.")));
        assert!(known || !path.contains('.'), "{path} is in no section");
        assert!(problems.to_string().contains(instead), "{problems}");
        assert!(problems.to_string().contains("removed"), "{problems}");
    }
}

#[test]
fn ranges_hold_at_both_ends() {
    assert!(set("session.start_hour", "23").is_err(), "would end before it starts");
    assert_eq!(refused(set("session.start_hour", "24")), ["session.start_hour"]);
    assert!(set("risk.max_loss_per_day", "0").is_ok());
    assert_eq!(refused(set("risk.max_loss_per_day", "-0.01")), ["risk.max_loss_per_day"]);
    assert_eq!(refused(set("risk.trail_distance_points", "0")), ["risk.trail_distance_points"]);
    assert_eq!(refused(set("risk.risk_per_trade_percent", "nan")), ["risk.risk_per_trade_percent"]);
    assert_eq!(refused(set("strategy.fast_ema", "18.0")), ["strategy.fast_ema"]);
}

#[test]
fn points_are_whole_paise() {
    assert!(set("risk.tp_points", "[0.01, 0.29, 4.35, 1000000]").is_ok());
    assert_eq!(refused(set("risk.base_sl_points", "15.005")), ["risk.base_sl_points"]);
    assert_eq!(refused(set("risk.tp_points", "[5, 12.001, 15, 17]")), ["risk.tp_points"]);
    assert!(set("capital.initial_capital", "1000.005").is_ok(), "rupees are rounded");
}

#[test]
fn rules_between_keys_apply_only_where_their_feature_is_on() {
    let slow = Source::Set { key: "strategy.slow_ema", value: "10" };
    let off = Source::Set { key: "strategy.use_ema_crossover", value: "false" };
    assert_eq!(refused(load(std::slice::from_ref(&slow))), ["strategy.fast_ema"]);
    assert!(load(&[slow, off]).is_ok());
    assert_eq!(refused(set("risk.min_base_sl", "15.05")), ["risk.min_base_sl"]);
    assert_eq!(refused(set("risk.tp_percents", "[0.5]")), ["risk.tp_percents"]);
    assert_eq!(
        refused(set("session.start_buffer_minutes", "335")),
        ["session.start_buffer_minutes"]
    );
}

#[test]
fn trade_blocks_have_exactly_two_times_in_order() {
    let try_one = |block: &str| set("session.trade_blocks", &format!("[{block}]"));
    assert!(try_one("{start=\"11:00\", end=\"11:00:01\"}").is_ok());
    for wrong in [
        "{start=\"11:00\", end=\"11:00\"}",
        "{start=\"11:00\"}",
        "{start=\"11:00\", end=\"12:00\", why=\"lunch\"}",
        "{start=\"1:00\", end=\"12:00\"}",
        "{start=\"11:00\", end=\"24:00\"}",
        "\"11:00-12:00\"",
    ] {
        assert_eq!(refused(try_one(wrong)), ["session.trade_blocks"], "{wrong}");
    }
}

#[test]
fn time_zones_are_fixed_offsets() {
    for (text, minutes) in [("Asia/Kolkata", 330), ("UTC", 0), ("-14:59", -899), ("+05:45", 345)] {
        let config = set("session.timezone", text).expect(text);
        assert_eq!(config.session.zone.offset, Micros::minutes(minutes));
    }
    for wrong in ["Europe/London", "+15:00", "05:30", "+5:30", "+05:60", ""] {
        assert_eq!(refused(set("session.timezone", wrong)), ["session.timezone"], "{wrong}");
    }
}

#[test]
fn broken_toml_names_its_line() {
    let text = file("[risk]\nbase_sl_points = \n").expect_err("refused").to_string();
    assert!(text.starts_with("my.toml:2:"), "{text}");
}

#[test]
fn a_syntax_error_shows_the_key_with_its_section_and_its_last_line() {
    let shown = |text: &str| {
        let problem = file(text).expect_err(text).0.remove(0);
        let line = problem.place.expect("a file has places").line;
        (line, problem.key, problem.value)
    };
    let found = |line, key: &str, value: &str| (line, key.to_owned(), value.to_owned());
    let twice = "[risk]\nbase_sl_points = 1\n\n[strategy]\nfast_ema = 1\nfast_ema = 2\n";
    assert_eq!(shown(twice), found(6, "strategy.fast_ema", "2"));
    let dotted = "risk.base_sl_points = 1\nrisk.base_sl_points = 2\n";
    assert_eq!(shown(dotted), found(2, "risk.base_sl_points", "2"));
    let open = found(2, "risk.base_sl_points", "");
    assert_eq!(shown("[risk]\nbase_sl_points ="), open);
    assert_eq!(shown("[risk]\nbase_sl_points =\n\n\n"), open);
    assert_eq!(shown("[risk]\nbase_sl_points\n"), open);
    assert_eq!(shown("[risk]\ntp_points = [1,\n2,\n"), found(3, "risk.tp_points", "[1,"));
    assert_eq!(shown("[risk]\n[strategy]\n[risk]\n"), found(3, "[risk]", "{…}"));
    assert_eq!(shown("= 5"), found(1, "= 5", "{…}"));
}

#[test]
fn every_way_toml_writes_a_key_is_read() {
    for text in [
        "risk.base_sl_points = 10\n",
        "risk = { base_sl_points = 10 }\n",
        "\"risk\".'base_sl_points' = 10\n",
        "[\"risk\"]\n\"base_sl_points\" = 10\n",
        "strategy.fast_ema = 9\nrisk.base_sl_points = 10\n[session]\nstart_min = 16\n",
    ] {
        assert_eq!(file(text).expect(text).risk.base_sl_points, Paise(1000), "{text}");
    }
    for text in ["risk.base_sl = 1\n", "risk = { base_sl = 1 }\n", "\"risk\".base_sl = 1"] {
        assert_eq!(refused(file(text)), ["risk.base_sl"], "{text}");
    }
}

#[test]
fn bare_text_is_a_string_where_text_is_wanted() {
    let token = |value| set("instrument.token", value).expect(value).instrument.token;
    assert_eq!([token("47338"), token("\"47338\""), token("007")], ["47338", "47338", "007"]);
    assert_eq!([token("1.50"), token("true"), token("2025-11-20")], ["1.50", "true", "2025-11-20"]);
    assert_eq!(refused(set("instrument.exchange", "5")), ["instrument.exchange"]);
    assert_eq!(refused(set("instrument.token", "[47338]")), ["instrument.token"]);
    let problems = file("[instrument]\ntoken = 47338\n").expect_err("a file needs quotes");
    assert!(problems.to_string().contains("in double quotes"), "{problems}");
}

#[test]
fn a_set_that_names_no_key_says_what_it_needs() {
    let said = |key| set(key, "1").expect_err(key).to_string();
    for (key, rule, fix) in [
        ("logging.level", "removed section", "command line matter"),
        ("risk.max_base_sl", "removed key", "risk.base_sl_points"),
        ("foo", "section.key", "section.key=value"),
        ("base_sl_points", "section.key", "did you mean risk.base_sl_points?"),
        ("risk.base_sl_point", "unknown key in [risk]", "did you mean risk.base_sl_points?"),
    ] {
        let problem = said(key);
        assert!(problem.contains(rule) && problem.contains(fix), "{problem}");
    }
}

#[test]
fn a_rule_between_keys_needs_its_own_keys_only() {
    let problems = load(&[
        Source::Set { key: "session.end_hour", value: "8" },
        Source::Set { key: "session.start_buffer_minutes", value: "-1" },
    ]);
    assert_eq!(refused(problems), ["session.start_buffer_minutes", "session.end_hour"]);
}

#[test]
fn a_strategys_keys_that_have_no_place_are_refused_with_every_load() {
    const fn own(path: &'static str, default: &'static str) -> Key {
        Key { path, kind: Kind::Int(1, 60), default, unit: "minutes", about: "a length" }
    }
    let schema = Schema::default().with(&[own("opening.minutes", "15")]);
    assert!(schema.load(&[]).is_ok());
    for (keys, refusals) in [
        (vec![own("risk.minutes", "15")], vec!["risk.minutes"]),
        (vec![own("opening.seconds", "15")], vec!["opening.seconds"]),
        (vec![own("a.x", "1"), own("a.x", "2")], vec!["a.x"]),
        (vec![own("a.x", "1"), own("b.x", "1"), own("a.y", "1")], vec!["a.y"]),
        (
            vec![own("minutes", "15"), own("a.b.c", "15"), own("a.", "15")],
            vec!["minutes", "a.b.c", "a."],
        ),
        (vec![own("a.x", "61"), own("a.y", "nonsense"), own("a.z", "60")], vec!["a.x", "a.y"]),
    ] {
        let problems = schema.clone().with(&keys).load(&[]).expect_err("no place");
        assert!(problems.0.iter().all(|one| !one.rule.is_empty() && one.fix.contains("KEYS")));
        assert_eq!(refused(Err(problems)), refusals);
    }
}

#[test]
fn a_strategys_own_keys_are_checked_written_and_read_like_the_others() {
    const OWN: &[Key] = &[Key {
        path: "opening.minutes",
        kind: Kind::Int(1, 60),
        default: "15",
        unit: "minutes",
        about: "length of the range",
    }];
    let schema = Schema::default().with(OWN);
    let set = |value| schema.load(&[Source::Set { key: "opening.minutes", value }]);
    assert_eq!(set("30").expect("allowed").int("opening.minutes"), Some(30));
    assert_eq!(refused(set("61")), ["opening.minutes"]);
    assert!(set("30").expect("allowed").to_toml().ends_with("\n[opening]\nminutes = 30\n"));
    assert_eq!(
        refused(load(&[Source::Set { key: "opening.minutes", value: "30" }])),
        ["opening.minutes"]
    );
}

#[test]
fn a_secret_that_was_written_into_a_configuration_is_refused_and_not_shown() {
    for name in ["api_key", "client_code", "pin", "totp_secret", "PASSWORD", "jwt"] {
        let text =
            file(&format!("[live]\n{name} = \"s3cret-value\"\n")).expect_err(name).to_string();
        assert!(text.contains(&format!("live.{name} = (not shown)")), "{text}");
        let text = file(&format!("[live]\n{name} = s3cret-value\n")).expect_err(name).to_string();
        assert!(!text.contains("s3cret"), "{text}");
    }
}
