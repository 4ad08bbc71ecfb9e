//! The broker's rate limits as rolling windows, kept on the caller's side; time is an argument.

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
}

/// Source: rate-limit table of the SmartAPI documentation (July 2026); counted per client code.
static TABLE: [Row; 5] = [
    Row { routes: &[routes::LOGIN], windows: &[window(1, 1)] },
    Row { routes: &[routes::GENERATE_TOKENS], windows: &[window(1, 1), window(1000, 3600)] },
    Row { routes: &[routes::PROFILE], windows: &[window(3, 1), window(1000, 3600)] },
    Row { routes: &[routes::LOGOUT], windows: &[window(1, 1)] },
    Row { routes: &[routes::SEARCH_SCRIP], windows: &[window(1, 1)] },
];

/// For a route that the broker's table does not list.
static UNLISTED: [Window; 1] = [window(1, 1)];

/// Added to every window: the broker counts arrivals, and two calls do not travel equally fast.
const EDGE: Duration = Duration::from_millis(50);

/// The windows of a route, shortest first.
#[must_use]
pub fn windows(route: &str) -> &'static [Window] {
    row(route).map_or(&UNLISTED, |row| row.windows)
}

fn row(route: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.routes.contains(&route))
}

/// Counts calls against the limits of their routes.
///
/// Before each call [`take`](Self::take) with the time: `Ok` means send now, and the call is
/// counted; `Err` names how long to wait before asking again, and nothing is counted.
#[derive(Debug, Default)]
pub struct Limiter {
    past: [VecDeque<Mono>; TABLE.len()],
    unlisted: VecDeque<Mono>,
}

impl Limiter {
    /// Counts a call of `route` at `now`, if its windows have room.
    ///
    /// Errors: the time until they have, never zero.
    pub fn take(&mut self, route: &str, now: Mono) -> Result<(), Duration> {
        let index = TABLE.iter().position(|row| row.routes.contains(&route));
        let past = match index.and_then(|index| self.past.get_mut(index)) {
            Some(past) => past,
            None => &mut self.unlisted,
        };
        let windows = windows(route);
        let wait = windows.iter().map(|window| room_in(window, past, now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        past.push_back(now);
        let most = windows.iter().map(|window| window.calls).max().unwrap_or_default();
        while past.len() > most {
            past.pop_front();
        }
        Ok(())
    }
}

/// How long until `window` has room, given the `past` calls in order.
fn room_in(window: &Window, past: &VecDeque<Mono>, now: Mono) -> Duration {
    let oldest = past.len().checked_sub(window.calls).and_then(|index| past.get(index));
    match oldest {
        Some(oldest) => oldest.after(window.period + EDGE).since(now),
        None => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_second_login_within_the_second_waits_for_the_rest_of_it() {
        let mut limiter = Limiter::default();
        assert_eq!(limiter.take(routes::LOGIN, Mono(0)), Ok(()));
        let later = Mono(0).after(Duration::from_millis(400));
        assert_eq!(limiter.take(routes::LOGIN, later), Err(Duration::from_millis(650)));
        assert_eq!(limiter.take(routes::PROFILE, later), Ok(()), "routes do not share");
        assert_eq!(limiter.take(routes::LOGIN, later.after(Duration::from_millis(650))), Ok(()));
    }

    #[test]
    fn the_hourly_window_holds_when_the_second_has_room() {
        let mut limiter = Limiter::default();
        let mut now = Mono(0);
        for _ in 0..1000 {
            assert_eq!(limiter.take(routes::PROFILE, now), Ok(()));
            now = now.after(Duration::from_secs(1));
        }
        let wait = limiter.take(routes::PROFILE, now).expect_err("1,000 in the hour");
        assert_eq!(wait, Duration::from_secs(2600) + EDGE);
    }

    proptest! {
        #[test]
        fn no_window_is_ever_exceeded(pauses in prop::collection::vec(0_u64..900, 1..200)) {
            let mut limiter = Limiter::default();
            let (mut now, mut sent) = (Mono(0), Vec::new());
            for pause in pauses {
                now = now.after(Duration::from_millis(pause));
                while let Err(wait) = limiter.take(routes::PROFILE, now) {
                    prop_assert!(!wait.is_zero());
                    now = now.after(wait);
                }
                sent.push(now);
            }
            for four in sent.windows(4) {
                prop_assert!(four[3].since(four[0]) > Duration::from_secs(1));
            }
        }
    }
}
