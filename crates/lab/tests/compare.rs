//! How often a comparison of simulated servers is wrong: verdicts on the same server twice, and slowdowns that are missed.
//!
//! Everything is as it is by default but for the number of resamples, which is smaller for the sake of a build without
//! optimisation. Fewer resamples make intervals more uneven: both promises are harder to keep with fewer. The counts are those
//! of these seeds, the same in every run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use lab::compare::{
    Comparison, Measure, ROUNDS, Round, Row, Rules, SERIES_SECONDS, Series, Side, Stretch, Verdict, compare_pairs,
    compare_series, order, rounds,
};
use lab::workload::Lot;

/// Comparisons of a server with itself.
const SAME: u64 = 1_000;

/// The most of them that may have a verdict: then the exact upper bound of their rate, at 95 % confidence, is 0.91 %, and the
/// promised 1 % is kept not by luck.
const MOST_ALARMS: usize = 4;

/// The most of them that may have an interval that does not hold the truth, that nothing changed. This tests the intervals
/// without the smallest change that matters. They are to miss it in 1 %; more than this would then be seen once in 600 times.
const MOST_MISSING: usize = 20;

/// Comparisons with a server that is 10 % slower.
const SLOWED: u64 = 300;

/// The fewest of them that have to say so.
const LEAST_CAUGHT: usize = 285;

/// How many times as long everything takes on that.
const SLOWDOWN: f64 = 1.1;

/// One second of a series is recorded with the next ones.
const SECONDS_IN_STRETCH: i32 = 30;

/// Seconds of a turn in an A/B comparison.
const TURN_SECONDS: i32 = 5;

/// Seconds between two turns, in which the next binary starts.
const PAUSE_SECONDS: i32 = 2;

/// Requests that the server answers in a second when the machine is calm. They take all that it can give: slower ones are fewer.
const REQUESTS: f64 = 40.0;

/// How much longer each bucket's upper bound is than the one before, as a logarithm.
const BUCKET: f64 = 0.2;

/// The buckets, from a millisecond on.
const BUCKETS: i32 = 40;

/// A value that forgets slowly: `rho` of it stays from a second to the next. It varies around 0.
struct Drift {
    value: f64,
    rho: f64,
    deviation: f64,
}

impl Drift {
    fn new(rho: f64, deviation: f64, lot: &mut Lot) -> Self {
        Self { value: deviation * normal(lot), rho, deviation }
    }

    /// Its value after so many seconds.
    fn after(&mut self, seconds: i32, lot: &mut Lot) -> f64 {
        let kept = self.rho.powi(seconds);
        self.value = kept * self.value + self.deviation * (1.0 - kept * kept).sqrt() * normal(lot);
        self.value
    }
}

/// Something that comes, stays for a while, and goes.
struct Spell {
    is_on: bool,
    mean_seconds: f64,
    mean_calm_seconds: f64,
}

impl Spell {
    fn new(mean_seconds: f64, mean_calm_seconds: f64, lot: &mut Lot) -> Self {
        let is_on = lot.chance(mean_seconds / (mean_seconds + mean_calm_seconds));
        Self { is_on, mean_seconds, mean_calm_seconds }
    }

    fn next(&mut self, lot: &mut Lot) -> bool {
        let ends = lot.chance(1.0 / if self.is_on { self.mean_seconds } else { self.mean_calm_seconds });
        self.is_on ^= ends;
        self.is_on
    }
}

/// A server on a machine that others use too.
struct Machine<'a> {
    /// What it takes when it is calm.
    latencies: &'a Latencies,
    lot: Lot,
    /// How much slower or faster than on average everything is, as a logarithm.
    speed: Drift,
    /// Somebody else works: everything is 8 % slower, for a minute or so.
    neighbour: Spell,
    /// Of the memory, as a share.
    memory: Drift,
    /// Of the hit rate.
    hit_rate: Drift,
    /// A fiftieth of all requests fails, for some seconds.
    failing: Spell,
}

impl<'a> Machine<'a> {
    fn new(latencies: &'a Latencies, seed: u64, stream: u64) -> Self {
        let mut lot = Lot::new(seed, stream);
        Self {
            latencies,
            speed: Drift::new(0.7, 0.08, &mut lot),
            neighbour: Spell::new(60.0, 120.0, &mut lot),
            memory: Drift::new(0.98, 0.02, &mut lot),
            hit_rate: Drift::new(0.9, 0.05, &mut lot),
            failing: Spell::new(5.0, 100.0, &mut lot),
            lot,
        }
    }

    /// How many times as long as on a calm machine everything takes in the next second.
    fn next_slowness(&mut self) -> f64 {
        let neighbour = if self.neighbour.next(&mut self.lot) { 0.08 } else { 0.0 };
        (self.speed.after(1, &mut self.lot) + neighbour).exp()
    }

    /// The next seconds of a server that takes so many times as long.
    fn stretch(&mut self, seconds: i32, slowdown: f64) -> Stretch {
        let slowness = slowdown * (0..seconds).map(|_| self.next_slowness()).sum::<f64>() / f64::from(seconds);
        let latencies_us = self.latencies(REQUESTS * f64::from(seconds) / slowness, slowness);
        let lot = &mut self.lot;
        let answered: u64 = latencies_us.values().sum();
        let requests = answered as f64;
        let failing = (0..seconds).filter(|_| self.failing.next(lot)).count() as f64 / f64::from(seconds);
        let figures = [
            ("cpu_seconds", 0.01 * requests * slowness * (0.05 * normal(lot)).exp()),
            ("queries", about(1.5 * requests, lot)),
            ("l1_lookups", requests),
            ("l1_hits", requests * (0.65 + self.hit_rate.after(seconds, lot))),
        ];
        Stretch {
            seconds: f64::from(seconds),
            answered,
            failed: whole(about(requests * (0.001 + 0.02 * failing), lot)),
            latencies_us,
            figures: figures.map(|(name, value)| (name.to_owned(), value)).into(),
            peaks: BTreeMap::from([("memory_bytes".to_owned(), 3e8 * (1.0 + self.memory.after(seconds, lot)))]),
        }
    }

    /// About as many latencies as are expected.
    fn latencies(&mut self, expected: f64, slowness: f64) -> BTreeMap<u64, u64> {
        let mut below = 0.0;
        let counts = (0..BUCKETS).map(|bucket| {
            let upper = BUCKET * f64::from(bucket);
            let share = self.latencies.share_below(upper - slowness.ln());
            let count = about(expected * (share - below), &mut self.lot);
            below = share;
            (whole(1_000.0 * upper.exp()), whole(count))
        });
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn series(&mut self, slowdown: f64) -> Series {
        (0..SERIES_SECONDS.cast_signed() / SECONDS_IN_STRETCH)
            .map(|_| self.stretch(SECONDS_IN_STRETCH, slowdown))
            .collect()
    }

    fn rounds(&mut self, count: usize, slowdown: f64, seed: u64) -> Vec<Round> {
        let order = order(count, seed);
        let turns = order.iter().map(|side| {
            for _ in 0..PAUSE_SECONDS {
                self.next_slowness();
            }
            self.stretch(TURN_SECONDS, if *side == Side::After { slowdown } else { 1.0 })
        });
        let turns = turns.collect();
        rounds(&order, turns)
    }
}

/// A number from the normal distribution (Box and Muller, "A note on the generation of random normal deviates", 1958).
fn normal(lot: &mut Lot) -> f64 {
    (-2.0 * (1.0 - lot.share()).ln()).sqrt() * (TAU * lot.share()).cos()
}

/// As many as happen when this many are expected, independently of one another.
fn about(expected: f64, lot: &mut Lot) -> f64 {
    if expected <= 0.0 {
        return 0.0;
    }
    if expected > 10.0 {
        return (expected + expected.sqrt() * normal(lot)).max(0.0);
    }
    // Knuth, "The art of computer programming", 3.4.1.
    let (mut left, mut count) = (lot.share(), 0.0);
    while left > (-expected).exp() {
        left *= lot.share();
        count += 1.0;
    }
    count
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and microseconds are small")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// Log-normal latencies around 20 ms; one in thirty is three times as long or longer, with so heavy a tail that their variance
/// is infinite.
struct Latencies {
    /// Which share is below a millisecond and each bucket's bound.
    below: Vec<f64>,
}

impl Latencies {
    fn new() -> Self {
        let mut lot = Lot::new(1, 0);
        let mut logs: Vec<f64> = (0..100_000)
            .map(|_| {
                let tail = if lot.chance(1.0 / 30.0) { 3.0_f64.ln() - 0.5 * (1.0 - lot.share()).ln() } else { 0.0 };
                20.0_f64.ln() + 0.6 * normal(&mut lot) + tail
            })
            .collect();
        logs.sort_unstable_by(f64::total_cmp);
        let below = |bucket| logs.partition_point(|log| *log < BUCKET * f64::from(bucket)) as f64 / 100_000.0;
        Self { below: (0..=BUCKETS).map(below).collect() }
    }

    /// The share that is below a millisecond times the exponential of this.
    fn share_below(&self, log: f64) -> f64 {
        let place = (log / BUCKET).clamp(0.0, f64::from(BUCKETS - 1));
        let bucket = usize::try_from(whole(place.floor())).unwrap();
        self.below[bucket] + (self.below[bucket + 1] - self.below[bucket]) * (place - place.floor())
    }
}

fn rules(resamples: usize) -> Rules {
    Rules { measures: Measure::at_saturation(), resamples, ..Rules::default() }
}

fn of_series(latencies: &Latencies, seed: u64, slowdown: f64, rules: &Rules) -> Comparison {
    let series = |stream, slowdown| Machine::new(latencies, seed, stream).series(slowdown);
    compare_series(&series(1, 1.0), &series(2, slowdown), rules)
}

fn of_rounds(latencies: &Latencies, seed: u64, slowdown: f64, rules: &Rules) -> Comparison {
    compare_pairs(&Machine::new(latencies, seed, 1).rounds(ROUNDS, slowdown, seed), rules)
}

/// Compares a server with itself, again and again.
fn assert_false_alarms_are_rare(compare: impl Fn(&Latencies, u64, f64, &Rules) -> Comparison) {
    let (latencies, rules) = (Latencies::new(), rules(1_000));
    let (mut alarms, mut missing) = (Vec::new(), 0);
    for seed in 0..SAME {
        let comparison = compare(&latencies, seed, 1.0, &rules);
        assert!(comparison.rows.len() == 9 && comparison.rows.iter().all(|row| row.high.is_finite()), "{comparison}");
        missing += usize::from(comparison.rows.iter().any(|row| row.low > 0.0 || row.high < 0.0));
        if comparison.rows.iter().any(|row| row.verdict != Verdict::NoEvidence) {
            alarms.push(comparison.to_string());
        }
    }
    let counts = format!("{} alarms, {missing} with an interval without 0, of {SAME}", alarms.len());
    assert!(alarms.len() <= MOST_ALARMS && missing <= MOST_MISSING, "{counts}\n{}", alarms.join("\n"));
}

/// How many comparisons with a slower server say so.
fn caught(compare: impl Fn(&Latencies, u64, f64, &Rules) -> Comparison) -> usize {
    let (latencies, rules) = (Latencies::new(), rules(2_000));
    let telling = ["P50 response time", "P95 response time", "Throughput"];
    let is_caught = |row: &Row| row.verdict == Verdict::Worse && telling.contains(&row.measure);
    let comparisons = (SAME..SAME + SLOWED).map(|seed| compare(&latencies, seed, SLOWDOWN, &rules));
    comparisons.filter(|comparison| comparison.rows.iter().any(is_caught)).count()
}

#[test]
fn false_alarms_of_series_are_rare() {
    assert_false_alarms_are_rare(of_series);
}

#[test]
fn false_alarms_of_rounds_are_rare() {
    assert_false_alarms_are_rare(of_rounds);
}

#[test]
fn a_slowdown_is_caught_in_series() {
    let count = caught(of_series);
    assert!(count >= LEAST_CAUGHT, "{count} of {SLOWED}");
}

#[test]
fn a_slowdown_is_caught_in_rounds() {
    let count = caught(of_rounds);
    assert!(count >= LEAST_CAUGHT, "{count} of {SLOWED}");
}
