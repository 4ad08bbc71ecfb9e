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
    /// Null where there is no socket.
    pub(crate) busy_poll: Option<bool>,
    /// Null where there is no socket.
    pub(crate) no_delay: Option<bool>,
    pub(crate) tls: bool,
}

impl Environment {
    /// Reads it from the system; what the system does not say is `unknown` or null, not guessed.
    /// `tuning` is what the stream was told, where there is one.
    pub(crate) fn read(tls: bool, cycles: &Cycles, tuning: Option<&Tuning>) -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name| field(&cpuinfo, name);
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
            virtualised: field("flags").map(is_virtualised),
            pinning: None,
            locked_bytes: None,
            busy_poll: tuning.map(|tuning| tuning.busy_poll),
            no_delay: tuning.map(|tuning| tuning.no_delay),
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

/// What `/proc/cpuinfo` says of the first processor under this name.
fn field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    let mut found = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    found.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// Whether x86's `flags` hold the mark of a hypervisor. Other processors have no such mark and no
/// such list: there nobody knows.
fn is_virtualised(flags: &str) -> bool {
    flags.split(' ').any(|flag| flag == "hypervisor")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_the_processor_is_virtual_is_known_of_x86_alone() {
        let virtualised = |cpuinfo| field(cpuinfo, "flags").map(is_virtualised);
        assert_eq!(virtualised("processor\t: 0\nflags\t\t: fpu hypervisor lm\n"), Some(true));
        assert_eq!(virtualised("processor\t: 0\nflags\t\t: fpu lm\n"), Some(false));
        assert_eq!(virtualised("processor\t: 0\nFeatures\t: fp asimd\n"), None);
    }

    #[test]
    fn what_concerns_a_socket_is_null_without_one() {
        let environment = Environment::read(false, &Cycles::new(), None);
        assert_eq!((environment.busy_poll, environment.no_delay), (None, None));
    }
}
