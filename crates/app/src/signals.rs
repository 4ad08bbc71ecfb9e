//! SIGINT and SIGTERM: noted, and left to whoever runs to end in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::background::Background;
use crate::failure::{Failure, Status};

/// How often a waiting command looks.
const LOOK: Duration = Duration::from_millis(25);

/// Whether a person or the system asked the program to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    noted: Arc<AtomicBool>,
    /// Lives as long as the listening, where nobody else keeps it.
    background: Option<Arc<Background>>,
}

impl Signals {
    /// Listens from here on, on a thread of its own.
    ///
    /// Errors: status 2 if the system does not let the program listen.
    pub(crate) fn in_background() -> Result<Self, Failure> {
        let background = Background::start()?;
        let mut signals = Self::listen(background.handle())?;
        signals.background = Some(Arc::new(background));
        Ok(signals)
    }

    /// Listens from here on, on somebody's runtime.
    ///
    /// Errors: status 2 if the system does not let the program listen.
    pub(crate) fn listen(background: &Handle) -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = Self::default();
        let _inside = background.enter();
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut stream = signal(kind).map_err(|error| {
                let what = format!("cannot listen for signals: {error}");
                Failure::new(Status::Usage, what, "run it where signals can be handled")
            })?;
            let noted = Arc::clone(&signals.noted);
            background.spawn(async move {
                while stream.recv().await.is_some() {
                    noted.store(true, Ordering::SeqCst);
                }
            });
        }
        Ok(signals)
    }

    /// Returns when one came.
    pub(crate) async fn wait(&self) {
        while !self.came() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        self.noted.load(Ordering::SeqCst)
    }
}
