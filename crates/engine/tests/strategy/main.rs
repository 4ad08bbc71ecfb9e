//! The strategy: against an independent program's results, and what holds for any input.

mod common;
mod golden;
mod properties;
