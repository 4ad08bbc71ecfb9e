//! The market stream on a blocking socket: TCP, TLS and WebSocket under [`smartapi::stream`]'s session.
//!
//! [`MarketStream::run`] owns the calling thread. A packet's way is: one read call, decryption in
//! place, a slice of the frame buffer, [`Sink::on_payload`]. On it nothing is allocated, locked or
//! logged.

mod address;
mod connect;
mod error;
mod events;
mod feed;
mod reader;
mod remote;
mod run;
mod tls;
mod transport;

pub use error::MarketError;
pub use events::{ConnectionEvent, ConnectionEvents, StreamName, Watched, Watcher};
pub use feed::{MarketFeed, SharedRenew, SideStreams, SinkMaker, TradedStream};
pub use reader::KernelStamps;
pub use remote::Remote;
pub use run::{Ended, MarketStream, Renew, StreamSetup};

use secrecy::{ExposeSecret as _, SecretString};
pub use smartapi::stream::expiry::{DayEnd, Expiry};
pub use smartapi::stream::limits::Limits;
pub use smartapi::stream::request::{StreamError, Subscription, SubscriptionFault};
pub use smartapi::stream::state::{ConnectionState, RenewalFault};
use smartapi::stream::upgrade;

/// What the kernel says of when the segment with a frame's last byte came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelStamp {
    /// Then, in nanoseconds since 1970 by the wall clock.
    Own(u64),
    /// The read call brought more than this frame, and the one stamp it has is of something later.
    Shared,
    /// The read call had no stamp.
    Missing,
}

/// Two moments; what came later than this came after both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBefore {
    /// By the clock of the stream, raw.
    pub raw: u64,
    /// In nanoseconds since 1970 by the wall clock; 0 where there is no such moment.
    pub wall_ns: u64,
}

/// When one frame came, when it was read and when it was framed.
///
/// Units:  raw values of the [`quanta::Clock`] that the stream was given, but for the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// The kernel received the segment with the frame's last byte.
    pub kernel: KernelStamp,
    /// The frame's last byte had not come then: an earlier read call found nothing behind what it
    /// took, or the queue was too short for it. `raw` is from before that call or look, `wall_ns`
    /// is the kernel's stamp of what that call took.
    pub after: NotBefore,
    /// The read call that returned the frame's last byte has returned.
    pub read: u64,
    /// Decryption and framing are done, the payload is a slice.
    pub framed: u64,
}

/// How a stream treats its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// What is written leaves at once: `TCP_NODELAY`.
    pub no_delay: bool,
    /// Reads try again and again instead of sleeping, which takes a whole processor.
    pub busy_poll: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { no_delay: true, busy_poll: false }
    }
}

/// What a [`Sink`] wants of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// Say good-bye to the server and return.
    Stop,
}

/// A frame that is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlFrame {
    /// The server's ping, which is answered.
    Ping,
    /// A pong, asked for or not.
    Pong,
    /// A text: the answer to a heartbeat, or an error.
    Text,
    /// The server's good-bye.
    Close,
    /// What breaks the protocol; the connection is given up.
    Broken,
}

/// What the owner of a stream does with what comes; called on the thread of [`MarketStream::run`].
///
/// Every frame that is read goes to exactly one of [`Sink::on_payload`] and [`Sink::on_control`].
pub trait Sink {
    /// One binary frame: a packet for [`smartapi::packet::decode`], or what the server took for one.
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow;
    /// One frame of another kind.
    fn on_control(&mut self, kind: ControlFrame);
    /// The text of a [`ControlFrame::Text`]; see [`smartapi::stream::request::ServerText`].
    fn on_text(&mut self, text: &str);
    /// The server has refused a request for these, which are asked for again with the next connection
    /// only. An error whose request is not known comes as a text alone.
    fn on_refused(&mut self, _error: &StreamError, _refused: &[Subscription]) {}
    /// The connection's state has changed.
    fn on_state(&mut self, state: &ConnectionState);
    /// A read waited for a tenth of a second in vain; also called while connecting and pausing.
    fn on_idle(&mut self) -> Flow;
    /// The socket is about to be read, and no frame is on its way; `now` is the raw clock.
    ///
    /// Called before each try where reads are tried again and again, so it has to be cheap.
    fn before_read(&mut self, now: u64);
    /// Whether to end now, whatever still comes; asked before each connection and after each read that
    /// brought no payload.
    fn is_stopping(&self) -> bool;
}

/// What the stream's four headers need; not printable.
#[derive(Clone)]
pub struct StreamAuth {
    api_key: SecretString,
    client_code: String,
    jwt: SecretString,
    feed_token: SecretString,
}

impl StreamAuth {
    /// Takes the API key, the client code and the two tokens of a login; the jwt without `Bearer`.
    ///
    /// Errors: [`MarketError::Credential`] if one is empty or has a character that no header carries.
    pub fn new(
        api_key: SecretString,
        client_code: String,
        jwt: SecretString,
        feed_token: SecretString,
    ) -> Result<Self, MarketError> {
        let fits = |name, value: &str| {
            let fits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
            if fits { Ok(()) } else { Err(MarketError::Credential { name }) }
        };
        fits("API key", api_key.expose_secret())?;
        fits("client code", &client_code)?;
        fits("access token", jwt.expose_secret())?;
        fits("feed token", feed_token.expose_secret())?;
        Ok(Self { api_key, client_code, jwt, feed_token })
    }

    /// Whether these are the two tokens.
    pub(crate) fn has_tokens(&self, jwt: &SecretString, feed: &SecretString) -> bool {
        self.jwt.expose_secret() == jwt.expose_secret()
            && self.feed_token.expose_secret() == feed.expose_secret()
    }

    fn exposed(&self) -> upgrade::Auth<'_> {
        upgrade::Auth {
            api_key: self.api_key.expose_secret(),
            client_code: &self.client_code,
            jwt: self.jwt.expose_secret(),
            feed_token: self.feed_token.expose_secret(),
        }
    }
}
