//! What the figures of two runs come to: a verdict for each percentile, and one for all.

use serde::{Serialize, Serializer};

use super::bootstrap::{Estimate, Resamples, Unjudged, interval};
use super::series::{Percentile, Series};

/// How the comparison is made.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Method {
    /// For all comparisons together.
    pub(super) confidence_percent: f64,
    pub(super) resamples: usize,
    /// Of each run, drawn as wholes.
    pub(super) blocks: usize,
    pub(super) seed: u64,
    /// A slow-down up to here is told and is no regression.
    pub(super) tolerance_percent: f64,
    /// A shift up to here is below what the stamps can tell.
    pub(super) resolution_ns: f64,
}

/// One part of the path in both runs, as its percentiles and their resamples.
#[derive(Debug)]
pub(super) struct Part {
    name: String,
    /// Whether a slow-down here is a regression.
    decides: bool,
    estimates: [Estimated; 2],
}

/// One percentile in both runs.
#[derive(Debug)]
struct Estimated {
    percentile: Percentile,
    a_ns: Option<u64>,
    b_ns: Option<u64>,
    resamples: Result<(Estimate, Estimate), Unjudged>,
}

impl Part {
    /// Draws the percentiles of both runs again, each from the resamples of its own run.
    pub(super) fn new(
        name: &str,
        decides: bool,
        [a, b]: [&Series; 2],
        [a_resamples, b_resamples]: &[Resamples; 2],
    ) -> Self {
        let [a50, a99] = a_resamples.estimates(a);
        let [b50, b99] = b_resamples.estimates(b);
        let estimated =
            |percentile, a_estimate: Result<_, _>, b_estimate: Result<_, _>| Estimated {
                percentile,
                a_ns: a.percentile(percentile),
                b_ns: b.percentile(percentile),
                resamples: a_estimate.and_then(|a| Ok((a, b_estimate?))),
            };
        let estimates =
            [estimated(Percentile::P50, a50, b50), estimated(Percentile::P99, a99, b99)];
        Self { name: name.to_owned(), decides, estimates }
    }
}

impl Part {
    /// The same figures without an interval, for this reason.
    pub(super) fn left_unjudged(mut self, why: Unjudged) -> Self {
        self.estimates.iter_mut().for_each(|one| one.resamples = Err(why));
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Slower,
    Faster,
    NoDifferenceSeen,
}

impl Verdict {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::NoDifferenceSeen => "no difference seen",
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

/// One percentile of one part of the path, in both runs. The shift is B − A.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison {
    pub(super) name: String,
    pub(super) percentile: &'static str,
    pub(super) a_ns: Option<u64>,
    pub(super) b_ns: Option<u64>,
    pub(super) shift_ns: Option<i64>,
    pub(super) shift_percent: Option<f64>,
    pub(super) low_ns: Option<i64>,
    pub(super) high_ns: Option<i64>,
    /// Null where a run holds too little for an interval.
    pub(super) verdict: Option<Verdict>,
    /// Why there is no verdict.
    pub(super) unjudged: Option<&'static str>,
    pub(super) decides: bool,
    /// Slower by more than the tolerance, in what decides.
    pub(super) regression: bool,
}

/// All comparisons and what they come to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Judgement {
    pub(super) comparisons: Vec<Comparison>,
    /// So many intervals share the error.
    pub(super) judged: usize,
    /// `slower` with a regression, else `faster` where anything that decides is; null if nothing that
    /// decides could be judged.
    pub(super) verdict: Option<Verdict>,
}

/// Compares all parts.
pub(super) fn judge(parts: &[Part], method: &Method) -> Judgement {
    let all = || parts.iter().flat_map(|part| part.estimates.iter().map(move |one| (part, one)));
    let judged = all().filter(|(_, one)| one.resamples.is_ok()).count();
    // Bonferroni: all intervals hold at once with the confidence.
    let error = (1.0 - method.confidence_percent / 100.0) / judged.max(1) as f64;
    let comparisons: Vec<Comparison> =
        all().map(|(part, one)| compare(part, one, error, method)).collect();
    let decided = || comparisons.iter().filter(|comparison| comparison.decides);
    let any = |verdict| decided().any(|comparison| comparison.verdict == Some(verdict));
    let verdict = if comparisons.iter().any(|comparison| comparison.regression) {
        Some(Verdict::Slower)
    } else if any(Verdict::Faster) {
        Some(Verdict::Faster)
    } else {
        let some = decided().any(|comparison| comparison.verdict.is_some());
        some.then_some(Verdict::NoDifferenceSeen)
    };
    Judgement { comparisons, judged, verdict }
}

fn compare(part: &Part, one: &Estimated, error: f64, method: &Method) -> Comparison {
    let shift_ns = one.a_ns.zip(one.b_ns).map(|(a, b)| b as i64 - a as i64);
    let percent = |(a, shift): (u64, i64)| (a > 0).then(|| shift as f64 / a as f64 * 100.0);
    let shift_percent = one.a_ns.zip(shift_ns).and_then(percent);
    let interval = one.resamples.as_ref().map(|(a, b)| interval(a, b, error));
    let judged = interval.ok().zip(shift_ns);
    let verdict = judged.map(|(interval, shift)| verdict(interval, shift, method.resolution_ns));
    let beyond = shift_percent.is_none_or(|percent| percent > method.tolerance_percent);
    Comparison {
        name: part.name.clone(),
        percentile: one.percentile.name(),
        a_ns: one.a_ns,
        b_ns: one.b_ns,
        shift_ns,
        shift_percent,
        low_ns: interval.ok().map(|(low, _)| low),
        high_ns: interval.ok().map(|(_, high)| high),
        verdict,
        unjudged: interval.err().map(|why| why.words()),
        decides: part.decides,
        regression: part.decides && verdict == Some(Verdict::Slower) && beyond,
    }
}

/// A difference is one that the interval cannot deny and the stamps can tell.
fn verdict((low, high): (i64, i64), shift: i64, resolution_ns: f64) -> Verdict {
    if shift.unsigned_abs() as f64 <= resolution_ns {
        Verdict::NoDifferenceSeen
    } else if low > 0 && shift > 0 {
        Verdict::Slower
    } else if high < 0 && shift < 0 {
        Verdict::Faster
    } else {
        Verdict::NoDifferenceSeen
    }
}
