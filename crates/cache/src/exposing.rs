//! The tiers' figures, for whoever collects them.

use std::fmt;

use telemetry::{Source, Teller, names};

use crate::figures::TierFigures;
use crate::{Cache, Tier, Value};

impl<V: Value> fmt::Debug for Exposed<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposed")
    }
}

/// A cache as a source of figures.
pub struct Exposed<V: Value>(Cache<V>);

impl<V: Value> Cache<V> {
    /// Its figures, as they are each time that they are asked for.
    #[must_use]
    pub fn exposed(&self) -> Exposed<V> {
        Exposed(self.clone())
    }
}

impl<V: Value> Source for Exposed<V> {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let figures = self.0.figures();
        let tiers: [(&str, &TierFigures); 3] = [("l1", &figures.l1), ("l2", &figures.l2), ("rag", &figures.rag)];
        let each = |figure: fn(&TierFigures) -> u64| tiers.map(|(name, tier)| ([name.to_owned()], figure(tier) as f64));
        teller.numbers(&names::CACHE_LOOKUPS, each(|tier| tier.lookups))?;
        teller.numbers(&names::CACHE_HITS, each(|tier| tier.hits))?;
        let misses = tiers.iter().flat_map(|(name, tier)| {
            tier.misses.iter().map(move |(reason, count)| ([(*name).to_owned(), (*reason).to_owned()], *count as f64))
        });
        teller.numbers(&names::CACHE_MISSES, misses)?;
        let counters = &self.0.0.counters;
        let times = [("l1", Tier::L1), ("l2", Tier::L2), ("rag", Tier::Rag)]
            .map(|(name, tier)| ([name.to_owned()], counters.of(tier).times()));
        teller.times(&names::CACHE_LOOKUP, 1e-9, times)?;
        let evictions = tiers.iter().flat_map(|(name, tier)| {
            let of = &tier.evictions;
            [("size", of.size), ("expired", of.expired), ("invalidated", of.invalidated), ("removed", of.removed)]
                .map(|(cause, count)| ([(*name).to_owned(), cause.to_owned()], count as f64))
        });
        teller.numbers(&names::CACHE_EVICTIONS, evictions)?;
        teller.numbers(&names::CACHE_BYTES, each(|tier| tier.bytes))?;
        teller.numbers(&names::CACHE_ENTRIES, each(|tier| tier.entries))?;
        teller.numbers(&names::CACHE_FAILURES, each(|tier| tier.failures))
    }
}
