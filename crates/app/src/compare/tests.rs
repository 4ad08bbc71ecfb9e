//! What the intervals promise, held against simulated runs whose truth is known.

use std::f64::consts::PI;

use super::bootstrap::{BLOCKS, Random, Resamples};
use super::series::Series;
use super::verdict::{Comparison, Judgement, Method, Part, Verdict, judge};

const TICKS: usize = 1200;

fn method() -> Method {
    Method {
        confidence_percent: 95.0,
        resamples: 100,
        blocks: BLOCKS,
        seed: 1,
        tolerance_percent: 0.0,
        resolution_ns: 0.0,
    }
}

fn part(name: &str, a: &[u64], b: &[u64], method: &Method) -> Part {
    let resamples = Resamples::of_two_runs(method.resamples, method.seed);
    Part::new(name, name != "age", [&Series::new(a), &Series::new(b)], &resamples)
}

fn judged(a: &[u64], b: &[u64], method: &Method) -> Judgement {
    judge(&[part("total", a, b, method)], method)
}

/// The p50 and the p99 of the only part.
fn both(judgement: &Judgement) -> [&Comparison; 2] {
    let [p50, p99] = &judgement.comparisons[..] else { panic!("{judgement:?}") };
    [p50, p99]
}

fn unit(random: &mut Random) -> f64 {
    ((random.draw() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

fn normal(random: &mut Random) -> f64 {
    (-2.0 * unit(random).ln()).sqrt() * (2.0 * PI * unit(random)).cos()
}

/// A run around 1000 ns in which every tick takes after the one before.
fn run(likeness: f64, spread: f64, random: &mut Random) -> Vec<u64> {
    let mut state = normal(random);
    let mut tick = |_| {
        state = likeness * state + (1.0 - likeness * likeness).sqrt() * normal(random);
        (1000.0 * (spread * state).exp()) as u64
    };
    (0..TICKS).map(&mut tick).collect()
}

/// The same ticks as if they were independent: what a plain bootstrap believes.
fn shuffled(times: &[u64], random: &mut Random) -> Vec<u64> {
    let mut times = times.to_vec();
    for place in (1..times.len()).rev() {
        times.swap(place, (random.draw() % (place as u64 + 1)) as usize);
    }
    times
}

/// Whether any interval excludes 0.
fn alarm(judgement: &Judgement) -> bool {
    let differs = |verdict| matches!(verdict, Some(Verdict::Slower | Verdict::Faster));
    judgement.comparisons.iter().any(|comparison| differs(comparison.verdict))
}

#[test]
fn without_a_difference_the_alarms_stay_near_the_promised_one_in_twenty() {
    let mut random = Random(7);
    let (mut alarms, mut plain_alarms) = (0, 0);
    for _ in 0..60 {
        let [a, b] = [0, 1].map(|_| run(0.9, 0.4, &mut random));
        alarms += u32::from(alarm(&judged(&a, &b, &method())));
        let [a, b] = [a, b].map(|times| shuffled(&times, &mut random));
        plain_alarms += u32::from(alarm(&judged(&a, &b, &method())));
    }
    // 3 of 60 are promised; 9 or more would come by chance once in five hundred.
    assert!(alarms <= 8, "{alarms} false alarms in 60");
    assert!(plain_alarms >= 20, "the ticks hang together enough to matter: {plain_alarms}");
}

#[test]
fn independent_ticks_are_not_called_different_either() {
    let mut random = Random(8);
    let alarms = (0..60).filter(|_| {
        let [a, b] = [0, 1].map(|_| run(0.0, 0.4, &mut random));
        alarm(&judged(&a, &b, &method()))
    });
    let alarms = alarms.count();
    assert!(alarms <= 8, "{alarms} false alarms in 60");
}

#[test]
fn a_fifth_more_is_found_each_time_and_the_intervals_hold_it() {
    let mut random = Random(9);
    let mut held = 0;
    for _ in 0..30 {
        let [a, b] = [0, 1].map(|_| run(0.9, 0.1, &mut random));
        let b: Vec<u64> = b.iter().map(|time| time * 6 / 5).collect();
        let slower = judged(&a, &b, &method());
        let [p50, _] = both(&slower);
        assert_eq!((p50.verdict, slower.verdict), (Some(Verdict::Slower), Some(Verdict::Slower)));
        held += u32::from(p50.low_ns <= Some(200) && p50.high_ns >= Some(200));
        assert_eq!(judged(&b, &a, &method()).verdict, Some(Verdict::Faster));
    }
    assert!(held >= 25, "the truth is in {held} of 30 intervals");
}

#[test]
fn a_longer_tail_is_seen_in_p99_and_not_in_p50() {
    let mut random = Random(10);
    let [a, mut b] = [0, 1].map(|_| run(0.0, 0.1, &mut random));
    for time in &mut b {
        *time *= if unit(&mut random) < 0.04 { 5 } else { 1 };
    }
    let judgement = judged(&a, &b, &method());
    let verdicts = both(&judgement).map(|comparison| comparison.verdict);
    assert_eq!(verdicts, [Some(Verdict::NoDifferenceSeen), Some(Verdict::Slower)]);
}

#[test]
fn the_same_run_twice_shows_no_difference() {
    let run = run(0.5, 0.4, &mut Random(11));
    let judgement = judged(&run, &run, &method());
    assert_eq!(judgement.verdict, Some(Verdict::NoDifferenceSeen));
    for comparison in both(&judgement) {
        assert_eq!(comparison.shift_ns, Some(0));
        assert!(comparison.low_ns <= Some(0) && comparison.high_ns >= Some(0), "{comparison:?}");
    }
}

#[test]
fn a_seed_fixes_every_figure() {
    let mut random = Random(12);
    let [a, b] = [0, 1].map(|_| run(0.9, 0.4, &mut random));
    let printed = |seed| format!("{:?}", judged(&a, &b, &Method { seed, ..method() }));
    assert_eq!(printed(1), printed(1));
    assert_ne!(printed(1), printed(2));
}

#[test]
fn random_numbers_are_those_of_splitmix64_for_ever() {
    let mut random = Random(1_234_567);
    let drawn = [random.draw(), random.draw(), random.draw()];
    assert_eq!(drawn, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
}

#[test]
fn a_difference_below_what_the_stamps_can_tell_does_not_count() {
    let (a, b) = (vec![100; TICKS], vec![110; TICKS]);
    let with = |resolution_ns| judged(&a, &b, &Method { resolution_ns, ..method() });
    assert_eq!(with(9.9).verdict, Some(Verdict::Slower));
    let below = with(10.0);
    assert_eq!(below.verdict, Some(Verdict::NoDifferenceSeen));
    let [p50, _] = both(&below);
    assert_eq!((p50.shift_ns, p50.low_ns, p50.high_ns), (Some(10), Some(10), Some(10)));
}

#[test]
fn a_tolerated_slow_down_is_told_and_is_no_regression() {
    let (a, b) = (vec![100; TICKS], vec![110; TICKS]);
    let with = |percent| judged(&a, &b, &Method { tolerance_percent: percent, ..method() });
    let tolerated = with(10.0);
    assert_eq!(tolerated.verdict, Some(Verdict::NoDifferenceSeen));
    let [p50, _] = both(&tolerated);
    assert_eq!((p50.verdict, p50.regression), (Some(Verdict::Slower), false));
    let [p50, _] = both(&with(9.9)).map(Clone::clone);
    assert!(p50.regression);
}

#[test]
fn what_does_not_decide_is_shown_and_is_no_regression() {
    let (a, b) = (vec![100; TICKS], vec![200; TICKS]);
    let parts = [part("total", &a, &a, &method()), part("age", &a, &b, &method())];
    let judgement = judge(&parts, &method());
    assert_eq!(judgement.verdict, Some(Verdict::NoDifferenceSeen));
    let ages = judgement.comparisons.iter().filter(|comparison| comparison.name == "age");
    let ages: Vec<_> = ages.map(|age| (age.verdict, age.regression)).collect();
    assert_eq!(ages, [(Some(Verdict::Slower), false); 2]);
}

#[test]
fn many_comparisons_share_the_error() {
    let mut random = Random(13);
    let [a, b] = [0, 1].map(|_| run(0.0, 0.4, &mut random));
    let width = |judgement: &Judgement| {
        let first = &judgement.comparisons[0];
        first.high_ns.expect("high") - first.low_ns.expect("low")
    };
    let alone = judged(&a, &b, &method());
    let parts: Vec<Part> = (0..9).map(|_| part("stage", &a, &b, &method())).collect();
    let together = judge(&parts, &method());
    assert_eq!((alone.judged, together.judged), (2, 18));
    assert!(width(&together) > width(&alone), "{} {}", width(&together), width(&alone));
}

#[test]
fn a_sample_that_is_too_small_has_no_interval_and_says_so() {
    let judgement = judged(&[100; 99], &[200; TICKS], &method());
    let [p50, p99] = both(&judgement);
    assert_eq!((p50.a_ns, p99.a_ns, p99.shift_ns), (Some(100), None, None));
    for comparison in [p50, p99] {
        assert_eq!(comparison.unjudged, Some("not judged, too few ticks"));
        assert_eq!((comparison.verdict, comparison.low_ns), (None, None));
    }
    assert_eq!(judgement.verdict, None);
}

#[test]
fn one_burst_does_not_speak_for_the_whole_run() {
    let mut random = Random(14);
    let [a, mut b] = [0, 1].map(|_| run(0.0, 0.1, &mut random));
    b[600..640].fill(50_000);
    let judgement = judged(&a, &b, &method());
    let [p50, p99] = both(&judgement);
    assert_eq!(p50.verdict, Some(Verdict::NoDifferenceSeen));
    assert_eq!((p99.b_ns, p99.verdict), (Some(50_000), None));
    assert_eq!(p99.unjudged, Some("not judged, too few stretches of the run reach it"));
}
