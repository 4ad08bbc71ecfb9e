//! Fifth room: cash, the open position, its exits, and what every trade earned.

mod account;
mod costs;
mod sizing;
mod stops;
mod trade;

pub use account::{Account, Refused};
pub use costs::{CostParts, Costs, Side};
pub use stops::StopMemory;
pub use trade::{ExitReason, Trade};
