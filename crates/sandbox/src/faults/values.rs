//! The values that a fault takes: times, names of routes, codes.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use smartapi::rest::routes as table;

use super::routes;

/// A value that is written as text, and what is allowed.
pub(super) trait Text: FromStr<Err = String> + fmt::Display {
    const ALLOWED: &'static str;
}

/// Reads a [`Text`]; another kind of value is refused with what is allowed.
fn read<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    struct Visitor<T>(PhantomData<T>);
    impl<T: Text> de::Visitor<'_> for Visitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::ALLOWED)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    from.deserialize_str(Visitor(PhantomData))
}

macro_rules! written_as_text {
    ($($kind:ty),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                read(from)
            }
        }

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )*};
}

written_as_text!(Time, Shift, Route, Code);

/// A length of time, such as `200ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) Duration);

/// Units with their nanoseconds; a unit that ends like another stands before it.
const UNITS: [(&str, f64); 7] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
/// A day: no run lasts longer, and sums of it fit everywhere.
const LONGEST: Duration = Duration::from_secs(86_400);

impl Text for Time {
    const ALLOWED: &'static str =
        "a time as text with its unit, such as \"200ms\", \"2.5s\" or \"1m\"";
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = UNITS.iter().find_map(|(unit, nanos)| {
            let number = text.strip_suffix(unit)?;
            let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let nanos = number.parse::<f64>().ok().filter(|_| plain)? * nanos;
            let time = Duration::from_nanos(nanos.round() as u64);
            (time <= LONGEST).then_some(Self(time))
        });
        parsed.ok_or_else(|| {
            format!(
                "{text:?} is no time: allowed is a number with ns, us, ms, s, m or h, up to 24h"
            )
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// How wrong a clock is, in whole seconds either way, such as `-90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift(pub(super) i64);

impl Text for Shift {
    const ALLOWED: &'static str = "a time as text, either way, such as \"90s\" or \"-2m\"";
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (sign, size) = match text.strip_prefix('-') {
            Some(size) => (-1, size),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let Time(size) = size.parse()?;
        if size.subsec_nanos() != 0 {
            return Err(format!("{text:?} is no shift: allowed are whole seconds either way"));
        }
        Ok(Self(sign * size.as_secs() as i64))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

/// Whether a path is one of REST, by any spelling of the table; what looks like one counts too.
pub(super) fn is_rest(path: &str) -> bool {
    path.starts_with("/rest/") || table::route(path).is_some()
}

/// Which requests: by the name at the end of the route, or by the whole path in any of its spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route(String);

impl Route {
    /// Whether a request for `path` is one of them. Ids and a slash may follow the name.
    pub(super) fn is_of(&self, path: &str) -> bool {
        let route = table::route(path).map_or(path, |route| route.path);
        let wanted = table::route(&self.0).map_or(self.0.as_str(), |route| route.path);
        route == wanted || path.split('/').any(|word| word == self.0)
    }
}

impl Text for Route {
    const ALLOWED: &'static str = "the name of a route, such as \"placeOrder\"";
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('/') || routes::NAMES.contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        let known = routes::NAMES.join(", ");
        Err(format!("unknown route {text:?}: allowed are a whole path, and {known}"))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The broker's code of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) String);

impl Text for Code {
    const ALLOWED: &'static str = "a code of the broker, such as \"AB1007\"";
}

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if plain && (1..=10).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("{text:?} is no code: allowed are 1 to 10 capitals and digits, as in AB1007"))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
