//! Reads the four names out of an env file: `NAME=value` lines, and nothing that runs.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::{CredentialsError, NAMES};

/// A file of four short values has no business being larger.
const LARGEST: u64 = 64 * 1024;

/// The values that one place holds, in the order of [`NAMES`]; an empty one counts as absent.
#[derive(Default)]
pub(super) struct Held {
    pub(super) values: [Option<String>; 4],
}

impl Held {
    pub(super) fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut held = Self::default();
        for (name, place) in NAMES.into_iter().zip(&mut held.values) {
            *place = lookup(name).filter(|value| !value.trim().is_empty());
        }
        held
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    fn set(&mut self, name: &str, value: &str) {
        let place = NAMES.into_iter().zip(&mut self.values).find(|(known, _)| *known == name);
        if let Some((_, place)) = place {
            *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
}

pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 KiB"));
    }
    Ok(text)
}

/// Takes the known names from `text`; the last line of a name counts.
///
/// Lines may start with `export `, and values may stand in quotes, inside which every character is
/// itself. A `#` starts a comment at the start of a line and after a space.
///
/// Errors: [`CredentialsError::Line`], which never shows the line.
pub(super) fn parse(path: &Path, text: &str) -> Result<Held, CredentialsError> {
    let mut held = Held::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault =
            |rule| CredentialsError::Line { path: path.to_path_buf(), line: index + 1, rule };
        let (name, value) = line.split_once('=').ok_or_else(|| fault("it has no ="))?;
        let name = name.trim();
        let name = name.strip_prefix("export ").map_or(name, str::trim);
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(fault("the part before = must be one name"));
        }
        held.set(name, value_of(value).map_err(fault)?);
    }
    Ok(held)
}

fn value_of(raw: &str) -> Result<&str, &'static str> {
    let raw_trimmed = raw.trim();
    for quote in ['"', '\''] {
        let Some(rest) = raw_trimmed.strip_prefix(quote) else { continue };
        let (value, after) = rest.split_once(quote).ok_or("a quote is not closed")?;
        let after = after.trim();
        return if after.is_empty() || after.starts_with('#') {
            Ok(value)
        } else {
            Err("only a comment may follow the closing quote")
        };
    }
    let comment = raw.char_indices().zip(raw.chars().skip(1));
    let comment = comment.filter(|((_, space), hash)| space.is_whitespace() && *hash == '#');
    let end = comment.map(|((index, _), _)| index).next().unwrap_or(raw.len());
    Ok(raw.get(..end).unwrap_or(raw).trim())
}
