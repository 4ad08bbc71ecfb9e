//! Tells the program its git revision.

use std::path::Path;
use std::process::Command;

/// What the program is made of, seen from the repository; the crates are added.
const MADE_OF: [&str; 3] = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let git = |args: &[&str]| {
        let output = Command::new("git").current_dir(&root).args(args).output().ok();
        let output = output.filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let crates = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let mut parts: Vec<String> = MADE_OF.map(str::to_owned).into();
    for path in crates.filter_map(|entry| entry.file_name().into_string().ok()) {
        parts.extend(["src", "build.rs", "Cargo.toml"].map(|part| format!("crates/{path}/{part}")));
    }
    parts.retain(|part| root.join(part).exists());
    let revision =
        git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let status = ["status", "--porcelain", "--untracked-files=no", "--"];
    let status: Vec<&str> = status.into_iter().chain(parts.iter().map(String::as_str)).collect();
    let mark = if git(&status).is_some() { "-changed" } else { "" };
    println!("cargo::rustc-env=MYQUANT_REVISION={revision}{mark}");
    let folder = git(&["rev-parse", "--git-dir"]).unwrap_or_default();
    parts.extend(["HEAD", "logs/HEAD"].map(|name| format!("{folder}/{name}")));
    // A path that is not there would have the program built again each time.
    for path in parts.iter().map(|part| root.join(part)).filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
