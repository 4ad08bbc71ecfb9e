//! The connections of one account together: which of them run, who gives way, and what is not served.

use std::collections::BTreeSet;

use super::request::Subscription;
use super::spread::{FIRST, MAX_CONNECTIONS, Move, SIDES, Spread, SpreadFault};
use super::state::{Because, ConnectionState};

/// A connection that was accepted and closed so often in a row, before it had proven good, has no
/// place with the server: some users see that instead of status 429.
const CLOSED_AT_ONCE: u32 = 2;

/// After a place has come free the server may be late to notice: so many more refusals of the first
/// connection do not yet cost another place.
const GRACE: u32 = 2;

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Begin one of the other connections; then [`Fleet::on_ended`] if that fails.
    Begin {
        /// 1 or 2.
        connection: usize,
        /// What it is to carry.
        subscriptions: Vec<Subscription>,
    },
    /// Tell a connection that runs, or the first, what changes.
    Change(Move),
    /// End one of the other connections; then [`Fleet::on_ended`].
    Leave {
        /// 1 or 2.
        connection: usize,
    },
    /// A place has come free: the pause of the first connection is cut short.
    HurryFirst,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Not begun, or ended because it was not needed or had to give way.
    #[default]
    Idle,
    Running,
    /// It was told to leave, and may still hold its place.
    Leaving,
    /// Ended for good, until [`Fleet::restart`].
    Over,
}

#[derive(Clone, Debug, Default)]
struct Place {
    phase: Phase,
    /// It has a connection, or is opening one.
    holds: bool,
    /// The present attempt was accepted.
    was_accepted: bool,
    /// How often it was accepted and closed since it was last good.
    closes: u32,
    /// What the server has refused on the present connection.
    faulty: BTreeSet<Subscription>,
}

/// The three connections of an account: the trader's, which comes first, and two beside it.
///
/// The driver reports with the `on_*` calls and carries out the [`Order`]s that each returns, in
/// order. It keeps to one connection at a time in each place, so there is never a fourth.
///
/// The other two begin once the first has been live, and only if they are needed. One that the server
/// has no place for (status 429, or accepted and closed at once, twice) gives its subscriptions to the
/// other as far as they fit; it tries again after its pause as long as anything is left on it, and ends
/// if nothing is. If it is the first that has no place, the others give theirs up, one after another,
/// and try again once the first is live. What nobody carries is named by [`Fleet::unserved`].
#[derive(Clone, Debug)]
pub struct Fleet {
    plan: Spread,
    places: [Place; MAX_CONNECTIONS],
    /// The first connection has been live.
    has_begun: bool,
    /// The first connection has no place, and the others leave theirs to it.
    first_waits: bool,
    /// So many more refusals of the first cost nothing.
    grace: u32,
    is_stopping: bool,
}

impl Fleet {
    /// A fleet that has not begun; the driver begins the first connection by itself.
    #[must_use]
    pub fn new(plan: Spread) -> Self {
        let mut places: [Place; MAX_CONNECTIONS] = Default::default();
        places[FIRST].phase = Phase::Running;
        Self { plan, places, has_begun: false, first_waits: false, grace: 0, is_stopping: false }
    }

    /// The plan that it keeps to.
    #[must_use]
    pub const fn plan(&self) -> &Spread {
        &self.plan
    }

    /// See [`Spread::subscribe`].
    ///
    /// Errors: [`SpreadFault::Full`], and then nothing has changed.
    pub fn subscribe(&mut self, wanted: &[Subscription]) -> Result<Vec<Order>, SpreadFault> {
        let moves = self.plan.subscribe(wanted)?;
        Ok(self.orders(moves))
    }

    /// See [`Spread::unsubscribe`].
    pub fn unsubscribe(&mut self, unwanted: &[Subscription]) -> Vec<Order> {
        let moves = self.plan.unsubscribe(unwanted);
        self.orders(moves)
    }

    /// See [`Spread::trade`].
    ///
    /// Errors: [`SpreadFault::Traded`], and then nothing has changed.
    pub fn trade(&mut self, traded: &[Subscription]) -> Result<Vec<Order>, SpreadFault> {
        let moves = self.plan.trade(traded)?;
        Ok(self.orders(moves))
    }

    /// A connection's state has changed. One that is about to connect and is told to leave does not
    /// connect.
    pub fn on_state(&mut self, connection: usize, state: &ConnectionState) -> Vec<Order> {
        let Some(place) = self.places.get_mut(connection) else { return Vec::new() };
        let held = std::mem::replace(&mut place.holds, holds(state));
        match state {
            ConnectionState::Connecting { attempt } => {
                place.was_accepted = false;
                place.faulty.clear();
                if *attempt == 1 {
                    place.closes = 0;
                }
                self.on_connecting(connection)
            }
            ConnectionState::Live => {
                place.was_accepted = true;
                if connection == FIRST {
                    (self.has_begun, self.first_waits, self.grace) = (true, false, 0);
                }
                if self.is_doubted(connection) { Vec::new() } else { self.restore(connection) }
            }
            // A pause that is cut short is shown as another pause.
            ConnectionState::BackingOff { because, .. } if held => {
                self.on_lost(connection, because)
            }
            _ => Vec::new(),
        }
    }

    /// Whether a connection was closed at once so often that only a packet proves it good.
    #[must_use]
    pub fn is_doubted(&self, connection: usize) -> bool {
        let closes = self.places.get(connection).map_or(0, |place| place.closes);
        connection != FIRST && closes >= CLOSED_AT_ONCE
    }

    /// A packet came over a connection that was in doubt.
    pub fn on_proof(&mut self, connection: usize) -> Vec<Order> {
        if let Some(place) = self.places.get_mut(connection) {
            place.closes = 0;
        }
        self.restore(connection)
    }

    /// The server has refused a request for these; they are asked for again with the next connection.
    pub fn on_faulty(&mut self, connection: usize, refused: &[Subscription]) {
        if let Some(place) = self.places.get_mut(connection) {
            place.faulty.extend(refused.iter().cloned());
        }
    }

    /// A connection has ended, for whatever reason, and its socket is closed.
    pub fn on_ended(&mut self, connection: usize) -> Vec<Order> {
        let Some(place) = self.places.get_mut(connection) else { return Vec::new() };
        let was = std::mem::take(place).phase;
        let moves = if connection != FIRST && was == Phase::Leaving {
            Vec::new()
        } else {
            place.phase = Phase::Over;
            self.plan.refuse(connection)
        };
        if connection == FIRST {
            self.first_waits = false;
        }
        let mut orders = self.orders(moves);
        if self.first_waits {
            self.grace = GRACE;
            orders.push(Order::HurryFirst);
        }
        orders
    }

    /// The first connection begins, for the first time or again.
    pub fn on_first_begins(&mut self) {
        self.places[FIRST].phase = Phase::Running;
    }

    /// Begins those again that have ended for good.
    pub fn restart(&mut self) -> Vec<Order> {
        for place in SIDES {
            if self.places[place].phase == Phase::Over {
                self.places[place].phase = Phase::Idle;
            }
        }
        self.orders(Vec::new())
    }

    /// Nothing begins any more.
    pub const fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// What no connection is there for at the moment: its connection has no place with the server, has
    /// ended, or has not begun, or the server has refused the request.
    pub fn unserved(&self) -> impl Iterator<Item = &Subscription> {
        (0..MAX_CONNECTIONS).flat_map(|connection| {
            let place = &self.places[connection];
            let is_out = place.phase != Phase::Running || self.plan.is_refused(connection);
            let all = self.plan.of(connection);
            all.filter(move |one| is_out || place.faulty.contains(*one))
        })
    }

    fn on_connecting(&mut self, connection: usize) -> Vec<Order> {
        let may = self.plan.is_needed(connection) && !self.first_waits && !self.is_stopping;
        if connection == FIRST || may {
            return Vec::new();
        }
        self.leave(connection)
    }

    fn leave(&mut self, connection: usize) -> Vec<Order> {
        let place = &mut self.places[connection];
        if place.phase != Phase::Running {
            return Vec::new();
        }
        place.phase = Phase::Leaving;
        vec![Order::Leave { connection }]
    }

    fn restore(&mut self, connection: usize) -> Vec<Order> {
        let is_running = self.places[connection].phase == Phase::Running;
        let moves = if is_running { self.plan.restore(connection) } else { Vec::new() };
        self.orders(moves)
    }

    fn on_lost(&mut self, connection: usize, because: &Because) -> Vec<Order> {
        let is_too_many = matches!(because, Because::Refused(refusal) if refusal.is_too_many());
        let is_closed = matches!(because, Because::Closed { .. } | Because::Lost { .. });
        let place = &mut self.places[connection];
        if is_closed && place.was_accepted {
            place.closes = place.closes.saturating_add(1);
        }
        let has_no_place = is_too_many || (is_closed && self.is_doubted(connection));
        match connection {
            FIRST if is_too_many => self.give_way(),
            FIRST => Vec::new(),
            _ if has_no_place => {
                let moves = self.plan.refuse(connection);
                self.orders(moves)
            }
            _ => Vec::new(),
        }
    }

    /// The first connection has no place: the last of the others that holds one gives it up.
    fn give_way(&mut self) -> Vec<Order> {
        self.first_waits = true;
        let mut moves = self.plan.refuse(FIRST);
        let is_leaving = SIDES.iter().any(|&place| self.places[place].phase == Phase::Leaving);
        let holds = |&place: &usize| {
            let place = &self.places[place];
            place.holds && place.phase == Phase::Running
        };
        if is_leaving || self.grace > 0 {
            self.grace = self.grace.saturating_sub(1);
            return self.orders(moves);
        }
        let Some(giver) = SIDES.into_iter().rev().find(holds) else {
            return self.orders(moves);
        };
        let leave = self.leave(giver);
        moves.extend(self.plan.refuse(giver));
        let mut orders = self.orders(moves);
        orders.extend(leave);
        orders
    }

    /// The moves that concern a connection that runs, and what is to begin.
    fn orders(&mut self, moves: Vec<Move>) -> Vec<Order> {
        let hears = |one: &Move| {
            one.connection == FIRST || self.places[one.connection].phase == Phase::Running
        };
        let mut orders: Vec<Order> = moves.into_iter().filter(hears).map(Order::Change).collect();
        let may_begin = self.has_begun && !self.first_waits && !self.is_stopping;
        for connection in SIDES.into_iter().filter(|_| may_begin) {
            if self.places[connection].phase == Phase::Idle && self.plan.is_needed(connection) {
                self.places[connection].phase = Phase::Running;
                let subscriptions = self.plan.of(connection).cloned().collect();
                orders.push(Order::Begin { connection, subscriptions });
            }
        }
        orders
    }
}

/// Whether a connection in this state has a socket, or is opening one.
const fn holds(state: &ConnectionState) -> bool {
    matches!(
        state,
        ConnectionState::Connecting { .. } | ConnectionState::Live | ConnectionState::Stale { .. }
    )
}

#[cfg(test)]
mod tests;
