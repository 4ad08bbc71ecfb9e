//! The simulated exchange: how paper and replay fill.

mod fill_model;

pub use crate::config::FillPrice;
pub use fill_model::{FillModel, Latency};
