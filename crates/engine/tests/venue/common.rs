//! The instruments and the times that all tests of the venue use.

use engine::units::{EventTime, Micros, Paise, Qty, Zone, days_from_civil};
use engine::venue::{Instrument, Key, Kind, Level, Quote, Rules, Segment, Venue};

/// The names that scripts use.
pub(crate) const NAMES: [&str; 5] = ["option", "cheap", "future", "share", "gold"];

pub(crate) fn instrument(name: &str) -> Instrument {
    let of = |segment, token, kind, lot, freeze| {
        Instrument::new(Key { segment, token }, kind, Qty(lot), Paise(5), Qty(freeze))
    };
    let mut instrument = match name {
        "option" => of(Segment::Nfo, 43_210, Kind::IndexOption, 75, 1_800),
        "cheap" => of(Segment::Bfo, 43_210, Kind::StockOption, 100, 10_000),
        "future" => of(Segment::Nfo, 35_001, Kind::IndexFuture, 75, 1_800),
        "share" => of(Segment::Nse, 3_045, Kind::Cash, 1, 100_000),
        "gold" => of(Segment::Mcx, 260_000, Kind::CommodityFuture, 1, 1_000),
        other => panic!("no instrument {other}"),
    };
    match name {
        "option" => {
            instrument.margin = Some(Paise(20_000));
            instrument.upper_circuit = Paise(100_000);
        }
        "future" => instrument.margin = Some(Paise(200_000)),
        "gold" => instrument.margin = Some(Paise(50_000)),
        _ => {}
    }
    instrument
}

pub(crate) fn venue(rules: Rules) -> Venue {
    let mut venue = Venue::new(rules);
    for name in NAMES {
        venue.list(instrument(name)).expect("sound");
    }
    venue
}

/// A time of day on day `day` after Monday, 5 Jan 2026.
pub(crate) fn time(day: i64, of_day: Micros) -> EventTime {
    let midnight = EventTime(days_from_civil(2026, 1, 5) * Micros::DAY.0);
    midnight - Zone::INDIA.offset + Micros(Micros::DAY.0 * day) + of_day
}

pub(crate) fn level(price: i64, qty: i64) -> Level {
    Level { price: Paise(price), qty: Qty(qty), orders: 1 }
}

/// A quote with a level on each side.
pub(crate) fn quote(last: i64, bid: (i64, i64), ask: (i64, i64)) -> Quote {
    let mut quote = Quote { last: Paise(last), ..Quote::default() };
    quote.bids[0] = level(bid.0, bid.1);
    quote.asks[0] = level(ask.0, ask.1);
    quote
}
