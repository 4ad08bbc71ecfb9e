//! The form of files: first lines, lengths, names, and where the wire was learnt.

use super::finding::{Finding, finds, none_of};
use super::project::{Source, sources, sources_under};
use super::syntax::{first_word, functions, line_at, words};

/// Lines of a file, and of a function, that are too many.
const LONG_FILE: usize = 600;
const LONG_FUNCTION: usize = 70;

/// What the first line of a file says that is one table.
const TABLE: &str = "//! Table:";

fn head(source: &Source) -> Option<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//! ").is_some_and(|text| !text.trim().is_empty());
    let instead = "`//! ` and one sentence on what the file is for";
    (!says).then(|| Finding::new(&source.path, 1, "the first line is no description", instead))
}

#[test]
fn every_file_says_first_what_it_is_for() {
    none_of(sources().iter().filter_map(head));
}

#[test]
fn notices_a_file_without_a_description() {
    finds(head(&Source::new("a.rs", "use std::fmt;\n//! Late.\n")), &[1]);
    finds(head(&Source::new("a.rs", "//! \n")), &[1]);
    finds(head(&Source::new("a.rs", "//! Early.\n")), &[]);
}

fn long_file(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let long = lines >= LONG_FILE && !source.text.starts_with(TABLE);
    let what = format!("{lines} lines, and {LONG_FILE} are too many");
    long.then(|| Finding::new(&source.path, lines, what, "a module per subject"))
}

#[test]
fn no_file_is_long() {
    none_of(sources().iter().filter_map(long_file));
}

#[test]
fn notices_a_long_file() {
    let text = "//! Long.\n".repeat(LONG_FILE);
    finds(long_file(&Source::new("a.rs", &text)), &[LONG_FILE]);
    finds(long_file(&Source::new("a.rs", &text[10..])), &[]);
    finds(long_file(&Source::new("a.rs", &format!("{TABLE} of a.\n{text}"))), &[]);
}

fn long_functions(source: &Source) -> Vec<Finding> {
    if source.text.starts_with(TABLE) {
        return Vec::new();
    }
    let found = functions(&source.code).into_iter().filter_map(|function| {
        let lines = source.code[function.span.clone()].lines().count();
        let what =
            format!("`{}` has {lines} lines, and {LONG_FUNCTION} are allowed", function.name);
        let line = line_at(&source.code, function.span.start);
        let instead = "keep the branching here and move straight work into functions";
        (lines > LONG_FUNCTION).then(|| Finding::new(&source.path, line, what, instead))
    });
    found.collect()
}

#[test]
fn no_function_is_long() {
    none_of(sources().iter().flat_map(long_functions));
}

#[test]
fn notices_a_long_function() {
    let function =
        |lines: usize| format!("\nfn f() {{\n{}}}\n", "    g(\"{\");\n".repeat(lines - 2));
    finds(long_functions(&Source::new("a.rs", &function(LONG_FUNCTION + 1))), &[2]);
    finds(long_functions(&Source::new("a.rs", &function(LONG_FUNCTION))), &[]);
}

/// Endings of names that say nothing.
const HOLLOW: [&str; 7] = ["Manager", "Handler", "Helper", "Util", "Impl", "Data", "Info"];

fn hollow_names(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for kind in ["struct", "enum", "trait", "type"] {
        for at in words(&source.code, kind) {
            let name = first_word(source.code[at + kind.len()..].trim_start()).unwrap_or_default();
            if HOLLOW.iter().any(|hollow| name.ends_with(hollow)) {
                let line = line_at(&source.code, at);
                let instead = "the noun that you would say aloud";
                found.push(Finding::new(&source.path, line, format!("`{name}`"), instead));
            }
        }
    }
    for function in functions(&source.code) {
        let instead = match function.name {
            name if name.starts_with("get_") => "the noun alone",
            name if name.starts_with("test_") => "a sentence that says what holds",
            _ => continue,
        };
        let line = line_at(&source.code, function.span.start);
        found.push(Finding::new(&source.path, line, format!("`{}`", function.name), instead));
    }
    found
}

#[test]
fn names_are_plain() {
    none_of(sources().iter().flat_map(hollow_names));
}

#[test]
fn notices_hollow_names() {
    let text =
        "struct OrderManager;\nstruct Datagram;\nfn get_x() {}\nfn test_y() {}\nfn budget_x() {}\n";
    finds(hollow_names(&Source::new("a.rs", text)), &[1, 3, 4]);
}

/// The mark of where a fact about the wire was learnt.
const LEARNT: &str = "Source:";

/// The public structs of a layout without a source of their own.
fn sourceless_layouts(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut sourced = false;
    for (number, line) in (1..).zip(source.text.lines()) {
        let line = line.trim_start();
        if let Some(doc) = line.strip_prefix("///") {
            sourced |= doc.trim_start().starts_with(LEARNT);
        } else if !line.starts_with("#[") {
            if line.starts_with("pub struct ") && !sourced {
                found.push(sourceless(&source.path, number, line));
            }
            sourced = false;
        }
    }
    found
}

fn sourceless(path: &str, line: usize, what: &str) -> Finding {
    let instead = "`/// Source: ` and the page, file or recording that shows it";
    Finding::new(path, line, format!("`{what}` does not say where it was learnt"), instead)
}

#[test]
fn every_packet_layout_names_its_source() {
    let layouts = sources_under("crates/smartapi/src/packet/layout.rs");
    none_of(layouts.iter().flat_map(sourceless_layouts));
}

#[test]
fn notices_a_layout_without_a_source() {
    let text = "/// One.\n///\n/// Source: a page.\n#[repr(C)]\npub struct One {\n    pub a: u8,\n\
                }\n/// Two.\npub struct Two {}\n";
    finds(sourceless_layouts(&Source::new("a.rs", text)), &[9]);
}

/// What the broker fixes: routes and headers, tables, and the fields of bodies.
fn wire_fact(source: &Source) -> Option<usize> {
    let item = |at: usize| source.live[at..].split('=').next().unwrap_or_default();
    let texts = words(&source.live, "pub const").filter(|&at| item(at).contains(": &str"));
    let tables = words(&source.live, "static").filter(|&at| item(at).contains(": ["));
    let bodies = ["Deserialize", "FromBytes"].into_iter();
    let bodies = bodies.flat_map(|derive| words(&source.live, derive)).filter(|&at| {
        let line = source.live[..at].rsplit('\n').next().unwrap_or_default();
        line.trim_start().starts_with("#[derive(")
    });
    texts.chain(tables).chain(bodies).min()
}

/// The first wire fact of a file that names no source at all.
fn sourceless_wire(source: &Source) -> Option<Finding> {
    let at = wire_fact(source)?;
    let docs = source.text.lines().map(str::trim_start);
    let mut docs = docs.filter_map(|line| line.strip_prefix("//!").or(line.strip_prefix("///")));
    let line = line_at(&source.live, at);
    let what = source.text.lines().nth(line - 1).unwrap_or_default();
    (!docs.any(|doc| doc.trim_start().starts_with(LEARNT)))
        .then(|| sourceless(&source.path, line, what.trim()))
}

#[test]
fn every_file_with_facts_of_the_wire_names_its_source() {
    for room in ["order_update/", "packet/", "rest/", "stream/", "wire/"] {
        let sources = sources_under(&format!("crates/smartapi/src/{room}"));
        none_of(sources.iter().filter_map(sourceless_wire));
    }
}

#[test]
fn notices_wire_facts_without_a_source() {
    let path = "crates/smartapi/src/rest/a.rs";
    finds(sourceless_wire(&Source::new(path, "use a;\npub const A: &str = \"/x\";\n")), &[2]);
    finds(sourceless_wire(&Source::new(path, "static T: [u8; 1] = [1];\n")), &[1]);
    finds(sourceless_wire(&Source::new(path, "\n\n#[derive(Clone, Deserialize)]\n")), &[3]);
    finds(
        sourceless_wire(&Source::new(path, "//! Source: a page.\n#[derive(Deserialize)]\n")),
        &[],
    );
    finds(sourceless_wire(&Source::new(path, "pub const MOST: usize = 3;\n")), &[]);
}
