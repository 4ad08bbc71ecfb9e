//! GTT rules.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use engine::units::{Paise, Qty};
use engine::venue::{self, Key, Leg, RuleChange, RuleRefusal, RuleRequest};
use serde::de::DeserializeOwned;
use smartapi::rest::{
    CancelRule, CreateRule, Exchange, ModifyRule, RequestFault, RuleId, RuleKind, RuleListRequest,
    RuleRow, RuleStatus, parse_request, routes,
};
use smartapi::wire::{Rows, Rupees};

use super::{Answer, Refusal, paise, success, under, wrong};
use crate::exchange::{rows, words};
use crate::twin::Twin;

const BAD_PRICE: &str = "AB9008";
const BAD_TRIGGER: &str = "AB9009";
const NO_RULE: &str = "AB9013";
const BAD_DAYS: &str = "AB9016";

/// The routes that only the registered address may use.
pub(super) fn writers() -> Router<Arc<Twin>> {
    under([
        (routes::GTT_CREATE, post(create)),
        (routes::GTT_MODIFY, post(modify)),
        (routes::GTT_CANCEL, post(cancel)),
    ])
}

pub(super) fn readers() -> Router<Arc<Twin>> {
    under([(routes::GTT_DETAILS, post(details)), (routes::GTT_LIST, post(list))])
}

async fn create(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: CreateRule = twin.rule_body(routes::GTT_CREATE, &headers, &body)?;
    let instrument = twin.ruled(asked.exchange, &asked.symboltoken)?;
    if !twin.exchange.listing.symbol.eq_ignore_ascii_case(&asked.tradingsymbol) {
        return Err(Refusal::Broker("AB9012", "Invalid trading symbol".into()));
    }
    let stop = match asked.gtt_type {
        Some(RuleKind::Oco) => Some(leg(
            asked.stoplossprice.unwrap_or_default(),
            asked.stoplosstriggerprice.unwrap_or_default(),
        )?),
        Some(RuleKind::Single) | None => None,
    };
    let days = asked.timeperiod.map(u32::try_from).transpose();
    let days = days.map_err(|_| Refusal::Broker(BAD_DAYS, "Invalid time period".into()))?;
    let rule = RuleRequest {
        instrument,
        side: words::side(asked.transactiontype),
        product: words::product(asked.producttype),
        qty: Qty(asked.qty),
        disclosed: Qty(asked.disclosedqty.unwrap_or_default()),
        leg: leg(asked.price, asked.triggerprice)?,
        stop,
        days,
    };
    let id = twin.at_exchange(|floor| floor.venue.create_rule(rule, floor.now))?;
    Ok(success(RuleId { id: id.to_string() }))
}

async fn modify(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: ModifyRule = twin.rule_body(routes::GTT_MODIFY, &headers, &body)?;
    let change = RuleChange {
        id: rule_id(&asked.id)?,
        instrument: twin.ruled(asked.exchange, &asked.symboltoken)?,
        qty: Qty(asked.qty),
        disclosed: Qty(asked.disclosedqty.unwrap_or_default()),
        leg: leg(asked.price, asked.triggerprice)?,
        stop: None,
    };
    twin.at_exchange(|floor| floor.venue.change_rule(change, floor.now))?;
    Ok(success(RuleId { id: asked.id }))
}

async fn cancel(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: CancelRule = twin.rule_body(routes::GTT_CANCEL, &headers, &body)?;
    let id = rule_id(&asked.id)?;
    let instrument = twin.ruled(asked.exchange, &asked.symboltoken)?;
    twin.at_exchange(|floor| floor.venue.cancel_rule(id, instrument, floor.now))?;
    Ok(success(RuleId { id: asked.id }))
}

async fn details(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: RuleId = twin.rule_body(routes::GTT_DETAILS, &headers, &body)?;
    let id = rule_id(&asked.id)?;
    let row = twin.at_exchange(|floor| floor.venue.gtt_rule(id).map(|rule| twin.rule_row(rule)));
    row.map(success).ok_or_else(|| RuleRefusal::Unknown(id).into())
}

/// Rows have their ids here, unlike the details of one.
async fn list(State(twin): State<Arc<Twin>>, headers: HeaderMap, body: Bytes) -> Answer {
    let asked: RuleListRequest = twin.rule_body(routes::GTT_LIST, &headers, &body)?;
    let refused = |code, what: &'static str| Err(Refusal::Broker(code, what.into()));
    if asked.status.is_empty() {
        return refused("AB9004", "no status was asked for, one at least is needed");
    }
    let Some(before) = usize::try_from(asked.page).ok().and_then(|page| page.checked_sub(1)) else {
        return refused("AB9017", "pages are counted from 1");
    };
    let Ok(count @ 1..) = usize::try_from(asked.count) else {
        return refused("AB9018", "a page has 1 row at least");
    };
    let wanted = |row: &RuleRow| {
        let status = row.status.known();
        asked.status.iter().any(|&one| one == RuleStatus::All || Some(one) == status)
    };
    let page: Vec<RuleRow> = twin.at_exchange(|floor| {
        let all = floor.venue.gtt_rules();
        let all = all.map(|rule| RuleRow { id: rule.id.to_string(), ..twin.rule_row(rule) });
        all.filter(wanted).skip(before.saturating_mul(count)).take(count).collect()
    });
    Ok(success(Rows(page)))
}

impl Twin {
    /// The body of a call about rules, which have codes of their own.
    fn rule_body<T: DeserializeOwned>(
        &self,
        route: &'static str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<T, Refusal> {
        self.pass_logged_in(route, headers)?;
        parse_request(body).map_err(|fault| wrong(code_of(&fault), &fault))
    }

    /// The instrument of a rule.
    fn ruled(&self, exchange: Exchange, token: &str) -> Result<Key, Refusal> {
        let listing = &self.exchange.listing;
        if listing.exchange != Some(exchange) {
            return Err(Refusal::Broker("AB9010", format!("Invalid exchange {exchange}").into()));
        }
        let instrument = listing.instrument.filter(|_| listing.is(exchange, token));
        let refusal = || Refusal::Broker("AB9011", "Invalid symbol token".into());
        instrument.map(|instrument| instrument.key).ok_or_else(refusal)
    }

    fn rule_row(&self, rule: &venue::Rule) -> RuleRow {
        rows::rule(&self.exchange.listing, &self.credentials.client_id, rule)
    }
}

impl From<RuleRefusal> for Refusal {
    fn from(refusal: RuleRefusal) -> Self {
        Self::Broker(refusal.code(), refusal.to_string().into())
    }
}

fn leg(price: Rupees, trigger: Rupees) -> Result<Leg, Refusal> {
    let price: Paise = paise(BAD_PRICE, price)?;
    Ok(Leg { price, trigger: paise(BAD_TRIGGER, trigger)? })
}

fn rule_id(text: &str) -> Result<venue::RuleId, Refusal> {
    let refusal = |_| Refusal::Broker(NO_RULE, "Invalid rule id".into());
    text.parse().map(venue::RuleId).map_err(refusal)
}

/// Source: SmartAPI documentation (July 2026), error codes of GTT.
fn code_of(fault: &RequestFault) -> &'static str {
    match fault.field.as_str() {
        "id" => NO_RULE,
        "exchange" => "AB9010",
        "symboltoken" => "AB9011",
        "tradingsymbol" => "AB9012",
        "transactiontype" => "AB9014",
        "producttype" => "AB9015",
        "qty" => "AB9006",
        "disclosedqty" => "AB9007",
        "price" | "stoplossprice" => BAD_PRICE,
        "triggerprice" | "stoplosstriggerprice" => BAD_TRIGGER,
        "timeperiod" => BAD_DAYS,
        "status" => "AB9004",
        "page" => "AB9017",
        "count" => "AB9018",
        _ => "AB9001",
    }
}
