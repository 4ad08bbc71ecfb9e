//! The control address: how far the playback is, and when each packet was due.
//!
//! Times are nanoseconds of the system's monotonic clock, so they mean something on the same host only.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::playback::schedule::Anchor;
use crate::twin::Twin;

pub(crate) const PATH: &str = "/control";
/// Packets in one answer of the schedule.
const MOST_PACKETS: usize = 100_000;

pub(crate) fn routes() -> Router<Arc<Twin>> {
    let below = Router::new()
        .route("/state", get(state))
        .route("/over", get(over))
        .route("/schedule", get(schedule))
        .route("/clock", get(clock));
    Router::new().nest(PATH, below)
}

async fn state(State(twin): State<Arc<Twin>>) -> Json<Value> {
    let playback = &twin.playback;
    Json(json!({
        "rows": playback.rows(),
        "sent": playback.sent(),
        "over": playback.is_over(),
        "started": playback.schedule.has_begun(),
        "connections": twin.market_slots.taken(),
        "skipped_rows": playback.skipped,
    }))
}

/// Answers when the recording is over, however long that takes.
async fn over(State(twin): State<Arc<Twin>>) -> Json<Value> {
    let mut watch = twin.playback.watch_over();
    while !twin.playback.is_over() {
        // Nobody may be connected when the last row falls due, so the clock is asked as well.
        let _ = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
    }
    Json(json!({ "over": true }))
}

#[derive(Deserialize)]
struct Packets {
    /// A sequence number.
    from: i64,
    count: usize,
}

async fn schedule(State(twin): State<Arc<Twin>>, Query(asked): Query<Packets>) -> Json<Value> {
    let schedule = &twin.playback.schedule;
    let now = Anchor::now(&twin.clock);
    let times: Vec<Option<u64>> = (0..asked.count.min(MOST_PACKETS) as i64)
        .map(|place| asked.from.saturating_add(place))
        .map(|sequence| schedule.monotonic_ns(schedule.scheduled_ns(sequence)?, now))
        .collect();
    Json(json!({ "from": asked.from, "scheduled_ns": times }))
}

async fn clock(State(twin): State<Arc<Twin>>) -> Json<Value> {
    let now = Anchor::now(&twin.clock);
    Json(json!({ "monotonic_ns": now.monotonic_ns, "wall_s": twin.wall_s() }))
}
