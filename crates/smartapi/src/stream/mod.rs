//! The market stream without I/O: what is said on the socket, and when.

pub mod frame;
pub mod limits;
pub mod request;
pub mod session;
pub mod state;
pub mod upgrade;
