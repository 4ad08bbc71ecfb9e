//! Candles and open interest of the tape, as far as it has been played.

use std::collections::BTreeMap;

use engine::units::Paise;
use smartapi::clock::Wall;
use smartapi::rest::{Candle, HistoryRequest, Interval, OpenInterestRow};

use super::words::rupees;
use crate::playback::packets::open_interest;
use crate::playback::tape::Print;

const DAY_S: i64 = 86_400;
const IST_S: i64 = 19_800;
/// 09:15 in India, in seconds of its day: candles are counted from here.
const OPEN_S: i64 = 33_300;

/// When the candle of a row begins; a minute without a row has none.
///
/// Source: SmartAPI forum, post 4389: counted from 09:15 and not from the beginning that is asked for.
fn beginning(interval: Interval, print: &Print) -> i64 {
    let local = print.row.exchange_ts_ms.div_euclid(1000).saturating_add(IST_S);
    let midnight = local - local.rem_euclid(DAY_S);
    let length = interval.seconds();
    let since_open = local - midnight - OPEN_S;
    let begins = match interval {
        Interval::OneDay => 0,
        _ => (OPEN_S + since_open.div_euclid(length) * length).max(0),
    };
    midnight + begins - IST_S
}

/// The beginning of the day in India.
const fn midnight(wall_s: i64) -> i64 {
    wall_s.saturating_sub(wall_s.saturating_add(IST_S).rem_euclid(DAY_S))
}

/// The prints whose candles begin within the time that is asked for, by those beginnings.
///
/// A day's candle begins at 00:00, yet days are usually asked for from 09:15 on: the day of the
/// beginning that is asked for counts as a whole. The broker documents nothing about it.
fn within<'p>(
    prints: &'p [Print],
    asked: &HistoryRequest,
) -> impl Iterator<Item = (i64, &'p Print)> {
    let interval = asked.interval;
    let from = match interval {
        Interval::OneDay => midnight(asked.fromdate.0),
        _ => asked.fromdate.0,
    };
    let times = from..=asked.todate.0;
    let all = prints.iter().map(move |print| (beginning(interval, print), print));
    all.filter(move |(begins, _)| times.contains(begins))
}

/// The candles of what has been played.
pub(crate) fn candles(prints: &[Print], asked: &HistoryRequest) -> Vec<Candle> {
    let mut candles = BTreeMap::new();
    for (begins, print) in within(prints, asked) {
        let price = rupees(Paise(print.row.price_paise));
        let candle = candles.entry(begins).or_insert(Candle {
            at: Wall(begins),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
        });
        candle.high = candle.high.max(price);
        candle.low = candle.low.min(price);
        candle.close = price;
        candle.volume = candle.volume.saturating_add(print.row.qty.max(0));
    }
    candles.into_values().collect()
}

/// The open interest at the end of each candle.
pub(crate) fn interest(prints: &[Print], lot: i64, asked: &HistoryRequest) -> Vec<OpenInterestRow> {
    let at_end = |(begins, print): (i64, &Print)| (begins, open_interest(lot, print.volume));
    let ends: BTreeMap<i64, i64> = within(prints, asked).map(at_end).collect();
    ends.into_iter().map(|(begins, oi)| OpenInterestRow { at: Wall(begins), oi }).collect()
}

#[cfg(test)]
mod tests {
    use smartapi::rest::Exchange;

    use super::*;
    use crate::Row;
    use crate::playback::tape::Prints;

    /// 2025-10-01 00:00:00 IST.
    const MIDNIGHT: i64 = 1_759_257_000;

    /// Prints at times of day in seconds, at prices in paise.
    fn prints(rows: &[(i64, i64)]) -> Prints {
        let row = |&(second, price_paise): &(i64, i64)| Row {
            exchange_ts_ms: (MIDNIGHT + second) * 1000,
            price_paise,
            qty: 75,
        };
        Prints::new(&rows.iter().map(row).collect::<Vec<_>>())
    }

    fn asked(interval: Interval, from: i64, to: i64) -> HistoryRequest {
        HistoryRequest {
            exchange: Exchange::Nfo,
            symboltoken: "1".into(),
            interval,
            fromdate: Wall(MIDNIGHT + from),
            todate: Wall(MIDNIGHT + to),
        }
    }

    fn beginnings(interval: Interval, seconds: &[i64]) -> Vec<i64> {
        let rows: Vec<_> = seconds.iter().map(|&second| (second, 100)).collect();
        let prints = prints(&rows);
        let all = candles(prints.first(rows.len()), &asked(interval, 0, DAY_S));
        all.iter().map(|candle| candle.at.0 - MIDNIGHT).collect()
    }

    #[test]
    fn candles_are_counted_from_a_quarter_past_nine() {
        let seconds = [100, OPEN_S - 1, OPEN_S, OPEN_S + 599, OPEN_S + 600, OPEN_S + 3600];
        let of = |interval| beginnings(interval, &seconds);
        assert_eq!(of(Interval::OneDay), [0]);
        assert_eq!(of(Interval::OneHour), [0, OPEN_S - 3600, OPEN_S, OPEN_S + 3600]);
        let ten = of(Interval::TenMinutes);
        assert_eq!(ten[2..], [OPEN_S, OPEN_S + 600, OPEN_S + 3600], "half past nine has none");
    }

    #[test]
    fn a_candle_has_the_figures_of_its_rows() {
        let prints =
            prints(&[(OPEN_S, 100), (OPEN_S + 10, 130), (OPEN_S + 20, 90), (OPEN_S + 59, 95)]);
        let told = |rows| candles(prints.first(rows), &asked(Interval::OneMinute, 0, DAY_S));
        let [candle] = told(4)[..] else { panic!("one candle") };
        let Candle { open, high, low, close, volume, .. } = candle;
        let paise = [open, high, low, close].map(|price| price.paise());
        assert_eq!((paise, volume), ([Some(100), Some(130), Some(90), Some(95)], 300));
        assert_eq!(told(2)[0].close.paise(), Some(130), "what has not been played is not told");
        assert!(told(0).is_empty());
    }

    #[test]
    fn only_candles_that_begin_within_the_time_are_told() {
        let prints = prints(&[(OPEN_S, 100), (OPEN_S + 60, 101), (OPEN_S + 120, 102)]);
        let of = |from, to| candles(prints.first(3), &asked(Interval::OneMinute, from, to)).len();
        assert_eq!(
            [of(OPEN_S, OPEN_S + 120), of(OPEN_S + 1, OPEN_S + 119), of(0, OPEN_S - 1)],
            [3, 1, 0]
        );
    }

    #[test]
    fn the_day_in_which_the_time_begins_has_its_candle() {
        let prints = prints(&[(OPEN_S, 100), (DAY_S + OPEN_S, 101), (2 * DAY_S + OPEN_S, 102)]);
        let of = |from, to| {
            let asked = asked(Interval::OneDay, from, to);
            let all = candles(prints.first(3), &asked);
            all.iter().map(|candle| candle.at.0 - MIDNIGHT).collect::<Vec<_>>()
        };
        assert_eq!(of(OPEN_S, OPEN_S + 60), [0]);
        assert_eq!(of(DAY_S - 60, DAY_S + OPEN_S), [0, DAY_S]);
        assert_eq!(of(DAY_S, 2 * DAY_S - 60), [DAY_S]);
    }

    #[test]
    fn the_open_interest_is_that_of_the_candles_end() {
        let prints = prints(&[(OPEN_S, 100), (OPEN_S + 59, 100), (OPEN_S + 60, 100)]);
        let told = interest(prints.first(3), 1, &asked(Interval::OneMinute, 0, DAY_S));
        let values: Vec<i64> = told.iter().map(|row| row.oi).collect();
        assert_eq!(values, [open_interest(1, 150), open_interest(1, 225)]);
    }
}
