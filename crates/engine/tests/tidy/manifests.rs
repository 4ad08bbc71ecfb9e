//! The crates: who may depend on whom, on what, and on how much.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::finding::{Finding, finds, none_of};
use super::project::{Source, read, root, sources};
use super::syntax::words;

/// The benchmarks: they may use every crate, and no crate may use them, not even for its tests.
pub(super) const BENCH: &str = "bench";

/// Which crates of the workspace a crate may use.
const ARROWS: [(&str, &[&str]); 6] = [
    (BENCH, &["app", "client", "sandbox", "engine", "smartapi"]),
    ("app", &["client", "sandbox", "engine", "smartapi"]),
    ("client", &["smartapi"]),
    ("sandbox", &["smartapi", "engine"]),
    ("engine", &["smartapi"]),
    ("smartapi", &[]),
];

/// All that the pure crates may depend on; none of it can do I/O for them.
const PURE: [(&str, &[&str]); 2] = [
    ("engine", &["serde", "smartapi", "thiserror", "toml"]),
    (
        "smartapi",
        &[
            "base64",
            "httparse",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "sha1",
            "strsim",
            "thiserror",
            "zerocopy",
        ],
    ),
];

/// Packages that the engine brings along, and that the whole workspace locks.
const MOST_OF_ENGINE: usize = 45;
const MOST_OF_ALL: usize = 500;

/// A line under a manifest's dependencies.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) of: String,
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of the crate itself, or of its build script.
    Normal,
    Dev,
}

/// The direct dependencies of every crate of the workspace, as cargo sees them.
pub(super) fn dependencies() -> Vec<Dependency> {
    let metadata = cargo(&["metadata", "--format-version=1", "--locked", "--offline", "--no-deps"]);
    parsed(&serde_json::from_str(&metadata).expect("JSON"))
}

fn parsed(metadata: &Value) -> Vec<Dependency> {
    let text = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let of_package = |package: Value| {
        let row = |dependency: &Value| Dependency {
            of: text(&package),
            name: text(dependency),
            kind: if dependency["kind"] == "dev" { Kind::Dev } else { Kind::Normal },
        };
        list(&package["dependencies"]).iter().map(row).collect::<Vec<_>>()
    };
    // Examples stand for other people's programs, which may depend on what they like.
    let ours = |package: &Value| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        !manifest.contains("/examples/")
    };
    list(&metadata["packages"]).into_iter().filter(ours).flat_map(of_package).collect()
}

fn cargo(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output();
    let output = run.expect("cargo starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {complaint}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The folder of a crate.
fn folder(name: &str) -> String {
    if name == BENCH { name.to_owned() } else { format!("crates/{name}") }
}

/// A finding at a dependency's line in its manifest.
fn at_manifest(dependency: &Dependency, what: &str, instead: &str) -> Finding {
    let path = format!("{}/Cargo.toml", folder(&dependency.of));
    let text = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
    let names = |line: &str| {
        let rest = line.strip_prefix(dependency.name.as_str());
        rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    let line = text.lines().position(names).map_or(1, |index| index + 1);
    Finding::new(&path, line, format!("{} {what} {}", dependency.of, dependency.name), instead)
}

fn wrong_arrows(dependencies: &[Dependency]) -> Vec<Finding> {
    let ours = |name: &str| ARROWS.iter().find(|arrow| arrow.0 == name);
    let wrong = dependencies.iter().filter(|dependency| match ours(&dependency.of) {
        Some((_, may_use)) => {
            let counts = dependency.kind == Kind::Normal || dependency.name == BENCH;
            let outward = ours(&dependency.name).is_some() && counts;
            outward && !may_use.contains(&dependency.name.as_str())
        }
        None => true,
    });
    let instead = "let app join them, or move what both need into smartapi or engine";
    wrong.map(|dependency| at_manifest(dependency, "may not depend on", instead)).collect()
}

#[test]
fn no_arrow_between_crates_points_the_other_way() {
    none_of(wrong_arrows(&dependencies()));
}

fn sample(of: &str, name: &str, kind: Kind) -> Dependency {
    Dependency { of: of.to_owned(), name: name.to_owned(), kind }
}

#[test]
fn notices_an_arrow_between_crates() {
    let metadata = r#"{"packages":[{"name":"client","dependencies":[
        {"name":"smartapi","kind":null},{"name":"sandbox","kind":"dev"},
        {"name":"engine","kind":"build"}]}]}"#;
    let client = parsed(&serde_json::from_str(metadata).expect("JSON"));
    assert_eq!(client.len(), 3);
    finds(wrong_arrows(&client), &[1]);
    finds(wrong_arrows(&[sample("smartapi", "engine", Kind::Normal)]), &[1]);
    finds(wrong_arrows(&[sample("newcomer", "serde", Kind::Normal)]), &[1]);
    finds(wrong_arrows(&[sample("bench", "app", Kind::Normal)]), &[]);
    for kind in [Kind::Normal, Kind::Dev] {
        finds(wrong_arrows(&[sample("app", "bench", kind)]), &[1]);
    }
}

fn impure(dependencies: &[Dependency]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (of, allowed) in PURE {
        let normal = dependencies.iter().filter(|one| one.of == of && one.kind == Kind::Normal);
        let strange = normal.filter(|one| !allowed.contains(&one.name.as_str()));
        let instead = "do it in client or app and hand over the result; another pure crate needs \
                       its row in crates/engine/tests/tidy/manifests.rs";
        found.extend(strange.map(|one| at_manifest(one, "is pure and may not depend on", instead)));
    }
    found
}

#[test]
fn the_pure_crates_cannot_do_io() {
    none_of(impure(&dependencies()));
}

#[test]
fn notices_an_impure_dependency() {
    finds(impure(&[sample("engine", "tokio", Kind::Normal)]), &[1]);
    finds(impure(&[sample("smartapi", "engine", Kind::Normal)]), &[1]);
    finds(impure(&[sample("client", "tokio", Kind::Normal)]), &[]);
}

/// More than a budget allows.
fn over(path: &str, count: usize, most: usize) -> Option<Finding> {
    let what = format!("{count} packages, and {most} are the budget");
    (count > most).then(|| Finding::new(path, 1, what, "fewer dependencies, or fewer features"))
}

#[test]
fn the_engine_stays_small() {
    let arguments = ["-p=engine", "-e=normal", "--prefix=none", "--format={p}"];
    let tree = cargo(&[&["tree", "--locked", "--offline"], &arguments[..]].concat());
    let packages: BTreeSet<&str> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|l| !l.is_empty()).collect();
    assert!(packages.len() > PURE[0].1.len(), "the tree was not read: {tree}");
    none_of(over("crates/engine/Cargo.toml", packages.len(), MOST_OF_ENGINE));
}

#[test]
fn the_workspace_locks_few_packages() {
    let locked = read("Cargo.lock").lines().filter(|line| *line == "[[package]]").count();
    assert!(locked > ARROWS.len(), "Cargo.lock was not read");
    none_of(over("Cargo.lock", locked, MOST_OF_ALL));
}

#[test]
fn notices_a_broken_budget() {
    finds(over("Cargo.lock", 501, 500), &[1]);
    finds(over("Cargo.lock", 500, 500), &[]);
}

/// Dependencies that no line of their crate names.
fn unused(dependencies: &[Dependency], sources: &[Source]) -> Vec<Finding> {
    let names = |dependency: &&Dependency| {
        let folder = format!("{}/", folder(&dependency.of));
        let name = dependency.name.replace('-', "_");
        let mut own = sources.iter().filter(|source| source.path.starts_with(&folder));
        own.any(|source| {
            let code = if dependency.kind == Kind::Dev { &source.code } else { &source.live };
            words(code, &name).next().is_some()
        })
    };
    let idle = dependencies.iter().filter(|dependency| !names(dependency));
    idle.map(|one| at_manifest(one, "does not use", "delete the line, or make it a dev-dependency"))
        .collect()
}

#[test]
fn every_dependency_is_used() {
    none_of(unused(&dependencies(), &sources()));
}

#[test]
fn notices_an_unused_dependency() {
    let code = "use webpki_roots::X;\n#[cfg(test)]\nmod tests { use axum::Y; }\n";
    let sources = [Source::new("crates/client/src/a.rs", code)];
    finds(unused(&[sample("client", "webpki-roots", Kind::Normal)], &sources), &[]);
    finds(unused(&[sample("client", "axum", Kind::Dev)], &sources), &[]);
    assert_eq!(unused(&[sample("client", "axum", Kind::Normal)], &sources).len(), 1);
    assert_eq!(unused(&[sample("client", "absent", Kind::Dev)], &sources).len(), 1);
    let sources = [Source::new("bench/src/a.rs", code)];
    finds(unused(&[sample("bench", "webpki-roots", Kind::Normal)], &sources), &[]);
}

/// Versions in the root manifest that no crate asks for.
fn idle_versions(manifest: &str, dependencies: &[Dependency]) -> Vec<Finding> {
    let table: toml::Table = toml::from_str(manifest).expect("TOML");
    let versions = table["workspace"]["dependencies"].as_table().expect("a table");
    let idle = versions.keys().filter(|name| dependencies.iter().all(|one| &one.name != *name));
    let finding = |name: &String| {
        let line = manifest.lines().position(|line| line.starts_with(name)).unwrap_or_default();
        Finding::new("Cargo.toml", line + 1, format!("no crate asks for {name}"), "delete the line")
    };
    idle.map(finding).collect()
}

#[test]
fn every_version_is_asked_for() {
    none_of(idle_versions(&read("Cargo.toml"), &dependencies()));
}

#[test]
fn notices_a_version_that_nobody_asks_for() {
    let manifest = "[workspace.dependencies]\nserde = \"1\"\nidle = \"1\"\n";
    finds(idle_versions(manifest, &[sample("app", "serde", Kind::Normal)]), &[3]);
}
