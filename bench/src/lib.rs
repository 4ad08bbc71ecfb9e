//! Benchmarks against others, side by side on the same ticks.

pub mod clock;
pub mod fault;
pub mod report;
pub mod stats;
pub mod ticks;
