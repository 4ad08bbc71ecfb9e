//! The authorisation to sell holdings by REST.

use serde_json::{Value, json};
use smartapi::rest::{Dis, DisStatus, routes};

use super::Day;

#[test]
fn it_is_asked_for_given_and_then_done_for_the_day() {
    let day = Day::of(&[10_000]);
    let asked = json!({ "isin": "INE242A01010", "quantity": "1" });
    let form: Dis = day.post(routes::EDIS_VERIFY, &asked);
    assert!(!form.dp_id.is_empty() && !form.boid.is_empty() && !form.transaction.is_empty());
    let status = json!({ "ReqId": form.req_id });
    let before: DisStatus = day.post(routes::EDIS_STATUS, &status);
    assert!(!before.result.records[0].is_authorised());

    let pin = json!({ "dpId": form.dp_id, "ReqId": form.req_id, "boid": form.boid, "pan": "P" });
    assert_eq!(day.post::<Value>(routes::EDIS_TPIN, &pin), Value::Null);
    day.pass(1);
    let after: DisStatus = day.post(routes::EDIS_STATUS, &status);
    assert!(after.result.records[0].is_authorised());
    assert_eq!(after.result.time, "01102025093600");

    let again = day.reply("POST", routes::EDIS_VERIFY, &asked).json();
    assert_eq!((&again["status"], &again["errorcode"]), (&json!(false), &json!("AG1000")));
    assert_eq!(again["data"], json!({ "ReqId": form.req_id }));
}

#[test]
fn what_is_no_share_and_what_was_not_asked_for_fails() {
    let day = Day::of(&[10_000]);
    for body in [
        json!({ "isin": "INE", "quantity": "1" }),
        json!({ "isin": "INE242A01010", "quantity": "0" }),
    ] {
        assert_eq!(day.refused(routes::EDIS_VERIFY, &body).0, "AG2001");
        day.pass(1);
    }
    assert_eq!(day.refused(routes::EDIS_STATUS, &json!({ "ReqId": "1" })).0, "AG2001");
}
