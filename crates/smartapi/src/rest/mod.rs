//! Requests, answers, errors and limits of the REST routes, in both directions.

mod books;
mod candles;
mod codes;
mod edis;
mod envelope;
mod error;
mod funds;
mod gtt;
pub mod headers;
pub mod jwt;
pub mod limits;
mod lists;
mod margin;
mod market_data;
mod order_check;
mod orders;
mod portfolio;
mod request;
pub mod routes;
mod search;
mod session;
mod words;

pub use books::*;
pub use candles::*;
pub use codes::{KnownCode, SESSION_DEAD, known_code};
pub use edis::*;
pub use envelope::{Envelope, GatewayFailure, RATE_LIMIT_TEXT, denies, parse_reply};
pub(crate) use envelope::{printable, what_is_wrong};
pub use error::ApiError;
pub use funds::*;
pub use gtt::*;
pub use lists::*;
pub use margin::*;
pub use market_data::*;
pub use order_check::{LONGEST_TAG, OrderFault};
pub use orders::*;
pub use portfolio::*;
pub use request::{RequestFault, parse_request};
pub use search::*;
pub use session::*;
pub use words::*;

#[cfg(test)]
mod tests;
