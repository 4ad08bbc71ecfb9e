//! The programs beside this one: the product, and Python with the official SDK.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sandbox::Address;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// The product as this build made it.
const PRODUCT: &str = "myquant";

/// A program of the same build as this one.
///
/// Errors: [`Fault`] if it was not built.
pub fn beside(name: &str) -> Result<PathBuf, Fault> {
    let own = std::env::current_exe().unwrap_or_default();
    let path = own.with_file_name(name);
    let missing = || Fault::new(format!("there is no {name} beside this program"), "run bench/run");
    path.is_file().then_some(path).ok_or_else(missing)
}

/// The command of the product.
///
/// Errors: as [`beside`].
pub fn product() -> Result<Command, Fault> {
    beside(PRODUCT).map(Command::new)
}

/// A program that is talked to line by line; it is killed when it is dropped.
pub struct Talking {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    name: String,
}

impl Talking {
    /// Starts `command`.
    ///
    /// Errors: [`Fault`] if it does not start.
    pub fn start(mut command: Command, name: &str) -> Result<Self, Fault> {
        let failed = |error| {
            Fault::new(format!("cannot start {name}: {error}"), "run bench/run, which installs it")
        };
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().map_err(failed)?;
        let gone = || failed(std::io::ErrorKind::BrokenPipe.into());
        let to = child.stdin.take().ok_or_else(gone)?;
        let from = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        Ok(Self { child, to, from, name: name.to_owned() })
    }

    /// Says one line.
    ///
    /// Errors: [`Fault`] if the program has ended.
    pub fn say(&mut self, what: &impl Serialize) -> Result<(), Fault> {
        let said = serde_json::to_string(what).map_err(std::io::Error::other);
        let said = said.and_then(|line| writeln!(self.to, "{line}"));
        said.and_then(|()| self.to.flush()).map_err(|_| self.ended())
    }

    /// Hears one line.
    ///
    /// Errors: [`Fault`] if the program has ended, or says something else than JSON of this form.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        let mut line = String::new();
        if !self.from.read_line(&mut line).is_ok_and(|length| length > 0) {
            return Err(self.ended());
        }
        let hint = "start it by hand and look at what it prints";
        serde_json::from_str(&line)
            .map_err(|error| Fault::new(format!("{} said something odd: {error}", self.name), hint))
    }

    /// What the program said last; the lines before may show more than anyone should see.
    fn ended(&mut self) -> Fault {
        let _ = self.child.kill();
        let mut words = Vec::new();
        if let Some(errors) = &mut self.child.stderr {
            let _ = errors.read_to_end(&mut words);
        }
        let words = String::from_utf8_lossy(&words);
        let last = words.lines().next_back().unwrap_or("nothing");
        let what = format!("{} ended early; it said last: {last}", self.name);
        Fault::new(what, "start it by hand and look at what it prints")
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox in a process of its own.
pub struct Alone {
    pub address: Address,
    _process: Talking,
}

impl Alone {
    /// Starts `myquant sandbox --plain` with so many rows at so many packets a second.
    ///
    /// Errors: [`Fault`] if it does not start.
    pub fn start(rows: usize, per_second: u32) -> Result<Self, Fault> {
        let mut command = product()?;
        command.args(["sandbox", "--plain", "--rows", &rows.to_string()]);
        command.args(["--rate", &per_second.to_string()]);
        let mut process = Talking::start(command, "myquant sandbox")?;
        Ok(Self { address: process.hear()?, _process: process })
    }
}

/// A Python with the official SDK in it.
pub struct Python {
    interpreter: PathBuf,
    /// Where scripts run: the SDK writes its logs into the current folder.
    folder: tempfile::TempDir,
}

impl Python {
    /// The Python at `interpreter`.
    ///
    /// Errors: [`Fault`] if there is no room for its logs.
    pub fn new(interpreter: &Path) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()
            .map_err(Fault::doing("making a temporary folder", "set TMPDIR to one with room"))?;
        // A virtual environment is known by the path of its interpreter, which may not be resolved.
        let interpreter = std::path::absolute(interpreter)
            .map_err(Fault::doing("finding Python", "give --python a path"))?;
        Ok(Self { interpreter, folder })
    }

    /// Starts a script of this folder.
    ///
    /// Errors: [`Fault`] if it does not start.
    pub fn start(&self, script: &str, arguments: &[&str]) -> Result<Talking, Fault> {
        let mut command = Command::new(&self.interpreter);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script)).args(arguments);
        command.current_dir(self.folder.path());
        // At its import the SDK asks the internet for our address; here it is told at once that it cannot.
        command.env("HTTPS_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "127.0.0.1");
        Talking::start(command, script)
    }

    /// A file for a script, and its path.
    ///
    /// Errors: [`Fault`] if it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<String, Fault> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes)
            .map_err(Fault::doing("writing a file for Python", "set TMPDIR to one with room"))?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// The interpreter.
    #[must_use]
    pub fn interpreter(&self) -> &Path {
        &self.interpreter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Talking {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Talking::start(command, "a script").expect("sh starts")
    }

    #[test]
    fn lines_go_to_and_fro() {
        let mut echo = shell("while read line; do echo \"[$line, 2]\"; done");
        for number in [5, 7] {
            echo.say(&number).expect("it listens");
            assert_eq!(echo.hear::<[u8; 2]>().expect("it answers"), [number, 2]);
        }
    }

    #[test]
    fn a_program_that_ends_is_quoted_with_its_last_words_only() {
        let mut ended = shell("echo secret >&2; echo it broke >&2");
        let fault = ended.hear::<u8>().expect_err("it is gone").to_string();
        assert!(fault.contains("it broke") && !fault.contains("secret"), "{fault}");
        let fault = shell("echo what").hear::<u8>().expect_err("no number").to_string();
        assert!(fault.contains("a script said something odd"), "{fault}");
    }
}
