//! Which subscription goes over which of an account's three connections.

use std::collections::BTreeSet;

use super::limits::MAX_SUBSCRIPTIONS;
use super::request::Subscription;
use super::session::Change;

/// The most connections of one client code, all its API keys together.
///
/// Source: SmartAPI "WebSocket Streaming 2.0", limits.
pub const MAX_CONNECTIONS: usize = 3;
/// The traded instruments' connection.
pub const FIRST: usize = 0;
/// Where the others are put: the first connection is the last choice.
const CHOICES: [usize; MAX_CONNECTIONS] = [1, 2, FIRST];

/// More subscriptions than there are places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpreadFault {
    /// More traded ones than the first connection carries.
    #[error("{was} subscriptions for trading, their one connection carries at most {most}")]
    Traded {
        /// How many were asked for.
        was: usize,
        /// How many one connection carries.
        most: usize,
    },
    /// More than all connections together carry.
    #[error("{was} subscriptions, {MAX_CONNECTIONS} connections carry at most {most}")]
    Full {
        /// How many it would be.
        was: usize,
        /// How many all connections carry.
        most: usize,
    },
}

impl SpreadFault {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Traded { .. } => "watch some of them beside trading, over the other connections",
            Self::Full { .. } => {
                "ask for fewer, and for one mode of each token: each mode counts by itself"
            }
        }
    }
}

/// What one connection is to begin and to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// 0 to 2.
    pub connection: usize,
    /// What changes there.
    pub change: Change,
}

/// The plan of one account's connections.
///
/// Traded subscriptions are on the first connection and never move. The others fill the second, then
/// the third, then what is left of the first. A change moves nothing but what it has to.
#[derive(Clone, Debug)]
pub struct Spread {
    traded: BTreeSet<Subscription>,
    others: [BTreeSet<Subscription>; MAX_CONNECTIONS],
    /// The server has no place for this connection at the moment.
    is_refused: [bool; MAX_CONNECTIONS],
    /// How many one connection carries.
    most: usize,
}

#[derive(Default)]
struct Moves([Change; MAX_CONNECTIONS]);

impl Moves {
    fn list(self) -> Vec<Move> {
        let all = self.0.into_iter().enumerate();
        let some = all.filter(|(_, change)| *change != Change::default());
        some.map(|(connection, change)| Move { connection, change }).collect()
    }
}

impl Spread {
    /// A plan for the `traded` subscriptions and the `others`; what is among both is traded.
    ///
    /// Errors: [`SpreadFault`].
    pub fn new(traded: &[Subscription], others: &[Subscription]) -> Result<Self, SpreadFault> {
        Self::with_room(MAX_SUBSCRIPTIONS, traded, others)
    }

    fn with_room(
        most: usize,
        traded: &[Subscription],
        others: &[Subscription],
    ) -> Result<Self, SpreadFault> {
        let traded: BTreeSet<Subscription> = traded.iter().cloned().collect();
        if traded.len() > most {
            return Err(SpreadFault::Traded { was: traded.len(), most });
        }
        let (empty, is_refused) = (Default::default(), Default::default());
        let mut plan = Self { traded, others: empty, is_refused, most };
        plan.subscribe(others)?;
        Ok(plan)
    }

    /// Adds to the others; those that are there already are free.
    ///
    /// Errors: [`SpreadFault::Full`], and then nothing has changed.
    pub fn subscribe(&mut self, wanted: &[Subscription]) -> Result<Vec<Move>, SpreadFault> {
        let fresh: BTreeSet<_> = wanted.iter().filter(|one| self.place_of(one).is_none()).collect();
        let (was, most) = (self.count() + fresh.len(), MAX_CONNECTIONS * self.most);
        if was > most {
            return Err(SpreadFault::Full { was, most });
        }
        let mut moves = Moves::default();
        for one in fresh {
            self.put(one.clone(), &mut moves);
        }
        Ok(moves.list())
    }

    /// Takes subscriptions away, traded ones too; unknown ones are ignored.
    pub fn unsubscribe(&mut self, unwanted: &[Subscription]) -> Vec<Move> {
        let mut moves = Moves::default();
        for one in unwanted {
            if let Some(connection) = self.place_of(one) {
                self.traded.remove(one);
                self.others[connection].remove(one);
                moves.0[connection].unsubscribe.push(one.clone());
            }
        }
        self.tidy(&mut moves);
        moves.list()
    }

    /// The server has no place for a connection: what fits elsewhere moves there.
    ///
    /// The rest stays, is among [`Self::unserved`], and is served when the connection is
    /// [`Self::restore`]d or room comes up. The first connection keeps what it has.
    pub fn refuse(&mut self, connection: usize) -> Vec<Move> {
        let mut moves = Moves::default();
        if connection != FIRST && connection < MAX_CONNECTIONS {
            self.is_refused[connection] = true;
            self.tidy(&mut moves);
        }
        moves.list()
    }

    /// The connection has come about after all.
    pub fn restore(&mut self, connection: usize) -> Vec<Move> {
        let mut moves = Moves::default();
        if let Some(refused) = self.is_refused.get_mut(connection) {
            *refused = false;
            self.tidy(&mut moves);
        }
        moves.list()
    }

    /// What a connection is to carry.
    pub fn of(&self, connection: usize) -> impl Iterator<Item = &Subscription> {
        let traded = (connection == FIRST).then_some(&self.traded);
        traded.into_iter().chain(self.others.get(connection)).flatten()
    }

    /// What no connection serves at the moment.
    pub fn unserved(&self) -> impl Iterator<Item = &Subscription> {
        let refused = self.others.iter().zip(self.is_refused).filter(|(_, refused)| *refused);
        refused.flat_map(|(some, _)| some)
    }

    /// Whether a connection has anything to carry; the first one always has its place.
    #[must_use]
    pub fn is_needed(&self, connection: usize) -> bool {
        connection == FIRST || self.of(connection).next().is_some()
    }

    /// How many there are in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.traded.len() + self.others.iter().map(BTreeSet::len).sum::<usize>()
    }

    fn place_of(&self, one: &Subscription) -> Option<usize> {
        if self.traded.contains(one) {
            return Some(FIRST);
        }
        self.others.iter().position(|some| some.contains(one))
    }

    fn has_room(&self, connection: usize) -> bool {
        let traded = if connection == FIRST { self.traded.len() } else { 0 };
        traded + self.others[connection].len() < self.most
    }

    /// The best place with room: one that is served first.
    fn room(&self) -> Option<usize> {
        let open = CHOICES.into_iter().filter(|&place| !self.is_refused[place]);
        let refused = CHOICES.into_iter().filter(|&place| self.is_refused[place]);
        open.chain(refused).find(|&place| self.has_room(place))
    }

    /// Puts one where there is room; whoever calls has seen that there is.
    fn put(&mut self, one: Subscription, moves: &mut Moves) {
        if let Some(place) = self.room() {
            moves.0[place].subscribe.push(one.clone());
            self.others[place].insert(one);
        }
    }

    /// Moves what is in a bad place to a better one: off refused connections, then off the first.
    fn tidy(&mut self, moves: &mut Moves) {
        let refused = CHOICES.into_iter().filter(|&place| self.is_refused[place]);
        let bad: Vec<usize> = refused.chain([FIRST]).collect();
        for place in bad {
            let is_better = |&other: &usize| {
                let is_last = other == FIRST && place == FIRST;
                !self.is_refused[other] && !is_last
            };
            let better: Vec<usize> = CHOICES.into_iter().filter(is_better).collect();
            while let Some(&to) = better.iter().find(|&&other| self.has_room(other)) {
                let Some(one) = self.others[place].pop_first() else { break };
                moves.0[place].unsubscribe.push(one.clone());
                moves.0[to].subscribe.push(one.clone());
                self.others[to].insert(one);
            }
        }
    }
}

#[cfg(test)]
mod tests;
