//! From the command line to the frozen configuration, and its hash.

use std::path::Path;

use engine::config::{Config, Schema, Source};
use sha2::{Digest, Sha256};

use crate::cli::RunArgs;
use crate::failure::Failure;
use crate::presets;

/// Lays a run's preset, file and `--set` values over the defaults.
///
/// Errors: status 2 with every problem, one a line.
pub(crate) fn load(schema: &Schema, args: &RunArgs) -> Result<Config, Failure> {
    let args = &args.settings;
    lay(schema, args.preset.as_deref(), args.config.as_deref(), &args.set)
}

/// Lays a preset, a file and `--set` values over the defaults, in this order.
///
/// Errors: status 2 with every problem, one a line.
pub(crate) fn lay(
    schema: &Schema,
    preset: Option<&str>,
    file: Option<&Path>,
    sets: &[String],
) -> Result<Config, Failure> {
    let text = file.map(read).transpose()?;
    let name = file.map(|path| path.display().to_string()).unwrap_or_default();
    let mut sources = Vec::new();
    if let Some(preset) = preset {
        sources.push(Source::File { name: preset, text: presets::text(preset)? });
    }
    if let Some(text) = &text {
        sources.push(Source::File { name: &name, text });
    }
    for set in sets {
        let Some((key, value)) = set.split_once('=') else {
            let what = format!("--set {set}: must be KEY=VALUE");
            return Err(Failure::usage(what, "write it as --set risk.base_sl_points=10"));
        };
        sources.push(Source::Set { key: key.trim(), value: value.trim() });
    }
    schema.load(&sources).map_err(|problems| {
        let number = problems.0.len();
        let count = if number == 1 { "1 problem".into() } else { format!("{number} problems") };
        Failure::usage(
            format!("the configuration has {count}\n{problems}"),
            "`myquant config explain KEY` says what a key allows",
        )
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let what = format!("cannot read the configuration {}: {error}", path.display());
        Failure::usage(what, "check the name and the rights of the file given to --config")
    })
}

/// The SHA-256 of a configuration's canonical form, in hexadecimal.
pub(crate) fn hash(config: &Config) -> String {
    Sha256::digest(config.to_toml()).iter().map(|byte| format!("{byte:02x}")).collect()
}
