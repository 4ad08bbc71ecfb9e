//! One new folder per run; a run never overwrites another.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::units::{EventTime, Zone};

use crate::failure::{Failure, Status};

/// The folder of a run, which did not exist before.
pub(crate) struct RunFolder(PathBuf);

impl RunFolder {
    /// Says early what [`RunFolder::create`] would say after the work is done.
    ///
    /// Errors: status 2 if the user's folder exists already.
    pub(crate) fn refuse_existing(named: Option<&Path>) -> Result<(), Failure> {
        named.filter(|path| path.exists()).map_or(Ok(()), |path| Err(exists(path)))
    }

    /// Makes the folder that the user named, or `runs/<UTC time>-<command>-<symbol>`.
    ///
    /// Errors: status 2 if the user's folder exists already or cannot be made.
    pub(crate) fn create(
        named: Option<&Path>,
        command: &str,
        symbol: &str,
    ) -> Result<Self, Failure> {
        let Some(path) = named else { return Self::create_default(command, symbol) };
        let parent = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let made = parent.and_then(|()| std::fs::create_dir(path));
        made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(path),
            _ => unwritable(path, &error),
        })?;
        Ok(Self(path.to_owned()))
    }

    fn create_default(command: &str, symbol: &str) -> Result<Self, Failure> {
        let parent = PathBuf::from("runs");
        std::fs::create_dir_all(&parent).map_err(|error| unwritable(&parent, &error))?;
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let symbol: String = symbol.chars().map(plain).collect();
        Self::create_new_in(&parent, &format!("{}-{command}-{symbol}", stamp()))
    }

    /// A folder of this name, or with the first number behind it that is not taken.
    fn create_new_in(parent: &Path, name: &str) -> Result<Self, Failure> {
        for number in 1.. {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = parent.join(format!("{name}{suffix}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(&path, &error)),
            }
        }
        unreachable!("invariant: the numbers do not end")
    }

    /// The folder of a run that is over.
    pub(crate) fn of_earlier_run(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Puts a file that follows from others of the folder into its place, whole or not at all.
    ///
    /// Errors: status 2, naming the file and what the system said.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        let aside = self.0.join(format!("{name}.new"));
        let write = std::fs::write(&aside, bytes).and_then(|()| std::fs::rename(&aside, &path));
        write.map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// The folder's path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Opens a file that is written line by line while the run lasts.
    ///
    /// Errors: status 2, naming the file and what the system said.
    pub(crate) fn open(&self, name: &str) -> Result<Open, Failure> {
        let path = self.0.join(name);
        let file = std::fs::File::create_new(&path).map_err(|error| unwritable(&path, &error))?;
        Ok(Open { file: io::BufWriter::new(file), path })
    }

    /// Writes one file through a buffer.
    ///
    /// Errors: status 2, naming the file and what the system said.
    pub(crate) fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut (dyn io::Write + Send)) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let path = self.0.join(name);
        let write = || {
            let mut file = io::BufWriter::new(std::fs::File::create_new(&path)?);
            fill(&mut file)?;
            file.flush()
        };
        write().map_err(|error| unwritable(&path, &error))
    }
}

/// A file of a run that is still being written.
pub(crate) struct Open {
    file: io::BufWriter<std::fs::File>,
    path: PathBuf,
}

impl Open {
    /// Writes more.
    ///
    /// Errors: status 2, naming the file and what the system said.
    pub(crate) fn line(
        &mut self,
        fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        fill(&mut self.file).map_err(|error| unwritable(&self.path, &error))
    }

    /// Writes what is still in memory.
    ///
    /// Errors: as [`Open::line`].
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| unwritable(&self.path, &error))
    }
}

fn exists(path: &Path) -> Failure {
    Failure::usage(
        format!("the folder {} exists already, a run never overwrites", path.display()),
        "give --out a folder that does not exist, or leave it out",
    )
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Status::Usage,
        format!("cannot write {}: {error}", path.display()),
        "check the rights and the free space there, or give --out another folder",
    )
}

/// Now, as a name that sorts by time: `20251001T034518.123Z`.
fn stamp() -> String {
    let now = since_epoch();
    let iso = Zone { offset: engine::units::Micros(0) }.iso(EventTime(now.as_micros() as i64));
    let plain: String = iso.chars().take(19).filter(|c| *c != '-' && *c != ':').collect();
    format!("{plain}.{:03}Z", now.subsec_millis())
}

/// The operating system's date, as time since 1970 UTC.
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_exists_is_refused() {
        let base = tempfile::tempdir().expect("a folder");
        let wanted = base.path().join("a/b");
        let folder = RunFolder::create(Some(&wanted), "perf", "X").expect("made with its parents");
        assert_eq!(folder.path(), wanted);
        let again = RunFolder::create(Some(&wanted), "perf", "X").err().expect("refused");
        assert_eq!(again.status, Status::Usage);
        assert!(again.to_string().contains("exists already"), "{again}");
    }

    #[test]
    fn runs_of_the_same_instant_get_numbers() {
        let base = tempfile::tempdir().expect("a folder");
        let create = || RunFolder::create_new_in(base.path(), "20251001T034518.123Z-perf-X");
        let folders = [(); 3].map(|()| create().expect("made"));
        let names = folders.map(|folder| folder.path().file_name().map(|name| name.to_owned()));
        let expected = ["", "-2", "-3"].map(|end| format!("20251001T034518.123Z-perf-X{end}"));
        assert_eq!(names, expected.map(|name| Some(name.into())));
    }

    #[test]
    fn a_file_is_never_overwritten() {
        let base = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::create(Some(&base.path().join("run")), "perf", "X").expect("made");
        folder.write("a.txt", |file| file.write_all(b"first")).expect("written");
        assert!(folder.write("a.txt", |file| file.write_all(b"second")).is_err());
        assert_eq!(std::fs::read(folder.path().join("a.txt")).expect("read"), b"first");
    }

    #[test]
    fn what_follows_from_other_files_can_be_replaced() {
        let base = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::of_earlier_run(base.path());
        for text in [b"first".as_slice(), b"second"] {
            let path = folder.replace("a.html", text).expect("written");
            assert_eq!(std::fs::read(path).expect("read"), text);
        }
        assert_eq!(std::fs::read_dir(base.path()).expect("a folder").count(), 1);
        let lost = RunFolder::of_earlier_run(&base.path().join("gone"));
        assert_eq!(lost.replace("a.html", b"x").err().map(|told| told.status), Some(Status::Usage));
    }

    #[test]
    fn stamps_sort_by_time_and_hold_milliseconds() {
        let stamp = stamp();
        assert_eq!(stamp.len(), "20251001T034518.123Z".len());
        assert!(stamp.ends_with('Z') && stamp.as_bytes()[8] == b'T', "{stamp}");
    }
}
