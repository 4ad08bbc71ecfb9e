//! The charts of a run's results: capital and drawdown, and prices with entries and exits.

use engine::units::{EventTime, Micros, Money, Zone};

use super::breakdown::round_step;
use super::prices::PriceDay;
use super::words;
use crate::pages::{Label, Line, Mark, Plot, path};
use engine::tick_path::position::Trade;

/// Points of a line beyond which it is thinned.
const MOST_POINTS: usize = 2000;

/// Sales of a day whose entry and exit are drawn.
const MOST_MARKED: usize = 500;

/// What of the data the chart shows; `low` < `high`, `from` < `till`.
#[derive(Clone, Copy, Debug)]
struct View {
    from: i64,
    till: i64,
    low: i128,
    high: i128,
}

impl View {
    /// Everything in these points, with a little room above and below.
    fn of(points: impl Iterator<Item = (i64, i128)> + Clone) -> Option<Self> {
        let (from, till) = bounds(points.clone().map(|(x, _)| x))?;
        let (low, high) = bounds(points.map(|(_, y)| y))?;
        let room = (high - low) / 20 + 1;
        Some(Self { from, till: till.max(from + 1), low: low - room, high: high + room })
    }

    fn x(&self, x: i64) -> f64 {
        (x - self.from) as f64 / (self.till - self.from) as f64
    }

    fn y(&self, y: i128) -> f64 {
        (self.high - y) as f64 / (self.high - self.low) as f64
    }

    fn path(&self, points: impl Iterator<Item = (i64, i128)>) -> String {
        path(points.map(|(x, y)| (self.x(x), self.y(y))))
    }

    /// Horizontal lines at round amounts of paise.
    fn rows(&self) -> Vec<Label> {
        let step = round_step((self.high - self.low) / 5 + 1);
        let first = self.low.div_euclid(step) + 1;
        let last = self.high.div_euclid(step);
        let row = |number: i128| {
            let money = Money(number * step);
            let whole = step % 100 == 0;
            let text = if whole { words::round_rupees(money) } else { words::rupees(money) };
            Label::new(self.y(money.0), text)
        };
        (first..=last).map(row).collect()
    }
}

fn bounds<T: Ord + Copy>(mut values: impl Iterator<Item = T>) -> Option<(T, T)> {
    let first = values.next()?;
    Some(values.fold((first, first), |(low, high), value| (low.min(value), high.max(value))))
}

/// The realised capital after each sale, and how far it is below its height.
pub(super) fn equity(starting: Money, trades: &[Trade], zone: Zone) -> Option<(Plot, Plot)> {
    let mut capital = starting;
    let mut height = starting;
    let mut curve = vec![(0, starting.0)];
    let mut falls = vec![(0, 0)];
    for (number, trade) in (1..).zip(trades) {
        capital += trade.net;
        height = height.max(capital);
        curve.push((number, capital.0));
        falls.push((number, (capital - height).0));
    }
    trades.first()?;
    let columns = |view: &View| sale_labels(view, trades, zone);
    let (curve, falls) = (thinned(&curve), thinned(&falls));
    let view = View::of(curve.iter().copied())?;
    let level = [(view.from, starting.0), (view.till, starting.0)].into_iter();
    let capital = Plot {
        title: "Capital after each sale".to_owned(),
        lines: vec![
            Line { class: "level", path: view.path(level) },
            Line { class: "curve", path: view.path(curve.into_iter()) },
        ],
        columns: columns(&view),
        ..Plot::with_rows(view.rows())
    };
    let view = View { high: 0, ..View::of(falls.iter().copied())? };
    let base = [(view.till, 0), (view.from, 0)];
    let line = view.path(falls.iter().copied());
    let drawdown = Plot {
        title: "Below the highest capital so far".to_owned(),
        lines: vec![
            Line { class: "fall", path: view.path(falls.into_iter().chain(base)) },
            Line { class: "fall-edge", path: line },
        ],
        columns: columns(&view),
        ..Plot::with_rows(view.rows())
    };
    Some((capital, drawdown))
}

/// Where the sale numbers of the horizontal axis lie in time: dates, or times within one day.
fn sale_labels(view: &View, trades: &[Trade], zone: Zone) -> Vec<Label> {
    /// Between two labels at least, as a share of the width: what a date needs on a phone.
    const ROOM: f64 = 0.3;
    let (Some(first), Some(last)) = (trades.first(), trades.last()) else { return Vec::new() };
    let one_day = zone.day_start(first.exit_time) == zone.day_start(last.exit_time);
    let places = if one_day { (0..trades.len()).collect() } else { day_starts(trades, zone) };
    let mut labels = Vec::new();
    let mut free_from = 0.0;
    for number in places {
        let share = view.x(number as i64 + 1);
        let Some(trade) = trades.get(number).filter(|_| share >= free_from) else { continue };
        let time = words::time_of_day(zone, trade.exit_time);
        let minute = time.get(..5).unwrap_or(&time);
        let date = || words::date(zone, trade.exit_time);
        labels.push(Label::new(share, if one_day { minute.to_owned() } else { date() }));
        free_from = share + ROOM;
    }
    labels
}

/// The numbers of each day's first sale.
fn day_starts(trades: &[Trade], zone: Zone) -> Vec<usize> {
    let days = trades.chunk_by(|a, b| zone.day_start(a.exit_time) == zone.day_start(b.exit_time));
    days.scan(0, |next, day| Some(std::mem::replace(next, *next + day.len()))).collect()
}

/// At most [`MOST_POINTS`] points: the lowest and the highest of each stretch, in order.
fn thinned(points: &[(i64, i128)]) -> Vec<(i64, i128)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MOST_POINTS / 2);
    let extremes = |part: &[(i64, i128)]| {
        let low = part.iter().min_by_key(|(_, y)| *y).copied();
        let high = part.iter().max_by_key(|(_, y)| *y).copied();
        [low.min(high), low.max(high)]
    };
    points.chunks(stretch).flat_map(extremes).flatten().collect()
}

/// The prices of a day with every entry and exit on it.
pub(super) fn prices(day: &PriceDay, trades: &[Trade], zone: Zone) -> Option<Plot> {
    let end = day.start + Micros::DAY;
    let of_day = |trade: &&Trade| trade.exit_time >= day.start && trade.exit_time < end;
    let all: Vec<&Trade> = trades.iter().filter(of_day).collect();
    let shown = all.get(..MOST_MARKED).unwrap_or(&all);
    let points = day.points.iter().map(|(time, price)| (time.0, i128::from(price.0)));
    let fills = shown.iter().flat_map(|trade| [entry(trade), exit(trade)]);
    let view = View::of(points.clone().chain(fills))?;
    let mut lines = vec![Line { class: "price", path: view.path(points) }];
    for (class, won) in [("won", true), ("lost", false)] {
        let of_class = shown.iter().filter(|trade| (trade.net.0 > 0) == won);
        let path = of_class.map(|trade| view.path([entry(trade), exit(trade)].into_iter()));
        lines.push(Line { class, path: path.collect() });
    }
    let left_out = all.len() - shown.len();
    let note = match left_out {
        0 => String::new(),
        _ => format!("Without {left_out} later sales of the day: more marks than a picture holds."),
    };
    Some(Plot {
        title: words::date(zone, day.start),
        note,
        lines,
        marks: marks(&view, shown, zone),
        columns: clock_labels(&view, zone),
        ..Plot::with_rows(view.rows())
    })
}

fn entry(trade: &Trade) -> (i64, i128) {
    (trade.entry_time.0, i128::from(trade.entry_price.0))
}

fn exit(trade: &Trade) -> (i64, i128) {
    (trade.exit_time.0, i128::from(trade.exit_price.0))
}

fn marks(view: &View, trades: &[&Trade], zone: Zone) -> Vec<Mark> {
    let mark = |class, (x, y), about: String| {
        let at = words::time_of_day(zone, EventTime(x));
        let about = format!("{at} {about} at {}", words::rupees(Money(y)));
        Mark::new(class, (view.x(x), view.y(y)), about)
    };
    let mut marks = Vec::new();
    let mut last_entry = None;
    for trade in trades {
        if last_entry.replace(entry(trade)) != Some(entry(trade)) {
            marks.push(mark("buy", entry(trade), "bought".to_owned()));
        }
        let class = if trade.net.0 > 0 { "sold-won" } else { "sold-lost" };
        let net = words::rupees(trade.net);
        let about = format!("{}, net {net}, sold {}", trade.reason, trade.quantity.0);
        marks.push(mark(class, exit(trade), about));
    }
    marks
}

/// Round times of day, as many as have room on a phone.
fn clock_labels(view: &View, zone: Zone) -> Vec<Label> {
    const STEPS: [i64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200];
    let span = view.till - view.from;
    let room = |seconds: i64| if seconds < 60 { 4 } else { 7 };
    let fits = |seconds: &i64| span / Micros::seconds(*seconds).0 < room(*seconds);
    let seconds = STEPS.into_iter().find(fits).unwrap_or(14_400);
    let step = Micros::seconds(seconds).0;
    let first = view.from + (-(view.from + zone.offset.0)).rem_euclid(step);
    let label = |time: i64| {
        let text = words::time_of_day(zone, EventTime(time));
        let text = if seconds < 60 { &text } else { text.get(..5).unwrap_or(&text) };
        Label::new(view.x(time), text.to_owned())
    };
    (0..).map(|number| first + number * step).take_while(|at| *at <= view.till).map(label).collect()
}
