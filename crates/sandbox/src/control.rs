//! The control address: how far the playback is, when each packet was due and left, and what goes wrong.
//!
//! Times are nanoseconds of the system's monotonic clock, so they mean something on the same host only.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use engine::units::{EventTime, Zone};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Step;
use crate::faults::Latencies;
use crate::playback::schedule::{Anchor, Schedule};
use crate::twin::Twin;

pub(crate) const PATH: &str = "/control";
/// Packets in one answer of the schedule.
const MOST_PACKETS: usize = 100_000;

pub(crate) fn routes() -> Router<Arc<Twin>> {
    let below = Router::new()
        .route("/state", get(state))
        .route("/over", get(over))
        .route("/start", post(start))
        .route("/schedule", get(schedule))
        .route("/clock", get(clock).put(set_clock))
        .route("/latency", put(set_latency))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/order-update", post(order_update));
    Router::new().nest(PATH, below)
}

async fn state(State(twin): State<Arc<Twin>>) -> Json<Value> {
    let playback = &twin.playback;
    let played = &twin.instrument;
    let first = playback.prints.at(0).and_then(|(print, _)| {
        Some(Zone::INDIA.iso(EventTime::from_millis(print.row.exchange_ts_ms)?))
    });
    Json(json!({
        "instrument": {
            "exchange": played.segment(),
            "exchange_type": played.exchange_type.0,
            "symbol": played.symbol,
            "token": played.token,
            "lot_size": played.lot_size,
            "tick_paise": played.tick_paise,
        },
        "first_exchange_time": first,
        "rows": playback.rows(),
        "due": playback.present(),
        "sent": playback.sent(),
        "over": playback.is_over(),
        "started": playback.schedule.has_begun(),
        "connections": twin.market_slots.taken(),
        "skipped_rows": playback.skipped,
    }))
}

/// Lets the tape play, whether or not anybody subscribes; answers as [`state`].
async fn start(State(twin): State<Arc<Twin>>) -> Json<Value> {
    twin.begin();
    state(State(twin)).await
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
    let times = |of: fn(&Schedule, i64) -> Option<u64>| -> Vec<Option<u64>> {
        (0..asked.count.min(MOST_PACKETS) as i64)
            .map(|place| asked.from.saturating_add(place))
            .map(|sequence| schedule.monotonic_ns(of(schedule, sequence)?, now))
            .collect()
    };
    Json(json!({
        "from": asked.from,
        "scheduled_ns": times(Schedule::scheduled_ns),
        "handed_over_ns": times(Schedule::handed_over_ns),
    }))
}

async fn clock(State(twin): State<Arc<Twin>>) -> Json<Value> {
    twin.settle();
    let now = Anchor::now(&twin.clock);
    Json(json!({ "monotonic_ns": now.monotonic_ns, "wall_s": twin.wall_s() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Date {
    /// Seconds since 1970 UTC.
    wall_s: i64,
}

/// Lets the broker's date be that of the body; answers as [`clock`].
async fn set_clock(State(twin): State<Arc<Twin>>, body: Bytes) -> Result<Json<Value>, Wrong> {
    let Date { wall_s } = serde_json::from_slice(&body)?;
    twin.set_wall(wall_s);
    Ok(clock(State(twin)).await)
}

/// Takes the latencies of the body from now on; one that is not in it is none.
async fn set_latency(State(twin): State<Arc<Twin>>, body: Bytes) -> Result<Json<Value>, Wrong> {
    let latencies: Latencies = serde_json::from_slice(&body)?;
    if latencies.stream.is_some() && !twin.playback.schedule.has_times() {
        return Err(Wrong(crate::Error::LatencyAtFullSpeed.to_string()));
    }
    let told = json!({ "rest": latencies.rest.is_some(), "stream": latencies.stream.is_some() });
    twin.set_latency(latencies);
    Ok(Json(told))
}

async fn faults(State(twin): State<Arc<Twin>>) -> Json<Value> {
    twin.settle();
    Json(json!({ "faults": twin.faults.told() }))
}

/// Adds the fault of the body, or all of a list; answers as [`faults`].
async fn add_faults(State(twin): State<Arc<Twin>>, body: Bytes) -> Result<Json<Value>, Wrong> {
    let listed = body.trim_ascii_start().starts_with(b"[");
    let steps: Vec<Step> =
        if listed { serde_json::from_slice(&body)? } else { vec![serde_json::from_slice(&body)?] };
    if !twin.add_faults(steps) {
        return Err(Wrong("there are too many faults: allowed are 10,000 at a time".to_owned()));
    }
    Ok(faults(State(twin)).await)
}

async fn clear_faults(State(twin): State<Arc<Twin>>) -> Json<Value> {
    twin.clear_faults();
    faults(State(twin)).await
}

/// Sends the body to every connection of the order stream, as an update.
async fn order_update(State(twin): State<Arc<Twin>>, body: Bytes) -> Result<Json<Value>, Wrong> {
    let update: serde_json::Map<String, Value> = serde_json::from_slice(&body)?;
    twin.tell_order(Value::Object(update).to_string());
    Ok(Json(json!({ "sent": true })))
}

/// A body that is not what the address takes: what was wrong, and what is allowed.
struct Wrong(String);

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let hint = "`myquant sandbox --help` lists every fault with its keys";
        let body = json!({ "error": self.0, "hint": hint });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}
