//! What the caches of the gateways say about themselves, before and after.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// What `GET /api/admin/cache` counts, summed over gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Lookups by exact key: each question once.
    pub questions: u64,
    /// In process.
    pub l1: TierStatistics,
    /// On disk or in Redis.
    pub l2: TierStatistics,
    /// By meaning.
    pub rag: TierStatistics,
    /// Why similar questions were not the same.
    pub guards: BTreeMap<String, u64>,
    /// Why answers were removed, by what a change did to them.
    #[serde(default)]
    pub alterations: BTreeMap<String, u64>,
    /// Computations that others waited for.
    pub flights: BTreeMap<String, u64>,
}

/// What one tier did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierStatistics {
    /// Lookups that reached it.
    pub lookups: u64,
    /// Those that it answered.
    pub hits: u64,
    /// Those that it did not, by reason.
    pub misses: BTreeMap<String, u64>,
    /// What it removed, by cause.
    pub evictions: BTreeMap<String, u64>,
    /// What went wrong.
    pub failures: u64,
}

impl TierStatistics {
    /// Hits of the lookups that reached the tier; `None` when none did.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.lookups > 0).then(|| self.hits as f64 / self.lookups as f64)
    }

    /// Since an earlier moment; a process that began anew since then counts from its start.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            lookups: later(self.lookups, before.lookups),
            hits: later(self.hits, before.hits),
            misses: each_since(&self.misses, &before.misses),
            evictions: each_since(&self.evictions, &before.evictions),
            failures: later(self.failures, before.failures),
        }
    }
}

impl Statistics {
    /// Since an earlier moment.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            questions: later(self.questions, before.questions),
            l1: self.l1.since(&before.l1),
            l2: self.l2.since(&before.l2),
            rag: self.rag.since(&before.rag),
            guards: each_since(&self.guards, &before.guards),
            alterations: each_since(&self.alterations, &before.alterations),
            flights: each_since(&self.flights, &before.flights),
        }
    }

    /// Hits of any tier, of all questions; `None` without questions.
    #[must_use]
    pub fn chained_rate(&self) -> Option<f64> {
        (self.questions > 0).then(|| self.hits() as f64 / self.questions as f64)
    }

    /// Hits of any tier.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.l1.hits + self.l2.hits + self.rag.hits
    }
}

impl AddAssign<&Self> for TierStatistics {
    fn add_assign(&mut self, other: &Self) {
        self.lookups += other.lookups;
        self.hits += other.hits;
        add_each(&mut self.misses, &other.misses);
        add_each(&mut self.evictions, &other.evictions);
        self.failures += other.failures;
    }
}

impl AddAssign<&Self> for Statistics {
    fn add_assign(&mut self, other: &Self) {
        self.questions += other.questions;
        self.l1 += &other.l1;
        self.l2 += &other.l2;
        self.rag += &other.rag;
        add_each(&mut self.guards, &other.guards);
        add_each(&mut self.alterations, &other.alterations);
        add_each(&mut self.flights, &other.flights);
    }
}

fn later(now: u64, before: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

fn each_since(now: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let since = |(name, count): (&String, &u64)| (name.clone(), later(*count, before.get(name).copied().unwrap_or(0)));
    now.iter().map(since).collect()
}

fn add_each(sum: &mut BTreeMap<String, u64>, other: &BTreeMap<String, u64>) {
    for (name, count) in other {
        *sum.entry(name.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(lookups: u64, hits: u64) -> TierStatistics {
        let misses = BTreeMap::from([("absent".to_owned(), lookups - hits)]);
        TierStatistics { lookups, hits, misses, ..TierStatistics::default() }
    }

    #[test]
    fn rates_are_of_what_happened_in_between() {
        let before = Statistics { questions: 100, l1: tier(100, 50), l2: tier(50, 10), ..Statistics::default() };
        let after = Statistics {
            questions: 300,
            l1: tier(300, 200),
            l2: tier(100, 40),
            rag: tier(10, 5),
            ..Statistics::default()
        };
        let between = after.since(&before);
        assert_eq!((between.questions, between.l1.rate(), between.l2.rate()), (200, Some(0.75), Some(0.6)));
        assert_eq!((between.rag.rate(), between.chained_rate()), (Some(0.5), Some(185.0 / 200.0)));
        assert_eq!(between.l1.misses["absent"], 50);
        assert_eq!(before.since(&before).l1.rate(), None);
    }

    #[test]
    fn a_process_that_began_anew_counts_from_its_start() {
        let (before, after) = (tier(100, 50), tier(30, 20));
        assert_eq!(after.since(&before), after);
    }

    #[test]
    fn gateways_are_summed() {
        let mut sum = Statistics { questions: 1, l1: tier(3, 1), ..Statistics::default() };
        sum += &Statistics { questions: 2, l1: tier(5, 4), ..Statistics::default() };
        assert_eq!((sum.questions, sum.l1.lookups, sum.l1.hits, sum.l1.misses["absent"]), (3, 8, 5, 3));
    }
}
