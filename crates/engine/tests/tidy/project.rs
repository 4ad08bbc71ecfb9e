//! The files of the project as the rules see them.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifests::BENCH;
use super::syntax::{code_of, without_tests};

/// A Rust file.
#[derive(Debug)]
pub(super) struct Source {
    /// From the project's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// The text without comments and literals.
    pub(super) code: String,
    /// The code without test modules; empty for a file that only tests use.
    pub(super) live: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = code_of(text);
        let live = if is_test(path) { String::new() } else { without_tests(&code).0 };
        Self { path: path.to_owned(), text: text.to_owned(), code, live }
    }

    /// Whether only tests use this file.
    pub(super) fn is_test(&self) -> bool {
        self.live.is_empty()
    }

    /// The crate's name and the path under its `src`; `None` for tests, build scripts and examples.
    pub(super) fn in_src(&self) -> Option<(&str, &str)> {
        let (folder, inner) = self.path.split_once("/src/")?;
        let name = folder.strip_prefix("crates/").or(Some(folder).filter(|name| *name == BENCH))?;
        Some((name, inner))
    }

    /// The modules around the file's items, outermost first.
    pub(super) fn module(&self) -> Vec<&str> {
        let Some((_, inner)) = self.in_src() else { return Vec::new() };
        let mut module: Vec<&str> = inner.trim_end_matches(".rs").split('/').collect();
        if matches!(module.last(), Some(&"mod" | &"lib" | &"main")) {
            module.pop();
        }
        module
    }
}

fn is_test(path: &str) -> bool {
    matches!(path.split('/').nth(2), Some("tests" | "benches"))
}

/// The project's root.
pub(super) fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates/");
    crates.parent().expect("the project").to_owned()
}

/// The text of a file of the project.
pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file of the project.
pub(super) fn sources() -> Vec<Source> {
    let paths = paths().into_iter().filter(|path| path.ends_with(".rs"));
    let mut sources: Vec<Source> = paths.map(|path| Source::new(&path, &read(&path))).collect();
    let only_tests: Vec<String> = sources.iter().flat_map(declared_tests).collect();
    for source in &mut sources {
        if only_tests.iter().any(|module| source.path.starts_with(module)) {
            source.live.clear();
        }
    }
    sources
}

/// The Rust files whose paths begin like this; a rule for none of them would be asleep.
pub(super) fn sources_under(start: &str) -> Vec<Source> {
    let mut found = sources();
    found.retain(|source| source.path.starts_with(start));
    assert!(!found.is_empty(), "no file lies under {start}: correct the rule");
    found
}

/// How the paths begin of the files that hold a file's test modules.
fn declared_tests(source: &Source) -> Vec<String> {
    let Some((folder, name)) = source.path.rsplit_once('/') else { return Vec::new() };
    let folder = match name.trim_end_matches(".rs") {
        "mod" | "lib" | "main" => folder.to_owned(),
        module => format!("{folder}/{module}"),
    };
    let names = without_tests(&source.code).1;
    names.iter().flat_map(|name| ["/", "."].map(|end| format!("{folder}/{name}{end}"))).collect()
}

/// Folders of files that nobody writes: builds, runs, and what the fuzzer found.
const UNWRITTEN: [&str; 5] = ["target", "runs", "fuzz/target", "fuzz/artifacts", "fuzz/corpus"];

/// Every file of the project that people write: none of the unwritten, nothing hidden but CI.
pub(super) fn paths() -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder)).expect("a folder of the project");
        for entry in entries.map(|entry| entry.expect("an entry")) {
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let path = format!("{folder}{name}");
            let hidden = name.starts_with('.') && path != ".ci";
            let kind = entry.file_type().expect("a kind of file");
            if kind.is_dir() && !hidden && !UNWRITTEN.contains(&path.as_str()) {
                folders.push(format!("{path}/"));
            } else if kind.is_file() && !hidden {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_walk_sees_every_crate_and_skips_builds() {
    let paths = paths();
    let seen = ["crates/app/src/cli.rs", "crates/engine/tests/tidy.rs", "bench/run", "check"];
    for one in seen.into_iter().chain([".ci/run"]) {
        assert!(paths.iter().any(|path| path == one), "{one} was not seen");
    }
    assert!(!paths.iter().any(|path| path.starts_with("target/") || path.starts_with(".git/")));
}

#[test]
fn files_that_only_tests_use_are_known_as_such() {
    let parent = Source::new("crates/a/src/b/mod.rs", "mod x;\n#[cfg(test)]\nmod tests;\n");
    assert_eq!(declared_tests(&parent), ["crates/a/src/b/tests/", "crates/a/src/b/tests."]);
    let parent = Source::new("crates/a/src/b.rs", "#[cfg(test)]\nmod far;\nfn f() {}");
    assert_eq!(declared_tests(&parent), ["crates/a/src/b/far/", "crates/a/src/b/far."]);
    assert!(!parent.is_test() && Source::new("crates/a/tests/b.rs", "fn f() {}").is_test());
}

#[test]
fn a_files_module_follows_from_its_path() {
    let module = |path| Source::new(path, "").module().join("::");
    assert_eq!(module("crates/engine/src/tick_path/feed/mod.rs"), "tick_path::feed");
    assert_eq!(module("crates/engine/src/units.rs"), "units");
    assert_eq!(module("crates/engine/src/lib.rs"), "");
    assert_eq!(module("bench/src/groups/mod.rs"), "groups");
    assert_eq!(Source::new("examples/a/src/b.rs", "").in_src(), None);
}
