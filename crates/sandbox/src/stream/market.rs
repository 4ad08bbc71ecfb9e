//! One connection of the market stream: a cursor into the tape.

use std::sync::Arc;

use smartapi::packet::Mode;
use smartapi::stream::request::{PING, PONG};
use tungstenite::{Bytes, Message, Utf8Bytes};

use super::line::{Ended, Line, WRITE_BUFFER};
use super::subscriptions::Subscriptions;
use super::trouble::{Leave, Trouble, bent};
use crate::faults::{Faults, PacketFault, Stream};
use crate::playback::index::IndexComposer;
use crate::playback::packets::Composer;
use crate::playback::{Attendance, Playback};
use crate::twin::Twin;

/// Rows that are sent before the client is listened to again.
const BATCH: usize = 128;
/// A row in every mode, and of the index in all but the last, each with the longest head of a frame.
const MOST_OF_A_ROW: usize = Mode::Depth20.packet_len()
    + 2 * (Mode::Ltp.packet_len() + Mode::Quote.packet_len() + Mode::SnapQuote.packet_len())
    + 7 * 10;
// A batch leaves in one write, so that the time that is noted for it is the one right before.
const _: () = assert!(BATCH * MOST_OF_A_ROW < WRITE_BUFFER);
/// Messages that are read before packets are sent again.
const MOST_MESSAGES: usize = 64;

/// Requests that wait for the end of a stall; a client that sends more is cut off.
const MOST_UNHEARD: usize = 1_000;

/// Serves `line`, connection `number` of the market stream, until either side ends it.
pub(crate) fn serve(mut line: Line, number: u64, twin: &Arc<Twin>) {
    let mut market = Market {
        subscriptions: Subscriptions::new(&twin.instrument, twin.depth_20),
        composer: Composer::new(&twin.instrument, &twin.playback.prints),
        index: IndexComposer::new(&twin.playback.prints),
        playback: Arc::clone(&twin.playback),
        cursor: None,
        trouble: Trouble::new(Arc::clone(&twin.faults), Stream::Market, number),
        unheard: Vec::new(),
        overtaken: Vec::new(),
        faults: Arc::clone(&twin.faults),
        last_left: 0,
    };
    while market.turn(&mut line).is_ok() {}
}

/// Where a subscribed connection is on the tape.
struct Cursor {
    /// The row that is sent next.
    next: usize,
    /// Held while rows are still owed.
    attendance: Option<Attendance>,
}

struct Market {
    subscriptions: Subscriptions,
    composer: Composer,
    index: IndexComposer,
    playback: Arc<Playback>,
    cursor: Option<Cursor>,
    trouble: Trouble,
    /// Requests that came during a stall.
    unheard: Vec<Utf8Bytes>,
    /// A packet that the next one is to overtake, in each mode.
    overtaken: Vec<Bytes>,
    faults: Arc<Faults>,
    /// When the packet before left, where packets take their time.
    last_left: u64,
}

impl Market {
    /// Listens, sends what is due, and sleeps until there is more of either.
    fn turn(&mut self, line: &mut Line) -> Result<(), Ended> {
        let stalled = match self.trouble.meet(line, self.position())? {
            Leave::Frozen { until } => return line.freeze(until),
            Leave::Stalled { until } => Some(until),
            Leave::Free => None,
        };
        let heard_all = self.listen(line, stalled.is_some())?;
        if stalled.is_none() && !line.is_blocked() {
            self.send_due(line)?;
        }
        line.flush()?;
        let rows = self.playback.rows();
        if let Some(cursor) = self.cursor.as_mut().filter(|c| c.next >= rows && !line.is_blocked())
        {
            cursor.attendance = None;
        }
        let next = stalled.or_else(|| self.leaves(self.cursor.as_ref()?.next));
        let next = [next, self.trouble.next_look()].into_iter().flatten().min();
        line.wait(if heard_all { next } else { Some(0) })
    }

    /// Packets of the tape that lie behind this connection.
    fn position(&self) -> usize {
        self.cursor.as_ref().map_or(0, |cursor| cursor.next)
    }

    /// When a row leaves: when it is due, or later by the stream's latency, but never before the row
    /// ahead of it.
    fn leaves(&self, row: usize) -> Option<u64> {
        let due = self.playback.schedule.due_ns(row)?;
        let Some(latency) = self.faults.stream_latency(row as u64) else { return Some(due) };
        Some(due.saturating_add(latency.as_nanos() as u64).max(self.last_left))
    }

    /// Whether all that the client said has been read; what it asks during a stall has to wait.
    fn listen(&mut self, line: &mut Line, stalled: bool) -> Result<bool, Ended> {
        if !stalled {
            for text in std::mem::take(&mut self.unheard) {
                self.request(line, &text)?;
            }
        }
        for _ in 0..MOST_MESSAGES {
            match line.receive()? {
                None => return Ok(true),
                Some(Message::Text(text)) if text == PING => line.queue(Message::text(PONG))?,
                Some(Message::Text(text)) if stalled => {
                    if self.unheard.len() == MOST_UNHEARD {
                        return Err(Ended);
                    }
                    self.unheard.push(text);
                }
                Some(Message::Text(text)) => self.request(line, &text)?,
                Some(_) => {}
            }
        }
        Ok(false)
    }

    fn request(&mut self, line: &mut Line, text: &str) -> Result<(), Ended> {
        let subscribed =
            |all: &Subscriptions| [all.modes(), all.index_modes()].map(<[Mode]>::to_vec);
        let before = subscribed(&self.subscriptions);
        if let Err(refusal) = self.subscriptions.apply(text) {
            let refusal = serde_json::to_string(&refusal).map_err(|_| Ended)?;
            return line.queue(Message::text(refusal));
        }
        let mut now = subscribed(&self.subscriptions);
        if now.iter().all(Vec::is_empty) {
            self.cursor = None;
            self.overtaken.clear();
            return Ok(());
        }
        for (now, before) in now.iter_mut().zip(before) {
            now.retain(|mode| !before.contains(mode));
        }
        let [fresh, fresh_of_index] = now;
        if !fresh.is_empty() || !fresh_of_index.is_empty() {
            self.snapshot(line, &fresh, &fresh_of_index)?;
        }
        Ok(())
    }

    /// Sends the row before the cursor; a new cursor begins behind the row that it sees first.
    fn snapshot(
        &mut self,
        line: &mut Line,
        modes: &[Mode],
        of_index: &[Mode],
    ) -> Result<(), Ended> {
        let playback = &self.playback;
        let cursor = self.cursor.get_or_insert_with(|| {
            let (attendance, first) = playback.attend();
            Cursor { next: first + 1, attendance: Some(attendance) }
        });
        let row = cursor.next - 1;
        self.playback.handed_over(row, row + 1, line.now());
        if !modes.is_empty() {
            self.send_disturbed(line, row, modes)?;
        }
        self.send_index(line, row, of_index)
    }

    /// Queues the rows that are due, at most a batch of them.
    fn send_due(&mut self, line: &mut Line) -> Result<(), Ended> {
        let Some(start) = self.cursor.as_ref().map(|cursor| cursor.next) else { return Ok(()) };
        let plain = self.overtaken.is_empty() && !self.faults.delays_streams();
        if !plain || self.trouble.is_near() {
            return self.send_one_by_one(line, start);
        }
        let now = line.now();
        let due = |row| self.playback.schedule.due_ns(row).is_some_and(|time| time <= now);
        let Some(end) = (start..start + BATCH).take_while(|&row| due(row)).last() else {
            return Ok(());
        };
        let end = end + 1;
        for row in start..end {
            self.compose(row);
            for &mode in self.subscriptions.modes() {
                line.queue(Message::Binary(self.composer.bytes(mode)))?;
            }
            if !self.subscriptions.index_modes().is_empty() {
                let modes = self.subscriptions.index_modes().to_vec();
                self.send_index(line, row, &modes)?;
            }
        }
        // A batch fits into the line's buffer, so none of it has been written yet.
        self.playback.handed_over(start, end, line.now());
        if let Some(cursor) = &mut self.cursor {
            cursor.next = end;
        }
        Ok(())
    }

    /// As [`Market::send_due`], with a look at the faults and the latency before every row.
    fn send_one_by_one(&mut self, line: &mut Line, start: usize) -> Result<(), Ended> {
        let modes = self.subscriptions.modes().to_vec();
        let of_index = self.subscriptions.index_modes().to_vec();
        for row in start..start + BATCH {
            let Some(leaves) = self.leaves(row).filter(|&time| time <= line.now()) else { break };
            if self.trouble.meet(line, row)? != Leave::Free {
                break;
            }
            self.last_left = leaves;
            self.playback.handed_over(row, row + 1, line.now());
            if !modes.is_empty() {
                self.send_disturbed(line, row, &modes)?;
            }
            self.send_index(line, row, &of_index)?;
            if let Some(cursor) = &mut self.cursor {
                cursor.next = row + 1;
            }
        }
        if self.position() == self.playback.rows() {
            self.send_overtaken(line)?;
        }
        Ok(())
    }

    /// Queues the packets of a row as its fault leaves them, and then the one that they overtook.
    fn send_disturbed(&mut self, line: &mut Line, row: usize, modes: &[Mode]) -> Result<(), Ended> {
        let fault = self.trouble.packet(row);
        self.compose(row);
        let bent = |&mode| bent(&mut self.composer, mode, fault);
        let packets: Vec<Bytes> = modes.iter().flat_map(bent).collect();
        if fault == Some(PacketFault::Reorder) {
            self.send_overtaken(line)?;
            self.overtaken = packets;
            return Ok(());
        }
        for packet in packets {
            line.queue(Message::Binary(packet))?;
        }
        self.send_overtaken(line)
    }

    /// Queues the packets of the index at a row; faults of packets do not meet them.
    fn send_index(&mut self, line: &mut Line, row: usize, modes: &[Mode]) -> Result<(), Ended> {
        let Some((print, day)) = self.playback.prints.at(row) else { return Ok(()) };
        for packet in modes.iter().filter_map(|&mode| self.index.bytes(&print, &day, mode)) {
            line.queue(Message::Binary(packet))?;
        }
        Ok(())
    }

    /// Queues the packet that was to be overtaken.
    fn send_overtaken(&mut self, line: &mut Line) -> Result<(), Ended> {
        for packet in self.overtaken.drain(..) {
            line.queue(Message::Binary(packet))?;
        }
        Ok(())
    }

    fn compose(&mut self, row: usize) {
        if let Some((print, day)) = self.playback.prints.at(row) {
            self.composer.fill(&print, &day, row as i64 + 1);
        }
    }
}
