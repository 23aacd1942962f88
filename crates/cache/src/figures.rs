//! How well the tiers work: counted since the process started.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{Miss, Tier};

/// Everything that is counted.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Lookups by exact key: each question once.
    pub questions: u64,
    /// Hits of any tier, of all questions, 0 to 1.
    pub hit_rate: f64,
    /// In process.
    pub l1: TierFigures,
    /// On disk or in Redis.
    pub l2: TierFigures,
    /// By meaning.
    pub rag: TierFigures,
    /// Candidates by meaning that were not the same question, by the reason that the caller gave.
    pub guards: BTreeMap<&'static str, u64>,
    /// Values that a change altered, or might have, by the reason that the value gave; each copy counts.
    pub alterations: BTreeMap<&'static str, u64>,
    /// Values that were computed and not kept.
    pub refused: Refused,
    /// Simultaneous computations.
    pub flights: FlightFigures,
    /// The journal.
    pub journal: JournalFigures,
}

/// What one tier did.
#[derive(Clone, Debug, Serialize)]
pub struct TierFigures {
    /// Lookups that reached the tier.
    pub lookups: u64,
    /// Those that it answered.
    pub hits: u64,
    /// Hits of the lookups that reached the tier, 0 to 1.
    pub hit_rate: f64,
    /// Hits of all questions, 0 to 1.
    pub hit_rate_of_questions: f64,
    /// Those that it did not, by reason; every reason is named.
    pub misses: BTreeMap<&'static str, u64>,
    /// How long hits and misses took.
    pub latency: Latency,
    /// What was removed.
    pub evictions: Evictions,
    /// What the entries take now, in bytes; for the second tier, as far as this process was told.
    pub bytes: u64,
    /// How many there are now; for the second tier, as far as this process was told.
    pub entries: u64,
    /// Operations that failed: lookups, and writes as well.
    pub failures: u64,
}

/// A distribution of times in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// Arithmetic mean.
    pub mean_us: f64,
    /// The median.
    pub p50_us: f64,
    /// The 95th percentile.
    pub p95_us: f64,
    /// The 99th percentile.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
}

/// Removed entries, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evictions {
    /// To make room.
    pub size: u64,
    /// Their time was over.
    pub expired: u64,
    /// A change altered them, or might have.
    pub invalidated: u64,
    /// Somebody said so.
    pub removed: u64,
}

/// Values that were computed and not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The journal does not tell all changes since they were computed.
    pub too_old: u64,
    /// A change altered them while they were computed.
    pub altered: u64,
}

/// Simultaneous computations of the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlightFigures {
    /// Computations that began.
    pub led: u64,
    /// Askers that were given another one's result in this process.
    pub followed: u64,
    /// Askers that were given the result of another gateway.
    pub followed_elsewhere: u64,
    /// Computations that ended without a result.
    pub failed: u64,
}

/// How much the journal keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JournalFigures {
    /// The number of the last change that it knows.
    pub present: u64,
    /// Changes kept.
    pub changes: u64,
    /// What they take, in bytes.
    pub bytes: u64,
}

/// Why an entry was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Size,
    Expired,
    Invalidated,
    Removed,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts what one tier does.
#[derive(Debug)]
pub(crate) struct TierCounters {
    hits: Counter,
    misses: [Counter; Miss::ALL.len()],
    evictions: [Counter; 4],
    failures: Counter,
    latency: Mutex<Histogram<u64>>,
}

/// The longest time that is told apart, in nanoseconds: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

impl TierCounters {
    pub(crate) fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
        let latency = Histogram::new_with_bounds(1, LONGEST_NS, 2).expect("valid bounds");
        Self {
            hits: Counter::default(),
            misses: Default::default(),
            evictions: Default::default(),
            failures: Counter::default(),
            latency: Mutex::new(latency),
        }
    }

    /// Counts a lookup that began at `began`.
    pub(crate) fn looked_up<T>(&self, began: Instant, result: &Result<T, Miss>) {
        match result {
            Ok(_) => self.hits.add(1),
            Err(miss) => {
                if let Some(counter) = self.misses.get(*miss as usize) {
                    counter.add(1);
                }
                if *miss == Miss::Failed {
                    self.failures.add(1);
                }
            }
        }
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.latency.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(took);
    }

    pub(crate) fn removed(&self, cause: Cause, count: u64) {
        if let Some(counter) = self.evictions.get(cause as usize) {
            counter.add(count);
        }
    }

    pub(crate) fn failed(&self) {
        self.failures.add(1);
    }

    /// How long lookups took, in nanoseconds.
    pub(crate) fn times(&self) -> Histogram<u64> {
        self.latency.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn figures(&self, questions: u64, bytes: u64, entries: u64) -> TierFigures {
        let hits = self.hits.get();
        let misses: BTreeMap<&'static str, u64> =
            Miss::ALL.iter().zip(&self.misses).map(|(miss, counter)| (miss.name(), counter.get())).collect();
        let lookups = hits + misses.values().sum::<u64>();
        let [size, expired, invalidated, removed] = self.evictions.each_ref().map(Counter::get);
        TierFigures {
            lookups,
            hits,
            hit_rate: rate(hits, lookups),
            hit_rate_of_questions: rate(hits, questions),
            misses,
            latency: Latency::of(&self.latency.lock().unwrap_or_else(PoisonError::into_inner)),
            evictions: Evictions { size, expired, invalidated, removed },
            bytes,
            entries,
            failures: self.failures.get(),
        }
    }
}

impl Latency {
    /// Of times in nanoseconds.
    pub(crate) fn of(times: &Histogram<u64>) -> Self {
        let us = |ns: u64| ns as f64 / 1_000.0;
        let at = |quantile| us(times.value_at_quantile(quantile));
        Self {
            count: times.len(),
            mean_us: times.mean() / 1_000.0,
            p50_us: at(0.5),
            p95_us: at(0.95),
            p99_us: at(0.99),
            max_us: us(times.max()),
        }
    }
}

/// Counts what all tiers do.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) questions: Counter,
    pub(crate) tiers: [TierCounters; 3],
    pub(crate) too_old: Counter,
    pub(crate) refused_as_altered: Counter,
    pub(crate) led: Counter,
    pub(crate) followed: Counter,
    pub(crate) followed_elsewhere: Counter,
    pub(crate) flights_failed: Counter,
    guards: Reasons,
    alterations: Reasons,
}

/// How often each of a few reasons was given.
#[derive(Debug, Default)]
struct Reasons(Mutex<BTreeMap<&'static str, u64>>);

impl Reasons {
    fn count(&self, reason: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            questions: Counter::default(),
            tiers: [TierCounters::new(), TierCounters::new(), TierCounters::new()],
            too_old: Counter::default(),
            refused_as_altered: Counter::default(),
            led: Counter::default(),
            followed: Counter::default(),
            followed_elsewhere: Counter::default(),
            flights_failed: Counter::default(),
            guards: Reasons::default(),
            alterations: Reasons::default(),
        }
    }

    pub(crate) fn of(&self, tier: Tier) -> &TierCounters {
        let [l1, l2, rag] = &self.tiers;
        match tier {
            Tier::L1 => l1,
            Tier::L2 => l2,
            Tier::Rag => rag,
        }
    }

    pub(crate) fn guarded(&self, reason: &'static str) {
        self.guards.count(reason);
    }

    pub(crate) fn altered(&self, reason: &'static str) {
        self.alterations.count(reason);
    }

    /// `sizes` are bytes and entries of each tier.
    pub(crate) fn figures(&self, sizes: [(u64, u64); 3], journal: JournalFigures) -> Figures {
        let questions = self.questions.get();
        let [l1, l2, rag] = &self.tiers;
        let [of_l1, of_l2, of_rag] = sizes;
        let tier = |counters: &TierCounters, (bytes, entries)| counters.figures(questions, bytes, entries);
        let (l1, l2, rag) = (tier(l1, of_l1), tier(l2, of_l2), tier(rag, of_rag));
        Figures {
            questions,
            hit_rate: rate(l1.hits + l2.hits + rag.hits, questions),
            l1,
            l2,
            rag,
            guards: self.guards.counts(),
            alterations: self.alterations.counts(),
            refused: Refused { too_old: self.too_old.get(), altered: self.refused_as_altered.get() },
            flights: FlightFigures {
                led: self.led.get(),
                followed: self.followed.get(),
                followed_elsewhere: self.followed_elsewhere.get(),
                failed: self.flights_failed.get(),
            },
            journal,
        }
    }
}

fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_their_own_denominators() {
        let counters = Counters::new();
        let now = Instant::now();
        counters.questions.add(4);
        for result in [Ok(()), Ok(()), Err(Miss::Absent), Err(Miss::Expired)] {
            counters.of(Tier::L1).looked_up(now, &result);
        }
        for result in [Ok(()), Err(Miss::Failed)] {
            counters.of(Tier::L2).looked_up(now, &result);
        }
        counters.of(Tier::Rag).looked_up::<()>(now, &Err(Miss::Guard));
        counters.guarded("number");
        counters.of(Tier::L1).removed(Cause::Expired, 2);
        let figures = counters.figures([(10, 1), (20, 2), (30, 3)], JournalFigures::default());
        assert_eq!((figures.l1.lookups, figures.l2.lookups, figures.rag.lookups), (4, 2, 1));
        assert_eq!((figures.l1.hit_rate, figures.l2.hit_rate, figures.rag.hit_rate), (0.5, 0.5, 0.0));
        assert_eq!((figures.l2.hit_rate_of_questions, figures.hit_rate), (0.25, 0.75));
        assert_eq!((figures.l1.misses["expired"], figures.l2.misses["failed"], figures.l2.failures), (1, 1, 1));
        assert_eq!(figures.l1.misses.len(), Miss::ALL.len());
        assert_eq!((figures.guards["number"], figures.l1.evictions.expired, figures.rag.bytes), (1, 2, 30));
    }

    #[test]
    fn latencies_are_in_microseconds() {
        let mut times = Histogram::<u64>::new_with_bounds(1, LONGEST_NS, 2).unwrap();
        for us in 1..=100 {
            times.record(us * 1_000).unwrap();
        }
        let latency = Latency::of(&times);
        let close = |is: f64, should: f64| (is - should).abs() < 0.02 * should;
        assert!(close(latency.mean_us, 50.5) && close(latency.p50_us, 50.0), "{latency:?}");
        assert!(close(latency.p95_us, 95.0) && close(latency.p99_us, 99.0) && close(latency.max_us, 100.0));
    }
}
