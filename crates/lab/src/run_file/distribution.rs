//! Latencies, with how often each occurred.

use std::collections::BTreeMap;

use hdrhistogram::{Counter, Histogram};
use serde::{Deserialize, Serialize};

/// Microseconds, with how often they occurred. Values that the histogram did not tell apart are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Distribution(BTreeMap<u64, u64>);

impl Distribution {
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

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The value below or at which this share lies, in milliseconds; nothing without values.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
        let wanted = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.0.iter().find_map(|(us, count)| {
            seen += count;
            (seen >= wanted).then_some(*us as f64 / 1_000.0)
        })
    }

    /// The mean, in milliseconds; nothing without values.
    #[must_use]
    pub fn mean_ms(&self) -> Option<f64> {
        let sum: f64 = self.0.iter().map(|(us, count)| *us as f64 * *count as f64).sum();
        (self.count() > 0).then(|| sum / self.count() as f64 / 1_000.0)
    }

    /// The greatest, in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> Option<f64> {
        self.0.last_key_value().map(|(us, _)| *us as f64 / 1_000.0)
    }

    /// Each value, in microseconds, with how often it occurred.
    pub fn values(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().map(|(us, count)| (*us, *count))
    }
}

impl FromIterator<(u64, u64)> for Distribution {
    fn from_iter<T: IntoIterator<Item = (u64, u64)>>(values: T) -> Self {
        let mut all = Self::default();
        for (us, count) in values {
            *all.0.entry(us).or_default() += count;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_kept_within_its_precision() {
        let mut histogram = crate::load::histogram();
        (1..=1_000).for_each(|ms| histogram.saturating_record(ms * 1_000));
        let kept = Distribution::of(&histogram);
        assert_eq!(kept.count(), 1_000);
        for (share, ms) in [(0.5, 500.0), (0.95, 950.0), (1.0, 1_000.0), (0.0, 1.0)] {
            assert!((kept.quantile_ms(share).unwrap() - ms).abs() <= ms / 500.0, "{share}");
        }
        assert!((kept.mean_ms().unwrap() - 500.5).abs() < 1.0);
        assert_eq!(Distribution::default().quantile_ms(0.5), None);
        let back: Distribution = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(back, kept);
    }
}
