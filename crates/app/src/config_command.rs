//! `myquant config`: what the configuration is, whether a file is one, what a key means.

use std::io::Write as _;

use engine::config::{Key, Origin, Schema, allowed};

use crate::cli::ConfigCommand;
use crate::failure::{Failure, Status};
use crate::settings;

/// Runs the command.
pub(crate) fn run(command: &ConfigCommand, schema: &Schema) -> Result<Status, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        ConfigCommand::Show { preset, config, set } => {
            let config = settings::lay(schema, preset.as_deref(), config.as_deref(), set)?;
            for (key, value, origin) in config.effective() {
                let origin = match origin {
                    Origin::Default => String::new(),
                    Origin::File { name, line } => format!("  # {name}:{line}"),
                    Origin::Set => "  # --set".to_owned(),
                };
                let _ = writeln!(out, "{} = {value}{origin}", key.path);
            }
        }
        ConfigCommand::Check { file } => {
            let config = settings::lay(schema, None, Some(file), &[])?;
            let hash = settings::hash(&config);
            let _ = writeln!(out, "{} can run, configuration hash {hash}", file.display());
        }
        ConfigCommand::Explain { key } => {
            let found = schema.index_of(key).and_then(|index| schema.keys().get(index));
            let Some(key) = found else {
                return Err(unknown(key, schema));
            };
            let _ = writeln!(out, "{}", explained(key));
        }
    }
    Ok(Status::Done)
}

fn explained(key: &Key) -> String {
    format!("{}: {}\n  {}\n  default {}", key.path, key.about, allowed(key), key.default)
}

fn unknown(key: &str, schema: &Schema) -> Failure {
    let name = key.rsplit('.').next().unwrap_or(key);
    let paths = schema.keys().iter().map(|key| key.path);
    let near: Vec<&str> = paths.filter(|path| path.contains(name)).collect();
    let hint = if near.is_empty() {
        "`myquant config show` lists all keys".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::usage(format!("there is no key {key}"), hint)
}
