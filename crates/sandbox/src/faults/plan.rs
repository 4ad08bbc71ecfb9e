//! What is still to go wrong and what already has; without sockets, threads and clock.

use std::time::Duration;

use serde::Serialize;

use super::fault::{
    AccountFault, Fault, LineFault, PacketFault, RequestFault, Stream, UpdateFault,
};
use super::step::{Moment, Step};
use super::values::is_rest;

/// Steps that may be kept: beyond it those that are over are forgotten, and no more are taken.
const MOST_STEPS: usize = 10_000;
/// How soon to look again where packets are counted on another connection.
const LOOK_NS: u64 = 10_000_000;

/// Where playback is when the plan is asked; times are nanoseconds of one clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    pub(crate) now: u64,
    /// When the first subscription came.
    pub(crate) begun: Option<u64>,
    /// Packets before the one that the asker is about to send.
    pub(crate) sent: u64,
}

/// What meets a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meeting {
    pub(crate) delay: Duration,
    /// Never [`RequestFault::Slow`], which is the delay.
    pub(crate) fault: Option<RequestFault>,
}

/// The account's faults that came since it was asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) expire: bool,
    pub(crate) skew_s: Option<i64>,
}

/// The steps of a scenario and how far each has come.
///
/// Tell it of every upgrade, request and update with its `on_*`; ask for what meets a connection or
/// packet with `line` and `packet` before sending. Each answer is given once and counted.
pub(crate) struct Plan {
    started: u64,
    entries: Vec<Entry>,
    next_id: u64,
    /// Attempts to open each stream so far.
    opened: [u64; 2],
}

/// A step and what came of it.
struct Entry {
    id: u64,
    step: Step,
    /// Connections, requests or updates that counted for its moment.
    seen: u64,
    /// The first connection for which its moment has come, where a connection is its moment.
    from_connection: Option<u64>,
    met: u64,
}

/// An entry for people and programs.
#[derive(Serialize)]
pub(crate) struct Told {
    id: u64,
    #[serde(flatten)]
    step: Step,
    /// How often it was met.
    met: u64,
    /// How often it still will be.
    left: u64,
}

impl Entry {
    const fn left(&self) -> u64 {
        self.step.times.saturating_sub(self.met)
    }

    /// Whether its moment has come for `connection` of its stream, or for whoever asks.
    fn has_come(&self, at: Now, started: u64, connection: Option<u64>) -> bool {
        let passed = |since: u64, time: Duration| at.now >= since.saturating_add(nanos(time));
        match self.step.when.moment {
            Moment::Now => true,
            Moment::At(time) => at.begun.is_some_and(|begun| passed(begun, time)),
            Moment::AfterStart(time) => passed(started, time),
            Moment::AfterPackets(packets) => at.sent >= packets,
            Moment::OnConnection(_) => {
                self.from_connection.is_some_and(|first| connection.is_none_or(|one| one >= first))
            }
            Moment::OnRequest(number) | Moment::OnUpdate(number) => self.seen >= number,
        }
    }

    /// When a connection of `stream` that waits has to ask again.
    fn next_look(&self, stream: Stream, at: Now, started: u64) -> Option<u64> {
        let until =
            |since: u64, time| Some(since.saturating_add(nanos(time))).filter(|&t| t > at.now);
        match self.step.when.moment {
            Moment::At(time) => until(at.begun?, time),
            Moment::AfterStart(time) => until(started, time),
            // The market stream's own connections come by when they send.
            Moment::AfterPackets(packets) if stream == Stream::Order && at.sent < packets => {
                Some(at.now + LOOK_NS)
            }
            _ => None,
        }
    }

    /// Whether a stream's connection has to ask for it.
    const fn meets_streams(&self) -> bool {
        matches!(self.step.fault, Fault::Line { .. } | Fault::Packet(_))
    }
}

const fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

impl Plan {
    /// An empty plan of a sandbox that started at `started`.
    pub(crate) const fn new(started: u64) -> Self {
        Self { started, entries: Vec::new(), next_id: 1, opened: [0; 2] }
    }

    /// Adds steps at the end, all or none; `false` if they are too many.
    pub(crate) fn add(&mut self, steps: Vec<Step>) -> bool {
        if self.entries.len() + steps.len() > MOST_STEPS {
            self.entries.retain(|entry| entry.left() > 0);
        }
        if self.entries.len() + steps.len() > MOST_STEPS {
            return false;
        }
        for step in steps {
            let id = self.next_id;
            self.next_id += 1;
            self.entries.push(Entry { id, step, seen: 0, from_connection: None, met: 0 });
        }
        true
    }

    /// Forgets every step.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Every step with its counts, in order.
    pub(crate) fn told(&self) -> Vec<Told> {
        let told = |entry: &Entry| Told {
            id: entry.id,
            step: entry.step.clone(),
            met: entry.met,
            left: entry.left(),
        };
        self.entries.iter().map(told).collect()
    }

    /// Whether the connections of streams have to ask for faults.
    pub(crate) fn disturbs_streams(&self) -> bool {
        self.entries.iter().any(|entry| entry.left() > 0 && entry.meets_streams())
    }

    /// Counts an attempt to open `stream`; gives its number, and the status that refuses it.
    pub(crate) fn on_upgrade(&mut self, stream: Stream, at: Now) -> (u64, Option<u16>) {
        let [market, order] = &mut self.opened;
        let opened = if stream == Stream::Market { market } else { order };
        *opened += 1;
        let number = *opened;
        for entry in &mut self.entries {
            if let Moment::OnConnection(wanted) = entry.step.when.moment
                && entry.step.when.stream == stream
            {
                entry.seen += 1;
                if entry.seen == wanted {
                    entry.from_connection = Some(number);
                }
            }
        }
        let refusal = self.take(at, Some(number), |fault, _| match fault {
            Fault::Refusal { stream: wanted, status } if *wanted == stream => Some(*status),
            _ => None,
        });
        (number, refusal)
    }

    /// Counts a request, and gives what meets it.
    pub(crate) fn on_request(&mut self, path: &str, at: Now) -> Meeting {
        for entry in &mut self.entries {
            let counts = matches!(entry.step.when.moment, Moment::OnRequest(_));
            if counts && is_meant(&entry.step, path) {
                entry.seen += 1;
            }
        }
        let mut meeting = Meeting::default();
        let started = self.started;
        let come = |entry: &&mut Entry| {
            entry.left() > 0 && entry.has_come(at, started, None) && is_meant(&entry.step, path)
        };
        for entry in self.entries.iter_mut().filter(come) {
            match &entry.step.fault {
                Fault::Request(RequestFault::Slow(time)) => meeting.delay += *time,
                Fault::Request(fault) if meeting.fault.is_none() => {
                    meeting.fault = Some(fault.clone());
                }
                _ => continue,
            }
            entry.met += 1;
        }
        meeting
    }

    /// Counts an order update, and gives what meets it.
    pub(crate) fn on_update(&mut self, at: Now) -> Option<UpdateFault> {
        for entry in &mut self.entries {
            entry.seen += u64::from(matches!(entry.step.when.moment, Moment::OnUpdate(_)));
        }
        self.take(at, None, |fault, _| match fault {
            Fault::Update(fault) => Some(*fault),
            _ => None,
        })
    }

    /// What happens to this connection before anything else is sent on it; one that is `held` can
    /// only end.
    pub(crate) fn line(
        &mut self,
        stream: Stream,
        connection: u64,
        held: bool,
        at: Now,
    ) -> Option<LineFault> {
        self.take(at, Some(connection), |fault, _| match fault {
            Fault::Line { stream: wanted, fault }
                if *wanted == stream
                    && (!held || matches!(fault, LineFault::Drop | LineFault::Close)) =>
            {
                Some(fault.clone())
            }
            _ => None,
        })
    }

    /// What happens to the packet that this connection is about to send.
    pub(crate) fn packet(&mut self, connection: u64, at: Now) -> Option<PacketFault> {
        self.take(at, Some(connection), |fault, _| match fault {
            Fault::Packet(fault) => Some(*fault),
            _ => None,
        })
    }

    /// When a connection of `stream` that has nothing to do has to ask again.
    pub(crate) fn next_look(&self, stream: Stream, at: Now) -> Option<u64> {
        let own = |entry: &&Entry| match entry.step.fault {
            Fault::Line { stream: wanted, .. } => wanted == stream,
            _ => false,
        };
        let waiting = self.entries.iter().filter(|entry| entry.left() > 0).filter(own);
        waiting.filter_map(|entry| entry.next_look(stream, at, self.started)).min()
    }

    /// What happened to the account since this was asked last.
    pub(crate) fn account(&mut self, at: Now) -> Account {
        let mut account = Account::default();
        while let Some(fault) = self.take(at, None, |fault, _| match fault {
            Fault::Account(fault) => Some(*fault),
            _ => None,
        }) {
            match fault {
                AccountFault::ExpireTokens => account.expire = true,
                AccountFault::Skew(seconds) => account.skew_s = Some(seconds),
            }
        }
        account
    }

    /// The first fault of the list that `pick` picks and whose moment has come.
    fn take<T>(
        &mut self,
        at: Now,
        connection: Option<u64>,
        pick: impl Fn(&Fault, &Step) -> Option<T>,
    ) -> Option<T> {
        for entry in self.entries.iter_mut().filter(|entry| entry.left() > 0) {
            if entry.has_come(at, self.started, connection)
                && let Some(picked) = pick(&entry.step.fault, &entry.step)
            {
                entry.met += 1;
                return Some(picked);
            }
        }
        None
    }
}

/// Whether a step means requests for `path`: without a route every REST route.
fn is_meant(step: &Step, path: &str) -> bool {
    step.when.route.as_ref().map_or(is_rest(path), |route| route.is_of(path))
}

#[cfg(test)]
mod tests;
