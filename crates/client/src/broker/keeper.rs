//! Keeps the connections for orders open, so that an order never waits for a TLS handshake.

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
                tokio::time::sleep_until(session.next_beat(period)).await;
                session.keep_warm(period).await;
            }
        }))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}
