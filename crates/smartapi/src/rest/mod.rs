//! Requests, answers, errors and limits of the REST routes, in both directions.

mod codes;
mod envelope;
mod error;
pub mod headers;
pub mod jwt;
pub mod limits;
pub mod routes;
mod search;
mod session;

pub use codes::{KnownCode, SESSION_DEAD, known_code};
pub use envelope::{Envelope, GatewayFailure, RATE_LIMIT_TEXT, parse_reply};
pub use error::ApiError;
pub use search::*;
pub use session::*;
