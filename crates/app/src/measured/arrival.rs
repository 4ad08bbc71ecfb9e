//! When a frame came, on the counter: from the kernel's stamp, or from what is known besides.

use client::market::{KernelStamp, NotBefore, Stamps};
use engine::probe::Counter as _;

use crate::clock::{Cycles, WallClock};

/// What the offset may have drifted by since it was measured, in nanoseconds.
const DRIFT_NS: u64 = 1_000;
/// What the kernel may take, in nanoseconds, between its stamp and the queue that a read empties: it
/// stamps first and may be called away then. Generous, for such ticks are the slowest, and a run must
/// not lose them; a date that is corrected by less is slewed and not set.
const QUEUEING_NS: i64 = 100_000_000;

/// When the kernel had a frame's last byte, as a raw reading that is not later than the read's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Then.
    Exact(u64),
    /// Then or later: others came with the same read call.
    Bounded(u64),
    /// The kernel gave no stamp.
    Missing,
    /// The date was set, or the stamp is one that cannot be.
    Unplaced,
}

impl Arrival {
    /// The first stamp of the trace.
    #[inline]
    pub(super) const fn stamp(self) -> Option<u64> {
        match self {
            Self::Exact(raw) | Self::Bounded(raw) => Some(raw),
            Self::Missing | Self::Unplaced => None,
        }
    }
}

/// How many traced ticks came in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ArrivalCounts {
    pub(crate) exact: u64,
    pub(crate) bounded: u64,
    pub(crate) missing: u64,
    pub(crate) unplaced: u64,
}

impl ArrivalCounts {
    #[inline]
    pub(super) const fn note(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Exact(_) => self.exact += 1,
            Arrival::Bounded(_) => self.bounded += 1,
            Arrival::Missing => self.missing += 1,
            Arrival::Unplaced => self.unplaced += 1,
        }
    }

    /// Traced ticks without a `kernel_wait`.
    pub(crate) const fn unknown(&self) -> u64 {
        self.missing + self.unplaced
    }
}

/// Converts the kernel's stamps, on the tick thread.
#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    cycles: Cycles,
    wall: WallClock,
}

impl Arrivals {
    pub(super) fn new(cycles: &Cycles, wall: WallClock) -> Self {
        Self { cycles: cycles.clone(), wall }
    }

    /// When the frame of `stamps` came; `read_ns` is its read on the counter's scale.
    #[inline]
    pub(super) fn of(&self, stamps: &Stamps, read_ns: u64) -> Arrival {
        if stamps.kernel == KernelStamp::Missing {
            return Arrival::Missing;
        }
        let Some(offset) = self.wall.offset(read_ns) else { return Arrival::Unplaced };
        let slack = (offset.bracket_ns + DRIFT_NS) as i64;
        let waited = |wall_ns: u64| read_ns as i64 + offset.offset_ns - wall_ns as i64;
        let most = self.most_waited(stamps, waited);
        match stamps.kernel {
            KernelStamp::Own(wall_ns) => {
                let waited = waited(wall_ns);
                let can_be = (-slack..=most + QUEUEING_NS + slack).contains(&waited);
                if can_be {
                    Arrival::Exact(self.before_read(stamps, waited))
                } else {
                    Arrival::Unplaced
                }
            }
            _ if most < -slack => Arrival::Unplaced,
            _ => Arrival::Bounded(self.before_read(stamps, most)),
        }
    }

    /// Nanoseconds between the moment when the frame had not come and its read.
    #[inline]
    fn most_waited(&self, stamps: &Stamps, waited: impl Fn(u64) -> i64) -> i64 {
        let NotBefore { raw, wall_ns } = stamps.after;
        let by_counter = self.cycles.nanos(raw, stamps.read) as i64;
        if wall_ns == 0 { by_counter } else { by_counter.min(waited(wall_ns)) }
    }

    /// The reading so many nanoseconds before a frame's read.
    #[inline]
    fn before_read(&self, stamps: &Stamps, ns: i64) -> u64 {
        stamps.read.saturating_sub(self.cycles.counts(ns.max(0) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::WallOffset;

    /// The read's place on the counter's scale, and the date then.
    const READ_NS: u64 = 50_000_000_000;
    const READ_WALL: u64 = 1_760_000_000_000_000_000;

    struct Scene {
        arrivals: Arrivals,
        read: u64,
    }

    impl Scene {
        fn new() -> Self {
            let cycles = Cycles::new();
            let read = cycles.counts(READ_NS);
            let offset_ns = READ_WALL as i64 - READ_NS as i64;
            let wall = WallClock::known(WallOffset { offset_ns, bracket_ns: 50 }, READ_NS + 1);
            Self { arrivals: Arrivals::new(&cycles, wall), read }
        }

        /// The counter so many nanoseconds before the read.
        fn raw(&self, before_ns: u64) -> u64 {
            self.read - self.arrivals.cycles.counts(before_ns)
        }

        /// Nanoseconds before the read at which the frame came, by what is known of it.
        fn of(&self, kernel: KernelStamp, after: NotBefore) -> Result<(u64, bool), Arrival> {
            let stamps = Stamps { kernel, after, read: self.read, framed: self.read };
            let ns = |raw| self.arrivals.cycles.nanos(raw, self.read).next_multiple_of(10);
            match self.arrivals.of(&stamps, READ_NS) {
                Arrival::Exact(raw) => Ok((ns(raw), true)),
                Arrival::Bounded(raw) => Ok((ns(raw), false)),
                arrival => Err(arrival),
            }
        }
    }

    #[test]
    fn a_stamp_of_its_own_is_taken_as_it_is_and_never_later_than_the_read() {
        let scene = Scene::new();
        let after = NotBefore { raw: scene.raw(9_000), wall_ns: READ_WALL - 8_000 };
        let own = |before: i64| KernelStamp::Own((READ_WALL as i64 - before) as u64);
        assert_eq!(scene.of(own(3_000), after), Ok((3_000, true)));
        assert_eq!(scene.of(own(-900), after), Ok((0, true)), "the clocks are not that equal");
        assert_eq!(scene.of(own(8_900), after), Ok((8_900, true)));
    }

    #[test]
    fn what_the_kernel_took_before_it_queued_a_segment_is_part_of_the_wait() {
        let scene = Scene::new();
        let after = NotBefore { raw: scene.raw(9_000), wall_ns: 0 };
        let stamp = KernelStamp::Own(READ_WALL - 60_000);
        assert_eq!(scene.of(stamp, after), Ok((60_000, true)), "the queue was empty 9 µs ago");
    }

    #[test]
    fn a_stamp_that_cannot_be_is_no_stamp() {
        let scene = Scene::new();
        let after = NotBefore { raw: scene.raw(9_000), wall_ns: 0 };
        let own = |before: i64| KernelStamp::Own((READ_WALL as i64 - before) as u64);
        assert_eq!(scene.of(own(-1_100), after), Err(Arrival::Unplaced), "after its read");
        let early = own(10_100 + QUEUEING_NS);
        assert_eq!(scene.of(early, after), Err(Arrival::Unplaced), "before it was sent");
        assert_eq!(scene.of(KernelStamp::Missing, after), Err(Arrival::Missing));
        let future = NotBefore { wall_ns: READ_WALL + 1_100, ..after };
        assert_eq!(scene.of(KernelStamp::Shared, future), Err(Arrival::Unplaced));
        let lost =
            Scene { arrivals: Arrivals::new(&Cycles::new(), WallClock::default()), ..Scene::new() };
        assert_eq!(lost.of(own(1_000), after), Err(Arrival::Unplaced), "the date was set");
    }

    #[test]
    fn a_frame_without_a_stamp_of_its_own_came_at_the_later_of_two_moments_at_the_earliest() {
        let scene = Scene::new();
        let bound = |raw_ns, wall_ns| {
            let after = NotBefore { raw: scene.raw(raw_ns), wall_ns };
            scene.of(KernelStamp::Shared, after)
        };
        assert_eq!(bound(9_000, 0), Ok((9_000, false)));
        assert_eq!(bound(9_000, READ_WALL - 4_000), Ok((4_000, false)));
        assert_eq!(bound(2_000, READ_WALL - 4_000), Ok((2_000, false)));
    }

    #[test]
    fn each_way_is_counted_on_its_own() {
        let mut counts = ArrivalCounts::default();
        let ways = [Arrival::Exact(1), Arrival::Bounded(1), Arrival::Missing, Arrival::Unplaced];
        ways.iter().zip(1..).for_each(|(way, times)| (0..times).for_each(|_| counts.note(*way)));
        let expected = ArrivalCounts { exact: 1, bounded: 2, missing: 3, unplaced: 4 };
        assert_eq!((counts, counts.unknown()), (expected, 7));
    }
}
