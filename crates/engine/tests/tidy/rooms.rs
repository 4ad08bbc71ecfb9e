//! Which room of the engine may name which.

use super::finding::{Finding, finds, none_of};
use super::paths::{Named, named};
use super::project::{Source, sources_under};
use super::syntax::line_at;

/// A module of the engine, and what it may name outside of itself.
struct Room {
    module: &'static str,
    may_name: &'static [&'static str],
}

const fn room(module: &'static str, may_name: &'static [&'static str]) -> Room {
    Room { module, may_name }
}

const UNITS: &str = "crate::units";
const CONFIG: &str = "crate::config";
const PROBE: &str = "crate::probe";
const VENUE: &str = "crate::venue";

/// Values that others may carry without knowing the room that makes them.
const TICK: &str = "crate::tick_path::broker::Tick";
const DECISION: &str = "crate::tick_path::trader::Decision";
const READINGS: &str = "crate::tick_path::strategy::Readings";

/// units <- config <- `tick_path` <- replay; probe and venue know values of the path and no room.
const ENGINE: [Room; 6] = [
    room("crate::units", &[]),
    room("crate::config", &[UNITS]),
    room("crate::tick_path", &[UNITS, CONFIG, PROBE, VENUE]),
    room("crate::probe", &[UNITS, TICK, DECISION]),
    room("crate::venue", &[UNITS, CONFIG, TICK]),
    room("crate::replay", &[UNITS, CONFIG, PROBE, VENUE, "crate::tick_path"]),
];

/// Within the path the trader joins the rooms, and a strategy sees the position.
const PATH: [Room; 6] = [
    room("crate::tick_path::feed", &[]),
    room("crate::tick_path::broker", &["crate::tick_path::feed"]),
    room("crate::tick_path::risk", &[]),
    room("crate::tick_path::position", &[TICK, READINGS]),
    room("crate::tick_path::strategy", &[TICK, "crate::tick_path::position"]),
    room(
        "crate::tick_path::trader",
        &[
            TICK,
            "crate::tick_path::position",
            "crate::tick_path::risk",
            "crate::tick_path::strategy",
        ],
    ),
];

/// The paths under `scope` that a file names though its room may not.
fn strangers(source: &Source, scope: &str, rooms: &[Room]) -> Vec<Finding> {
    let module = ["crate"].into_iter().chain(source.module()).collect::<Vec<_>>().join("::");
    let within = |room: &&Room| format!("{module}::").starts_with(&format!("{}::", room.module));
    let Some(room) = rooms.iter().find(within) else { return Vec::new() };
    let allowed = [&[room.module], room.may_name].concat();
    let strange = named(source).into_iter().filter(|named| {
        named.is_under(scope) && !allowed.iter().any(|ancestor| named.is_under(ancestor))
    });
    let finding = |named: Named| {
        Finding::new(
            &source.path,
            line_at(&source.code, named.at),
            format!("{} names {}", room.module, named.path),
            format!("take it as an argument, or move it down; allowed: {:?}", room.may_name),
        )
    };
    strange.map(finding).collect()
}

fn engine() -> impl Iterator<Item = Source> {
    sources_under("crates/engine/src/").into_iter()
}

#[test]
fn the_engines_rooms_name_only_those_below() {
    none_of(engine().flat_map(|source| strangers(&source, "crate", &ENGINE)));
}

#[test]
fn no_room_of_the_tick_path_looks_ahead() {
    none_of(engine().flat_map(|source| strangers(&source, "crate::tick_path", &PATH)));
}

/// A room that neither table knows.
fn unknown_room(source: &Source) -> Option<Finding> {
    let module = source.module();
    let depth = if module.first() == Some(&"tick_path") { 2 } else { 1 };
    let room = ["crate"].into_iter().chain(module.into_iter().take(depth));
    let room = room.collect::<Vec<_>>().join("::");
    let known = room == "crate" || ENGINE.iter().chain(&PATH).any(|known| known.module == room);
    let instead = "its row in crates/engine/tests/tidy/rooms.rs";
    (!known).then(|| Finding::new(&source.path, 1, format!("{room} has no arrows"), instead))
}

#[test]
fn every_room_has_its_arrows() {
    none_of(engine().filter_map(|source| unknown_room(&source)));
}

/// The smartapi types that cross into the engine are those of packets.
fn more_than_packets(source: &Source) -> Vec<Finding> {
    let protocol = named(source).into_iter().filter(|named| named.is_under("smartapi"));
    let other = protocol.filter(|named| !named.is_under("smartapi::packet"));
    let finding = |named: Named| {
        let line = line_at(&source.code, named.at);
        Finding::new(&source.path, line, format!("names {}", named.path), "smartapi::packet only")
    };
    other.map(finding).collect()
}

#[test]
fn the_engine_takes_packets_from_the_protocol_and_nothing_else() {
    none_of(engine().flat_map(|source| more_than_packets(&source)));
}

#[test]
fn notices_an_arrow_that_points_back() {
    let sample = |path, text| Source::new(&format!("crates/engine/src/{path}"), text);
    let feed =
        sample("tick_path/feed/mod.rs", "use crate::units::Paise;\nuse crate::replay::run;\n");
    finds(strangers(&feed, "crate", &ENGINE), &[2]);
    let probe = sample(
        "probe/meter.rs",
        "use crate::tick_path::broker::Tick;\n\
         use crate::tick_path::{trader::Decision, broker::Broker};",
    );
    finds(strangers(&probe, "crate", &ENGINE), &[2]);
    let units = sample("units.rs", "fn f() {\n super::config::load(&[]) }");
    finds(strangers(&units, "crate", &ENGINE), &[2]);
    let broker =
        sample("tick_path/broker/mod.rs", "use super::feed::RawTick;\nuse super::trader::X;");
    finds(strangers(&broker, "crate::tick_path", &PATH), &[2]);
    finds(unknown_room(&sample("tick_path/orders/mod.rs", "")), &[1]);
    finds(unknown_room(&sample("tick_path/feed/deep.rs", "")), &[]);
    finds(
        more_than_packets(&sample("lib.rs", "use smartapi::packet::Ltp;\nuse smartapi::rest;")),
        &[2],
    );
}
