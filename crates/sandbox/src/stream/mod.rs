//! The two WebSocket doors: who may enter, and on which thread they are then served.

mod line;
mod market;
mod order;
mod subscriptions;
mod trouble;
pub(crate) mod updates;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tungstenite::handshake::server::create_response_with_body;

use crate::account::sessions::TokenRefusal;
use crate::faults::Stream;
use crate::rest::text;
use crate::socket::{Socket, Wire};
use crate::twin::{Slot, Slots, Twin};
use line::Line;
use updates::Inbox;

pub(crate) const MARKET_PATH: &str = "/smart-stream";
pub(crate) const ORDER_PATH: &str = "/smart-order-update";

pub(crate) fn routes() -> Router<Arc<Twin>> {
    Router::new().route(MARKET_PATH, get(market_door)).route(ORDER_PATH, get(order_door))
}

/// The query form of the credentials, for browsers that cannot set headers.
#[derive(Deserialize)]
struct Form {
    #[serde(rename = "clientCode")]
    client_code: Option<String>,
    #[serde(rename = "feedToken")]
    feed_token: Option<String>,
    #[serde(rename = "apiKey")]
    api_key: Option<String>,
}

async fn market_door(
    State(twin): State<Arc<Twin>>,
    Query(form): Query<Form>,
    request: Request,
) -> Response {
    let (number, refusal) = twin.faults.on_upgrade(Stream::Market);
    if let Some(status) = refusal {
        return refused(status);
    }
    match market_session(&twin, request.headers(), &form) {
        Err(reason) => unauthorized(reason),
        Ok(session) => {
            let served = Served { session, number, by: Server::Market };
            open(&twin, &twin.market_slots, request, served)
        }
    }
}

fn unauthorized(reason: &str) -> Response {
    let reason = format!("Invalid Header - {reason}");
    (StatusCode::UNAUTHORIZED, [("x-error-message", reason)]).into_response()
}

/// A refusal on demand.
fn refused(status: u16) -> Response {
    match StatusCode::from_u16(status) {
        Ok(StatusCode::UNAUTHORIZED) => unauthorized("Invalid Feed Token"),
        Ok(status) => status.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The session of the credentials, or what is wrong with them. API key and jwt may be missing: the
/// Java SDK sends neither.
fn market_session(twin: &Twin, headers: &HeaderMap, form: &Form) -> Result<u64, &'static str> {
    let said = |name, form: &'_ Option<String>| {
        text(headers, name).map(str::to_owned).or_else(|| form.clone())
    };
    let now = twin.wall_s();
    let sessions = twin.sessions();
    let jwt = text(headers, "authorization");
    if jwt.is_some_and(|jwt| sessions.check_stream_jwt(jwt, now).is_err()) {
        return Err("Invalid Auth token");
    }
    if said("x-client-code", &form.client_code).as_ref() != Some(&twin.credentials.client_id) {
        return Err("Invalid Client Code");
    }
    if said("x-api-key", &form.api_key).is_some_and(|key| key != twin.credentials.api_key) {
        return Err("Invalid API Key");
    }
    let feed = said("x-feed-token", &form.feed_token).unwrap_or_default();
    let alive = sessions.check_feed_token(&feed, now).is_ok();
    sessions.number_of(&feed).filter(|_| alive).ok_or("Invalid Feed Token")
}

async fn order_door(State(twin): State<Arc<Twin>>, request: Request) -> Response {
    let (number, refusal) = twin.faults.on_upgrade(Stream::Order);
    if let Some(status) = refusal {
        return refused(status);
    }
    let authorization = text(request.headers(), "authorization");
    let sessions = twin.sessions();
    let checked = sessions.check_bearer(authorization, twin.wall_s());
    let checked = checked.map(|jwt| sessions.number_of(jwt).unwrap_or_default());
    drop(sessions);
    match checked {
        Ok(session) => open(
            &twin,
            &twin.order_slots,
            request,
            Served { session, number, by: Server::Order(twin.updates.inbox()) },
        ),
        Err(TokenRefusal::Expired) => StatusCode::FORBIDDEN.into_response(),
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Which connection of its stream this is, and what serves it.
struct Served {
    /// Who opened it.
    session: u64,
    number: u64,
    by: Server,
}

/// A stream, with what a connection of it has to hold before its client knows that it is open.
enum Server {
    Market,
    /// The inbox gets whatever happens once the upgrade is answered, also before the thread runs.
    Order(Inbox),
}

/// Takes a place, agrees to the upgrade, and serves the connection on a thread of its own.
fn open(twin: &Arc<Twin>, slots: &Slots, mut request: Request, served: Served) -> Response {
    let Some(slot) = slots.take() else { return StatusCode::TOO_MANY_REQUESTS.into_response() };
    let upgrade = hyper::upgrade::on(&mut request);
    match create_response_with_body(&request, Body::empty) {
        Ok(response) => {
            tokio::spawn(hand_over(Arc::clone(twin), slot, upgrade, served));
            response
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// Waits until HTTP has let go of the connection and moves it to a thread.
async fn hand_over(twin: Arc<Twin>, slot: Slot, upgrade: OnUpgrade, served: Served) {
    let Some((socket, early)) = upgrade.await.ok().and_then(take_socket) else { return };
    let server = Arc::clone(&twin);
    twin.threads.spawn(move || {
        serve(socket, early, served, &server);
        drop(slot);
    });
}

fn serve(socket: Socket, early: Vec<u8>, served: Served, twin: &Arc<Twin>) {
    let Served { session, number, by } = served;
    let stream = match by {
        Server::Market => Stream::Market,
        Server::Order(_) => Stream::Order,
    };
    let Ok(line) = Line::new(socket, early, stream, session, twin) else { return };
    // A logout before the line had its bell has not ended it.
    if twin.sessions().ends_streams(session) {
        return;
    }
    match by {
        Server::Market => market::serve(line, number, twin),
        Server::Order(inbox) => order::serve(line, number, inbox, twin),
    }
}

/// The socket below an upgraded connection, and what was already read from it.
fn take_socket(upgraded: Upgraded) -> Option<(Socket, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<Wire>>().ok()?;
    let socket = Socket::from_wire(parts.io.into_inner()).ok()?;
    Some((socket, parts.read_buf.to_vec()))
}
