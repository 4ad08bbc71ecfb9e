//! One connection of the market stream: a cursor into the tape.

use std::sync::Arc;

use smartapi::packet::Mode;
use smartapi::stream::request::{PING, PONG};
use tungstenite::Message;

use super::line::{Ended, Line};
use super::subscriptions::Subscriptions;
use crate::playback::packets::Composer;
use crate::playback::{Attendance, Playback};
use crate::twin::Twin;

/// Rows that are sent before the client is listened to again.
const BATCH: usize = 128;
/// Messages that are read before packets are sent again.
const MOST_MESSAGES: usize = 64;

/// Serves `line` until either side ends it.
pub(crate) fn serve(mut line: Line, twin: &Arc<Twin>) {
    let mut market = Market {
        subscriptions: Subscriptions::new(&twin.instrument),
        composer: Composer::new(&twin.instrument, &twin.playback.prints),
        playback: Arc::clone(&twin.playback),
        cursor: None,
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
    playback: Arc<Playback>,
    cursor: Option<Cursor>,
}

impl Market {
    /// Listens, sends what is due, and sleeps until there is more of either.
    fn turn(&mut self, line: &mut Line) -> Result<(), Ended> {
        let heard_all = self.listen(line)?;
        if !line.is_blocked() {
            self.send_due(line)?;
        }
        line.flush()?;
        let rows = self.playback.rows();
        if let Some(cursor) = self.cursor.as_mut().filter(|c| c.next >= rows && !line.is_blocked())
        {
            cursor.attendance = None;
        }
        let next = self.cursor.as_ref().and_then(|c| self.playback.schedule.due_ns(c.next));
        line.wait(if heard_all { next } else { Some(0) })
    }

    /// Whether all that the client said has been read.
    fn listen(&mut self, line: &mut Line) -> Result<bool, Ended> {
        for _ in 0..MOST_MESSAGES {
            match line.receive()? {
                None => return Ok(true),
                Some(Message::Text(text)) if text == PING => line.queue(Message::text(PONG))?,
                Some(Message::Text(text)) => self.request(line, &text)?,
                Some(_) => {}
            }
        }
        Ok(false)
    }

    fn request(&mut self, line: &mut Line, text: &str) -> Result<(), Ended> {
        let before = self.subscriptions.modes().to_vec();
        if let Err(refusal) = self.subscriptions.apply(text) {
            let refusal = serde_json::to_string(&refusal).map_err(|_| Ended)?;
            return line.queue(Message::text(refusal));
        }
        let fresh = self.subscriptions.modes().iter().filter(|mode| !before.contains(mode));
        let fresh: Vec<Mode> = fresh.copied().collect();
        if self.subscriptions.modes().is_empty() {
            self.cursor = None;
        } else if !fresh.is_empty() {
            self.snapshot(line, &fresh)?;
        }
        Ok(())
    }

    /// Sends the row before the cursor; a new cursor begins behind the row that it sees first.
    fn snapshot(&mut self, line: &mut Line, modes: &[Mode]) -> Result<(), Ended> {
        let playback = &self.playback;
        let cursor = self.cursor.get_or_insert_with(|| {
            let (attendance, first) = playback.attend();
            Cursor { next: first + 1, attendance: Some(attendance) }
        });
        let row = cursor.next - 1;
        self.playback.handed_over(row, row + 1, line.now());
        self.compose(row);
        for &mode in modes {
            line.queue(Message::Binary(self.composer.bytes(mode)))?;
        }
        Ok(())
    }

    /// Queues the rows that are due, at most a batch of them.
    fn send_due(&mut self, line: &mut Line) -> Result<(), Ended> {
        let Some(start) = self.cursor.as_ref().map(|cursor| cursor.next) else { return Ok(()) };
        let now = line.now();
        let due = |row| self.playback.schedule.due_ns(row).is_some_and(|time| time <= now);
        let Some(end) = (start..start + BATCH).take_while(|&row| due(row)).last() else {
            return Ok(());
        };
        let end = end + 1;
        self.playback.handed_over(start, end, now);
        for row in start..end {
            self.compose(row);
            for &mode in self.subscriptions.modes() {
                line.queue(Message::Binary(self.composer.bytes(mode)))?;
            }
        }
        if let Some(cursor) = &mut self.cursor {
            cursor.next = end;
        }
        Ok(())
    }

    fn compose(&mut self, row: usize) {
        if let Some((print, day)) = self.playback.prints.at(row) {
            self.composer.fill(&print, &day, row as i64 + 1);
        }
    }
}
