//! The broker's own count of calls: its table of rolling windows, held exactly.
//!
//! A polite client adds an edge to each window; the broker's side must not, or the two would refuse
//! each other's calls.

use smartapi::clock::Mono;
use smartapi::rest::limits::Limiter;

/// The calls of each route that were let through; a refused call is not counted.
pub(crate) struct Limits(Limiter);

impl Default for Limits {
    fn default() -> Self {
        Self(Limiter::broker())
    }
}

impl Limits {
    /// Whether a call of `route` may pass now; if so it is counted.
    pub(crate) fn admit(&mut self, route: &str, now: Mono) -> bool {
        self.0.take(route, now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use smartapi::rest::routes;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn lets_one_login_through_each_second() {
        let mut limits = Limits::default();
        assert!(limits.admit(routes::LOGIN, Mono(SECOND)));
        assert!(!limits.admit(routes::LOGIN, Mono(2 * SECOND - 1)));
        assert!(limits.admit(routes::LOGIN, Mono(2 * SECOND)));
        assert!(limits.admit(routes::PROFILE, Mono(SECOND)), "routes do not share");
    }

    #[test]
    fn the_hour_counts_on_top_of_the_second() {
        let mut limits = Limits::default();
        for call in 0..1000 {
            assert!(limits.admit(routes::GENERATE_TOKENS, Mono(call * 2 * SECOND)));
        }
        assert!(!limits.admit(routes::GENERATE_TOKENS, Mono(2_500 * SECOND)));
        assert!(limits.admit(routes::GENERATE_TOKENS, Mono(3_600 * SECOND)));
    }
}
