//! Calls within the broker's rate limits: reads wait and are repeated, writes do neither.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::Client;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use smartapi::clock::Mono;
use smartapi::rest::limits::Limiter;
use tokio::time::Instant;

use super::calls::FUNDS;
use super::error::BrokerError;
use super::outcome::{Outcome, Unanswered};
use super::rules::{Pace, Rules};
use super::transport::{Line, Reply, Request};
use crate::servers::Servers;

/// Connections for writes alone: while the keeper uses one, the other is there for an order.
const LANES: usize = 2;

/// The pools and the limits of one account.
pub(super) struct Rest {
    line: Line,
    reads: Client,
    writes: [Lane; LANES],
    limiter: Mutex<Limiter>,
    /// Until when the calls of a route wait because one of them was refused.
    held: Mutex<BTreeMap<&'static str, Instant>>,
    started: Instant,
    pace: Pace,
}

/// A pool that holds one connection unless several orders need it at once.
struct Lane {
    pool: Client,
    busy: tokio::sync::Mutex<()>,
    used: Mutex<Instant>,
}

impl Lane {
    fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Rest {
    pub(super) fn new(
        servers: Servers,
        api_key: &SecretString,
        rules: &Rules,
        pace: Pace,
    ) -> Result<Self, BrokerError> {
        let pool = || Line::pool(&servers, api_key, rules.public_address, &pace);
        let started = Instant::now();
        let lane = |pool| Lane { pool, busy: Default::default(), used: Mutex::new(started) };
        Ok(Self {
            reads: pool()?,
            writes: [lane(pool()?), lane(pool()?)],
            limiter: Mutex::new(Limiter::polite(rules.quotes())),
            held: Mutex::default(),
            started,
            pace,
            line: Line { servers, answer: pace.answer },
        })
    }

    pub(super) const fn servers(&self) -> &Servers {
        &self.line.servers
    }

    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Makes a call once, after waiting for room in its rate limit.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        request: &Request,
        jwt: Option<&SecretString>,
    ) -> Result<T, BrokerError> {
        self.wait_for_room(request.call.route).await;
        let reply = self.line.exchange(&self.reads, request, jwt).await;
        let reply = reply.map_err(|lost| lost.error)?;
        let doing = request.call.doing;
        reply.read().map_err(|cause| BrokerError::Api { doing, cause })
    }

    /// Makes a call that only reads, and again while the broker is in passing trouble.
    ///
    /// The other calls of the route wait with it: one that went on would be refused as well.
    pub(super) async fn patient<T: DeserializeOwned>(
        &self,
        request: &Request,
        jwt: &SecretString,
    ) -> Result<T, BrokerError> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.pace.retry)
            .with_factor(2.0)
            .with_max_times(self.pace.retries)
            .with_jitter();
        (|| self.call(request, Some(jwt)))
            .retry(waits)
            .when(BrokerError::is_retryable)
            .notify(|_, wait| self.hold(request.call.route, wait))
            .await
    }

    /// Sends what changes something, once or not at all.
    ///
    /// Errors: what went wrong before a byte left, such as a full window of the rate limit.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        request: &Request,
        jwt: &SecretString,
    ) -> Result<Outcome<T>, BrokerError> {
        let doing = request.call.doing;
        self.take(request.call.route).map_err(|wait| BrokerError::Limited { doing, wait })?;
        let [first, others @ ..] = &self.writes;
        let free =
            others.iter().chain([first]).find_map(|lane| Some((lane, lane.busy.try_lock().ok()?)));
        let lane = free.as_ref().map_or(first, |(lane, _)| lane);
        let reply = self.line.exchange(&lane.pool, request, Some(jwt)).await;
        lane.touch();
        match reply {
            Ok(reply) => Ok(Outcome::of(&reply, doing)),
            Err(lost) if lost.may_have_left => Ok(Outcome::Unknown(Unanswered(lost.error))),
            Err(lost) => Err(lost.error),
        }
    }

    /// Makes a cheap read on each connection for writes that has rested for `period`, one by one.
    ///
    /// Any answer will do, and none too: what counts is that the connection is open afterwards, a new
    /// one if the server has closed it.
    pub(super) async fn keep_warm(&self, period: Duration, jwt: &SecretString) {
        let Ok(read) = Request::new(&FUNDS, &()) else { return };
        for lane in &self.writes {
            if lane.used().elapsed() < period {
                continue;
            }
            self.wait_for_room(FUNDS.route).await;
            // One that is busy with an order needs no read.
            let Ok(_busy) = lane.busy.try_lock() else { continue };
            let _: Result<Reply, _> = self.line.exchange(&lane.pool, &read, Some(jwt)).await;
            lane.touch();
        }
    }

    /// When the next connection for writes will have rested for `period`.
    pub(super) fn next_beat(&self, period: Duration) -> Instant {
        let used = self.writes.iter().map(Lane::used).min();
        used.unwrap_or_else(Instant::now) + period
    }

    /// Counts a call of `route` if its windows have room.
    fn take(&self, route: &str) -> Result<(), Duration> {
        let now = Mono(self.started.elapsed().as_nanos() as u64);
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner).take(route, now)
    }

    fn hold(&self, route: &'static str, wait: Duration) {
        let until = Instant::now() + wait;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(route).or_insert(until);
        *held = until.max(*held);
    }

    fn held(&self, route: &str) -> Option<Instant> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(route).copied()
    }

    async fn wait_for_room(&self, route: &str) {
        loop {
            if let Some(until) = self.held(route) {
                tokio::time::sleep_until(until).await;
            }
            match self.take(route) {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }
}
