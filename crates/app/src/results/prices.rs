//! A run's prices, thinned so that every spike survives: the background of the entries and exits.

use engine::units::{EventTime, Micros, Paise, Zone};

/// Spans of a day, each with its lowest and its highest price.
const MOST_SPANS: usize = 999;

/// Days that are kept; later ones are counted.
const MOST_DAYS: usize = 31;

/// The width of the first spans. It doubles whenever a day has more of them than allowed.
const FIRST_WIDTH: Micros = Micros::seconds(1);

/// Takes every tick of a run and keeps at most 2,000 prices a day, for 31 days.
///
/// Call [`PriceSampler::push`] for each accepted tick in order, then [`PriceSampler::finish`]. The
/// same ticks give the same series, whatever else the machine does.
#[derive(Clone, Debug)]
pub(crate) struct PriceSampler {
    zone: Zone,
    done: Vec<PriceDay>,
    day: Option<OpenDay>,
    left_out: usize,
}

/// The thinned prices of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PriceSeries {
    pub(super) days: Vec<PriceDay>,
    /// Days beyond those that are kept.
    pub(super) left_out: usize,
}

/// The thinned prices of one exchange day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PriceDay {
    /// The day's first instant.
    pub(super) start: EventTime,
    /// In order; the first and the last tick are among them.
    pub(super) points: Vec<Point>,
}

/// A price at an instant.
pub(super) type Point = (EventTime, Paise);

#[derive(Clone, Copy, Debug)]
struct Span {
    number: i64,
    low: Point,
    high: Point,
}

#[derive(Clone, Debug)]
struct OpenDay {
    start: EventTime,
    end: EventTime,
    first: Point,
    last: Point,
    width: Micros,
    spans: Vec<Span>,
}

impl PriceSampler {
    /// A sampler before its first tick.
    pub(crate) const fn new(zone: Zone) -> Self {
        Self { zone, done: Vec::new(), day: None, left_out: 0 }
    }

    /// Takes one tick; amortised constant time, bounded memory.
    #[inline]
    pub(crate) fn push(&mut self, time: EventTime, price: Paise) {
        match &mut self.day {
            Some(day) if time < day.end => day.push((time, price)),
            _ => self.begin_day((time, price)),
        }
    }

    /// No tick comes any more.
    pub(crate) fn finish(mut self) -> PriceSeries {
        self.end_day();
        PriceSeries { days: self.done, left_out: self.left_out }
    }

    #[cold]
    fn begin_day(&mut self, first: Point) {
        self.end_day();
        let start = self.zone.day_start(first.0);
        let mut day = OpenDay {
            start,
            end: start + Micros::DAY,
            first,
            last: first,
            width: FIRST_WIDTH,
            spans: Vec::with_capacity(MOST_SPANS + 1),
        };
        day.push(first);
        self.day = Some(day);
    }

    fn end_day(&mut self) {
        let Some(day) = self.day.take() else { return };
        if self.done.len() < MOST_DAYS {
            self.done.push(day.close());
        } else {
            self.left_out += 1;
        }
    }
}

impl OpenDay {
    #[inline]
    fn push(&mut self, point: Point) {
        self.last = point;
        let number = (point.0 - self.start).0 / self.width.0;
        match self.spans.last_mut() {
            // A time before the last span's cannot come after acceptance; it would count there.
            Some(span) if number <= span.number => span.take(point),
            _ => {
                self.spans.push(Span { number, low: point, high: point });
                while self.spans.len() > MOST_SPANS {
                    self.widen();
                }
            }
        }
    }

    /// Doubles the width and joins the spans that fall together.
    #[cold]
    fn widen(&mut self) {
        self.width = Micros(self.width.0 * 2);
        for span in &mut self.spans {
            span.number /= 2;
        }
        self.spans.dedup_by(|later, earlier| {
            let same = later.number == earlier.number;
            if same {
                earlier.take(later.low);
                earlier.take(later.high);
            }
            same
        });
    }

    fn close(self) -> PriceDay {
        let mut points = vec![self.first];
        for Span { low, high, .. } in self.spans {
            let (one, two) = if low.0 <= high.0 { (low, high) } else { (high, low) };
            points.extend([one, two]);
        }
        points.push(self.last);
        points.dedup();
        PriceDay { start: self.start, points }
    }
}

impl Span {
    #[inline]
    fn take(&mut self, point: Point) {
        if point.1 < self.low.1 {
            self.low = point;
        }
        if point.1 > self.high.1 {
            self.high = point;
        }
    }
}
