//! The trading engine: events in, decisions out. No sockets, clock, threads or files; time is an argument.
//!
//! The modules stand in reading order: the words every room speaks, the configuration, the live path,
//! its instrumentation, what fills its orders, and the loop that feeds recordings back through it.

pub mod units;
pub mod config;
pub mod tick_path;
pub mod probe;
pub mod venue;
pub mod replay;
