//! A local server that speaks SmartAPI as the broker would, so that nobody needs an account to run.
//!
//! [`Sandbox::start`] opens one port that carries REST, both streams, the scrip master and a control
//! address; [`Sandbox::address`] says where and with which throw-away credentials. What the market
//! stream plays is a [`Tape`]; when each packet was due is kept in the [`Schedule`].

mod account;
mod certificate;
mod control;
mod error;
mod exchange;
mod faults;
mod listed;
mod options;
mod playback;
mod rest;
mod scrip_master;
mod server;
mod socket;
mod stream;
mod twin;

pub use account::Credentials;
pub use error::Error;
pub use faults::{FAULTS, FaultRow, Latency, Meets, Scenario, ScenarioError, Step};
pub use options::{
    Holding, Instrument, MarketHours, Options, RateRefusal, SessionRules, TokenEnd, Transport,
    Wall, system_wall,
};
pub use playback::generator::{Recipe, Regime, generate};
pub use playback::schedule::{Pacing, Schedule, now_ns};
pub use playback::tape::{Row, Tape};
pub use server::{Address, Sandbox};

/// Locks `mutex`, also after another holder panicked: each state behind one is whole between calls.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
