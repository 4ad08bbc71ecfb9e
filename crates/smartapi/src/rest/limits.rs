//! The broker's rate limits as rolling windows, for both sides of the wire; time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use super::routes;
use crate::clock::Mono;

/// At most `calls` within any stretch of `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub calls: usize,
    pub period: Duration,
}

const fn window(calls: usize, seconds: u64) -> Window {
    Window { calls, period: Duration::from_secs(seconds) }
}

/// Routes that share one allowance, and its windows.
struct Row {
    routes: &'static [&'static str],
    windows: &'static [Window],
    /// What a client had better keep to each second, where the broker refuses below its own number.
    polite_per_second: Option<usize>,
}

const ONE_A_SECOND: &[Window] = &[window(1, 1)];
const TEN_A_SECOND: &[Window] = &[window(10, 1), window(500, 60), window(5000, 3600)];
const RULES: &[Window] = &[window(9, 1), window(500, 60), window(5000, 3600)];

const fn row(route: &'static [&'static str], windows: &'static [Window]) -> Row {
    Row { routes: route, windows, polite_per_second: None }
}

/// Source: rate-limit table of the SmartAPI documentation (July 2026), counted per client code. It sums
///         place, modify and cancel. Routes that it leaves out get one call a second, but for the
///         open interest, which shares the candles' allowance as in `OpenAlgo`. The quote's own page says
///         1 a second against the table's 10; `OpenAlgo` asks for candles twice a second because the third
///         call is refused at the window's edge.
static TABLE: [Row; 34] = [
    row(&[routes::LOGIN], ONE_A_SECOND),
    row(&[routes::GENERATE_TOKENS], &[window(1, 1), window(1000, 3600)]),
    row(&[routes::PROFILE], &[window(3, 1), window(1000, 3600)]),
    row(&[routes::LOGOUT], ONE_A_SECOND),
    row(&[routes::FUNDS], &[window(2, 1)]),
    row(
        &[routes::PLACE_ORDER, routes::MODIFY_ORDER, routes::CANCEL_ORDER],
        &[window(9, 1), window(500, 60), window(1000, 3600)],
    ),
    row(&[routes::ORDER_BOOK], ONE_A_SECOND),
    row(&[routes::TRADE_BOOK], ONE_A_SECOND),
    row(&[routes::POSITIONS], ONE_A_SECOND),
    row(&[routes::HOLDINGS], ONE_A_SECOND),
    row(&[routes::ALL_HOLDINGS], ONE_A_SECOND),
    row(&[routes::SEARCH_SCRIP], ONE_A_SECOND),
    row(&[routes::LTP], TEN_A_SECOND),
    row(&[routes::CONVERT_POSITION], TEN_A_SECOND),
    row(&[routes::ORDER_DETAILS], TEN_A_SECOND),
    Row { polite_per_second: Some(1), ..row(&[routes::QUOTE], TEN_A_SECOND) },
    row(&[routes::MARGIN], TEN_A_SECOND),
    row(&[routes::GTT_CREATE], RULES),
    row(&[routes::GTT_MODIFY], RULES),
    row(&[routes::GTT_CANCEL], RULES),
    row(&[routes::GTT_DETAILS], TEN_A_SECOND),
    row(&[routes::GTT_LIST], TEN_A_SECOND),
    Row {
        polite_per_second: Some(2),
        ..row(
            &[routes::CANDLES, routes::OPEN_INTEREST],
            &[window(3, 1), window(180, 60), window(5000, 3600)],
        )
    },
    row(&[routes::OPTION_GREEKS], ONE_A_SECOND),
    row(&[routes::CHARGES], ONE_A_SECOND),
    row(&[routes::EDIS_VERIFY], ONE_A_SECOND),
    row(&[routes::EDIS_TPIN], ONE_A_SECOND),
    row(&[routes::EDIS_STATUS], ONE_A_SECOND),
    row(&[routes::GAINERS_LOSERS], ONE_A_SECOND),
    row(&[routes::PUT_CALL_RATIO], ONE_A_SECOND),
    row(&[routes::OI_BUILDUP], ONE_A_SECOND),
    row(&[routes::NSE_INTRADAY], ONE_A_SECOND),
    row(&[routes::BSE_INTRADAY], ONE_A_SECOND),
    row(&[routes::CAUTIONARY], ONE_A_SECOND),
];

/// Added to every window of a polite limiter: the broker counts arrivals, and two calls do not travel
/// equally fast.
const EDGE: Duration = Duration::from_millis(50);

/// The most quotes a second that a client may be set to.
///
/// Source: `OpenAlgo` runs at 6.6 a second and retries.
pub const MOST_QUOTES_PER_SECOND: usize = 6;

/// The broker's windows of a route, shortest first.
#[must_use]
pub fn windows(route: &str) -> &'static [Window] {
    place(route).and_then(|place| TABLE.get(place)).map_or(ONE_A_SECOND, |row| row.windows)
}

/// The route that stands for all that share the allowance of `route`.
#[must_use]
pub fn allowance(route: &'static str) -> &'static str {
    let row = place(route).and_then(|place| TABLE.get(place));
    row.and_then(|row| row.routes.first()).copied().unwrap_or(route)
}

fn place(route: &str) -> Option<usize> {
    TABLE.iter().position(|row| row.routes.contains(&route))
}

/// Counts calls against the limits of their routes.
///
/// Before each call [`take`](Self::take) with the time: `Ok` means go on, and the call is counted;
/// `Err` names how long to wait before asking again, and nothing is counted. A client is
/// [`polite`](Self::polite); the broker's side counts as the [`broker`](Self::broker) does.
#[derive(Debug)]
pub struct Limiter {
    /// One for each row of the table, and a last one for all other routes together.
    allowances: Vec<Allowance>,
}

/// The windows of some routes and the calls that they still remember.
#[derive(Debug)]
struct Allowance {
    windows: Vec<Window>,
    past: VecDeque<Mono>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::polite(1)
    }
}

impl Limiter {
    /// The broker's own numbers, exactly.
    #[must_use]
    pub fn broker() -> Self {
        Self::new(|row| row.windows.to_vec())
    }

    /// What a client keeps to so that it is not refused: a little longer windows, two calls for candles
    /// a second, and so many quotes, from 1 to [`MOST_QUOTES_PER_SECOND`].
    #[must_use]
    pub fn polite(quotes_per_second: usize) -> Self {
        let quotes = quotes_per_second.clamp(1, MOST_QUOTES_PER_SECOND);
        Self::new(|row| {
            let is_quote = row.routes.contains(&routes::QUOTE);
            let fewer = row.polite_per_second.map(|calls| if is_quote { quotes } else { calls });
            let mut windows = row.windows.to_vec();
            for window in &mut windows {
                window.period += EDGE;
            }
            if let (Some(calls), Some(second)) = (fewer, windows.first_mut()) {
                second.calls = calls;
            }
            windows
        })
    }

    fn new(windows: impl Fn(&Row) -> Vec<Window>) -> Self {
        let rest = row(&[], ONE_A_SECOND);
        let rows = TABLE.iter().chain([&rest]);
        let allowance = |row| Allowance { windows: windows(row), past: VecDeque::new() };
        Self { allowances: rows.map(allowance).collect() }
    }

    /// Counts a call of `route` at `now`, if its windows have room.
    ///
    /// Errors: the time until they have, never zero.
    pub fn take(&mut self, route: &str, now: Mono) -> Result<(), Duration> {
        let place = place(route).unwrap_or(TABLE.len());
        self.allowances.get_mut(place).map_or(Ok(()), |allowance| allowance.take(now))
    }
}

impl Allowance {
    fn take(&mut self, now: Mono) -> Result<(), Duration> {
        let waits = self.windows.iter().map(|window| room_in(window, &self.past, now));
        if let Some(wait) = waits.max().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        self.past.push_back(now);
        let most = self.windows.iter().map(|window| window.calls).max().unwrap_or_default();
        while self.past.len() > most {
            self.past.pop_front();
        }
        Ok(())
    }
}

/// How long until `window` has room, given the `past` calls in order.
fn room_in(window: &Window, past: &VecDeque<Mono>, now: Mono) -> Duration {
    let oldest = past.len().checked_sub(window.calls).and_then(|index| past.get(index));
    oldest.map_or(Duration::ZERO, |oldest| oldest.after(window.period).since(now))
}

#[cfg(test)]
mod tests;
