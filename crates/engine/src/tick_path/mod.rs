//! The live path, in the order a tick walks it: feed, broker, trader, strategy, risk, position.
//!
//! Nothing in here allocates after it was set up, formats, logs, locks, waits or reads a clock.

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used))]

pub mod feed;
pub mod broker;
pub mod trader;
pub mod strategy;
pub mod risk;
pub mod position;

use smartapi::packet::FrameError;

use crate::config::Config;
use crate::probe::{Filed, Probe, Stage};
use crate::units::EventTime;
use crate::venue::FillModel;
use broker::{Broker, Refusal, Tick};
use feed::{Feed, FeedFault, RawTick, Received};
use position::ExitReason;
use strategy::Strategy;
use trader::Trader;

/// What became of the frames of a run: every one is traced, or counted with its reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// All frames that were read.
    pub frames: u64,
    /// Ticks whose trace was filed.
    pub traced: u64,
    /// The first frames, left out of the figures while caches and branches settle.
    pub settling: u64,
    /// Ticks that were not accepted, of another instrument, or from the future.
    pub rejected: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Pings, pongs, texts and keep-alive noise.
    pub control: u64,
    /// Ticks before the session start or from its close on.
    pub outside_session: u64,
    /// Bytes that are no packet, and frames that broke the stream's protocol.
    pub malformed: u64,
    /// Frames that were read after the order to stop.
    pub stopped: u64,
}

/// Why a frame was not traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Untraced {
    Rejected,
    Duplicate,
    Control,
    OutsideSession,
    Malformed,
    Stopped,
}

impl Frames {
    /// The reasons and their numbers.
    #[must_use]
    pub const fn counted(&self) -> [(&'static str, u64); 7] {
        [
            ("settling", self.settling),
            ("rejected", self.rejected),
            ("duplicate", self.duplicate),
            ("control", self.control),
            ("outside_session", self.outside_session),
            ("malformed", self.malformed),
            ("stopped", self.stopped),
        ]
    }

    /// Whether every frame is accounted for.
    #[must_use]
    pub fn complete(&self) -> bool {
        let counted: u64 = self.counted().iter().map(|(_, number)| number).sum();
        self.frames == self.traced + counted
    }

    #[inline]
    fn note(&mut self, untraced: Untraced) {
        match untraced {
            Untraced::Rejected => self.rejected += 1,
            Untraced::Duplicate => self.duplicate += 1,
            Untraced::Control => self.control += 1,
            Untraced::OutsideSession => self.outside_session += 1,
            Untraced::Malformed => self.malformed += 1,
            Untraced::Stopped => self.stopped += 1,
        }
    }
}

/// The rooms joined: frames or rows go in, decisions and filed traces come out.
///
/// Owned by one thread. Live calls [`TickPath::on_frame`] for each binary frame and
/// [`TickPath::on_control`] for each other one; replay calls [`TickPath::on_row`]. When no tick comes any
/// more, [`TickPath::finish`] closes what is open.
#[derive(Clone, Debug)]
pub struct TickPath<S, P> {
    feed: Option<Feed>,
    broker: Broker,
    trader: Trader<S, P>,
    frames: Frames,
    settle: u64,
}

impl<S: Strategy, P: Probe> TickPath<S, P> {
    /// A path for a stream of packets; the first `settle` frames are not traced.
    #[must_use]
    pub fn live(
        config: &Config,
        feed: Feed,
        strategy: S,
        fills: FillModel,
        probe: P,
        settle: u64,
    ) -> Self {
        Self { feed: Some(feed), settle, ..Self::replay(config, strategy, fills, probe) }
    }

    /// A path for rows, which enter at the broker room.
    #[must_use]
    pub fn replay(config: &Config, strategy: S, fills: FillModel, probe: P) -> Self {
        Self {
            feed: None,
            broker: Broker::new(config.session.zone),
            trader: Trader::new(config, strategy, fills, probe),
            frames: Frames::default(),
            settle: 0,
        }
    }

    /// Walks one binary frame to its decision. `latest` is the last exchange time that can be true now.
    ///
    /// `side_work` is called once for each frame, in the broker room: what it costs shows there.
    #[inline]
    pub fn on_frame(
        &mut self,
        frame: &[u8],
        trace: P::Trace,
        latest: EventTime,
        side_work: impl FnOnce(),
    ) {
        self.frames.frames += 1;
        let outcome = self.walk_frame(frame, trace, latest, side_work);
        self.count(outcome);
    }

    /// Counts a frame that carries no packet: ping, pong or text.
    #[inline]
    pub fn on_control(&mut self) {
        self.frames.frames += 1;
        self.count(Err(Untraced::Control));
    }

    /// Counts a frame that broke the stream's protocol.
    pub fn on_broken(&mut self) {
        self.frames.frames += 1;
        self.count(Err(Untraced::Malformed));
    }

    /// Counts a frame that came after the order to stop; it is not walked.
    pub fn on_stopped(&mut self) {
        self.frames.frames += 1;
        self.count(Err(Untraced::Stopped));
    }

    /// Walks one row of a recording to its decision.
    #[inline]
    pub fn on_row(&mut self, row: RawTick, mut trace: P::Trace) {
        self.frames.frames += 1;
        let accepted = self.broker.on_row(row).map_err(Untraced::from);
        let outcome = accepted.and_then(|tick| self.walk_tick(&tick, 0, &mut trace));
        self.count(outcome);
    }

    #[inline]
    fn walk_frame(
        &mut self,
        frame: &[u8],
        mut trace: P::Trace,
        latest: EventTime,
        side_work: impl FnOnce(),
    ) -> Result<(), Untraced> {
        let feed = self.feed.as_ref().ok_or(Untraced::Malformed)?;
        let received = feed.read(frame, latest);
        self.trader.probe_mut().mark(&mut trace, Stage::Feed);
        side_work();
        let received: Received = received?;
        let tick = self.broker.on_received(received)?;
        self.walk_tick(&tick, received.sequence, &mut trace)
    }

    #[inline]
    fn walk_tick(
        &mut self,
        tick: &Tick,
        sequence: i64,
        trace: &mut P::Trace,
    ) -> Result<(), Untraced> {
        self.trader.probe_mut().mark(trace, Stage::Broker);
        let decision = self.trader.on_tick(tick, trace).map_err(|_| Untraced::OutsideSession)?;
        if self.frames.frames > self.settle {
            let filed = Filed { sequence, tick: *tick, decision };
            self.trader.probe_mut().file(*trace, &filed);
        }
        Ok(())
    }

    #[inline]
    fn count(&mut self, outcome: Result<(), Untraced>) {
        if self.frames.frames <= self.settle {
            self.frames.settling += 1;
            return;
        }
        match outcome {
            Ok(()) => self.frames.traced += 1,
            Err(untraced) => self.frames.note(untraced),
        }
    }

    /// The row that a frame would be; `None` if the feed room refuses it. Nothing is changed.
    #[must_use]
    pub fn preview(&self, frame: &[u8], latest: EventTime) -> Option<RawTick> {
        self.feed.as_ref()?.read(frame, latest).ok().map(|received| received.raw)
    }

    /// Says every gate and condition as they would be if this row came next; nothing is changed.
    pub fn explain(&self, row: RawTick, say: &mut dyn FnMut(strategy::Check)) {
        if let Ok(tick) = self.broker.clone().on_row(row) {
            self.trader.explain(&tick, say);
        }
    }

    /// No tick comes any more: closes what is open at the last accepted tick, and concludes the probe.
    pub fn finish(&mut self, reason: ExitReason) {
        self.trader.finish(reason);
        self.trader.probe_mut().conclude();
    }

    /// What became of the frames so far.
    #[must_use]
    #[inline]
    pub const fn frames(&self) -> &Frames {
        &self.frames
    }

    /// The second room.
    #[must_use]
    pub const fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The probe, when the run is over.
    #[must_use]
    pub fn into_probe(self) -> P {
        self.trader.into_probe()
    }

    /// The probe, for whoever begins the traces.
    #[inline]
    pub const fn probe_mut(&mut self) -> &mut P {
        self.trader.probe_mut()
    }

    /// The loop body, with strategy, account and probe.
    #[must_use]
    pub const fn trader(&self) -> &Trader<S, P> {
        &self.trader
    }
}

impl From<FeedFault> for Untraced {
    fn from(fault: FeedFault) -> Self {
        match fault {
            FeedFault::Frame(FrameError::Noise { .. }) => Self::Control,
            FeedFault::Frame(FrameError::Length { .. } | FrameError::Mode(_)) => Self::Malformed,
            FeedFault::OtherInstrument | FeedFault::Segment(_) | FeedFault::Future(_) => {
                Self::Rejected
            }
        }
    }
}

impl From<Refusal> for Untraced {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Duplicate => Self::Duplicate,
            Refusal::Time | Refusal::Price | Refusal::Order => Self::Rejected,
        }
    }
}
