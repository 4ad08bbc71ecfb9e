//! The official SDKs, unmodified, through a whole day at the sandbox: `conformance/` holds the scripts.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::World;

/// The instrument that the sandbox plays where nothing else is said.
const TOKEN: &str = "47338";
const LOT: &str = "75";

/// Where `conformance/install` has put the SDKs.
fn sdks() -> PathBuf {
    // Tests that need it are left out where it is not set; see `check`.
    #[allow(clippy::disallowed_methods)]
    let folder = std::env::var_os("MYQUANT_SDKS").map(PathBuf::from);
    folder.expect("MYQUANT_SDKS names the folder that conformance/install was given")
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(path)
}

/// Runs a script against a sandbox of its own; every line must say that something holds.
fn whole_day(command: impl FnOnce(&World, &str) -> Command) {
    let world = World::new();
    let mut sandbox = world.start(["sandbox", "--plain", "--rate", "50"]);
    let address = sandbox.wait_for_line("{");
    let parsed: Value = serde_json::from_str(&address).expect("one line of JSON");
    assert!(parsed["rest_url"].is_string());
    let output = command(&world, &address).output().expect("the script starts");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && out.ends_with("done\n"), "{out}\n{err}");
}

#[test]
fn with_official_sdks_the_python_one_spends_a_whole_day_at_the_sandbox() {
    whole_day(|world, address| {
        let folder = world.path("python");
        std::fs::create_dir(&folder).expect("made");
        let mut command = Command::new(sdks().join("python/bin/python"));
        command.arg(script("python/session.py")).arg(address).arg(folder).args([TOKEN, LOT]);
        command
    });
}

#[test]
fn with_official_sdks_the_javascript_one_spends_a_whole_day_at_the_sandbox() {
    whole_day(|world, address| {
        let folder = world.path("javascript");
        std::fs::create_dir(&folder).expect("made");
        let mut command = Command::new("node");
        command.arg(script("javascript/session.js")).arg(address).args([TOKEN, LOT]);
        command.env("NODE_PATH", sdks().join("javascript/node_modules")).current_dir(folder);
        command
    });
}
