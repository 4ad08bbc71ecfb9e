//! The trading engine: events in, decisions out. No sockets, clock, threads or files; time is an argument.
//!
//! The modules stand in reading order: the words every room speaks, the configuration, the live path,
//! its instrumentation, and the loop that feeds recordings back through the same path.

pub mod config;
pub mod probe;
pub mod replay;
pub mod tick_path;
pub mod units;
pub mod venue;
