//! The tick path allocates nothing once it was set up, live and in replay, with tracing and without.

use std::cell::Cell;

use allocation_counter::measure;
use engine::config::{Config, Source, load};
use engine::probe::{Counter, Disturbances, Meter, Off, Probe, Stage, Stamps};
use engine::tick_path::TickPath;
use engine::tick_path::feed::{Feed, RawTick, Subscription};
use engine::tick_path::strategy::{Momentum, Strategy};
use engine::units::{EventTime, Micros, Paise, Qty};
use engine::venue::FillModel;
use smartapi::packet::{
    ExchangeType, FromZeros as _, IntoBytes as _, Mode, SnapQuote, token_field,
};

const TICKS: usize = 10_000;
/// 09:36:00 in India on 6 Oct 2025, in milliseconds.
const FIRST_MS: i64 = 1_759_723_560_000;

/// Every filter is on, so that every indicator is in the path; all of them let something through.
fn config() -> Config {
    let sets = [
        ("strategy.use_macd", "true"),
        ("strategy.use_vwap", "true"),
        ("strategy.use_htf_trend", "true"),
        ("strategy.use_rsi_filter", "true"),
        ("strategy.rsi_overbought", "100"),
        ("strategy.use_bollinger_bands", "true"),
        ("strategy.use_atr", "true"),
        ("strategy.consecutive_green_bars", "1"),
        ("strategy.control_base_sl_green_ticks", "1"),
        ("risk.max_loss_per_day", "0"),
    ];
    let sources = sets.map(|(key, value)| Source::Set { key, value });
    load(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A walk that rises and falls, five ticks a second.
fn price(number: usize) -> i64 {
    let wave = (number / 400 % 2) as i64 * 2 - 1;
    let noise = (number * 7919 % 13) as i64 - 6;
    18_000 + wave * (number % 400) as i64 * 5 + noise * 5
}

fn token() -> [u8; 25] {
    token_field("47338").expect("fits")
}

/// The frames of a feed with a gap, a duplicate, a late packet and noise among them.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for number in 0..2 * TICKS {
        let mut packet = SnapQuote::new_zeroed();
        packet.quote.head.mode = Mode::SnapQuote as u8;
        packet.quote.head.exchange_type = ExchangeType::NSE_FO.0;
        packet.quote.head.token = token();
        let sequence = match number % 100 {
            50 => number as i64 - 1,
            70 => number as i64 - 60,
            _ => number as i64 * 3 + 1,
        };
        packet.quote.head.sequence.set(sequence);
        packet.quote.head.exchange_ts_ms.set(FIRST_MS + number as i64 * 200);
        packet.quote.head.ltp.set(price(number));
        packet.quote.last_traded_qty.set(75);
        frames.push(packet.as_bytes().to_vec());
        if number % 500 == 0 {
            frames.push(vec![0]);
        }
    }
    frames
}

/// A counter that counts its readings.
struct Counting(Cell<u64>);

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

fn live<P: Probe>(probe: P, begin: impl Fn() -> P::Trace) -> (u64, u64) {
    let config = config();
    let subscription =
        Subscription { segment: ExchangeType::NSE_FO, token: token(), mode: Mode::SnapQuote };
    let strategy = Momentum::new(&config);
    let mut path =
        TickPath::live(&config, Feed::new(subscription), strategy, FillModel::default(), probe, 0);
    let frames = frames();
    let (settling, steady) = frames.split_at(frames.len() / 2);
    settling.iter().for_each(|frame| path.on_frame(frame, begin(), EventTime::END, || {}));
    let counted = measure(|| {
        steady.iter().for_each(|frame| path.on_frame(frame, begin(), EventTime::END, || {}));
    });
    assert!(path.frames().complete() && path.frames().control > 0);
    (counted.count_total, path.trader().tally().entries)
}

#[test]
fn a_live_path_with_tracing_allocates_nothing() {
    let meter = Meter::new(Counting(Cell::new(1)), Stage::Framing, 1000);
    let (allocations, entries) = live(meter, || Stamps::read(None, 1, 2));
    assert!(entries > 10, "{entries} entries: the path was not walked to its end");
    assert_eq!(allocations, 0);
}

#[test]
fn a_live_path_without_tracing_allocates_nothing() {
    assert_eq!(live(Off, || ()).0, 0);
}

#[test]
fn a_replay_allocates_nothing() {
    let config = config();
    let strategy = Momentum::new(&config);
    let mut path = TickPath::replay(&config, strategy, FillModel::default(), Off);
    let rows: Vec<RawTick> = (0..2 * TICKS)
        .map(|number| RawTick {
            time: Some(EventTime(FIRST_MS * 1000) + Micros(number as i64 * 200_000)),
            price: Some(Paise(price(number))),
            volume: Some(Qty(75)),
            touch: None,
        })
        .collect();
    let (settling, steady) = rows.split_at(TICKS);
    settling.iter().for_each(|row| path.on_row(*row, ()));
    let counted = measure(|| steady.iter().for_each(|row| path.on_row(*row, ())));
    assert!(path.trader().tally().entries > 10);
    assert_eq!(counted.count_total, 0);
}

#[test]
fn without_tracing_the_path_is_smaller_by_the_whole_probe() {
    type With = TickPath<Momentum, Meter<Counting>>;
    type Without = TickPath<Momentum, Off>;
    let difference = size_of::<With>() - size_of::<Without>();
    assert_eq!(difference, size_of::<Meter<Counting>>());
}
