//! The configuration: read once, checked as a whole, then frozen.
//!
//! [`load`] lays sources over the defaults and either returns a [`Config`] in which every value is
//! allowed, or every [`Problem`] there is.

mod keys;
mod problem;
mod read;
mod rules;
#[cfg(test)]
mod tests;

pub use keys::{KEYS, Key, Kind, Range, Schema, TextRule};
pub use problem::{Place, Problem, Problems};
pub use read::allowed;

use crate::units::{Micros, Money, Paise, Qty, Zone};
use read::{Entry, Reader, Value};
use rules::Values;

/// Where values come from; later sources win.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// A TOML file's name and text.
    File {
        /// The name shown in problems.
        name: &'a str,
        /// The whole text.
        text: &'a str,
    },
    /// One `--set section.key=value`; the value is TOML, bare text is a string.
    Set {
        /// Such as `risk.base_sl_points`.
        key: &'a str,
        /// The text after the equals sign.
        value: &'a str,
    },
}

/// Who wrote an effective value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it is the default.
    Default,
    /// A line of a file.
    File {
        /// The file's name.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// The command line.
    Set,
}

/// A time of day span [from, till) without entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First instant that is blocked, since midnight.
    pub from: Micros,
    /// First instant that is not.
    pub till: Micros,
}

/// The session's bounds as times of day in exchange time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Ticks before it are outside the session.
    pub start: Micros,
    /// Ticks from here on are outside; open positions are closed.
    pub close_from: Micros,
    /// First instant of entries.
    pub entry_from: Micros,
    /// First instant after the entries.
    pub entry_until: Micros,
    /// The session's own end.
    pub end: Micros,
}

/// `[instrument]`
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name, described in KEYS")]
pub struct Instrument {
    pub symbol: String,
    pub exchange: String,
    pub product_type: String,
    pub token: String,
    pub lot_size: Qty,
    pub tick_size: Paise,
}

/// `[session]`
#[derive(Clone, Debug)]
pub struct Session {
    /// The bounds that follow from hours, buffers and no-trade minutes.
    pub window: Window,
    /// Exchange time.
    pub zone: Zone,
    /// The trade blocks; empty where they are disabled.
    pub blocks: Vec<Block>,
}

/// `[strategy]`
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name, described in KEYS")]
pub struct Strategy {
    pub name: String,
    pub use_ema_crossover: bool,
    pub use_macd: bool,
    pub use_vwap: bool,
    pub use_htf_trend: bool,
    pub use_rsi_filter: bool,
    pub use_bollinger_bands: bool,
    pub use_stochastic: bool,
    pub use_atr: bool,
    pub use_consecutive_green: bool,
    pub fast_ema: i64,
    pub slow_ema: i64,
    pub macd_fast: i64,
    pub macd_slow: i64,
    pub macd_signal: i64,
    pub rsi_length: i64,
    pub rsi_overbought: f64,
    pub rsi_oversold: f64,
    pub bb_period: i64,
    pub bb_std_dev: f64,
    pub stoch_k: i64,
    pub stoch_d: i64,
    pub stoch_overbought: f64,
    pub atr_len: i64,
    pub atr_min_points: Paise,
    pub htf_period: i64,
    pub htf_seconds: i64,
    pub consecutive_green_bars: i64,
    pub control_base_sl_green_ticks_enabled: bool,
    pub control_base_sl_green_ticks: i64,
    pub min_warmup_ticks: i64,
    pub noise_filter_enabled: bool,
    pub noise_filter_percentage: f64,
    pub noise_filter_min_ticks: f64,
}

/// `[risk]`
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name, described in KEYS")]
pub struct Risk {
    pub max_positions_per_day: i64,
    /// `None` = off.
    pub max_loss_per_day: Option<Money>,
    /// `None` = off.
    pub max_entry_price: Option<Paise>,
    pub risk_per_trade_percent: f64,
    pub max_position_value_percent: f64,
    pub use_base_sl: bool,
    pub base_sl_points: Paise,
    pub sl_regression_enabled: bool,
    pub min_base_sl: Paise,
    pub sl_regression_step: Paise,
    pub sl_regression_window: Micros,
    /// Distance and share of each take-profit level, nearest first.
    pub take_profits: Vec<(Paise, f64)>,
    pub use_trail_stop: bool,
    pub trail_activation_points: Paise,
    pub trail_distance_points: Paise,
    pub price_above_exit_filter_enabled: bool,
    pub price_buffer_points: Paise,
    pub filter_duration: Micros,
    pub slippage_points: Paise,
    pub commission_percent: f64,
    pub commission_per_trade: Money,
    pub stt_percent: f64,
    pub exchange_charges_percent: f64,
    pub gst_percent: f64,
}

/// `[performance]`: the targets of a measurement, in nanoseconds.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the key of the same name, described in KEYS")]
pub struct Performance {
    pub pre_p99_ns: u64,
    pub post_p99_ns: u64,
    pub total_p99_ns: u64,
}

/// `[tuning]`: what is asked of the system for a measured run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the key of the same name, described in KEYS")]
pub struct Tuning {
    /// `None` = not pinned.
    pub pin: Option<usize>,
    pub busy_poll: bool,
    pub lock_memory: bool,
    pub no_delay: bool,
}

/// A complete configuration in which every value is allowed. It does not change after [`load`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is the section of the same name")]
pub struct Config {
    pub instrument: Instrument,
    pub session: Session,
    pub strategy: Strategy,
    pub risk: Risk,
    pub initial_capital: Money,
    pub performance: Performance,
    /// How far an exchange stamp may lie ahead of the receiving clock.
    pub max_future: Micros,
    /// `live.tokens_end`: when the broker ends a session, since midnight in India.
    pub tokens_end: Micros,
    /// How paper orders are filled.
    pub fill: Fill,
    pub tuning: Tuning,
    /// `orders.allow_market`: whether MARKET and IOC orders may reach the broker.
    pub allow_market: bool,
    schema: Schema,
    entries: Vec<Entry>,
}

/// At which price a market order fills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FillPrice {
    /// The last traded price of the tick, which the strategy's rules define.
    #[default]
    Last,
    /// The other side's best price where the tick has depth, else the last price.
    Touch,
}

/// `[fill]`
#[derive(Clone, Debug)]
pub struct Fill {
    /// At which price market orders fill.
    pub price: FillPrice,
    /// Time from a decision to its effect; zero = at once.
    pub latency: Micros,
    /// A file whose ages are drawn from instead; `None` = the constant latency.
    pub latency_from: Option<String>,
    /// Seed of the drawn latencies.
    pub seed: u64,
}

/// Lays the sources over the defaults of the standard keys; see [`Schema::load`].
///
/// Errors: as [`Schema::load`].
pub fn load(sources: &[Source<'_>]) -> Result<Config, Problems> {
    Schema::default().load(sources)
}

impl Schema {
    /// Lays the sources over the defaults, checks everything and freezes the result.
    ///
    /// Errors: [`Problems`] with one [`Problem`] for each thing that is wrong, in the order of the lines.
    pub fn load(&self, sources: &[Source<'_>]) -> Result<Config, Problems> {
        let mut reader = Reader::new(self);
        for source in sources {
            reader.read(source);
        }
        let Reader { entries, mut problems, .. } = reader;
        let values = Values { schema: self, entries: &entries };
        problems.extend(rules::broken(&values));
        if !problems.is_empty() {
            problems.sort_by_key(|problem| {
                let at = problem.place.as_ref();
                at.map_or((usize::MAX, usize::MAX), |at| (at.line, at.column))
            });
            let problems = problems.into_iter().map(Problem::without_secret).collect();
            return Err(Problems(problems));
        }
        let config = freeze(&values);
        let config = config.map(|config| Config { entries, schema: self.clone(), ..config });
        config.ok_or_else(unreachable_entry)
    }
}

/// A checked configuration always freezes; this is what a person sees if that is ever untrue.
fn unreachable_entry() -> Problems {
    Problems(vec![Problem {
        place: None,
        key: "configuration".to_owned(),
        value: "checked".to_owned(),
        rule: "passed every check but misses a key".to_owned(),
        fix: "report this as a bug with your configuration file".to_owned(),
    }])
}

fn freeze(values: &Values<'_>) -> Option<Config> {
    let text = |path| values.text(path).map(str::to_owned);
    let instrument = Instrument {
        symbol: text("instrument.symbol")?,
        exchange: text("instrument.exchange")?,
        product_type: text("instrument.product_type")?,
        token: text("instrument.token")?,
        lot_size: Qty(values.int("instrument.lot_size")?),
        tick_size: Paise::from_rupees(values.num("instrument.tick_size")?),
    };
    let blocks_on = values.flag("session.trade_block_enabled")?;
    let session = Session {
        window: values.window()?,
        zone: read::zone(values.text("session.timezone")?)?,
        blocks: if blocks_on { values.blocks("session.trade_blocks")?.to_vec() } else { vec![] },
    };
    let micros = |path| Some((values.num(path)? * 1000.0) as u64);
    Some(Config {
        instrument,
        session,
        strategy: strategy(values)?,
        risk: risk(values)?,
        initial_capital: money(values, "capital.initial_capital")?,
        performance: Performance {
            pre_p99_ns: micros("performance.pre_p99_us")?,
            post_p99_ns: micros("performance.post_p99_us")?,
            total_p99_ns: micros("performance.total_p99_us")?,
        },
        max_future: Micros::seconds(values.int("live.max_future_seconds")?),
        tokens_end: match values.text("live.tokens_end")? {
            "05:00" => Micros::minutes(5 * 60),
            _ => Micros(0),
        },
        fill: fill(values)?,
        tuning: Tuning {
            pin: usize::try_from(values.int("tuning.pin")?).ok(),
            busy_poll: values.flag("tuning.busy_poll")?,
            lock_memory: values.flag("tuning.lock_memory")?,
            no_delay: values.flag("tuning.no_delay")?,
        },
        allow_market: values.flag("orders.allow_market")?,
        schema: Schema::default(),
        entries: Vec::new(),
    })
}

fn fill(values: &Values<'_>) -> Option<Fill> {
    let from = values.text("fill.latency_from")?;
    Some(Fill {
        price: match values.text("fill.price")? {
            "touch" => FillPrice::Touch,
            _ => FillPrice::Last,
        },
        latency: Micros(values.int("fill.latency_us")?),
        latency_from: (!from.is_empty()).then(|| from.to_owned()),
        seed: values.int("fill.seed")? as u64,
    })
}

fn strategy(values: &Values<'_>) -> Option<Strategy> {
    Some(Strategy {
        name: values.text("strategy.name")?.to_owned(),
        use_ema_crossover: values.flag("strategy.use_ema_crossover")?,
        use_macd: values.flag("strategy.use_macd")?,
        use_vwap: values.flag("strategy.use_vwap")?,
        use_htf_trend: values.flag("strategy.use_htf_trend")?,
        use_rsi_filter: values.flag("strategy.use_rsi_filter")?,
        use_bollinger_bands: values.flag("strategy.use_bollinger_bands")?,
        use_stochastic: values.flag("strategy.use_stochastic")?,
        use_atr: values.flag("strategy.use_atr")?,
        use_consecutive_green: values.flag("strategy.use_consecutive_green")?,
        fast_ema: values.int("strategy.fast_ema")?,
        slow_ema: values.int("strategy.slow_ema")?,
        macd_fast: values.int("strategy.macd_fast")?,
        macd_slow: values.int("strategy.macd_slow")?,
        macd_signal: values.int("strategy.macd_signal")?,
        rsi_length: values.int("strategy.rsi_length")?,
        rsi_overbought: values.num("strategy.rsi_overbought")?,
        rsi_oversold: values.num("strategy.rsi_oversold")?,
        bb_period: values.int("strategy.bb_period")?,
        bb_std_dev: values.num("strategy.bb_std_dev")?,
        stoch_k: values.int("strategy.stoch_k")?,
        stoch_d: values.int("strategy.stoch_d")?,
        stoch_overbought: values.num("strategy.stoch_overbought")?,
        atr_len: values.int("strategy.atr_len")?,
        atr_min_points: paise(values, "strategy.atr_min_points")?,
        htf_period: values.int("strategy.htf_period")?,
        htf_seconds: values.int("strategy.htf_seconds")?,
        consecutive_green_bars: values.int("strategy.consecutive_green_bars")?,
        control_base_sl_green_ticks_enabled: values
            .flag("strategy.control_base_sl_green_ticks_enabled")?,
        control_base_sl_green_ticks: values.int("strategy.control_base_sl_green_ticks")?,
        min_warmup_ticks: values.int("strategy.min_warmup_ticks")?,
        noise_filter_enabled: values.flag("strategy.noise_filter_enabled")?,
        noise_filter_percentage: values.num("strategy.noise_filter_percentage")?,
        noise_filter_min_ticks: values.num("strategy.noise_filter_min_ticks")?,
    })
}

fn risk(values: &Values<'_>) -> Option<Risk> {
    let points = values.list("risk.tp_points")?.iter().map(|points| Paise::from_rupees(*points));
    let shares = values.list("risk.tp_percents")?.iter().copied();
    let max_loss = values.num("risk.max_loss_per_day")?;
    let max_entry = values.num("risk.max_entry_price")?;
    Some(Risk {
        max_positions_per_day: values.int("risk.max_positions_per_day")?,
        max_loss_per_day: money(values, "risk.max_loss_per_day").filter(|_| max_loss > 0.0),
        max_entry_price: paise(values, "risk.max_entry_price").filter(|_| max_entry > 0.0),
        risk_per_trade_percent: values.num("risk.risk_per_trade_percent")?,
        max_position_value_percent: values.num("risk.max_position_value_percent")?,
        use_base_sl: values.flag("risk.use_base_sl")?,
        base_sl_points: paise(values, "risk.base_sl_points")?,
        sl_regression_enabled: values.flag("risk.sl_regression_enabled")?,
        min_base_sl: paise(values, "risk.min_base_sl")?,
        sl_regression_step: paise(values, "risk.sl_regression_step")?,
        sl_regression_window: Micros::minutes(values.int("risk.sl_regression_window_minutes")?),
        take_profits: points.zip(shares).collect(),
        use_trail_stop: values.flag("risk.use_trail_stop")?,
        trail_activation_points: paise(values, "risk.trail_activation_points")?,
        trail_distance_points: paise(values, "risk.trail_distance_points")?,
        price_above_exit_filter_enabled: values.flag("risk.price_above_exit_filter_enabled")?,
        price_buffer_points: paise(values, "risk.price_buffer_points")?,
        filter_duration: Micros::seconds(values.int("risk.filter_duration_seconds")?),
        slippage_points: paise(values, "risk.slippage_points")?,
        commission_percent: values.num("risk.commission_percent")?,
        commission_per_trade: money(values, "risk.commission_per_trade")?,
        stt_percent: values.num("risk.stt_percent")?,
        exchange_charges_percent: values.num("risk.exchange_charges_percent")?,
        gst_percent: values.num("risk.gst_percent")?,
    })
}

fn paise(values: &Values<'_>, path: &str) -> Option<Paise> {
    values.num(path).map(Paise::from_rupees)
}

fn money(values: &Values<'_>, path: &str) -> Option<Money> {
    values.num(path).map(|rupees| Money(i128::from(Paise::from_rupees(rupees).0)))
}

impl Config {
    fn values(&self) -> Values<'_> {
        Values { schema: &self.schema, entries: &self.entries }
    }

    /// A whole number of a strategy's own key; `None` if there is no such key.
    #[must_use]
    pub fn int(&self, path: &str) -> Option<i64> {
        self.values().int(path)
    }

    /// A number of a strategy's own key; `None` if there is no such key.
    #[must_use]
    pub fn num(&self, path: &str) -> Option<f64> {
        self.values().num(path)
    }

    /// A number of points of a strategy's own key, in paise; `None` if there is no such key.
    #[must_use]
    pub fn points(&self, path: &str) -> Option<Paise> {
        paise(&self.values(), path)
    }

    /// A switch of a strategy's own key; `None` if there is no such key.
    #[must_use]
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.values().flag(path)
    }

    /// Every key with its effective value as TOML text and who wrote it, in the order of the schema.
    pub fn effective(&self) -> impl Iterator<Item = (&Key, String, &Origin)> {
        let rows = self.schema.keys().iter().zip(&self.entries);
        rows.filter_map(|(key, entry)| Some((key, canonical(entry.value.as_ref()?), &entry.origin)))
    }

    /// The whole configuration as TOML in canonical form: all keys, fixed order, one form per value.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut section = "";
        for (key, value, _origin) in self.effective() {
            let (in_section, name) = key.path.split_once('.').unwrap_or(("", key.path));
            if in_section != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                out.push_str(&format!("{gap}[{in_section}]\n"));
                section = in_section;
            }
            out.push_str(&format!("{name} = {value}\n"));
        }
        out
    }
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Num(num) => format!("{num:?}"),
        Value::Text(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Blocks(blocks) => {
            let time = |time: Micros| {
                let seconds = time.0 / 1_000_000;
                format!("\"{:02}:{:02}:{:02}\"", seconds / 3600, seconds / 60 % 60, seconds % 60)
            };
            let tables: Vec<String> = blocks
                .iter()
                .map(|block| {
                    format!("{{ start = {}, end = {} }}", time(block.from), time(block.till))
                })
                .collect();
            format!("[{}]", tables.join(", "))
        }
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
