//! Keeps the connections for orders open and the session alive, so that an order meets neither a TLS
//! handshake nor a session whose end nobody has noticed.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::session::Session;

/// The task that makes a cheap read where nothing was sent for a while; it ends with this value.
pub(super) struct Keeper(JoinHandle<()>);

impl Keeper {
    pub(super) fn start(session: Arc<Session>, period: Duration) -> Self {
        Self(tokio::spawn(async move {
            loop {
                let beat = session.next_beat(period);
                // The beat, or a connection that broke before it.
                let _ = tokio::time::timeout_at(beat, session.gone_cold()).await;
                session.keep(period).await;
            }
        }))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}
