//! The one session of an account: taken up or logged in, renewed, ended.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use smartapi::rest::{ApiError, LogoutRequest};
use smartapi::stream::expiry::DayEnd;
use tokio::time::Instant;

use super::calls::{self, Call};
use super::error::BrokerError;
use super::login::Login;
use super::outcome::{Outcome, Refusal};
use super::rest::Rest;
use super::rules::{Pace, Rules};
use super::session_file::SessionFile;
use super::tokens::SessionTokens;
use super::transport::Request;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::market::{MarketError, StreamAuth};
use crate::servers::Servers;
use crate::state::{StateError, StateFolder};

/// A renewal that failed in passing is shared by all callers of so long.
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
    /// It was from before the end of the last day, or past its own expiry.
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
    day_end: DayEnd,
    tokens: Mutex<Arc<SessionTokens>>,
    /// Held during a renewal, so that callers at the same time share it; whether the session has been
    /// logged out, after which there is none.
    renewal: tokio::sync::Mutex<bool>,
    failed: Mutex<Option<FailedRenewal>>,
    /// Why the tokens are not in the file.
    unsaved: Mutex<Option<Arc<StateError>>>,
}

/// A renewal that gave no tokens.
struct FailedRenewal {
    /// Those that were to be replaced.
    old: Arc<SessionTokens>,
    at: Instant,
    error: Arc<BrokerError>,
}

impl FailedRenewal {
    /// The same answer for whoever asks for the same while it stands.
    ///
    /// One that the broker refused stands as long as these tokens: repeated failures block the user.
    fn stands_for(&self, old: &Arc<SessionTokens>) -> Option<BrokerError> {
        let is_passing =
            self.error.is_retryable() || self.error.api().is_some_and(ApiError::is_passing);
        let stands = !is_passing || self.at.elapsed() < FAULT_STANDS;
        (stands && Arc::ptr_eq(old, &self.old)).then(|| self.error.again())
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
        let day_end = rules.day_end;
        let login = Login { rest: &rest, credentials: &credentials, clock: &clock, day_end };
        let (tokens, start) = match login.take_up(file.load()?).await? {
            Ok(tokens) => (tokens, SessionStart::Restored),
            Err(reason) => (login.log_in().await?, SessionStart::LoggedIn(reason)),
        };
        let tokens = Mutex::new(Arc::new(tokens));
        let (renewal, failed, unsaved) = Default::default();
        let session =
            Self { rest, credentials, file, clock, day_end, tokens, renewal, failed, unsaved };
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
    /// A session that turns out to be over is renewed beside it, for the next call; this one is not
    /// repeated and does not wait.
    pub(super) async fn write<B: Serialize + Sync, T: DeserializeOwned>(
        self: &Arc<Self>,
        call: &'static Call,
        body: &B,
    ) -> Result<Outcome<T>, BrokerError> {
        let request = Request::new(call, body)?;
        let tokens = self.tokens();
        let outcome = self.rest.send(&request, &tokens.jwt).await?;
        if matches!(&outcome, Outcome::Refused(Refusal { cause }) if cause.session_dead()) {
            let session = Arc::clone(self);
            // What fails is kept for `not_renewed`.
            tokio::spawn(async move { session.renew(&tokens).await });
        }
        Ok(outcome)
    }

    /// Keeps the connections for writes open, see [`Rest::keep_warm`], and the session alive: one whose
    /// day is over, or that the broker no longer knows, is renewed before an order meets it.
    pub(super) async fn keep(&self, period: Duration) {
        let tokens = self.tokens();
        let is_over = tokens.is_over(self.clock.now(), self.day_end);
        if is_over || self.rest.keep_warm(period, &tokens.jwt).await {
            // What fails is kept for `not_renewed`, and stands, so that it is not tried at every beat.
            let _: Result<(), BrokerError> = self.renew(&tokens).await;
        }
        if is_over {
            self.rest.keep_warm(period, &self.tokens().jwt).await;
        }
    }

    /// See [`Rest::next_beat`].
    pub(super) fn next_beat(&self, period: Duration) -> Instant {
        self.rest.next_beat(period)
    }

    /// Returns when a connection for writes has to be opened.
    pub(super) async fn gone_cold(&self) {
        self.rest.gone_cold().await;
    }

    /// Why the last renewal of the tokens of this moment failed, if it did.
    pub(super) fn not_renewed(&self) -> Option<Arc<BrokerError>> {
        let failed = self.failure();
        let failed = failed.as_ref().filter(|failed| Arc::ptr_eq(&failed.old, &self.tokens()));
        failed.map(|failed| Arc::clone(&failed.error))
    }

    /// Replaces `old` tokens, unless somebody else has done so meanwhile, or has failed in a way that
    /// stands.
    async fn renew(&self, old: &Arc<SessionTokens>) -> Result<(), BrokerError> {
        let is_ended = self.renewal.lock().await;
        if *is_ended || !Arc::ptr_eq(old, &self.tokens()) {
            return Ok(());
        }
        if let Some(error) = self.failure().as_ref().and_then(|failed| failed.stands_for(old)) {
            return Err(error);
        }
        let Self { rest, credentials, clock, day_end, .. } = self;
        let login = Login { rest, credentials, clock, day_end: *day_end };
        match login.renewed(old).await {
            Ok(tokens) => {
                *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
                *self.failure() = None;
                self.save();
                Ok(())
            }
            Err(error) => {
                let kept = Arc::new(error.again());
                *self.failure() =
                    Some(FailedRenewal { old: Arc::clone(old), at: Instant::now(), error: kept });
                Err(error)
            }
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<FailedRenewal>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
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
        *self.renewal.lock().await = true;
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

fn session_dead(error: &BrokerError) -> bool {
    error.api().is_some_and(ApiError::session_dead)
}
