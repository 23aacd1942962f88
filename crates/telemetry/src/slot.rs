//! What happened in a stretch of time: sums, peaks and distributions that add up exactly, over time and over processes.

use std::collections::BTreeMap;

use hdrhistogram::{Counter, Histogram};
use serde::{Deserialize, Serialize};

/// What happened in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// What adds up.
    pub sums: BTreeMap<String, f64>,
    /// What was at most. Of several processes, they add up.
    pub peaks: BTreeMap<String, f64>,
    /// Times in microseconds, with how often they were taken.
    pub times: BTreeMap<String, Spread>,
}

/// A distribution: values, and how often they were taken. Values that a histogram does not tell apart are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spread(BTreeMap<u64, u64>);

impl Slot {
    /// Adds a later stretch of the same process: of its peaks the greater ones stay.
    pub fn extend(&mut self, later: &Self) {
        self.add(later, f64::max);
    }

    /// Adds the same stretch of another process: its peaks come on top.
    pub fn join(&mut self, other: &Self) {
        self.add(other, |a, b| a + b);
    }

    fn add(&mut self, other: &Self, peak: impl Fn(f64, f64) -> f64) {
        for (name, sum) in &other.sums {
            *self.sums.entry(name.clone()).or_default() += sum;
        }
        for (name, value) in &other.peaks {
            let known = self.peaks.entry(name.clone()).or_default();
            *known = peak(*known, *value);
        }
        for (name, spread) in &other.times {
            self.times.entry(name.clone()).or_default().add(spread);
        }
    }

    /// A sum; 0 where nothing was counted.
    #[must_use]
    pub fn sum(&self, name: &str) -> f64 {
        self.sums.get(name).copied().unwrap_or_default()
    }
}

impl Spread {
    /// What a histogram has more than it had before. Of values that it does not tell apart, the one in the middle stands for all.
    #[must_use]
    pub fn between<C: Counter>(before: &Histogram<C>, now: &Histogram<C>) -> Self {
        let values = now.iter_recorded().filter_map(|step| {
            let value = step.value_iterated_to();
            let more = step.count_at_value().as_u64().saturating_sub(before.count_at(value).as_u64());
            (more > 0).then_some((now.median_equivalent(value), more))
        });
        Self(values.collect())
    }

    /// All of a histogram.
    #[must_use]
    pub fn of<C: Counter>(histogram: &Histogram<C>) -> Self {
        let values = histogram.iter_recorded();
        let middle = |value| histogram.median_equivalent(value);
        Self(values.map(|step| (middle(step.value_iterated_to()), step.count_at_value().as_u64())).collect())
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        for (value, count) in &other.0 {
            *self.0.entry(*value).or_default() += count;
        }
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values are greater.
    #[must_use]
    pub fn above(&self, limit: u64) -> u64 {
        self.0.range(limit.saturating_add(1)..).map(|(_, count)| count).sum()
    }

    /// The value below or at which this share of the values lies; nothing without values.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
        let wanted = ((self.len() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.0.iter().find_map(|(value, count)| {
            seen += count;
            (seen >= wanted).then_some(*value)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spread(values: &[u64]) -> Spread {
        let mut counts = BTreeMap::new();
        for value in values {
            *counts.entry(*value).or_default() += 1;
        }
        Spread(counts)
    }

    #[test]
    fn peaks_last_in_time_and_add_up_over_processes() {
        let peak = |value: f64| Slot { peaks: BTreeMap::from([("memory".to_owned(), value)]), ..Slot::default() };
        let mut slot = peak(3.0);
        slot.extend(&peak(2.0));
        assert_eq!(slot.peaks["memory"], 3.0);
        slot.join(&peak(2.0));
        assert_eq!(slot.peaks["memory"], 5.0);
    }

    #[test]
    fn a_difference_is_what_came_later() -> Result<(), Box<dyn std::error::Error>> {
        let mut histogram = Histogram::<u32>::new(2)?;
        histogram.record_n(500, 3)?;
        let before = histogram.clone();
        histogram.record_n(500, 2)?;
        histogram.record_n(70_000, 1)?;
        let between = Spread::between(&before, &histogram);
        assert_eq!((between.len(), between.above(490), between.above(510)), (3, 3, 1));
        assert!(Spread::between(&histogram, &histogram).is_empty());
        Ok(())
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_all_values(mut values in proptest::collection::vec(0_u64..1_000, 1..50), parts in 1_usize..5, share in 0.0_f64..=1.0) {
            let mut whole = Spread::default();
            values.chunks(values.len().div_ceil(parts)).for_each(|part| whole.add(&spread(part)));
            values.sort_unstable();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length is a length")]
            let rank = ((values.len() as f64 * share).ceil() as usize).max(1);
            prop_assert_eq!(whole.quantile(share), Some(values[rank - 1]));
            prop_assert_eq!(whole.above(500), values.iter().filter(|value| **value > 500).count() as u64);
        }
    }
}
