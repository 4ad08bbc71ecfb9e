//! GTT rules by REST.

use std::net::Ipv4Addr;

use sandbox::Options;
use serde_json::{Value, json};
use smartapi::rest::{RuleId, RuleRow, RuleStatus, routes};
use smartapi::wire::Rows;

use super::{Day, codes, with};

fn buy_at(price: &str) -> Value {
    json!({
        "tradingsymbol": "NIFTY28NOV2526000CE", "symboltoken": "47338", "exchange": "NFO",
        "producttype": "CARRYFORWARD", "transactiontype": "BUY", "price": price, "qty": "75",
        "disclosedqty": "75", "triggerprice": price, "timeperiod": "20",
    })
}

fn list(day: &Day, status: &[&str], page: i64, count: i64) -> Vec<RuleRow> {
    let body = json!({ "status": status, "page": page, "count": count });
    day.post::<Rows<RuleRow>>(routes::GTT_LIST, &body).0
}

#[test]
fn a_rule_is_made_changed_listed_and_cancelled() {
    let day = Day::of(&[10_000]);
    let prefixed = |path: &str| format!("/gtt-service{path}");
    // The Python SDK sends numbers, and the prefix that the service dropped.
    let numbers = with(&buy_at("60"), json!({ "qty": 75, "price": 60.05, "timeperiod": 20 }));
    let made: RuleId = day.post(&prefixed(routes::GTT_CREATE), &numbers);
    let raw: Value = day.post(routes::GTT_DETAILS, &json!({ "id": made.id }));
    assert_eq!((&raw["price"], &raw["qty"]), (&json!("60.05"), &json!("75")));
    assert_eq!((&raw["status"], &raw["clientid"]), (&json!("NEW"), &json!("S1")));
    assert_eq!(raw["createddate"], "2025-10-01T04:06:00Z");
    assert!(raw.get("id").is_none());

    let change = with(&buy_at("61"), json!({ "id": made.id }));
    let same: RuleId = day.post(&prefixed(routes::GTT_MODIFY), &change);
    assert_eq!(same, made);
    let rows = list(&day, &["FORALL"], 1, 10);
    assert_eq!((rows.len(), &rows[0].id, rows[0].price.to_string()), (1, &made.id, "61".into()));

    let gone = json!({ "id": made.id, "symboltoken": "47338", "exchange": "NFO" });
    day.post::<RuleId>(&prefixed(routes::GTT_CANCEL), &gone);
    let cancelled = list(&day, &["CANCELLED"], 1, 10);
    assert_eq!(cancelled[0].status.known(), Some(RuleStatus::Cancelled));
    assert!(list(&day, &["NEW", "ACTIVE"], 1, 10).is_empty());
    assert_eq!(day.refused(routes::GTT_CANCEL, &gone).0, "AB9001");
}

#[test]
fn a_list_has_pages() {
    let day = Day::of(&[10_000]);
    let made: Vec<String> =
        (0..3).map(|_| day.post::<RuleId>(routes::GTT_CREATE, &buy_at("60")).id).collect();
    let ids = |page, count| -> Vec<String> {
        list(&day, &["FORALL"], page, count).into_iter().map(|row| row.id).collect()
    };
    assert_eq!((ids(1, 2), ids(2, 2), ids(3, 2)), (made[..2].to_vec(), made[2..].to_vec(), vec![]));
    for (fields, code) in [
        (json!({ "status": [] }), "AB9004"),
        (json!({ "page": 0 }), "AB9017"),
        (json!({ "count": 0 }), "AB9018"),
        (json!({ "status": ["OLD"] }), "AB9001"),
    ] {
        let body = with(&json!({ "status": ["FORALL"], "page": 1, "count": 1 }), fields.clone());
        assert_eq!(day.refused(routes::GTT_LIST, &body).0, code, "{fields}");
    }
}

#[test]
fn a_price_that_is_reached_places_the_order() {
    let mut day = Day::of(&[10_000, 10_000, 9_400, 9_400]);
    let mut orders = day.orders();
    let rule = with(&buy_at("95"), json!({ "price": "96" }));
    let made: RuleId = day.post(routes::GTT_CREATE, &rule);
    day.begin();
    day.pass(2);
    // Nobody calls, and the order comes all the same.
    assert_eq!(codes(&mut orders, 3), ["AB09", "AB01", "AB05"]);
    let row: RuleRow = day.post(routes::GTT_DETAILS, &json!({ "id": made.id }));
    assert_eq!(row.status.known(), Some(RuleStatus::SentToExchange));
}

#[test]
fn of_an_oco_rule_the_stop_may_come_first() {
    let mut day = Day::of(&[10_000, 10_000, 9_400, 9_400]);
    let mut orders = day.orders();
    let mut buy = super::limit("BUY", "110");
    buy["producttype"] = json!("CARRYFORWARD");
    day.place(&buy);
    assert_eq!(codes(&mut orders, 3).pop().as_deref(), Some("AB05"));
    let both = json!({
        "transactiontype": "SELL", "price": "120", "triggerprice": "119", "gttType": "OCO",
        "stoplossprice": "90", "stoplosstriggerprice": "95",
    });
    day.post::<RuleId>(routes::GTT_CREATE, &with(&buy_at("60"), both.clone()));
    day.begin();
    day.pass(2);
    assert_eq!(codes(&mut orders, 3), ["AB09", "AB01", "AB05"]);
    let half = with(&buy_at("60"), both);
    let half = with(&half, json!({ "stoplossprice": null }));
    assert_eq!(day.refused(routes::GTT_CREATE, &half).0, "AB9008");
}

#[test]
fn every_wrong_field_has_its_code() {
    let day = Day::of(&[10_000]);
    for (fields, code) in [
        (json!({ "qty": "76" }), "AB9006"),
        (json!({ "qty": "many" }), "AB9006"),
        (json!({ "disclosedqty": "76" }), "AB9007"),
        (json!({ "price": "60.02" }), "AB9008"),
        (json!({ "price": "60.005" }), "AB9008"),
        (json!({ "triggerprice": "0" }), "AB9009"),
        (json!({ "exchange": "NSE" }), "AB9010"),
        (json!({ "symboltoken": "1" }), "AB9011"),
        (json!({ "tradingsymbol": "OTHER" }), "AB9012"),
        (json!({ "transactiontype": "HOLD" }), "AB9014"),
        (json!({ "producttype": "INTRADAY" }), "AB9015"),
        (json!({ "timeperiod": "366" }), "AB9016"),
        (json!({ "timeperiod": "-1" }), "AB9016"),
    ] {
        day.pass(1);
        let (told, message) = day.refused(routes::GTT_CREATE, &with(&buy_at("60"), fields.clone()));
        assert_eq!(told, code, "{fields}: {message}");
    }
    for path in [routes::GTT_MODIFY, routes::GTT_CANCEL, routes::GTT_DETAILS] {
        for id in ["7", "none"] {
            let body = with(&buy_at("60"), json!({ "id": id }));
            assert_eq!(day.refused(path, &body).0, "AB9013", "{path} {id}");
        }
    }
}

#[test]
fn rules_are_written_from_the_registered_address_alone() {
    let static_ip = Some(Ipv4Addr::new(127, 0, 0, 2));
    let day = Day::with(&[10_000], |options| Options { static_ip, ..options });
    for path in [routes::GTT_CREATE, routes::GTT_MODIFY, routes::GTT_CANCEL] {
        for path in [path.to_owned(), format!("/gtt-service{path}")] {
            assert_eq!(day.reply("POST", &path, &buy_at("60")).json()["errorCode"], "AG7002");
        }
    }
    assert!(list(&day, &["FORALL"], 1, 10).is_empty());
}
