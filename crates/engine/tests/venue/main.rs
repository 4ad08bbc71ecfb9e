//! The venue: its life as told by `scenarios.txt`, its figures, and what holds for any input.

mod common;
mod figures;
mod properties;
mod refusals;
mod scenarios;
