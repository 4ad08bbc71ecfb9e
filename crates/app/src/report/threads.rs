//! What the system did to the tick thread and the process while a run lasted.

use serde::{Deserialize, Serialize};

/// Counts of one thread at one moment; `None` where the system does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadCounts {
    page_faults: Option<u64>,
    involuntary_switches: Option<u64>,
}

/// What happened between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadUse {
    page_faults: Option<u64>,
    involuntary_switches: Option<u64>,
}

impl ThreadCounts {
    /// The calling thread's counts.
    pub(crate) fn of_this_thread() -> Self {
        let read = |name| std::fs::read_to_string(format!("/proc/thread-self/{name}")).ok();
        let stat = read("stat");
        // The name in parentheses may hold blanks; minor and major faults are 8 and 10 fields behind.
        let fields = stat.as_deref().and_then(|stat| Some(stat.rsplit_once(')')?.1));
        let field = |place: usize| fields?.split_whitespace().nth(place)?.parse::<u64>().ok();
        let status = read("status");
        Self {
            page_faults: field(7).zip(field(9)).map(|(minor, major)| minor + major),
            involuntary_switches: status
                .as_deref()
                .and_then(|status| status_number(status, "nonvoluntary_ctxt_switches")),
        }
    }

    /// What has happened since an earlier moment.
    pub(crate) fn since(self, before: Self) -> ThreadUse {
        let between = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        ThreadUse {
            page_faults: between(self.page_faults, before.page_faults),
            involuntary_switches: between(self.involuntary_switches, before.involuntary_switches),
        }
    }
}

/// `process` of the report; null where the system does not say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) rss_max_bytes: Option<u64>,
    /// Of the tick thread.
    pub(crate) page_faults: Option<u64>,
    /// Of the tick thread.
    pub(crate) involuntary_switches: Option<u64>,
    /// Counted only by builds that carry a counting allocator; null here.
    pub(crate) allocations_per_tick: Option<f64>,
}

impl Process {
    /// The process's peak memory now, beside what happened to the tick thread.
    pub(crate) fn read(threads: ThreadUse) -> Self {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let peak = status.as_deref().and_then(|status| status_number(status, "VmHWM"));
        Self {
            rss_max_bytes: peak.map(|kib| kib * 1024),
            page_faults: threads.page_faults,
            involuntary_switches: threads.involuntary_switches,
            allocations_per_tick: None,
        }
    }
}

/// The number behind `name:` in a status file.
fn status_number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_faults_of_this_thread_are_seen() {
        let before = ThreadCounts::of_this_thread();
        let touched = std::hint::black_box(vec![1u8; 4 << 20]);
        let between = ThreadCounts::of_this_thread().since(before);
        let pages = touched.len() as u64 / 4096;
        // Large pages may serve many at once, but never none.
        assert!(between.page_faults.is_some_and(|faults| (1..=2 * pages).contains(&faults)));
        assert!(between.involuntary_switches.is_some());
        assert!(Process::read(between).rss_max_bytes.is_some_and(|bytes| bytes > 4 << 20));
    }
}
