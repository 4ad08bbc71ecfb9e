//! A client of Angel One's SmartAPI: credentials, one session, REST calls and the streams.
#![doc = include_str!("../README.md")]

mod broker;
mod clock;
mod credentials;
mod instruments;
pub mod market;
pub mod order_stream;
mod servers;
mod stand_in;
mod state;
mod totp;

pub use broker::{
    Broker, BrokerError, LoginReason, Outcome, Placement, Refusal, Resolution, Rules, SessionStart,
    Unanswered,
};
pub use credentials::{
    CredentialSource, Credentials, CredentialsError, Places, PlainCredentials, process_environment,
};
pub use instruments::{Instruments, InstrumentsError, Notice};
pub use servers::{Addresses, ListServer, Servers, ServersError};
pub use stand_in::{StandIn, StandInError};
pub use state::{StateError, StateFolder};
