//! The connections for writes: each used by one call at a time, and what is known of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::calls::{Call, FUNDS, PROFILE};

/// How many there are: an account may send nine orders a second, each of which takes a fraction of one.
pub(super) const LANES: usize = 4;

/// The read that keeps each connection open: all of them at once are within their windows.
const WARMERS: [&Call; LANES] = [&FUNDS, &PROFILE, &FUNDS, &PROFILE];

/// A pool that holds one connection.
pub(super) struct Lane {
    pub(super) pool: Client,
    pub(super) warmer: &'static Call,
    warmth: Mutex<Warmth>,
}

/// What is known of a lane's connection; what is open is more than what is cold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Warmth {
    /// There may be none; it may be opened from then on.
    Cold(Instant),
    /// It carried an answer then.
    Open(Instant),
}

impl Lane {
    fn warmth(&self) -> Warmth {
        *self.warmth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, warmth: Warmth) {
        *self.warmth.lock().unwrap_or_else(PoisonError::into_inner) = warmth;
    }

    /// When a read is due that keeps its connection open.
    fn due(&self, period: Duration) -> Instant {
        match self.warmth() {
            Warmth::Cold(from) => from,
            Warmth::Open(used) => used + period,
        }
    }
}

/// All of them.
pub(super) struct Lanes {
    idle: Mutex<Vec<Arc<Lane>>>,
    /// As many as are idle.
    free: Semaphore,
    /// Told when a lane may have lost its connection.
    cold: Notify,
    /// The pool of one of them, for what cannot wait.
    spare: Client,
}

impl Lanes {
    pub(super) fn new<E>(pool: impl Fn() -> Result<Client, E>) -> Result<Self, E> {
        let cold = Warmth::Cold(Instant::now());
        let lane =
            |warmer| pool().map(|pool| Arc::new(Lane { pool, warmer, warmth: Mutex::new(cold) }));
        let idle = WARMERS.into_iter().map(lane).collect::<Result<Vec<_>, _>>()?;
        let spare = idle.first().map_or_else(&pool, |lane| Ok(lane.pool.clone()))?;
        let free = Semaphore::new(idle.len());
        Ok(Self { idle: Mutex::new(idle), free, cold: Notify::new(), spare })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Arc<Lane>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one whose connection is the surest to be open, once one is idle; none if that takes longer
    /// than `patience`.
    pub(super) async fn warmest(&self, patience: Duration) -> Option<Held<'_>> {
        let permit = tokio::time::timeout(patience, self.free.acquire()).await.ok()?.ok()?;
        let mut idle = self.idle();
        let (place, _) = idle.iter().enumerate().max_by_key(|(_, lane)| lane.warmth())?;
        Some(Held { lane: idle.remove(place), lanes: self, _permit: permit })
    }

    /// One that is idle and due for a read; one that is busy with an order needs none.
    pub(super) fn due(&self, period: Duration) -> Option<Held<'_>> {
        let permit = self.free.try_acquire().ok()?;
        let mut idle = self.idle();
        let now = Instant::now();
        let place = idle.iter().position(|lane| lane.due(period) <= now)?;
        Some(Held { lane: idle.remove(place), lanes: self, _permit: permit })
    }

    /// When the next idle one is due; those that are busy now are looked at with the next beat.
    pub(super) fn next_beat(&self, period: Duration) -> Instant {
        let next = self.idle().iter().map(|lane| lane.due(period)).min();
        next.unwrap_or_else(|| Instant::now() + period)
    }

    /// For a call that found no lane.
    pub(super) const fn spare(&self) -> &Client {
        &self.spare
    }

    /// Returns when a lane may have lost its connection.
    pub(super) async fn gone_cold(&self) {
        self.cold.notified().await;
    }
}

/// A lane in use; idle again when this is dropped.
pub(super) struct Held<'a> {
    pub(super) lane: Arc<Lane>,
    lanes: &'a Lanes,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.lanes.idle().push(Arc::clone(&self.lane));
        if matches!(self.lane.warmth(), Warmth::Cold(_)) {
            self.lanes.cold.notify_one();
        }
    }
}
