//! The three tokens of a session.

use secrecy::{ExposeSecret, SecretString};
use smartapi::rest::{Tokens, jwt};

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

    /// Whether the broker has certainly ended the session by `now`.
    ///
    /// Source: SmartAPI documentation (July 2026): a session lasts to 12 midnight; `exp` of the jwt
    ///         may be later and is an upper bound only.
    pub(super) fn is_over(&self, now: Wall) -> bool {
        let expired = jwt::expiry(self.jwt.expose_secret()).is_some_and(|exp| exp <= now.seconds());
        expired || self.since.ist_day() != now.ist_day()
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
        assert!(!tokens.is_over(Wall(1_789_999_999_999)));
        assert!(tokens.is_over(Wall(1_790_000_000_000)));
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_none() {
        for jwt in ["", "Bearer ", "a b", "a\nb", "é"] {
            assert!(tokens(jwt).is_none(), "{jwt:?}");
        }
        assert!(!format!("{:?}", tokens("jwt-secret")).contains("jwt-secret"));
    }
}
