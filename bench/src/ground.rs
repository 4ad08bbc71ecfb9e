//! The ground the figures stand on: when, where, and with which versions they were made.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use engine::units::{EventTime, Micros, Zone};

use crate::processes::Python;

/// The lines above the tables: a name and its value.
pub struct Ground(Vec<(&'static str, String)>);

impl Ground {
    /// Reads it from the system; what the system does not say is `unknown`, not guessed.
    #[must_use]
    pub fn read(python: &Python, quick: bool) -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let flags = cpu_field(&cpuinfo, "flags").or_else(|| cpu_field(&cpuinfo, "Features"));
        let virtualised = flags.map(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let sdk = "from importlib.metadata import version; print(version('smartapi-python'))";
        let interpreter = python.interpreter().to_string_lossy();
        Self(vec![
            ("date", date()),
            ("processor", cpu_field(&cpuinfo, "model name").unwrap_or("unknown").to_owned()),
            ("cores", cores.to_string()),
            ("kernel", first_line("/proc/sys/kernel/osrelease")),
            (
                "virtualised",
                virtualised.map_or("unknown", |is| if is { "yes" } else { "no" }).into(),
            ),
            ("load before", first_line("/proc/loadavg")),
            ("revision", revision()),
            ("rustc", said("rustc", &["--version"])),
            ("Python", said(&interpreter, &["--version"])),
            ("smartapi-python", said(&interpreter, &["-c", sdk])),
            (
                "length",
                if quick { "quick: a check that it works, no measurement" } else { "full" }.into(),
            ),
        ])
    }

    /// The lines as a table in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = "| | |\n|---|---|\n".to_owned();
        for (name, value) in &self.0 {
            let _ = writeln!(text, "| {name} | {value} |");
        }
        text
    }
}

fn date() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Zone { offset: Micros(0) }.iso(EventTime(now.as_secs() as i64 * 1_000_000))
}

/// The first value of a field of the processor's description.
fn cpu_field<'text>(cpuinfo: &'text str, name: &str) -> Option<&'text str> {
    let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// The git revision, marked if files of the project differ from it; the report itself does not count.
fn revision() -> String {
    let revision = said("git", &["rev-parse", "--short=12", "HEAD"]);
    let differing = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!BENCHMARKS.md"];
    match said("git", &differing).as_str() {
        "unknown" => revision,
        _ => format!("{revision}, changed"),
    }
}

/// The first line that a program prints; `unknown` if it prints none.
fn said(program: &str, arguments: &[&str]) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = Command::new(program).args(arguments).current_dir(root).output().ok();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.as_deref().and_then(|text| text.lines().next()).map(str::trim);
    line.filter(|line| !line.is_empty()).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_processor_are_found_by_their_whole_name() {
        let text = "model\t\t: 17\nmodel name\t: A B\nflags\t: fpu hypervisor\n";
        assert_eq!(cpu_field(text, "model name"), Some("A B"));
        assert_eq!(cpu_field(text, "Features"), None);
    }

    #[test]
    fn what_nobody_says_is_unknown() {
        assert_eq!(said("no-such-program-anywhere", &[]), "unknown");
        assert_eq!(said("true", &[]), "unknown");
        assert_eq!(said("echo", &["one"]), "one");
        assert_eq!(first_line("no-such-file"), "unknown");
    }

    #[test]
    fn the_ground_is_a_table() {
        let ground = Ground(vec![("cores", "2".to_owned())]);
        assert_eq!(ground.markdown(), "| | |\n|---|---|\n| cores | 2 |\n");
        assert!(date().ends_with("+00:00"), "{}", date());
    }
}
