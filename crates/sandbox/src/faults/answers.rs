//! What a request's fault makes of its answer: one layer before every REST route.

use std::sync::Arc;

use axum::Json;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use smartapi::rest::{Envelope, GatewayFailure, RATE_LIMIT_TEXT, known_code};

use super::fault::{Answer, RequestFault};
use super::plan::Meeting;
use crate::twin::Twin;

/// More than any answer has; a longer one is not cut.
const LONGEST_BODY: usize = 256 * 1024 * 1024;

/// The mark of an answer that must not reach the client: its connection ends instead.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer is lost on demand")]
pub(crate) struct Lost;

/// The layer: asks what meets a request, lets the route work where that is so, and answers.
pub(crate) async fn meet(State(twin): State<Arc<Twin>>, request: Request, next: Next) -> Response {
    let Meeting { delay, fault } = twin.on_request(request.uri().path());
    let response = match fault {
        None | Some(RequestFault::Slow(_)) => next.run(request).await,
        Some(RequestFault::Lost { carried_out }) => {
            if carried_out {
                next.run(request).await;
            }
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(Lost);
            response
        }
        Some(RequestFault::Truncated) => truncated(next.run(request).await).await,
        Some(RequestFault::Answer { answer, carried_out }) => {
            if carried_out {
                next.run(request).await;
            }
            other(answer)
        }
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    response
}

/// The first half of an answer, told as its whole.
async fn truncated(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(whole) = body::to_bytes(body, LONGEST_BODY).await else { return other(Answer::Empty) };
    let half = whole.slice(..whole.len() / 2);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(half.len()));
    Response::from_parts(head, Body::from(half))
}

fn other(answer: Answer) -> Response {
    match answer {
        Answer::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            (status, status.canonical_reason().unwrap_or("Server Error")).into_response()
        }
        Answer::RateText => (StatusCode::FORBIDDEN, RATE_LIMIT_TEXT).into_response(),
        Answer::RateJson => Json(Envelope::failure("AB1021", "Too many requests")).into_response(),
        Answer::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response(),
        Answer::Html => Html(REJECTED).into_response(),
        Answer::Empty => StatusCode::OK.into_response(),
        Answer::Null => Json(()).into_response(),
        Answer::Failure(code) => {
            let message = meaning(&code);
            Json(Envelope::failure(code, message)).into_response()
        }
        Answer::Gateway(code) => {
            let message = meaning(&code);
            Json(GatewayFailure::new(code, message)).into_response()
        }
        Answer::StatusAsText => Json(json!({
            "status": "false",
            "message": "Something Went Wrong, Please Try After Sometime",
            "errorcode": "AB1004",
            "data": "null",
        }))
        .into_response(),
    }
}

fn meaning(code: &str) -> &'static str {
    known_code(code).map_or("failed on demand", |known| known.meaning)
}

/// The firewall's page.
///
/// Source: SmartAPI forum, topic 5400.
const REJECTED: &str = "<html><head><title>Request Rejected</title></head><body>The requested URL \
     was rejected. Please consult with your administrator.<br><br>Your support ID is: \
     1234567890123456789<br><br></body></html>";
