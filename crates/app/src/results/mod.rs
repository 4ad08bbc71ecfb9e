//! What a run came to, written into its folder, for programs and for people.

mod breakdown;
mod metrics;
mod page;
mod plot;
mod positions;
mod prices;
mod reasons;
mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod words;
mod workbook;

use std::collections::BTreeMap;

use engine::config::Config;
use engine::replay::{Counts, Outcome, TradeRow};
use engine::units::Zone;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::run_folder::RunFolder;
use crate::settings;
pub(crate) use breakdown::round_step;
use metrics::Metrics;
pub(crate) use prices::{PriceSampler, PriceSeries};

/// The form of `result.json`; raised when a field changes its meaning.
const SCHEMA: u32 = 2;

/// The result of a run, exact to the paisa; it serialises as `result.json`.
pub(crate) struct RunResult {
    outcome: Outcome,
    config: Value,
    config_hash: String,
    zone: Zone,
    metrics: Metrics,
    incomplete: bool,
}

/// Where a result comes from, and the prices to draw it on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// Such as `replay`.
    pub(crate) command: &'a str,
    /// What the ticks came from, such as the names of the files.
    pub(crate) source: &'a str,
    /// Empty where no prices were kept.
    pub(crate) prices: &'a PriceSeries,
}

impl RunResult {
    /// The result of a run that has ended.
    pub(crate) fn new(config: &Config, outcome: &Outcome) -> Self {
        Self {
            outcome: outcome.clone(),
            config: sections(config),
            config_hash: settings::hash(config),
            zone: config.session.zone,
            metrics: Metrics::of(config, outcome),
            incomplete: false,
        }
    }

    /// Says whether the run was ended before its data were.
    pub(crate) const fn incomplete(mut self, incomplete: bool) -> Self {
        self.incomplete = incomplete;
        self
    }

    /// Writes the files for programs: `result.json`, `trades.csv`, `trades.parquet`, `config.toml`.
    pub(crate) fn write(&self, folder: &RunFolder, config: &Config) -> Result<(), Failure> {
        let trades = &self.outcome.trades;
        folder.write("result.json", |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })?;
        folder.write("trades.csv", |file| tables::csv(file, trades, self.zone))?;
        folder.write("trades.parquet", |file| file.write_all(&tables::parquet(&self.outcome)?))?;
        folder.write("config.toml", |file| file.write_all(config.to_toml().as_bytes()))
    }

    /// Writes the files for people: `report.html` and `results.xlsx`.
    pub(crate) fn write_reports(
        &self,
        folder: &RunFolder,
        config: &Config,
        scene: &Scene<'_>,
    ) -> Result<(), Failure> {
        folder.write("report.html", |file| {
            file.write_all(page::render(self, config, scene)?.as_bytes())
        })?;
        folder.write("results.xlsx", |file| file.write_all(&workbook::bytes(self, config, scene)?))
    }
}

/// `result.json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    config: &'a Value,
    config_hash: &'a str,
    fill_model: &'a str,
    /// Whether the run was ended before its data were.
    incomplete: bool,
    counts: &'a Counts,
    trades: Vec<TradeRow>,
    starting_capital: f64,
    ending_capital: f64,
    /// Always null: positions are closed at the end.
    open_position: Option<()>,
    refusals: &'a BTreeMap<&'static str, u64>,
    blocked: &'a BTreeMap<&'static str, u64>,
    gross_pnl: f64,
    costs: f64,
    net_pnl: f64,
    metrics: &'a Metrics,
}

impl Serialize for RunResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outcome = &self.outcome;
        let row = |trade| TradeRow::new(trade, self.zone);
        let document = Document {
            schema: SCHEMA,
            config: &self.config,
            config_hash: &self.config_hash,
            fill_model: &outcome.fill_model,
            incomplete: self.incomplete,
            counts: &outcome.counts,
            trades: outcome.trades.iter().map(row).collect(),
            starting_capital: outcome.starting_capital.rupees(),
            ending_capital: outcome.ending_capital.rupees(),
            open_position: None,
            refusals: &outcome.refusals,
            blocked: &outcome.blocked,
            gross_pnl: outcome.gross().rupees(),
            costs: outcome.costs().rupees(),
            net_pnl: outcome.net().rupees(),
            metrics: &self.metrics,
        };
        document.serialize(serializer)
    }
}

/// The effective values by section.
pub(crate) fn sections(config: &Config) -> Value {
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
