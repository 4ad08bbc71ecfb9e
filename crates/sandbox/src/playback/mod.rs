//! What the market stream plays: one immutable tape, and how far it has come.
//!
//! There is no player thread. The first subscription, or whoever asks for it, fixes the start; from
//! then on what is due follows from the clock, and each connection is a cursor into the same prints.

pub(crate) mod generator;
pub(crate) mod index;
pub(crate) mod packets;
pub(crate) mod schedule;
pub(crate) mod tape;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use schedule::{Schedule, now_ns};
use tape::Prints;

/// The tape, its schedule, and the counts from which its end is known.
pub(crate) struct Playback {
    pub(crate) prints: Prints,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) skipped: u64,
    clock: quanta::Clock,
    /// Rows that at least one connection has been given.
    front: AtomicUsize,
    /// Subscribed connections that have not been given everything yet.
    attending: AtomicUsize,
    over: watch::Sender<bool>,
}

impl Playback {
    pub(crate) fn new(options: &crate::Options) -> Self {
        let rows = options.tape.rows();
        Self {
            prints: Prints::new(rows),
            schedule: Arc::new(Schedule::new(rows, options.pacing)),
            skipped: options.tape.skipped(),
            clock: options.clock.clone(),
            front: AtomicUsize::new(0),
            attending: AtomicUsize::new(0),
            over: watch::channel(false).0,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.prints.len()
    }

    /// Rows handed to at least one connection.
    pub(crate) fn sent(&self) -> usize {
        self.front.load(Ordering::SeqCst)
    }

    /// Lets the tape play from now on, unless it plays already; says whether this call did it.
    pub(crate) fn begin(&self) -> bool {
        self.schedule.begin(&self.clock)
    }

    /// Rows that have come to the market; before the start that is the first one.
    pub(crate) fn present(&self) -> usize {
        let due = self.schedule.due_rows(now_ns(&self.clock)).unwrap_or_else(|| self.sent());
        due.max(1)
    }

    /// Joins a subscriber, and says which row it sees first: row 0 if it starts the playback, whatever
    /// is due by then; else the last one that is due.
    pub(crate) fn attend(self: &Arc<Self>) -> (Attendance, usize) {
        self.attending.fetch_add(1, Ordering::SeqCst);
        let attendance = Attendance(Arc::clone(self));
        if self.begin() {
            return (attendance, 0);
        }
        (attendance, self.present() - 1)
    }

    /// Notes that the rows before `end` have been handed to a socket, the ones from `start` on now.
    pub(crate) fn handed_over(&self, start: usize, end: usize, now: u64) {
        self.schedule.hand_over(start, end, now);
        self.front.fetch_max(end, Ordering::SeqCst);
    }

    /// Whether the last row is due and no subscriber is owed anything; it stays so once it is.
    pub(crate) fn is_over(&self) -> bool {
        let all_due = || match self.schedule.due_rows(now_ns(&self.clock)) {
            Some(due) => due == self.rows(),
            None => self.sent() == self.rows(),
        };
        let over = *self.over.borrow()
            || (self.schedule.has_begun()
                && all_due()
                && self.attending.load(Ordering::SeqCst) == 0);
        if over {
            self.over.send_replace(true);
        }
        over
    }

    /// Wakes whoever waits for the end when it may have come.
    pub(crate) fn watch_over(&self) -> watch::Receiver<bool> {
        self.over.subscribe()
    }
}

/// A subscriber that is owed the rest of the tape, until it is dropped.
pub(crate) struct Attendance(Arc<Playback>);

impl Drop for Attendance {
    fn drop(&mut self) {
        self.0.attending.fetch_sub(1, Ordering::SeqCst);
        self.0.is_over();
    }
}
