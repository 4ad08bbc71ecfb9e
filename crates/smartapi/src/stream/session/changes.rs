//! What may change while a session runs: its subscriptions, the day of its tokens, its greeting.

use std::collections::BTreeSet;

use super::{Kind, Phase, Session, TooManySubscriptions};
use crate::clock::Mono;
use crate::order_update::{self, Message};
use crate::stream::frame::{ClientFrame, encode};
use crate::stream::limits::{Limits, MAX_SUBSCRIPTIONS};
use crate::stream::request::{Request, Subscription};
use crate::stream::state::{ConnectionState, TokenFault};

/// Subscriptions to end and to begin, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Unknown ones are ignored.
    pub unsubscribe: Vec<Subscription>,
    /// Those that are there already are free.
    pub subscribe: Vec<Subscription>,
}

impl Session {
    /// A session of the order stream that has not begun; `seed` makes its pauses and masks.
    #[must_use]
    pub fn orders(limits: Limits, seed: u64) -> Self {
        Self::begin(Kind::Orders, BTreeSet::new(), limits, seed)
    }

    /// Ends and begins subscriptions, at once if a connection is open, and with every later one.
    ///
    /// Errors: [`TooManySubscriptions`], and then nothing has changed.
    pub fn change(&mut self, now: Mono, change: &Change) -> Result<(), TooManySubscriptions> {
        let known = |one: &&Subscription| self.wanted.contains(*one);
        let gone: BTreeSet<_> = change.unsubscribe.iter().filter(known).collect();
        let is_new = |one: &&Subscription| !known(one) || gone.contains(*one);
        let fresh: BTreeSet<_> = change.subscribe.iter().filter(is_new).collect();
        let was = self.wanted.len() - gone.len() + fresh.len();
        if was > MAX_SUBSCRIPTIONS {
            return Err(TooManySubscriptions { was });
        }
        let own = |some: BTreeSet<&Subscription>| some.into_iter().cloned().collect::<Vec<_>>();
        let (gone, fresh) = (own(gone), own(fresh));
        if let Phase::Live(open) = &mut self.phase {
            if self.wanted.is_empty() {
                // So far silence was right.
                open.last_data = now;
            }
            // The server counts: what ends makes room for what begins.
            self.changes.extend(Request::unsubscribe(&gone));
            self.changes.extend(Request::subscribe(&fresh));
            self.deadline = Mono(0);
        }
        for one in &gone {
            self.wanted.remove(one);
        }
        self.wanted.extend(fresh);
        Ok(())
    }

    /// When the tokens at hand are to be replaced whether or not they were refused; a renewal
    /// forgets it.
    pub fn set_tokens_end(&mut self, end: Option<Mono>) {
        self.tokens_end = end;
        self.deadline = Mono(0);
    }

    /// A text frame came: on the order stream the first message is the greeting that it waits for.
    pub fn on_text(&mut self, now: Mono, text: &str) {
        let Phase::Live(open) = &mut self.phase else { return };
        if self.kind == Kind::Market {
            return;
        }
        match order_update::read(text.as_bytes()) {
            Message::Greeting { .. } => {}
            Message::Update(_) => (open.last_data, open.has_data) = (now, true),
            _ => return,
        }
        open.is_greeted = true;
        self.show(ConnectionState::Live);
    }

    /// Writes what [`Self::change`] has left to be sent.
    pub(super) fn say_changes(&mut self) {
        for request in self.changes.drain(..) {
            // A request is plain data and always has a text.
            let text = serde_json::to_string(&request).unwrap_or_default();
            encode(ClientFrame::Text(&text), self.noise.mask(), &mut self.out);
        }
    }

    /// Leaves the connection, or does not open one, if the tokens' day is over.
    pub(super) fn end_tokens(&mut self, now: Mono) {
        if self.tokens_end.is_none_or(|end| now < end) {
            return;
        }
        match self.phase {
            Phase::Live(_) => {
                if self.is_proven(now) {
                    self.failures = 0;
                }
                self.ping = None;
                self.tokens_end = None;
                self.renew_for(TokenFault::Expired);
                self.say_goodbye(super::NORMAL);
            }
            Phase::ConnectDue => {
                self.tokens_end = None;
                self.renew_for(TokenFault::Expired);
            }
            _ => {}
        }
    }
}
