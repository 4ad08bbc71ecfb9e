//! What the reports of two runs say of the ground they stand on, and whether they can be compared.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::report::advice::MANY_BOUNDED;

/// Ticks below which a comparison is hardly worth its name.
const FEW_TICKS: u64 = 1000;
/// Rates further apart than this share are told.
const RATE_SHARE: f64 = 0.1;
/// What the environment holds of the program itself, where a difference is the point of it all.
const PROGRAM: [&str; 2] = ["version", "build_profile"];
/// Changed configuration keys that are named before the others are counted.
const NAMED_KEYS: usize = 5;

/// What is needed of a `report.json`; other fields may come and go.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ground {
    pub(super) source: String,
    pub(super) symbol: String,
    pub(super) started: String,
    pub(super) traced: u64,
    pub(super) incomplete: bool,
    pub(super) total_from: String,
    #[serde(default)]
    pub(super) kernel_stamps: KernelStamps,
    pub(super) stages: Vec<StageName>,
    pub(super) age: Option<Value>,
    pub(super) traces_written: u64,
    pub(super) throughput_per_s: Option<f64>,
    pub(super) stamp_cost_ns: f64,
    pub(super) environment: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) config: BTreeMap<String, Value>,
    pub(super) config_hash: String,
}

/// How many ticks have an upper bound instead of a wait in the kernel, or neither.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct KernelStamps {
    bounded: u64,
    missing: u64,
    unplaced: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct StageName {
    pub(super) name: String,
}

impl Ground {
    /// Percent of the ticks.
    fn percent(&self, ticks: u64) -> f64 {
        ticks as f64 * 100.0 / self.traced.max(1) as f64
    }

    /// Percent of the ticks that have an upper bound.
    fn bounded_percent(&self) -> f64 {
        self.percent(self.kernel_stamps.bounded)
    }

    /// A text of the environment, or `unknown`.
    pub(super) fn environment(&self, key: &str) -> &str {
        self.environment.get(key).and_then(Value::as_str).unwrap_or("unknown")
    }
}

/// Refuses what cannot be compared.
///
/// Errors: status 2, naming what differs and what to do.
pub(super) fn refuse(a: &Ground, b: &Ground) -> Result<(), Failure> {
    let [a_build, b_build] = [a, b].map(|ground| ground.environment("build_profile"));
    let rules = [
        (
            &*a.total_from,
            &*b.total_from,
            "totals begin at different stamps",
            "measure both from the same kind of source",
        ),
        (
            &*a.source,
            &*b.source,
            "the ticks come from different sources",
            "measure both on the sandbox, or both at the broker",
        ),
        (a_build, b_build, "the builds are different", "measure both with cargo run --release"),
    ];
    for (a, b, what, hint) in rules {
        if a != b {
            let what = format!("the runs cannot be compared: {what}, {a} in A and {b} in B");
            return Err(Failure::usage(what, hint));
        }
    }
    for (name, ground) in [("A", a), ("B", b)] {
        if ground.traced == 0 {
            let what = format!("the runs cannot be compared: {name} traced no tick");
            return Err(Failure::usage(what, "measure again with ticks within the session"));
        }
    }
    Ok(())
}

/// Whether upper bounds are on so unlike shares of the ticks that they would be compared with waits.
pub(super) fn bounds_differ(a: &Ground, b: &Ground) -> bool {
    (a.bounded_percent() - b.bounded_percent()).abs() > MANY_BOUNDED as f64
}

/// Everything besides the program that may be behind a difference.
pub(super) fn warnings(a: &Ground, b: &Ground) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, ground) in [("A", a), ("B", b)] {
        if ground.incomplete {
            warnings.push(format!("{name} is incomplete: its run ended early or lost something"));
        }
        if ground.traces_written < ground.traced {
            let Ground { traces_written, traced, .. } = ground;
            warnings.push(format!("{name} kept {traces_written} of its {traced} ticks"));
        }
        if ground.traces_written < FEW_TICKS {
            let ticks = ground.traces_written;
            warnings.push(format!("{name} holds {ticks} ticks, {FEW_TICKS} would say more"));
        }
        let unknown = ground.kernel_stamps.missing + ground.kernel_stamps.unplaced;
        if ground.total_from == "kernel" && ground.percent(unknown) > MANY_BOUNDED as f64 {
            warnings.push(format!(
                "{name} has no kernel stamp on {unknown} of its {} ticks: its kernel_wait and total \
                 are those of the others",
                ground.traced
            ));
        }
    }
    if bounds_differ(a, b) {
        warnings.push(format!(
            "kernel_wait is an upper bound on {:.1} % of the ticks of A and on {:.1} % of B: it and \
             total are shown and not judged",
            a.bounded_percent(),
            b.bounded_percent()
        ));
    }
    if a.symbol != b.symbol {
        warnings.push(format!("the symbols differ: {} in A and {} in B", a.symbol, b.symbol));
    }
    let rates = a.throughput_per_s.zip(b.throughput_per_s);
    if let Some((a, b)) = rates.filter(|(a, b)| (a - b).abs() > RATE_SHARE * a.max(*b)) {
        warnings.push(format!("the rates differ: {a:.0} packets/s in A and {b:.0} in B"));
    }
    let keys = a.environment.keys().chain(b.environment.keys());
    let mut keys: Vec<&String> = keys.filter(|key| !PROGRAM.contains(&key.as_str())).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let [a, b] = [a, b].map(|ground| ground.environment.get(key).unwrap_or(&Value::Null));
        if a != b {
            warnings.push(format!("the environments differ: {key} is {a} in A and {b} in B"));
        }
    }
    if a.config_hash != b.config_hash {
        warnings.push(format!("the configurations differ{}", changed_keys(a, b)));
    }
    warnings
}

/// The configuration keys with other values, as far as the reports hold them.
fn changed_keys(a: &Ground, b: &Ground) -> String {
    let [a, b] = [a, b].map(|ground| {
        let keys = ground.config.iter().flat_map(|(section, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, value)| (format!("{section}.{key}"), value))
        });
        keys.collect::<BTreeMap<_, _>>()
    });
    let all = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
    let changed: Vec<&str> =
        all.filter(|key| a.get(*key) != b.get(*key)).map(String::as_str).collect();
    let (named, others) = changed.split_at(changed.len().min(NAMED_KEYS));
    match (named, others.len()) {
        ([], _) => String::new(),
        (named, 0) => format!(": {}", named.join(", ")),
        (named, others) => format!(": {} and {others} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests;
