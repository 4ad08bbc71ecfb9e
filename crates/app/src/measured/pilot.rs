//! The sink of the market stream: carries each payload into the tick path, on the stream's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use client::market::{ConnectionState, ControlFrame, Flow, Sink, Stamps};
use engine::probe::{self, Counter as _, Meter, Off, Probe};
use engine::tick_path::TickPath;
use engine::tick_path::broker;
use engine::tick_path::position::ExitReason;
use engine::tick_path::strategy::Strategy;
use engine::units::{EventTime, Micros};
use smartapi::clock::Mono;
use smartapi::packet;
use smartapi::stream::request::ServerText;

use super::arrival::{Arrival, ArrivalCounts, Arrivals};
use super::log::{Gap, Log};
use super::news::News;
use crate::clock::{Cycles, WallOffset};
use crate::live::{Snapshot, Window};
use crate::recorder::Tap;

/// States of the connection that the time line holds, and gaps besides.
const EVENTS: usize = 256;

/// A probe that a pilot can fly with; called on the stream's thread.
pub trait LiveProbe: Probe {
    /// Whether it has a use for the kernel's stamp.
    const STAMPED: bool;

    /// Begins the trace of a frame that came, as far as that is known, at `kernel`.
    fn begin(kernel: Option<u64>, stamps: &Stamps) -> Self::Trace;

    /// As [`Sink::before_read`].
    fn before_read(&mut self, now: u64);
}

impl<P: Metering> LiveProbe for P {
    const STAMPED: bool = true;

    #[inline]
    fn begin(kernel: Option<u64>, stamps: &Stamps) -> probe::Stamps {
        probe::Stamps::read(kernel, stamps.read, stamps.framed)
    }

    #[inline]
    fn before_read(&mut self, now: u64) {
        self.meter_mut().before_read(now);
    }
}

/// Only for comparison: the same pilot without tracing.
impl LiveProbe for Off {
    const STAMPED: bool = false;

    #[inline]
    fn begin(_kernel: Option<u64>, _stamps: &Stamps) {}

    #[inline]
    fn before_read(&mut self, _now: u64) {}
}

/// A probe with a meter: the meter alone, or one that does more with each trace.
pub(crate) trait Metering: Probe<Trace = probe::Stamps> {
    /// Where the traces go.
    fn meter(&self) -> &Meter<Cycles>;

    /// The same, to be told of reads.
    fn meter_mut(&mut self) -> &mut Meter<Cycles>;
}

impl Metering for Meter<Cycles> {
    #[inline]
    fn meter(&self) -> &Self {
        self
    }

    #[inline]
    fn meter_mut(&mut self) -> &mut Self {
        self
    }
}

/// What the tick thread is told; nothing at first. It looks before each tick and at each pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The recording is over: end when nothing more comes.
    DrainAndEnd = 1,
    /// End now.
    Stop = 2,
}

/// The order as both threads see it.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders(Arc<AtomicU8>);

impl Orders {
    /// Gives an order; a stop is never taken back.
    pub(super) fn give(&self, order: Order) {
        self.0.fetch_max(order as u8, Ordering::Relaxed);
    }

    #[inline]
    fn is(&self, order: Order) -> bool {
        self.0.load(Ordering::Relaxed) == order as u8
    }
}

/// The last exchange time that can be true when a frame was read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Latest {
    /// Recordings have dates of their own.
    Any,
    /// The date of this machine, and this much more.
    Wall { offset: WallOffset, ahead: Micros },
}

/// Why the pilot ended the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// It has traced as many ticks as were wanted.
    Traced,
    /// The recording was over and nothing more came.
    Over,
    /// It was ordered to stop, or the stream failed.
    Stopped,
}

/// Owns the tick path while the stream runs; flies `perf` and `trade`.
pub struct Pilot<S, P> {
    pub(super) path: TickPath<S, P>,
    /// The run's counter.
    pub(super) cycles: Cycles,
    /// Converts the kernel's stamps, where there are any.
    pub(super) arrivals: Option<Arrivals>,
    /// How the traced ticks came; all zero where there are no such stamps.
    pub(super) arrived: ArrivalCounts,
    pub(super) wanted: u64,
    pub(super) orders: Orders,
    pub(super) latest: Latest,
    pub(super) landing: Landing,
    /// The recorder's end on this thread, where the run is recorded.
    pub(super) tap: Option<Tap>,
    /// Where snapshots go, where somebody looks.
    pub(super) window: Option<Window>,
    /// Where states and texts go; full means dropped, and counted.
    pub(super) news: SyncSender<News>,
    pub(super) news_dropped: u64,
    /// The counter's reading at the zero of the times in states.
    pub(super) origin: u64,
    /// The states of the connection, for the time line.
    pub(super) states: Log<ConnectionState>,
    /// Where sequence numbers were skipped, for the time line.
    pub(super) gaps: Log<Gap>,
    /// The arrivals at the last gap.
    pub(super) known: broker::Arrivals,
}

impl Latest {
    #[inline]
    fn at(self, read_ns: u64) -> EventTime {
        match self {
            Self::Any => EventTime::END,
            Self::Wall { offset, ahead } => {
                EventTime((read_ns as i64 + offset.offset_ns) / 1000) + ahead
            }
        }
    }
}

impl<S: Strategy, P: LiveProbe> Pilot<S, P> {
    /// A pilot that lands when so many ticks were traced, with nothing attached to it.
    pub(super) fn new(path: TickPath<S, P>, cycles: &Cycles, wanted: u64) -> Self {
        Self {
            path,
            cycles: cycles.clone(),
            arrivals: None,
            arrived: ArrivalCounts::default(),
            wanted,
            orders: Orders::default(),
            latest: Latest::Any,
            landing: Landing::Stopped,
            tap: None,
            window: None,
            // Nobody listens: what is told is dropped and counted.
            news: sync_channel(0).0,
            news_dropped: 0,
            origin: 0,
            states: Log::new(EVENTS),
            gaps: Log::new(EVENTS),
            known: broker::Arrivals::default(),
        }
    }

    /// The path, with what it has come to.
    pub const fn path(&self) -> &TickPath<S, P> {
        &self.path
    }

    fn land(&mut self, landing: Landing) -> Flow {
        self.landing = landing;
        Flow::Stop
    }

    /// No tick comes any more: closes the paper position, and concludes the probe.
    pub fn finish(&mut self) {
        self.path.finish(match self.landing {
            Landing::Over => ExitReason::EndOfData,
            Landing::Traced | Landing::Stopped => ExitReason::StopRequested,
        });
    }

    /// Keeps the gap before this packet.
    #[cold]
    fn note_gap(&mut self, payload: &[u8], read: u64) {
        let arrivals = self.path.broker().arrivals();
        let skipped = arrivals.missing - self.known.missing;
        let head = packet::decode(payload).ok().and_then(|packet| packet.head());
        let before = head.map_or(0, |head| head.sequence.get());
        self.known = arrivals;
        self.gaps.push(read, Gap { skipped, before });
    }

    /// Shows what the path has come to.
    #[cold]
    fn show(&mut self, read_ns: u64) {
        let account = self.path.trader().account();
        let last = self.path.broker().last();
        let snapshot = Snapshot {
            read_ns,
            frames: *self.path.frames(),
            arrivals: self.path.broker().arrivals(),
            last,
            is_open: account.is_open(),
            trades: account.trades().len() as u64,
            worth: last.map_or(account.cash(), |tick| account.worth(tick.price)),
            disturbances: self.cycles.disturbances(),
        };
        self.window.iter_mut().for_each(|window| window.show(snapshot));
    }

    fn tell(&mut self, news: News) {
        if self.news.try_send(news).is_err() {
            self.news_dropped += 1;
        }
    }
}

impl<S: Strategy, P: LiveProbe> Sink for Pilot<S, P> {
    #[inline]
    fn on_payload(&mut self, payload: &[u8], stamps: Stamps) -> Flow {
        if self.orders.is(Order::Stop) {
            self.path.on_stopped();
            return self.land(Landing::Stopped);
        }
        let read_ns = self.cycles.nanos(0, stamps.read);
        let arrival = self.arrivals.as_ref().map(|arrivals| arrivals.of(&stamps, read_ns));
        let kernel = arrival.and_then(Arrival::stamp);
        let trace = P::begin(kernel, &stamps);
        let traced = self.path.frames().traced;
        let latest = self.latest.at(read_ns);
        let tap = &mut self.tap;
        self.path.on_frame(payload, trace, latest, || {
            if let Some(tap) = tap {
                tap.record(payload, read_ns);
            }
        });
        if let Some(arrival) = arrival.filter(|_| self.path.frames().traced > traced) {
            self.arrived.note(arrival);
        }
        if self.path.broker().arrivals().gaps != self.known.gaps {
            self.note_gap(payload, stamps.read);
        }
        if self.window.as_ref().is_some_and(|window| window.is_due(read_ns)) {
            self.show(read_ns);
        }
        if self.path.frames().traced >= self.wanted {
            return self.land(Landing::Traced);
        }
        Flow::Continue
    }

    #[inline]
    fn before_read(&mut self, now: u64) {
        self.path.probe_mut().before_read(now);
    }

    fn is_stopping(&self) -> bool {
        self.orders.is(Order::Stop)
    }

    fn on_control(&mut self, kind: ControlFrame) {
        match kind {
            ControlFrame::Broken => self.path.on_broken(),
            _ => self.path.on_control(),
        }
    }

    fn on_text(&mut self, text: &str) {
        if let ServerText::Error(error) = ServerText::read(text) {
            self.tell(News::Refused(error));
        }
    }

    fn on_state(&mut self, state: &ConnectionState) {
        let now = self.cycles.raw();
        let at = Mono(self.cycles.nanos(self.origin, now));
        self.states.push(now, state.clone());
        self.tell(News::State { state: state.clone(), at });
    }

    fn on_idle(&mut self) -> Flow {
        if self.orders.is(Order::Stop) {
            return self.land(Landing::Stopped);
        }
        if self.orders.is(Order::DrainAndEnd) {
            return self.land(Landing::Over);
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests;
