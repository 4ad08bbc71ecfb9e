//! How long answers and packets take: distributions from a few figures, drawn by a seed.

use std::f64::consts::TAU;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::values::Time;
use crate::playback::generator::mix;

/// How many standard deviations the 99th percentile of a normal distribution lies above the middle.
const P99: f64 = 2.326_347_874;

/// The latencies of a scenario; without one nothing is held back.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latencies {
    /// From a REST request to its answer.
    pub(crate) rest: Option<Latency>,
    /// From when a packet is due, or an order update is made, to when it leaves.
    pub(crate) stream: Option<Latency>,
}

/// A distribution of latencies; its short forms are `20ms`, `10ms..30ms`, `p50=20ms,p99=120ms` and a
/// list such as `12ms,15ms,80ms`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Figures")]
pub enum Latency {
    /// Always the same.
    Constant(Duration),
    /// Any time between the two is as likely as another.
    Uniform(Duration, Duration),
    /// Its logarithm is normal: a middle, and a tail above.
    LogNormal {
        /// The middle: above zero.
        p50: Duration,
        /// Not below it.
        p99: Duration,
    },
    /// Each of the list is as likely as another.
    List(Vec<Duration>),
}

impl Latency {
    /// The `number`-th draw under `seed`: the same whoever asks, and when.
    pub(crate) fn draw(&self, seed: u64, number: u64) -> Duration {
        let mixed = mix(seed ^ mix(number));
        match self {
            Self::Constant(time) => *time,
            Self::Uniform(least, most) => *least + (*most - *least).mul_f64(fraction(mixed)),
            Self::LogNormal { p50, p99 } => {
                let deviation = (p99.as_secs_f64() / p50.as_secs_f64()).ln() / P99;
                // Box and Muller's normal number out of two even ones, neither of them zero.
                let [first, second] = [1.0 - fraction(mixed), fraction(mix(mixed))];
                let normal = (-2.0 * first.ln()).sqrt() * (TAU * second).cos();
                p50.mul_f64((deviation * normal).exp())
            }
            Self::List(times) => {
                let place = mixed % times.len().max(1) as u64;
                times.get(place as usize).copied().unwrap_or_default()
            }
        }
    }
}

/// A number from 0 to before 1.
fn fraction(mixed: u64) -> f64 {
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

/// A distribution as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    constant: Option<Time>,
    uniform: Option<[Time; 2]>,
    p50: Option<Time>,
    p99: Option<Time>,
    list: Option<Vec<Time>>,
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = |text: &str| text.trim().parse::<Time>();
        let mut figures = Figures::default();
        if let Some((least, most)) = text.split_once("..") {
            figures.uniform = Some([time(least)?, time(most)?]);
        } else if text.contains('=') {
            for part in text.split(',') {
                match part.split_once('=') {
                    Some((name, value)) if name.trim() == "p50" => figures.p50 = Some(time(value)?),
                    Some((name, value)) if name.trim() == "p99" => figures.p99 = Some(time(value)?),
                    _ => return Err(format!("{part:?} is neither p50=TIME nor p99=TIME")),
                }
            }
        } else if text.contains(',') {
            figures.list = Some(text.split(',').map(time).collect::<Result<_, _>>()?);
        } else {
            figures.constant = Some(time(text)?);
        }
        Self::try_from(figures)
    }
}

impl TryFrom<Figures> for Latency {
    type Error = String;

    fn try_from(figures: Figures) -> Result<Self, String> {
        let Figures { constant, uniform, p50, p99, list } = figures;
        match (constant, uniform, p50, p99, list) {
            (Some(Time(time)), None, None, None, None) => Ok(Self::Constant(time)),
            (None, Some([Time(least), Time(most)]), None, None, None) => {
                if least > most {
                    return Err(format!(
                        "uniform is {least:?} to {most:?}: allowed is the smaller time first"
                    ));
                }
                Ok(Self::Uniform(least, most))
            }
            (None, None, Some(Time(p50)), Some(Time(p99)), None) => {
                if p50.is_zero() || p50 > p99 {
                    return Err(format!(
                        "p50 is {p50:?} and p99 {p99:?}: allowed is a p50 above 0 and a p99 not below it"
                    ));
                }
                Ok(Self::LogNormal { p50, p99 })
            }
            (None, None, None, None, Some(list)) if !list.is_empty() => {
                Ok(Self::List(list.into_iter().map(|time| time.0).collect()))
            }
            _ => Err("a latency is one distribution: allowed are constant = \"20ms\", \
                      uniform = [\"10ms\", \"30ms\"], p50 with p99, or a list of times"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn draws(latency: &Latency, seed: u64) -> Vec<Duration> {
        (0..20_000).map(|number| latency.draw(seed, number)).collect()
    }

    #[test]
    fn a_tail_has_the_middle_and_the_99th_percentile_that_it_was_given() {
        let mut all = draws(&Latency::LogNormal { p50: millis(20), p99: millis(120) }, 7);
        all.sort_unstable();
        let near = |at: usize, wanted: f64| (all[at].as_secs_f64() * 1e3 / wanted - 1.0).abs();
        assert!(near(10_000, 20.0) < 0.02, "{:?}", all[10_000]);
        assert!(near(19_800, 120.0) < 0.10, "{:?}", all[19_800]);
    }

    #[test]
    fn the_short_forms_are_the_written_ones() {
        for (short, wanted) in [
            ("20ms", Latency::Constant(millis(20))),
            ("10ms..30ms", Latency::Uniform(millis(10), millis(30))),
            ("p50=20ms,p99=120ms", Latency::LogNormal { p50: millis(20), p99: millis(120) }),
            ("12ms, 15ms", Latency::List(vec![millis(12), millis(15)])),
        ] {
            assert_eq!(short.parse(), Ok(wanted), "{short}");
        }
        for wrong in
            ["", "soon", "30ms..10ms", "p50=20ms", "p50=0s,p99=1s", "p90=1s,p99=2s", "1ms,"]
        {
            assert!(wrong.parse::<Latency>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_draw_is_the_same_again_and_another_under_another_seed() {
        let all = [
            Latency::Uniform(millis(10), millis(30)),
            Latency::LogNormal { p50: millis(20), p99: millis(120) },
            Latency::List(vec![millis(1), millis(2), millis(3)]),
        ];
        for latency in all {
            assert_eq!(draws(&latency, 7), draws(&latency, 7));
            assert_ne!(draws(&latency, 7), draws(&latency, 8), "{latency:?}");
        }
    }

    #[test]
    fn a_uniform_one_fills_its_range_and_a_list_gives_each_of_its_times() {
        let all = draws(&Latency::Uniform(millis(10), millis(30)), 1);
        assert!(all.iter().all(|draw| (millis(10)..=millis(30)).contains(draw)));
        assert!(all.iter().any(|draw| *draw < millis(11)));
        assert!(all.iter().any(|draw| *draw > millis(29)));
        let listed = draws(&Latency::List(vec![millis(1), millis(9)]), 1);
        let first = listed.iter().filter(|draw| **draw == millis(1)).count();
        assert!((9_500..10_500).contains(&first), "{first}");
        assert_eq!(Latency::Constant(millis(5)).draw(3, 4), millis(5));
    }
}
