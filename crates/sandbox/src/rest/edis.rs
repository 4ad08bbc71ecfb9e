//! The authorisation to sell holdings: the form, the PIN, and what became of it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;
use smartapi::rest::{
    Dis, DisRecord, DisRequest, DisResult, DisStatus, DisStatusRequest, Envelope, TpinRequest,
    routes,
};

use super::{Answer, Refusal, success, under};
use crate::exchange::words::digits;
use crate::twin::Twin;

pub(super) fn routes() -> Router<Arc<Twin>> {
    under([
        (routes::EDIS_VERIFY, post(verify)),
        (routes::EDIS_TPIN, post(tpin)),
        (routes::EDIS_STATUS, post(status)),
    ])
}

fn failed(what: &'static str) -> Refusal {
    Refusal::Broker("AG2001", what.into())
}

/// The fields of a form; nobody answers at its address.
async fn verify(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: DisRequest = twin.admit(routes::EDIS_VERIFY, &headers, &body)?;
    let is_isin = asked.isin.len() == 12 && asked.isin.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_isin || asked.quantity < 1 {
        return Err(failed("an ISIN of 12 characters and a quantity from 1 on are needed"));
    }
    match twin.at_exchange(|floor| floor.edis.ask(floor.now)) {
        Ok(number) => Ok(success(Dis {
            req_id: number.to_string(),
            return_url: "https://edis.invalid/".to_owned(),
            dp_id: "33200".to_owned(),
            boid: "1203320000000000".to_owned(),
            transaction: format!("{}:{}", asked.isin, asked.quantity),
            version: "1.1".to_owned(),
        })),
        Err(number) => {
            let data = json!({ "ReqId": number.to_string() });
            let (code, message) = ("AG1000".to_owned(), "eDIS is already done today".to_owned());
            Ok(Json(Envelope { status: false, message, errorcode: code, data }).into_response())
        }
    }
}

/// Whoever asks for the PIN is taken to have used it.
async fn tpin(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: TpinRequest = twin.admit(routes::EDIS_TPIN, &headers, &body)?;
    if let Ok(number) = asked.req_id.parse() {
        twin.at_exchange(|floor| floor.edis.give(number));
    }
    Ok(success(()))
}

async fn status(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: DisStatusRequest = twin.admit(routes::EDIS_STATUS, &headers, &body)?;
    let number: Option<u64> = asked.req_id.parse().ok();
    let (given, now) = twin
        .at_exchange(|floor| (number.and_then(|number| floor.edis.is_given(number)), floor.now));
    let given = given.ok_or(failed("no such request today"))?;
    let record = DisRecord {
        request_id: asked.req_id.clone(),
        id: asked.req_id.clone(),
        status: u8::from(given).to_string(),
        error_code: String::new(),
    };
    Ok(success(DisStatus {
        result: DisResult {
            req_id: asked.req_id.clone(),
            req_type: "D".to_owned(),
            res_id: asked.req_id,
            status: "0".to_owned(),
            time: digits(now),
            error: String::new(),
            remarks: String::new(),
            records: vec![record],
        },
    }))
}
