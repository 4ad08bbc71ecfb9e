//! Figures over a whole run; `docs/metrics.md` defines them.

use engine::config::Config;
use engine::replay::Outcome;
use engine::tick_path::position::{CostParts, Costs, Side};
use engine::units::{EventTime, Micros, Money, Zone};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::breakdown;
use super::positions::{Position, positions};

/// Days below which a spread of daily returns says nothing.
const LEAST_DAYS: usize = 20;

/// Trading days of a year, by which daily ratios are annualised.
const DAYS_A_YEAR: f64 = 252.0;

/// The figures of a run; `None` where there is nothing to take them from.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    zone: Zone,
    pub(super) net: Money,
    gross: Money,
    costs: Money,
    kinds: CostParts,
    sales: usize,
    positions: usize,
    wins: usize,
    won: Money,
    losses: usize,
    lost: Money,
    best: Option<Money>,
    worst: Option<Money>,
    losing_streak: usize,
    drawdown: Drawdown,
    exposure: Option<f64>,
    sharpe: Option<f64>,
    sortino: Option<f64>,
}

/// The largest fall of the realised capital below an earlier height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Drawdown {
    fall: Money,
    percent: f64,
    /// When the height was reached, and when the low.
    dates: Option<(EventTime, EventTime)>,
}

/// The value of a figure, with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    Money(Money),
    /// An average, which need not be whole paise.
    Rupees(f64),
    /// 1 is all.
    Share(f64),
    /// 100 is all.
    Percent(f64),
    Ratio(f64),
    Count(usize),
    Time(EventTime),
}

/// One line of the figures: its name in `result.json`, its name for people, and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) value: Option<Amount>,
    pub(super) about: &'static str,
}

impl Metrics {
    /// The figures of a run that has ended.
    pub(super) fn of(config: &Config, outcome: &Outcome) -> Self {
        let zone = config.session.zone;
        let positions = positions(outcome);
        let nets: Vec<Money> = positions.iter().map(Position::net).collect();
        let won = || nets.iter().copied().filter(|net| net.0 > 0);
        let lost = || nets.iter().copied().filter(|net| net.0 < 0);
        let returns = daily_returns(outcome, zone);
        Self {
            zone,
            net: outcome.net(),
            gross: outcome.gross(),
            costs: outcome.costs(),
            kinds: kinds(&Costs::new(&config.risk), &positions),
            sales: outcome.trades.len(),
            positions: positions.len(),
            wins: won().count(),
            won: won().sum(),
            losses: lost().count(),
            lost: lost().sum(),
            best: nets.iter().copied().max(),
            worst: nets.iter().copied().min(),
            losing_streak: longest_losing_streak(&nets),
            drawdown: Drawdown::of(outcome),
            exposure: exposure(config, outcome, &positions),
            sharpe: sharpe(&returns),
            sortino: sortino(&returns),
        }
    }

    /// Every figure in the order of the reports.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let mut figures = self.money_figures().to_vec();
        figures.extend(self.position_figures());
        figures.extend(self.risk_figures());
        figures
    }

    #[rustfmt::skip]
    fn money_figures(&self) -> [Figure; 9] {
        let money = |amount| Some(Amount::Money(amount));
        let kinds = self.kinds;
        [
            figure("net_pnl", "Net", money(self.net), "gross less all costs; equals ending less starting capital"),
            figure("gross_pnl", "Gross", money(self.gross), "Σ (exit price − entry price) × quantity of all sales"),
            figure("costs", "Costs", money(self.costs), "all costs of all entries and sales"),
            figure("costs_commission", "Commission", money(kinds.commission), "the broker's part of the costs"),
            figure("costs_stt", "Securities transaction tax", money(kinds.stt), "the part of the costs that only sales pay"),
            figure("costs_exchange", "Exchange charges", money(kinds.exchange), "the exchange's part of the costs"),
            figure("costs_gst", "GST", money(kinds.gst), "tax on commission and exchange charges"),
            figure("trades", "Trades", Some(Amount::Count(self.sales)), "sales; a position that is sold in parts makes several"),
            figure("positions", "Positions", Some(Amount::Count(self.positions)), "entries, each with all its sales"),
        ]
    }

    #[rustfmt::skip]
    fn position_figures(&self) -> [Figure; 8] {
        let mean = |sum: Money, of: usize| (of > 0).then(|| Amount::Rupees(sum.rupees() / of as f64));
        let win_rate = (self.positions > 0).then(|| self.wins as f64 / self.positions as f64);
        let factor = (self.lost.0 < 0).then(|| self.won.as_f64() / -self.lost.as_f64());
        [
            figure("win_rate", "Win rate", win_rate.map(Amount::Share), "positions with a net above zero ÷ all positions"),
            figure("average_win", "Average win", mean(self.won, self.wins), "mean net of the positions above zero"),
            figure("average_loss", "Average loss", mean(self.lost, self.losses), "mean net of the positions below zero"),
            figure("profit_factor", "Profit factor", factor.map(Amount::Ratio), "Σ net of winning positions ÷ −Σ net of losing ones"),
            figure("expectancy", "Expectancy", mean(self.net, self.positions), "mean net of a position"),
            figure("best_position", "Best position", self.best.map(Amount::Money), "the highest net of a position"),
            figure("worst_position", "Worst position", self.worst.map(Amount::Money), "the lowest net of a position"),
            figure("longest_losing_streak", "Longest losing streak", Some(Amount::Count(self.losing_streak)), "most positions below zero in a row"),
        ]
    }

    #[rustfmt::skip]
    fn risk_figures(&self) -> [Figure; 7] {
        let Drawdown { fall, percent, dates } = self.drawdown;
        let (from, till) = dates.unzip();
        [
            figure("max_drawdown", "Maximum drawdown", Some(Amount::Money(fall)), "largest fall of the realised capital below an earlier height, looked at after each sale"),
            figure("max_drawdown_percent", "Maximum drawdown in %", Some(Amount::Percent(percent)), "the same fall in per cent of the height it fell from"),
            figure("max_drawdown_from", "Drawdown began", from.map(Amount::Time), "when that height was reached"),
            figure("max_drawdown_till", "Drawdown ended", till.map(Amount::Time), "when the low after it was reached"),
            figure("exposure", "Exposure", self.exposure.map(Amount::Share), "time in a position ÷ session time of all days of the data"),
            figure("sharpe", "Sharpe ratio", self.sharpe.map(Amount::Ratio), "mean ÷ deviation of daily returns × √252; from 20 days on"),
            figure("sortino", "Sortino ratio", self.sortino.map(Amount::Ratio), "as Sharpe, with the deviation of negative returns only"),
        ]
    }
}

const fn figure(
    key: &'static str,
    label: &'static str,
    value: Option<Amount>,
    about: &'static str,
) -> Figure {
    Figure { key, label, value, about }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.figures();
        let mut map = serializer.serialize_map(Some(figures.len()))?;
        for Figure { key, value, .. } in figures {
            match value {
                None => map.serialize_entry(key, &None::<f64>)?,
                Some(Amount::Money(money)) => map.serialize_entry(key, &money.rupees())?,
                Some(Amount::Count(count)) => map.serialize_entry(key, &count)?,
                Some(Amount::Time(time)) => map.serialize_entry(key, &self.zone.iso(time))?,
                Some(
                    Amount::Rupees(number)
                    | Amount::Share(number)
                    | Amount::Percent(number)
                    | Amount::Ratio(number),
                ) => map.serialize_entry(key, &number)?,
            }
        }
        map.end()
    }
}

/// Every order's costs again, by kind: an entry's are those of the whole position.
fn kinds(costs: &Costs, positions: &[Position<'_>]) -> CostParts {
    let mut kinds = CostParts::default();
    for position in positions {
        kinds += costs.parts(Side::Buy, position.entry_price() * position.quantity());
        for sale in position.sales {
            kinds += costs.parts(Side::Sell, sale.exit_price * sale.quantity);
        }
    }
    kinds
}

fn longest_losing_streak(nets: &[Money]) -> usize {
    let runs = nets.chunk_by(|a, b| (a.0 < 0) == (b.0 < 0));
    runs.filter(|run| run.iter().all(|net| net.0 < 0)).map(<[Money]>::len).max().unwrap_or(0)
}

impl Drawdown {
    fn of(outcome: &Outcome) -> Self {
        let Some(first) = outcome.trades.first() else { return Self::default() };
        let mut now = outcome.starting_capital;
        let (mut height, mut reached) = (now, first.entry_time);
        let mut worst = Self::default();
        for sale in &outcome.trades {
            now += sale.net;
            if now > height {
                (height, reached) = (now, sale.exit_time);
            }
            let fall = height - now;
            if fall > worst.fall {
                let percent = 100.0 * fall.as_f64() / height.as_f64();
                worst = Self { fall, percent, dates: Some((reached, sale.exit_time)) };
            }
        }
        worst
    }
}

/// Time in positions as a share of the session's time, start to close, of all days.
fn exposure(config: &Config, outcome: &Outcome, positions: &[Position<'_>]) -> Option<f64> {
    let window = config.session.window;
    let session = (window.close_from.0 - window.start.0) as f64 * outcome.counts.days as f64;
    let in_session = |position: &Position<'_>| {
        let day = config.session.zone.day_start(position.entry_time());
        let close = day + window.close_from;
        (position.exit_time().min(close) - position.entry_time()).max(Micros(0)).0
    };
    let held: i64 = positions.iter().map(in_session).sum();
    (session > 0.0).then(|| held as f64 / session)
}

/// Each day's net ÷ the capital at its start; days without a sale are zeros at the end.
fn daily_returns(outcome: &Outcome, zone: Zone) -> Vec<f64> {
    let mut capital = outcome.starting_capital;
    let mut returns = Vec::new();
    for day in breakdown::by_day(&outcome.trades, zone) {
        returns.push(day.net.as_f64() / capital.as_f64());
        capital += day.net;
    }
    returns.resize(returns.len().max(outcome.counts.days as usize), 0.0);
    returns
}

fn sharpe(returns: &[f64]) -> Option<f64> {
    let mean = mean(returns)?;
    let squares: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
    annual(mean, (squares / (returns.len() - 1) as f64).sqrt())
}

fn sortino(returns: &[f64]) -> Option<f64> {
    let mean = mean(returns)?;
    let squares: f64 = returns.iter().map(|value| value.min(0.0).powi(2)).sum();
    annual(mean, (squares / returns.len() as f64).sqrt())
}

/// The mean, where there are enough days.
fn mean(returns: &[f64]) -> Option<f64> {
    let days = returns.len();
    (days >= LEAST_DAYS).then(|| returns.iter().sum::<f64>() / days as f64)
}

fn annual(mean: f64, deviation: f64) -> Option<f64> {
    (deviation > 0.0).then(|| mean / deviation * DAYS_A_YEAR.sqrt())
}
