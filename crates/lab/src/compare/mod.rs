//! Before and after: what changed between two runs, how sure that is, and whether it matters.
//!
//! `stretch` is what is compared, `order` whose turn it is in an A/B comparison, `measure` what is computed of it, `blocks` and
//! `latencies` compute it, with and without each part of a run, `bootstrap` says how far it may be from the truth, `row` what to
//! think of it, `report` writes the table.
//!
//! Seconds of a run resemble their neighbours: a busy machine is busy for a while. An interval that takes them for independent is
//! far too narrow. So a run is cut into blocks that are long enough to have little to do with one another (Carlstein, "The use of
//! subseries values for estimating the variance of a general statistic from a stationary sequence", Annals of Statistics 14,
//! 1986), and whole blocks are drawn again. What a block contributes to a quantile or a quotient is what leaving it out changes.
//!
//! Long blocks are few, and few blocks need an interval that knows that its own standard error is uncertain. Of 2,000 simulated
//! half hours of the same server, cut into eight blocks and compared in nine rows that are to be wrong in 1 % of all tables,
//! intervals from percentiles were wrong in 9.8 %, bias-corrected and accelerated ones in 10.9 %, Student's in 1.7 %, and the
//! symmetric studentised ones that are used here in 0.9 %; in 1.0 % if each measure was computed anew of each resample instead of
//! from what each block contributes. The smallest change that matters makes false alarms rarer still.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "what tests compare is exact"))]

mod blocks;
mod bootstrap;
mod latencies;
mod measure;
mod order;
mod report;
mod row;
mod stretch;

use serde::Serialize;

use crate::workload::Lot;
use blocks::Blocks;
use bootstrap::Resamples;
pub use measure::{Amount, Better, Measure, Of, Scale};
pub use order::{Side, order, rounds};
use row::{Certainty, Design};
pub use row::{Row, Verdict};
pub use stretch::{Round, Series, Stretch};

/// Seconds of a series that show a slowdown of 10 % in at least 95 % of all comparisons, on a machine whose speed varies as it
/// does in `crates/lab/tests/compare.rs`. On one that varies a third as much, 300 do.
pub const SERIES_SECONDS: u32 = 1_800;

/// Rounds of an A/B comparison that do so, with turns of five seconds.
pub const ROUNDS: usize = 80;

/// Blocks that a series is cut into. Fewer are longer, and so less alike; but each that is fewer widens the intervals. With
/// eight, what makes a machine 8 % slower for a minute at a time causes verdicts in 0.1 % of all tables of two equal half hours,
/// and what does so for five minutes at a time in 1.2 %.
const BLOCKS: usize = 8;

/// The shortest series that has a verdict: blocks have to be longer than what slows a machine down for a moment.
const LEAST_SECONDS: f64 = 300.0;

/// Rounds in a block: A B B A.
const ROUNDS_IN_BLOCK: usize = 2;

/// The fewest rounds that have a verdict.
const LEAST_ROUNDS: usize = 20;

/// How to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The rows.
    pub measures: Vec<Measure>,
    /// The probability that a table of two runs of the same binary has any verdict at all, from 0 to 1. Each row gets an
    /// equal part of it (Bonferroni).
    pub false_alarms: f64,
    /// How many times the blocks are drawn again. The part of a row has to be at least one of them, or no interval is known.
    pub resamples: usize,
    /// What everything by lot comes from.
    pub seed: u64,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The probability that all intervals hold the true changes.
    pub confidence: f64,
    /// The measures that both runs know.
    pub rows: Vec<Row>,
    /// What was left out, and why; sentences.
    pub notes: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { measures: Measure::at_a_given_load(), false_alarms: 0.01, resamples: 20_000, seed: 1 }
    }
}

impl Comparison {
    /// Whether any row became worse.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::Worse)
    }

    /// The same figures, of which nothing is concluded because of what the note says.
    #[must_use]
    pub fn without_verdicts(mut self, note: String) -> Self {
        for row in &mut self.rows {
            row.verdict = Verdict::NoEvidence;
        }
        self.notes.insert(0, note);
        self
    }
}

/// Compares two runs that were made one after the other. Both have to be in the order of time, without the time in which people
/// were still coming.
///
/// What differs from one start of a process to the next, or from one hour to the next, does not show within a run, and so is not
/// in the intervals: [`compare_pairs`] is for small changes.
#[must_use]
pub fn compare_series(before: &[Stretch], after: &[Stretch], rules: &Rules) -> Comparison {
    let mut notes = Vec::new();
    let mut design = Design::Apart;
    for (name, series) in [("before", before), ("after", after)] {
        let seconds: f64 = series.iter().map(|stretch| stretch.seconds).sum();
        if seconds < LEAST_SECONDS || series.len() < BLOCKS {
            design = Design::TooShort;
            notes.push(format!(
                "No verdict: the run {name} has {} stretches and {seconds:.0} s; {BLOCKS} and {LEAST_SECONDS} s are needed.",
                series.len()
            ));
        }
    }
    let [before, after] = [before, after].map(|series| Blocks::of_series(series, BLOCKS));
    compare(&before, &after, design, rules, notes)
}

/// Compares two binaries that took turns, as [`order()`] says.
#[must_use]
pub fn compare_pairs(rounds: &[Round], rules: &Rules) -> Comparison {
    let mut notes = Vec::new();
    let blocks = rounds.chunks_exact(ROUNDS_IN_BLOCK);
    if !blocks.remainder().is_empty() {
        notes.push("The last round has no partner and was left out.".to_owned());
    }
    let mut design = Design::Paired;
    if rounds.len() < LEAST_ROUNDS {
        design = Design::TooShort;
        notes.push(format!("No verdict: there are {} rounds; {LEAST_ROUNDS} are needed.", rounds.len()));
    }
    let before = blocks.clone().map(|block| block.iter().map(|round| &round.before).collect());
    let after = blocks.map(|block| block.iter().map(|round| &round.after).collect());
    compare(&Blocks::new(before.collect()), &Blocks::new(after.collect()), design, rules, notes)
}

fn compare(before: &Blocks, after: &Blocks, design: Design, rules: &Rules, mut notes: Vec<String>) -> Comparison {
    let mut known = Vec::new();
    for measure in &rules.measures {
        match (before.values(measure), after.values(measure)) {
            (Some(before), Some(after)) => known.push((measure, before, after)),
            (Some(_), None) => notes.push(format!("{}: measured before only.", measure.name)),
            (None, Some(_)) => notes.push(format!("{}: measured after only.", measure.name)),
            (None, None) => notes.push(format!("{}: not measured.", measure.name)),
        }
    }
    let certainty = Certainty {
        missing: rules.false_alarms / known.len().max(1) as f64,
        resamples: Resamples::new(rules.resamples, &design.lengths(before.len()), &mut Lot::new(rules.seed, 0)),
    };
    let rows = known.iter().map(|(measure, before, after)| Row::new(measure, design, before, after, &certainty));
    Comparison { confidence: 1.0 - rules.false_alarms, rows: rows.collect(), notes }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A second in which this many requests took this long, more or less, the same way for the same second.
    fn second(number: u64, requests: u64, latency_us: u64) -> Stretch {
        let slow = latency_us + latency_us * (number * 7 % 11) / 100;
        Stretch {
            seconds: 1.0,
            answered: requests + number * 5 % 3,
            failed: 0,
            latencies_us: BTreeMap::from([(slow, requests), (slow * 3, 1 + number % 3)]),
            figures: BTreeMap::from([("queries".to_owned(), (2 * requests + number % 2) as f64)]),
            peaks: BTreeMap::new(),
        }
    }

    fn series(seconds: u64, requests: u64, latency_us: u64) -> Series {
        (0..seconds).map(|number| second(number, requests, latency_us)).collect()
    }

    fn verdicts(comparison: &Comparison) -> Vec<(&str, Verdict)> {
        comparison.rows.iter().map(|row| (row.measure, row.verdict)).collect()
    }

    #[test]
    fn a_slower_run_is_told_from_a_faster_one_and_the_same_from_neither() {
        let (fast, slow) = (series(400, 40, 20_000), series(400, 30, 30_000));
        let rules = Rules::default();
        let comparison = compare_series(&fast, &slow, &rules);
        assert!(comparison.is_worse(), "{comparison}");
        let expected = [Verdict::Worse, Verdict::Worse, Verdict::Worse, Verdict::Worse, Verdict::NoEvidence];
        assert!(verdicts(&comparison).iter().map(|row| row.1).take(5).eq(expected), "{comparison}");
        assert_eq!(comparison, compare_series(&fast, &slow, &rules));
        let doubted = comparison.without_verdicts("On another machine.".to_owned());
        assert!(doubted.rows.iter().all(|row| row.verdict == Verdict::NoEvidence), "{doubted}");
        assert_eq!(doubted.notes[0], "On another machine.");
        let same = compare_series(&fast, &fast, &rules);
        assert!(same.rows.iter().all(|row| row.verdict == Verdict::NoEvidence && row.change == 0.0), "{same}");
    }

    #[test]
    fn one_start_that_takes_more_memory_than_another_shows_nothing_and_twice_as_much_does() {
        let of = |bytes: f64| {
            let mut series = series(400, 40, 20_000);
            for second in &mut series {
                second.peaks.insert("memory_bytes".to_owned(), bytes);
            }
            series
        };
        let judged = |more: f64| {
            let comparison = compare_series(&of(3e8), &of(3e8 * more), &Rules::default());
            comparison.rows.iter().find(|row| row.measure == "Memory").map(|row| row.verdict)
        };
        assert_eq!([judged(1.2), judged(2.0)], [Some(Verdict::NoEvidence), Some(Verdict::Worse)]);
    }

    #[test]
    fn what_was_not_measured_is_left_out_with_a_note() {
        let before = series(400, 40, 20_000);
        let mut after = before.clone();
        for stretch in &mut after {
            stretch.figures.clear();
        }
        let comparison = compare_series(&before, &after, &Rules::default());
        assert_eq!(comparison.rows.len(), 5, "{comparison}");
        let notes = [
            "CPU: not measured.",
            "Memory: not measured.",
            "DB queries: measured before only.",
            "Cache hit rate (L1): not measured.",
        ];
        assert_eq!(comparison.notes, notes);
    }

    #[test]
    fn short_runs_have_figures_and_no_verdict() {
        let comparison = compare_series(&series(400, 40, 20_000), &series(200, 20, 40_000), &Rules::default());
        assert!(comparison.rows.iter().all(|row| row.verdict == Verdict::NoEvidence), "{comparison}");
        assert_eq!(
            comparison.notes[0],
            "No verdict: the run after has 200 stretches and 200 s; 8 and 300 s are needed."
        );
        let nothing = compare_series(&[], &[], &Rules::default());
        assert!(nothing.rows.is_empty() && nothing.notes.len() == 11, "{nothing}");
    }

    #[test]
    fn rounds_are_compared_in_fours() {
        let round = |number| Round { before: second(number, 40, 20_000), after: second(number, 30, 30_000) };
        let rounds: Vec<Round> = (0..41).map(round).collect();
        let comparison = compare_pairs(&rounds, &Rules::default());
        assert!(verdicts(&comparison).contains(&("P50 response time", Verdict::Worse)), "{comparison}");
        assert_eq!(comparison.notes[0], "The last round has no partner and was left out.");
        let few = compare_pairs(&rounds[..18], &Rules::default());
        assert!(few.rows.iter().all(|row| row.verdict == Verdict::NoEvidence), "{few}");
        assert_eq!(few.notes[0], "No verdict: there are 18 rounds; 20 are needed.");
        assert!(compare_pairs(&[], &Rules::default()).rows.is_empty());
    }
}
