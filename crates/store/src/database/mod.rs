//! The database behind everything that is kept: `SQLite` in the data directory, or PostgreSQL.
//!
//! Each operation says its name when it asks for a connection ([`Store::read`], [`Store::begin`]); under that name its
//! queries are counted, timed, and kept when they were slow.

mod exposing;
mod kind;
mod plan;
mod postgres;
mod queries;
mod replicas;
mod settings;
mod sqlite;
mod written;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait, TryGetable,
};
use sea_orm_migration::MigratorTrait;
use telemetry::Times;
use uuid::Uuid;

pub use exposing::Connections;
pub(crate) use queries::{Named, QueryLog, Transaction};
pub use queries::{QueryStatistics, SlowQuery};
pub use replicas::{Marks, MarksUnavailable, ReplicaState};
pub use settings::{DatabaseUrl, Settings};

pub(crate) use written::Written;

use replicas::Replicas;

use crate::recording::Recorder;
use crate::{Clock, Result, migration::Migrator};

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    queries: Arc<QueryLog>,
    /// How long connections were waited for.
    waits: Arc<Times>,
    settings: Arc<Settings>,
    clock: Clock,
    directory: PathBuf,
    /// Under this name the process holds the jobs that it has in hand.
    worker_id: Uuid,
    /// Whether this process has seen to it that PostgreSQL can search for vectors.
    searches_vectors: Arc<AtomicBool>,
    replicas: Arc<Replicas>,
    marks: Option<Arc<dyn Marks>>,
    pub(crate) recorder: Arc<Recorder>,
}

/// Rules that no two transactions may check at the same time, since each could break them for the other. `SQLite` has one
/// writer anyway; on PostgreSQL such transactions queue for a lock of this number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// The first account is the administrator's, and the last administrator stays one.
    Administrators = 0x564f_4943,
    /// Two processes that start do not make the same tables.
    Schema,
    /// Nor the same jobs.
    Vectors,
    /// A transfer that goes on begins where the one before it ended.
    Transfer,
}

impl Store {
    /// Opens the database, creating the tables where they are missing; and for `SQLite` the data directory.
    pub async fn open(directory: &Path, settings: &Settings, clock: Clock) -> Result<Self> {
        settings.validate()?;
        let (read, write) = if let Some(url) = &settings.url {
            let pool = postgres::connect(url, settings).await?;
            (pool.clone(), pool)
        } else {
            sqlite::prepare_directory(directory)?;
            let file = directory.join(sqlite::FILE);
            let write = sqlite::connect(&file, 1, settings, false).await?;
            (sqlite::connect(&file, settings.read_connections, settings, true).await?, write)
        };
        let mut store = Self {
            queries: QueryLog::start(&read, settings),
            waits: Arc::default(),
            read,
            write,
            settings: Arc::new(settings.clone()),
            worker_id: clock.new_id(),
            searches_vectors: Arc::default(),
            replicas: Replicas::none(),
            marks: None,
            recorder: Arc::default(),
            clock,
            directory: directory.to_owned(),
        };
        store.migrate().await?;
        // They have the tables only once the primary does.
        store.replicas = Replicas::connect(settings).await?;
        Ok(store)
    }

    /// Processes of a cluster start at the same time: one makes the tables, the others wait for it.
    async fn migrate(&self) -> Result<()> {
        let transaction = self.begin_alone("schema.migrate", Rule::Schema).await?;
        Migrator::up(transaction.unnamed(), None).await?;
        transaction.commit().await
    }

    /// Takes the right to serve this data directory, until what is returned is dropped. Any number of processes may
    /// serve a PostgreSQL database.
    pub fn lock_for_serving(&self) -> Result<Option<File>> {
        if self.is_sqlite() { sqlite::lock(&self.directory).map(Some) } else { Ok(None) }
    }

    /// Whether only one process serves this database: what another one had in hand is then an orphan.
    #[must_use]
    pub fn is_served_by_one_process(&self) -> bool {
        self.is_sqlite()
    }

    /// Name and version of the database server.
    pub async fn server_version(&self) -> Result<String> {
        let sql = if self.is_sqlite() {
            "SELECT 'SQLite ' || sqlite_version()"
        } else {
            "SELECT 'PostgreSQL ' || current_setting('server_version')"
        };
        Ok(scalar(&self.read("server.version"), sql).await?)
    }

    /// The clock that stamps rows and makes ids.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How the database is used.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Fails when the database does not answer.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.read.ping().await?)
    }

    /// What each kind of query cost so far, by name.
    #[must_use]
    pub fn query_statistics(&self) -> Vec<QueryStatistics> {
        self.queries.statistics()
    }

    /// How many queries there were so far, and how many of them were slow.
    #[must_use]
    pub fn count_queries(&self) -> (u64, u64) {
        self.queries.count()
    }

    /// The slow queries of late with their plans, slowest first.
    #[must_use]
    pub fn slow_queries(&self) -> Vec<SlowQuery> {
        self.queries.slow()
    }

    /// Whether the database searches for vectors; otherwise that is done in process.
    #[must_use]
    pub fn searches_vectors(&self) -> bool {
        self.searches_vectors.load(Ordering::Relaxed)
    }

    pub(crate) fn set_searches_vectors(&self) {
        self.searches_vectors.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.read.get_database_backend() == DbBackend::Sqlite
    }

    pub(crate) fn worker_id(&self) -> Uuid {
        self.worker_id
    }

    /// The connections for reading and for writing, whose queries nobody counts.
    pub(crate) fn connections(&self) -> (&DatabaseConnection, &DatabaseConnection) {
        (&self.read, &self.write)
    }

    /// A connection for reading.
    pub(crate) fn read(&self, name: &'static str) -> Named<'_, DatabaseConnection> {
        Named::new(name, &self.read, &self.queries)
    }

    /// A connection for a single statement that writes.
    pub(crate) fn write(&self, name: &'static str) -> Named<'_, DatabaseConnection> {
        Named::new(name, &self.write, &self.queries)
    }

    /// Begins a transaction. On `SQLite` it holds the write lock from its first statement on: a deferred one that first
    /// reads and then writes would fail whenever another process wrote in between. On PostgreSQL, rows that are read
    /// in order to be changed must be locked.
    pub(crate) async fn begin(&self, name: &'static str) -> Result<Transaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Transaction::new(name, self.write.begin_with_options(options).await?, self.queries.clone()))
    }

    /// Begins a transaction that sees everything as it is at its first statement, and only reads. It may take its time.
    pub(crate) async fn begin_snapshot(&self, name: &'static str) -> Result<Transaction> {
        let postgres = !self.is_sqlite();
        let options = TransactionOptions {
            isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: postgres.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        let transaction = Transaction::new(name, self.read.begin_with_options(options).await?, self.queries.clone());
        if postgres {
            for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                transaction.execute_unprepared(&format!("SET LOCAL {setting} = 0")).await?;
            }
        }
        Ok(transaction)
    }

    /// Begins a transaction that no other one with the same rule runs beside.
    pub(crate) async fn begin_alone(&self, name: &'static str, rule: Rule) -> Result<Transaction> {
        let transaction = self.begin(name).await?;
        if !self.is_sqlite() {
            let lock = Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT pg_advisory_xact_lock($1)",
                [(rule as i64).into()],
            );
            transaction.execute_raw(lock).await?;
        }
        Ok(transaction)
    }
}

/// The only column of the only row that a query gives.
pub(crate) async fn scalar<T: TryGetable>(connection: &impl ConnectionTrait, sql: &str) -> Result<T, DbErr> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a row was expected".to_owned()))?.try_get_by_index(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn what_is_committed_after_the_disk_was_full_is_kept() -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &Settings::default(), Clock::System).await?;
        store.write("test").execute_unprepared("CREATE TABLE filler (bytes BLOB)").await?;
        for _ in 0..3 {
            let transaction = store.begin("test").await?;
            // A limit below the present size means the present size.
            transaction.execute_unprepared("PRAGMA max_page_count = 1").await?;
            let failed = transaction.execute_unprepared("INSERT INTO filler VALUES (zeroblob(1000000))").await;
            assert!(failed.is_err_and(|error| Error::from(error).is_disk_full()));
            // A transaction that is dropped without a commit, as after finding that there is nothing to do.
            drop(transaction);
            drop(store.begin("test").await?);
        }
        let transaction = store.begin("test").await?;
        transaction.execute_unprepared("INSERT INTO filler VALUES (x'01')").await?;
        transaction.commit().await?;
        let sql = "SELECT count(*) AS n FROM filler";
        assert_eq!(scalar::<i64>(&store.read("test"), sql).await?, 1);
        Ok(())
    }
}
