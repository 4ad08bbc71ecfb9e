//! The rows to play, and the day's figures that a packet carries beside each of them.

/// One trade of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Milliseconds since 1970 UTC.
    pub exchange_ts_ms: i64,
    pub price_paise: i64,
    /// Units, not lots.
    pub qty: i64,
}

/// The rows to play, in the order in which they are sent; row 1 has sequence number 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    rows: Vec<Row>,
    skipped: u64,
}

impl Tape {
    /// A tape of `rows`; `skipped` says how many the reader of the recording left out.
    #[must_use]
    pub const fn new(rows: Vec<Row>, skipped: u64) -> Self {
        Self { rows, skipped }
    }

    /// The rows in the order in which they are sent.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many rows of the recording were left out.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }
}

/// A row with the figures of its day up to and including it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Print {
    pub(crate) row: Row,
    pub(crate) volume: i64,
    pub(crate) average: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    day: u32,
}

/// What all prints of a day share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    number: i64,
    pub(crate) open: i64,
    pub(crate) previous_close: i64,
}

/// All prints; the running figures are computed once, so a connection can begin anywhere.
#[derive(Debug)]
pub(crate) struct Prints {
    prints: Vec<Print>,
    days: Vec<Day>,
    highest: i64,
}

impl Prints {
    pub(crate) fn new(rows: &[Row]) -> Self {
        let mut all = Self { prints: Vec::with_capacity(rows.len()), days: Vec::new(), highest: 0 };
        let mut turnover = 0i128;
        for &row in rows {
            let price = row.price_paise;
            let fresh = all.enter_day(row);
            let last = all.prints.last().copied().filter(|_| !fresh);
            let (high, low) =
                last.map_or((price, price), |p| (p.high.max(price), p.low.min(price)));
            let qty = row.qty.max(0);
            let volume = last.map_or(0, |print| print.volume).saturating_add(qty);
            let added = i128::from(price) * i128::from(qty);
            turnover = if fresh { added } else { turnover.saturating_add(added) };
            let average = if volume > 0 { turnover / i128::from(volume) } else { price.into() };
            let day = all.days.len() as u32 - 1;
            all.highest = all.highest.max(price);
            all.prints.push(Print { row, volume, average: average as i64, high, low, day });
        }
        all
    }

    /// Opens the exchange day of `row` if it is not the current one.
    fn enter_day(&mut self, row: Row) -> bool {
        let number = row.exchange_ts_ms.saturating_add(19_800_000).div_euclid(86_400_000);
        let fresh = self.days.last().is_none_or(|day| day.number != number);
        if fresh {
            let previous = self.prints.last().map_or(row.price_paise, |last| last.row.price_paise);
            let day = Day { number, open: row.price_paise, previous_close: previous };
            self.days.push(day);
        }
        fresh
    }

    pub(crate) const fn len(&self) -> usize {
        self.prints.len()
    }

    /// The highest price of the tape: circuits lie above it.
    pub(crate) const fn highest(&self) -> i64 {
        self.highest
    }

    /// The first prints, `count` of them at most.
    pub(crate) fn first(&self, count: usize) -> &[Print] {
        self.prints.get(..count).unwrap_or(&self.prints)
    }

    /// The print at `index` and its day.
    pub(crate) fn at(&self, index: usize) -> Option<(Print, Day)> {
        let print = *self.prints.get(index)?;
        Some((print, *self.days.get(print.day as usize)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_figures_begin_afresh_each_day() {
        let day = 86_400_000;
        let row = |exchange_ts_ms, price_paise| Row { exchange_ts_ms, price_paise, qty: 75 };
        let prints = Prints::new(&[row(0, 100), row(1, 130), row(2, 90), row(day, 95)]);
        let (third, first_day) = prints.at(2).unwrap();
        assert_eq!((third.high, third.low, third.volume, third.average), (130, 90, 225, 106));
        assert_eq!((first_day.open, first_day.previous_close), (100, 100));
        let (fourth, second_day) = prints.at(3).unwrap();
        assert_eq!((fourth.high, fourth.low, fourth.volume, fourth.average), (95, 95, 75, 95));
        assert_eq!((second_day.open, second_day.previous_close), (95, 90));
        assert!(prints.at(4).is_none());
    }
}
