//! Where the tests' data lies, and how configurations are written there.

use std::path::PathBuf;

use engine::config::{Config, Problems, Source, load};
use serde_json::{Map, Value};

/// The folder of shared test data, or the small one of this repository.
pub(super) fn data() -> PathBuf {
    // The one place where a test of this crate reads the environment.
    #[allow(clippy::disallowed_methods)]
    let shared = std::env::var_os("MYQUANT_TESTDATA");
    match shared {
        Some(folder) => {
            let folder = PathBuf::from(folder);
            let found = folder.is_absolute() && folder.join("golden").is_dir();
            assert!(
                found,
                "MYQUANT_TESTDATA = {}: must be an absolute folder that holds golden/",
                folder.display()
            );
            folder
        }
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata"),
    }
}

/// The files of a folder with this ending, sorted.
pub(super) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let path = data().join(folder);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

pub(super) fn read(path: &PathBuf) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(super) fn json(path: &PathBuf) -> Value {
    serde_json::from_slice(&read(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The file of ticks with this name, generated or recorded; `None` if this data has no recordings.
pub(super) fn ticks(name: &str) -> Option<Vec<u8>> {
    let folders = ["ticks", "recordings"].map(|folder| data().join(folder).join(name));
    folders.iter().find(|path| path.is_file()).map(read)
}

/// Dotted keys over the defaults.
pub(super) fn config(overrides: &Map<String, Value>) -> Result<Config, Problems> {
    let written: Vec<(&String, String)> =
        overrides.iter().map(|(key, value)| (key, toml(value))).collect();
    let sources: Vec<Source<'_>> =
        written.iter().map(|(key, value)| Source::Set { key, value }).collect();
    load(&sources)
}

/// A JSON value as TOML text.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}
