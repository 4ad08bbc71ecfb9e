//! `report.html`: the whole run on one page that loads nothing and runs nothing.

use std::io;

use engine::config::{Config, Key, Origin};
use engine::replay::Counts;
use engine::tick_path::position::Trade;
use engine::units::{EventTime, Money, Zone};
use serde::Serialize;

use super::breakdown::{self, Bin, Part};
use super::plot;
use super::positions::{Position, positions};
use super::reasons::{self, Why};
use super::{RunResult, Scene, words};
use crate::pages::{self, Plot};

/// Sales that the page lists; the tables hold all.
const MOST_ROWS: usize = 2000;

/// What the template reads: texts, and lengths in per cent.
#[derive(Serialize)]
struct Page<'a> {
    symbol: &'a str,
    command: &'a str,
    source: &'a str,
    when: String,
    fill_model: &'a str,
    config_hash: &'a str,
    net: String,
    tone: &'static str,
    capital: String,
    cards: Vec<FigureRow>,
    figures: Vec<FigureRow>,
    charts: [Chapter; 2],
    breakdowns: Vec<Breakdown>,
    bins: Vec<Column>,
    bin_note: String,
    blocked: Vec<ReasonRow>,
    refused: Vec<ReasonRow>,
    trades: Vec<TradeCells>,
    trades_left_out: usize,
    counts: Vec<(&'static str, String)>,
    config: Vec<Setting>,
}

#[derive(Serialize)]
struct FigureRow {
    key: &'static str,
    label: &'static str,
    value: String,
    about: &'static str,
}

/// Charts under one heading.
#[derive(Serialize)]
struct Chapter {
    title: &'static str,
    plots: Vec<Plot>,
    /// How many are shown at once; the others open on a click.
    open: usize,
    legend: bool,
    /// What stands there without a chart.
    empty: &'static str,
    note: String,
}

/// The net by something, as bars.
#[derive(Serialize)]
struct Breakdown {
    title: &'static str,
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    label: String,
    value: String,
    sales: String,
    tone: &'static str,
    length: String,
}

/// One column of the distribution.
#[derive(Serialize)]
struct Column {
    about: String,
    from: String,
    till: String,
    count: usize,
    tone: &'static str,
    height: String,
}

#[derive(Serialize)]
struct ReasonRow {
    name: &'static str,
    words: String,
    count: String,
    share: String,
    length: String,
}

#[derive(Serialize)]
struct TradeCells {
    day: String,
    entry_time: String,
    exit_time: String,
    entry_price: String,
    exit_price: String,
    quantity: String,
    gross: String,
    costs: String,
    net: String,
    tone: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct Setting {
    key: &'static str,
    value: String,
    unit: &'static str,
    from: String,
}

/// The page as text.
pub(super) fn render(result: &RunResult, config: &Config, scene: &Scene<'_>) -> io::Result<String> {
    pages::render(include_str!("page.html"), Page::of(result, config, scene))
}

impl<'a> Page<'a> {
    fn of(result: &'a RunResult, config: &'a Config, scene: &Scene<'a>) -> Self {
        let RunResult { outcome, zone, metrics, .. } = result;
        let trades = &outcome.trades;
        let nets: Vec<Money> = positions(outcome).iter().map(Position::net).collect();
        let bins = breakdown::distribution(&nets);
        Self {
            symbol: &config.instrument.symbol,
            command: scene.command,
            source: scene.source,
            when: when(result, scene),
            fill_model: &outcome.fill_model,
            config_hash: &result.config_hash,
            net: words::rupees(metrics.net),
            tone: tone(metrics.net),
            capital: format!(
                "{} → {}",
                words::rupees(outcome.starting_capital),
                words::rupees(outcome.ending_capital)
            ),
            cards: figures(result).into_iter().filter(is_card).collect(),
            figures: figures(result),
            charts: [capital(result), prices(result, scene)],
            breakdowns: breakdowns(trades, *zone),
            bin_note: bin_note(&bins),
            bins: columns(&bins),
            blocked: reasons::blocked(outcome).into_iter().map(reason).collect(),
            refused: reasons::refused(outcome).into_iter().map(reason).collect(),
            trades: trades.iter().take(MOST_ROWS).map(|trade| cells(trade, *zone)).collect(),
            trades_left_out: trades.len().saturating_sub(MOST_ROWS),
            counts: counts(&outcome.counts),
            config: config.effective().map(setting).collect(),
        }
    }
}

/// From the first to the last instant of the data, or of the trades where no prices were kept.
pub(super) fn span(result: &RunResult, scene: &Scene<'_>) -> Option<(EventTime, EventTime)> {
    let points = || scene.prices.days.iter().flat_map(|day| &day.points).map(|(time, _)| *time);
    let trades = &result.outcome.trades;
    let first = points().next().or_else(|| trades.first().map(|trade| trade.entry_time))?;
    let last = points().next_back().into_iter().chain(trades.last().map(|trade| trade.exit_time));
    Some((first, last.max()?))
}

fn when(result: &RunResult, scene: &Scene<'_>) -> String {
    let zone = result.zone;
    span(result, scene).map_or_else(
        || "no tick was accepted".to_owned(),
        |(from, till)| {
            let from = words::date_time(zone, from);
            format!(
                "{from} – {} · days: {}",
                words::date_time(zone, till),
                result.outcome.counts.days
            )
        },
    )
}

fn figures(result: &RunResult) -> Vec<FigureRow> {
    let row = |figure: super::metrics::Figure| FigureRow {
        key: figure.key,
        label: figure.label,
        value: words::amount(result.zone, figure.value),
        about: figure.about,
    };
    result.metrics.figures().into_iter().map(row).collect()
}

/// The figures at the top of the page.
fn is_card(figure: &FigureRow) -> bool {
    const CARDS: [&str; 10] = [
        "positions",
        "win_rate",
        "profit_factor",
        "expectancy",
        "average_win",
        "average_loss",
        "longest_losing_streak",
        "max_drawdown",
        "costs",
        "exposure",
    ];
    CARDS.contains(&figure.key)
}

fn capital(result: &RunResult) -> Chapter {
    let outcome = &result.outcome;
    let curves = plot::equity(outcome.starting_capital, &outcome.trades, result.zone);
    Chapter {
        title: "Equity and drawdown",
        plots: curves.map(|(capital, drawdown)| vec![capital, drawdown]).unwrap_or_default(),
        open: 2,
        legend: false,
        empty: "No trades.",
        note: String::new(),
    }
}

fn prices(result: &RunResult, scene: &Scene<'_>) -> Chapter {
    let days = scene.prices.days.iter();
    let note = match scene.prices.left_out {
        0 => String::new(),
        more => format!("{more} later days are not drawn; their trades are in the tables."),
    };
    Chapter {
        title: "Price with entries and exits",
        plots: days
            .filter_map(|day| plot::prices(day, &result.outcome.trades, result.zone))
            .collect(),
        open: 3,
        legend: true,
        empty: "No prices were kept.",
        note,
    }
}

fn bin_note(bins: &[Bin]) -> String {
    let width = bins.first().map_or(Money::ZERO, |bin| bin.till - bin.from);
    format!("Number of positions by their net, in steps of {}.", words::round_rupees(width))
}

const fn tone(money: Money) -> &'static str {
    match money.0 {
        0 => "none",
        1.. => "won",
        _ => "lost",
    }
}

fn breakdowns(trades: &[Trade], zone: Zone) -> Vec<Breakdown> {
    let hours = bars(&breakdown::by_hour(trades, zone), |hour| words::hour(*hour));
    let weekdays =
        bars(&breakdown::by_weekday(trades, zone), |day| words::weekday(*day).to_owned());
    let reasons = bars(&breakdown::by_reason(trades), ToString::to_string);
    vec![
        Breakdown { title: "By hour of the entry", bars: hours },
        Breakdown { title: "By weekday", bars: weekdays },
        Breakdown { title: "By exit reason", bars: reasons },
    ]
}

fn bars<K>(parts: &[Part<K>], label: impl Fn(&K) -> String) -> Vec<Bar> {
    let longest = parts.iter().map(|part| part.net.0.abs()).max().unwrap_or(0).max(1);
    let bar = |part: &Part<K>| Bar {
        label: label(&part.key),
        value: words::rupees(part.net),
        sales: words::grouped(part.sales.into()),
        tone: tone(part.net),
        length: format!("{:.1}", part.net.0.abs() as f64 / longest as f64 * 100.0),
    };
    parts.iter().map(bar).collect()
}

fn columns(bins: &[Bin]) -> Vec<Column> {
    let highest = bins.iter().map(|bin| bin.positions).max().unwrap_or(0).max(1);
    let column = |bin: &Bin| Column {
        about: format!(
            "{} to below {}: {}",
            words::rupees(bin.from),
            words::rupees(bin.till),
            bin.positions
        ),
        from: words::round_rupees(bin.from),
        till: words::round_rupees(bin.till),
        count: bin.positions,
        tone: if bin.from.0 < 0 { "lost" } else { "won" },
        height: format!("{:.1}", bin.positions as f64 / highest as f64 * 100.0),
    };
    bins.iter().map(column).collect()
}

fn reason(why: Why) -> ReasonRow {
    ReasonRow {
        name: why.name,
        words: why.words,
        count: words::grouped(why.count.into()),
        share: words::percent(why.share),
        length: format!("{:.1}", why.share * 100.0),
    }
}

fn cells(trade: &Trade, zone: Zone) -> TradeCells {
    let price = |paise: engine::units::Paise| paise.to_string();
    TradeCells {
        day: words::date(zone, trade.entry_time),
        entry_time: words::time_of_day(zone, trade.entry_time),
        exit_time: words::time_of_day(zone, trade.exit_time),
        entry_price: price(trade.entry_price),
        exit_price: price(trade.exit_price),
        quantity: trade.quantity.0.to_string(),
        gross: words::rupees(trade.gross),
        costs: words::rupees(trade.costs),
        net: words::rupees(trade.net),
        tone: tone(trade.net),
        reason: trade.reason.to_string(),
    }
}

/// The counters with people's names; those at zero that mean trouble are left out.
pub(super) fn counts(counts: &Counts) -> Vec<(&'static str, String)> {
    let rows = [
        ("Ticks read", counts.ticks, true),
        ("Rejected: time", counts.rejected_time, false),
        ("Rejected: price", counts.rejected_price, false),
        ("Rejected: order", counts.rejected_order, false),
        ("Volume unreadable, taken as 0", counts.volume_zeroed, false),
        ("Outside the session", counts.outside_session, true),
        ("Processed", counts.processed, true),
        ("Days", counts.days, true),
        ("Days ended by the loss limit", counts.daily_loss_halts, false),
        ("Signals", counts.signals, true),
        ("Entries", counts.entries, true),
        ("Entries refused", counts.entries_refused, false),
        ("Trades (sales)", counts.trades, true),
    ];
    let shown = rows.into_iter().filter(|(_, count, always)| *always || *count > 0);
    shown.map(|(name, count, _)| (name, words::grouped(count.into()))).collect()
}

fn setting((key, value, origin): (&Key, String, &Origin)) -> Setting {
    Setting { key: key.path, value, unit: key.unit, from: origin_words(origin) }
}

/// Who wrote a value; empty for defaults. A file's name is not told: it differs between machines.
pub(super) fn origin_words(origin: &Origin) -> String {
    match origin {
        Origin::Default => String::new(),
        Origin::File { line, .. } => format!("file, line {line}"),
        Origin::Set => "command line".to_owned(),
    }
}
