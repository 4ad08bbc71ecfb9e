//! From TOML text to checked values, gathering every problem on the way.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Key, Kind, Range, Schema, TextRule};
use super::problem::{Place, Problem};
use super::{Block, Origin, Source};
use crate::units::{Micros, Zone};

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    Num(f64),
    Text(String),
    List(Vec<f64>),
    Blocks(Vec<Block>),
}

/// A key's effective value, how it was written, and who wrote it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// `None` where the value was refused.
    pub(super) value: Option<Value>,
    pub(super) shown: String,
    pub(super) place: Option<Place>,
    pub(super) origin: Origin,
}

/// The entries of all keys in the order of the schema, and what was wrong.
pub(super) struct Reader<'s> {
    schema: &'s Schema,
    pub(super) entries: Vec<Entry>,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Reader<'s> {
    /// Starts with the defaults, and with what is wrong with the schema itself.
    pub(super) fn new(schema: &'s Schema) -> Self {
        let problems = schema.problems.clone();
        let mut reader = Self { schema, entries: Vec::new(), problems };
        for key in schema.keys() {
            let value = DeValue::parse(key.default).ok();
            let checked = value.and_then(|value| check(key, value.get_ref()).ok());
            if checked.is_none() {
                reader.problems.push(Problem {
                    place: None,
                    key: key.path.to_owned(),
                    value: key.default.to_owned(),
                    rule: format!("its default {}", allowed(key)),
                    fix: "correct the default in the strategy's KEYS".to_owned(),
                });
            }
            reader.entries.push(Entry {
                value: checked,
                shown: key.default.to_owned(),
                place: None,
                origin: Origin::Default,
            });
        }
        reader
    }

    /// Lays one source over what was read before.
    pub(super) fn read(&mut self, source: &Source<'_>) {
        match source {
            Source::File { name, text } => self.read_file(name, text),
            Source::Set { key, value } => self.read_set(key, value),
        }
    }

    fn read_file(&mut self, name: &str, text: &str) {
        let text_of = Text { name, text };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = text_of.visible(error.span().map_or(0, |span| span.start));
            let (key, value) = text_of.statement(at, table.get_ref());
            self.problems.push(Problem {
                place: Some(text_of.place(at)),
                key,
                value,
                rule: format!("not valid TOML, {}", error.message().trim()),
                fix: "correct the line; a key stands as name = value, text in double quotes"
                    .to_owned(),
            });
        }
        for (section, value) in table.get_ref() {
            let at = section.span().start;
            let name = section.get_ref();
            match value.get_ref() {
                DeValue::Table(keys) if self.schema.sections().any(|known| known == name) => {
                    for (key, value) in keys {
                        let path = format!("{name}.{}", key.get_ref());
                        self.assign(&path, value, &text_of, key.span().start);
                    }
                }
                _ => self.unknown_top(name, &text_of, at, value),
            }
        }
    }

    fn read_set(&mut self, key: &str, value: &str) {
        let known = self.schema.index_of(key).and_then(|index| self.schema.keys().get(index));
        let is_text = known.is_some_and(|key| matches!(key.kind, Kind::Text(_)));
        // Where text is wanted, a bare 47338 is text like any other bare word.
        let fits = |parsed: &DeValue<'_>| {
            !is_text || parsed.is_str() || parsed.is_array() || parsed.is_table()
        };
        let parsed = DeValue::parse(value).ok().filter(|parsed| fits(parsed.get_ref()));
        let value_of = parsed.unwrap_or_else(|| {
            Spanned::new(0..value.len(), DeValue::String(std::borrow::Cow::Borrowed(value)))
        });
        self.assign(key, &value_of, &Text { name: "", text: value }, 0);
    }

    fn assign(&mut self, path: &str, value: &Spanned<DeValue<'_>>, text: &Text<'_>, at: usize) {
        let shown = text.shown(value);
        let place = text.named_place(at);
        let Some(index) = self.schema.index_of(path) else {
            let (rule, fix) = self.why_unknown(path);
            self.problems.push(Problem { place, key: path.to_owned(), value: shown, rule, fix });
            return;
        };
        let (Some(key), Some(entry)) = (self.schema.keys().get(index), self.entries.get_mut(index))
        else {
            return;
        };
        let origin = match &place {
            Some(place) => Origin::File { name: place.file.clone(), line: place.line },
            None => Origin::Set,
        };
        let checked = check(key, value.get_ref());
        let (value, refusal) = match checked {
            Ok(value) => (Some(value), None),
            Err(rule) => (None, Some(rule)),
        };
        *entry = Entry { value, shown: shown.clone(), place: place.clone(), origin };
        if let Some(rule) = refusal {
            let fix = fix_of(key);
            self.problems.push(Problem { place, key: path.to_owned(), value: shown, rule, fix });
        }
    }

    fn why_unknown(&self, path: &str) -> (String, String) {
        if let Some(instead) = removed(path) {
            return ("removed key".to_owned(), instead.to_owned());
        }
        let Some((section, _name)) = path.split_once('.') else {
            let named = |key: &&Key| key.path.split_once('.').is_some_and(|(_, name)| name == path);
            let fix = match self.schema.keys().iter().find(named) {
                Some(key) => format!("did you mean {}?", key.path),
                None => "write section.key=value, such as risk.base_sl_points=15".to_owned(),
            };
            return ("must be of the form section.key".to_owned(), fix);
        };
        if let Some(instead) = removed(section) {
            return ("removed section".to_owned(), instead.to_owned());
        }
        let fix = match closest(path, self.schema.keys().iter().map(|key| key.path)) {
            Some(key) => format!("did you mean {key}?"),
            None => "delete it; `myquant config show` lists all keys".to_owned(),
        };
        (format!("unknown key in [{section}]"), fix)
    }

    fn unknown_top(
        &mut self,
        name: &str,
        text: &Text<'_>,
        at: usize,
        value: &Spanned<DeValue<'_>>,
    ) {
        let (rule, fix) = if let Some(instead) = removed(name) {
            ("removed section or key".to_owned(), instead.to_owned())
        } else {
            let known: Vec<String> =
                self.schema.sections().map(|name| format!("[{name}]")).collect();
            let fix = match closest(name, self.schema.sections()) {
                Some(section) => format!("did you mean [{section}]?"),
                None => format!("use one of {}", known.join(" ")),
            };
            ("unknown section or key".to_owned(), fix)
        };
        let shown = if value.get_ref().is_table() { "{…}".to_owned() } else { text.shown(value) };
        let place = text.named_place(at);
        self.problems.push(Problem { place, key: name.to_owned(), value: shown, rule, fix });
    }
}

/// A source's text, for showing values and places.
struct Text<'a> {
    name: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        let raw = self.text.get(value.span()).unwrap_or_default();
        raw.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn place(&self, at: usize) -> Place {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }

    fn named_place(&self, at: usize) -> Option<Place> {
        (!self.name.is_empty()).then(|| self.place(at))
    }

    /// `at`, or the last thing before it that can be seen where the text ends in blanks.
    fn visible(&self, at: usize) -> usize {
        let text = self.text.trim_end();
        at.min(text.char_indices().last().map_or(0, |(last, _)| last))
    }

    /// The key, with its section, and the value of what was begun on the line of `at` or above it.
    fn statement(&self, at: usize, table: &DeTable<'_>) -> (String, String) {
        let lines: Vec<&str> = self.text.lines().take(self.place(at).line).collect();
        let begins = |line: &&str| {
            let line = line.trim_start();
            let named = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '[');
            line.starts_with(named) || (line.starts_with(['"', '\'']) && line.contains('='))
        };
        let here = lines.last().copied().unwrap_or_default();
        let line = lines.iter().rev().find(|line| begins(line)).copied().unwrap_or(here).trim();
        let (name, value) = line.split_once('=').map_or((line, ""), |(name, value)| (name, value));
        let name = name.trim();
        if name.is_empty() || name.starts_with('[') {
            return (line.to_owned(), "{…}".to_owned());
        }
        let key = match self.section(at, table) {
            Some(section) => format!("{section}.{name}"),
            None => name.to_owned(),
        };
        (key, value.trim().to_owned())
    }

    /// The `[section]` that `at` is in.
    fn section<'t>(&self, at: usize, table: &'t DeTable<'_>) -> Option<&'t str> {
        let starts = |name: &&Spanned<_>| {
            let before = self.text.get(..name.span().start).unwrap_or_default().trim_end();
            name.span().start <= at && before.ends_with('[')
        };
        let name = table.keys().filter(starts).max_by_key(|name| name.span().start)?;
        Some(name.get_ref())
    }
}

fn removed(path: &str) -> Option<&'static str> {
    keys::REMOVED.iter().find(|(removed, _)| *removed == path).map(|(_, instead)| *instead)
}

/// The known name nearest to a mistyped one, if it is near enough to be meant.
fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 4);
    known.map(|key| (distance(name, key), key)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// Levenshtein's distance in characters, blind to case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Checks one value against its key: the value, or what is allowed.
fn check(key: &Key, value: &DeValue<'_>) -> Result<Value, String> {
    let allowed = || allowed(key);
    match key.kind {
        Kind::Bool => value.as_bool().map(Value::Bool).ok_or_else(allowed),
        Kind::Int(min, max) => match integer(value) {
            Some(n) if (min..=max).contains(&n) => Ok(Value::Int(n)),
            _ => Err(allowed()),
        },
        Kind::Num(range) => number(value, range).map(Value::Num).ok_or_else(allowed),
        Kind::Points(range) => points(value, range).map(Value::Num).ok_or_else(allowed),
        Kind::Text(rule) => match value.as_str() {
            Some(text) if text_fits(text, rule) => Ok(Value::Text(text.to_owned())),
            _ => Err(allowed()),
        },
        Kind::PointsList(most, range) => {
            let items = list(value, |item| points(item, range)).ok_or_else(allowed)?;
            if items.len() <= most { Ok(Value::List(items)) } else { Err(allowed()) }
        }
        Kind::NumList(range) => {
            list(value, |item| number(item, range)).map(Value::List).ok_or_else(allowed)
        }
        Kind::Blocks => blocks(value).map(Value::Blocks).ok_or_else(allowed),
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue<'_>, range: Range) -> Option<f64> {
    let number = match (value.as_float(), integer(value)) {
        (Some(float), _) => float.as_str().parse().ok()?,
        (None, Some(integer)) => integer as f64,
        (None, None) => return None,
    };
    let above = if range.open { number > range.min } else { number >= range.min };
    (number.is_finite() && above && number <= range.max).then_some(number)
}

/// A number of points that is a whole number of paise.
fn points(value: &DeValue<'_>, range: Range) -> Option<f64> {
    let points = number(value, range)?;
    let paise = points * 100.0;
    ((paise - crate::units::round_half_up(paise)).abs() <= 1e-6).then_some(points)
}

fn list(value: &DeValue<'_>, item: impl Fn(&DeValue<'_>) -> Option<f64>) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(|value| item(value.get_ref())).collect()
}

fn blocks(value: &DeValue<'_>) -> Option<Vec<Block>> {
    value.as_array()?.iter().map(|value| block(value.get_ref())).collect()
}

fn block(value: &DeValue<'_>) -> Option<Block> {
    let table = value.as_table()?;
    let time = |name| time_of_day(table.get(name)?.get_ref().as_str()?);
    let (from, till) = (time("start")?, time("end")?);
    (table.len() == 2 && from < till).then_some(Block { from, till })
}

/// `HH:MM` or `HH:MM:SS` as time since midnight.
fn time_of_day(text: &str) -> Option<Micros> {
    let mut seconds = 0;
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for (place, limit) in [(0, 24), (1, 60), (2, 60)] {
        let part = parts.get(place).copied().unwrap_or("00");
        let value: i64 = two_digits(part)?;
        if value >= limit {
            return None;
        }
        seconds = seconds * 60 + value;
    }
    Some(Micros::seconds(seconds))
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn text_fits(text: &str, rule: TextRule) -> bool {
    match rule {
        TextRule::Any => true,
        TextRule::NotBlank => !text.trim().is_empty(),
        TextRule::OneOf(allowed) => allowed.contains(&text),
        TextRule::Zone => zone(text).is_some(),
    }
}

/// The time zone of a name or a fixed offset up to ±14:59.
pub(super) fn zone(text: &str) -> Option<Zone> {
    match text {
        "Asia/Kolkata" => return Some(Zone::INDIA),
        "UTC" => return Some(Zone { offset: Micros(0) }),
        _ => {}
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let offset = Micros::minutes(sign * (hours * 60 + minutes));
    (hours <= 14 && minutes <= 59).then_some(Zone { offset })
}

/// What a key allows, in words.
#[must_use]
pub fn allowed(key: &Key) -> String {
    let unit = if key.unit.is_empty() { String::new() } else { format!(" ({})", key.unit) };
    match key.kind {
        Kind::Bool => "must be true or false".to_owned(),
        Kind::Int(min, max) => format!("must be a whole number {}{unit}", between(min, max)),
        Kind::Num(range) => format!("must be a number {}{unit}", span(range)),
        Kind::Points(range) => {
            format!("must be {}{unit} and a whole number of paise", span(range))
        }
        Kind::Text(TextRule::Any) => "must be text".to_owned(),
        Kind::Text(TextRule::NotBlank) => "must be text that is not blank".to_owned(),
        Kind::Text(TextRule::OneOf(names)) => format!("must be one of {}", names.join(" ")),
        Kind::Text(TextRule::Zone) => {
            "must be \"Asia/Kolkata\", \"UTC\" or a fixed offset \"±HH:MM\" up to ±14:59".to_owned()
        }
        Kind::PointsList(most, range) => format!(
            "must be a list of at most {most} numbers, each {}{unit} and a whole number of paise",
            span(range)
        ),
        Kind::NumList(range) => format!("must be a list of numbers, each {}{unit}", span(range)),
        Kind::Blocks => "must be a list of tables with exactly start and end, each \"HH:MM\" or \
                         \"HH:MM:SS\", start before end"
            .to_owned(),
    }
}

fn between(min: i64, max: i64) -> String {
    format!("{} … {}", grouped(min as f64), grouped(max as f64))
}

fn span(range: Range) -> String {
    let min = grouped(range.min);
    let max = grouped(range.max);
    if range.open { format!("> {min} and at most {max}") } else { format!("{min} … {max}") }
}

/// A bound with its thousands grouped.
fn grouped(number: f64) -> String {
    if number.fract() != 0.0 || number.abs() >= 1e10 {
        return format!("{number:e}");
    }
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn fix_of(key: &Key) -> String {
    match key.path {
        "session.trade_blocks" => {
            "write [{ start = \"11:00\", end = \"12:00\" }], or [] for none".to_owned()
        }
        path => {
            let other = if matches!(key.kind, Kind::Text(_)) {
                "text in double quotes"
            } else {
                "allowed value"
            };
            format!("set {path} = {}, the default, or another {other}", key.default)
        }
    }
}
