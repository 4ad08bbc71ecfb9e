//! The one session of an account: taken up or logged in, renewed, ended.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use smartapi::rest::{ApiError, LoginRequest, LogoutRequest, Profile, RefreshRequest, Tokens};
use tokio::time::Instant;

use super::calls::{self, Call};
use super::error::BrokerError;
use super::outcome::{Outcome, Refusal};
use super::rest::Rest;
use super::rules::{Pace, Rules};
use super::session_file::{Saved, SessionFile};
use super::tokens::SessionTokens;
use super::transport::Request;
use crate::clock::{Clock, Wall};
use crate::credentials::Credentials;
use crate::market::{MarketError, StreamAuth};
use crate::servers::Servers;
use crate::state::{StateError, StateFolder};
use crate::totp;

/// The code of a refused TOTP, the one refusal after which a second try can help.
const BAD_TOTP: &str = "AB1050";

/// A renewal that the broker refused is not made again with the same tokens for so long: repeated
/// failures block the user.
const REFUSAL_STANDS: Duration = Duration::from_secs(600);
/// One that the broker failed in passing is shared by all callers of so long.
const FAULT_STANDS: Duration = Duration::from_secs(2);

/// How a session came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStart {
    /// The saved one, which the broker confirmed.
    Restored,
    LoggedIn(LoginReason),
}

/// Why a login was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginReason {
    NothingSaved,
    /// The saved file could not be read; it was replaced.
    SavedDamaged,
    /// It was from before the last 00:00 IST, or past its own expiry.
    SavedExpired,
    SavedRefused,
}

impl fmt::Display for SessionStart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Restored => "took up the saved session",
            Self::LoggedIn(LoginReason::NothingSaved) => "logged in; no session was saved",
            Self::LoggedIn(LoginReason::SavedDamaged) => {
                "logged in; the saved session was damaged and was replaced"
            }
            Self::LoggedIn(LoginReason::SavedExpired) => {
                "logged in; the saved session was not of today"
            }
            Self::LoggedIn(LoginReason::SavedRefused) => {
                "logged in; the broker no longer accepted the saved session"
            }
        })
    }
}

/// The session and all that it takes to keep it.
pub(super) struct Session {
    rest: Rest,
    credentials: Credentials,
    file: SessionFile,
    clock: Clock,
    tokens: Mutex<Arc<SessionTokens>>,
    /// Held during a renewal, so that callers at the same time share it; the last that failed.
    renewal: tokio::sync::Mutex<Option<FailedRenewal>>,
    /// Why the tokens are not in the file.
    unsaved: Mutex<Option<Arc<StateError>>>,
}

/// A renewal that the broker answered otherwise than with tokens.
struct FailedRenewal {
    /// Those that were to be replaced.
    old: Arc<SessionTokens>,
    at: Instant,
    doing: &'static str,
    cause: ApiError,
}

impl FailedRenewal {
    fn of(old: &Arc<SessionTokens>, error: &BrokerError) -> Option<Self> {
        let BrokerError::Api { doing, cause } = error else { return None };
        Some(Self { old: Arc::clone(old), at: Instant::now(), doing, cause: cause.clone() })
    }

    /// The same answer for whoever asks for the same while it stands.
    fn stands_for(&self, old: &Arc<SessionTokens>) -> Option<BrokerError> {
        let stands = if self.cause.is_passing() { FAULT_STANDS } else { REFUSAL_STANDS };
        let is_shared = Arc::ptr_eq(old, &self.old) && self.at.elapsed() < stands;
        is_shared.then(|| BrokerError::Api { doing: self.doing, cause: self.cause.clone() })
    }
}

impl Session {
    pub(super) async fn open(
        clock: Clock,
        servers: Servers,
        credentials: Credentials,
        state: &StateFolder,
        rules: &Rules,
        pace: Pace,
    ) -> Result<(Self, SessionStart), BrokerError> {
        let file = SessionFile::new(state, servers.name(), credentials.client_id.clone());
        let rest = Rest::new(servers, &credentials.api_key, rules, pace)?;
        let login = Login { rest: &rest, credentials: &credentials, clock: &clock };
        let (tokens, start) = match login.take_up(file.load()?).await? {
            Ok(tokens) => (tokens, SessionStart::Restored),
            Err(reason) => (login.log_in().await?, SessionStart::LoggedIn(reason)),
        };
        let tokens = Mutex::new(Arc::new(tokens));
        let renewal = tokio::sync::Mutex::default();
        let unsaved = Mutex::default();
        let session = Self { rest, credentials, file, clock, tokens, renewal, unsaved };
        if start != SessionStart::Restored {
            session.save();
        }
        Ok((session, start))
    }

    /// Saves the tokens of this moment. A session that works must not end because of a full disk,
    /// nor be lost to a second login: what fails is kept for [`Self::unsaved`].
    fn save(&self) {
        let result = self.file.save(&self.tokens());
        *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = result.err().map(Arc::new);
    }

    pub(super) fn unsaved(&self) -> Option<Arc<StateError>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) const fn servers(&self) -> &Servers {
        self.rest.servers()
    }

    pub(super) fn client_code(&self) -> &str {
        &self.credentials.client_id
    }

    /// The tokens of this moment.
    pub(super) fn tokens(&self) -> Arc<SessionTokens> {
        Arc::clone(&self.tokens.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn stream_auth(&self) -> Result<StreamAuth, MarketError> {
        let tokens = self.tokens();
        StreamAuth::new(
            self.credentials.api_key.clone(),
            self.credentials.client_id.clone(),
            tokens.jwt.clone(),
            tokens.feed.clone(),
        )
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) const fn pace(&self) -> &Pace {
        self.rest.pace()
    }

    /// Makes a call that only reads: once more if the session had to be renewed, and patiently.
    pub(super) async fn read<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: &'static Call,
        body: &B,
    ) -> Result<T, BrokerError> {
        self.read_request(&Request::new(call, body)?).await
    }

    pub(super) async fn read_request<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<T, BrokerError> {
        let tokens = self.tokens();
        let answer = self.rest.patient(request, &tokens.jwt).await;
        if !answer.as_ref().is_err_and(session_dead) {
            return answer;
        }
        self.renew(&tokens).await?;
        self.rest.patient(request, &self.tokens().jwt).await
    }

    /// Makes a call that changes something: once, whatever comes of it.
    ///
    /// A session that turns out to be over is renewed for the next call; this one is not repeated.
    pub(super) async fn write<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: &'static Call,
        body: &B,
    ) -> Result<Outcome<T>, BrokerError> {
        let request = Request::new(call, body)?;
        let tokens = self.tokens();
        match self.rest.send(&request, &tokens.jwt).await? {
            Outcome::Refused(Refusal { cause, .. }) if cause.session_dead() => {
                let session_renewed = self.renew(&tokens).await.is_ok();
                Ok(Outcome::Refused(Refusal { cause, session_renewed }))
            }
            outcome => Ok(outcome),
        }
    }

    /// See [`Rest::keep_warm`].
    pub(super) async fn keep_warm(&self, period: Duration) {
        self.rest.keep_warm(period, &self.tokens().jwt).await;
    }

    /// See [`Rest::next_beat`].
    pub(super) fn next_beat(&self, period: Duration) -> Instant {
        self.rest.next_beat(period)
    }

    /// Replaces `old` tokens, unless somebody else has done so meanwhile, or was refused just now.
    async fn renew(&self, old: &Arc<SessionTokens>) -> Result<(), BrokerError> {
        let mut failed = self.renewal.lock().await;
        if !Arc::ptr_eq(old, &self.tokens()) {
            return Ok(());
        }
        if let Some(error) = failed.as_ref().and_then(|failed| failed.stands_for(old)) {
            return Err(error);
        }
        let login = Login { rest: &self.rest, credentials: &self.credentials, clock: &self.clock };
        let renewed = login.renewed(old).await;
        *failed = renewed.as_ref().err().and_then(|error| FailedRenewal::of(old, error));
        let tokens = renewed?;
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
        self.save();
        Ok(())
    }

    /// Replaces the tokens that a stream has refused, unless the session has others by now.
    pub(super) async fn renew_refused(&self, refused: &StreamAuth) -> Result<(), BrokerError> {
        let tokens = self.tokens();
        if !refused.has_tokens(&tokens.jwt, &tokens.feed) {
            return Ok(());
        }
        self.renew(&tokens).await
    }

    /// Ends the session; one that the broker has ended already is as good.
    pub(super) async fn log_out(&self) -> Result<(), BrokerError> {
        let body = LogoutRequest { clientcode: self.credentials.client_id.clone() };
        let request = Request::new(&calls::LOGOUT, &body)?;
        let answer: Result<IgnoredAny, _> =
            self.rest.call(&request, Some(&self.tokens().jwt)).await;
        match answer {
            Err(error) if !session_dead(&error) => Err(error),
            _ => Ok(self.file.remove()?),
        }
    }
}

/// The ways to tokens; the only code that sends the PIN.
struct Login<'a> {
    rest: &'a Rest,
    credentials: &'a Credentials,
    clock: &'a Clock,
}

impl Login<'_> {
    /// The saved tokens if the broker confirms them, else why a login is needed.
    ///
    /// Errors: what says nothing about the session, such as a server that cannot be reached.
    async fn take_up(
        &self,
        saved: Saved,
    ) -> Result<Result<SessionTokens, LoginReason>, BrokerError> {
        let tokens = match saved {
            Saved::Nothing => return Ok(Err(LoginReason::NothingSaved)),
            Saved::Damaged => return Ok(Err(LoginReason::SavedDamaged)),
            Saved::Session(tokens) => tokens,
        };
        if tokens.is_over(self.clock.now()) {
            return Ok(Err(LoginReason::SavedExpired));
        }
        let request = Request::new(&calls::PROFILE, &())?;
        let profile: Result<Profile, _> = self.rest.call(&request, Some(&tokens.jwt)).await;
        match profile {
            Ok(profile) if profile.clientcode == self.credentials.client_id => Ok(Ok(tokens)),
            Ok(_) => Ok(Err(LoginReason::SavedRefused)),
            Err(error) if refused(&error) => Ok(Err(LoginReason::SavedRefused)),
            Err(error) => Err(error),
        }
    }

    /// Logs in; a refused TOTP is tried once more, with the code of the next step.
    async fn log_in(&self) -> Result<SessionTokens, BrokerError> {
        let first = totp::usable_from(self.clock.now());
        match self.try_code(first).await {
            Err(error) if has_code(&error, BAD_TOTP) => {}
            other => return other,
        }
        // Never a third: repeated failures block the user.
        let second = totp::next_step(first).max(self.clock.now());
        self.try_code(totp::usable_from(second)).await
    }

    /// Logs in at `due` with the code of that moment.
    async fn try_code(&self, due: Wall) -> Result<SessionTokens, BrokerError> {
        self.clock.wait_for(due).await;
        let body = LoginRequest {
            clientcode: self.credentials.client_id.clone(),
            password: self.credentials.pin.expose_secret().to_owned(),
            totp: self.credentials.codes.at(self.clock.now()),
            state: None,
        };
        let request = Request::new(&calls::LOGIN, &body)?;
        self.take(&calls::LOGIN, self.rest.call(&request, None).await?)
    }

    /// Tokens in place of `old` ones, by whichever way there is.
    async fn renewed(&self, old: &SessionTokens) -> Result<SessionTokens, BrokerError> {
        match self.refresh(old).await? {
            Some(tokens) => Ok(tokens),
            None => self.log_in().await,
        }
    }

    /// New tokens for `old` ones, or none if the broker refuses and a login is due.
    async fn refresh(&self, old: &SessionTokens) -> Result<Option<SessionTokens>, BrokerError> {
        if old.is_over(self.clock.now()) {
            return Ok(None);
        }
        let body = RefreshRequest { refresh: old.refresh.expose_secret().to_owned() };
        let request = Request::new(&calls::REFRESH, &body)?;
        match self.rest.call(&request, Some(&old.jwt)).await {
            Ok(wire) => self.take(&calls::REFRESH, wire).map(Some),
            Err(error) if refused(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take(&self, call: &Call, wire: Tokens) -> Result<SessionTokens, BrokerError> {
        SessionTokens::from_wire(&wire, self.clock.now()).ok_or_else(|| BrokerError::Api {
            doing: call.doing,
            cause: ApiError::Form {
                status: 200,
                what: "a token is empty or not one word of ASCII".to_owned(),
            },
        })
    }
}

fn session_dead(error: &BrokerError) -> bool {
    error.api().is_some_and(ApiError::session_dead)
}

/// Whether the broker itself said no, for whatever reason it gave.
fn refused(error: &BrokerError) -> bool {
    matches!(error.api(), Some(ApiError::SessionDead { .. } | ApiError::Refused { .. }))
}

fn has_code(error: &BrokerError, code: &str) -> bool {
    error.api().and_then(ApiError::code) == Some(code)
}
