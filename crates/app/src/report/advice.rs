//! Advice: evidence first, and only where a threshold was crossed.

use engine::probe::Stage;
use serde::{Deserialize, Serialize};

use super::table::time;
use super::{Figures, KernelStampCounts, Ring, StageFigures, WorstTick};

/// One line of advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Advice {
    /// The stage it is about, or `trace` for the measurement itself.
    pub(crate) stage: String,
    pub(crate) evidence: String,
    pub(crate) advice: String,
}

/// Stages whose share of the total is worth a word, and what helps.
const SHARES: [(&str, f64, &str); 3] = [
    (
        "kernel_wait",
        0.30,
        "let `myquant perf --tune` say whether tuning.busy_poll and tuning.pin help here",
    ),
    ("framing", 0.50, "measure with --plain to see the part of TLS, and subscribe fewer tokens"),
    ("broker", 0.30, "look at what is attached to the broker room: recorder and readers"),
];
/// Stamps may cost this share of the median total.
const STAMP_SHARE: f64 = 0.10;
/// A tail is long if p99.9 is this many times the median.
const LONG_TAIL: u64 = 20;
/// So many percent of the ticks with an upper bound instead of a wait are worth a word.
pub(crate) const MANY_BOUNDED: u64 = 1;

/// What the figures advise; empty means to change nothing.
pub(crate) fn of(
    stages: &[StageFigures],
    total: &Figures,
    stamp_cost_ns: f64,
    arrived: &KernelStampCounts,
    worst: &[WorstTick],
) -> Vec<Advice> {
    let mut all = Vec::new();
    // The kernel's stamp is not one of ours.
    let ours = stages.iter().filter(|stage| stage.name != Stage::KernelWait.name()).count() + 1;
    let stamps = ours as f64 * stamp_cost_ns;
    if let Some(p50) = total.p50_ns.filter(|p50| stamps > *p50 as f64 * STAMP_SHARE) {
        all.push(Advice {
            stage: "trace".to_owned(),
            evidence: format!(
                "{ours} stamps cost about {stamps:.0} ns, {:.0} % of the total's p50 of {p50} ns, above \
                 {:.0} %",
                stamps * 100.0 / p50 as f64,
                STAMP_SHARE * 100.0
            ),
            advice: "read the short stages as upper bounds: the meter is part of what they show"
                .to_owned(),
        });
    }
    for (name, limit, advice) in SHARES {
        let stage = stages.iter().find(|stage| stage.name == name);
        let Some((stage, share)) = stage.and_then(|stage| Some((stage, stage.share?))) else {
            continue;
        };
        if share > limit {
            let p99 = time(stage.figures.p99_ns);
            let bounded = arrived.bounded * 100 > total.count * MANY_BOUNDED;
            let bounded = bounded && name == Stage::KernelWait.name();
            let bounded =
                bounded.then(|| format!(", {} ticks have an upper bound", arrived.bounded));
            all.push(Advice {
                stage: stage.name.clone(),
                evidence: format!(
                    "{name} takes {:.0} % of the total, above {:.0} %; its p99 is {p99}{}",
                    share * 100.0,
                    limit * 100.0,
                    bounded.unwrap_or_default()
                ),
                advice: advice.to_owned(),
            });
        }
    }
    all.extend(of_tail(total, worst));
    all
}

/// A long tail that the system had a part in.
fn of_tail(total: &Figures, worst: &[WorstTick]) -> Option<Advice> {
    let (p50, p999) = total.p50_ns.zip(total.p999_ns)?;
    let with = |count: fn(&WorstTick) -> Option<u64>| {
        worst.iter().filter(|tick| count(tick).is_some_and(|count| count > 0)).count()
    };
    let faults = with(|tick| tick.page_faults);
    let switches = with(|tick| tick.involuntary_switches);
    if p999 <= p50.saturating_mul(LONG_TAIL) || faults + switches == 0 {
        return None;
    }
    Some(Advice {
        stage: "total".to_owned(),
        evidence: format!(
            "p99.9 is {}, above {LONG_TAIL} × the median of {}; of the {} slowest ticks {faults} had \
             page faults and {switches} lost the processor",
            time(Some(p999)),
            time(Some(p50)),
            worst.len()
        ),
        advice: match (faults, switches) {
            (_, 0) => "lock the memory with --set tuning.lock_memory=true",
            (0, _) => "give the tick thread a processor of its own with --set tuning.pin",
            _ => {
                "give the tick thread a processor of its own with --set tuning.pin, and lock the \
                 memory with --set tuning.lock_memory=true"
            }
        }
        .to_owned(),
    })
}

/// What a ring that dropped advises; `offered` is all that was to go through it, where that is known.
pub(crate) fn of_ring(
    name: &str,
    ring: &Ring,
    offered: Option<u64>,
    stages: &[StageFigures],
) -> Option<Advice> {
    let Ring { capacity, max_depth, dropped, unit, dropped_unit } = ring;
    let (stage, where_to, advice) = match name {
        "recorder" => (
            Stage::Broker.name(),
            "the recorder",
            "look for a slow or full disk; the tick path itself was not held up",
        ),
        "traces" => (
            "trace",
            "the live figures and ticks.parquet",
            "give the machine a processor for the side thread, or play with a lower --rate; the \
             figures of the report hold all",
        ),
        _ => (
            "trace",
            "--watch and --metrics",
            "give the machine a processor for the side thread; what they showed was older for a while",
        ),
    };
    let offered = offered.filter(|offered| *offered > 0);
    let share = offered.map_or_else(String::new, |offered| {
        format!(", {:.2} % of {offered}", *dropped as f64 * 100.0 / offered as f64)
    });
    let room = stages.iter().find(|known| known.name == stage).map(|room| {
        let share = room.share.map_or_else(String::new, |share| {
            format!(" takes {:.0} % of the total;", share * 100.0)
        });
        format!("; {stage}{share} its p99 is {}", time(room.figures.p99_ns))
    });
    (*dropped > 0).then(|| Advice {
        stage: stage.to_owned(),
        evidence: format!(
            "the ring to {where_to} dropped {dropped} {dropped_unit}{share}, above 0; it held \
             {max_depth} of {capacity} {unit} at most{}",
            room.unwrap_or_default()
        ),
        advice: advice.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn figures(p50: u64) -> Figures {
        Figures {
            count: 1000,
            min_ns: Some(1),
            p50_ns: Some(p50),
            p90_ns: Some(p50),
            p99_ns: Some(p50),
            p999_ns: None,
            p9999_ns: None,
            max_ns: Some(p50),
        }
    }

    fn stage(name: &str, share: f64) -> StageFigures {
        let [name, group] = [name, "pre"].map(str::to_owned);
        StageFigures { name, group, figures: figures(10), share: Some(share) }
    }

    fn arrived(bounded: u64) -> KernelStampCounts {
        let exact = 1000 - bounded;
        KernelStampCounts { available: true, why: None, exact, bounded, missing: 0, unplaced: 0 }
    }

    fn tick(page_faults: u64, involuntary_switches: u64) -> WorstTick {
        WorstTick {
            seq: 1,
            exchange_time: String::new(),
            price: 1.0,
            quantity: 1,
            decision: String::new(),
            stages_ns: BTreeMap::new(),
            total_ns: 1,
            at_ns: 1,
            page_faults: Some(page_faults),
            involuntary_switches: Some(involuntary_switches),
        }
    }

    #[test]
    fn nothing_is_advised_where_nothing_crosses_a_threshold() {
        let stages = [
            stage("kernel_wait", 0.3),
            stage("framing", 0.5),
            stage("broker", 0.3),
            stage("feed", 0.2),
        ];
        let total = Figures { p999_ns: Some(200_000), ..figures(10_000) };
        assert_eq!(of(&stages, &total, 10.0, &arrived(500), &[tick(9, 9)]), []);
        let unheard = WorstTick { page_faults: None, involuntary_switches: None, ..tick(0, 0) };
        let total = Figures { p999_ns: Some(200_001), ..total };
        assert_eq!(of(&stages, &total, 10.0, &arrived(0), &[tick(0, 0), unheard]), []);
        let few = Figures { p999_ns: None, ..total };
        assert_eq!(of(&stages, &few, 10.0, &arrived(0), &[tick(9, 9)]), []);
    }

    #[test]
    fn a_wait_in_the_kernel_says_how_many_of_it_are_bounds() {
        let advice = |bounded| {
            let stages = [stage("kernel_wait", 0.31)];
            let advice = of(&stages, &figures(10_000), 10.0, &arrived(bounded), &[]);
            assert_eq!(advice.len(), 1);
            assert!(advice[0].evidence.contains("31 %"), "{}", advice[0].evidence);
            assert!(advice[0].advice.contains("tuning.busy_poll"));
            advice[0].evidence.contains(&format!("{bounded} ticks have an upper bound"))
        };
        assert!(advice(11) && !advice(10));
    }

    #[test]
    fn a_long_tail_is_advised_on_only_where_the_system_had_a_part_in_it() {
        let total = Figures { p999_ns: Some(2_001), ..figures(100) };
        let advice = |worst: &[WorstTick]| {
            let advice = of(&[], &total, 1.0, &arrived(0), worst);
            assert_eq!((advice.len(), advice[0].stage.as_str()), (1, "total"));
            (advice[0].evidence.clone(), advice[0].advice.clone())
        };
        let (evidence, both) = advice(&[tick(1, 0), tick(2, 3), tick(0, 0)]);
        for part in ["2001 ns", "20 ×", "100 ns", "3 slowest", "2 had page faults", "1 lost"] {
            assert!(evidence.contains(part), "{part} is not in {evidence}");
        }
        assert!(both.contains("tuning.pin") && both.contains("tuning.lock_memory"));
        assert!(!advice(&[tick(1, 0)]).1.contains("tuning.pin"));
        assert!(!advice(&[tick(0, 1)]).1.contains("tuning.lock_memory"));
    }

    #[test]
    fn each_crossed_threshold_is_named_with_its_figures() {
        let stages = [stage("kernel_wait", 0.1), stage("framing", 0.51), stage("broker", 0.31)];
        let advice = of(&stages, &figures(100), 10.0, &arrived(0), &[]);
        let stages: Vec<&str> = advice.iter().map(|advice| advice.stage.as_str()).collect();
        assert_eq!(stages, ["trace", "framing", "broker"]);
        assert!(advice[1].evidence.contains("51 %"), "{}", advice[1].evidence);
        let stamps = "3 stamps cost about 30 ns, 30 % of the total's p50 of 100 ns, above 10 %";
        assert_eq!(advice[0].evidence, stamps);
    }

    #[test]
    fn a_ring_that_dropped_is_named_in_its_own_words() {
        let told = |name: &str, dropped, offered| {
            let ring = Ring { max_depth: 64, ..Ring::new(name, 64, dropped) };
            of_ring(name, &ring, offered, &[stage("broker", 0.05)])
        };
        assert_eq!(told("recorder", 0, Some(1000)), None);
        let recorder = told("recorder", 5, Some(1000)).expect("it dropped");
        assert_eq!(recorder.stage, "broker");
        let words = "the ring to the recorder dropped 5 packets, 0.50 % of 1000, above 0; it held 64 of \
                     64 bytes at most; broker takes 5 % of the total; its p99 is 10 ns";
        assert_eq!(recorder.evidence, words);
        let traces = told("traces", 5, Some(1000)).expect("it dropped");
        assert!(traces.evidence.contains("dropped 5 ticks, 0.50 % of 1000"), "{traces:?}");
        let snapshots = told("snapshots", 5, None).expect("it dropped");
        assert!(snapshots.evidence.contains("dropped 5 snapshots, above 0"), "{snapshots:?}");
        for other in [traces, snapshots] {
            assert_eq!(other.stage, "trace", "no room of the path is slow");
            assert!(!other.advice.contains("disk"), "{other:?}");
        }
    }
}
