//! What holds for every configuration and every stream of ticks; a failure prints its seed.

use std::collections::BTreeMap;

use engine::config::{Config, Source, load};
use engine::probe::{Counter, Disturbances, Meter, Off, Stage, Stamps};
use engine::replay::{Outcome, run};
use engine::tick_path::TickPath;
use engine::tick_path::feed::RawTick;
use engine::tick_path::position::{ExitReason, Trade};
use engine::tick_path::strategy::{Compute, Momentum, Strategy};
use engine::units::{EventTime, Micros, Money, Paise, Qty};
use engine::venue::{FillModel, FillPrice, Latency};
use proptest::prelude::*;

/// xorshift64*: the same stream for a seed everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, sides: u64) -> i64 {
        (self.roll() % sides) as i64
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// A configuration in which every switch and many numbers are thrown.
fn config(dice: &mut Dice, initial: Option<Money>) -> Vec<(&'static str, String)> {
    let choices: &[(&str, &[&str])] = &[
        ("strategy.use_ema_crossover", &["true", "false"]),
        ("strategy.use_macd", &["true", "false", "false"]),
        ("strategy.use_vwap", &["true", "false", "false"]),
        ("strategy.use_htf_trend", &["true", "false", "false"]),
        ("strategy.use_rsi_filter", &["true", "false", "false"]),
        ("strategy.use_bollinger_bands", &["true", "false", "false"]),
        ("strategy.use_stochastic", &["true", "false", "false"]),
        ("strategy.use_atr", &["true", "false", "false"]),
        ("strategy.noise_filter_enabled", &["true", "false"]),
        ("strategy.consecutive_green_bars", &["0", "1", "2", "3"]),
        ("strategy.min_warmup_ticks", &["0", "7", "50"]),
        ("session.trade_block_enabled", &["true", "false"]),
        ("session.trade_blocks", &["[]", "[{start=\"10:00\", end=\"10:30:30\"}]"]),
        ("session.end_buffer_minutes", &["0", "10", "40"]),
        ("risk.max_positions_per_day", &["1", "4", "100"]),
        ("risk.max_loss_per_day", &["0", "500", "5000"]),
        ("risk.use_base_sl", &["true", "true", "false"]),
        ("risk.sl_regression_enabled", &["true", "false"]),
        ("risk.use_trail_stop", &["true", "false"]),
        ("risk.tp_points", &["[5, 12, 15, 17]", "[0.05, 0.1, 3, 40]"]),
        ("risk.slippage_points", &["0", "0.05", "1.35"]),
        ("risk.commission_per_trade", &["0", "20"]),
        ("risk.max_entry_price", &["0", "0", "150"]),
        ("risk.price_above_exit_filter_enabled", &["true", "false"]),
        ("instrument.lot_size", &["1", "15", "75"]),
    ];
    let mut sets: Vec<_> =
        choices.iter().map(|(key, values)| (*key, dice.pick(values).to_owned())).collect();
    let capital = initial
        .map_or_else(|| dice.pick(&["100000", "9000", "2500000"]).to_owned(), |m| m.to_string());
    sets.push(("capital.initial_capital", capital));
    sets
}

fn frozen(sets: &[(&'static str, String)]) -> Config {
    let sources: Vec<_> = sets.iter().map(|(key, value)| Source::Set { key, value }).collect();
    load(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}

/// 09:10 in India on 6 Oct 2025.
const FIRST: EventTime = EventTime(1_759_722_000_000_000);

/// Days of a random walk with runs, gaps, equal times, late rows and unreadable cells.
fn ticks(dice: &mut Dice, days: i64) -> Vec<RawTick> {
    let mut rows = Vec::new();
    let mut price = 8_000 + dice.below(14_000);
    for day in 0..days {
        let mut time = FIRST + Micros(day * Micros::DAY.0);
        let end = time + Micros::minutes(380);
        let pace = 1 + dice.below(30) as u64;
        let mut drift = 0;
        while time < end {
            if dice.one_in(40) {
                drift = dice.below(5) - 2;
            }
            price = (price + (dice.below(9) - 4 + drift) * 5).max(5);
            let late = if dice.one_in(60) { Micros::seconds(dice.below(90)) } else { Micros(0) };
            rows.push(RawTick {
                time: Some(time - late).filter(|_| !dice.one_in(200)),
                price: Some(Paise(price)).filter(|_| !dice.one_in(200)),
                volume: Some(Qty(dice.below(4) * 75)).filter(|_| !dice.one_in(50)),
                touch: None,
            });
            time = time + Micros(dice.below(pace * 2_000_000));
        }
    }
    rows
}

fn replay(config: &Config, rows: &[RawTick]) -> Outcome {
    run(config, Momentum::new(config), FillModel::default(), rows.iter().copied())
}

fn day_of(config: &Config, time: EventTime) -> EventTime {
    config.session.zone.day_start(time)
}

/// The sales of each position, by its entry's place in the order of entries.
fn positions(trades: &[Trade]) -> Vec<Vec<Trade>> {
    let mut all: Vec<Vec<Trade>> = Vec::new();
    for trade in trades {
        match all.last_mut().filter(|last| last[0].position == trade.position) {
            Some(last) => last.push(*trade),
            None => all.push(vec![*trade]),
        }
    }
    all
}

fn assert_books_balance(config: &Config, outcome: &Outcome) {
    let counts = &outcome.counts;
    assert_eq!(outcome.net(), outcome.ending_capital - outcome.starting_capital);
    assert_eq!(counts.ticks, counts.rejected_ticks + counts.outside_session + counts.processed);
    assert_eq!(counts.signals, counts.entries + counts.entries_refused);
    assert!(outcome.ending_capital >= Money::ZERO);
    let lot = config.instrument.lot_size.0;
    let all = positions(&outcome.trades);
    assert_eq!(all.len() as u64, counts.entries, "every position was closed");
    for sales in &all {
        assert!(sales.iter().all(|sale| sale.quantity.0 > 0 && sale.quantity.0 % lot == 0));
        assert!(sales.iter().all(|sale| sale.exit_time >= sale.entry_time));
        assert!(sales.iter().all(|sale| sale.net == sale.gross - sale.costs));
    }
    for pair in all.windows(2) {
        let last = pair[0].last().expect("a sale").exit_time;
        assert!(pair[1][0].entry_time >= last, "positions overlap");
    }
}

fn assert_entries_are_allowed(config: &Config, outcome: &Outcome) {
    let window = config.session.window;
    let mut per_day: BTreeMap<EventTime, i64> = BTreeMap::new();
    let mut halted_days = Vec::new();
    for sales in positions(&outcome.trades) {
        let day = day_of(config, sales[0].entry_time);
        let of_day = sales[0].entry_time - day;
        assert!(of_day >= window.entry_from && of_day < window.entry_until);
        assert!(!config.session.blocks.iter().any(|b| of_day >= b.from && of_day < b.till));
        *per_day.entry(day).or_default() += 1;
        assert!(!halted_days.contains(&day), "an entry after the loss limit");
        if sales.last().expect("a sale").reason == ExitReason::DailyLossLimit {
            halted_days.push(day);
        }
        let exit_day = day_of(config, sales.last().expect("a sale").exit_time);
        assert_eq!(exit_day, day, "nothing is carried overnight");
    }
    assert!(per_day.values().all(|entries| *entries <= config.risk.max_positions_per_day));
}

/// A clock that counts its readings: tracing with it is as good as any.
#[derive(Clone, Default)]
struct Counting(std::cell::Cell<u64>);

impl Counter for Counting {
    fn raw(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }

    fn nanos(&self, from: u64, till: u64) -> u64 {
        till - from
    }

    fn disturbances(&self) -> Option<Disturbances> {
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn money_quantities_and_windows_hold(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let config = frozen(&config(&mut dice, None));
        let rows = ticks(&mut dice, 2);
        let outcome = replay(&config, &rows);
        assert_books_balance(&config, &outcome);
        assert_entries_are_allowed(&config, &outcome);
        prop_assert_eq!(&replay(&config, &rows), &outcome, "same input, same output");
    }

    #[test]
    fn rejected_rows_change_no_trade(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let config = frozen(&config(&mut dice, None));
        let rows = ticks(&mut dice, 2);
        let mut last = EventTime::MIN;
        let accepted: Vec<RawTick> = rows.iter().copied().filter(|row| {
            let good = row.price.is_some() && row.time.is_some_and(|time| time >= last);
            if good {
                last = row.time.unwrap_or(last);
            }
            good
        }).collect();
        prop_assert_eq!(replay(&config, &accepted).trades, replay(&config, &rows).trades);
    }

    #[test]
    fn cutting_the_future_off_changes_nothing_before_the_cut(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let config = frozen(&config(&mut dice, None));
        let rows = ticks(&mut dice, 2);
        let cut = dice.below(rows.len() as u64) as usize;
        let whole = replay(&config, &rows).trades;
        let before = replay(&config, &rows[..cut]).trades;
        let settled = before.iter().filter(|trade| trade.reason != ExitReason::EndOfData).count();
        prop_assert_eq!(&before[..settled], &whole[..settled]);
    }

    #[test]
    fn each_day_alone_with_last_evenings_cash_gives_the_same_trades(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let sets = config(&mut dice, None);
        let whole_config = frozen(&sets);
        let rows = ticks(&mut dice, 3);
        let whole = replay(&whole_config, &rows).trades;
        let mut cash = whole_config.initial_capital;
        let mut together = Vec::new();
        for day in 0..3 {
            let from = whole_config.session.zone.day_start(FIRST) + Micros(day * Micros::DAY.0);
            let of_day = |row: &&RawTick| {
                row.time.is_some_and(|time| time >= from && time < from + Micros::DAY)
            };
            let rows: Vec<RawTick> = rows.iter().filter(of_day).copied().collect();
            let mut sets = sets.clone();
            sets.retain(|(key, _)| *key != "capital.initial_capital");
            sets.push(("capital.initial_capital", cash.to_string()));
            let outcome = replay(&frozen(&sets), &rows);
            cash = outcome.ending_capital;
            let before = together.last().map_or(0, |last: &Trade| last.position);
            let counted_on = |trade: Trade| Trade { position: before + trade.position, ..trade };
            together.extend(outcome.trades.into_iter().map(counted_on));
        }
        // A day that is replayed alone ends with its data, where the whole closes it overnight.
        let plain = |trades: Vec<Trade>| -> Vec<Trade> {
            trades.into_iter().map(|trade| match trade.reason {
                ExitReason::EndOfData => Trade { reason: ExitReason::SessionEnd, ..trade },
                _ => trade,
            }).collect()
        };
        prop_assert_eq!(plain(together), plain(whole));
    }

    #[test]
    fn tracing_and_dumping_indicators_change_no_trade(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let config = frozen(&config(&mut dice, None));
        let rows = ticks(&mut dice, 1);
        let plain = replay(&config, &rows);
        let meter = Meter::new(Counting::default(), Stage::Broker, 0);
        let all = Momentum::computing(&config, Compute::All);
        let mut traced = TickPath::replay(&config, all, FillModel::default(), meter);
        for row in &rows {
            traced.on_row(*row, Stamps::tick(1));
        }
        traced.finish(ExitReason::EndOfData);
        let outcome = Outcome::of(&config, &traced);
        let bare = |trade: &Trade| Trade {
            at_entry: Default::default(), at_exit: Default::default(), ..*trade
        };
        prop_assert_eq!(
            outcome.trades.iter().map(bare).collect::<Vec<_>>(),
            plain.trades.iter().map(bare).collect::<Vec<_>>()
        );
        prop_assert_eq!(outcome.counts, plain.counts);
        prop_assert_eq!(traced.frames().traced, traced.trader().probe().filed());
        prop_assert!(traced.frames().complete());
    }

    #[test]
    fn a_latency_delays_every_fill_and_loses_no_money(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let config = frozen(&config(&mut dice, None));
        let rows = ticks(&mut dice, 2);
        let delay = Micros(1 + dice.below(5_000_000));
        let fills = FillModel::new(FillPrice::Last, Latency::Constant(delay));
        let mut path = TickPath::replay(&config, Momentum::new(&config), fills, Off);
        let mut flat = 0;
        for row in &rows {
            let before = (path.trader().tally(), path.trader().account().is_open());
            path.on_row(*row, ());
            let tally = path.trader().tally();
            prop_assert!(path.trader().account().cash() >= Money::ZERO);
            // A position left from an older day is closed before the new day's first tick counts.
            let began_flat = !before.1 || tally.days > before.0.days;
            flat += u64::from(began_flat && tally.processed > before.0.processed);
        }
        path.finish(ExitReason::EndOfData);
        let outcome = Outcome::of(&config, &path);
        assert_entries_are_allowed(&config, &outcome);
        prop_assert_eq!(outcome.net(), outcome.ending_capital - outcome.starting_capital);
        let tally = path.trader().tally();
        let told = outcome.blocked.values().sum::<u64>() + tally.signals + tally.pending;
        prop_assert_eq!(told, flat, "every flat tick has its reason");
        prop_assert_eq!(tally.signals, tally.entries + outcome.counts.entries_refused + tally.unfilled);
    }
}

#[test]
fn the_largest_amounts_do_not_overflow() {
    let text = |value: &str| value.to_owned();
    let config = frozen(&[
        ("capital.initial_capital", text("1e12")),
        ("instrument.lot_size", text("1")),
        ("risk.use_base_sl", text("false")),
        ("risk.max_position_value_percent", text("100")),
        ("risk.commission_percent", text("0.01")),
        ("risk.max_loss_per_day", text("0")),
        ("risk.use_trail_stop", text("false")),
        ("risk.tp_points", text("[0.01, 1000000]")),
        ("risk.tp_percents", text("[0.5, 0.5]")),
        ("strategy.min_warmup_ticks", text("0")),
        ("strategy.consecutive_green_bars", text("0")),
        ("strategy.use_ema_crossover", text("false")),
        ("strategy.use_vwap", text("true")),
        ("strategy.use_bollinger_bands", text("true")),
        ("strategy.bb_period", text("2")),
        ("strategy.bb_std_dev", text("100")),
        ("risk.price_above_exit_filter_enabled", text("false")),
    ]);
    let start = config.session.zone.day_start(FIRST) + config.session.window.entry_from;
    let prices =
        [1, 2, 100_000_000_000, 1, 2, 100_000_000_000, 99_999_999_999, 3, 4, 100_000_000_000];
    let rows = prices.iter().cycle().take(400).zip(0..).map(|(price, second)| RawTick {
        time: Some(start + Micros::seconds(second)),
        price: Some(Paise(*price)),
        volume: Some(Qty(RawTick::MAX_VOLUME)),
        touch: None,
    });
    let outcome = run(&config, Momentum::new(&config), FillModel::default(), rows);
    assert!(outcome.counts.entries > 1, "{:?}", outcome.counts);
    assert_eq!(outcome.net(), outcome.ending_capital - outcome.starting_capital);
}

#[test]
fn a_delay_of_nothing_is_no_delay_and_a_long_one_changes_the_fills() {
    let mut dice = Dice::new(11);
    let config = frozen(&[]);
    let rows = ticks(&mut dice, 2);
    let with = |latency| {
        let fills = FillModel::new(FillPrice::Last, latency);
        run(&config, Momentum::new(&config), fills, rows.iter().copied())
    };
    let at_once = with(Latency::None);
    let later = with(Latency::Constant(Micros::seconds(3)));
    assert!(at_once.counts.entries > 2, "{} entries", at_once.counts.entries);
    assert_ne!(at_once.trades, later.trades);
    assert_eq!(later.trades, with(Latency::Constant(Micros::seconds(3))).trades);
    let measured = || Latency::Measured { values: vec![Micros(5), Micros::seconds(9)], seed: 3 };
    assert_eq!(with(measured()).trades, with(measured()).trades);
}

#[test]
fn another_utc_offset_of_a_file_gives_the_same_trades() {
    let file = crate::common::ticks("rw_calm.csv").expect("ticks");
    let text = String::from_utf8(file).expect("text");
    let utc: String = text
        .lines()
        .map(|line| match line.split_once("+05:30,") {
            Some((stamp, rest)) => format!("{},{rest}\n", in_utc(stamp)),
            None => format!("{line}\n"),
        })
        .collect();
    let config = frozen(&[]);
    let replayed = |text: &str| {
        let rows = engine::replay::CsvRows::new(text.as_bytes(), config.session.zone);
        run(&config, Momentum::new(&config), FillModel::default(), rows.expect("columns"))
    };
    let (indian, utc) = (replayed(&text), replayed(&utc));
    assert!(indian.counts.entries > 0);
    assert_eq!(indian, utc);
}

/// An Indian stamp as the same instant in UTC with a `Z`.
fn in_utc(stamp: &str) -> String {
    let header = format!("timestamp,price\n{stamp}+05:30,1\n");
    let zone = engine::units::Zone::INDIA;
    let mut rows = engine::replay::CsvRows::new(header.as_bytes(), zone).expect("columns");
    let time = rows.next().and_then(|row| row.time).expect("a time");
    let utc = engine::units::Zone { offset: Micros(0) }.iso(time);
    utc.replace("+00:00", "Z")
}
