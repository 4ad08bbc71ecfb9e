//! What the system did to the calling thread, and where it lets the thread run.

use std::io;

use engine::probe::Disturbances;
use nix::sys::resource::{UsageWho, getrusage};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// What has happened to the calling thread since it began; `None` where the system does not say.
///
/// It costs one system call.
pub(crate) fn disturbances() -> Option<Disturbances> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let faults = usage.minor_page_faults() + usage.major_page_faults();
    Some(Disturbances {
        page_faults: faults as u64,
        involuntary_switches: usage.involuntary_context_switches() as u64,
    })
}

/// CPU that the calling thread has used since it began, in seconds; `None` where the system does not say.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let [user, system] = [usage.user_time(), usage.system_time()]
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6);
    Some(user + system)
}

/// Keeps the calling thread, and the threads that it starts, on one processor.
pub(crate) fn pin(processor: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    Ok(sched_setaffinity(None, &set)?)
}

/// The processors on which the calling thread may run.
pub(crate) fn processors() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_faults_of_this_thread_are_seen() {
        let before = disturbances().expect("Linux says");
        let touched = std::hint::black_box(vec![1u8; 4 << 20]);
        let between = disturbances().expect("Linux says").since(before);
        let pages = touched.len() as u64 / 4096;
        // Large pages may serve many at once, but never none.
        assert!((1..=2 * pages).contains(&between.page_faults), "{between:?}");
    }

    #[test]
    fn the_cpu_of_this_thread_is_its_own() {
        let spin = |until: f64| {
            let mut used = cpu_seconds().expect("Linux says");
            while used < until {
                used = cpu_seconds().expect("Linux says");
            }
            used
        };
        let mine = cpu_seconds().expect("Linux says");
        let other = std::thread::spawn(move || spin(0.02)).join().expect("no panic");
        assert!(other >= 0.02);
        assert!(spin(mine + 0.001) >= mine + 0.001);
    }

    #[test]
    fn a_pinned_thread_runs_on_that_processor_alone() {
        let all = processors();
        let last = *all.last().expect("it runs somewhere");
        let pinned = std::thread::spawn(move || pin(last).map(|()| processors())).join();
        assert_eq!(pinned.expect("no panic").expect("allowed"), [last]);
        assert_eq!(processors(), all, "another thread stays as it was");
        let refused = std::thread::spawn(|| pin(CpuSet::MAX_CPU - 1)).join();
        assert!(refused.expect("no panic").is_err(), "there are not that many");
    }
}
