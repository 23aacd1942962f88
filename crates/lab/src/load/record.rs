//! What a run measured, by phase, kind of request, and where the answer came from.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::workload::{Class, Rewording, Task};

/// The longest latency that is told apart, in microseconds: two minutes.
const LONGEST_US: u64 = 120_000_000;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// What is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// When it was due.
    pub phase: Phase,
    /// Who asked.
    pub class: Class,
    /// What for.
    pub task: Task,
    /// Where the answer came from.
    pub source: Source,
}

/// A second of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Latencies of what was answered in it, from the moment at which it was due, in microseconds to a hundredth or so, with how
    /// often they occurred.
    pub due_us: BTreeMap<u64, u64>,
    /// Requests that failed in it.
    pub failed: u64,
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
    pub series: BTreeMap<Key, Series>,
    /// The same, second by second from the beginning, of all kinds together.
    pub seconds: Vec<Second>,
    /// How late people went to work, in microseconds: what the generator could not keep up with.
    pub lag: Series,
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
    /// An answer came so long after the beginning, and so long after it was due and sent for.
    pub(super) fn answered(&mut self, key: Key, at: Duration, due: Duration, sent: Duration) {
        *self.second(at).due_us.entry(rounded(microseconds(due))).or_default() += 1;
        let series = self.series.entry(key).or_default();
        series.due.saturating_record(microseconds(due));
        series.sent.saturating_record(microseconds(sent));
    }

    pub(super) fn woke(&mut self, late: Duration) {
        self.lag.due.saturating_record(microseconds(late));
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let index = usize::try_from(at.as_secs()).unwrap_or_default();
        if self.seconds.len() <= index {
            self.seconds.resize(index + 1, Second::default());
        }
        &mut self.seconds[index]
    }

    pub(super) fn failed(&mut self, key: (Phase, Task, Failure), at: Duration) {
        self.second(at).failed += 1;
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
    pub fn together(&self, phase: Phase, wanted: impl Fn(&Key) -> bool) -> Series {
        let mut sum = Series::default();
        let fitting = self.series.iter().filter(|(key, _)| key.phase == phase && wanted(key));
        fitting.for_each(|(_, series)| sum.add(series));
        sum
    }

    /// The 95th percentile of the last ten seconds; nothing where nothing was answered.
    pub(super) fn last_p95(&self) -> Option<Duration> {
        let mut all: BTreeMap<u64, u64> = BTreeMap::new();
        let last = self.seconds.len().saturating_sub(10);
        for (us, count) in self.seconds.iter().skip(last).flat_map(|second| &second.due_us) {
            *all.entry(*us).or_default() += count;
        }
        let sum: u64 = all.values().sum();
        let mut left = sum.div_ceil(20).max(1);
        all.into_iter().rev().find_map(|(us, count)| {
            left = left.saturating_sub(count);
            (left == 0).then(|| Duration::from_micros(us))
        })
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

/// Room for latencies in microseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("valid bounds")
}

/// To seven binary digits: within a hundredth.
fn rounded(us: u64) -> u64 {
    let spare = (u64::BITS - us.leading_zeros()).saturating_sub(7);
    let half = if spare > 0 { 1 << (spare - 1) } else { 0 };
    ((us >> spare) << spare) + half
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
            let key = Key { phase, class: Class::Regular, task: question, source };
            records.answered(key, ms(due), ms(due), ms(due - 1));
        }
        let health = Key { phase: Phase::Steady, class: Class::Admin, task: Task::Health, source: Source::Other };
        records.answered(health, ms(1_500), ms(1), ms(0));
        let all = records.together(Phase::Steady, |key| key.task.is_question());
        assert_eq!(all.due.len(), 2);
        assert!(all.due.max().abs_diff(100_000) < 100 && all.sent.max().abs_diff(99_000) < 100);
        assert_eq!(records.together(Phase::Steady, |key| key.source == Source::L1).due.len(), 1);
        let counts: Vec<u64> = records.seconds.iter().map(|second| second.due_us.values().sum()).collect();
        assert_eq!(counts, [2, 2]);
    }

    #[test]
    fn latencies_of_a_second_are_kept_to_a_hundredth() {
        for us in [0, 1, 127, 128, 1_000, 99_999, 12_345_678] {
            assert!(rounded(us).abs_diff(us) as f64 <= us as f64 / 100.0, "{us}: {}", rounded(us));
        }
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
