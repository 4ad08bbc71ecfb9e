//! The ground a measurement stands on: machine, kernel, build.

use engine::config::Tuning;
use serde::{Deserialize, Serialize};

use super::threads::status_number;
use crate::cli::VERSION;
use crate::clock::Cycles;
use crate::tuning::listed;

/// What the figures depend on besides the code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Environment {
    pub(crate) version: String,
    pub(crate) build_profile: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    /// What the stamps are read from.
    pub(crate) clock: String,
    /// The kernel's own clock source.
    pub(crate) kernel_clocksource: String,
    pub(crate) virtualised: Option<bool>,
    /// The processor of the tick thread, if it had only one.
    pub(crate) pinning: Option<String>,
    /// Bytes of the program that could not be paged out; null where the system does not say.
    pub(crate) locked_bytes: Option<u64>,
    pub(crate) busy_poll: bool,
    pub(crate) no_delay: bool,
    pub(crate) tls: bool,
}

impl Environment {
    /// Reads it from the system; what the system does not say is `unknown`, not guessed.
    pub(crate) fn read(tls: bool, cycles: &Cycles, tuning: &Tuning) -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").ok();
        let field = |name: &str| {
            let lines = cpuinfo.as_deref()?.lines();
            let found = lines.filter_map(|line| line.split_once(':'));
            found.into_iter().find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
        };
        let flags = field("flags").or_else(|| field("Features"));
        Self {
            version: VERSION.to_owned(),
            build_profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            processor: field("model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: line("/proc/sys/kernel/osrelease"),
            clock: source_of(cycles).to_owned(),
            kernel_clocksource: line(
                "/sys/devices/system/clocksource/clocksource0/current_clocksource",
            ),
            virtualised: flags.map(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            pinning: None,
            locked_bytes: None,
            busy_poll: tuning.busy_poll,
            no_delay: tuning.no_delay,
            tls,
        }
    }

    /// Adds what the system says of itself, whatever it was asked for: where the tick thread was
    /// allowed to run, and the memory that is locked now.
    pub(crate) fn in_force(&mut self, processors: &[usize]) {
        self.pinning = matches!(processors, [_]).then(|| listed(processors));
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let locked = status.as_deref().and_then(|status| status_number(status, "VmLck"));
        self.locked_bytes = locked.map(|kib| kib * 1024);
    }
}

/// The first line of a system file.
fn line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().map_or_else(|| "unknown".to_owned(), str::to_owned)
}

/// Tells the cycle counter from the system's clock: only the latter counts in nanoseconds.
fn source_of(cycles: &Cycles) -> &'static str {
    use engine::probe::Counter as _;
    let second = 1_000_000_000;
    if cycles.nanos(0, second) == second { "system monotonic clock" } else { "cycle counter" }
}
