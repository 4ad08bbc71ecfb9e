//! One connection of the order stream: the greeting, the heartbeat and the updates.

use std::sync::Arc;

use smartapi::order_update::OrderUpdate;
use smartapi::stream::request::{PING, PONG};
use tungstenite::Message;

use super::line::{Ended, Line};
use super::trouble::{Leave, Trouble};
use super::updates::Inbox;
use crate::faults::Stream;
use crate::twin::Twin;

/// Serves `line`, connection `number` of the order stream, with the updates of `inbox`, until either
/// side ends it.
pub(crate) fn serve(mut line: Line, number: u64, inbox: Inbox, twin: &Arc<Twin>) {
    let mut orders = Orders {
        trouble: Trouble::new(Arc::clone(&twin.faults), Stream::Order, number),
        inbox,
        twin: Arc::clone(twin),
    };
    let greeting = OrderUpdate::greeting(&twin.credentials.client_id);
    if let Ok(text) = serde_json::to_string(&greeting) {
        let _ = line.queue(Message::text(text));
    }
    while orders.turn(&mut line).is_ok() {}
}

struct Orders {
    trouble: Trouble,
    inbox: Inbox,
    twin: Arc<Twin>,
}

impl Orders {
    fn turn(&mut self, line: &mut Line) -> Result<(), Ended> {
        let stalled = match self.trouble.meet(line, self.twin.playback.sent())? {
            Leave::Frozen { until } => return line.freeze(until),
            Leave::Stalled { until } => Some(until),
            Leave::Free => None,
        };
        while let Some(message) = line.receive()? {
            if matches!(&message, Message::Text(text) if text.as_str() == PING) {
                line.queue(Message::text(PONG))?;
            }
        }
        self.twin.updates.fetch(&mut self.inbox);
        while stalled.is_none() && !line.is_blocked() {
            let Some(update) = self.inbox.take_due(line.now()) else { break };
            line.queue(Message::Text(update))?;
        }
        line.flush()?;
        let next = [stalled.or_else(|| self.inbox.next_due()), self.trouble.next_look()];
        line.wait(next.into_iter().flatten().min())
    }
}
