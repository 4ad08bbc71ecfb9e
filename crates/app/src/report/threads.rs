//! What the system did to the tick thread and the process while a run lasted.

use engine::probe::Disturbances;
use serde::{Deserialize, Serialize};

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
    /// Of the whole process, an embedded sandbox included.
    pub(crate) cpu_seconds: Option<f64>,
    /// Of the tick thread while the run lasted.
    pub(crate) tick_thread_cpu_seconds: Option<f64>,
}

impl Process {
    /// The process's peak memory now, beside what happened to the tick thread.
    pub(crate) fn read(tick_thread: Option<Disturbances>, its_cpu_seconds: Option<f64>) -> Self {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let peak = status.as_deref().and_then(|status| status_number(status, "VmHWM"));
        Self {
            rss_max_bytes: peak.map(|kib| kib * 1024),
            page_faults: tick_thread.map(|fell| fell.page_faults),
            involuntary_switches: tick_thread.map(|fell| fell.involuntary_switches),
            allocations_per_tick: None,
            cpu_seconds: memory_and_cpu().1,
            tick_thread_cpu_seconds: its_cpu_seconds,
        }
    }
}

/// The process's resident memory in bytes and the CPU it has used in seconds.
pub(crate) fn memory_and_cpu() -> (Option<u64>, Option<f64>) {
    /// What `/proc` counts CPU in: Linux fixes it at a hundredth of a second for programs.
    const TICKS_PER_SECOND: f64 = 100.0;
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let rss = status.as_deref().and_then(|status| status_number(status, "VmRSS"));
    let stat = std::fs::read_to_string("/proc/self/stat").ok();
    let cpu = stat.as_deref().and_then(|stat| {
        // User and system time are 11 and 12 fields behind the name in parentheses.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut field = || fields.next()?.parse::<f64>().ok();
        Some((field()? + field()?) / TICKS_PER_SECOND)
    });
    (rss.map(|kib| kib * 1024), cpu)
}

/// The number behind `name:` in a status file.
pub(super) fn status_number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_the_memory_is_seen() {
        let touched = std::hint::black_box(vec![1u8; 4 << 20]);
        let process = Process::read(None, None);
        assert!(process.rss_max_bytes.is_some_and(|bytes| bytes > touched.len() as u64));
        assert_eq!((process.page_faults, process.involuntary_switches), (None, None));
        let (rss, cpu) = memory_and_cpu();
        assert!(rss.is_some_and(|bytes| bytes > 4 << 20) && cpu.is_some_and(|cpu| cpu >= 0.0));
    }
}
