//! The rules between keys, each checked when its own keys are fine.

use super::keys::Schema;
use super::problem::Problem;
use super::read::{Entry, Value};
use crate::units::Micros;

/// Read access to the values by name; `None` where a value was refused.
pub(super) struct Values<'a> {
    pub(super) schema: &'a Schema,
    pub(super) entries: &'a [Entry],
}

impl Values<'_> {
    fn value(&self, path: &str) -> Option<&Value> {
        self.entries.get(self.schema.index_of(path)?)?.value.as_ref()
    }

    pub(super) fn flag(&self, path: &str) -> Option<bool> {
        if let Value::Bool(flag) = self.value(path)? { Some(*flag) } else { None }
    }

    pub(super) fn int(&self, path: &str) -> Option<i64> {
        if let Value::Int(int) = self.value(path)? { Some(*int) } else { None }
    }

    pub(super) fn num(&self, path: &str) -> Option<f64> {
        if let Value::Num(num) = self.value(path)? { Some(*num) } else { None }
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        if let Value::Text(text) = self.value(path)? { Some(text) } else { None }
    }

    pub(super) fn list(&self, path: &str) -> Option<&[f64]> {
        if let Value::List(list) = self.value(path)? { Some(list) } else { None }
    }

    pub(super) fn blocks(&self, path: &str) -> Option<&[super::Block]> {
        if let Value::Blocks(blocks) = self.value(path)? { Some(blocks) } else { None }
    }

    fn minutes(&self, path: &str) -> Option<Micros> {
        self.int(path).map(Micros::minutes)
    }

    /// The session's start and end as times of day.
    fn session(&self) -> Option<(Micros, Micros)> {
        let at = |hour, min| Some(Micros::minutes(self.int(hour)? * 60 + self.int(min)?));
        let start = at("session.start_hour", "session.start_min")?;
        Some((start, at("session.end_hour", "session.end_min")?))
    }

    /// The session's bounds as times of day: start, close_from, entry_from, entry_until, end.
    pub(super) fn window(&self) -> Option<super::Window> {
        let (start, end) = self.session()?;
        let buffer = self.minutes("session.start_buffer_minutes")?;
        let quiet = self.minutes("session.no_trade_start_minutes")?;
        let close_from = Micros(end.0 - self.minutes("session.end_buffer_minutes")?.0);
        let quiet_end = Micros(end.0 - self.minutes("session.no_trade_end_minutes")?.0);
        Some(super::Window {
            start,
            close_from,
            entry_from: Micros(start.0 + buffer.max(quiet).0),
            entry_until: close_from.min(quiet_end),
            end,
        })
    }

    fn refuse(&self, path: &str, rule: String, fix: &str) -> Option<Problem> {
        let entry = self.entries.get(self.schema.index_of(path)?)?;
        Some(Problem {
            place: entry.place.clone(),
            key: path.to_owned(),
            value: entry.shown.clone(),
            rule,
            fix: fix.to_owned(),
        })
    }
}

/// Every rule that is broken.
pub(super) fn broken(values: &Values<'_>) -> Vec<Problem> {
    let found = [
        session_order(values),
        entry_window(values),
        below(values, "strategy.use_ema_crossover", "strategy.fast_ema", "strategy.slow_ema"),
        below(values, "strategy.use_macd", "strategy.macd_fast", "strategy.macd_slow"),
        rsi_band(values),
        base_stop(values),
        least_stop(values),
        level_count(values),
        level_order(values),
        level_sum(values),
    ];
    found.into_iter().flatten().collect()
}

fn session_order(values: &Values<'_>) -> Option<Problem> {
    let (start, end) = values.session()?;
    if start < end {
        return None;
    }
    let rule = "must make the session end after its start".to_owned();
    values.refuse("session.end_hour", rule, "set an end later on the same day, such as 15 and 30")
}

fn entry_window(values: &Values<'_>) -> Option<Problem> {
    let window = values.window()?;
    if window.start >= window.end || window.entry_from < window.entry_until {
        return None;
    }
    let rule = "must leave a time in which entries are possible".to_owned();
    let fix = "lower the buffers and no-trade minutes at both ends of the session";
    values.refuse("session.start_buffer_minutes", rule, fix)
}

fn below(values: &Values<'_>, switch: &str, fast: &str, slow: &str) -> Option<Problem> {
    if !values.flag(switch)? {
        return None;
    }
    let (fast_is, slow_is) = (values.int(fast)?, values.int(slow)?);
    if fast_is < slow_is {
        return None;
    }
    let rule = format!("must be < {slow}, which is {slow_is}");
    values.refuse(fast, rule, &format!("lower it, raise {slow}, or set {switch} = false"))
}

fn rsi_band(values: &Values<'_>) -> Option<Problem> {
    if !values.flag("strategy.use_rsi_filter")? {
        return None;
    }
    let overbought = values.num("strategy.rsi_overbought")?;
    if values.num("strategy.rsi_oversold")? < overbought {
        return None;
    }
    let rule = format!("must be < strategy.rsi_overbought, which is {overbought}");
    let fix = "lower it, or set strategy.use_rsi_filter = false";
    values.refuse("strategy.rsi_oversold", rule, fix)
}

fn base_stop(values: &Values<'_>) -> Option<Problem> {
    if !values.flag("risk.use_base_sl")? || values.num("risk.base_sl_points")? > 0.0 {
        return None;
    }
    let fix = "set a stop distance such as 15.0, or set risk.use_base_sl = false to trade without a \
               base stop";
    values.refuse("risk.base_sl_points", "must be > 0 (points)".to_owned(), fix)
}

fn least_stop(values: &Values<'_>) -> Option<Problem> {
    let on = values.flag("risk.use_base_sl")? && values.flag("risk.sl_regression_enabled")?;
    let base = values.num("risk.base_sl_points")?;
    if !on || values.num("risk.min_base_sl")? <= base {
        return None;
    }
    let rule = format!("must be at most risk.base_sl_points, which is {base}");
    let fix = "lower it, raise risk.base_sl_points, or set risk.sl_regression_enabled = false";
    values.refuse("risk.min_base_sl", rule, fix)
}

fn level_count(values: &Values<'_>) -> Option<Problem> {
    let points = values.list("risk.tp_points")?.len();
    let percents = values.list("risk.tp_percents")?.len();
    if points == percents {
        return None;
    }
    let rule = format!("must have one entry per level, it has {percents} for {points} levels");
    values.refuse("risk.tp_percents", rule, "give risk.tp_points and risk.tp_percents one length")
}

fn level_order(values: &Values<'_>) -> Option<Problem> {
    let points = values.list("risk.tp_points")?;
    if points.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let rule = "must be strictly increasing".to_owned();
    values.refuse("risk.tp_points", rule, "sort the levels and drop equal ones")
}

fn level_sum(values: &Values<'_>) -> Option<Problem> {
    let sum = values.list("risk.tp_percents")?.iter().fold(0.0, |sum, share| sum + share);
    if sum <= 1.0 + 1e-9 {
        return None;
    }
    let rule = format!("must add up to at most 1, they add up to {}", (sum * 1e9).round() / 1e9);
    values.refuse("risk.tp_percents", rule, "lower the fractions")
}
