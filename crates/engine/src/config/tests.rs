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
