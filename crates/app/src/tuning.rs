//! What `[tuning]` asks of the system, for as long as a run lasts.

use std::thread;

use client::market;
use engine::config::Tuning;
use rustix::mm::{MlockAllFlags, mlockall, munlockall};

use crate::failure::Failure;
use crate::thread::{pin, processors};

/// What the system has granted; it is taken back when this is dropped.
#[derive(Debug)]
pub(crate) struct Granted {
    memory_locked: bool,
}

impl Granted {
    /// Asks for it all before anything is opened; pinning is only tried, on a thread that ends.
    ///
    /// Errors: status 2, naming the key that the system refuses.
    pub(crate) fn ask(tuning: &Tuning) -> Result<Self, Failure> {
        if let Some(processor) = tuning.pin {
            let tried = thread::Builder::new().spawn(move || keep_to(processor));
            tried.map_err(|error| no_thread(&error))?.join().unwrap_or(Ok(()))?;
        }
        if tuning.lock_memory {
            mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE)
                .map_err(|error| unlocked(&error.into()))?;
        }
        Ok(Self { memory_locked: tuning.lock_memory })
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        if self.memory_locked {
            // What cannot be unlocked is unlocked at the end of the program.
            let _ = munlockall();
        }
    }
}

/// What the stream is told.
pub(crate) const fn of_stream(tuning: &Tuning) -> market::Tuning {
    market::Tuning { no_delay: tuning.no_delay, busy_poll: tuning.busy_poll }
}

/// Keeps the calling thread on the processor of `tuning.pin`.
///
/// Errors: status 2, with the processors that there are.
pub(crate) fn keep_to(processor: usize) -> Result<(), Failure> {
    let allowed = processors();
    pin(processor).map_err(|error| {
        let what = format!("tuning.pin = {processor}: the system refuses this processor: {error}");
        Failure::usage(what, format!("choose one of {}, or -1", listed(&allowed)))
    })
}

/// The threads that are needed cannot be had.
pub(crate) fn no_thread(error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot start a thread: {error}"), "raise `ulimit -u`")
}

fn unlocked(error: &std::io::Error) -> Failure {
    Failure::usage(
        format!("tuning.lock_memory = true: the system refuses to lock the memory: {error}"),
        "raise the limit with `ulimit -l unlimited`, or in a service with LimitMEMLOCK=infinity; \
         or set tuning.lock_memory=false",
    )
}

/// Processors as people write them: `0-3, 6`.
pub(crate) fn listed(processors: &[usize]) -> String {
    let runs = processors.chunk_by(|a, b| a + 1 == *b);
    let run = |run: &[usize]| match run {
        [first, .., last] => format!("{first}-{last}"),
        [one] => one.to_string(),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Status;

    const NOTHING: Tuning =
        Tuning { pin: None, busy_poll: false, lock_memory: false, no_delay: true };

    #[test]
    fn a_processor_that_is_not_there_is_refused_with_those_that_are() {
        let before = processors();
        let refused = Granted::ask(&Tuning { pin: Some(1023), ..NOTHING }).expect_err("refused");
        assert_eq!(refused.status, Status::Usage);
        let text = refused.to_string();
        assert!(text.contains("tuning.pin = 1023") && text.contains("hint: choose one of 0"));
        assert!(Granted::ask(&Tuning { pin: before.last().copied(), ..NOTHING }).is_ok());
        assert_eq!(processors(), before, "it was only tried, elsewhere");
    }

    #[test]
    fn a_refused_lock_names_the_limit_to_raise() {
        let text = unlocked(&std::io::ErrorKind::OutOfMemory.into()).to_string();
        assert!(text.contains("tuning.lock_memory = true") && text.contains("ulimit -l"), "{text}");
    }

    #[test]
    fn processors_are_listed_in_runs() {
        for (processors, text) in
            [(&[0, 1, 2, 3, 6][..], "0-3, 6"), (&[5], "5"), (&[0, 1], "0-1"), (&[], "")]
        {
            assert_eq!(listed(processors), text);
        }
    }
}
