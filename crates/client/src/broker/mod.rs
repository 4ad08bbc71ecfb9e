//! The broker: one account, one session, and the calls that go through it.

use std::fmt;
use std::sync::Arc;

use smartapi::rest::{Profile, Scrip, SearchRequest};

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::market::{MarketError, StreamAuth};
use crate::servers::Servers;
use crate::state::{StateError, StateFolder};
use session::Session;

mod error;
mod rest;
mod session;
mod session_file;
mod tokens;

pub use error::BrokerError;
pub(crate) use rest::{no_answer, root_cause};
pub use session::{LoginReason, SessionStart};

/// An account that is logged in.
///
/// [`connect`](Self::connect) is the only way to a session. Calls that only read renew a session
/// that died and are then made once more; [`renew`](Self::renew) does so for a stream whose tokens
/// were refused, and which then takes those of [`stream_auth`](Self::stream_auth). It is shared by reference or in an `Arc`.
pub struct Broker {
    session: Session,
    start: SessionStart,
}

impl Broker {
    /// Takes up the saved session if the broker still accepts it, else logs in and saves that one.
    ///
    /// Errors: [`BrokerError`]; a session file that others can use is refused and not repaired.
    pub async fn connect(
        servers: Servers,
        credentials: Credentials,
        state: StateFolder,
    ) -> Result<Self, BrokerError> {
        Self::connect_by(Clock::System, servers, credentials, &state).await
    }

    async fn connect_by(
        clock: Clock,
        servers: Servers,
        credentials: Credentials,
        state: &StateFolder,
    ) -> Result<Self, BrokerError> {
        let (session, start) = Session::open(clock, servers, credentials, state).await?;
        Ok(Self { session, start })
    }

    /// How the session came to be; worth a line to the user.
    #[must_use]
    pub const fn start(&self) -> SessionStart {
        self.start
    }

    /// Why the session of this moment is not saved, if it is not; worth a line to the user.
    ///
    /// The session works all the same, but the next start has to log in.
    #[must_use]
    pub fn unsaved(&self) -> Option<Arc<StateError>> {
        self.session.unsaved()
    }

    /// The servers that this broker talks to.
    #[must_use]
    pub const fn servers(&self) -> &Servers {
        self.session.servers()
    }

    /// Who is logged in.
    pub async fn profile(&self) -> Result<Profile, BrokerError> {
        self.session.read(&rest::PROFILE, &()).await
    }

    /// The instruments of `exchange` (such as `NFO`) that match `words`; none is not an error.
    pub async fn search(&self, exchange: &str, words: &str) -> Result<Vec<Scrip>, BrokerError> {
        let body = SearchRequest { exchange: exchange.to_owned(), searchscrip: words.to_owned() };
        let found: Option<Vec<Scrip>> = self.session.read(&rest::SEARCH, &body).await?;
        Ok(found.unwrap_or_default())
    }

    /// Replaces the `refused` tokens, by the refresh token or else by a login.
    ///
    /// If the session already has others, nothing is done. Callers at the same time share one
    /// renewal; logins keep to one a second.
    pub async fn renew(&self, refused: &StreamAuth) -> Result<(), BrokerError> {
        self.session.renew_refused(refused).await
    }

    /// What a market stream needs to log in with the tokens of this moment.
    ///
    /// Errors: [`MarketError::Credential`], which the checks of a login already rule out.
    pub fn stream_auth(&self) -> Result<StreamAuth, MarketError> {
        self.session.stream_auth()
    }

    /// Ends the session at the broker and forgets it here.
    pub async fn logout(self) -> Result<(), BrokerError> {
        self.session.log_out().await
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Broker")
            .field("server", &self.servers().name())
            .field("client_code", &self.session.client_code())
            .field("start", &self.start)
            .finish()
    }
}

#[cfg(test)]
mod tests;
