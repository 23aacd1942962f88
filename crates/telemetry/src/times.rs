//! Counting and timing, by a few labels.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::MEASURED;

/// Times, told apart to a hundredth.
#[derive(Debug)]
pub struct Times(Mutex<Histogram<u32>>);

impl Default for Times {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the number of digits is a constant, and valid")]
        Self(Mutex::new(Histogram::new(2).expect("two digits")))
    }
}

impl Times {
    /// Adds one.
    pub fn record(&self, took: Duration) {
        if !MEASURED {
            return;
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // It grows to what it is given; a time that cannot be, of centuries, is left out.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).record(us);
    }

    /// All of them until now, in microseconds.
    #[must_use]
    pub fn histogram(&self) -> Histogram<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// Adds so many.
    pub fn add(&self, many: u64) {
        if MEASURED {
            self.0.fetch_add(many, Ordering::Relaxed);
        }
    }

    /// How many there were.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One instrument for each combination of labels; it is made when the combination occurs first.
#[derive(Debug)]
pub struct Family<K, V>(RwLock<BTreeMap<K, Arc<V>>>);

impl<K, V> Default for Family<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Ord + Clone, V: Default> Family<K, V> {
    /// With instruments for these from the beginning, so that they are exposed as zero.
    pub fn of(keys: impl IntoIterator<Item = K>) -> Self {
        Self(RwLock::new(keys.into_iter().map(|key| (key, Arc::default())).collect()))
    }

    /// The instrument for a combination of labels.
    pub fn with(&self, key: &K) -> Arc<V> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        known.unwrap_or_else(|| {
            Arc::clone(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default())
        })
    }

    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> Vec<(K, Arc<V>)> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(key, instrument)| (key.clone(), Arc::clone(instrument))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_to_a_hundredth() {
        let times = Times::default();
        (1..=1_000).for_each(|ms| times.record(Duration::from_millis(ms)));
        let histogram = times.histogram();
        assert_eq!(histogram.len(), 1_000);
        let p95_ms = histogram.value_at_quantile(0.95) as f64 / 1_000.0;
        assert!((p95_ms - 950.0).abs() <= 9.5, "{p95_ms}");
        times.record(Duration::MAX);
        times.record(Duration::ZERO);
        assert!(times.histogram().len() >= 1_001);
    }

    #[test]
    fn each_combination_has_its_own_instrument() {
        let family: Family<&str, Count> = Family::of(["known"]);
        family.with(&"new").add(2);
        family.with(&"new").add_one();
        let counts: Vec<(&str, u64)> = family.all().into_iter().map(|(key, count)| (key, count.get())).collect();
        assert_eq!(counts, [("known", 0), ("new", 3)]);
    }
}
