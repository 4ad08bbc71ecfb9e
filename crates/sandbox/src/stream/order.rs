//! One connection of the order stream: the greeting and the heartbeat.

use std::sync::Arc;

use smartapi::order_update::OrderUpdate;
use smartapi::stream::request::{PING, PONG};
use tungstenite::Message;

use super::line::{Ended, Line};
use crate::twin::Twin;

/// Serves `line` until either side ends it.
pub(crate) fn serve(mut line: Line, twin: &Arc<Twin>) {
    let greeting = OrderUpdate::greeting(&twin.credentials.client_id);
    if let Ok(text) = serde_json::to_string(&greeting) {
        let _ = line.queue(Message::text(text));
    }
    while turn(&mut line).is_ok() {}
}

fn turn(line: &mut Line) -> Result<(), Ended> {
    while let Some(message) = line.receive()? {
        if matches!(&message, Message::Text(text) if text.as_str() == PING) {
            line.queue(Message::text(PONG))?;
        }
    }
    line.flush()?;
    line.wait(None)
}
