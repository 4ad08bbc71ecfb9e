//! Advice: evidence first, and only where a threshold was crossed.

use serde::{Deserialize, Serialize};

use super::{Figures, StageFigures};

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
    ("kernel_wait", 0.30, "pin the tick thread to a core that nothing else uses"),
    ("framing", 0.50, "measure with --plain to see the part of TLS, and subscribe fewer tokens"),
    ("broker", 0.30, "look at what is attached to the broker room: recorder and readers"),
];
/// Stamps may cost this share of the median total.
const STAMP_SHARE: f64 = 0.10;

/// What the figures advise; empty means to change nothing.
pub(crate) fn of(stages: &[StageFigures], total: &Figures, stamp_cost_ns: f64) -> Vec<Advice> {
    let mut all = Vec::new();
    let stamps = (stages.len() + 1) as f64 * stamp_cost_ns;
    if let Some(p50) = total.p50_ns.filter(|p50| stamps > *p50 as f64 * STAMP_SHARE) {
        all.push(Advice {
            stage: "trace".to_owned(),
            evidence: format!(
                "{} stamps cost about {stamps:.0} ns of a median total of {p50} ns, above {:.0} %",
                stages.len() + 1,
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
            let p99 = stage.figures.p99_ns.map_or("unknown".to_owned(), |p99| format!("{p99} ns"));
            all.push(Advice {
                stage: stage.name.clone(),
                evidence: format!(
                    "{name} takes {:.0} % of the total, above {:.0} %; its p99 is {p99}",
                    share * 100.0,
                    limit * 100.0
                ),
                advice: advice.to_owned(),
            });
        }
    }
    all
}

/// What a ring that dropped advises.
pub(crate) fn of_ring(name: &str, dropped: u64) -> Option<Advice> {
    (dropped > 0).then(|| Advice {
        stage: "broker".to_owned(),
        evidence: format!("the ring to the {name} dropped {dropped} packets"),
        advice: "look for a slow or full disk; the tick path itself was not held up".to_owned(),
    })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn nothing_is_advised_where_nothing_crosses_a_threshold() {
        let stages = [stage("framing", 0.5), stage("broker", 0.3), stage("feed", 0.2)];
        assert_eq!(of(&stages, &figures(10_000), 10.0), []);
    }

    #[test]
    fn each_crossed_threshold_is_named_with_its_figures() {
        let stages = [stage("framing", 0.51), stage("broker", 0.31)];
        let advice = of(&stages, &figures(100), 10.0);
        let stages: Vec<&str> = advice.iter().map(|advice| advice.stage.as_str()).collect();
        assert_eq!(stages, ["trace", "framing", "broker"]);
        assert!(advice[1].evidence.contains("51 %"), "{}", advice[1].evidence);
        assert!(advice[0].evidence.contains("30 ns"), "{}", advice[0].evidence);
    }
}
