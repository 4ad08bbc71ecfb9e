//! Benchmarks against others, side by side on the same ticks; `bench/run` is the one command for them.

pub mod clock;
pub mod fault;
pub mod ground;
pub mod groups;
pub mod live;
pub mod plan;
pub mod processes;
pub mod report;
pub mod session;
pub mod stats;
pub mod ticks;
