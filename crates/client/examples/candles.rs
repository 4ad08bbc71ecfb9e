//! Reads the minute candles of the last so many days, with a progress bar.
//!
//! `cargo run -p client --example candles EXCHANGE TOKEN DAYS UNTIL [LINE]`, where UNTIL is in seconds since
//! 1970 (`date +%s`) and LINE a sandbox's line of JSON or a file with it.

use std::io::Write as _;

use client::Rules;
use smartapi::clock::Wall;
use smartapi::rest::{Candle, Exchange, HistoryRequest, Interval};
use smartapi::wire::Word as _;

mod common;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), common::Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [exchange, token, days, until, given @ ..] = arguments.as_slice() else {
        return Err("give EXCHANGE TOKEN DAYS UNTIL and, for a sandbox, its line".into());
    };
    let (days, until): (i64, i64) = (days.parse()?, until.parse()?);
    let request = HistoryRequest {
        exchange: Exchange::of(exchange).ok_or("EXCHANGE is one of NSE, BSE, NFO, BFO, MCX")?,
        symboltoken: token.clone(),
        interval: Interval::OneMinute,
        fromdate: Wall(until.saturating_sub(days.saturating_mul(86_400))),
        todate: Wall(until),
    };
    let rules = Rules { keep_warm: None, ..Rules::default() };
    let broker = common::connect(given.first().map(String::as_str), rules).await?;
    let candles = broker.candles(&request, bar).await?;
    let mut out = std::io::stdout();
    writeln!(out)?;
    for candle in &candles {
        writeln!(out, "{} {} {}", candle.at.0, candle.close, candle.volume)?;
    }
    writeln!(out, "{} candles", candles.len())?;
    Ok(())
}

/// Draws how many of the requests have been answered, on a line of a fixed length.
fn bar(done: usize, of: usize, _: &[Candle]) {
    const WIDTH: usize = 40;
    let full = done * WIDTH / of.max(1);
    let line = format!("\r[{}{}] {done}/{of}", "#".repeat(full), ".".repeat(WIDTH - full));
    let mut err = std::io::stderr();
    // A bar that cannot be drawn stops nothing.
    let _ = err.write_all(line.as_bytes()).and_then(|()| err.flush());
}
