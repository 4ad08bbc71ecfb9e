//! Runs the binary in a world of its own: no environment, its own home, its own temporary folder.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use quanta::Instant;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value};

/// Longer than anything here takes on a loaded machine; whoever waits for it has failed.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often a state that does not announce itself is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Targets that no machine misses, so that a status says something of the program only.
pub(crate) const WIDE_TARGETS: [&str; 6] = [
    "--set",
    "performance.pre_p99_us=1e6",
    "--set",
    "performance.post_p99_us=1e6",
    "--set",
    "performance.total_p99_us=1e6",
];

/// A folder with a home and room for temporary files, in which commands run.
pub(crate) struct World(tempfile::TempDir);

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["home", "tmp"] {
            std::fs::create_dir(folder.path().join(name)).expect("made");
        }
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).expect("written");
        self.path(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        text(&self.path(name))
    }

    /// A file's bytes as text, where some are none.
    pub(crate) fn lossy_text(&self, name: &str) -> String {
        let bytes =
            std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        json(&self.path(name))
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Starts the program here, with nothing in its environment but `HOME` and `TMPDIR`.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_myquant"))
            .args(args)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = sync_channel(10_000);
        follow(Pipe::Out, child.stdout.take().expect("a pipe"), sender.clone());
        follow(Pipe::Err, child.stderr.take().expect("a pipe"), sender);
        Running { child, lines, out: String::new(), err: String::new() }
    }

    /// Runs the program to its end, after which it must have tidied up.
    #[track_caller]
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ended {
        let ended = self.start(args).end();
        self.assert_tidy();
        ended
    }

    /// Nothing is left in the home or among the temporary files.
    #[track_caller]
    pub(crate) fn assert_tidy(&self) {
        assert_eq!((self.names("home"), self.names("tmp")), (vec![], vec![]), "left behind");
    }
}

#[derive(Clone, Copy)]
enum Pipe {
    Out,
    Err,
}

fn follow(pipe: Pipe, from: impl Read + Send + 'static, to: SyncSender<(Pipe, String)>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if to.send((pipe, line)).is_err() {
                return;
            }
        }
    });
}

/// A program that runs; it is killed if it is dropped before its end.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<(Pipe, String)>,
    out: String,
    err: String,
}

/// What a program left.
pub(crate) struct Ended {
    /// `None` if a signal killed it.
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn assert_status(&self, status: i32) {
        let Self { out, err, .. } = self;
        assert_eq!(self.status, Some(status), "stdout:\n{out}\nstderr:\n{err}");
    }

    /// The status, and each of the words on stderr.
    #[track_caller]
    pub(crate) fn assert_failure(&self, status: i32, words: &[&str]) {
        self.assert_status(status);
        for word in words {
            assert!(self.err.contains(word), "{word} is not in stderr:\n{}", self.err);
        }
    }
}

impl Running {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program is alive");
    }

    /// Takes one line; `None` at the end of both pipes.
    #[track_caller]
    fn line(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok((pipe, line)) => {
                let text = match pipe {
                    Pipe::Out => &mut self.out,
                    Pipe::Err => &mut self.err,
                };
                *text += &line;
                text.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("nothing more in time; stdout:\n{}\nstderr:\n{}", self.out, self.err)
            }
        }
    }

    /// Waits for a line, on either pipe, that begins so.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, start: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        while let Some(line) = self.line(deadline) {
            if line.starts_with(start) {
                return line;
            }
        }
        panic!("no line begins with {start}; stdout:\n{}\nstderr:\n{}", self.out, self.err);
    }

    /// Waits until the program catches `signal` instead of dying of it.
    #[track_caller]
    pub(crate) fn wait_until_caught(&self, signal: Signal) {
        let bit = 1u64 << (signal.as_raw() - 1);
        self.wait(|process| {
            let mask = status_field(&process.join("status"), "SigCgt")?;
            Some(u64::from_str_radix(&mask, 16).expect("a mask") & bit != 0)
        });
    }

    /// Waits until the tick thread has been woken this often, once a packet at a fixed slow rate, or has
    /// ended: on a busy machine packets come together.
    #[track_caller]
    pub(crate) fn wait_until_woken(&self, times: u64) {
        let was_there = Cell::new(false);
        self.wait(|process| {
            let tasks = std::fs::read_dir(process.join("task")).into_iter().flatten().flatten();
            let task = tasks.map(|task| task.path()).find(|task| {
                let name = std::fs::read_to_string(task.join("comm"));
                name.is_ok_and(|name| name.trim() == "tick-path")
            });
            let Some(task) = task else { return Some(was_there.get()) };
            was_there.set(true);
            let woken = status_field(&task.join("status"), "voluntary_ctxt_switches")?;
            Some(woken.parse::<u64>().expect("a number") >= times)
        });
    }

    #[track_caller]
    fn wait(&self, come: impl Fn(&Path) -> Option<bool>) {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let deadline = Instant::now() + DEADLINE;
        while come(&process) != Some(true) {
            assert!(Instant::now() < deadline, "the state did not come in time");
            thread::sleep(LOOK);
        }
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let deadline = Instant::now() + DEADLINE;
        while self.line(deadline).is_some() {}
        let status = self.child.wait().expect("its status").code();
        Ended { status, out: std::mem::take(&mut self.out), err: std::mem::take(&mut self.err) }
    }

    /// Sends `signal`, and expects the end within the promised second.
    #[track_caller]
    pub(crate) fn end_by(self, signal: Signal) -> Ended {
        self.signal(signal);
        let sent = Instant::now();
        let ended = self.end();
        let took = sent.elapsed();
        assert!(took <= Duration::from_secs(1), "took {took:?}; stderr:\n{}", ended.err);
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value behind `name:` in a status file of the system; `None` once the process is gone.
fn status_field(path: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of the repository's own test data.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

/// The folder of shared test data; `None` in a plain clone.
pub(crate) fn shared() -> Option<PathBuf> {
    // The one place where a test of this crate reads the environment.
    #[allow(clippy::disallowed_methods)]
    let folder = PathBuf::from(std::env::var_os("MYQUANT_TESTDATA")?);
    assert!(folder.is_dir(), "MYQUANT_TESTDATA = {}: must be a folder", folder.display());
    Some(folder)
}

/// `--set` for each dotted key.
pub(crate) fn sets(overrides: &Map<String, Value>) -> Vec<String> {
    let pair = |(key, value)| ["--set".to_owned(), format!("{key}={}", toml(value))];
    overrides.iter().flat_map(pair).collect()
}

/// A JSON value as TOML text.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let field = |(name, value)| format!("{name} = {}", toml(value));
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
