//! Logs in and says who it is, and with which funds.
//!
//! `cargo run -p client --example profile [LINE]`, where LINE is a sandbox's line of JSON or a file
//! with it.

use std::io::Write as _;

use client::Rules;

mod common;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), common::Failed> {
    let given = std::env::args().nth(1);
    let rules = Rules { keep_warm: None, ..Rules::default() };
    let broker = common::connect(given.as_deref(), rules).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", broker.start())?;
    let profile = broker.profile().await?;
    writeln!(out, "{} {}: {}", profile.clientcode, profile.name, profile.exchanges.join(", "))?;
    match broker.funds().await?.net {
        Some(net) => writeln!(out, "net: {net} rupees")?,
        None => writeln!(out, "net: not told")?,
    }
    Ok(())
}
