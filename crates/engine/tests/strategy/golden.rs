//! The strategy against results that an independent program computed from the same rules.

use std::collections::BTreeSet;

use engine::config::Config;
use engine::probe::Off;
use engine::replay::{self, CsvRows, Outcome, TradeRow};
use engine::tick_path::TickPath;
use engine::tick_path::strategy::{Compute, Momentum, Strategy, Unit};
use engine::venue::FillModel;
use serde_json::{Value, json};

fn replayed(config: &Config, file: &[u8]) -> Outcome {
    let rows = CsvRows::new(file, config.session.zone).expect("columns");
    replay::run(config, Momentum::new(config), FillModel::default(), rows)
}

/// What a golden file holds, computed by us.
fn ours(config: &Config, outcome: &Outcome) -> Value {
    let zone = config.session.zone;
    let trades: Vec<TradeRow> =
        outcome.trades.iter().map(|trade| TradeRow::new(trade, zone)).collect();
    json!({
        "counts": outcome.counts,
        "trades": trades,
        "ending_capital": outcome.ending_capital.rupees(),
    })
}

#[test]
fn every_golden_result_is_met_field_by_field() {
    let mut met = 0;
    let mut without_ticks = BTreeSet::new();
    let mut missed = Vec::new();
    for path in crate::common::files("golden", ".json") {
        let golden = crate::common::json(&path);
        let Some(name) = golden.get("ticks_file").and_then(Value::as_str) else { continue };
        let Some(file) = crate::common::ticks(name) else {
            without_ticks.insert(name.to_owned());
            continue;
        };
        let overrides = golden["overrides"].as_object().expect("overrides");
        let config =
            crate::common::config(overrides).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let outcome = replayed(&config, &file);
        assert_invariants(&outcome);
        let ours = ours(&config, &outcome);
        for field in ["counts", "trades", "ending_capital"] {
            if ours[field] != golden[field] {
                missed.push(format!(
                    "{}: {}",
                    path.display(),
                    difference(&ours[field], &golden[field])
                ));
            }
        }
        met += 1;
    }
    assert!(missed.is_empty(), "{} differ, the first: {}", missed.len(), missed[0]);
    assert!(without_ticks.is_empty(), "no ticks for {without_ticks:?}");
    println!("{met} golden results met");
    assert!(met >= 100, "only {met} golden results were found");
}

/// The first place where two results differ.
fn difference(ours: &Value, golden: &Value) -> String {
    if let (Some(ours), Some(golden)) = (ours.as_array(), golden.as_array()) {
        for (number, (ours, golden)) in ours.iter().zip(golden).enumerate() {
            if ours != golden {
                return format!("trade {number}: ours {ours}, golden {golden}");
            }
        }
        return format!("ours has {} trades, golden {}", ours.len(), golden.len());
    }
    format!("ours {ours}, golden {golden}")
}

fn assert_invariants(outcome: &Outcome) {
    let counts = &outcome.counts;
    assert_eq!(outcome.net(), outcome.ending_capital - outcome.starting_capital);
    assert_eq!(counts.ticks, counts.rejected_ticks + counts.outside_session + counts.processed);
    assert_eq!(counts.signals, counts.entries + counts.entries_refused);
    assert!(outcome.blocked.values().sum::<u64>() + counts.signals <= counts.processed);
    assert!(outcome.trades.iter().all(|trade| trade.net == trade.gross - trade.costs));
}

#[test]
fn every_refused_configuration_is_refused_for_the_same_keys() {
    let cases = crate::common::json(&crate::common::data().join("golden/config_errors.json"));
    let cases = cases.as_array().expect("a list");
    assert!(!cases.is_empty());
    for case in cases {
        let name = &case["config_name"];
        let overrides = case["overrides"].as_object().expect("overrides");
        let problems =
            crate::common::config(overrides).err().unwrap_or_else(|| panic!("{name} passes"));
        let ours: BTreeSet<String> = problems.0.iter().map(|problem| problem.key.clone()).collect();
        let golden: BTreeSet<String> = case["problems"]
            .as_array()
            .expect("problems")
            .iter()
            .filter_map(|line| line.as_str()?.split(" = ").next().map(str::to_owned))
            .collect();
        assert_eq!(ours, golden, "{name}");
        for problem in &problems.0 {
            assert!(problem.to_string().contains(&problem.value), "{problem}");
            assert!(!problem.fix.is_empty(), "{problem}");
        }
    }
}

#[test]
fn the_defaults_are_the_golden_defaults() {
    let golden = crate::common::json(&crate::common::data().join("golden/defaults.json"));
    let mut known = 0;
    let config = engine::config::load(&[]).expect("defaults");
    for (key, text, _origin) in config.effective() {
        let (section, name) = key.path.split_once('.').expect("a section");
        let Some(expected) = golden.get(section).and_then(|section| section.get(name)) else {
            continue;
        };
        known += 1;
        let ours: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
        let equal = match (ours.as_f64(), expected.as_f64()) {
            (Some(ours), Some(expected)) => ours == expected,
            _ => ours == *expected,
        };
        assert!(equal, "{}: ours {text}, golden {expected}", key.path);
    }
    let all: usize = golden
        .as_object()
        .expect("sections")
        .values()
        .map(|s| s.as_object().map_or(0, |s| s.len()))
        .sum();
    assert_eq!(known, all, "every golden key is one of ours");
}

#[test]
fn indicators_agree_to_a_billionth() {
    let dumps = crate::common::files("golden/indicators", ".csv");
    assert!(!dumps.is_empty());
    for path in dumps {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let file = crate::common::ticks(&name).unwrap_or_else(|| panic!("no ticks for {name}"));
        let golden = String::from_utf8(crate::common::read(&path)).expect("text");
        let config = engine::config::load(&[]).expect("defaults");
        let strategy = Momentum::computing(&config, Compute::All);
        let mut tick_path = TickPath::replay(&config, strategy, FillModel::default(), Off);
        let mut rows = CsvRows::new(&file, config.session.zone).expect("columns");
        let mut next = 0;
        let mut compared = 0;
        for line in golden.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let index: usize = cells[0].parse().expect("an index");
            while next <= index {
                tick_path.on_row(rows.next().expect("a row"), ());
                next += 1;
            }
            let ours = dump(tick_path.trader().strategy());
            for (column, (ours, golden)) in ours.iter().zip(&cells[4..]).enumerate() {
                let golden: Option<f64> = golden.parse().ok();
                let close = match (ours, golden) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
                    (ours, golden) => ours.is_none() && golden.is_none(),
                };
                assert!(close, "{name} tick {index} column {column}: {ours:?} is not {golden:?}");
                compared += 1;
            }
        }
        assert!(compared > 1000, "{name}: only {compared} values");
    }
}

/// The dump's columns from `green_count` on, in rupees where they are prices.
const COLUMNS: [&str; 15] = [
    "green_count",
    "fast_ema",
    "slow_ema",
    "macd",
    "macd_signal",
    "macd_hist",
    "vwap",
    "htf_ema",
    "rsi",
    "bb_lower",
    "bb_mid",
    "bb_upper",
    "stoch_k",
    "stoch_d",
    "atr",
];

fn dump(strategy: &Momentum) -> Vec<Option<f64>> {
    let readings = strategy.readings();
    let column = |name: &&str| {
        let place = Momentum::READINGS.iter().position(|(reading, _)| reading == name);
        let place = place.unwrap_or_else(|| panic!("no reading {name}"));
        let scale = if Momentum::READINGS[place].1 == Unit::Paise { 100.0 } else { 1.0 };
        readings.0[place].map(|value| value / scale)
    };
    COLUMNS.iter().map(column).collect()
}
