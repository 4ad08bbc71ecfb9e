//! A step as people write it: one set of keys for TOML, JSON and the short form.

use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::fault::{Answer, Stream};
use super::step::{Moment, Step, When};
use super::table::{FAULTS, FaultRow, Meets};
use super::values::{Code, Route, Shift, Time};

/// The keys of a step; which of them a fault takes is checked when it becomes a [`Step`].
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(rename = "do")]
    name: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_packets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_start: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_connection: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_request: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_update: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<Stream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<Route>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<NonZeroU64>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasting: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Shift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<Form>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_out: Option<bool>,
}

/// A fault by its name.
#[derive(Clone, Copy, Debug)]
struct Name(&'static FaultRow);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        FAULTS.iter().find(|row| row.name == name).map(Self).ok_or_else(|| {
            let known: Vec<&str> = FAULTS.iter().map(|row| row.name).collect();
            de::Error::custom(format!("unknown fault {name:?}: allowed are {}", known.join(", ")))
        })
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.name)
    }
}

/// How a rate limit is told.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    Text,
    Json,
    #[serde(rename = "http-429")]
    Http429,
}

/// What the table of faults asks for.
impl Written {
    pub(super) fn stream(&self) -> Stream {
        self.stream.unwrap_or_default()
    }

    pub(super) fn lasting(&self) -> Option<Duration> {
        self.lasting.map(|time| time.0)
    }

    pub(super) fn needed_time(&self) -> Result<Duration, String> {
        self.lasting().ok_or_else(|| self.lacks("for", "a time such as \"200ms\""))
    }

    pub(super) fn needed_shift(&self) -> Result<i64, String> {
        self.by.map(|shift| shift.0).ok_or_else(|| self.lacks("by", "a time such as \"-90s\""))
    }

    pub(super) fn status(&self, usual: u16) -> Result<u16, String> {
        self.status_within(usual, 400)
    }

    pub(super) fn server_status(&self, usual: u16) -> Result<u16, String> {
        self.status_within(usual, 500)
    }

    fn status_within(&self, usual: u16, least: u16) -> Result<u16, String> {
        let status = self.status.unwrap_or(usual);
        if (least..600).contains(&status) {
            return Ok(status);
        }
        Err(format!("{} has status {status}: allowed are {least} to 599", self.name.0.name))
    }

    pub(super) fn code(&self, usual: &str) -> String {
        self.code.clone().map_or_else(|| usual.to_owned(), |code| code.0)
    }

    pub(super) fn form(&self) -> Answer {
        match self.form {
            None | Some(Form::Text) => Answer::RateText,
            Some(Form::Json) => Answer::RateJson,
            Some(Form::Http429) => Answer::TooMany,
        }
    }

    pub(super) fn bytes(&self) -> Result<Option<usize>, String> {
        const MOST: usize = 65_536;
        match self.bytes {
            Some(bytes) if bytes > MOST => {
                Err(format!("wrong-length has bytes {bytes}: allowed are 0 to {MOST}"))
            }
            bytes => Ok(bytes),
        }
    }

    pub(super) fn carried_out(&self) -> bool {
        self.carried_out.unwrap_or_default()
    }

    fn lacks(&self, key: &str, allowed: &str) -> String {
        format!("{} has no {key}: it needs {allowed}", self.name.0.name)
    }
}

/// What makes a step of it, and what forbids that.
impl Written {
    /// The key and the meaning of each trigger that is given.
    fn triggers(&self) -> Vec<(&'static str, Moment)> {
        let given = [
            ("after_packets", self.after_packets.map(Moment::AfterPackets)),
            ("at", self.at.map(|time| Moment::At(time.0))),
            ("after_start", self.after_start.map(|time| Moment::AfterStart(time.0))),
            ("on_connection", self.on_connection.map(|n| Moment::OnConnection(n.get()))),
            ("on_request", self.on_request.map(|n| Moment::OnRequest(n.get()))),
            ("on_update", self.on_update.map(|n| Moment::OnUpdate(n.get()))),
        ];
        given.into_iter().filter_map(|(key, moment)| Some((key, moment?))).collect()
    }

    /// The keys that are given beside name and trigger.
    fn others(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("stream", self.stream.is_some()),
            ("route", self.route.is_some()),
            ("times", self.times.is_some()),
            ("for", self.lasting.is_some()),
            ("by", self.by.is_some()),
            ("status", self.status.is_some()),
            ("code", self.code.is_some()),
            ("form", self.form.is_some()),
            ("bytes", self.bytes.is_some()),
            ("carried_out", self.carried_out.is_some()),
        ];
        given.into_iter().filter_map(|(key, given)| given.then_some(key))
    }

    /// The keys that this fault takes beside its trigger.
    fn taken(&self) -> Vec<&'static str> {
        let meets = self.name.0.meets;
        let mut taken = self.name.0.takes.to_vec();
        let counts_connections = self.on_connection.is_some() && meets != Meets::Packet;
        if matches!(meets, Meets::Door | Meets::Connection) || counts_connections {
            taken.push("stream");
        }
        if meets == Meets::Request || self.on_request.is_some() {
            taken.push("route");
        }
        if self.name.0.may_be_carried_out {
            taken.push("carried_out");
        }
        if meets != Meets::Account {
            taken.push("times");
        }
        taken
    }
}

impl TryFrom<Written> for Step {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let name = written.name.0.name;
        let triggers = written.triggers();
        if let [(first, _), (second, _), ..] = triggers.as_slice() {
            return Err(format!("{name} has {first} and {second}: allowed is one trigger at most"));
        }
        let taken = written.taken();
        if let Some(key) = written.others().find(|key| !taken.contains(key)) {
            let allowed = if taken.is_empty() { "nothing".to_owned() } else { taken.join(", ") };
            return Err(format!("{name} has {key}: allowed are a trigger and {allowed}"));
        }
        Ok(Self {
            fault: (written.name.0.make)(&written)?,
            when: When {
                moment: triggers.first().map_or(Moment::Now, |(_, moment)| *moment),
                stream: written.stream(),
                route: written.route.clone(),
            },
            times: written.times.map_or(1, NonZeroU64::get),
            written,
        })
    }
}

/// The short form: `NAME[@WHEN][:VALUE,KEY=VALUE…]`, as in `stall@500:200ms`.
impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (head, values) = text.split_once(':').unwrap_or((text, ""));
        let (name, when) = match head.split_once('@') {
            Some((name, when)) => (name, Some(when)),
            None => (head, None),
        };
        let mut keys = Map::new();
        keys.insert("do".to_owned(), name.into());
        if let Some(when) = when {
            keys.extend(trigger(when)?);
        }
        let own = FAULTS.iter().find(|row| row.name == name).and_then(|row| row.takes.first());
        for (place, value) in values.split(',').filter(|value| !value.is_empty()).enumerate() {
            let (key, value) = match (value.split_once('='), own) {
                (Some(pair), _) => pair,
                (None, Some(own)) if place == 0 => (*own, value),
                (None, _) => return Err(format!("{value:?} has no key: allowed is KEY=VALUE")),
            };
            keys.insert(key.to_owned(), plain(value));
        }
        serde_json::from_value(Value::Object(keys)).map_err(|error| error.to_string())
    }
}

/// What follows the `@`: packets, a time, `start+` a time, `connection` or `update` and its number,
/// or a request.
fn trigger(when: &str) -> Result<Vec<(String, Value)>, String> {
    let one = |key: &str, value: Value| vec![(key.to_owned(), value)];
    let number = |text: &str| text.parse::<u64>().ok().map(Value::from);
    let begins_so = |word: &str| when.strip_prefix(word).and_then(number);
    if let Some(packets) = number(when) {
        return Ok(one("after_packets", packets));
    }
    if let Some(connection) = begins_so("connection") {
        return Ok(one("on_connection", connection));
    }
    if let Some(update) = begins_so("update") {
        return Ok(one("on_update", update));
    }
    if let Some(time) = when.strip_prefix("start+") {
        return Ok(one("after_start", time.into()));
    }
    if when.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(one("at", when.into()));
    }
    let (route, count) = when.split_once('#').unwrap_or((when, "1"));
    let count = number(count).ok_or_else(|| {
        format!("@{when} has no number after #: allowed is ROUTE#NUMBER, as in placeOrder#3")
    })?;
    let mut keys = one("on_request", count);
    if !route.is_empty() {
        keys.extend(one("route", route.into()));
    }
    Ok(keys)
}

/// A value of the command line: a number or a truth where it is one, else text.
fn plain(text: &str) -> Value {
    match (text, text.parse::<u64>()) {
        (_, Ok(number)) => number.into(),
        ("true", _) => true.into(),
        ("false", _) => false.into(),
        _ => text.into(),
    }
}
