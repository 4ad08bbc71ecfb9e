//! Who is logged in: tokens given out, and how long they live.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use smartapi::rest::{LoginRequest, Tokens};

use super::{Credentials, random_bytes};
use crate::{Error, SessionRules, TokenEnd};

const DAY_S: i64 = 86_400;
const IST_S: i64 = 19_800;
/// Older sessions are forgotten, so that no client can make the list grow.
const MOST_SESSIONS: usize = 256;

/// Why a login is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginRefusal {
    /// The client code or the PIN; a password of another form is no more than a wrong one.
    Credentials,
    Totp,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    Missing,
    Invalid,
    Expired,
}

struct Session {
    id: u64,
    tokens: Tokens,
    expires_s: i64,
    /// A logout ends REST; the stream may still be opened, as with the broker.
    logged_out: bool,
}

/// The account's sessions; several may live at once.
pub(crate) struct Sessions {
    credentials: Credentials,
    rules: SessionRules,
    totp: totp_rs::Totp,
    open: Vec<Session>,
    /// Sessions that were ever opened.
    opened: u64,
}

impl Sessions {
    pub(crate) fn new(credentials: Credentials, rules: SessionRules) -> Result<Self, Error> {
        let text = credentials.totp_secret.trim_end_matches('=').to_ascii_uppercase();
        let secret = totp_rs::Secret::try_from_base32(text).map_err(|_| Error::TotpSecret)?;
        let totp = totp_rs::Builder::new().with_secret(secret).with_skew(0).build_noncompliant();
        Ok(Self { credentials, rules, totp, open: Vec::new(), opened: 0 })
    }

    /// Opens a session if client code, PIN and one-time code are right.
    ///
    /// The code of the step before is accepted too; the broker's window is about a minute.
    pub(crate) fn login(
        &mut self,
        request: &LoginRequest,
        now_s: i64,
    ) -> Result<Result<Tokens, LoginRefusal>, Error> {
        if request.clientcode != self.credentials.client_id
            || request.password != self.credentials.password
        {
            return Ok(Err(LoginRefusal::Credentials));
        }
        let now = now_s.max(30) as u64;
        let next = self.rules.next_code.then_some(now + 30);
        let mut steps = [now, now - 30].into_iter().chain(next);
        if !steps.any(|time| self.totp.check(&request.totp, time).is_some()) {
            return Ok(Err(LoginRefusal::Totp));
        }
        let mut tokens = self.open_session(now_s)?;
        tokens.state.clone_from(&request.state);
        Ok(Ok(tokens))
    }

    /// Exchanges a refresh token for three fresh tokens; the old three end.
    pub(crate) fn refresh(
        &mut self,
        refresh: &str,
        now_s: i64,
    ) -> Result<Result<Tokens, TokenRefusal>, Error> {
        let found = self.open.iter().position(|s| s.tokens.refresh == refresh && !s.logged_out);
        let Some(index) = found else { return Ok(Err(TokenRefusal::Invalid)) };
        if self.open.remove(index).expires_s <= now_s {
            return Ok(Err(TokenRefusal::Expired));
        }
        Ok(Ok(self.open_session(now_s)?))
    }

    /// Ends the session of `jwt` for REST; gives its number.
    pub(crate) fn logout(&mut self, jwt: &str) -> Option<u64> {
        let session = self.open.iter_mut().find(|session| session.tokens.jwt == jwt)?;
        session.logged_out = true;
        Some(session.id)
    }

    /// The number of the session that gave out this token, with a prefix or not.
    pub(crate) fn number_of(&self, token: &str) -> Option<u64> {
        let token = bare(token);
        let gave = |session: &&Session| session.tokens.jwt == token || session.tokens.feed == token;
        self.open.iter().find(gave).map(|session| session.id)
    }

    /// Whether the streams of a session are to end: it has logged out, and that is the rule.
    pub(crate) fn ends_streams(&self, number: u64) -> bool {
        let left = |session: &Session| session.id == number && session.logged_out;
        self.rules.logout_ends_streams && self.open.iter().any(left)
    }

    /// Ends every token given out so far.
    pub(crate) fn expire(&mut self, now_s: i64) {
        for session in &mut self.open {
            session.expires_s = session.expires_s.min(now_s);
        }
    }

    /// Checks an `Authorization` value of a REST call, or of the order stream.
    ///
    /// Returns the jwt without its prefix.
    pub(crate) fn check_bearer<'h>(
        &self,
        authorization: Option<&'h str>,
        now_s: i64,
    ) -> Result<&'h str, TokenRefusal> {
        let jwt = bare(authorization.ok_or(TokenRefusal::Missing)?);
        let session = self.open.iter().find(|s| s.tokens.jwt == jwt && !s.logged_out);
        alive(session, now_s).map(|()| jwt)
    }

    /// Checks the jwt that a market stream may bring; one that was logged out still opens a stream.
    pub(crate) fn check_stream_jwt(&self, jwt: &str, now_s: i64) -> Result<(), TokenRefusal> {
        alive(self.open.iter().find(|session| session.tokens.jwt == bare(jwt)), now_s)
    }

    /// Checks the feed token that a market stream must bring.
    pub(crate) fn check_feed_token(&self, feed: &str, now_s: i64) -> Result<(), TokenRefusal> {
        alive(self.open.iter().find(|session| session.tokens.feed == feed), now_s)
    }

    fn open_session(&mut self, now_s: i64) -> Result<Tokens, Error> {
        let expires_s = next_end(self.rules.token_end, now_s);
        let tokens = Tokens {
            jwt: self.token(now_s, expires_s)?,
            refresh: self.token(now_s, expires_s)?,
            feed: self.token(now_s, expires_s)?,
            state: None,
        };
        if self.open.len() >= MOST_SESSIONS {
            self.open.remove(0);
        }
        self.opened += 1;
        let (id, logged_out) = (self.opened, false);
        self.open.push(Session { id, tokens: tokens.clone(), expires_s, logged_out });
        Ok(tokens)
    }

    /// A token of the broker's form: an HS512 JWT whose signature only its issuer could check.
    ///
    /// The sandbox knows its tokens by heart, so the signature is random.
    fn token(&self, now_s: i64, expires_s: i64) -> Result<String, Error> {
        let claims = serde_json::json!({
            "username": self.credentials.client_id,
            "roles": 0,
            "usertype": "USER",
            "token": URL_SAFE_NO_PAD.encode(random_bytes::<24>()?),
            "API-KEY": self.credentials.api_key,
            "iat": now_s,
            "exp": expires_s,
        });
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS512"}"#);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = URL_SAFE_NO_PAD.encode(random_bytes::<64>()?);
        Ok(format!("{header}.{claims}.{signature}"))
    }
}

/// The value without `Bearer `: the official SDKs send both forms.
fn bare(authorization: &str) -> &str {
    authorization.strip_prefix("Bearer ").unwrap_or(authorization)
}

fn alive(session: Option<&Session>, now_s: i64) -> Result<(), TokenRefusal> {
    match session {
        None => Err(TokenRefusal::Invalid),
        Some(session) if session.expires_s <= now_s => Err(TokenRefusal::Expired),
        Some(_) => Ok(()),
    }
}

/// When tokens of `now_s` end, in seconds since 1970 UTC.
const fn next_end(end: TokenEnd, now_s: i64) -> i64 {
    let into_day = match end {
        TokenEnd::Midnight => 0,
        TokenEnd::Five => 5 * 3600,
    };
    let shift = IST_S - into_day;
    ((now_s + shift).div_euclid(DAY_S) + 1) * DAY_S - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_763_620_200; // 2025-11-20 12:00:00 IST

    fn sessions() -> (Sessions, LoginRequest) {
        with(SessionRules::default())
    }

    fn with(rules: SessionRules) -> (Sessions, LoginRequest) {
        let credentials = Credentials {
            api_key: "KEY".into(),
            client_id: "S1".into(),
            password: "0042".into(),
            totp_secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into(),
        };
        let sessions = Sessions::new(credentials, rules).unwrap();
        let totp = sessions.totp.generate(NOON as u64).to_string();
        let request =
            LoginRequest { clientcode: "S1".into(), password: "0042".into(), totp, state: None };
        (sessions, request)
    }

    #[test]
    fn accepts_the_code_of_this_step_and_the_one_before() {
        let (mut sessions, request) = sessions();
        assert!(sessions.login(&request, NOON).unwrap().is_ok());
        assert!(sessions.login(&request, NOON + 30).unwrap().is_ok());
        assert_eq!(sessions.login(&request, NOON + 60).unwrap().err(), Some(LoginRefusal::Totp));
        assert_eq!(sessions.login(&request, NOON - 30).unwrap().err(), Some(LoginRefusal::Totp));
    }

    #[test]
    fn the_code_of_the_next_step_is_accepted_where_that_is_the_rule() {
        let (mut sessions, request) =
            with(SessionRules { next_code: true, ..SessionRules::default() });
        assert!(sessions.login(&request, NOON - 30).unwrap().is_ok());
        assert_eq!(sessions.login(&request, NOON - 60).unwrap().err(), Some(LoginRefusal::Totp));
        assert!(sessions.login(&request, NOON + 30).unwrap().is_ok());
    }

    #[test]
    fn tokens_may_live_until_five_in_the_morning() {
        let rules = SessionRules { token_end: TokenEnd::Five, ..SessionRules::default() };
        let (mut sessions, request) = with(rules);
        let tokens = sessions.login(&request, NOON).unwrap().ok().unwrap();
        let five = NOON + 17 * 3600;
        assert_eq!(sessions.check_feed_token(&tokens.feed, five - 1), Ok(()));
        assert_eq!(sessions.check_feed_token(&tokens.feed, five), Err(TokenRefusal::Expired));
        // What is given out after midnight ends the same morning.
        assert_eq!(next_end(TokenEnd::Five, five - 3600), five);
    }

    #[test]
    fn a_logout_ends_the_streams_of_its_own_session_where_that_is_the_rule() {
        for logout_ends_streams in [false, true] {
            let rules = SessionRules { logout_ends_streams, ..SessionRules::default() };
            let (mut sessions, request) = with(rules);
            let tokens = [(); 2].map(|()| sessions.login(&request, NOON).unwrap().ok().unwrap());
            let numbers = tokens.each_ref().map(|tokens| {
                let number = sessions.number_of(&tokens.feed).unwrap();
                assert_eq!(sessions.number_of(&format!("Bearer {}", tokens.jwt)), Some(number));
                number
            });
            assert_eq!(sessions.logout(&tokens[1].jwt), Some(numbers[1]));
            assert_eq!(
                numbers.map(|number| sessions.ends_streams(number)),
                [false, logout_ends_streams]
            );
        }
    }

    #[test]
    fn knows_the_published_one_time_codes() {
        let (sessions, _) = sessions();
        assert_eq!(sessions.totp.generate(1_111_111_109).to_string(), "081804");
    }

    #[test]
    fn tokens_die_at_midnight_in_india() {
        let (mut sessions, request) = sessions();
        let tokens = sessions.login(&request, NOON).unwrap().ok().unwrap();
        let midnight = NOON + 12 * 3600;
        let bearer = format!("Bearer {}", tokens.jwt);
        assert_eq!(sessions.check_bearer(Some(&bearer), midnight - 1), Ok(tokens.jwt.as_str()));
        assert_eq!(sessions.check_bearer(Some(&bearer), midnight), Err(TokenRefusal::Expired));
        assert_eq!(sessions.check_feed_token(&tokens.feed, midnight), Err(TokenRefusal::Expired));
    }

    #[test]
    fn a_refresh_ends_the_old_tokens() {
        let (mut sessions, request) = sessions();
        let old = sessions.login(&request, NOON).unwrap().ok().unwrap();
        let new = sessions.refresh(&old.refresh, NOON).unwrap().ok().unwrap();
        assert_eq!(sessions.check_bearer(Some(&old.jwt), NOON), Err(TokenRefusal::Invalid));
        assert_eq!(sessions.check_bearer(Some(&new.jwt), NOON), Ok(new.jwt.as_str()));
        let again = sessions.refresh(&old.refresh, NOON).unwrap();
        assert_eq!(again.err(), Some(TokenRefusal::Invalid));
    }

    #[test]
    fn a_logout_ends_rest_and_leaves_the_stream() {
        let (mut sessions, request) = sessions();
        let tokens = sessions.login(&request, NOON).unwrap().ok().unwrap();
        sessions.logout(&tokens.jwt);
        assert_eq!(sessions.check_bearer(Some(&tokens.jwt), NOON), Err(TokenRefusal::Invalid));
        assert_eq!(sessions.check_feed_token(&tokens.feed, NOON), Ok(()));
        assert_eq!(sessions.check_stream_jwt(&tokens.jwt, NOON), Ok(()));
    }
}
