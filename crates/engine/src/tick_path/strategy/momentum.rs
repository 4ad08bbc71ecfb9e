//! The default strategy: buys a run of green ticks that every enabled filter agrees with.

use super::indicators::{Atr, Bollinger, EmaCross, Htf, Macd, Rsi, Stochastic, Vwap};
use super::{Check, Comparison, GreenCounter, Readings, Reason, Strategy, Unit, Wish};
use crate::config::{self, Config, Key};
use crate::tick_path::broker::Tick;
use crate::tick_path::position::Account;
use crate::units::EventTime;

/// Which indicators are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compute {
    /// Those whose filters are enabled.
    Enabled,
    /// All of them, for a dump; the filters that apply stay the same.
    All,
}

/// Green ticks, then the filters.
#[derive(Clone, Debug)]
pub struct Momentum {
    rules: config::Strategy,
    price_filter: bool,
    green: GreenCounter,
    ema: Option<EmaCross>,
    macd: Option<Macd>,
    vwap: Option<Vwap>,
    htf: Option<Htf>,
    rsi: Option<Rsi>,
    atr: Option<Atr>,
    bollinger: Option<Bollinger>,
    stochastic: Option<Stochastic>,
}

/// The conditions in the order in which they are checked; their numbers are their reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Condition {
    Green,
    PriceFilter,
    EmaCrossover,
    Macd,
    Vwap,
    HtfTrend,
    Rsi,
    Atr,
    Bollinger,
    Stochastic,
}

impl Condition {
    const fn reason(self) -> Reason {
        Reason(self as u8)
    }
}

impl Momentum {
    /// The strategy of a configuration, with the indicators that are wanted.
    #[must_use]
    pub fn computing(config: &Config, compute: Compute) -> Self {
        let rules = config.strategy.clone();
        let wanted = |enabled: bool| enabled || compute == Compute::All;
        let (fast, slow) = (rules.fast_ema, rules.slow_ema);
        let macd = || Macd::new(rules.macd_fast, rules.macd_slow, rules.macd_signal);
        let stochastic = || Stochastic::new(rules.stoch_k, rules.stoch_d);
        Self {
            price_filter: config.risk.price_above_exit_filter_enabled,
            green: GreenCounter::new(&rules, config.instrument.tick_size),
            ema: wanted(rules.use_ema_crossover).then(|| EmaCross::new(fast, slow)),
            macd: wanted(rules.use_macd).then(macd),
            vwap: wanted(rules.use_vwap).then(Vwap::default),
            htf: wanted(rules.use_htf_trend).then(|| Htf::new(rules.htf_seconds, rules.htf_period)),
            rsi: wanted(rules.use_rsi_filter).then(|| Rsi::new(rules.rsi_length)),
            atr: wanted(rules.use_atr).then(|| Atr::new(rules.atr_len)),
            bollinger: wanted(rules.use_bollinger_bands)
                .then(|| Bollinger::new(rules.bb_period, rules.bb_std_dev)),
            stochastic: wanted(rules.use_stochastic).then(stochastic),
            rules,
        }
    }

    /// Green ticks that an entry needs now.
    #[inline]
    fn green_needed(&self, account: &Account) -> i64 {
        let rules = &self.rules;
        if rules.control_base_sl_green_ticks_enabled && account.after_base_stop() {
            rules.control_base_sl_green_ticks
        } else {
            rules.consecutive_green_bars
        }
    }

    /// The first enabled filter that the tick does not pass.
    #[inline]
    fn failing_filter(&self, tick: &Tick) -> Option<Condition> {
        let rules = &self.rules;
        let price = tick.price;
        let fails = |enabled: bool, passes: Option<bool>| enabled && passes != Some(true);
        let macd = || self.macd.as_ref().map(Macd::passes);
        let vwap = || self.vwap.as_ref().map(|vwap| vwap.passes(price));
        let htf = || self.htf.as_ref().map(|htf| htf.passes(price.as_f64()));
        let rsi =
            || self.rsi.as_ref().map(|rsi| rsi.passes(rules.rsi_oversold, rules.rsi_overbought));
        let atr = || self.atr.as_ref().map(|atr| atr.passes(rules.atr_min_points));
        let bollinger = || self.bollinger.as_ref().map(|bands| bands.passes(price));
        let stochastic = || self.stochastic.as_ref().map(|s| s.passes(rules.stoch_overbought));
        if fails(rules.use_ema_crossover, self.ema.as_ref().map(EmaCross::passes)) {
            Some(Condition::EmaCrossover)
        } else if rules.use_macd && fails(true, macd()) {
            Some(Condition::Macd)
        } else if rules.use_vwap && fails(true, vwap()) {
            Some(Condition::Vwap)
        } else if rules.use_htf_trend && fails(true, htf()) {
            Some(Condition::HtfTrend)
        } else if rules.use_rsi_filter && fails(true, rsi()) {
            Some(Condition::Rsi)
        } else if rules.use_atr && fails(true, atr()) {
            Some(Condition::Atr)
        } else if rules.use_bollinger_bands && fails(true, bollinger()) {
            Some(Condition::Bollinger)
        } else if rules.use_stochastic && fails(true, stochastic()) {
            Some(Condition::Stochastic)
        } else {
            None
        }
    }
}

impl Strategy for Momentum {
    const NAME: &'static str = "momentum";
    /// Its keys are those of `[strategy]`, which every configuration has.
    const KEYS: &'static [Key] = &[];
    const REASONS: &'static [&'static str] = &[
        "green",
        "price_filter",
        "ema_crossover",
        "macd",
        "vwap",
        "htf_trend",
        "rsi",
        "atr",
        "bollinger",
        "stochastic",
    ];
    const READINGS: &'static [(&'static str, Unit)] = &[
        ("green_count", Unit::Count),
        ("fast_ema", Unit::Paise),
        ("slow_ema", Unit::Paise),
        ("macd", Unit::Paise),
        ("macd_signal", Unit::Paise),
        ("macd_hist", Unit::Paise),
        ("vwap", Unit::Paise),
        ("htf_ema", Unit::Paise),
        ("rsi", Unit::Number),
        ("bb_lower", Unit::Paise),
        ("bb_mid", Unit::Paise),
        ("bb_upper", Unit::Paise),
        ("stoch_k", Unit::Number),
        ("stoch_d", Unit::Number),
        ("atr", Unit::Paise),
    ];

    fn new(config: &Config) -> Self {
        Self::computing(config, Compute::Enabled)
    }

    fn on_day(&mut self, session_start: EventTime) {
        self.green.restart();
        self.ema.iter_mut().for_each(EmaCross::restart);
        self.macd.iter_mut().for_each(Macd::restart);
        self.vwap.iter_mut().for_each(Vwap::restart);
        self.htf.iter_mut().for_each(|htf| htf.restart(session_start));
        self.rsi.iter_mut().for_each(Rsi::restart);
        self.atr.iter_mut().for_each(Atr::restart);
        self.bollinger.iter_mut().for_each(Bollinger::restart);
        self.stochastic.iter_mut().for_each(Stochastic::restart);
    }

    #[inline]
    fn update(&mut self, tick: &Tick) {
        let price = tick.price.as_f64();
        self.ema.iter_mut().for_each(|ema| ema.update(price));
        self.macd.iter_mut().for_each(|macd| macd.update(price));
        self.vwap.iter_mut().for_each(|vwap| vwap.update(tick.price, tick.volume));
        self.htf.iter_mut().for_each(|htf| htf.update(tick.time, price));
        self.rsi.iter_mut().for_each(|rsi| rsi.update(tick.price));
        self.atr.iter_mut().for_each(|atr| atr.update(tick.price));
        self.bollinger.iter_mut().for_each(|bollinger| bollinger.update(tick.price));
        self.stochastic.iter_mut().for_each(|stochastic| stochastic.update(tick.price));
        self.green.update(tick.price);
    }

    #[inline]
    fn signal(&self, tick: &Tick, account: &Account) -> Result<Wish, Reason> {
        if self.rules.use_consecutive_green && self.green.count() < self.green_needed(account) {
            return Err(Condition::Green.reason());
        }
        if self.price_filter && !account.clear_of_last_stop(tick) {
            return Err(Condition::PriceFilter.reason());
        }
        self.failing_filter(tick).map_or(Ok(Wish::Buy), |condition| Err(condition.reason()))
    }

    fn readings(&self) -> Readings {
        let (fast, slow) = self.ema.as_ref().map_or((None, None), EmaCross::values);
        let macd = three(self.macd.as_ref().and_then(Macd::values));
        let bands = three(self.bollinger.as_ref().and_then(Bollinger::values));
        let (k, d) = self.stochastic.as_ref().map_or((None, None), Stochastic::values);
        Readings::of(&[
            Some(self.green.count() as f64),
            fast,
            slow,
            macd[0],
            macd[1],
            macd[2],
            self.vwap.as_ref().and_then(Vwap::value),
            self.htf.as_ref().and_then(Htf::value),
            self.rsi.as_ref().and_then(Rsi::value),
            bands[0],
            bands[1],
            bands[2],
            k,
            d,
            self.atr.as_ref().and_then(Atr::value),
        ])
    }

    fn explain(&self, tick: &Tick, account: &Account, say: &mut dyn FnMut(Check)) {
        use Comparison::{Above, AtLeast, Below};
        let rules = &self.rules;
        let price = Some(tick.price.as_f64());
        let readings = self.readings();
        let read = |name: &str| {
            let place = Self::READINGS.iter().position(|(reading, _)| *reading == name)?;
            readings.0.get(place).copied().flatten()
        };
        let mut check = |name, value: Option<f64>, comparison, threshold: Option<f64>, unit| {
            let passed = match (value, threshold, comparison) {
                (Some(value), Some(threshold), Above) => value > threshold,
                (Some(value), Some(threshold), AtLeast) => value >= threshold,
                (Some(value), Some(threshold), Below) => value < threshold,
                (value, threshold, Comparison::Equal) => value == threshold,
                _ => false,
            };
            say(Check { name, value, comparison, threshold, unit, passed });
        };
        if rules.use_consecutive_green {
            let needed = Some(self.green_needed(account) as f64);
            check("green", read("green_count"), AtLeast, needed, Unit::Count);
        }
        if let Some(floor) = account.entry_floor(tick.time).filter(|_| self.price_filter) {
            check("price_filter", price, AtLeast, Some(floor.as_f64()), Unit::Paise);
        }
        if rules.use_ema_crossover {
            check("ema_crossover", read("fast_ema"), Above, read("slow_ema"), Unit::Paise);
        }
        if rules.use_macd {
            check("macd", read("macd"), Above, read("macd_signal"), Unit::Paise);
            check("macd", read("macd_hist"), Above, Some(0.0), Unit::Paise);
        }
        if rules.use_vwap {
            check("vwap", price, Above, read("vwap"), Unit::Paise);
        }
        if rules.use_htf_trend {
            check("htf_trend", price, Above, read("htf_ema"), Unit::Paise);
        }
        if rules.use_rsi_filter {
            check("rsi", read("rsi"), Above, Some(rules.rsi_oversold), Unit::Number);
            check("rsi", read("rsi"), Below, Some(rules.rsi_overbought), Unit::Number);
        }
        if rules.use_atr {
            let least = Some(rules.atr_min_points.as_f64());
            check("atr", read("atr"), AtLeast, least, Unit::Paise);
        }
        if rules.use_bollinger_bands {
            check("bollinger", price, Above, read("bb_lower"), Unit::Paise);
            check("bollinger", price, Below, read("bb_upper"), Unit::Paise);
        }
        if rules.use_stochastic {
            check("stochastic", read("stoch_k"), Above, read("stoch_d"), Unit::Number);
            let overbought = Some(rules.stoch_overbought);
            check("stochastic", read("stoch_k"), Below, overbought, Unit::Number);
        }
    }
}

/// Three values that become ready together.
fn three(values: Option<(f64, f64, f64)>) -> [Option<f64>; 3] {
    values.map_or([None; 3], |(a, b, c)| [Some(a), Some(b), Some(c)])
}
