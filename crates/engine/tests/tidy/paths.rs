//! The paths that a file names: its `use` trees spelt out, and those within its code.

use super::project::Source;
use super::syntax::{is_word, words};

/// A path such as `crate::units::Paise`, with `self` and `super` resolved, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: String,
    pub(super) at: usize,
}

impl Named {
    /// Whether the path is `ancestor` or lies below it.
    pub(super) fn is_under(&self, ancestor: &str) -> bool {
        let rest = self.path.strip_prefix(ancestor);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// Every path that the live code of a file names.
pub(super) fn named(source: &Source) -> Vec<Named> {
    let mut inline = source.live.clone();
    let mut found = Vec::new();
    for at in words(&source.live, "use") {
        let Some(length) = source.live[at..].find(';') else { continue };
        let item = &source.live[at + "use".len()..at + length];
        if item.starts_with(' ') {
            let tree: String = item.split_whitespace().collect::<Vec<_>>().join(" ");
            found.extend(spelt_out(&tree).into_iter().map(|path| Named { path, at }));
            inline.replace_range(at..at + length, &" ".repeat(length));
        }
    }
    found.extend(inline_paths(&inline));
    let module = source.module();
    for named in &mut found {
        named.path = absolute(&named.path, &module);
    }
    found
}

/// The paths of one `use` tree, without renamings.
fn spelt_out(tree: &str) -> Vec<String> {
    let Some((prefix, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        return vec![path.trim_end_matches("::self").to_owned()];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let branches = branches(group).into_iter().filter(|branch| !branch.trim().is_empty());
    branches.flat_map(|branch| spelt_out(&format!("{}{}", prefix.trim(), branch.trim()))).collect()
}

/// The parts of a group between commas outside of inner groups.
fn branches(group: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let outer_comma = move |letter: char| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    };
    group.split(outer_comma).collect()
}

/// Paths of two words or more outside of `use` items.
fn inline_paths(code: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut at = 0;
    for piece in code.split(|letter: char| !is_word(letter) && letter != ':') {
        let path = piece.trim_end_matches(':');
        if path.contains("::") && path.starts_with(is_word) {
            found.push(Named { path: path.to_owned(), at });
        }
        at += piece.len();
        at += code[at..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

/// The path with `self` and `super` resolved against the module that names it.
fn absolute(path: &str, module: &[&str]) -> String {
    let mut parts = path.split("::").peekable();
    let mut base = module.to_vec();
    match parts.peek() {
        Some(&"self") => {
            parts.next();
        }
        Some(&"super") => {}
        _ => return path.to_owned(),
    }
    while parts.next_if_eq(&"super").is_some() {
        base.pop();
    }
    let base = std::iter::once("crate").chain(base);
    base.chain(parts).collect::<Vec<_>>().join("::")
}

#[test]
fn trees_are_spelt_out_and_relatives_resolved() {
    let text = "use std::{fs, io::{self, Read as R}};\nuse super::{Wilder, super::units};\n\
                fn f() -> impl use<> X { super::g(crate::a::B::new(c)) }";
    let found = named(&Source::new("crates/engine/src/tick_path/feed/mod.rs", text));
    let paths: Vec<&str> = found.iter().map(|named| named.path.as_str()).collect();
    let uses = ["std::fs", "std::io", "std::io::Read", "crate::tick_path::Wilder", "crate::units"];
    assert_eq!(paths[..5], uses);
    assert_eq!(paths[5..], ["crate::tick_path::g", "crate::a::B::new"]);
    assert!(found[0].is_under("std") && !found[1].is_under("std::i"));
}
