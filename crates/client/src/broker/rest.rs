//! Calls within the broker's rate limits: reads wait and are repeated, writes do neither.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::Client;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};
use smartapi::clock::Mono;
use smartapi::rest::ApiError;
use smartapi::rest::limits::{self, Limiter};
use tokio::time::Instant;

use super::calls::{CANDLES, OPEN_INTEREST};
use super::error::BrokerError;
use super::lanes::{LANES, Lane, Lanes, Warmth};
use super::outcome::{Outcome, Unanswered};
use super::rules::{Pace, Rules};
use super::transport::{Line, Lost, Reply, Request};
use crate::servers::Servers;

/// The wait after a connection could not be opened.
const REOPEN: Duration = Duration::from_secs(1);

/// The pools and the limits of one account.
pub(super) struct Rest {
    line: Line,
    reads: Client,
    writes: Lanes,
    limiter: Mutex<Limiter>,
    /// Until when the calls of an allowance wait because one of them was refused.
    held: Mutex<BTreeMap<&'static str, Instant>>,
    started: Instant,
    pace: Pace,
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
        Ok(Self {
            reads: pool()?,
            writes: Lanes::new(pool)?,
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
    /// The other calls of the allowance wait with it: one that went on would be refused as well. History
    /// is waited for until the broker's minute is over, for there is much of it; and its requests are
    /// checked before, so that "a wrong date or token" (AB1004) can only be the broker's trouble.
    pub(super) async fn patient<T: DeserializeOwned>(
        &self,
        request: &Request,
        jwt: &SecretString,
    ) -> Result<T, BrokerError> {
        let route = request.call.route;
        let is_history = [CANDLES.route, OPEN_INTEREST.route].contains(&route);
        let most = if is_history { self.pace.limited_retries } else { self.pace.retries };
        let mut tries = 0;
        (|| self.call(request, Some(jwt)))
            .retry(self.waits(most))
            .when(|error| {
                tries += 1;
                let cause = error.api();
                let is_passing = error.is_retryable()
                    || is_history && cause.and_then(ApiError::code) == Some("AB1004");
                let is_limit = is_history && cause.is_some_and(ApiError::is_rate_limit);
                is_passing && (tries <= self.pace.retries || is_limit)
            })
            .notify(|_, wait| self.hold(route, wait))
            .await
    }

    /// Makes a call, and again while it is certain that it was not sent.
    pub(super) async fn until_sent<T, F>(&self, call: impl FnMut() -> F) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, BrokerError>>,
    {
        let unsent = |error: &BrokerError| matches!(error, BrokerError::Unreachable { .. });
        call.retry(self.waits(self.pace.retries.min(2))).when(unsent).await
    }

    fn waits(&self, most: usize) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.pace.retry)
            .with_factor(2.0)
            .with_max_times(most)
            .with_jitter()
    }

    /// Sends what changes something, once or not at all.
    ///
    /// One of several at once that finds all connections in use has the first that becomes free, unless
    /// that takes longer than opening another.
    ///
    /// Errors: what went wrong before a byte left, such as a full window of the rate limit.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        request: &Request,
        jwt: &SecretString,
    ) -> Result<Outcome<T>, BrokerError> {
        let doing = request.call.doing;
        let held = self.writes.warmest(self.pace.queue).await;
        self.take(request.call.route).map_err(|wait| BrokerError::Limited { doing, wait })?;
        let reply = match &held {
            Some(held) => self.exchange_on(&held.lane, request, jwt, Duration::ZERO).await,
            None => self.line.exchange(self.writes.spare(), request, Some(jwt)).await,
        };
        match reply {
            Ok(reply) => Ok(Outcome::of(&reply, doing)),
            Err(lost) if lost.may_have_left => Ok(Outcome::Unknown(Unanswered(lost.error))),
            Err(lost) => Err(lost.error),
        }
    }

    /// An exchange after which it is known whether the lane's connection is open; one that fails, or is
    /// given up, leaves it cold, to be opened again after `pause`.
    async fn exchange_on(
        &self,
        lane: &Lane,
        request: &Request,
        jwt: &SecretString,
        pause: Duration,
    ) -> Result<Reply, Lost> {
        lane.set(Warmth::Cold(Instant::now() + pause));
        let reply = self.line.exchange(&lane.pool, request, Some(jwt)).await?;
        lane.set(Warmth::Open(Instant::now()));
        Ok(reply)
    }

    /// Makes a cheap read on each connection for writes that has rested for `period`, one by one; whether
    /// the broker said that the session is over.
    ///
    /// Any answer will do, and none too: what counts is that the connection is open afterwards, a new
    /// one if the server has closed it.
    pub(super) async fn keep_warm(&self, period: Duration, jwt: &SecretString) -> bool {
        let mut is_over = false;
        for _ in 0..LANES {
            let Some(held) = self.writes.due(period) else { break };
            let call = held.lane.warmer;
            if let Err(wait) = self.room(call.route) {
                drop(held);
                tokio::time::sleep(wait).await;
                continue;
            }
            let Ok(read) = Request::new(call, &()) else { break };
            let reply = self.exchange_on(&held.lane, &read, jwt, REOPEN).await;
            let said = reply.as_ref().map(Reply::read::<IgnoredAny>);
            is_over |= matches!(said, Ok(Err(cause)) if cause.session_dead());
        }
        is_over
    }

    /// See [`Lanes::gone_cold`].
    pub(super) async fn gone_cold(&self) {
        self.writes.gone_cold().await;
    }

    /// See [`Lanes::next_beat`].
    pub(super) fn next_beat(&self, period: Duration) -> Instant {
        self.writes.next_beat(period)
    }

    /// Counts a call of `route` if its windows have room.
    fn take(&self, route: &str) -> Result<(), Duration> {
        let now = Mono(self.started.elapsed().as_nanos() as u64);
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner).take(route, now)
    }

    fn hold(&self, route: &'static str, wait: Duration) {
        let until = Instant::now() + wait;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.entry(limits::allowance(route)).or_insert(until);
        *held = until.max(*held);
    }

    /// Counts a call of `route` if it may be made now, else how long to wait before asking again.
    fn room(&self, route: &'static str) -> Result<(), Duration> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let until = held.get(limits::allowance(route)).copied();
        drop(held);
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => self.take(route),
        }
    }

    async fn wait_for_room(&self, route: &'static str) {
        while let Err(wait) = self.room(route) {
            tokio::time::sleep(wait).await;
        }
    }
}
