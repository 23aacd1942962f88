//! Queries under their names: counted, timed, and the slow ones kept; `plan` asks how the database goes about them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use sea_orm_migration::prelude::async_trait;
use serde::Serialize;
use telemetry::{Source, Teller, names, traced_span};
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::Settings;
use super::kind::kind;
use super::plan::{explain, outline};
use crate::Result;

/// Different slow statements that are kept; beyond that the one that was slow longest ago goes.
const KEPT: usize = 200;
/// Slow statements whose plan is still to be asked for; beyond that, one goes without.
const WAITING: usize = 256;
/// Statements whose kinds are remembered.
const KINDS: usize = 4_096;
/// The longest time that a histogram tells apart, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// What the queries of one name cost so far.
#[derive(Clone, Debug, Serialize)]
pub struct QueryStatistics {
    /// The operation that the queries belong to.
    pub name: &'static str,
    /// What they are: `select`, `join_2`, `join_3`, `insert`, `update`, `delete`, `aggregate`, `full_text`, `by_meaning`, `commit`
    /// or `other`.
    pub kind: &'static str,
    /// How many there were.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// All of their time, in milliseconds.
    pub total_ms: f64,
    /// Median time, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, in milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// The slowest, in milliseconds.
    pub max_ms: f64,
}

/// A statement that was slow. The values that it was called with are not kept: they may be somebody's words.
#[derive(Clone, Debug, Serialize)]
pub struct SlowQuery {
    /// The operation that it belongs to.
    pub name: &'static str,
    /// The statement, with placeholders.
    pub sql: String,
    /// How the database goes about it; absent until that is known.
    pub plan: Option<String>,
    /// How often it was slow.
    pub times: u64,
    /// Its longest time, in milliseconds.
    pub slowest_ms: f64,
    /// When it was slow last.
    pub last_at: DateTime<Utc>,
}

/// Name and kind.
type Of = (&'static str, &'static str);

/// What is known of the queries of this process.
#[derive(Debug)]
pub(crate) struct QueryLog {
    by_name: RwLock<BTreeMap<Of, Arc<Mutex<Times>>>>,
    /// What kinds statements were, by their name, their first letter and their length: what a name stands for is a few statements,
    /// and looking for words in each again would take longer than counting it.
    kinds: RwLock<HashMap<(&'static str, u8, usize), &'static str>>,
    slow: Arc<Mutex<SlowStatements>>,
    slow_from: Duration,
    to_explain: mpsc::Sender<(&'static str, Statement)>,
}

#[derive(Debug)]
struct Times {
    histogram: Histogram<u32>,
    errors: u64,
    slow: u64,
    total: Duration,
}

pub(super) type SlowStatements = HashMap<(&'static str, String), SlowQuery>;

impl QueryLog {
    /// A log that asks `connection` for the plans of slow queries.
    pub(super) fn start(connection: &DatabaseConnection, settings: &Settings) -> Arc<Self> {
        let (to_explain, statements) = mpsc::channel(WAITING);
        let slow = Arc::default();
        // Ends with the log, whose sender it listens to.
        tokio::spawn(explain(connection.clone(), statements, Arc::clone(&slow)));
        let slow_from = Duration::from_millis(settings.slow_query_ms);
        Arc::new(Self { by_name: RwLock::default(), kinds: RwLock::default(), slow, slow_from, to_explain })
    }

    pub(super) fn statistics(&self) -> Vec<QueryStatistics> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<QueryStatistics> = by_name.iter().map(|(of, times)| locked(times).statistics(*of)).collect();
        all.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
        all
    }

    pub(super) fn count(&self) -> (u64, u64) {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.values().fold((0, 0), |(all, slow), times| {
            let times = locked(times);
            (all + times.histogram.len(), slow + times.slow)
        })
    }

    pub(super) fn slow(&self) -> Vec<SlowQuery> {
        let mut all: Vec<SlowQuery> = locked(&self.slow).values().cloned().collect();
        all.sort_by(|a, b| b.slowest_ms.total_cmp(&a.slowest_ms));
        all
    }

    fn kind(&self, name: &'static str, sql: &str) -> &'static str {
        let key = (name, sql.bytes().next().unwrap_or_default(), sql.len());
        let known = self.kinds.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        known.unwrap_or_else(|| {
            let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
            // Lists of any length make statements of any length.
            if kinds.len() >= KINDS {
                kinds.clear();
            }
            kinds.entry(key).or_insert_with(|| kind(sql))
        })
    }

    fn record(&self, of: Of, took: Duration, failed: bool) {
        telemetry::waited(took);
        let known = self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(&of).cloned();
        let times = known.unwrap_or_else(|| {
            let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(by_name.entry(of).or_insert_with(|| Arc::new(Mutex::new(Times::new()))))
        });
        locked(&times).add(took, failed, took >= self.slow_from);
    }

    fn keep(&self, name: &'static str, statement: Statement, took: Duration) {
        let mut slow = locked(&self.slow);
        let key = (name, statement.sql.clone());
        if !slow.contains_key(&key) && slow.len() >= KEPT {
            let oldest = slow.iter().min_by_key(|(_, query)| query.last_at).map(|(key, _)| key.clone());
            oldest.and_then(|key| slow.remove(&key));
        }
        let kept = slow.entry(key).or_insert_with(|| SlowQuery {
            name,
            sql: statement.sql.clone(),
            plan: None,
            times: 0,
            slowest_ms: 0.0,
            last_at: Utc::now(),
        });
        let slower = ms(took) > kept.slowest_ms;
        kept.times += 1;
        kept.last_at = Utc::now();
        kept.slowest_ms = kept.slowest_ms.max(ms(took));
        if slower {
            // With so many slow ones at once, one plan less does not matter.
            let _ = self.to_explain.try_send((name, statement));
        }
    }
}

impl Source for QueryLog {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let by_name: Vec<(Of, Arc<Mutex<Times>>)> = {
            let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
            by_name.iter().map(|(of, times)| (*of, Arc::clone(times))).collect()
        };
        let labels = |(name, kind): Of| [name.to_owned(), kind.to_owned()];
        let times = by_name.iter().map(|(of, times)| (labels(*of), locked(times).histogram.clone()));
        teller.times(&names::DATABASE_QUERY, 1e-6, times)?;
        let errors = by_name.iter().map(|(of, times)| (labels(*of), locked(times).errors as f64));
        teller.numbers(&names::DATABASE_QUERY_ERRORS, errors)?;
        let slow = by_name.iter().map(|(of, times)| (labels(*of), locked(times).slow as f64));
        teller.numbers(&names::DATABASE_SLOW_QUERIES, slow)
    }
}

impl Times {
    fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 2).expect("valid bounds");
        Self { histogram, errors: 0, slow: 0, total: Duration::ZERO }
    }

    fn add(&mut self, took: Duration, failed: bool, slow: bool) {
        self.histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_US));
        self.total += took;
        self.errors += u64::from(failed);
        self.slow += u64::from(slow);
    }

    fn statistics(&self, (name, kind): Of) -> QueryStatistics {
        let at = |quantile| self.histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        QueryStatistics {
            name,
            kind,
            count: self.histogram.len(),
            errors: self.errors,
            total_ms: ms(self.total),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: self.histogram.max() as f64 / 1_000.0,
        }
    }
}

/// A connection whose queries are counted and timed under a name.
#[derive(Debug)]
pub(crate) struct Named<'a, C> {
    name: &'static str,
    connection: &'a C,
    log: &'a QueryLog,
}

impl<'a, C: ConnectionTrait> Named<'a, C> {
    pub(super) fn new(name: &'static str, connection: &'a C, log: &'a QueryLog) -> Self {
        Self { name, connection, log }
    }

    async fn timed<T>(
        &self,
        statement: Statement,
        run: impl AsyncFnOnce(Statement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        if !telemetry::MEASURED {
            return run(statement).await;
        }
        let (kept, kind) = (outline(&statement), self.log.kind(self.name, &statement.sql));
        let started = Instant::now();
        let result = run(statement).instrument(traced_span!("query", otel.name = self.name)).await;
        let took = started.elapsed();
        self.log.record((self.name, kind), took, result.is_err());
        if took >= self.log.slow_from {
            self.log.keep(self.name, kept, took);
        }
        result
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Named<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.timed(statement, async |statement| self.connection.execute_raw(statement).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.get_database_backend(), sql);
        self.timed(statement, async |statement| self.connection.execute_unprepared(&statement.sql).await).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.timed(statement, async |statement| self.connection.query_one_raw(statement).await).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.timed(statement, async |statement| self.connection.query_all_raw(statement).await).await
    }
}

/// A transaction whose queries are counted and timed under a name. Dropped without a commit, it is rolled back.
#[derive(Debug)]
pub(crate) struct Transaction {
    name: &'static str,
    inner: DatabaseTransaction,
    log: Arc<QueryLog>,
}

impl Transaction {
    pub(super) fn new(name: &'static str, transaction: DatabaseTransaction, log: Arc<QueryLog>) -> Self {
        Self { name, inner: transaction, log }
    }

    /// Makes everything that it did lasting.
    pub(crate) async fn commit(self) -> Result<()> {
        let started = Instant::now();
        let committed = self.inner.commit().await;
        self.log.record((self.name, "commit"), started.elapsed(), committed.is_err());
        Ok(committed?)
    }

    /// The transaction itself, for the migrations.
    pub(super) fn unnamed(&self) -> &DatabaseTransaction {
        &self.inner
    }

    fn named(&self) -> Named<'_, DatabaseTransaction> {
        Named::new(self.name, &self.inner, &self.log)
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.named().execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.named().execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.named().query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.named().query_all_raw(statement).await
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
