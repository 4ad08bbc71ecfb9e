//! What a run came to, written into its folder: `result.json`, `trades.csv`, `config.toml`.

use std::collections::BTreeMap;

use engine::config::Config;
use engine::replay::{Counts, Outcome, TradeRow};
use engine::units::Money;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::run_folder::RunFolder;
use crate::settings;

/// The form of `result.json`; raised when a field changes its meaning.
const SCHEMA: u32 = 1;

/// `result.json`.
#[derive(Serialize)]
pub(crate) struct RunResult {
    schema: u32,
    config: Value,
    config_hash: String,
    counts: Counts,
    trades: Vec<TradeRow>,
    starting_capital: f64,
    ending_capital: f64,
    /// Always null: positions are closed at the end.
    open_position: Option<()>,
    refusals: BTreeMap<&'static str, u64>,
    blocked: BTreeMap<&'static str, u64>,
    gross_pnl: f64,
    costs: f64,
    net_pnl: f64,
    metrics: Metrics,
}

/// Figures over all trades; null where there is nothing to take them from.
#[derive(Serialize)]
struct Metrics {
    /// Share of trades (sales) with a net above zero.
    win_rate: Option<f64>,
    /// Σ net of winning trades ÷ −Σ net of losing trades.
    profit_factor: Option<f64>,
    /// Largest fall of the realised capital below an earlier height, in rupees.
    max_drawdown: f64,
}

impl RunResult {
    /// The result of a run that has ended.
    pub(crate) fn new(config: &Config, outcome: &Outcome) -> Self {
        let zone = config.session.zone;
        Self {
            schema: SCHEMA,
            config: sections(config),
            config_hash: settings::hash(config),
            counts: outcome.counts.clone(),
            trades: outcome.trades.iter().map(|trade| TradeRow::new(trade, zone)).collect(),
            starting_capital: outcome.starting_capital.rupees(),
            ending_capital: outcome.ending_capital.rupees(),
            open_position: None,
            refusals: outcome.refusals.clone(),
            blocked: outcome.blocked.clone(),
            gross_pnl: outcome.gross().rupees(),
            costs: outcome.costs().rupees(),
            net_pnl: outcome.net().rupees(),
            metrics: Metrics::of(outcome),
        }
    }

    /// Writes the three files.
    pub(crate) fn write(&self, folder: &RunFolder, config: &Config) -> Result<(), Failure> {
        folder.write("result.json", |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })?;
        folder.write("trades.csv", |file| self.write_trades(file))?;
        folder.write("config.toml", |file| file.write_all(config.to_toml().as_bytes()))
    }

    fn write_trades(&self, file: &mut dyn std::io::Write) -> std::io::Result<()> {
        writeln!(
            file,
            "entry_time,exit_time,entry_price,exit_price,quantity,gross_pnl,costs,net_pnl,exit_reason"
        )?;
        for trade in &self.trades {
            writeln!(
                file,
                "{},{},{:.2},{:.2},{},{:.2},{:.2},{:.2},{}",
                trade.entry_time,
                trade.exit_time,
                trade.entry_price,
                trade.exit_price,
                trade.quantity,
                trade.gross_pnl,
                trade.costs,
                trade.net_pnl,
                trade.exit_reason
            )?;
        }
        Ok(())
    }
}

impl Metrics {
    fn of(outcome: &Outcome) -> Self {
        let nets = || outcome.trades.iter().map(|trade| trade.net);
        let won: Money = nets().filter(|net| net.0 > 0).sum();
        let lost: Money = nets().filter(|net| net.0 < 0).sum();
        let wins = nets().filter(|net| net.0 > 0).count();
        let trades = outcome.trades.len();
        let mut height = Money::ZERO;
        let mut now = Money::ZERO;
        let mut fall = Money::ZERO;
        for net in nets() {
            now += net;
            height = height.max(now);
            fall = fall.max(height - now);
        }
        Self {
            win_rate: (trades > 0).then(|| wins as f64 / trades as f64),
            profit_factor: (lost.0 < 0).then(|| won.rupees() / -lost.rupees()),
            max_drawdown: fall.rupees(),
        }
    }
}

/// The effective values by section.
fn sections(config: &Config) -> Value {
    let mut all = Map::new();
    for (key, text, _origin) in config.effective() {
        let (section, name) = key.path.split_once('.').unwrap_or(("", key.path));
        let section = all.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(section) = section {
            section.insert(name.to_owned(), toml_value(&text));
        }
    }
    Value::Object(all)
}

/// A canonical TOML value as JSON: they differ in tables only.
fn toml_value(text: &str) -> Value {
    let json = text.replace("{ start =", "{ \"start\":").replace(", end =", ", \"end\":");
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&json))
        .unwrap_or_else(|_| Value::String(text.to_owned()))
}
