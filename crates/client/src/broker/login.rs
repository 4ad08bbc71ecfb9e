//! The ways to tokens: taken up, refreshed, or by a login with PIN and TOTP.

use secrecy::ExposeSecret;
use smartapi::rest::{ApiError, LoginRequest, Profile, RefreshRequest, Tokens};
use smartapi::stream::expiry::DayEnd;

use super::calls::{self, Call};
use super::error::BrokerError;
use super::rest::Rest;
use super::session::LoginReason;
use super::session_file::Saved;
use super::tokens::SessionTokens;
use super::transport::Request;
use crate::clock::{Clock, Wall};
use crate::credentials::Credentials;
use crate::totp;

/// The code of a refused TOTP, the one refusal after which a second try can help.
const BAD_TOTP: &str = "AB1050";

/// The ways to tokens; the only code that sends the PIN.
pub(super) struct Login<'a> {
    pub(super) rest: &'a Rest,
    pub(super) credentials: &'a Credentials,
    pub(super) clock: &'a Clock,
    pub(super) day_end: DayEnd,
}

impl Login<'_> {
    /// The saved tokens if the broker confirms them, else why a login is needed.
    ///
    /// Errors: what says nothing about the session, such as a server that cannot be reached.
    pub(super) async fn take_up(
        &self,
        saved: Saved,
    ) -> Result<Result<SessionTokens, LoginReason>, BrokerError> {
        let tokens = match saved {
            Saved::Nothing => return Ok(Err(LoginReason::NothingSaved)),
            Saved::Damaged => return Ok(Err(LoginReason::SavedDamaged)),
            Saved::Session(tokens) => tokens,
        };
        if tokens.is_over(self.clock.now(), self.day_end) {
            return Ok(Err(LoginReason::SavedExpired));
        }
        let request = Request::new(&calls::PROFILE, &())?;
        let profile: Result<Profile, _> = self.rest.patient(&request, &tokens.jwt).await;
        match profile {
            Ok(profile) if profile.clientcode == self.credentials.client_id => Ok(Ok(tokens)),
            Ok(_) => Ok(Err(LoginReason::SavedRefused)),
            Err(error) if refused(&error) => Ok(Err(LoginReason::SavedRefused)),
            Err(error) => Err(error),
        }
    }

    /// Logs in; a refused TOTP is tried once more, with the code of the next step.
    pub(super) async fn log_in(&self) -> Result<SessionTokens, BrokerError> {
        let first = totp::usable_from(self.clock.now());
        match self.try_code(first).await {
            Err(error) if has_code(&error, BAD_TOTP) => {}
            other => return other,
        }
        // Never a third: repeated failures block the user.
        let second = totp::next_step(first).max(self.clock.now());
        self.try_code(totp::usable_from(second)).await
    }

    /// Logs in at `due` or a little later, with the code of that moment.
    async fn try_code(&self, due: Wall) -> Result<SessionTokens, BrokerError> {
        self.clock.wait_for(due).await;
        let wire = self.rest.until_sent(|| self.send_code()).await?;
        self.take(&calls::LOGIN, wire)
    }

    async fn send_code(&self) -> Result<Tokens, BrokerError> {
        self.clock.wait_for(totp::usable_from(self.clock.now())).await;
        let body = LoginRequest {
            clientcode: self.credentials.client_id.clone(),
            password: self.credentials.pin.expose_secret().to_owned(),
            totp: self.credentials.codes.at(self.clock.now()),
            state: None,
        };
        self.rest.call(&Request::new(&calls::LOGIN, &body)?, None).await
    }

    /// Tokens in place of `old` ones, by whichever way there is.
    pub(super) async fn renewed(&self, old: &SessionTokens) -> Result<SessionTokens, BrokerError> {
        match self.refresh(old).await? {
            Some(tokens) => Ok(tokens),
            None => self.log_in().await,
        }
    }

    /// New tokens for `old` ones, or none if a login is due: the broker refuses, or answers with
    /// whatever is not tokens. Only a rate limit is none of both.
    async fn refresh(&self, old: &SessionTokens) -> Result<Option<SessionTokens>, BrokerError> {
        if old.is_over(self.clock.now(), self.day_end) {
            return Ok(None);
        }
        let body = RefreshRequest { refresh: old.refresh.expose_secret().to_owned() };
        let request = Request::new(&calls::REFRESH, &body)?;
        let answer = self.rest.until_sent(|| self.rest.call(&request, Some(&old.jwt))).await;
        match answer.and_then(|wire| self.take(&calls::REFRESH, wire)) {
            Ok(tokens) => Ok(Some(tokens)),
            Err(error) if error.api().is_some_and(|cause| !cause.is_rate_limit()) => Ok(None),
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

/// Whether the broker itself said no, for whatever reason it gave.
fn refused(error: &BrokerError) -> bool {
    matches!(error.api(), Some(ApiError::SessionDead { .. } | ApiError::Refused { .. }))
}

fn has_code(error: &BrokerError, code: &str) -> bool {
    error.api().and_then(ApiError::code) == Some(code)
}
