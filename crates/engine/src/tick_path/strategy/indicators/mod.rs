//! The indicators: small types with one `update` a tick, in constant time and without allocation.
//!
//! Each also has a `passes`, its entry filter, and its values for display. Prices go in as whole paise;
//! averages are doubles in paise, evaluated in exactly the order that the strategy's rules write.

mod atr;
mod bollinger;
mod ema;
mod htf;
mod macd;
mod rsi;
mod stochastic;
mod vwap;
mod wilder;

pub use atr::Atr;
pub use bollinger::Bollinger;
pub use ema::{Ema, EmaCross};
pub use htf::Htf;
pub use macd::Macd;
pub use rsi::Rsi;
pub use stochastic::Stochastic;
pub use vwap::Vwap;
pub use wilder::Wilder;
