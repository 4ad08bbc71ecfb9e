//! Angel One's SmartAPI protocol in both directions, without any I/O: bytes and times are arguments.
#![doc = include_str!("../README.md")]

pub mod clock;
pub mod instruments;
pub mod order_update;
pub mod packet;
pub mod rest;
pub mod stream;
pub mod wire;
