//! Percentile ladders: each stage at ten percentiles a decade, as far as the sample carries.

use std::collections::BTreeMap;

use engine::probe::{Ladder, Meter};
use serde::{Deserialize, Serialize};

/// The percentiles of this many values are told apart at most.
const WHOLE: u64 = 1_000_000_000;
/// Steps from one nine to the next.
const STEPS: i32 = 10;

/// `ladders` of the report: a stage's value at `percentiles[i]` is `ns[stage][i]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ladders {
    /// In per cent, rising; 0 stands for the minimum.
    pub(crate) percentiles: Vec<f64>,
    /// By stage, and `total`; null where the sample is too small.
    pub(crate) ns: BTreeMap<String, Vec<Option<u64>>>,
}

impl Ladders {
    /// The ladders of every stage that the source has, and of the whole way.
    pub(crate) fn of<C>(meter: &Meter<C>) -> Self {
        let parts: Vec<u64> = (0..=9 * STEPS)
            .map(|step| {
                WHOLE
                    - (WHOLE as f64 * 10f64.powf(-f64::from(step) / f64::from(STEPS))).round()
                        as u64
            })
            .take_while(|parts| meter.total().percentile(*parts, WHOLE).is_some())
            .collect();
        let values = |ladder: &Ladder| -> Vec<Option<u64>> {
            parts.iter().map(|parts| ladder.percentile(*parts, WHOLE)).collect()
        };
        let stages = meter.source_stages();
        let stages = stages.map(|stage| (stage.name().to_owned(), values(meter.stage(stage))));
        Self {
            percentiles: parts.iter().map(|parts| *parts as f64 / (WHOLE / 100) as f64).collect(),
            ns: stages.chain([("total".to_owned(), values(meter.total()))]).collect(),
        }
    }
}
