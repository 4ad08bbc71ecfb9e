//! One tick's trace without the tick: spans of `tracing` and `fastrace`, and our own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::rig::{LiveProbe as _, Rig, Traced};
use engine::probe::{Counter as _, Filed, Ladder, Probe as _, Stage};
use engine::tick_path::broker::Tick;
use engine::tick_path::trader::Decision;
use fastrace::collector::{Config, Reporter, SpanContext, SpanId, SpanRecord, TraceId};
use fastrace::local::LocalSpan;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber, info_span, trace_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Cycles;
use crate::fault::Fault;

/// The span around the whole tick.
const TICK: &str = "tick";

/// Who makes the spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tracing,
    TracingDisabled,
    Fastrace,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Tracing, Self::TracingDisabled, Self::Fastrace];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tracing => "`tracing`, recorded",
            Self::TracingDisabled => "`tracing`, disabled (ours is recorded all the same)",
            Self::Fastrace => "`fastrace`, reported",
        }
    }
}

/// The spans of others, set up for the whole process: that is how they are made to be used.
pub(super) struct Others {
    stages: Vec<Stage>,
    recorded: Arc<Mutex<Vec<Ladder>>>,
    reported: Arc<AtomicU64>,
}

impl Others {
    /// Errors: [`Fault`] if the process has a subscriber already.
    pub(super) fn start(cycles: &Cycles, stages: &[Stage]) -> Result<Self, Fault> {
        let names: Vec<&str> = [TICK].into_iter().chain(stages.iter().map(|s| s.name())).collect();
        let recorded = Arc::new(Mutex::new(vec![Ladder::new(); names.len()]));
        let timing = Timing { cycles: cycles.clone(), names, recorded: Arc::clone(&recorded) };
        let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(timing);
        tracing::subscriber::set_global_default(subscriber)
            .map_err(Fault::doing("setting up tracing", "measure this part once in a run"))?;
        let reported = Arc::new(AtomicU64::new(0));
        fastrace::set_reporter(Dropping(Arc::clone(&reported)), Config::default());
        Ok(Self { stages: stages.to_vec(), recorded, reported })
    }

    /// The spans of one tick.
    #[inline]
    pub(super) fn tick(&self, kind: Kind) {
        match kind {
            Kind::Tracing => {
                let _tick = info_span!(TICK).entered();
                self.stages.iter().for_each(|stage| drop(recorded(*stage).entered()));
            }
            Kind::TracingDisabled => {
                let _tick = trace_span!(TICK).entered();
                self.stages.iter().for_each(|stage| drop(disabled(*stage).entered()));
            }
            Kind::Fastrace => {
                let tick = fastrace::Span::root(TICK, SpanContext::new(TraceId(1), SpanId(0)));
                let _parent = tick.set_local_parent();
                let span = |stage: &Stage| LocalSpan::enter_with_local_parent(stage.name());
                self.stages.iter().for_each(|stage| drop(span(stage)));
            }
        }
    }

    /// Lets what waits to be collected be collected, so that no queue overflows.
    pub(super) fn collect(&self) {
        fastrace::flush();
    }

    /// Whether the others have done the work of so many ticks.
    ///
    /// Errors: [`Fault`] if they recorded or reported fewer spans, or more.
    pub(super) fn check(&self, ticks: u64) -> Result<(), Fault> {
        self.collect();
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded: u64 = recorded.iter().map(Ladder::count).sum();
        let reported = self.reported.load(Ordering::SeqCst);
        let expected = ticks * (self.stages.len() as u64 + 1);
        if (recorded, reported) == (expected, expected) {
            return Ok(());
        }
        let what = format!(
            "of {expected} spans `tracing` recorded {recorded} and `fastrace` reported {reported}"
        );
        Err(Fault::new(what, "measure fewer ticks in a round"))
    }
}

/// A span that is recorded; each stage has its own call site, as in code that is traced by hand.
#[inline]
fn recorded(stage: Stage) -> Span {
    match stage {
        Stage::KernelWait => info_span!("kernel_wait"),
        Stage::Framing => info_span!("framing"),
        Stage::Feed => info_span!("feed"),
        Stage::Broker => info_span!("broker"),
        Stage::Trader => info_span!("trader"),
        Stage::Indicators => info_span!("indicators"),
        Stage::Signal => info_span!("signal"),
        Stage::Position => info_span!("position"),
    }
}

/// The same below the level that is recorded.
#[inline]
fn disabled(stage: Stage) -> Span {
    match stage {
        Stage::KernelWait => trace_span!("kernel_wait"),
        Stage::Framing => trace_span!("framing"),
        Stage::Feed => trace_span!("feed"),
        Stage::Broker => trace_span!("broker"),
        Stage::Trader => trace_span!("trader"),
        Stage::Indicators => trace_span!("indicators"),
        Stage::Signal => trace_span!("signal"),
        Stage::Position => trace_span!("position"),
    }
}

/// The least that a layer does to time spans.
struct Timing {
    cycles: Cycles,
    names: Vec<&'static str>,
    recorded: Arc<Mutex<Vec<Ladder>>>,
}

/// When a span began, and which histogram is its own.
struct Begun {
    raw: u64,
    place: usize,
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Timing {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let name = attributes.metadata().name();
        let place = self.names.iter().position(|known| *known == name);
        if let (Some(span), Some(place)) = (context.span(id), place) {
            span.extensions_mut().insert(Begun { raw: self.cycles.raw(), place });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let now = self.cycles.raw();
        let Some(span) = context.span(&id) else { return };
        let extensions = span.extensions();
        let Some(Begun { raw, place }) = extensions.get() else { return };
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ladder) = recorded.get_mut(*place) {
            ladder.record(self.cycles.nanos(*raw, now));
        }
    }
}

/// A reporter that counts spans and drops them.
struct Dropping(Arc<AtomicU64>);

impl Reporter for Dropping {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        self.0.fetch_add(spans.len() as u64, Ordering::SeqCst);
    }
}

/// What our traces are filed with; a tick's content makes no difference to them.
const FILED: Filed = Filed {
    sequence: 1,
    tick: Tick {
        time: engine::units::EventTime(0),
        price: engine::units::Paise(18_000),
        volume: engine::units::Qty(75),
        touch: None,
    },
    decision: Decision::Held,
};

/// Our own trace.
pub(super) struct Ours<'a> {
    rig: &'a Rig,
    probe: Traced,
    /// The stages whose ends the path marks; those before end with the stamps of the stream.
    marked: Vec<Stage>,
}

impl<'a> Ours<'a> {
    pub(super) fn new(rig: &'a Rig) -> Self {
        let marked = Stage::ALL.into_iter().filter(|stage| *stage > Stage::Framing).collect();
        Self { rig, probe: rig.tracing(0), marked }
    }

    /// The stages of the live path.
    pub(super) fn stages(&self) -> Vec<Stage> {
        self.probe.meter().source_stages().collect()
    }

    /// The trace of one tick.
    #[inline]
    pub(super) fn tick(&mut self) {
        let stamps = self.rig.stamps();
        let mut trace = Traced::begin(Some(stamps.after.raw), &stamps);
        for stage in &self.marked {
            self.probe.mark(&mut trace, *stage);
        }
        self.probe.file(trace, &FILED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_records_every_stage_of_every_tick() {
        let rig = Rig::new();
        let mut ours = Ours::new(&rig);
        let others =
            Others::start(rig.cycles(), &ours.stages()).expect("the first of this process");
        for _ in 0..300 {
            Kind::ALL.into_iter().for_each(|kind| others.tick(kind));
            ours.tick();
        }
        others.check(300).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(others.check(299).is_err());
        let counts = |stage: &Stage| ours.probe.meter().stage(*stage).count();
        assert!(ours.stages().iter().all(|stage| counts(stage) == 300));
    }
}
