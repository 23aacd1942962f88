//! How fast the database is through the store, and how much of that time is the store's own: each operation in turn with
//! the same statements sent by bare sqlx over the same pool, on a database that is the same at every run.

mod bare;
mod queries;
mod seed;
mod words;

use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use sea_orm::ConnectionTrait as _;
use serde::Serialize;

use bare::{Bare, Manner};
use queries::{Input, Kind, Statements};
use seed::Seeded;
pub use seed::{CHUNKS, MESSAGES};
use words::Words;

use crate::{Clock, Result, Settings, Store};

/// Repetitions before the measured ones.
const WARMING: usize = 50;
/// The database has rows for so many.
const MOST_REPETITIONS: usize = 4_000;
/// The most that the store may add to the bare statements.
pub const MOST_OVERHEAD: f64 = 0.25;

/// The speed of one database.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseSpeed {
    /// Name and version of the server.
    pub server: String,
    /// How long filling it took, in seconds.
    pub filled_s: f64,
    /// One for each type of query.
    pub queries: Vec<QuerySpeed>,
}

/// The speed of one type of query.
#[derive(Clone, Debug, Serialize)]
pub struct QuerySpeed {
    /// The type.
    pub query: &'static str,
    /// The operation of the store that stands for it.
    pub operation: &'static str,
    /// How often each was measured.
    pub repetitions: usize,
    /// How many rows the bare statements gave, in all.
    pub rows: usize,
    /// The 95th percentile that the benchmark document asks for, in milliseconds; the goal is half of it.
    pub target_p95_ms: f64,
    /// Through the store.
    pub store: Percentiles,
    /// With the same statements sent by sqlx alone.
    pub bare: Percentiles,
    /// What the store adds, as a part of the bare median.
    pub overhead: f64,
}

/// Percentiles of a time, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50_ms: f64,
    /// The 95th.
    pub p95_ms: f64,
    /// The 99th.
    pub p99_ms: f64,
}

impl QuerySpeed {
    /// Whether the 95th percentile is under half of the target.
    #[must_use]
    pub fn is_fast(&self) -> bool {
        self.store.p95_ms < self.target_p95_ms / 2.0
    }

    /// Whether the store adds no more than it may.
    #[must_use]
    pub fn is_thin(&self) -> bool {
        self.overhead <= MOST_OVERHEAD
    }
}

/// Fills the empty database of the settings and measures it. `progress` is told what is being done, and how much of how much
/// is done.
pub async fn measure_database(
    directory: &Path,
    settings: &Settings,
    repetitions: usize,
    mut progress: impl FnMut(&'static str, usize, usize),
) -> Result<DatabaseSpeed> {
    let filling = Store::open(directory, settings, Clock::System).await?;
    let began = Instant::now();
    let seeded = seed::fill(&filling, |done| progress("filling", done, MESSAGES + CHUNKS)).await?;
    filling.settle().await?;
    let filled_s = began.elapsed().as_secs_f64();
    let every = Settings { slow_query_ms: 0, ..settings.clone() };
    let statements = Statements::learn(&Store::open(directory, &every, Clock::System).await?, &seeded).await?;
    let store = Store::open(directory, settings, Clock::System).await?;
    // The very same pool: of two equal ones, one is faster by a third now and then, by where its memory lies.
    let compared = Compared { bare: Bare::of(&store), store, seeded, statements };
    let mut words = Words::new(3);
    let mut queries = Vec::with_capacity(Kind::ALL.len());
    for (number, kind) in Kind::ALL.into_iter().enumerate() {
        let measured = compared.measure(kind, repetitions.min(MOST_REPETITIONS), &mut words);
        queries.push(Box::pin(measured).await?);
        progress("measuring", number + 1, Kind::ALL.len());
    }
    Ok(DatabaseSpeed { server: compared.store.server_version().await?, filled_s, queries })
}

/// The two that are compared, and what they are asked.
struct Compared {
    store: Store,
    bare: Bare,
    seeded: Seeded,
    statements: Statements,
}

impl Compared {
    async fn measure(&self, kind: Kind, repetitions: usize, words: &mut Words) -> Result<QuerySpeed> {
        let (mut ours, mut alone, mut rows) = (Times::new(), Times::new(), 0);
        for repetition in 0..WARMING + repetitions {
            let input = Input::of(&self.seeded, &self.store, words, 2 * repetition);
            // What is written is written once.
            let other = Input::of(&self.seeded, &self.store, words, 2 * repetition + 1);
            let calls = if kind.manner() == Manner::Reading { &input } else { &other };
            let calls = calls.bare(kind, &self.store, &self.statements);
            let through_store = timed(input.ours(kind, &self.store));
            let by_itself = timed(self.bare.send(kind.manner(), calls));
            // In turns, so that what disturbs one disturbs both; which is first is drawn by lot, since the connections
            // of a pool are taken in turns as well.
            let ((took, ()), (took_alone, found)) = if words.below(2) == 0 {
                let took = through_store.await?;
                (took, by_itself.await?)
            } else {
                let took_alone = by_itself.await?;
                (through_store.await?, took_alone)
            };
            if repetition >= WARMING {
                ours.add(took);
                alone.add(took_alone);
                rows += found;
            }
        }
        let (store, bare) = (ours.percentiles(), alone.percentiles());
        Ok(QuerySpeed {
            query: kind.title(),
            operation: kind.operation(),
            repetitions,
            rows,
            target_p95_ms: kind.target_p95_ms(),
            overhead: store.p50_ms / bare.p50_ms - 1.0,
            store,
            bare,
        })
    }
}

impl Store {
    /// Does what PostgreSQL does by itself some time after many changes; `SQLite` is left as it is.
    async fn settle(&self) -> Result<()> {
        if !self.is_sqlite() {
            self.write("measure.settle").execute_unprepared("VACUUM ANALYZE").await?;
            self.write("measure.settle").execute_unprepared("CHECKPOINT").await?;
        }
        Ok(())
    }
}

async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<(Duration, T)> {
    let began = Instant::now();
    let result = work.await?;
    Ok((began.elapsed(), result))
}

/// In nanoseconds, three digits.
struct Times(Histogram<u32>);

/// The longest time that is told apart.
const LONGEST: Duration = Duration::from_mins(10);

impl Times {
    fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
        Self(Histogram::new_with_bounds(1, nanoseconds(LONGEST), 3).expect("valid bounds"))
    }

    fn add(&mut self, took: Duration) {
        self.0.saturating_record(nanoseconds(took));
    }

    fn percentiles(&self) -> Percentiles {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1e6;
        Percentiles { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_times() {
        let mut times = Times::new();
        for milliseconds in 1..=100 {
            times.add(Duration::from_millis(milliseconds));
        }
        let Percentiles { p50_ms, p95_ms, p99_ms } = times.percentiles();
        assert!((p50_ms - 50.0).abs() < 0.1 && (p95_ms - 95.0).abs() < 0.1 && (p99_ms - 99.0).abs() < 0.1, "{p50_ms}");
    }
}
