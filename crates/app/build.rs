//! Tells the program its git revision.

use std::process::Command;

fn main() {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|o| o.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let revision =
        git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some();
    let mark = if changed { "-changed" } else { "" };
    println!("cargo::rustc-env=MYQUANT_REVISION={revision}{mark}");
    let folder = git(&["rev-parse", "--git-dir"]).unwrap_or_else(|| ".git".to_owned());
    println!("cargo::rerun-if-changed={folder}/HEAD");
    println!("cargo::rerun-if-changed={folder}/logs/HEAD");
}
