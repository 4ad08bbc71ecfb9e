//! Sums, figures and files of results, over hand-made trades and replayed walks.

use std::path::Path;

use calamine::{Data, Reader as _, Xlsx};
use engine::config::{self, Source};
use engine::replay::CsvRows;
use engine::tick_path::position::{Costs, ExitReason, Side, Trade};
use engine::tick_path::strategy::{Momentum, Strategy as _};
use engine::units::{EventTime, Micros, Money, Paise};
use engine::venue::FillModel;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;

use super::metrics::Amount;
use super::positions::{Position, positions};
use super::*;

/// A day with a partial exit, a trailing stop, a base stop and a session end.
const WORKED: &str = "timestamp,price,volume
2025-10-06 10:00:00,100.00,75
2025-10-06 10:00:01,100.10,75
2025-10-06 10:00:05,103.00,75
2025-10-06 10:00:09,105.20,75
2025-10-06 10:00:12,108.00,75
2025-10-06 10:00:15,103.00,75
2025-10-06 10:00:16,103.50,75
2025-10-06 10:00:20,105.05,75
2025-10-06 10:00:30,95.00,75
2025-10-06 10:00:31,95.05,75
2025-10-06 10:00:32,97.10,75
2025-10-06 10:25:00,98.00,75
2025-10-06 14:49:59,99.00,75
2025-10-06 14:50:00,98.50,75
";

fn settings(sets: &[(&str, &str)]) -> Config {
    let sources: Vec<_> = sets.iter().map(|&(key, value)| Source::Set { key, value }).collect();
    config::load(&sources).expect("an allowed configuration")
}

fn eager(more: &[(&str, &str)]) -> Config {
    let mut sets = vec![
        ("strategy.use_ema_crossover", "false"),
        ("strategy.min_warmup_ticks", "0"),
        ("strategy.consecutive_green_bars", "1"),
        ("strategy.control_base_sl_green_ticks", "2"),
    ];
    sets.extend(more);
    settings(&sets)
}

fn replayed(config: &Config, csv: &str) -> Outcome {
    let rows = CsvRows::new(csv.as_bytes(), config.session.zone).expect("columns");
    engine::replay::run(config, Momentum::new(config), FillModel::default(), rows)
}

/// Four days of a random walk, two ticks a second.
fn walk() -> String {
    let mut csv = "timestamp,price,volume\n".to_owned();
    let mut state = 7_u64;
    let mut price = 20_000_i64;
    for day in 6..10 {
        for tick in 0..3000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            price = (price + ((state >> 33) % 61) as i64 * 5 - 150).max(2000);
            let seconds = 36_000 + tick / 2;
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let rupees = Paise(price);
            csv.push_str(&format!(
                "2025-10-{day:02} {hour:02}:{minute:02}:{second:02},{rupees},75\n"
            ));
        }
    }
    csv
}

/// The walk's prices, sampled.
fn sampled(config: &Config, csv: &str) -> PriceSeries {
    let mut sampler = PriceSampler::new(config.session.zone);
    for row in CsvRows::new(csv.as_bytes(), config.session.zone).expect("columns") {
        if let (Some(time), Some(price)) = (row.time, row.price) {
            sampler.push(time, price);
        }
    }
    sampler.finish()
}

/// Sales of positions that were sold whole, with these nets in rupees, one a day.
fn daily(outcome: &Outcome, nets: &[i64]) -> Outcome {
    let template = outcome.trades[0];
    let sale = |(day, net): (i64, &i64)| Trade {
        entry_time: template.entry_time + Micros(day * Micros::DAY.0),
        exit_time: template.exit_time + Micros(day * Micros::DAY.0),
        net: Money(i128::from(net * 100)),
        reason: ExitReason::BaseStop,
        position: day as u64 + 1,
        ..template
    };
    let mut outcome = outcome.clone();
    outcome.trades = (0..).zip(nets).map(sale).collect();
    outcome.counts.days = nets.len() as u64;
    outcome
}

fn value(metrics: &Metrics, key: &str) -> Option<Amount> {
    metrics.figures().into_iter().find(|figure| figure.key == key).expect("a figure").value
}

fn number(metrics: &Metrics, key: &str) -> f64 {
    match value(metrics, key).expect("not null") {
        Amount::Money(money) => money.rupees(),
        Amount::Rupees(number)
        | Amount::Share(number)
        | Amount::Percent(number)
        | Amount::Ratio(number) => number,
        Amount::Count(count) => count as f64,
        Amount::Time(time) => time.0 as f64,
    }
}

fn near(metrics: &Metrics, key: &str, wanted: f64) {
    let found = number(metrics, key);
    assert!((found - wanted).abs() < 1e-6 * wanted.abs().max(1.0), "{key}: {found}, not {wanted}");
}

fn written(config: &Config, outcome: &Outcome, prices: &PriceSeries, folder: &Path) {
    let folder = RunFolder::create(Some(folder), "replay", "X").expect("a folder");
    let result = RunResult::new(config, outcome);
    result.write(&folder, config).expect("files for programs");
    let scene = Scene { command: "replay", source: "walk.csv", prices };
    result.write_reports(&folder, config, &scene).expect("files for people");
}

const FILES: [&str; 6] =
    ["config.toml", "report.html", "result.json", "results.xlsx", "trades.csv", "trades.parquet"];

#[test]
fn a_worked_day_has_the_figures_that_a_person_computes() {
    let config = eager(&[]);
    let outcome = replayed(&config, WORKED);
    let metrics = Metrics::of(&config, &outcome);
    near(&metrics, "net_pnl", -2590.41);
    near(&metrics, "trades", 4.0);
    near(&metrics, "positions", 3.0);
    near(&metrics, "win_rate", 2.0 / 3.0);
    near(&metrics, "average_win", (1003.44 + 974.40) / 2.0);
    near(&metrics, "average_loss", -4568.25);
    near(&metrics, "profit_factor", (1003.44 + 974.40) / 4568.25);
    near(&metrics, "expectancy", -2590.41 / 3.0);
    near(&metrics, "best_position", 1003.44);
    near(&metrics, "worst_position", -4568.25);
    near(&metrics, "longest_losing_streak", 1.0);
    near(&metrics, "max_drawdown", 4568.25);
    near(&metrics, "max_drawdown_percent", 456_825.0 / 101_003.44);
    near(&metrics, "exposure", (14.0 + 10.0 + 17_368.0) / 20_100.0);
    assert_eq!(value(&metrics, "sharpe"), None);
    let zone = config.session.zone;
    let iso = |key| match value(&metrics, key) {
        Some(Amount::Time(time)) => zone.iso(time),
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(iso("max_drawdown_from"), "2025-10-06T10:00:15+05:30");
    assert_eq!(iso("max_drawdown_till"), "2025-10-06T10:00:30+05:30");
}

#[test]
fn every_way_to_cut_the_net_adds_up_to_it() {
    let config = eager(&[("risk.max_loss_per_day", "0")]);
    let outcome = replayed(&config, &walk());
    assert!(outcome.trades.len() > 50, "{} trades", outcome.trades.len());
    let (sales, zone) = (&outcome.trades, config.session.zone);
    let net = outcome.net();
    assert_eq!(net, outcome.ending_capital - outcome.starting_capital);
    assert_eq!(breakdown::by_hour(sales, zone).iter().map(|part| part.net).sum::<Money>(), net);
    assert_eq!(breakdown::by_weekday(sales, zone).iter().map(|part| part.net).sum::<Money>(), net);
    assert_eq!(breakdown::by_day(sales, zone).iter().map(|part| part.net).sum::<Money>(), net);
    assert_eq!(breakdown::by_reason(sales).iter().map(|part| part.net).sum::<Money>(), net);
    let all = positions(&outcome);
    assert_eq!(all.len() as u64, outcome.counts.entries);
    assert_eq!(all.iter().map(Position::net).sum::<Money>(), net);
}

#[test]
fn the_kinds_of_costs_add_up_to_the_costs() {
    let rates = [
        &[][..],
        &[("risk.commission_per_trade", "20"), ("risk.slippage_points", "0.35")],
        &[("risk.gst_percent", "17.77"), ("risk.commission_percent", "0.0713")],
    ];
    for rates in rates {
        let config = eager(rates);
        let outcome = replayed(&config, &walk());
        let metrics = Metrics::of(&config, &outcome);
        let kinds = ["costs_commission", "costs_stt", "costs_exchange", "costs_gst"];
        let money = |key| match value(&metrics, key) {
            Some(Amount::Money(money)) => money,
            other => panic!("{key}: {other:?}"),
        };
        assert_eq!(kinds.map(money).into_iter().sum::<Money>(), outcome.costs());
    }
    let costs = Costs::new(&eager(&[]).risk);
    let (buy, sell) = (Money(3_003_000), Money(789_000));
    assert_eq!(costs.parts(Side::Buy, buy).total(), costs.of(Side::Buy, buy));
    assert_eq!(costs.parts(Side::Sell, sell).total(), costs.of(Side::Sell, sell));
    assert_eq!(costs.parts(Side::Buy, buy).stt, Money::ZERO);
}

#[test]
fn the_ratios_need_twenty_days() {
    let config = eager(&[]);
    let outcome = replayed(&config, WORKED);
    let mut nets = vec![1000; 19];
    let early = Metrics::of(&config, &daily(&outcome, &nets));
    assert_eq!((value(&early, "sharpe"), value(&early, "sortino")), (None, None));
    nets.push(-2000);
    let metrics = Metrics::of(&config, &daily(&outcome, &nets));
    let mut capital = 100_000.0;
    let return_of = |net: &i64| {
        let share = *net as f64 / capital;
        capital += *net as f64;
        share
    };
    let returns: Vec<f64> = nets.iter().map(return_of).collect();
    let mean = returns.iter().sum::<f64>() / 20.0;
    let spread = (returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 19.0).sqrt();
    near(&metrics, "sharpe", mean / spread * 252_f64.sqrt());
    near(&metrics, "sortino", mean / (returns[19].powi(2) / 20.0).sqrt() * 252_f64.sqrt());
    let same = Metrics::of(&config, &daily(&outcome, &[0; 30]));
    assert_eq!((value(&same, "sharpe"), value(&same, "sortino")), (None, None));
}

#[test]
fn streaks_and_drawdowns_are_the_longest_and_the_deepest() {
    let config = eager(&[]);
    let outcome = replayed(&config, WORKED);
    let made = daily(&outcome, &[-10, -20, 50, -5, -5, -5, 0, -40, 100, -30]);
    let metrics = Metrics::of(&config, &made);
    near(&metrics, "longest_losing_streak", 3.0);
    near(&metrics, "max_drawdown", 55.0);
    near(&metrics, "max_drawdown_percent", 5500.0 / 100_020.0);
    assert_eq!(value(&metrics, "max_drawdown_from"), Some(Amount::Time(made.trades[2].exit_time)));
    assert_eq!(value(&metrics, "max_drawdown_till"), Some(Amount::Time(made.trades[7].exit_time)));
    let rising = Metrics::of(&config, &daily(&outcome, &[1, 2]));
    assert_eq!(value(&rising, "max_drawdown_from"), None);
    assert_eq!(value(&rising, "profit_factor"), None, "nothing was lost");
}

#[test]
fn two_positions_within_one_stamp_are_two() {
    let outcome = replayed(&eager(&[]), WORKED);
    let sale = |position| Trade { position, ..outcome.trades[0] };
    let made = Outcome { trades: [1, 1, 2, 2, 3].map(sale).to_vec(), ..outcome.clone() };
    let sales: Vec<usize> = positions(&made).iter().map(|position| position.sales.len()).collect();
    assert_eq!(sales, [2, 2, 1]);
}

#[test]
fn the_distribution_holds_every_position_and_splits_at_zero() {
    let nets: Vec<Money> = (-70..45).map(|net| Money(net * 7_331)).collect();
    let bins = breakdown::distribution(&nets);
    assert!(bins.len() <= 24, "{} bins", bins.len());
    assert_eq!(bins.iter().map(|bin| bin.positions).sum::<usize>(), nets.len());
    assert!(bins.iter().all(|bin| bin.from.0 >= 0 || bin.till.0 <= 0));
    assert_eq!(breakdown::distribution(&[]), []);
    assert_eq!(breakdown::distribution(&[Money(500)]).len(), 1);
}

#[test]
fn a_spike_survives_sampling_and_the_sample_is_bounded() {
    let zone = config::load(&[]).expect("defaults").session.zone;
    let morning = EventTime(1_759_290_300_000_000);
    let mut sampler = PriceSampler::new(zone);
    let spike = (morning + Micros::seconds(7_777), Paise(99_999));
    for second in 0..22_500 {
        sampler.push(morning + Micros::seconds(second), Paise(20_000 + second % 13));
        if second == 7_777 {
            sampler.push(spike.0, spike.1);
        }
    }
    let series = sampler.finish();
    let [day] = series.days.as_slice() else { panic!("one day") };
    assert!(day.points.len() <= 2000, "{} points", day.points.len());
    assert!(day.points.len() > 500);
    assert!(day.points.contains(&spike));
    assert!(day.points.is_sorted_by_key(|(time, _)| *time));
    assert_eq!(day.points.first().map(|(time, _)| *time), Some(morning));
    assert_eq!(day.points.last().map(|(time, _)| *time), Some(morning + Micros::seconds(22_499)));
}

#[test]
fn days_beyond_a_month_are_counted_and_not_kept() {
    let zone = config::load(&[]).expect("defaults").session.zone;
    let mut sampler = PriceSampler::new(zone);
    for day in 0..40 {
        sampler.push(EventTime(day * Micros::DAY.0), Paise(100));
    }
    let series = sampler.finish();
    assert_eq!((series.days.len(), series.left_out), (31, 9));
}

#[test]
fn the_page_loads_nothing_runs_nothing_and_escapes_what_it_shows() {
    let config = eager(&[("instrument.symbol", "<b>NIFTY</b>")]);
    let csv = walk();
    let outcome = replayed(&config, &csv);
    let prices = sampled(&config, &csv);
    let scene = Scene { command: "replay", source: "<walk>.csv", prices: &prices };
    let page = page::render(&RunResult::new(&config, &outcome), &config, &scene).expect("a page");
    for load in ["http:", "https:", "src=", "href", "url(", "<script", "@import", "<link", "<img"] {
        assert!(!page.contains(load), "{load}");
    }
    for secret in ["api_key", "totp", "password", "jwt"] {
        assert!(!page.to_lowercase().contains(secret), "{secret}");
    }
    assert!(!page.contains("<b>NIFTY") && page.contains("&lt;b&gt;NIFTY"));
    assert!(page.contains("&lt;walk&gt;.csv"));
    assert!(page.contains("the green-tick rule"));
    assert!(page.contains(&settings::hash(&config)));
    assert_eq!(page.matches("<svg").count(), 2 + 4);
}

#[test]
fn the_workbook_has_its_sheets_and_the_exact_net() {
    let config = eager(&[]);
    let csv = walk();
    let outcome = replayed(&config, &csv);
    let prices = sampled(&config, &csv);
    let scene = Scene { command: "replay", source: "walk.csv", prices: &prices };
    let result = RunResult::new(&config, &outcome);
    let bytes = workbook::bytes(&result, &config, &scene).expect("a workbook");
    let mut book = Xlsx::new(std::io::Cursor::new(bytes)).expect("readable");
    let names = ["Results", "Trades", "Equity", "By hour", "Reasons", "Config", "Log"];
    assert_eq!(book.sheet_names(), names);
    let trades = book.worksheet_range("Trades").expect("trades");
    assert_eq!(trades.height(), outcome.trades.len() + 1);
    let net: i128 = trades
        .rows()
        .filter_map(|row| match row[7] {
            Data::Float(rupees) => Some((rupees * 100.0).round() as i128),
            _ => None,
        })
        .sum();
    assert_eq!(Money(net), outcome.net());
    assert!(matches!(trades.get((1, 0)), Some(Data::DateTime(_))), "a date is a date");
    let config_rows = book.worksheet_range("Config").expect("config").height();
    assert_eq!(config_rows, config.effective().count() + 1);
}

#[test]
fn parquet_holds_the_trades_to_the_paisa() {
    let config = eager(&[]);
    let outcome = replayed(&config, WORKED);
    let bytes = tables::parquet(&outcome).expect("a table");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trades.parquet");
    std::fs::write(&path, bytes).expect("written");
    let file = std::fs::File::open(path).expect("opened");
    let reader = SerializedFileReader::new(file).expect("readable");
    let rows = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row"));
    for (row, trade) in rows.zip(&outcome.trades) {
        assert_eq!(row.get_timestamp_micros(1).expect("entry"), trade.entry_time.0);
        assert_eq!(row.get_long(4).expect("exit price"), trade.exit_price.0);
        assert_eq!(i128::from(row.get_long(8).expect("net")), trade.net.0);
        assert_eq!(row.get_string(9).expect("reason"), &trade.reason.to_string());
        let green = trade.at_entry.0[0].expect("the green count is always ready");
        assert_eq!(row.get_double(10).expect("entry_green_count"), green);
    }
    assert_eq!(reader.metadata().file_metadata().num_rows(), 4);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let config = eager(&[]);
    let csv = walk();
    let base = tempfile::tempdir().expect("a folder");
    let folders = [base.path().join("one"), base.path().join("two")];
    for folder in &folders {
        written(&config, &replayed(&config, &csv), &sampled(&config, &csv), folder);
    }
    for name in FILES {
        let [one, two] = folders.each_ref().map(|folder| std::fs::read(folder.join(name)));
        assert!(one.expect(name) == two.expect(name), "{name} differs");
    }
}

#[test]
fn a_run_without_a_tick_still_writes_everything() {
    let config = settings(&[]);
    let outcome = replayed(&config, "timestamp,price,volume\n");
    let base = tempfile::tempdir().expect("a folder");
    let folder = base.path().join("empty");
    written(&config, &outcome, &PriceSeries::default(), &folder);
    for name in FILES {
        assert!(std::fs::metadata(folder.join(name)).expect(name).len() > 0, "{name} is empty");
    }
    let json = std::fs::read_to_string(folder.join("result.json")).expect("json");
    let json: Value = serde_json::from_str(&json).expect("valid");
    assert_eq!(json["metrics"]["win_rate"], Value::Null);
    assert_eq!(json["metrics"]["max_drawdown"], 0.0);
    let page = std::fs::read_to_string(folder.join("report.html")).expect("page");
    assert!(page.contains("No trades.") && page.contains("No prices were kept."));
    assert!(!page.contains("NaN") && !page.contains("inf%"));
}

#[test]
fn every_figure_is_defined_in_the_document() {
    let config = settings(&[]);
    let outcome = replayed(&config, "timestamp,price,volume\n");
    let document = include_str!("../../../../docs/metrics.md");
    for figure in Metrics::of(&config, &outcome).figures() {
        let row = format!("| `{}` |", figure.key);
        assert!(document.contains(&row), "docs/metrics.md misses {}", figure.key);
    }
}

#[test]
fn amounts_are_grouped_in_lakh_and_crore() {
    assert_eq!(words::rupees(Money(1_234_567_890)), "₹1,23,45,678.90");
    assert_eq!(words::rupees(Money(-100_000)), "−₹1,000.00");
    assert_eq!(words::rupees(Money(99)), "₹0.99");
    assert_eq!(words::round_rupees(Money(10_000_000)), "₹1,00,000");
}

#[test]
fn round_steps_are_one_two_or_five() {
    let steps: Vec<i128> = [1, 2, 3, 5, 6, 10, 11, 4999].map(round_step).to_vec();
    assert_eq!(steps, [1, 2, 5, 5, 10, 10, 20, 5000]);
}
