//! What a run came to, in the words of the results.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::Config;
use crate::probe::Probe;
use crate::tick_path::TickPath;
use crate::tick_path::position::Trade;
use crate::tick_path::strategy::{Strategy, Unit};
use crate::tick_path::trader::Gate;
use crate::units::{Money, Zone};

/// The `counts` of a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields are the names in the result, defined with the strategy"
)]
pub struct Counts {
    pub ticks: u64,
    pub rejected_ticks: u64,
    pub rejected_time: u64,
    pub rejected_price: u64,
    pub rejected_order: u64,
    pub volume_zeroed: u64,
    pub outside_session: u64,
    pub processed: u64,
    pub days: u64,
    pub daily_loss_halts: u64,
    pub signals: u64,
    pub entries: u64,
    pub entries_refused: u64,
    pub trades: u64,
    pub exit_reasons: BTreeMap<String, u64>,
}

/// One trade as results write it: rupees, and times in ISO 8601 with the exchange's offset.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields are the names in the result, defined with the strategy"
)]
pub struct TradeRow {
    pub entry_time: String,
    pub exit_time: String,
    pub entry_price: f64,
    pub exit_price: f64,
    pub quantity: i64,
    pub gross_pnl: f64,
    pub costs: f64,
    pub net_pnl: f64,
    pub exit_reason: String,
}

impl TradeRow {
    /// A trade in exchange time.
    #[must_use]
    pub fn new(trade: &Trade, zone: Zone) -> Self {
        let price = |paise: crate::units::Paise| Money(i128::from(paise.0)).rupees();
        Self {
            entry_time: zone.iso(trade.entry_time),
            exit_time: zone.iso(trade.exit_time),
            entry_price: price(trade.entry_price),
            exit_price: price(trade.exit_price),
            quantity: trade.quantity.0,
            gross_pnl: trade.gross.rupees(),
            costs: trade.costs.rupees(),
            net_pnl: trade.net.rupees(),
            exit_reason: trade.reason.to_string(),
        }
    }
}

/// Counters, trades and capital of a run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was counted.
    pub counts: Counts,
    /// Every sale in order.
    pub trades: Vec<Trade>,
    /// Names and units of the readings that each sale keeps.
    pub readings: &'static [(&'static str, Unit)],
    /// Flat ticks without a signal by the first failing condition; only reasons that occurred.
    pub blocked: BTreeMap<&'static str, u64>,
    /// Signals that were refused, by reason; only reasons that occurred.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Flat ticks on which nothing was decided because an order was on its way.
    pub pending: u64,
    /// The name of what filled the orders.
    pub fill_model: String,
    /// Cash at the start.
    pub starting_capital: Money,
    /// Cash at the end.
    pub ending_capital: Money,
}

impl Outcome {
    /// Reads a path that has been finished.
    #[must_use]
    pub fn of<S: Strategy, P: Probe>(config: &Config, path: &TickPath<S, P>) -> Self {
        let trades = path.trader().account().trades().to_vec();
        let tally = path.trader().tally();
        let gates = Gate::ALL.iter().map(|gate| gate.name()).zip(tally.gates);
        let reasons = S::REASONS.iter().copied().zip(tally.reasons);
        let blocked = gates.chain(reasons);
        let refusals = [
            ("max_entry_price", tally.refused_entry_price),
            ("no_lot_fits", tally.refused_no_lot),
            ("order_still_on_its_way", tally.unfilled),
        ];
        Self {
            counts: counts(path, &trades),
            readings: S::READINGS,
            blocked: blocked.filter(|(_, number)| *number > 0).collect(),
            refusals: refusals.into_iter().filter(|(_, number)| *number > 0).collect(),
            pending: tally.pending,
            fill_model: path.trader().fills().name(),
            starting_capital: config.initial_capital,
            ending_capital: path.trader().account().cash(),
            trades,
        }
    }

    /// Σ net of all trades.
    #[must_use]
    pub fn net(&self) -> Money {
        self.trades.iter().map(|trade| trade.net).sum()
    }

    /// Σ gross of all trades.
    #[must_use]
    pub fn gross(&self) -> Money {
        self.trades.iter().map(|trade| trade.gross).sum()
    }

    /// Σ costs of all trades.
    #[must_use]
    pub fn costs(&self) -> Money {
        self.trades.iter().map(|trade| trade.costs).sum()
    }
}

fn counts<S: Strategy, P: Probe>(path: &TickPath<S, P>, trades: &[Trade]) -> Counts {
    let arrivals = path.broker().arrivals();
    let tally = path.trader().tally();
    let mut exit_reasons = BTreeMap::new();
    for trade in trades {
        *exit_reasons.entry(trade.reason.to_string()).or_insert(0) += 1;
    }
    Counts {
        ticks: arrivals.ticks,
        rejected_ticks: arrivals.rejected_time + arrivals.rejected_price + arrivals.rejected_order,
        rejected_time: arrivals.rejected_time,
        rejected_price: arrivals.rejected_price,
        rejected_order: arrivals.rejected_order,
        volume_zeroed: arrivals.volume_zeroed,
        outside_session: tally.outside_session,
        processed: tally.processed,
        days: tally.days,
        daily_loss_halts: tally.daily_loss_halts,
        signals: tally.signals,
        entries: tally.entries,
        entries_refused: tally.refused_entry_price + tally.refused_no_lot,
        trades: trades.len() as u64,
        exit_reasons,
    }
}
