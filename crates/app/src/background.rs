//! The runtime for everything beside the tick thread: REST calls, renewals, signals.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::Failure;
use crate::tuning::no_thread;

/// A runtime of one thread. It ends at once, whatever still runs on it: a name look-up that hangs must
/// not hold up the end of the program.
#[derive(Debug)]
pub(crate) struct Background {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    /// Starts the thread.
    ///
    /// Errors: status 2 if the system has none left.
    pub(crate) fn start() -> Result<Self, Failure> {
        let built = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = built.map_err(|error| no_thread(&error))?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    /// For spawning and waiting.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
