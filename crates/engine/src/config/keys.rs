//! Table: every configuration key with its type, range, default, unit and meaning: the one source of defaults.

/// One configuration key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Section and name, such as `risk.base_sl_points`.
    pub path: &'static str,
    /// Type and range.
    pub kind: Kind,
    /// The default as TOML text.
    pub default: &'static str,
    /// The unit of the value; empty where it has none.
    pub unit: &'static str,
    /// What it does, in one sentence without the full stop.
    pub about: &'static str,
}

/// The type and the range of a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A TOML integer within inclusive bounds.
    Int(i64, i64),
    /// An integer or a finite float.
    Num(Range),
    /// A number of points that is a whole number of paise.
    Points(Range),
    /// Text.
    Text(TextRule),
    /// At most so many numbers of points, each a whole number of paise.
    PointsList(usize, Range),
    /// Numbers.
    NumList(Range),
    /// Tables of `start` and `end`.
    Blocks,
}

/// The allowed numbers.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The lower bound.
    pub min: f64,
    /// Whether `min` itself is refused.
    pub open: bool,
    /// The upper bound, inclusive.
    pub max: f64,
}

/// The allowed texts.
#[derive(Clone, Copy, Debug)]
pub enum TextRule {
    /// Anything.
    Any,
    /// At least one character that is not a blank.
    NotBlank,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A time zone without daylight saving.
    Zone,
}

const fn from(min: f64, max: f64) -> Range {
    Range { min, open: false, max }
}

const fn above(min: f64, max: f64) -> Range {
    Range { min, open: true, max }
}

const fn key(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    unit: &'static str,
    about: &'static str,
) -> Key {
    Key { path, kind, default, unit, about }
}

use super::problem::Problem;

use Kind::{Blocks, Bool, Int, Num, NumList, Points, PointsList, Text};

const POINTS: Range = from(0.0, 1e6);
const SOME_POINTS: Range = above(0.0, 1e6);
const TICKS: Kind = Int(1, 10_000);
const PERCENT: Range = above(0.0, 100.0);
const RATE: Range = from(0.0, 10.0);
const DAY_MINUTES: Kind = Int(0, 1439);

/// Every key, in the order in which configurations are written and hashed.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("instrument.symbol", Text(TextRule::NotBlank), "\"NIFTY\"", "", "label of the traded contract"),
    key("instrument.exchange", Text(TextRule::OneOf(&["NSE", "NFO", "BSE", "BFO", "MCX"])), "\"NFO\"", "", "segment of subscription and orders; currency has prices below a paisa and cannot be traded"),
    key("instrument.product_type", Text(TextRule::OneOf(&["INTRADAY", "CARRYFORWARD", "DELIVERY"])), "\"INTRADAY\"", "", "product of the orders, without effect on decisions"),
    key("instrument.token", Text(TextRule::Any), "\"\"", "", "the broker's token, needed live only"),
    key("instrument.lot_size", Int(1, 1_000_000), "75", "units", "units per lot"),
    key("instrument.tick_size", Points(above(0.0, 1000.0)), "0.05", "points", "price step, for the noise filter and as the floor under slippage"),
    key("session.start_hour", Int(0, 23), "9", "hours", "hour of the session start in exchange time"),
    key("session.start_min", Int(0, 59), "15", "minutes", "minute of the session start"),
    key("session.end_hour", Int(0, 23), "15", "hours", "hour of the session end in exchange time"),
    key("session.end_min", Int(0, 59), "30", "minutes", "minute of the session end"),
    key("session.start_buffer_minutes", DAY_MINUTES, "20", "minutes", "no entries before the start plus this"),
    key("session.end_buffer_minutes", DAY_MINUTES, "40", "minutes", "positions are closed from the end minus this"),
    key("session.no_trade_start_minutes", DAY_MINUTES, "5", "minutes", "no entries in the first minutes of the session"),
    key("session.no_trade_end_minutes", DAY_MINUTES, "10", "minutes", "no entries in the last minutes of the session"),
    key("session.timezone", Text(TextRule::Zone), "\"Asia/Kolkata\"", "", "exchange time"),
    key("session.trade_block_enabled", Bool, "false", "", "whether the trade blocks prevent entries"),
    key("session.trade_blocks", Blocks, "[]", "", "times of day [start, end) without entries"),
    key("strategy.name", Text(TextRule::NotBlank), "\"momentum\"", "", "the strategy that decides when to enter; the other keys of this section are those of `momentum`"),
    key("strategy.use_ema_crossover", Bool, "true", "", "require the fast EMA above the slow EMA"),
    key("strategy.use_macd", Bool, "false", "", "require MACD above its signal and a positive histogram"),
    key("strategy.use_vwap", Bool, "false", "", "require the price above the VWAP"),
    key("strategy.use_htf_trend", Bool, "false", "", "require the price above the EMA of bucket closes"),
    key("strategy.use_rsi_filter", Bool, "false", "", "require the RSI between oversold and overbought"),
    key("strategy.use_bollinger_bands", Bool, "false", "", "require the price between the bands"),
    key("strategy.use_stochastic", Bool, "false", "", "require %K above %D and below overbought"),
    key("strategy.use_atr", Bool, "false", "", "require an ATR of at least atr_min_points"),
    key("strategy.use_consecutive_green", Bool, "true", "", "require enough green ticks in a row"),
    key("strategy.fast_ema", TICKS, "18", "ticks", "length of the fast EMA"),
    key("strategy.slow_ema", TICKS, "42", "ticks", "length of the slow EMA"),
    key("strategy.macd_fast", TICKS, "12", "ticks", "length of MACD's fast EMA"),
    key("strategy.macd_slow", TICKS, "26", "ticks", "length of MACD's slow EMA"),
    key("strategy.macd_signal", TICKS, "9", "ticks", "length of MACD's signal EMA"),
    key("strategy.rsi_length", Int(2, 10_000), "14", "ticks", "length of the RSI"),
    key("strategy.rsi_overbought", Num(from(0.0, 100.0)), "70", "", "RSI at and above which nothing is bought"),
    key("strategy.rsi_oversold", Num(from(0.0, 100.0)), "30", "", "RSI at and below which nothing is bought"),
    key("strategy.bb_period", Int(2, 10_000), "20", "ticks", "length of the Bollinger window"),
    key("strategy.bb_std_dev", Num(PERCENT), "2.0", "standard deviations", "half width of the bands"),
    key("strategy.stoch_k", Int(2, 10_000), "14", "ticks", "window of %K"),
    key("strategy.stoch_d", TICKS, "3", "values of %K", "length of %D"),
    key("strategy.stoch_overbought", Num(PERCENT), "80", "", "%K at and above which nothing is bought"),
    key("strategy.atr_len", TICKS, "14", "ticks", "length of the ATR"),
    key("strategy.atr_min_points", Points(POINTS), "0.0", "points", "least ATR for an entry"),
    key("strategy.htf_period", TICKS, "20", "buckets", "length of the EMA of bucket closes"),
    key("strategy.htf_seconds", Int(1, 86_400), "60", "seconds", "length of a bucket"),
    key("strategy.consecutive_green_bars", Int(0, 10_000), "3", "ticks", "green ticks needed"),
    key("strategy.control_base_sl_green_ticks_enabled", Bool, "true", "", "whether another number is needed after a Base SL"),
    key("strategy.control_base_sl_green_ticks", Int(0, 10_000), "4", "ticks", "green ticks needed after a Base SL"),
    key("strategy.min_warmup_ticks", Int(0, 1_000_000), "50", "ticks", "ticks of the day before the first entry"),
    key("strategy.noise_filter_enabled", Bool, "false", "", "whether the green counter ignores small moves"),
    key("strategy.noise_filter_percentage", Num(from(0.0, 1.0)), "0.0001", "fraction of the price", "band of the noise filter"),
    key("strategy.noise_filter_min_ticks", Num(from(0.0, 10_000.0)), "1.0", "tick sizes", "least band of the noise filter"),
    key("risk.max_positions_per_day", Int(1, 1_000_000), "100", "entries", "filled entries per exchange day"),
    key("risk.max_loss_per_day", Num(from(0.0, 1e12)), "5000.0", "rupees", "loss that ends the day; 0 = off"),
    key("risk.max_entry_price", Points(from(0.0, 1e9)), "0.0", "points", "highest price of an entry; 0 = off"),
    key("risk.risk_per_trade_percent", Num(PERCENT), "5.0", "% of equity", "lost if the base stop is hit"),
    key("risk.max_position_value_percent", Num(PERCENT), "80.0", "% of cash", "most in one position"),
    key("risk.use_base_sl", Bool, "true", "", "whether there is a base stop"),
    key("risk.base_sl_points", Points(POINTS), "15.0", "points", "starting stop distance"),
    key("risk.sl_regression_enabled", Bool, "true", "", "whether the stop gets smaller after stop-outs"),
    key("risk.min_base_sl", Points(SOME_POINTS), "5.0", "points", "smallest stop distance"),
    key("risk.sl_regression_step", Points(POINTS), "5.0", "points", "reduction per stop-out"),
    key("risk.sl_regression_window_minutes", Int(1, 1439), "20", "minutes", "time since the last reduction until base_sl_points applies again"),
    key("risk.tp_points", PointsList(16, SOME_POINTS), "[5, 12, 15, 17]", "points", "take-profit levels above the entry; [] = none"),
    key("risk.tp_percents", NumList(above(0.0, 1.0)), "[0.4, 0.3, 0.2, 0.1]", "fraction of the initial lots", "share of each level"),
    key("risk.use_trail_stop", Bool, "true", "", "whether there is a trailing stop"),
    key("risk.trail_activation_points", Points(POINTS), "5.0", "points", "gain that arms the trailing stop"),
    key("risk.trail_distance_points", Points(SOME_POINTS), "5.0", "points", "distance of the trailing stop below the highest price"),
    key("risk.price_above_exit_filter_enabled", Bool, "true", "", "whether a price near the last stop-out prevents entries"),
    key("risk.price_buffer_points", Points(POINTS), "2.0", "points", "needed above the last stop-out price"),
    key("risk.filter_duration_seconds", Int(0, 86_400), "180", "seconds", "how long the last stop-out price matters"),
    key("risk.slippage_points", Points(POINTS), "0.0", "points", "added to entries, subtracted from market exits"),
    key("risk.commission_percent", Num(RATE), "0.03", "% of turnover", "commission per order"),
    key("risk.commission_per_trade", Num(POINTS), "0.0", "rupees", "least commission per order"),
    key("risk.stt_percent", Num(RATE), "0.025", "% of turnover", "securities transaction tax, sells only"),
    key("risk.exchange_charges_percent", Num(RATE), "0.003", "% of turnover", "exchange charges"),
    key("risk.gst_percent", Num(from(0.0, 100.0)), "18.0", "% of commission and exchange charges", "goods and services tax"),
    key("capital.initial_capital", Num(above(0.0, 1e12)), "100000.0", "rupees", "cash at the start of the run"),
    key("fill.price", Text(TextRule::OneOf(&["last", "touch"])), "\"last\"", "", "price of a market order on paper: the last price, or the other side's best where the tick has depth"),
    key("fill.latency_us", Int(0, 60_000_000), "0", "microseconds", "time from a decision to its effect on paper; 0 = at once"),
    key("fill.latency_from", Text(TextRule::Any), "\"\"", "", "ticks.csv of an earlier measurement whose ages are drawn from instead of fill.latency_us"),
    key("fill.seed", Int(0, i64::MAX), "1", "", "seed of the drawn latencies"),
    key("orders.allow_market", Bool, "false", "", "whether MARKET and IOC orders are sent to the broker, which prohibits both to algorithms since 1 April 2026"),
    key("performance.pre_p99_us", Num(SOME_POINTS), "1000", "microseconds", "target for the stages before the trader, at the 99th percentile"),
    key("performance.post_p99_us", Num(SOME_POINTS), "5000", "microseconds", "target for the stages from the indicators on, at the 99th percentile"),
    key("performance.total_p99_us", Num(SOME_POINTS), "5000", "microseconds", "target for the whole path, at the 99th percentile"),
    key("live.max_future_seconds", Int(1, 86_400), "60", "seconds", "how far an exchange stamp may lie ahead of this machine's clock"),
    key("live.tokens_end", Text(TextRule::OneOf(&["00:00", "05:00"])), "\"00:00\"", "", "time of the day in India at which the broker ends a session; its documentation has midnight, its posts of earlier years 05:00"),
    key("tuning.pin", Int(-1, 1023), "-1", "", "processor that the tick thread keeps to; -1 = not pinned"),
    key("tuning.busy_poll", Bool, "false", "", "whether the tick thread spins instead of sleeping while nothing comes; takes a whole processor"),
    key("tuning.lock_memory", Bool, "false", "", "whether the program's memory is locked, so that no page has to be brought in during the run"),
    key("tuning.no_delay", Bool, "true", "", "whether what is written to the stream leaves at once (TCP_NODELAY)"),
];

/// Keys and sections of the predecessor that are refused, and what to do instead.
#[rustfmt::skip]
pub(super) const REMOVED: &[(&str, &str)] = &[
    ("strategy.Enable_control_base_sl_green_ticks", "renamed: set strategy.control_base_sl_green_ticks_enabled"),
    ("strategy.control_base_sl_enabled", "renamed: set strategy.control_base_sl_green_ticks_enabled"),
    ("risk.max_base_sl", "base_sl_points is now the starting stop: set risk.base_sl_points to this value"),
    ("risk.tick_size", "moved: set instrument.tick_size"),
    ("session.max_loss_per_day", "moved: set risk.max_loss_per_day"),
    ("instrument.instrument_type", "set instrument.lot_size and instrument.tick_size"),
    ("instrument_mappings", "set instrument.lot_size and instrument.tick_size"),
    ("performance.instrumentation_enabled", "delete it: tracing is always on where it can be"),
    ("performance.instrumentation_window_size", "delete it: tracing is always on where it can be"),
    ("performance.baseline_measurement_ticks", "delete it: tracing is always on where it can be"),
    ("instrumentation_enabled", "delete it: tracing is always on where it can be"),
    ("instrumentation_window_size", "delete it: tracing is always on where it can be"),
    ("baseline_measurement_ticks", "delete it: tracing is always on where it can be"),
    ("live.exchange_type", "delete it: it follows from instrument.exchange"),
    ("live.api_key", "delete it: credentials never belong in a configuration file, supply API_KEY in the environment"),
    ("live.client_code", "delete it: credentials never belong in a configuration file, supply CLIENT_ID in the environment"),
    ("live.pin", "delete it: credentials never belong in a configuration file, supply PASSWORD in the environment"),
    ("live.totp_secret", "delete it: credentials never belong in a configuration file, supply SMARTAPI_TOTP_SECRET in the environment"),
    ("strategy.nan_streak_threshold", "delete it: invalid ticks are rejected one by one"),
    ("strategy.strategy_version", "delete it: it never had an effect"),
    ("strategy.indicator_update_mode", "delete it: it never had an effect"),
    ("strategy.nan_recovery_threshold", "delete it: it never had an effect"),
    ("session.is_intraday", "delete it: it never had an effect"),
    ("session.auto_stop_enabled", "delete it: it never had an effect"),
    ("capital.position_size_method", "delete it: it never had an effect"),
    ("capital.fixed_amount", "delete it: it never had an effect"),
    ("capital.fixed_quantity", "delete it: it never had an effect"),
    ("capital.max_positions", "delete it: it never had an effect"),
    ("live.visual_indicator", "delete it: it never had an effect"),
    ("live.allow_interactive_auth", "delete it: it never had an effect"),
    ("logging", "delete the section: logging is a command line matter"),
    ("debug", "delete the section: logging is a command line matter"),
    ("debug_production", "delete the section: logging is a command line matter"),
    ("backtest", "delete the section: the tick file is a command line matter"),
    ("data_simulation", "delete the section: the tick file is a command line matter"),
];

/// The keys that a program knows: the standard ones, and those of its own strategies.
#[derive(Clone, Debug)]
pub struct Schema {
    keys: Vec<Key>,
    /// What is wrong with keys that were added; [`Schema::load`] reports it.
    pub(super) problems: Vec<Problem>,
}

impl Default for Schema {
    fn default() -> Self {
        Self { keys: KEYS.to_vec(), problems: Vec::new() }
    }
}

impl Schema {
    /// The keys so far and these, which need sections of their own.
    ///
    /// A key that has no place here is left out, and every [`Schema::load`] is refused because of it.
    #[must_use]
    pub fn with(mut self, keys: &[Key]) -> Self {
        let taken: Vec<&str> = self.sections().collect();
        for key in keys {
            match self.objection(key, &taken) {
                None => self.keys.push(*key),
                Some((rule, fix)) => self.problems.push(Problem {
                    place: None,
                    key: key.path.to_owned(),
                    value: key.default.to_owned(),
                    rule: rule.to_owned(),
                    fix: fix.to_owned(),
                }),
            }
        }
        self
    }

    /// Why a strategy's key cannot be added where `taken` are the sections of others: rule and repair.
    fn objection(&self, key: &Key, taken: &[&str]) -> Option<(&'static str, &'static str)> {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = |text: &str| !text.is_empty() && text.chars().all(bare);
        let Some((section, name)) = key.path.split_once('.') else {
            return Some((
                "must be the path of a key, section.name",
                "put the section's name before the key's in the strategy's KEYS",
            ));
        };
        if !word(section) || !word(name) {
            return Some((
                "must be section.name, each of letters, digits and _",
                "rename the key in the strategy's KEYS",
            ));
        }
        if taken.contains(&section) {
            return Some((
                "must be in a section of the strategy's own, this one is taken",
                "name the section after the strategy in its KEYS",
            ));
        }
        if self.index_of(key.path).is_some() {
            return Some(("must be declared once", "drop the second one from the strategy's KEYS"));
        }
        let last = self.sections().last();
        if last != Some(section) && self.sections().any(|known| known == section) {
            return Some((
                "must stand beside the other keys of its section",
                "move it up to them in the strategy's KEYS",
            ));
        }
        None
    }

    /// Every key, in the order in which configurations are written and hashed.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The place of a path among the keys.
    #[must_use]
    pub fn index_of(&self, path: &str) -> Option<usize> {
        self.keys.iter().position(|key| key.path == path)
    }

    /// The section names in their order.
    pub(super) fn sections(&self) -> impl Iterator<Item = &'static str> {
        let mut last = "";
        self.keys.iter().filter_map(move |key| {
            let (section, _name) = key.path.split_once('.')?;
            (section != std::mem::replace(&mut last, section)).then_some(section)
        })
    }
}
