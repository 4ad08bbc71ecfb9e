//! The broker's list of instruments, the scrip master: the downloaded file in, a compact index out.
//!
//! [`parse`] reads the file as the broker serves it and counts the rows that it leaves out;
//! [`Index::check_against`] refuses one that lost too much since the last. An [`Index`] is then asked
//! by token, by symbol, by contract or by words, and [`Index::to_bytes`] is the form to keep.
//! Nothing here knows the date: `today` is an argument, and expiries are those of the file.

mod build;
mod bytes;
mod chain;
mod check;
mod day;
mod file;
mod find;
mod index;
mod query;
mod row;
pub mod sample;
mod word;

pub use bytes::Damaged;
pub use chain::{Contracts, Strike};
pub use check::{Kind, RowFault};
pub use day::Day;
pub use file::{FileFault, Intake, Skipped, parse};
pub use index::{Index, Instrument};
pub use row::Row;

#[cfg(test)]
mod tests;
