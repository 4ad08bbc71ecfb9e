//! The streams of the market and of orders without I/O: what is said on the socket, and when.

pub mod expiry;
pub mod fleet;
pub mod frame;
pub mod limits;
pub mod request;
pub mod sequence;
pub mod session;
pub mod spread;
pub mod state;
mod told;
pub mod upgrade;
