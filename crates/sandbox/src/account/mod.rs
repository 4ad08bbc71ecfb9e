//! The one account: its credentials, its sessions and its rate limits.

mod credentials;
pub(crate) mod limits;
pub(crate) mod sessions;

pub use credentials::Credentials;
pub(crate) use credentials::random_bytes;
