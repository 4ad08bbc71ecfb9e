//! What may change while a session runs: its subscriptions, the day of its tokens, its greeting.

use std::collections::BTreeSet;

use super::{Kind, Phase, Session};
use crate::clock::Mono;
use crate::order_update::{self, Message, UpdateFault};
use crate::packet::{ExchangeType, Mode};
use crate::stream::frame::{ClientFrame, encode};
use crate::stream::limits::{Limits, MAX_SUBSCRIPTIONS};
use crate::stream::request::{
    INVALID, Request, ServerText, StreamError, Subscription, SubscriptionFault,
};
use crate::stream::state::{ConnectionState, TokenFault};

/// So many requests are remembered, in case the server refuses one: all that is cut from one bad one.
const MAX_ASKED: usize = 128;
/// Request numbers begin anew after so many: an id has ten characters at most.
const MAX_NUMBER: u32 = 9_999_999;

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
    /// Errors: [`SubscriptionFault`], and then nothing has changed.
    pub fn change(&mut self, now: Mono, change: &Change) -> Result<(), SubscriptionFault> {
        change.subscribe.iter().try_for_each(Subscription::check)?;
        let known = |one: &&Subscription| self.wanted.contains(*one);
        let gone: BTreeSet<_> = change.unsubscribe.iter().filter(known).collect();
        let is_new = |one: &&Subscription| !known(one) || gone.contains(*one);
        let fresh: BTreeSet<_> = change.subscribe.iter().filter(is_new).collect();
        let was = self.wanted.len() - gone.len() + fresh.len();
        if was > MAX_SUBSCRIPTIONS {
            return Err(SubscriptionFault::TooMany { was });
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

    /// A text frame came: on the order stream the first message is the greeting that it waits for, on
    /// the market stream it may be the refusal of a request.
    pub fn on_text(&mut self, now: Mono, text: &str) {
        let Phase::Live(open) = &mut self.phase else { return };
        if self.kind == Kind::Market {
            if let ServerText::Error(error) = ServerText::read(text) {
                self.on_request_refused(error);
            }
            return;
        }
        match order_update::read(text.as_bytes()) {
            // A greeting in another form than documented is still no refusal.
            Message::Greeting { .. } | Message::Error(UpdateFault::Form { .. }) => {}
            Message::Update(_) => (open.last_data, open.has_data) = (now, true),
            _ => return,
        }
        open.is_greeted = true;
        self.show(ConnectionState::Live);
    }

    /// What the server has refused since the last call, and its words. It is asked for again with the
    /// next connection.
    pub fn take_refused(&mut self) -> Option<(StreamError, Vec<Subscription>)> {
        self.refused.take()
    }

    /// Cuts a refused request in two, or names what is left of it.
    fn on_request_refused(&mut self, error: StreamError) {
        let is_meant = |(id, _): &(String, _)| error.correlation_id.as_ref() == Some(id);
        let Some(place) = self.asked.iter().position(is_meant) else { return };
        let Some((_, mut asked)) = self.asked.remove(place) else { return };
        asked.retain(|one| self.wanted.contains(one));
        if error.error_code == INVALID && asked.len() > 1 {
            let second = asked.split_off(asked.len() / 2);
            self.changes.extend([asked, second].iter().flat_map(|half| Request::subscribe(half)));
            self.deadline = Mono(0);
        } else if !asked.is_empty() {
            let before = self.refused.take().map(|(_, before)| before);
            let refused = before.into_iter().flatten().chain(asked).collect();
            self.refused = Some((error, refused));
        }
    }

    /// Writes the requests that are still to be sent.
    pub(super) fn say_changes(&mut self) {
        for mut request in std::mem::take(&mut self.changes) {
            self.requests = self.requests % MAX_NUMBER + 1;
            if let Some(id) = &mut request.correlation_id {
                *id = format!("{id}n{}", self.requests);
                if request.action == 1 {
                    self.asked.truncate(MAX_ASKED - 1);
                    self.asked.push_front((id.clone(), asked_by(&request)));
                }
            }
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

/// What a request of ours asks for.
fn asked_by(request: &Request) -> Vec<Subscription> {
    let Some(mode) = Mode::from_wire(request.params.mode) else { return Vec::new() };
    let groups = request.params.token_list.iter();
    let each =
        groups.flat_map(|group| group.tokens.iter().map(|token| (group.exchange_type, token)));
    each.map(|(segment, token)| Subscription {
        mode,
        exchange_type: ExchangeType(segment),
        token: token.clone(),
    })
    .collect()
}
