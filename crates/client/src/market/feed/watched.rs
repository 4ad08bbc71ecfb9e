//! A sink whose states the feed hears of, and the end of a connection's thread.

use std::sync::{Arc, PoisonError};

use quanta::Clock;
use smartapi::clock::Mono;
use smartapi::packet;
use smartapi::stream::request::StreamError;
use smartapi::stream::spread::FIRST;

use super::{Shared, name};
use crate::market::{
    ConnectionState, ControlFrame, Flow, MarketStream, Sink, Stamps, Subscription,
};

/// The clock of one stream's times.
struct Times {
    clock: Clock,
    origin: u64,
}

impl Times {
    fn new(stream: &MarketStream) -> Self {
        Self { clock: stream.clock().clone(), origin: stream.origin() }
    }

    fn now(&self) -> Mono {
        Mono(self.clock.delta_as_nanos(self.origin, self.clock.raw()))
    }
}

/// Tells the feed that a connection has ended, however it came about.
pub(super) struct OnEnd {
    shared: Arc<Shared>,
    connection: usize,
    times: Times,
}

impl OnEnd {
    pub(super) fn new(shared: &Arc<Shared>, connection: usize, stream: &MarketStream) -> Self {
        Self { shared: Arc::clone(shared), connection, times: Times::new(stream) }
    }
}

impl Drop for OnEnd {
    fn drop(&mut self) {
        let broke_off = std::thread::panicking().then(|| self.times.now());
        self.shared.on_ended(self.connection, broke_off);
    }
}

/// A sink whose states the feed hears of.
pub(super) struct Watched<'a, S: ?Sized> {
    inner: &'a mut S,
    shared: Arc<Shared>,
    connection: usize,
    /// A packet is still to prove the connection good.
    is_doubted: bool,
    times: Times,
}

impl<'a, S: Sink + ?Sized> Watched<'a, S> {
    pub(super) fn new(
        inner: &'a mut S,
        shared: &Arc<Shared>,
        connection: usize,
        stream: &MarketStream,
    ) -> Self {
        let shared = Arc::clone(shared);
        Self { inner, shared, connection, is_doubted: false, times: Times::new(stream) }
    }

    #[inline]
    fn or_stop(&self, flow: Flow) -> Flow {
        if self.shared.is_over(self.connection) { Flow::Stop } else { flow }
    }

    /// What one of the other connections looks at in each packet.
    fn check(&mut self, payload: &[u8]) {
        let Ok(packet) = packet::decode(payload) else { return };
        let sequences = &self.shared.sequences[self.connection];
        sequences.lock().unwrap_or_else(PoisonError::into_inner).note(&packet);
        if std::mem::take(&mut self.is_doubted) {
            self.shared.on_proof(self.connection);
        }
    }
}

impl<S: Sink + ?Sized> Sink for Watched<'_, S> {
    #[inline]
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        if self.connection != FIRST {
            self.check(payload);
        }
        let flow = self.inner.on_payload(payload, stamps);
        self.or_stop(flow)
    }

    fn before_read(&mut self, now: u64) {
        self.inner.before_read(now);
    }

    fn on_control(&mut self, kind: ControlFrame) {
        self.inner.on_control(kind);
    }

    fn on_text(&mut self, text: &str) {
        self.inner.on_text(text);
    }

    fn on_state(&mut self, state: &ConnectionState) {
        let was_over = self.shared.is_over(self.connection);
        self.shared.on_state(self.connection, state);
        if !was_over && self.shared.is_over(self.connection) {
            // It is not to connect, and says next that it has stopped.
            return;
        }
        self.shared.events.publish(name(self.connection), state, self.times.now());
        self.inner.on_state(state);
        self.is_doubted = self.shared.desk().fleet.is_doubted(self.connection);
    }

    fn on_refused(&mut self, error: &StreamError, refused: &[Subscription]) {
        self.shared.desk().fleet.on_faulty(self.connection, refused);
        self.inner.on_refused(error, refused);
    }

    fn on_idle(&mut self) -> Flow {
        let flow = self.inner.on_idle();
        self.or_stop(flow)
    }

    fn is_stopping(&self) -> bool {
        self.shared.is_over(self.connection) || self.inner.is_stopping()
    }
}
