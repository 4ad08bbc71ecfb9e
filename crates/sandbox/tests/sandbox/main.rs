//! The sandbox as its clients see it: real sockets, plain and TLS.

mod client;
mod exchange;
mod faults;
mod page;
mod playback;
mod rest;
mod stream;
mod switches;
