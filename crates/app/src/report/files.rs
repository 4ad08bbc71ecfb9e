//! The files of a measured run: written once; the page and the trace can be made again from the others.

use std::path::{Path, PathBuf};

use engine::probe::Counter;
use engine::units::Zone;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ticks::Kept;
use super::ticks_parquet::{self, TicksFile};
use super::{Report, SCHEMA, page, ticks_csv, trace_events};
use crate::failure::{Failure, Status};
use crate::run_folder::RunFolder;

const REPORT: &str = "report.json";
const TRACE: &str = "trace.json";

impl Report {
    /// Writes `report.json`, the ticks, the page and the trace; ticks that left through the ring while
    /// the run lasted are in `ticks.parquet` already.
    ///
    /// Errors: status 2 for a file that cannot be written.
    pub(crate) fn write<C: Counter>(
        &self,
        folder: &RunFolder,
        kept: &Kept<'_, C>,
        token: &str,
        zone: Zone,
        streamed: bool,
    ) -> Result<(), Failure> {
        folder.write(REPORT, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })?;
        let stages: Vec<_> = kept.meter.source_stages().collect();
        if streamed {
            let ticks = TicksFile::open(folder.path())?;
            let unread = |failure: Failure| std::io::Error::other(failure.to_string());
            let rows = (0..ticks.groups().len()).flat_map(|group| match ticks.rows(group) {
                Ok(rows) => rows.into_iter().map(Ok).collect(),
                Err(failure) => vec![Err(unread(failure))],
            });
            folder.write("ticks.csv", |file| ticks_csv::write(file, &stages, token, zone, rows))?;
        } else {
            let rows = kept.rows().map(Ok);
            folder.write("ticks.csv", |file| ticks_csv::write(file, &stages, token, zone, rows))?;
            folder.write(ticks_parquet::NAME, |file| {
                let written = ticks_parquet::write(file, &stages, token, kept.rows());
                written.map_err(std::io::Error::other)
            })?;
        }
        for (name, bytes) in self.derived(folder.path())? {
            folder.write(name, |file| file.write_all(&bytes))?;
        }
        Ok(())
    }

    /// The page's name: where a strategy's results are, `report.html` is theirs.
    pub(crate) fn page_name(&self) -> &'static str {
        if self.command == "perf" { "report.html" } else { "latency.html" }
    }

    /// The files that follow from the report and from the ticks beside it.
    fn derived(&self, folder: &Path) -> Result<[(&'static str, Vec<u8>); 2], Failure> {
        let ticks = TicksFile::open(folder)?;
        let found: u64 = ticks.groups().iter().sum();
        if found != self.traces_written {
            let what = format!(
                "{} holds {found} ticks, {REPORT} tells of {}",
                folder.join(ticks_parquet::NAME).display(),
                self.traces_written
            );
            return Err(Failure::new(Status::Data, what, "take both files from the same run"));
        }
        let page = page::render(self).map_err(|error| {
            let what = format!("cannot make {}: {error}", self.page_name());
            Failure::new(Status::Data, what, "report this as a bug with the run's folder")
        })?;
        let trace = trace_events::bytes(self, &ticks)?;
        Ok([(self.page_name(), page.into_bytes()), (TRACE, trace)])
    }
}

/// Reads `report.json` of a run's folder, or as much of it as is wanted.
///
/// Errors: status 5 if there is none that can be read: it is missing, damaged, or of another form.
pub(crate) fn read<T: DeserializeOwned>(folder: &Path) -> Result<T, Failure> {
    let path = folder.join(REPORT);
    let unreadable =
        |what: String, hint: &str| Failure::new(Status::Data, format!("cannot read {what}"), hint);
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => unreadable(
            format!("{}: {error}", path.display()),
            "give the folder of a run of perf or trade, or of replay with --trace",
        ),
        _ => damaged(&path, &error),
    })?;
    let form: Form = serde_json::from_str(&text).map_err(|error| damaged(&path, &error))?;
    if form.schema != SCHEMA {
        let schema = form.schema;
        return Err(unreadable(
            format!(
                "{}: it has the form {schema}, this program reads form {SCHEMA}",
                path.display()
            ),
            "use the version of the program that made it; environment.version names it",
        ));
    }
    serde_json::from_str(&text).map_err(|error| damaged(&path, &error))
}

/// What every form of `report.json` says of itself.
#[derive(Deserialize)]
struct Form {
    schema: u32,
}

fn damaged(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::new(
        Status::Data,
        format!("cannot read {}: {error}", path.display()),
        "the file is damaged: take another copy of the run's folder, or measure again",
    )
}

/// Makes the page and the trace of an earlier run again, and says where they are.
///
/// Errors: status 5 for a folder without a report or with damaged files; 2 if it cannot be written.
pub(crate) fn rebuild(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let derived = read::<Report>(folder)?.derived(folder)?;
    let folder = RunFolder::of_earlier_run(folder);
    let replaced = derived.map(|(name, bytes)| folder.replace(name, &bytes));
    replaced.into_iter().collect()
}
