//! Faults on demand: what is to go wrong, when, and the few places that ask.
//!
//! A [`Scenario`] is a list of steps, read from TOML, JSON or a short form by one vocabulary, the
//! [`table`]. The [`plan`] holds them at run time and knows neither sockets nor the clock. The doors,
//! the connections and the REST routes ask it here; while nothing is to happen on a stream, its
//! connections look at one flag and go on.

mod answers;
mod fault;
mod latency;
mod plan;
mod routes;
mod scenario;
mod step;
mod table;
mod values;
mod written;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use answers::{Lost, meet};
pub(crate) use fault::{LineFault, PacketFault, Stream, UpdateFault};
pub(crate) use latency::Latencies;
pub use latency::Latency;
pub(crate) use plan::{Account, Meeting};
use plan::{Now, Plan, Told};
pub use scenario::{Scenario, ScenarioError};
pub use step::Step;
pub use table::{FAULTS, FaultRow, Meets};
use values::is_rest;

use crate::lock;
use crate::playback::Playback;
use crate::playback::schedule::now_ns;

/// The plan of a running sandbox, and its latencies.
pub(crate) struct Faults {
    plan: Mutex<Plan>,
    /// Whether connections of streams have to ask.
    disturbs_streams: AtomicBool,
    /// How often everything was called off.
    called_off: AtomicU64,
    /// REST requests whose latency was drawn.
    drawn: AtomicU64,
    latency: Mutex<Latencies>,
    /// Whether packets and updates take their time.
    delays_streams: AtomicBool,
    /// What latencies are drawn by.
    seed: u64,
    playback: Arc<Playback>,
    clock: quanta::Clock,
}

impl Faults {
    pub(crate) fn new(
        scenario: &Scenario,
        playback: &Arc<Playback>,
        clock: &quanta::Clock,
    ) -> Self {
        let faults = Self {
            plan: Mutex::new(Plan::new(now_ns(clock))),
            disturbs_streams: AtomicBool::new(false),
            called_off: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
            delays_streams: AtomicBool::new(scenario.latency.stream.is_some()),
            latency: Mutex::new(scenario.latency.clone()),
            seed: scenario.seed,
            playback: Arc::clone(playback),
            clock: clock.clone(),
        };
        faults.add(scenario.steps.clone());
        faults
    }

    /// Adds steps at the end, all or none; `false` if they are too many. Connections that sleep have
    /// to be woken.
    pub(crate) fn add(&self, steps: Vec<Step>) -> bool {
        self.ask(|plan, _| plan.add(steps))
    }

    /// Calls off every step, and ends what lasts.
    pub(crate) fn clear(&self) {
        self.ask(|plan, _| plan.clear());
        self.called_off.fetch_add(1, Ordering::Release);
    }

    /// Every step with its counts.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.ask(|plan, _| plan.told())
    }

    /// Whether connections of streams have to ask.
    pub(crate) fn disturbs_streams(&self) -> bool {
        self.disturbs_streams.load(Ordering::Acquire)
    }

    /// How often everything was called off: a hold that began before has ended.
    pub(crate) fn called_off(&self) -> u64 {
        self.called_off.load(Ordering::Acquire)
    }

    /// Counts an attempt to open `stream`; gives its number, and the status that refuses it.
    pub(crate) fn on_upgrade(&self, stream: Stream) -> (u64, Option<u16>) {
        self.ask(|plan, at| plan.on_upgrade(stream, at))
    }

    /// Counts a request, and gives what meets it, the latency of REST included.
    pub(crate) fn on_request(&self, path: &str) -> Meeting {
        let mut meeting = self.ask(|plan, at| plan.on_request(path, at));
        let latencies = lock(&self.latency);
        if let Some(latency) = latencies.rest.as_ref().filter(|_| is_rest(path)) {
            let number = self.drawn.fetch_add(1, Ordering::Relaxed);
            meeting.delay += latency.draw(self.seed, number);
        }
        meeting
    }

    /// Counts an order update, and gives what meets it.
    pub(crate) fn on_update(&self) -> Option<UpdateFault> {
        self.ask(Plan::on_update)
    }

    /// What happens to a connection before its next packet, `sent` packets into the tape.
    pub(crate) fn line(
        &self,
        stream: Stream,
        connection: u64,
        held: bool,
        sent: usize,
    ) -> Option<LineFault> {
        let sent = sent as u64;
        self.ask(|plan, at| plan.line(stream, connection, held, Now { sent, ..at }))
    }

    /// What happens to the packet of a row that a connection is about to send.
    pub(crate) fn packet(&self, connection: u64, row: usize) -> Option<PacketFault> {
        self.ask(|plan, at| plan.packet(connection, Now { sent: row as u64, ..at }))
    }

    /// When a connection that has nothing to do has to ask again.
    pub(crate) fn next_look(&self, stream: Stream) -> Option<u64> {
        self.ask(|plan, at| plan.next_look(stream, at))
    }

    /// What happened to the account since this was asked last.
    pub(crate) fn account(&self) -> Account {
        self.ask(Plan::account)
    }

    /// The latency of the `number`-th packet or update of a stream.
    pub(crate) fn stream_latency(&self, number: u64) -> Option<Duration> {
        if !self.delays_streams() {
            return None;
        }
        Some(lock(&self.latency).stream.as_ref()?.draw(self.seed, number))
    }

    /// Whether packets and order updates take their time.
    pub(crate) fn delays_streams(&self) -> bool {
        self.delays_streams.load(Ordering::Acquire)
    }

    /// Takes other latencies from now on. Connections that sleep have to be woken.
    pub(crate) fn set_latency(&self, latencies: Latencies) {
        let mut latency = lock(&self.latency);
        self.delays_streams.store(latencies.stream.is_some(), Ordering::Release);
        *latency = latencies;
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Plan, Now) -> T) -> T {
        let at = Now {
            now: now_ns(&self.clock),
            begun: self.playback.schedule.begun_ns(),
            sent: self.playback.sent() as u64,
        };
        let mut plan = lock(&self.plan);
        let answer = question(&mut plan, at);
        self.disturbs_streams.store(plan.disturbs_streams(), Ordering::Release);
        answer
    }
}

#[cfg(test)]
mod tests;
