//! Work and a thread's CPU time on the run's counter, and the way from that to the system's clock.

pub use app::rig::Cycles;
use engine::probe::Counter as _;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// How long `work` takes, in nanoseconds.
pub fn time(cycles: &Cycles, work: impl FnOnce()) -> u64 {
    let begin = cycles.raw();
    work();
    cycles.nanos(begin, cycles.raw())
}

/// The CPU time that the calling thread has used, in nanoseconds.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    nanos(clock_gettime(ClockId::ThreadCPUTime))
}

fn nanos(time: Timespec) -> u64 {
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// One instant on the run's counter and on the system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    counter_ns: u64,
    monotonic_ns: u64,
}

impl Anchor {
    /// This instant; the tightest of several tries.
    #[must_use]
    pub fn now(cycles: &Cycles) -> Self {
        let read = |_| {
            let before = cycles.now_ns();
            let monotonic_ns = nanos(clock_gettime(ClockId::Monotonic));
            let width = cycles.now_ns() - before;
            (width, Self { counter_ns: before + width / 2, monotonic_ns })
        };
        let tries = (0..16).map(read).min_by_key(|(width, _)| *width);
        tries.map_or(Self { counter_ns: 0, monotonic_ns: 0 }, |(_, anchor)| anchor)
    }

    /// A counter's time on the monotonic clock; the two run apart, so `later` says how far.
    #[must_use]
    pub fn monotonic_ns(self, later: Self, counter_ns: u64) -> u64 {
        let counted = i128::from(later.counter_ns) - i128::from(self.counter_ns);
        let passed = i128::from(later.monotonic_ns) - i128::from(self.monotonic_ns);
        let since = i128::from(counter_ns) - i128::from(self.counter_ns);
        let scaled = if counted == 0 { since } else { since * passed / counted };
        u64::try_from(i128::from(self.monotonic_ns) + scaled).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_anchors_time_is_interpolated() {
        let first = Anchor { counter_ns: 1_000, monotonic_ns: 50_000 };
        let later = Anchor { counter_ns: 2_000, monotonic_ns: 52_000 };
        let times = [1_000, 1_500, 2_000, 900].map(|time| first.monotonic_ns(later, time));
        assert_eq!(times, [50_000, 51_000, 52_000, 49_800]);
        assert_eq!(first.monotonic_ns(first, 1_010), 50_010);
    }

    #[test]
    fn work_takes_cpu_time_and_time() {
        let cycles = Cycles::new();
        let (before, anchor) = (thread_cpu_ns(), Anchor::now(&cycles));
        let took = time(&cycles, || while thread_cpu_ns() < before + 100_000 {});
        assert!(took > 0 && thread_cpu_ns() >= before + 100_000);
        let later = Anchor::now(&cycles);
        assert!(later.monotonic_ns > anchor.monotonic_ns);
        assert_eq!(anchor.monotonic_ns(later, later.counter_ns), later.monotonic_ns);
    }
}
