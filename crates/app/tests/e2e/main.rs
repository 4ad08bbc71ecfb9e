//! The program as a person meets it: the real binary, its embedded sandbox, its files and statuses.

mod common;
mod compare;
mod instruments;
mod live;
mod parity;
mod perf;
mod replay;
mod report;
mod sandbox;
mod sdks;
mod signals;
mod tuning;
mod usage;
