//! The broker: one account, one session, and the calls that go through it.

use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::market::{MarketError, StreamAuth};
use crate::servers::Servers;
use crate::state::{StateError, StateFolder};
use keeper::Keeper;
use rules::Pace;
use session::Session;
use tags::Tags;

mod account;
mod address;
mod calls;
mod costs;
mod edis;
mod error;
mod gtt;
mod history;
mod keeper;
mod lanes;
mod lists;
mod login;
mod orders;
mod outcome;
mod prices;
mod resolve;
mod rest;
mod rules;
mod session;
mod session_file;
mod tags;
mod tokens;
mod transport;

pub use error::BrokerError;
pub use outcome::{Outcome, Placement, Refusal, Unanswered};
pub use resolve::Resolution;
pub use rules::Rules;
pub use session::{LoginReason, SessionStart};
pub(crate) use transport::{no_answer, root_cause};

/// An account that is logged in.
///
/// [`connect`](Self::connect) is the only way to a session. Calls that only read wait for room in the
/// broker's rate limits, renew a session that died, and are made again while the broker is in passing
/// trouble. Calls that change something are sent once or not at all, and never wait for the limits or
/// for a renewal.
/// [`renew`](Self::renew) renews for a stream whose tokens were refused, and which then takes those of
/// [`stream_auth`](Self::stream_auth). It is shared by reference or in an `Arc`.
pub struct Broker {
    session: Arc<Session>,
    start: SessionStart,
    rules: Rules,
    tags: Tags,
    keeper: Option<Keeper>,
}

impl Broker {
    /// Takes up the saved session if the broker still accepts it, else logs in and saves that one.
    ///
    /// With [`Rules::keep_warm`] the connections for orders are open when it returns, and are kept so
    /// until the broker is dropped.
    ///
    /// Errors: [`BrokerError`]; a session file that others can use is refused and not repaired.
    pub async fn connect(
        servers: Servers,
        credentials: Credentials,
        state: StateFolder,
        rules: Rules,
    ) -> Result<Self, BrokerError> {
        let pace = Pace::default();
        Self::connect_by(Clock::System, pace, servers, credentials, &state, rules).await
    }

    async fn connect_by(
        clock: Clock,
        pace: Pace,
        servers: Servers,
        credentials: Credentials,
        state: &StateFolder,
        rules: Rules,
    ) -> Result<Self, BrokerError> {
        let tags = Tags::new(clock.now(), std::process::id());
        let (session, start) =
            Session::open(clock, servers, credentials, state, &rules, pace).await?;
        let session = Arc::new(session);
        if let Some(period) = rules.keep_warm {
            session.keep(period).await;
        }
        let keeper = rules.keep_warm.map(|period| Keeper::start(Arc::clone(&session), period));
        Ok(Self { session, start, rules, tags, keeper })
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

    /// Why the session of this moment could not be renewed when that was last tried, if it could not;
    /// worth a line to the user.
    ///
    /// What the broker refused stands until a new [`connect`](Self::connect): it is not asked again, for
    /// repeated failures block the user.
    #[must_use]
    pub fn not_renewed(&self) -> Option<Arc<BrokerError>> {
        self.session.not_renewed()
    }

    /// The servers that this broker talks to.
    #[must_use]
    pub fn servers(&self) -> &Servers {
        self.session.servers()
    }

    /// Replaces the `refused` tokens, by the refresh token or else by a login.
    ///
    /// If the session already has others, nothing is done. Callers at the same time share one
    /// renewal, and its failure: in passing for a moment, refused by the broker for as long as these
    /// tokens are there, which is until the next [`connect`](Self::connect).
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
        drop(self.keeper);
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
