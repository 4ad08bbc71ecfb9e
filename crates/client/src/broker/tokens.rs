//! The three tokens of a session.

use secrecy::{ExposeSecret, SecretString};
use smartapi::rest::{Tokens, jwt};
use smartapi::stream::expiry::DayEnd;

use crate::clock::Wall;

/// What a login gives, and when it was given.
#[derive(Clone, Debug)]
pub(super) struct SessionTokens {
    pub(super) jwt: SecretString,
    pub(super) refresh: SecretString,
    pub(super) feed: SecretString,
    pub(super) since: Wall,
}

impl SessionTokens {
    /// None if a token is empty or could not stand in a header.
    pub(super) fn from_wire(wire: &Tokens, since: Wall) -> Option<Self> {
        // Some clients hand the prefix back with the token.
        let jwt = fit(wire.jwt.strip_prefix("Bearer ").unwrap_or(&wire.jwt))?;
        Some(Self { jwt, refresh: fit(&wire.refresh)?, feed: fit(&wire.feed)?, since })
    }

    /// Whether the broker has certainly ended the session by `now`, where days end at `end`.
    ///
    /// Source: SmartAPI documentation (July 2026): a session lasts to 12 midnight; `exp` of the jwt
    ///         may be later and is an upper bound only.
    pub(super) fn is_over(&self, now: Wall, end: DayEnd) -> bool {
        let expired = jwt::expiry(self.jwt.expose_secret()).is_some_and(|exp| exp <= now.seconds());
        // A date before that of the tokens is another day, too.
        expired || end.after(self.since.date()) != end.after(now.date())
    }
}

fn fit(token: &str) -> Option<SecretString> {
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| token.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(jwt: &str) -> Option<SessionTokens> {
        let wire = Tokens { jwt: jwt.into(), refresh: "r1".into(), feed: "f1".into(), state: None };
        SessionTokens::from_wire(&wire, Wall(1_789_999_000_000))
    }

    #[test]
    fn a_session_ends_with_its_jwt_at_the_latest() {
        // {"exp":1790000000}, which is on the same day in India.
        let tokens = tokens("e30.eyJleHAiOjE3OTAwMDAwMDB9.x").expect("fit");
        assert!(!tokens.is_over(Wall(1_789_999_999_999), DayEnd::MIDNIGHT));
        assert!(tokens.is_over(Wall(1_790_000_000_000), DayEnd::MIDNIGHT));
    }

    #[test]
    fn a_session_ends_at_the_end_of_the_brokers_day() {
        let tokens = tokens("j1").expect("fit");
        // The tokens are of 21 Sep 2026, 19:26:39 in India.
        let midnight = 1_790_015_400_000;
        let five = midnight + 5 * 3_600_000;
        for (end, over) in [(DayEnd::MIDNIGHT, midnight), (DayEnd::FIVE_IN_THE_MORNING, five)] {
            assert!(!tokens.is_over(Wall(over - 1), end), "{end:?}");
            assert!(tokens.is_over(Wall(over), end), "{end:?}");
            assert!(tokens.is_over(Wall(over - 24 * 3_600_000 - 1), end), "another day: {end:?}");
        }
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_none() {
        for jwt in ["", "Bearer ", "a b", "a\nb", "é"] {
            assert!(tokens(jwt).is_none(), "{jwt:?}");
        }
        assert!(!format!("{:?}", tokens("jwt-secret")).contains("jwt-secret"));
    }
}
