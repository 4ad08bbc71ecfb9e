//! Second room: duplicates, order and acceptance; what is known of the instrument.

mod sequence;

pub use sequence::{SequenceMemory, Verdict};

use super::feed::{RawTick, Received};
use crate::units::{EventTime, Micros, Paise, Qty, Touch, Zone};

/// A tick that was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Exchange time, never before the time of an earlier tick.
    pub time: EventTime,
    /// Last traded price, above zero.
    pub price: Paise,
    /// Quantity of this tick, 0 where the source's was not usable.
    pub volume: Qty,
    /// The best prices of both sides, where the source has depth.
    pub touch: Option<Touch>,
}

/// Why a tick was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The same sequence number was seen before today.
    Duplicate,
    /// No readable time.
    Time,
    /// No readable price above zero.
    Price,
    /// Earlier than the last accepted tick.
    Order,
}

/// How many ticks came, and what became of those that were not accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Ticks that were examined: all but the duplicates.
    pub ticks: u64,
    /// Without a readable time.
    pub rejected_time: u64,
    /// Without a readable price.
    pub rejected_price: u64,
    /// Earlier than the last accepted tick.
    pub rejected_order: u64,
    /// Accepted with volume 0 because theirs was not usable.
    pub volume_zeroed: u64,
    /// Packets with a sequence number that was seen before; not in `ticks`.
    pub duplicates: u64,
    /// Packets with a lower sequence number than an earlier one; passed on.
    pub out_of_sequence: u64,
    /// How often a packet was not the next one of its day.
    pub gaps: u64,
    /// The sequence numbers that were skipped then; late packets may have brought some of them.
    pub missing: u64,
}

/// The state of the instrument as the broker shows it.
#[derive(Clone, Debug)]
pub struct Broker {
    zone: Zone,
    sequences: SequenceMemory,
    last: Option<Tick>,
    next_day: EventTime,
    arrivals: Arrivals,
}

impl Broker {
    /// Knows nothing yet; `zone` decides where one day's sequence numbers end.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            sequences: SequenceMemory::new(),
            last: None,
            next_day: EventTime::MIN,
            arrivals: Arrivals::default(),
        }
    }

    /// Takes a tick with its packet's sequence number.
    #[inline]
    pub fn on_received(&mut self, received: Received) -> Result<Tick, Refusal> {
        if let Some(time) = received.raw.time.filter(|time| *time >= self.next_day) {
            self.next_day = self.zone.day_start(time) + Micros::DAY;
            self.sequences.forget();
        }
        // A packet of an older day says nothing about today's numbers.
        let of_older_day = received.raw.time.is_some_and(|time| time < self.next_day - Micros::DAY);
        let sequence = if of_older_day { 0 } else { received.sequence };
        match self.sequences.note(sequence) {
            Verdict::Fresh => {}
            Verdict::Ahead { missing } => {
                self.arrivals.gaps += 1;
                self.arrivals.missing = self.arrivals.missing.saturating_add(missing);
            }
            Verdict::Late => self.arrivals.out_of_sequence += 1,
            Verdict::Duplicate => {
                self.arrivals.duplicates += 1;
                return Err(Refusal::Duplicate);
            }
        }
        self.on_row(received.raw)
    }

    /// Takes a tick of a source without sequence numbers, such as a file.
    #[inline]
    pub fn on_row(&mut self, raw: RawTick) -> Result<Tick, Refusal> {
        self.arrivals.ticks += 1;
        let Some(time) = raw.time else {
            self.arrivals.rejected_time += 1;
            return Err(Refusal::Time);
        };
        let Some(price) = raw.price else {
            self.arrivals.rejected_price += 1;
            return Err(Refusal::Price);
        };
        if self.last.is_some_and(|last| time < last.time) {
            self.arrivals.rejected_order += 1;
            return Err(Refusal::Order);
        }
        let volume = raw.volume.unwrap_or_else(|| {
            self.arrivals.volume_zeroed += 1;
            Qty::ZERO
        });
        let tick = Tick { time, price, volume, touch: raw.touch };
        self.last = Some(tick);
        Ok(tick)
    }

    /// The last accepted tick.
    #[must_use]
    pub const fn last(&self) -> Option<Tick> {
        self.last
    }

    /// What has come so far.
    #[must_use]
    pub const fn arrivals(&self) -> Arrivals {
        self.arrivals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_is_not_the_next_one_of_its_day_is_counted_as_a_gap() {
        let mut broker = Broker::new(Zone::INDIA);
        let mut receive = |sequence, day: i64| {
            let time = EventTime(1_759_722_300_000_000) + Micros(day * Micros::DAY.0);
            let raw =
                RawTick { time: Some(time), price: Some(Paise(10_000)), ..RawTick::default() };
            let _ = broker.on_received(Received { raw, sequence });
            (broker.arrivals().gaps, broker.arrivals().missing)
        };
        assert_eq!(receive(7, 0), (0, 0), "the first of a day");
        assert_eq!(receive(8, 0), (0, 0));
        assert_eq!(receive(12, 0), (1, 3));
        assert_eq!(receive(10, 0), (1, 3), "late, and out of sequence");
        assert_eq!(receive(0, 0), (1, 3), "no number");
        assert_eq!(receive(20, 0), (2, 10));
        assert_eq!(receive(100, 1), (2, 10), "another day has numbers of its own");
    }
}
