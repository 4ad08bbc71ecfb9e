//! A program of one's own: `myquant` with a second strategy, and nothing else changed.
//!
//! `cargo run --release -p opening-range -- replay day.csv --set strategy.name=opening_range`

mod strategy;

use std::process::ExitCode;

use strategy::OpeningRange;

fn main() -> ExitCode {
    app::run(&app::Registry::default().with::<OpeningRange>())
}
