//! The default strategy: buys a run of green ticks that every enabled filter agrees with.

use super::indicators::{Atr, Bollinger, EmaCross, Htf, Macd, Rsi, Stochastic, Vwap};
use super::{Blocked, GreenCounter, Strategy, Wish};
use crate::config::{self, Config};
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

/// What all indicators show after a tick, in paise or percent; `None` = not ready.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are the columns of the indicator dump")]
pub struct Readings {
    pub green_count: i64,
    pub fast_ema: Option<f64>,
    pub slow_ema: Option<f64>,
    pub macd: Option<(f64, f64, f64)>,
    pub vwap: Option<f64>,
    pub htf_ema: Option<f64>,
    pub rsi: Option<f64>,
    pub bollinger: Option<(f64, f64, f64)>,
    pub stoch_k: Option<f64>,
    pub stoch_d: Option<f64>,
    pub atr: Option<f64>,
}

impl Momentum {
    /// The strategy of a configuration.
    #[must_use]
    pub fn new(config: &Config, compute: Compute) -> Self {
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

    /// What the indicators show; those that are not computed are not ready.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let (fast_ema, slow_ema) = self.ema.as_ref().map_or((None, None), EmaCross::values);
        let (stoch_k, stoch_d) = self.stochastic.as_ref().map_or((None, None), Stochastic::values);
        Readings {
            green_count: self.green.count(),
            fast_ema,
            slow_ema,
            macd: self.macd.as_ref().and_then(Macd::values),
            vwap: self.vwap.as_ref().and_then(Vwap::value),
            htf_ema: self.htf.as_ref().and_then(Htf::value),
            rsi: self.rsi.as_ref().and_then(Rsi::value),
            bollinger: self.bollinger.as_ref().and_then(Bollinger::values),
            stoch_k,
            stoch_d,
            atr: self.atr.as_ref().and_then(Atr::value),
        }
    }

    #[inline]
    fn enough_green(&self, account: &Account) -> bool {
        let rules = &self.rules;
        let controlled = rules.control_base_sl_green_ticks_enabled && account.after_base_stop();
        let needed = if controlled {
            rules.control_base_sl_green_ticks
        } else {
            rules.consecutive_green_bars
        };
        self.green.count() >= needed
    }

    /// The first enabled filter that the tick does not pass.
    #[inline]
    fn failing_filter(&self, tick: &Tick) -> Option<Blocked> {
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
            Some(Blocked::EmaCrossover)
        } else if rules.use_macd && fails(true, macd()) {
            Some(Blocked::Macd)
        } else if rules.use_vwap && fails(true, vwap()) {
            Some(Blocked::Vwap)
        } else if rules.use_htf_trend && fails(true, htf()) {
            Some(Blocked::HtfTrend)
        } else if rules.use_rsi_filter && fails(true, rsi()) {
            Some(Blocked::Rsi)
        } else if rules.use_atr && fails(true, atr()) {
            Some(Blocked::Atr)
        } else if rules.use_bollinger_bands && fails(true, bollinger()) {
            Some(Blocked::Bollinger)
        } else if rules.use_stochastic && fails(true, stochastic()) {
            Some(Blocked::Stochastic)
        } else {
            None
        }
    }
}

impl Strategy for Momentum {
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
    fn signal(&self, tick: &Tick, account: &Account) -> Result<Wish, Blocked> {
        if self.rules.use_consecutive_green && !self.enough_green(account) {
            return Err(Blocked::Green);
        }
        if self.price_filter && !account.clear_of_last_stop(tick) {
            return Err(Blocked::PriceFilter);
        }
        self.failing_filter(tick).map_or(Ok(Wish::Buy), Err)
    }
}
