//! The sandbox as its clients see it: real sockets, plain and TLS.

mod client;
mod playback;
mod rest;
mod stream;
