//! The bounded ring between the tick thread and the recorder's thread: packets as length-prefixed bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

/// Before each packet: when it was read, then its length.
const HEAD: usize = size_of::<u64>() + size_of::<u32>();
/// The most bytes that are taken out of the ring in one go.
const MOST_TAKEN: usize = 1 << 20;

/// The bytes that so many packets of this length need in the ring.
pub(super) const fn room_for(packets: usize, length: usize) -> usize {
    packets * (HEAD + length)
}

/// The tick thread's end: hands packets over, and neither waits nor allocates.
pub(crate) struct Tap {
    ring: Producer<u8>,
    dropped: Arc<AtomicU64>,
}

impl Tap {
    /// Hands over one packet as it came, with the instant of its reading on the run's counter.
    ///
    /// Where the ring has no room for it the packet is dropped, and counted.
    #[inline]
    pub(crate) fn record(&mut self, payload: &[u8], read_ns: u64) {
        let needed = HEAD + payload.len();
        // What was free at the last look is free still; the other thread's index is read only if need be.
        if self.ring.cached_slots() < needed && self.ring.slots() < needed {
            self.drop_one();
            return;
        }
        let mut head = [0; HEAD];
        let (read, length) = head.split_at_mut(size_of::<u64>());
        read.copy_from_slice(&read_ns.to_le_bytes());
        length.copy_from_slice(&(payload.len() as u32).to_le_bytes());
        // There is room for both; the other end waits for the whole of a packet.
        let _ = self.ring.push_entire_slice(&head);
        let _ = self.ring.push_entire_slice(payload);
    }

    #[cold]
    fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// The recorder's end.
pub(super) struct Outlet {
    ring: Consumer<u8>,
    /// Bytes that were taken out, from the first that no whole packet was made of.
    taken: Vec<u8>,
    /// The most bytes that were ever seen in the ring.
    pub(super) max_depth: usize,
}

/// What came out of the ring in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// All there was.
    Everything,
    /// A full measure; there may be more.
    Part,
    /// All there was, and nothing more will come.
    End,
}

/// A ring of so many bytes, reserved and touched; `dropped` counts what finds no room.
pub(super) fn ring(capacity: usize, dropped: Arc<AtomicU64>) -> (Tap, Outlet) {
    let (mut tap, mut outlet) = RingBuffer::<u8>::new(capacity);
    // One round of zeros, so that the tick thread never meets a page for the first time.
    if let Ok(zeros) = tap.write_chunk(capacity) {
        zeros.commit_all();
    }
    if let Ok(zeros) = outlet.read_chunk(capacity) {
        zeros.commit_all();
    }
    let outlet = Outlet { ring: outlet, taken: Vec::with_capacity(2 * MOST_TAKEN), max_depth: 0 };
    (Tap { ring: tap, dropped }, outlet)
}

impl Outlet {
    /// Takes packets out of the ring and shows each, with the instant of its reading.
    pub(super) fn drain(&mut self, mut each: impl FnMut(u64, &[u8])) -> Drained {
        // Asked before the look at the ring: what the other end pushed last is then seen.
        let abandoned = self.ring.is_abandoned();
        let waiting = self.ring.slots();
        let some = waiting.min(MOST_TAKEN);
        if let Ok(chunk) = self.ring.read_chunk(some) {
            let (one, two) = chunk.as_slices();
            self.taken.extend_from_slice(one);
            self.taken.extend_from_slice(two);
            self.max_depth = self.max_depth.max(waiting);
            chunk.commit_all();
        }
        let mut rest = self.taken.as_slice();
        while let Some((read_ns, payload, behind)) = first(rest) {
            each(read_ns, payload);
            rest = behind;
        }
        let used = self.taken.len() - rest.len();
        self.taken.drain(..used);
        match (some < waiting, abandoned) {
            (true, _) => Drained::Part,
            (false, true) => Drained::End,
            (false, false) => Drained::Everything,
        }
    }
}

/// The first whole packet of some bytes, and what is behind it.
fn first(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (read, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((u64::from_le_bytes(*read), payload, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(outlet: &mut Outlet) -> Vec<(u64, Vec<u8>)> {
        let mut all = Vec::new();
        outlet.drain(|read_ns, payload| all.push((read_ns, payload.to_vec())));
        all
    }

    #[test]
    fn packets_of_any_length_come_out_as_they_went_in_across_the_ring_s_end() {
        let (mut tap, mut outlet) = ring(1000, Arc::default());
        for round in 0..1000u64 {
            let length = (round * 37 % 400) as usize;
            let payload: Vec<u8> = (0..length).map(|byte| (byte as u64 + round) as u8).collect();
            tap.record(&payload, round);
            assert_eq!(all(&mut outlet), [(round, payload)]);
        }
        assert_eq!(tap.dropped.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_packet_that_finds_no_room_is_dropped_whole_and_counted() {
        let (mut tap, mut outlet) = ring(room_for(2, 10), Arc::default());
        for read_ns in 1..=4 {
            tap.record(&[7; 10], read_ns);
        }
        tap.record(&[], 5);
        let dropped = || tap.dropped.load(Ordering::Relaxed);
        assert_eq!(dropped(), 3);
        assert_eq!(all(&mut outlet), [(1, vec![7; 10]), (2, vec![7; 10])]);
        assert_eq!(outlet.max_depth, room_for(2, 10));
    }

    #[test]
    fn half_a_packet_waits_for_its_other_half() {
        let (mut tap, mut outlet) = ring(100, Arc::default());
        let mut bytes = 9u64.to_le_bytes().to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(*b"abc");
        let (last, rest) = bytes.split_last().expect("bytes");
        for byte in rest {
            tap.ring.push(*byte).expect("room");
            assert_eq!(all(&mut outlet), []);
        }
        tap.ring.push(*last).expect("room");
        assert_eq!(all(&mut outlet), [(9, b"abc".to_vec())]);
    }

    #[test]
    fn the_end_is_seen_after_the_last_packet() {
        let (mut tap, mut outlet) = ring(1000, Arc::default());
        assert_eq!(outlet.drain(|_, _| ()), Drained::Everything);
        tap.record(b"last", 1);
        drop(tap);
        let mut packets = 0;
        assert_eq!(outlet.drain(|_, _| packets += 1), Drained::End);
        assert_eq!(packets, 1);
    }
}
