//! What a run measured, by phase, kind of request, and where the answer came from.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::workload::{Rewording, Task};

/// The longest latency that is told apart, in microseconds: two minutes.
const LONGEST_US: u64 = 120_000_000;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// People are still coming.
    Ramp,
    /// Everybody is there.
    Steady,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The gateway's own memory.
    L1,
    /// What the gateways share, or the disk.
    L2,
    /// A question that means the same.
    Rag,
    /// It was computed.
    Computed,
    /// It is not an answer to a question.
    Other,
}

/// Latencies of requests of one kind.
#[derive(Clone, Debug)]
pub struct Series {
    /// From the moment at which the request was due, in microseconds.
    pub due: Histogram<u64>,
    /// From the moment at which it was sent.
    pub sent: Histogram<u64>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Latencies of what was answered.
    pub series: BTreeMap<(Phase, Task, Source), Series>,
    /// What was not.
    pub failures: BTreeMap<(Phase, Task, Failure), u64>,
    /// Questions that stand alone, in both phases: as they stand in the catalogue (`None`) or reworded.
    pub rewordings: BTreeMap<(Option<Rewording>, Source), u64>,
    /// How long it took from an upload until the document was found by its meaning, in microseconds.
    pub indexing: BTreeMap<Phase, Series>,
    /// Documents that were uploaded, and not found by their meaning until after the end.
    pub unindexed: u64,
    /// Where the answers could have come from at the best: from a cache that is never full and whose answers no change alters.
    pub at_best: BTreeMap<(Phase, Source), u64>,
}

impl Default for Series {
    fn default() -> Self {
        Self { due: histogram(), sent: histogram() }
    }
}

impl Series {
    fn add(&mut self, other: &Self) {
        // The bounds are the same.
        let _ = self.due.add(&other.due);
        let _ = self.sent.add(&other.sent);
    }
}

impl Records {
    pub(super) fn answered(&mut self, key: (Phase, Task, Source), due: Duration, sent: Duration) {
        let series = self.series.entry(key).or_default();
        series.due.saturating_record(microseconds(due));
        series.sent.saturating_record(microseconds(sent));
    }

    pub(super) fn failed(&mut self, key: (Phase, Task, Failure)) {
        *self.failures.entry(key).or_default() += 1;
    }

    pub(super) fn worded(&mut self, rewording: Option<Rewording>, source: Source) {
        *self.rewordings.entry((rewording, source)).or_default() += 1;
    }

    pub(super) fn indexed(&mut self, phase: Phase, took: Duration) {
        let series = self.indexing.entry(phase).or_default();
        series.due.saturating_record(microseconds(took));
        series.sent.saturating_record(microseconds(took));
    }

    pub(super) fn gave_up(&mut self) {
        self.unindexed += 1;
    }

    pub(super) fn could_come(&mut self, phase: Phase, source: Source) {
        *self.at_best.entry((phase, source)).or_default() += 1;
    }

    /// The latencies of all requests of a phase that are wanted, together.
    #[must_use]
    pub fn together(&self, phase: Phase, wanted: impl Fn(Task, Source) -> bool) -> Series {
        let mut sum = Series::default();
        let fitting = self.series.iter().filter(|((of, kind, source), _)| *of == phase && wanted(*kind, *source));
        fitting.for_each(|(_, series)| sum.add(series));
        sum
    }

    /// Requests that failed, in both phases.
    #[must_use]
    pub fn failed_requests(&self) -> u64 {
        self.failures.values().sum()
    }

    /// The share of the questions standing alone that were reworded; `None` without questions.
    #[must_use]
    pub fn reworded_share(&self) -> Option<f64> {
        let sum = |reworded: bool| -> u64 {
            self.rewordings.iter().filter(|((of, _), _)| !reworded || of.is_some()).map(|(_, count)| count).sum()
        };
        (sum(false) > 0).then(|| sum(true) as f64 / sum(false) as f64)
    }
}

fn histogram() -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("valid bounds")
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_kept_apart_and_put_together() {
        let mut records = Records::default();
        let ms = Duration::from_millis;
        let question = Task::Question;
        for (phase, source, due) in [
            (Phase::Steady, Source::L1, 2),
            (Phase::Steady, Source::Computed, 100),
            (Phase::Ramp, Source::Computed, 1_000),
        ] {
            records.answered((phase, question, source), ms(due), ms(due - 1));
        }
        records.answered((Phase::Steady, Task::Health, Source::Other), ms(1), ms(0));
        let all = records.together(Phase::Steady, |kind, _| kind.is_question());
        assert_eq!(all.due.len(), 2);
        assert!(all.due.max().abs_diff(100_000) < 100 && all.sent.max().abs_diff(99_000) < 100);
        assert_eq!(records.together(Phase::Steady, |_, source| source == Source::L1).due.len(), 1);
    }

    #[test]
    fn the_share_of_rewordings_is_of_questions_that_stand_alone() {
        let mut records = Records::default();
        assert_eq!(records.reworded_share(), None);
        (0..3).for_each(|_| records.worded(None, Source::L1));
        records.worded(Some(Rewording::Polite), Source::Rag);
        assert_eq!(records.reworded_share(), Some(0.25));
    }
}
