//! The documents: their length, and that what they name exists.

use std::collections::BTreeSet;

use super::finding::{Finding, finds, none_of};
use super::manifests::{BENCH, Dependency, Kind, dependencies};
use super::project::{Source, paths, read, root, sources};
use super::syntax::{first_word, line_at};

/// The most lines of a document.
const LENGTHS: [(&str, usize); 2] = [("README.md", 150), ("ARCHITECTURE.md", 300)];

/// Every command that the README shows; a change there is a change here.
const COMMANDS: [&str; 15] = [
    "cargo run --release -- perf --ticks 1000",
    "./test",
    "cargo run --release -- perf --ticks 100000 --rate max",
    "cargo run --release -- compare runs/before runs/after",
    "cargo run --release -- perf --tune",
    "cargo run --release -- trade --sandbox",
    "cargo run --release -- replay day.csv",
    "cargo run --release -- replay day.csv --explain 11:23:05",
    "cargo run --release -- report runs/my-run",
    "cargo run --release -- sandbox --port 8443",
    "cargo run --release -- perf --fault stall@500:200ms",
    "cargo run --release -- instruments find nifty 28 nov 26000 ce",
    "cargo run --release -- config explain risk.base_sl_points",
    "cargo run --release -- perf --live --symbol NIFTY28NOV2526000CE",
    "bench/run",
];

/// Where the command line is defined.
const COMMAND_LINE: &str = "crates/app/src/cli.rs";
/// The flags of `myquant sandbox`.
const SANDBOX_FLAGS: &str = "crates/app/src/cli/twin.rs";
/// Where the configuration's keys are defined.
const KEYS: &str = "crates/engine/src/config/keys.rs";

fn long(path: &str, text: &str, most: usize) -> Option<Finding> {
    let lines = text.lines().count();
    let what = format!("{lines} lines, and {most} are allowed");
    (lines > most).then(|| Finding::new(path, lines, what, "a page in docs/ for the hard subject"))
}

#[test]
fn the_documents_are_short() {
    none_of(LENGTHS.iter().filter_map(|(path, most)| long(path, &read(path), *most)));
}

#[test]
fn notices_a_long_document() {
    finds(long("README.md", &"x\n".repeat(151), 150), &[151]);
    finds(long("README.md", &"x\n".repeat(150), 150), &[]);
}

/// The commands in a document's `sh` blocks, without their comments, and their lines.
fn shell(text: &str) -> Vec<(usize, &str)> {
    let mut within = None;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            within = if within.is_some() { None } else { Some(language) };
        } else if within == Some("sh") {
            let command = line.split(" #").next().unwrap_or(line).trim();
            if !command.is_empty() && !command.starts_with('#') {
                found.push((number, command));
            }
        }
    }
    found
}

/// Commands that only one of the document and the list knows.
fn unlisted(path: &str, text: &str, known: &[&str]) -> Vec<Finding> {
    let shown = shell(text);
    let new =
        shown.iter().filter(|(_, command)| !known.contains(command)).map(|(line, command)| {
            let instead =
                "add it to COMMANDS in crates/engine/tests/tidy/documents.rs when it was run";
            Finding::new(path, *line, format!("`{command}` is not known to the tests"), instead)
        });
    let gone = known.iter().filter(|known| shown.iter().all(|(_, command)| command != *known));
    let instead = "take it from COMMANDS in crates/engine/tests/tidy/documents.rs";
    let gone = gone.map(|command| Finding::new(path, 1, format!("`{command}` is gone"), instead));
    new.chain(gone).collect()
}

#[test]
fn the_readme_shows_the_commands_that_are_known() {
    none_of(unlisted("README.md", &read("README.md"), &COMMANDS));
}

#[test]
fn notices_an_unknown_command_in_the_readme() {
    let text = "```sh\n./test # all\n\n# no command\ncargo run -- fly\n```\n```\nperf\n```\n";
    assert_eq!(shell(text), [(2, "./test"), (5, "cargo run -- fly")]);
    finds(unlisted("README.md", text, &["./test", "./gone"]), &[5, 1]);
}

/// What the command line takes, by the text that defines it.
#[derive(Debug)]
struct CommandLine {
    commands: BTreeSet<String>,
    sub_commands: BTreeSet<String>,
    flags: BTreeSet<String>,
    /// The text that defines the configuration's keys.
    keys: String,
}

impl CommandLine {
    fn of(source: &Source, keys: String) -> Self {
        let names = source.live.lines().filter_map(|line| {
            let field = line.trim().trim_start_matches("pub(crate) ");
            let name = first_word(field)?;
            field[name.len()..].starts_with(": ").then(|| name.replace('_', "-"))
        });
        Self {
            commands: variants(&source.live, "enum Command {"),
            sub_commands: variants(&source.live, "enum ConfigCommand {"),
            flags: names.chain(["help".to_owned(), "version".to_owned()]).collect(),
            keys,
        }
    }

    /// What is wrong with the words after the program's name.
    fn refusal(&self, words: &[&str]) -> Option<String> {
        let (command, rest) = words.split_first()?;
        if !command.starts_with('-') && !self.commands.contains(*command) {
            return Some(format!("there is no command {command}"));
        }
        if let ("config", Some(second)) = (*command, rest.first()) {
            if !self.sub_commands.contains(*second) {
                return Some(format!("there is no command config {second}"));
            }
            let key = rest.get(1).filter(|key| *second == "explain" && key.contains('.'));
            if let Some(key) = key.filter(|key| !self.keys.contains(&format!("\"{key}\""))) {
                return Some(format!("there is no configuration key {key}"));
            }
        }
        let flags = words.iter().filter_map(|word| word.strip_prefix("--"));
        let mut flags = flags.map(|flag| flag.split('=').next().unwrap_or(flag));
        let unknown = flags.find(|flag| !self.flags.contains(*flag))?;
        Some(format!("there is no flag --{unknown}"))
    }
}

/// The names of an enum's variants as clap spells them; they stand one step in.
fn variants(code: &str, head: &str) -> BTreeSet<String> {
    let body = code.split(head).nth(1).and_then(|rest| rest.split("\n}").next());
    let lines = body.unwrap_or_default().lines();
    let variants = lines.filter_map(|line| line.strip_prefix("    ").and_then(first_word));
    variants.map(str::to_ascii_lowercase).collect()
}

/// The places where a text tells its reader to run the program, and the words that follow.
fn invocations(text: &str) -> Vec<(usize, Vec<&str>)> {
    let spans = ["`myquant ", "cargo run --release -- "];
    let starts = spans.iter().flat_map(|span| text.match_indices(span));
    let command = |(at, span): (usize, &str)| {
        let rest = &text[at + span.len()..];
        let end = rest.find(['`', '\n', '"']).unwrap_or(rest.len());
        let line = rest[..end].split(" #").next().unwrap_or_default();
        (line_at(text, at), line.split_whitespace().collect())
    };
    starts.map(command).collect()
}

fn wrong_commands(path: &str, text: &str, known: &CommandLine) -> Vec<Finding> {
    let wrong = invocations(text).into_iter().filter_map(|(line, words)| {
        let refusal = known.refusal(&words)?;
        Some(Finding::new(path, line, refusal, format!("what {COMMAND_LINE} defines")))
    });
    wrong.collect()
}

#[test]
fn every_command_that_documents_and_hints_name_exists() {
    let text = read(COMMAND_LINE) + &read(SANDBOX_FLAGS);
    let known = CommandLine::of(&Source::new(COMMAND_LINE, &text), read(KEYS));
    assert!(known.commands.contains("perf") && known.flags.contains("ticks"), "{known:?}");
    let documents = documents().into_iter().map(|path| (read(&path), path));
    let live = sources().into_iter().filter(|source| !source.is_test());
    let texts = documents.chain(live.map(|source| (source.text, source.path)));
    none_of(texts.flat_map(|(text, path)| wrong_commands(&path, &text, &known)));
}

#[test]
fn notices_a_command_that_does_not_exist() {
    let cli = "enum Command {\n    Perf(PerfArgs),\n    Config(ConfigArgs),\n}\n\
               enum ConfigCommand {\n    Explain {\n        key: String,\n    },\n}\n\
               struct PerfArgs {\n    pub(crate) env_file: X,\n}\n";
    let known = CommandLine::of(&Source::new(COMMAND_LINE, cli), "\"a.key\"".to_owned());
    let text = "`myquant fly`\n`myquant perf --env-file=x`\n`myquant perf --fly`\n\
                `myquant config fly`\n`myquant config explain no.key`\n\
                `myquant config explain a.key`\ncargo run --release -- fly # x\n`myquant`\n";
    finds(wrong_commands("README.md", text, &known), &[1, 3, 4, 5, 7]);
}

fn documents() -> Vec<String> {
    paths().into_iter().filter(|path| path.ends_with(".md")).collect()
}

/// Folders and files of the project that a document names between backticks, or links to.
fn lost_paths(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    const ROOMS: [&str; 5] = ["bench/", "crates/", "docs/", "testdata/", ".ci/"];
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let quoted = line.split('`').skip(1).step_by(2);
        let quoted = quoted.filter(|name| ROOMS.iter().any(|room| name.starts_with(room)));
        let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
        let whole = quoted.chain(links).filter(|name| !name.contains(['*', '<', ' ']));
        let lost = whole.filter(|name| !exists(name));
        let what = |name: &str| format!("{name} does not exist");
        found.extend(lost.map(|name| Finding::new(path, number, what(name), "where it is now")));
    }
    found
}

#[test]
fn every_path_in_the_documents_exists() {
    let lost = |path: &String| {
        let folder = root().join(path).parent().expect("a folder").to_owned();
        let exists = |name: &str| root().join(name).exists() || folder.join(name).exists();
        lost_paths(path, &read(path), exists)
    };
    none_of(documents().iter().flat_map(lost));
}

#[test]
fn notices_a_path_that_does_not_exist() {
    let text =
        "`crates/a` and `b` and `crates/gone`\n[x](docs/gone.md) [y](https://a.in/b) [z](#c)\n";
    finds(lost_paths("README.md", text, |name| name == "crates/a"), &[1, 2]);
}

/// Dependencies without a word in the architecture, and words there without a dependency.
fn unexplained(text: &str, dependencies: &[Dependency], ours: &[&str]) -> Vec<Finding> {
    const PATH: &str = "ARCHITECTURE.md";
    let heading = text.lines().position(|line| line == "## Dependencies").unwrap_or_default();
    let rows = (1..).zip(text.lines()).skip(heading).filter(|(_, line)| line.starts_with("| `"));
    let rows: Vec<(usize, &str)> = rows
        .flat_map(|(number, line)| {
            let names = line.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2);
            names.map(move |name| (number, name))
        })
        .collect();
    let foreign: BTreeSet<&str> = dependencies.iter().map(|one| one.name.as_str()).collect();
    let foreign: Vec<&str> = foreign.into_iter().filter(|name| !ours.contains(name)).collect();
    let missing = foreign.iter().filter(|name| rows.iter().all(|(_, row)| row != *name));
    let missing = missing.map(|name| {
        let instead = "a row in its table of dependencies that says why";
        Finding::new(PATH, heading + 1, format!("the dependency `{name}` is not named"), instead)
    });
    let stale = rows.iter().filter(|(_, row)| !foreign.contains(row)).map(|(line, row)| {
        Finding::new(PATH, *line, format!("`{row}` is no dependency"), "delete it from the table")
    });
    missing.chain(stale).collect()
}

#[test]
fn every_dependency_has_its_reason_in_the_architecture() {
    let ours = ["app", BENCH, "client", "engine", "sandbox", "smartapi"];
    none_of(unexplained(&read("ARCHITECTURE.md"), &dependencies(), &ours));
}

#[test]
fn notices_a_dependency_without_a_reason() {
    let one = |name: &str, kind| Dependency { of: "app".to_owned(), name: name.to_owned(), kind };
    let dependencies =
        [one("clap", Kind::Normal), one("rcgen", Kind::Dev), one("engine", Kind::Normal)];
    let text = "| `feed` |\n## Dependencies\n| crate | why |\n|---|---|\n| `clap`, `gone` | x |\n";
    finds(unexplained(text, &dependencies, &["engine"]), &[2, 5]);
}
