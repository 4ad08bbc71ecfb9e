//! The exchange behind the account: the venue, shown the tape's rows as they fall due.
//!
//! Whoever comes to it brings it up to date first. While an order or a rule waits there, a thread of
//! its own does so too, so that orders trade and tell of it without being asked for; otherwise that
//! thread sleeps, and playback does not know of it.

pub(crate) mod candles;
mod edis;
pub(crate) mod greeks;
pub(crate) mod listing;
pub(crate) mod rows;
pub(crate) mod words;

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use engine::units::{EventTime, Paise, Qty};
use engine::venue::{Key, Level, Quote, Venue};
use smartapi::order_update::{OrderUpdate, UpdateCode};
use smartapi::packet::{DepthRow, SnapQuote};

use crate::playback::Playback;
use crate::playback::packets::Composer;
use crate::twin::Twin;
use crate::{MarketHours, Options, lock};
use edis::Edis;
use listing::Listing;

/// How often the exchange is looked after while something waits there.
const TURN: Duration = Duration::from_millis(10);
/// Rows that are shown at once; where more have fallen due, the oldest are passed over.
const MOST_ROWS: usize = 4_096;

/// The exchange and its door.
pub(crate) struct Exchange {
    pub(crate) listing: Listing,
    floor: Mutex<Floor>,
    /// Somebody was on the floor, or it is closed.
    news: Condvar,
}

/// What happens at the exchange, for one visitor at a time.
pub(crate) struct Floor {
    pub(crate) venue: Venue,
    /// What time it is there.
    pub(crate) now: EventTime,
    pub(crate) edis: Edis,
    /// Filled with the last row that was shown.
    composer: Composer,
    /// `None` for an instrument that no order can name.
    key: Option<Key>,
    hours: MarketHours,
    /// Rows that were shown or passed over.
    shown: usize,
    closed: bool,
}

impl Exchange {
    pub(crate) fn new(options: &Options, playback: &Playback) -> Self {
        let composer = Composer::new(&options.instrument, &playback.prints);
        let listing = Listing::new(&options.instrument, composer.packet(), options.deposit);
        let mut venue = Venue::new(options.rules.clone());
        if let Some(instrument) = listing.instrument {
            // One that is refused is unknown to the venue, which then says so to every order.
            let _ = venue.list(instrument);
        }
        let key = listing.instrument.map(|instrument| instrument.key);
        let floor = Floor {
            venue,
            now: EventTime::MIN,
            edis: Edis::default(),
            composer,
            key,
            hours: options.market_hours,
            shown: 0,
            closed: false,
        };
        Self { listing, floor: Mutex::new(floor), news: Condvar::new() }
    }

    /// Ends [`Twin::tend_exchange`].
    pub(crate) fn close(&self) {
        lock(&self.floor).closed = true;
        self.news.notify_all();
    }
}

impl Floor {
    /// The packet of the last row that has come to the market.
    pub(crate) const fn packet(&self) -> &SnapQuote {
        self.composer.packet()
    }

    /// Shows the venue what fell due since the last time: all of it where something waits, else the
    /// newest row, which is all that a later order can meet.
    fn catch_up(&mut self, playback: &Playback, wall_s: i64) {
        let wall = EventTime(wall_s.saturating_mul(1_000_000));
        let present = playback.present();
        let most = if self.venue.is_watching() { MOST_ROWS } else { 1 };
        for row in self.shown.max(present.saturating_sub(most))..present {
            let Some((print, day)) = playback.prints.at(row) else { break };
            self.composer.fill(&print, &day, row as i64 + 1);
            self.now = match self.hours {
                MarketHours::Tape => {
                    EventTime::from_millis(print.row.exchange_ts_ms).unwrap_or(self.now)
                }
                MarketHours::Wall => wall,
            };
            if let Some(key) = self.key {
                // Only an instrument that is not listed is refused, and for that no order waits.
                let _ = self.venue.on_quote(key, &quote(self.composer.packet()), self.now);
            }
        }
        self.shown = present;
        if self.hours == MarketHours::Wall {
            self.now = wall;
            self.venue.on_time(wall);
        }
    }
}

impl Twin {
    /// Lets `visit` do something at the exchange as it is now, and tells of what came of it.
    pub(crate) fn at_exchange<T>(&self, visit: impl FnOnce(&mut Floor) -> T) -> T {
        let mut floor = lock(&self.exchange.floor);
        self.pass_time(&mut floor);
        let result = visit(&mut floor);
        self.tell_events(&mut floor);
        drop(floor);
        self.exchange.news.notify_one();
        result
    }

    /// Looks after the exchange until it is closed.
    pub(crate) fn tend_exchange(&self) {
        let Exchange { floor, news, .. } = &self.exchange;
        let mut floor = lock(floor);
        while !floor.closed {
            floor = if floor.venue.is_watching() {
                self.pass_time(&mut floor);
                self.tell_events(&mut floor);
                news.wait_timeout(floor, TURN).unwrap_or_else(PoisonError::into_inner).0
            } else {
                news.wait(floor).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    fn pass_time(&self, floor: &mut Floor) {
        self.settle();
        floor.catch_up(&self.playback, self.wall_s());
    }

    /// Sends an update for each step of an order, but for its first two, for which the stream has no code.
    fn tell_events(&self, floor: &mut Floor) {
        for event in floor.venue.take_events() {
            let row = rows::order(&self.exchange.listing, &event.order);
            let update = OrderUpdate::new(&self.credentials.client_id, row);
            if update.code.known() == Some(UpdateCode::Connected) {
                continue;
            }
            if let Ok(text) = serde_json::to_string(&update) {
                self.tell_order(text);
            }
        }
    }
}

/// What the venue sees of a packet: the price, the day's volume and the best five of both sides.
fn quote(packet: &SnapQuote) -> Quote {
    let level = |row: &DepthRow| Level {
        price: Paise(row.px.get()),
        qty: Qty(row.qty.get()),
        orders: row.orders.get().into(),
    };
    let side = |rows: &[DepthRow]| {
        let mut levels = rows.iter().map(level);
        std::array::from_fn(|_| levels.next().unwrap_or_default())
    };
    Quote {
        last: Paise(packet.quote.head.ltp.get()),
        last_qty: Qty(packet.quote.last_traded_qty.get()),
        volume: Qty(packet.quote.day_volume.get()),
        bids: side(packet.buys()),
        asks: side(packet.sells()),
    }
}
