//! Why the strategy was not in a trade, in people's words.

use std::collections::BTreeMap;

use engine::replay::Outcome;

/// One reason and how often it was the first one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Why {
    /// The reason's name in `result.json`.
    pub(super) name: &'static str,
    pub(super) words: String,
    pub(super) count: u64,
    /// Of all ticks, or signals, that could have become an entry.
    pub(super) share: f64,
}

/// Flat ticks without a signal by the first failing condition, most frequent first.
pub(super) fn blocked(outcome: &Outcome) -> Vec<Why> {
    let mut counts = outcome.blocked.clone();
    if outcome.pending > 0 {
        counts.insert("pending", outcome.pending);
    }
    let flat = counts.values().sum::<u64>() + outcome.counts.signals;
    ranked(&counts, flat)
}

/// Signals that were not filled, most frequent first.
pub(super) fn refused(outcome: &Outcome) -> Vec<Why> {
    ranked(&outcome.refusals, outcome.counts.signals)
}

fn ranked(counts: &BTreeMap<&'static str, u64>, all: u64) -> Vec<Why> {
    let why = |(&name, &count): (&&'static str, &u64)| {
        let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
        Why { name, words: words(name), count, share }
    };
    let mut rows: Vec<Why> = counts.iter().map(why).collect();
    rows.sort_by_key(|why| std::cmp::Reverse(why.count));
    rows
}

/// A sentence for a reason of ours; a strategy's own reason is its name.
fn words(name: &str) -> String {
    let known = match name {
        "halted" => "the day's loss limit was reached",
        "warm_up" => "warm-up: too few ticks of the day yet",
        "max_positions" => "the day's number of entries is used up",
        "window" => "outside the entry window, or in a trade block",
        "green" => "the green-tick rule: too few rising ticks in a row",
        "price_filter" => "too near the last stop-out price",
        "ema_crossover" => "the fast EMA is not above the slow one",
        "macd" => "MACD is not above its signal",
        "vwap" => "the price is not above the VWAP",
        "htf_trend" => "the price is not above the EMA of the higher time frame",
        "rsi" => "the RSI is not between its bounds",
        "atr" => "the ATR is too small",
        "bollinger" => "the price is not between the Bollinger bands",
        "stochastic" => "%K is not above %D, or overbought",
        "pending" => "an order was on its way, so nothing else was decided",
        "max_entry_price" => "the fill would have been above risk.max_entry_price",
        "no_lot_fits" => "not one lot fits value, risk and cash",
        "order_still_on_its_way" => "the data ended before the order was filled",
        _ => return name.replace('_', " "),
    };
    known.to_owned()
}
