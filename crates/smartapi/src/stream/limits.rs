//! The times and numbers that a stream session keeps to, and the length of its pauses.

use std::time::Duration;

/// The most subscriptions one connection carries; a pair of token and mode is one.
///
/// Source: SmartAPI "WebSocket Streaming 2.0", limits.
pub const MAX_SUBSCRIPTIONS: usize = 1000;

/// When a stream speaks, when it is given up, and how long it pauses.
///
/// Shape:  stale before dead for both kinds of silence; `first_pause` at most half of `longest_pause`.
///         A session takes what is shorter than a millisecond for a millisecond, so that no value makes
///         it spin or storm.
/// Source: SmartAPI's heartbeat of 10 s; 20 s without a frame and 90 s without data as the fact sheet
///         of the project has them from the clients that run against the live service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A text `ping` is sent this often. 10 s.
    pub heartbeat: Duration,
    /// Without any frame for this long the stream is shown as stale. 12 s: a heartbeat is unanswered.
    pub frame_stale: Duration,
    /// Without any frame for this long the connection is dead. 20 s.
    pub frame_dead: Duration,
    /// Without a packet for this long the stream is shown as stale. 30 s.
    pub data_stale: Duration,
    /// Without a packet for this long, although subscribed, the connection is dead. 90 s; set it to
    /// hours where silence is normal, as outside the market's session.
    pub data_dead: Duration,
    /// The shortest pause before a new attempt; doubled with each failure. 0.5 s.
    pub first_pause: Duration,
    /// The longest such pause. 60 s.
    pub longest_pause: Duration,
    /// The shortest pause after status 429. 60 s.
    pub cool_down: Duration,
    /// A connection that lived this long counts as good even if no packet came. 30 s.
    pub proven: Duration,
    /// One on which a packet came counts as good after this long; before, its end makes the pauses
    /// grow. 5 s.
    pub settled: Duration,
    /// Opening a connection, name look-up to upgrade, may take this long, and so may the greeting of
    /// the order stream after it. 10 s.
    pub connect: Duration,
    /// After so many failed attempts in a row the session gives up; `None` tries for ever. `None`.
    pub max_attempts: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(10),
            frame_stale: Duration::from_secs(12),
            frame_dead: Duration::from_secs(20),
            data_stale: Duration::from_secs(30),
            data_dead: Duration::from_secs(90),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            cool_down: Duration::from_secs(60),
            proven: Duration::from_secs(30),
            settled: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            max_attempts: None,
        }
    }
}

/// No time of a session is shorter.
const LEAST: Duration = Duration::from_millis(1);

impl Limits {
    /// These limits without a time that makes a session spin or storm.
    pub(super) fn sound(self) -> Self {
        Self {
            heartbeat: self.heartbeat.max(LEAST),
            frame_stale: self.frame_stale.max(LEAST),
            frame_dead: self.frame_dead.max(LEAST),
            data_stale: self.data_stale.max(LEAST),
            data_dead: self.data_dead.max(LEAST),
            first_pause: self.first_pause.max(LEAST),
            longest_pause: self.longest_pause.max(2 * LEAST),
            connect: self.connect.max(LEAST),
            ..self
        }
    }

    /// The pause after the `failures`-th failure in a row: from the doubled `first_pause`, capped at
    /// half of `longest_pause`, up to twice that.
    pub(super) fn pause(&self, failures: u32, noise: &mut Noise) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let least = self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause / 2);
        least + noise.below(least)
    }

    /// The pause after status 429: `cool_down` and up to an eighth more, so that several programs
    /// that were refused together do not come back together.
    pub(super) fn pause_after_429(&self, noise: &mut Noise) -> Duration {
        self.cool_down + noise.below(self.cool_down / 8)
    }
}

/// Seeded random numbers (SplitMix64), so that a session is deterministic; no secret depends on them.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: Duration) -> Duration {
        let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX).max(1);
        Duration::from_nanos(self.next() % nanos)
    }

    /// A mask for one frame.
    pub(super) fn mask(&mut self) -> [u8; 4] {
        (self.next() as u32).to_be_bytes()
    }
}
