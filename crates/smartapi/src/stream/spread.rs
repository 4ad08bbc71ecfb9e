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
/// The connections beside it, in the order in which they are filled.
pub(super) const SIDES: [usize; MAX_CONNECTIONS - 1] = [1, 2];

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
    /// More beside trading than the other connections carry.
    #[error(
        "{was} subscriptions beside trading, the {} connections for them carry at most {most}",
        SIDES.len()
    )]
    Full {
        /// How many it would be.
        was: usize,
        /// How many those connections carry.
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
                "ask for fewer, and for one mode of each token, as each mode counts by itself; the \
                 traded instruments' connection carries nothing else"
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
/// Traded subscriptions are on the first connection, and nothing else is: each packet there takes the
/// trader's time. The others fill the second connection, then the third. A change moves nothing but
/// what it has to.
#[derive(Clone, Debug)]
pub struct Spread {
    /// What each connection is to carry; the first, what is traded.
    places: [BTreeSet<Subscription>; MAX_CONNECTIONS],
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

    /// A plan for connections that carry so many each.
    pub(super) fn with_room(
        most: usize,
        traded: &[Subscription],
        others: &[Subscription],
    ) -> Result<Self, SpreadFault> {
        let traded: BTreeSet<Subscription> = traded.iter().cloned().collect();
        if traded.len() > most {
            return Err(SpreadFault::Traded { was: traded.len(), most });
        }
        let (places, is_refused) = ([traded, BTreeSet::new(), BTreeSet::new()], [false; 3]);
        let mut plan = Self { places, is_refused, most };
        plan.subscribe(others)?;
        Ok(plan)
    }

    /// Replaces what is traded: what is among the others moves, what is not traded any more ends.
    ///
    /// Errors: [`SpreadFault::Traded`], and then nothing has changed.
    pub fn trade(&mut self, traded: &[Subscription]) -> Result<Vec<Move>, SpreadFault> {
        let wanted: BTreeSet<Subscription> = traded.iter().cloned().collect();
        if wanted.len() > self.most {
            return Err(SpreadFault::Traded { was: wanted.len(), most: self.most });
        }
        let mut moves = Moves::default();
        let had = &self.places[FIRST];
        let gone: Vec<_> = had.difference(&wanted).cloned().collect();
        let fresh: Vec<_> = wanted.difference(had).cloned().collect();
        gone.iter().for_each(|one| self.take(one, &mut moves));
        for one in fresh {
            self.take(&one, &mut moves);
            self.set(FIRST, one, &mut moves);
        }
        self.tidy(&mut moves);
        Ok(moves.list())
    }

    /// Adds to the others; those that are there already, or traded, are free.
    ///
    /// Errors: [`SpreadFault::Full`], and then nothing has changed.
    pub fn subscribe(&mut self, wanted: &[Subscription]) -> Result<Vec<Move>, SpreadFault> {
        let fresh: BTreeSet<_> = wanted.iter().filter(|one| self.place_of(one).is_none()).collect();
        let held: usize = SIDES.iter().map(|&place| self.places[place].len()).sum();
        let (was, most) = (held + fresh.len(), SIDES.len() * self.most);
        if was > most {
            return Err(SpreadFault::Full { was, most });
        }
        let mut moves = Moves::default();
        for one in fresh {
            if let Some(place) = self.room() {
                self.set(place, one.clone(), &mut moves);
            }
        }
        Ok(moves.list())
    }

    /// Takes subscriptions away, traded ones too; unknown ones are ignored.
    pub fn unsubscribe(&mut self, unwanted: &[Subscription]) -> Vec<Move> {
        let mut moves = Moves::default();
        unwanted.iter().for_each(|one| self.take(one, &mut moves));
        self.tidy(&mut moves);
        moves.list()
    }

    /// The server has no place for a connection: what fits on the other of the two moves there.
    ///
    /// The rest stays, is among [`Self::unserved`], and is served when the connection is
    /// [`Self::restore`]d or room comes up. The first connection keeps what it has.
    pub fn refuse(&mut self, connection: usize) -> Vec<Move> {
        self.mark(connection, true)
    }

    /// The connection has come about after all.
    pub fn restore(&mut self, connection: usize) -> Vec<Move> {
        self.mark(connection, false)
    }

    fn mark(&mut self, connection: usize, is_refused: bool) -> Vec<Move> {
        let mut moves = Moves::default();
        if let Some(mark) = self.is_refused.get_mut(connection) {
            *mark = is_refused;
            self.tidy(&mut moves);
        }
        moves.list()
    }

    /// What a connection is to carry.
    pub fn of(&self, connection: usize) -> impl Iterator<Item = &Subscription> {
        self.places.get(connection).into_iter().flatten()
    }

    /// What no connection serves at the moment.
    pub fn unserved(&self) -> impl Iterator<Item = &Subscription> {
        (0..MAX_CONNECTIONS)
            .filter(|&place| self.is_refused(place))
            .flat_map(|place| self.of(place))
    }

    /// Whether the server has no place for a connection.
    #[must_use]
    pub fn is_refused(&self, connection: usize) -> bool {
        self.is_refused.get(connection).is_some_and(|refused| *refused)
    }

    /// Whether a connection has anything to carry; the first one always has its place.
    #[must_use]
    pub fn is_needed(&self, connection: usize) -> bool {
        connection == FIRST || self.of(connection).next().is_some()
    }

    /// How many there are in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.iter().map(BTreeSet::len).sum()
    }

    fn place_of(&self, one: &Subscription) -> Option<usize> {
        self.places.iter().position(|some| some.contains(one))
    }

    fn has_room(&self, connection: usize) -> bool {
        self.places[connection].len() < self.most
    }

    /// The best of the other places with room: one that is served first.
    fn room(&self) -> Option<usize> {
        let open = SIDES.into_iter().filter(|&place| !self.is_refused[place]);
        let refused = SIDES.into_iter().filter(|&place| self.is_refused[place]);
        open.chain(refused).find(|&place| self.has_room(place))
    }

    fn set(&mut self, place: usize, one: Subscription, moves: &mut Moves) {
        moves.0[place].subscribe.push(one.clone());
        self.places[place].insert(one);
    }

    fn take(&mut self, one: &Subscription, moves: &mut Moves) {
        if let Some(place) = self.place_of(one) {
            self.places[place].remove(one);
            moves.0[place].unsubscribe.push(one.clone());
        }
    }

    /// Moves what is on a refused connection to the other one, as far as it fits.
    fn tidy(&mut self, moves: &mut Moves) {
        let (refused, open): (Vec<usize>, Vec<usize>) =
            SIDES.into_iter().partition(|&place| self.is_refused[place]);
        for place in refused {
            for &to in &open {
                while self.has_room(to)
                    && let Some(one) = self.places[place].first().cloned()
                {
                    self.take(&one, moves);
                    self.set(to, one, moves);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
